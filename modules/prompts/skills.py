"""Skills: folders with a SKILL.md, in the open format of agentskills.io. Models are told their names and descriptions.

What a skill says is read by the model when it needs it, through the tool in `skill_tool.py`. A folder's own skills are
told after a question only.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from modules.config import Config
from modules.own_files import read_bytes
from modules.prompts.front_matter import front_matter
from modules.prompts.places import Origin, Place, skill_places
from modules.prompts.repository import inside
from modules.text.plain_words import plain

FILE = "SKILL.md"
NAME = re.compile(r"[A-Za-z0-9][\w-]{0,63}")  # as the format has it, and what people write besides
MOST_BYTES = 256_000  # of a SKILL.md
MOST_SKILLS = 100
MOST_DESCRIBED = 1_024  # characters of a description, the format's own bound
MOST_TOLD = 20_000  # characters of all that is told of skills
TOLD = (
    "These skills say how certain things are done here. Before you do what one is for, read it with the tool "
    "read_skill and follow it."
)


class Skill(Struct, frozen=True):
    """A skill, the folder it is in, and its SKILL.md to the byte."""

    name: str
    description: str
    folder: Path
    place: Place
    content: bytes


class Skills:
    """The skills there are. `believed` says of the content of a folder's own whether a person has agreed to it.

    They are looked for when a conversation begins, by `look`, and stay what they were until the next.
    """

    def __init__(self, origin: Callable[[], Origin], believed: Callable[[Place, bytes], bool | None]) -> None:
        self._origin = origin
        self._believed = believed
        self._found: list[Skill] | None = None
        self.left_out = 0  # more than MOST_SKILLS

    @property
    def all(self) -> list[Skill]:
        """Those that models may be told of; looked for now where nobody has yet."""
        if self._found is None:
            self.look()
        return self._found or []

    def look(self) -> None:
        """Look for them anew."""
        known: dict[str, Skill] = {}
        for place in skill_places(self._origin()):
            skills = _in(place)
            if place.root is None or not skills or self._believed(place, content_of(skills)):
                for skill in skills:
                    known.setdefault(skill.name, skill)
        self.left_out = max(0, len(known) - MOST_SKILLS)
        self._found = list(known.values())[:MOST_SKILLS]

    def of_folder(self) -> list[tuple[Place, list[Skill]]]:
        """A folder's own skills, whatever was said of them, by the places that they are in."""
        places = [(place, _in(place)) for place in skill_places(self._origin()) if place.root is not None]
        return [(place, skills) for place, skills in places if skills]

    def in_question(self) -> list[tuple[Place, list[Skill]]]:
        """Those of them that nobody was asked about."""
        return [one for one in self.of_folder() if self._believed(one[0], content_of(one[1])) is None]

    def part(self) -> str:
        """What is told of them among the instructions of a conversation; "" where there are none."""
        if not self.all:
            return ""
        lines, left = [], MOST_TOLD
        for skill in self.all:
            line = f"- {skill.name}: {skill.description}"
            if left < len(line):
                line = f"- {skill.name}"
            left -= len(line)
            lines.append(line)
        return "\n".join(("<skills>", TOLD, *lines, "</skills>"))

    def get(self, name: str) -> Skill | None:
        return next((skill for skill in self.all if skill.name == name), None)


def trusted(config: Config) -> Callable[[Place, bytes], bool | None]:
    """What the person has said of the skills of a folder."""
    trust = config.folder_trust
    return lambda place, content: trust.answer(place.root or place.folder, kind_of(place), content)


def kind_of(place: Place) -> str:
    """What the answer about the skills of a place is kept under."""
    return f"skills {place.shown}"


def content_of(skills: Iterable[Skill]) -> bytes:
    """What a person agrees to: which skills there are, and each SKILL.md."""
    return msgspec.msgpack.encode([(skill.name, skill.content) for skill in skills])


def _in(place: Place) -> list[Skill]:
    try:
        folders = sorted(one for one in place.folder.iterdir() if not one.name.startswith("."))
    except OSError:
        return []
    return [skill for folder in folders[: 2 * MOST_SKILLS] if (skill := _read(folder, place)) is not None]


def _read(folder: Path, place: Place) -> Skill | None:
    """The skill in a folder; None where it is none, cannot be read, or says too little to be told of."""
    path = folder / FILE
    if place.root is not None and not inside(path, place.root):
        return None
    try:
        content = read_bytes(path, MOST_BYTES)
        matter = front_matter(path, content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return None
    name = matter.text("name") or folder.name
    description = plain(matter.text("description"))[:MOST_DESCRIBED]
    if not description or not NAME.fullmatch(name):
        return None
    return Skill(name, description, folder, place, content)
