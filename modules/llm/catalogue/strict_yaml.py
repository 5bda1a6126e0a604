"""The plain part of YAML, strictly: mappings, lists and scalars, each with its line; whatever else is refused.

No tags, anchors, merges or doubled keys, and no words that become something else: `no`, `12:30` and `2026-01-01` stay
text. So a file says what it seems to say, and can neither run code nor grow while it is read.
"""

import difflib
import errno
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Never, TypeVar, get_args, get_type_hints

import msgspec
import yaml

from modules.errors import ConfigError
from modules.own_files import read_text

T = TypeVar("T")

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, where it was built in
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(_[0-9]{3}){1,5})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}([eE][-+]?[0-9]{1,2})?")
_TYPES = {
    "int": "an integer",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list, as in [one, two]",
    "object": "a mapping of names to values",
}
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}

Keys = tuple[str | int, ...]


class Document:
    """What a file holds, and where: `lines` gives the line of every key and list item, counted from 1.

    With a `text` it is that, which somebody has read from the file already.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self._given = text
        self.lines: dict[Keys, int] = {(): 1}
        self.value: Any = self._read()

    def read(self, keys: Keys, value: Any, kind: type[T]) -> T:
        """The value found at `keys` as a `kind`, a struct or dataclass: every key known, every type right."""
        if isinstance(value, dict):
            known = list(kind.__annotations__)
            for key in value.keys() - set(known):
                raise self.error((*keys, key), "no such key.", nearest(key, known))
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            problem, _, place = str(error).partition(" - at `$")
            below = tuple(int(index) if index else name for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", place))
            raise self.error((*keys, *below), *_explained(problem, kind, below)) from error

    def error(self, keys: Keys, problem: str, cure: str = "") -> ConfigError:
        """The error to raise: file and line, the key with all its parents, what is wrong, and what to do."""
        line = next(self.lines[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in self.lines)
        name = f"{'.'.join(short(str(key)) for key in keys)}: " if keys else ""
        return ConfigError(f"{self.path}:{line}: {name}{problem}", cure=cure)

    def _read(self) -> Any:
        text = self._text()
        value, found = None, False
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        try:
            for event in self._events:
                if isinstance(event, yaml.NodeEvent):
                    if found:
                        self._refuse(event, "a second document begins here.", 'Remove the line "---".')
                    value, found = self._node(event, ()), True
        except yaml.MarkedYAMLError as error:
            mark: Any = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            message = f"{self.path}:{line}: this is not YAML: {error.problem or error.context}."
            raise ConfigError(message, cure=_cure(str(error.problem))) from error
        except yaml.YAMLError as error:
            message = f"{self.path}: this is not YAML: {str(error).splitlines()[0]}."
            raise ConfigError(message, cure="Remove the control characters.") from error
        return value

    def _text(self) -> str:
        if self._given is not None:
            return self._given
        try:
            return read_text(self.path, MAX_BYTES)
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise ConfigError(f"{self.path} is larger than 1 MB.", cure="Keep only what it is for.") from error
            problem = error.strerror or str(error)
            raise ConfigError(
                f"{self.path} cannot be read: {problem}.", cure="Correct that, or move it away."
            ) from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.path} is not UTF-8 text.", cure="Save it as UTF-8.") from error

    def _node(self, event: Any, keys: Keys) -> Any:
        self._plain(event)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if len(keys) >= MAX_DEPTH:
            self._refuse(event, f"more than {MAX_DEPTH} levels deep.", "Take brackets away.")
        return self._list(keys) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(keys)

    def _list(self, keys: Keys) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            here = (*keys, len(items))
            self.lines[here] = _line(event)
            items.append(self._node(event, here))
        return items

    def _mapping(self, keys: Keys) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            self._plain(event)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key must be a word.", "Write it as name: value.")
            here = (*keys, event.value)
            if here in self.lines:
                self._refuse(
                    event, f'"{short(event.value)}" stands here a second time, first in line {self.lines[here]}.'
                )
            self.lines[here] = _line(event)
            items[event.value] = self._node(next(self._events), here)
        return items

    def _plain(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._refuse(event, "anchors and aliases (& and *) are not read.", "Write the value out, or quote it.")
        if event.tag:
            self._refuse(event, "tags (!) are not read.", "Write the value alone, or quote it.")

    def _refuse(self, event: Any, problem: str, cure: str = "") -> Never:
        cure = cure or "Keep one of them."
        raise ConfigError(f"{self.path}:{_line(event)}: {problem}", cure=cure)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(text: str) -> Any:
    if (word := text.lower()) in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def short(word: str) -> str:
    """The word as a message shows it."""
    return word if len(word) <= 60 else f"{word[:59]}…"


def nearest(word: str, words: Iterable[str]) -> str:
    """What was probably meant, else all there is."""
    found = difflib.get_close_matches(word, list(words), n=1)
    return f'Did you mean "{found[0]}"?' if found else f"There is {', '.join(words)}."


def _explained(problem: str, kind: type[Any], below: Keys) -> tuple[str, str]:
    """msgspec's words in ours: the problem and its cure."""
    if found := re.fullmatch(r"Expected `(\w+)[^`]*`(.*?)(?:, got `(\w+)`)?", problem):
        expected, limit, got = found.groups()
        cure = "Quote it." if expected == "str" and got in ("int", "float", "bool") else ""
        limit = limit.replace(">=", "of at least").replace("<=", "of at most")
        return f"expected {_TYPES.get(expected, expected)}{limit}.", cure
    if found := re.fullmatch(r"Invalid enum value '(.*)'", problem):
        choices = _choices(get_type_hints(kind)[str(below[0])]) if below else []
        return f'"{short(found[1])}" is not one of its words.', nearest(found[1], choices)
    if found := re.fullmatch(r"Object missing required field `(\w+)`", problem):
        return f"{found[1]} is missing.", f"Add {found[1]}: with its value."
    return f"{problem.replace('`', '')}.", ""


def _choices(hint: Any) -> list[str]:
    inner = get_args(hint)
    return [hint] if isinstance(hint, str) else [word for part in inner for word in _choices(part)]


def _cure(problem: str) -> str:
    if "\\t" in problem:
        return "Indent with blanks, not with tabs."
    return "Look at the indentation, brackets and quotes there and in the line before."
