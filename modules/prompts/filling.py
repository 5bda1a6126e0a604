"""A prompt's text with what was typed behind its name in the places that wait for it, and what it asks to be run.

The places are those of three programs, which agree on most: `$ARGUMENTS` is all that was typed, `$1` its first word as
a shell divides it (code.claude.com/docs/en/skills, opencode.ai/docs/commands, openai/codex docs/prompts.md). Where
they do not agree:

- Claude Code counts from 0 where a file says so: with `$0` or `$ARGUMENTS[0]` in it, `$1` is the second word.
- The last place takes all that is left, as in opencode, unless the file has `$ARGUMENTS` too; else words would be lost.
- A file without any place gets what was typed below its text, as in Claude Code and opencode.
- `$NAME` in a file of codex wants `NAME=value`; elsewhere it is filled where that was typed and stays what it is else.
- `$$` stays as it stands (codex), and a backslash before a place keeps it (Claude Code).

Everything is filled in one pass over the file's own text: what was typed is never looked at for places or commands.
"""

import re
import shlex
from collections.abc import Sequence

from msgspec import Struct

from modules.errors import UsageError

COMMAND = re.compile(r"!`([^`\n]+)`")
_PLACE = re.compile(
    r"(?P<escaped>\\(?=\$(?:ARGUMENTS|\d)))?\$(?:(?P<doubled>\$)|ARGUMENTS\[(?P<index>\d{1,3})\]"
    r"|(?P<all>ARGUMENTS)(?![A-Za-z0-9_])|(?P<number>\d{1,2})(?!\d)|(?P<name>[A-Za-z][A-Za-z0-9_-]*))"
)
_NAMED = re.compile(r"[A-Z][A-Z0-9_]*")


class Filled(Struct, frozen=True):
    """`pieces` are the text as it is sent, but for the commands among them, which wait to be run; `empty` are places
    that nothing was typed for.
    """

    pieces: tuple["str | Command", ...]
    empty: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple["Command", ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Command))

    @property
    def text(self) -> str:
        """The text with its commands as they stand."""
        return "".join(piece if isinstance(piece, str) else f"!`{piece.line}`" for piece in self.pieces).strip()

    def with_outputs(self, outputs: Sequence[str]) -> str:
        """The text with what each command came to in its place."""
        waiting = iter(outputs)
        return "".join(piece if isinstance(piece, str) else next(waiting) for piece in self.pieces).strip()


class Command(Struct, frozen=True):
    """A command line whose output the text wants in its place."""

    line: str


def filled(body: str, typed: str, *, names: Sequence[str] = (), all_named: bool = False) -> Filled:
    """The body of a prompt with `typed` in its places.

    `names` are those that front matter gives to the words, in their order. With `all_named` each `$NAME` must be given,
    as codex has it. Raises UsageError where one is missing.
    """
    typed = typed.strip()
    filler = _Filler(body, typed, names, all_named=all_named)
    pieces: list[str | Command] = []
    end = 0
    for found in COMMAND.finditer(body):
        pieces += [filler.fill(body[end : found.start()]), Command(filler.fill(found[1]))]
        end = found.end()
    pieces.append(filler.fill(body[end:]))
    if typed and not filler.used:
        pieces.append(f"\n\n{typed}")
    return Filled(tuple(pieces), tuple(dict.fromkeys(filler.empty)))


def words_of(typed: str) -> list[str]:
    """The words as a shell divides them; by blanks where a quote is open."""
    try:
        return shlex.split(typed)
    except ValueError:
        return typed.split()


class _Filler:
    """What fills the places of one file."""

    def __init__(self, body: str, typed: str, names: Sequence[str], *, all_named: bool) -> None:
        places = [found for found in _PLACE.finditer(body) if not found["escaped"]]
        wanted = list(dict.fromkeys(place["name"] for place in places if _NAMED.fullmatch(place["name"] or "")))
        self._typed = typed
        self._given: dict[str, str] = {}
        self._words = self._apart(words_of(typed), wanted)
        self._by_position = not (all_named and wanted)
        self._names = {name: at for at, name in enumerate(names)}
        self._from = 0 if any(place["index"] or place["number"] == "0" for place in places) else 1
        numbers = [self._at(place) for place in places if place["index"] or place["number"]]
        numbers += [self._names[place["name"]] for place in places if place["name"] in self._names]
        self._last = max(numbers, default=-1) if not any(place["all"] for place in places) else -1
        self.used = bool(self._given)
        self.empty: list[str] = []
        missing = [name for name in wanted if name not in self._given and name not in self._names] if all_named else []
        if missing:
            example = " ".join(f"{name}=…" for name in missing)
            raise UsageError(f"This prompt wants {' and '.join(missing)}.", cure=f"Type them behind it: {example}")

    def fill(self, text: str) -> str:
        return _PLACE.sub(self._instead, text)

    def _instead(self, place: re.Match[str]) -> str:
        if place["doubled"] or place["escaped"]:
            return place[0].removeprefix("\\")
        if name := place["name"]:
            if name in self._given:
                return self._given[name]
            return self._word(self._names[name], f"${name}") if name in self._names else place[0]
        if not self._by_position:
            return place[0]
        if place["all"]:
            self.used = True
            if not self._typed:
                self.empty.append("$ARGUMENTS")
            return self._typed
        return self._word(self._at(place), place[0])

    def _at(self, place: re.Match[str]) -> int:
        return int(place["index"]) if place["index"] else int(place["number"]) - self._from

    def _word(self, at: int, shown: str) -> str:
        self.used = True
        if at >= len(self._words):
            self.empty.append(shown)
            return ""
        return " ".join(self._words[at:]) if at == self._last else self._words[at]

    def _apart(self, words: list[str], wanted: list[str]) -> list[str]:
        """Take the `NAME=value` that the file has a place for; what is left are the words by position."""
        left = []
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name in wanted:
                self._given[name] = value
            else:
                left.append(word)
        return left
