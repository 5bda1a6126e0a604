"""The tool that reads a skill: its SKILL.md, or another file of its folder, and nothing outside that."""

import os
from collections.abc import Sequence
from pathlib import Path

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.own_files import opened
from modules.prompts.repository import inside
from modules.prompts.skills import FILE, Skills
from modules.tools.tool import Tool, tool

MOST_BYTES = 256_000  # of a file
MOST_LISTED = 100  # files of a skill that are named


class SkillTool:
    """A source of one tool, which is declared only where there are skills."""

    awaited = ""

    def __init__(self, skills: Skills) -> None:
        self.skills = skills
        self._tool: Tool | None = None

    async def tools(self) -> Sequence[Tool]:
        """The tool where there are skills; once there, it stays: models know it by then."""
        if self._tool is None and await in_thread(lambda: self.skills.all):
            self._tool = self._made()
        return [] if self._tool is None else [self._tool]

    def late(self) -> list[str]:
        """Nothing: files are waited for."""
        return []

    def news(self) -> list[str]:
        """That there are more skills than models are told of."""
        left, self.skills.left_out = self.skills.left_out, 0
        return [f"{left} skills are left out; models are told of {len(self.skills.all)}."] if left else []

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _made(self) -> Tool:
        skills = self.skills

        @tool(effect="read", free=True)
        def read_skill(name: str = "", path: str = "") -> str:
            """Read a skill, or another file that it names.

            Args:
                name: the skill; without one, all skills are listed
                path: a file in the folder of the skill; without one, its SKILL.md
            """
            return read(skills, name, path)

        return read_skill


def read(skills: Skills, name: str, path: str) -> str:
    """What the tool gives. Raises ToolFailed, which the model reads."""
    if not name:
        return "\n".join(f"{skill.name}: {skill.description}" for skill in skills.all) or "There are no skills."
    if (skill := skills.get(name)) is None:
        raise ToolFailed(f'There is no skill "{name}". There is {", ".join(one.name for one in skills.all)}.')
    folder = Path(os.path.realpath(skill.folder))
    real = Path(os.path.realpath(folder / (path or FILE)))
    if not real.is_relative_to(folder) or not (skill.place.root is None or inside(real, skill.place.root)):
        raise ToolFailed(f'"{path}" is outside the folder of the skill.')
    if real.is_dir():
        return _listed(real, folder) or f"{path} is empty."
    # What a person agreed to in a folder is what is told, whatever stands in the file by now.
    is_agreed = skill.place.root is not None and real == folder / FILE
    text = skill.content.decode("utf-8-sig") if is_agreed else _text(real, path or FILE)
    others = "" if path else _listed(folder, folder)
    return f"{text.rstrip()}\n\n[other files of this skill, for path=: {others}]" if others else text


def _text(real: Path, shown: str) -> str:
    try:
        with opened(real) as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ToolFailed(f"There is no {shown} in this skill.") from error
    except OSError as error:
        raise ToolFailed(f"{shown} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(data) > MOST_BYTES:
        raise ToolFailed(f"{shown} is larger than {MOST_BYTES // 1000} kB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ToolFailed(f"{shown} is not UTF-8 text.") from error


def _listed(below: Path, folder: Path) -> str:
    """The files there by their paths in the skill, but for SKILL.md."""
    found: list[str] = []
    for where, folders, files in os.walk(below):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = (str((Path(where) / name).relative_to(folder)) for name in sorted(files))
        found += [name for name in names if name != FILE and name.isprintable()]
        if len(found) > MOST_LISTED:
            break
    more = [f"and {len(found) - MOST_LISTED} more"] if len(found) > MOST_LISTED else []
    return ", ".join([*found[:MOST_LISTED], *more])
