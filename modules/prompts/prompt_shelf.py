"""The prompts there are: found where they lie when they are wanted, each by its name, and none twice."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from modules.errors import FileProblem
from modules.own_files import stamp
from modules.prompts.places import Origin, Place, markdown_files, prompt_places
from modules.prompts.prompt import Prompt, read_prompt

NAME = re.compile(r"[A-Za-z0-9_][\w.:-]*")


class Found(Struct, frozen=True):
    """A prompt that has a name. `hidden_by` says what has that name before it, in words; "" for nothing.

    `trouble` says why the file cannot be used; then there is no `prompt`.
    """

    name: str
    path: Path
    place: Place
    prompt: Prompt | None
    hidden_by: str = ""
    trouble: str = ""


class PromptShelf:
    """All prompts of a person and of the folder that is worked in.

    `taken` are the names of the commands, which no prompt hides. Files are looked for anew each time; one that has not
    changed is not read again.
    """

    def __init__(self, origin: Origin, taken: Iterable[str]) -> None:
        self._origin = origin
        self._taken = frozenset(taken)
        self._read: dict[Path, tuple[tuple[int, ...], Prompt | FileProblem]] = {}

    def all(self) -> list[Found]:
        """Every prompt, those that are hidden too, in the order in which names are looked for."""
        found: list[Found] = []
        first: dict[str, Place] = {}
        for place in prompt_places(self._origin):
            for below, path in markdown_files(place):
                name = name_of(below)
                if not NAME.fullmatch(name):
                    continue
                hidden = self._hidden(name, first)
                if not hidden:
                    first[name.lower()] = place
                read = self._of(name, path, place)
                trouble = f"{read.message} {read.cure}" if isinstance(read, FileProblem) else ""
                found.append(Found(name, path, place, read if isinstance(read, Prompt) else None, hidden, trouble))
        return found

    def find(self, typed: str) -> Found | None:
        """The prompt of this name: with colons or slashes, as codex writes it, or by the last part of its name alone.

        None where there is none, or where a last part is that of several.
        """
        wanted = plain_name(typed)
        usable = [one for one in self.all() if not one.hidden_by]
        exact = [one for one in usable if one.name.lower() == wanted]
        last = [one for one in usable if one.name.lower().rpartition(":")[2] == wanted]
        return exact[0] if exact else last[0] if len(last) == 1 and wanted not in self._taken else None

    def names(self) -> list[str]:
        """The names that lead to a prompt."""
        return [one.name for one in self.all() if not one.hidden_by]

    def near(self, typed: str) -> list[str]:
        """The names that were perhaps meant."""
        return difflib.get_close_matches(plain_name(typed), self.names(), n=3, cutoff=0.5)

    def _hidden(self, name: str, first: dict[str, Place]) -> str:
        if name.lower() in self._taken:
            return f"the command /{name.lower()}"
        other = first.get(name.lower())
        return f"the one in {other.shown}" if other is not None else ""

    def _of(self, name: str, path: Path, place: Place) -> Prompt | FileProblem:
        now = stamp(path)
        known = self._read.get(path)
        if known is None or known[0] != now:
            known = (now, _read(name, path, place))
            self._read[path] = known
        return known[1]


def name_of(below: str) -> str:
    """What is typed for the file at this path below its place: a colon for each folder, as in Claude Code."""
    return below.replace("/", ":").replace(" ", "-")


def plain_name(typed: str) -> str:
    """The name that was typed, as names are compared: opencode writes a slash for each folder, codex "prompts:"."""
    return typed.lower().replace("/", ":").removeprefix("prompts:").removeprefix("project:").removeprefix("user:")


def _read(name: str, path: Path, place: Place) -> Prompt | FileProblem:
    try:
        return read_prompt(name, path, place)
    except FileProblem as error:
        return error
