"""Where prompts, skills and instructions lie: in the config folder, in that which is worked in, and of other programs.

A folder that is worked in is looked at from there up to the root of its repository, and the nearest place counts. What
leads out of the repository by a link is not its own, and is left out.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from modules.config import Config
from modules.prompts.repository import inside, up_to_root

MOST_FILES = 1_000  # of one place
MOST_LEVELS = 5  # of folders in it

Maker = Literal["parlance", "claude", "opencode", "codex"]


class Place(Struct, frozen=True):
    """A folder that may hold prompts or skills, in whose form, and what it is called before people.

    `root` is the repository, or folder, whose word has to be asked for first; None for what is the person's own.
    """

    folder: Path
    maker: Maker
    shown: str
    root: Path | None = None


class Origin(Struct, frozen=True):
    """From where to look: the person's config folder, those of other programs, and the folder that is worked in."""

    config: Path
    home: Path
    xdg_config: Path
    codex: Path
    folder: Path


def origin(config: Config, folder: Path) -> Origin:
    """The same by the variables that the other programs go by as well."""
    home = Path(os.path.expanduser("~"))
    xdg, codex = config.get("XDG_CONFIG_HOME"), config.get("CODEX_HOME")
    return Origin(
        config.folder, home, Path(xdg) if xdg else home / ".config", Path(codex) if codex else home / ".codex", folder
    )


# Claude Code: code.claude.com/docs/en/skills; opencode: opencode.ai/docs/commands, which also reads the older singular;
# codex: openai/codex docs/prompts.md; .agents/skills: agentskills.io, "adding skills support".
OF_FOLDER: tuple[tuple[str, Maker], ...] = (
    (".parlance/prompts", "parlance"),
    (".claude/commands", "claude"),
    (".opencode/commands", "opencode"),
    (".opencode/command", "opencode"),
)
SKILLS_OF_FOLDER = (".agents/skills", ".claude/skills")


def prompt_places(origin: Origin) -> list[Place]:
    """Where prompts may lie, in the order in which a name is looked for: one's own come first."""
    foreign: list[tuple[Path, Maker]] = [
        (origin.home / ".claude" / "commands", "claude"),
        (origin.xdg_config / "opencode" / "commands", "opencode"),
        (origin.xdg_config / "opencode" / "command", "opencode"),
        (origin.codex / "prompts", "codex"),
    ]
    own = Place(origin.config / "prompts", "parlance", at_home(origin.config / "prompts", origin.home))
    theirs = [Place(folder, maker, at_home(folder, origin.home)) for folder, maker in foreign]
    return [own, *_of_folder(origin, OF_FOLDER, {own.folder, *(one.folder for one in theirs)}), *theirs]


def skill_places(origin: Origin) -> list[Place]:
    """Where skills may lie, in the same order."""
    own = [origin.config / "skills", origin.home / ".agents" / "skills", origin.home / ".claude" / "skills"]
    of_folder = _of_folder(origin, [(name, "parlance") for name in SKILLS_OF_FOLDER], set(own))
    first, *rest = (Place(folder, "parlance", at_home(folder, origin.home)) for folder in own)
    return [first, *of_folder, *rest]


def markdown_files(place: Place) -> Iterator[tuple[str, Path]]:
    """The Markdown files of a place, each by its path there without the ending, in a stable order."""
    found: list[tuple[str, Path]] = []
    for folder, folders, files in os.walk(place.folder):
        levels = Path(folder).relative_to(place.folder).parts
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if len(levels) < MOST_LEVELS else []
        for name in sorted(files):
            if name.lower().endswith(".md") and not name.startswith("."):
                found.append(("/".join((*levels, name[:-3])), Path(folder) / name))
        if len(found) >= MOST_FILES:
            break
    for name, path in found[:MOST_FILES]:
        if place.root is None or inside(path, place.root):
            yield name, path


def at_home(path: Path, home: Path) -> str:
    """The path as a shell would show it."""
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)


def _of_folder(
    origin: Origin, names: "tuple[tuple[str, Maker], ...] | list[tuple[str, Maker]]", own: set[Path]
) -> list[Place]:
    """The nearest place of each kind; a folder of one's own is none of these, as where one works at home."""
    folders = up_to_root(origin.folder)
    found = []
    for name, maker in names:
        near = next((one / name for one in folders if (one / name).is_dir()), None)
        if near is not None and near not in own and inside(near, folders[-1]):
            found.append(Place(near, maker, name, folders[-1]))
    return found
