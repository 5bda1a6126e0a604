"""Front matter: the lines between two `---` at the top of a Markdown file, as a mapping, and the text below them.

It is read as strict YAML. What other programs let pass is not YAML everywhere: Claude Code's own examples have
`argument-hint: [pr-number] [priority]`, and opencode quotes what has a colon in it by itself (its
packages/opencode/src/config/markdown.ts). So where it is none, each entry is read by itself, and one that is none is
taken as its line stands.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Any

from modules.errors import ConfigError

MOST_CHARS = 64_000  # of front matter
MARK = "---"
_LINE = re.compile(r"([A-Za-z][\w-]*)[ \t]*:(?:[ \t]+(.*))?")
_QUOTED = re.compile(r"\"(.*)\"|'(.*)'", re.S)
# Words that mean nothing to YAML but themselves; of those that it takes for something else, the ones of strict_yaml.
_PLAIN = re.compile(r"[A-Za-z](?:[\w .,;/()$'?!@+=-]*[\w.,;/()$'?!@+=-])?", re.ASCII)
_WORDS = ("null", "true", "false")


class FrontMatter:
    """What a file says above its `body`. It is read when it is asked for: a list of prompts shows only some of it."""

    def __init__(self, path: Path, head: str, body: str) -> None:
        self.body = body
        self._path = path
        self._head = head

    @property
    def values(self) -> dict[str, Any]:
        """All that it says."""
        return self._read[0]

    @property
    def trouble(self) -> str:
        """Why it is no YAML; "" where it is."""
        return self._read[1]

    def line(self, name: str) -> str:
        """What stands behind a name in its line, whatever YAML makes of it; "" where there is none."""
        return str(_line_by_line(self._head).get(name, ""))

    def text(self, name: str) -> str:
        """A value as one line of text; "" where there is none."""
        quick = _quick(self._head, name)
        return " ".join((_words(self.values.get(name)) if quick is None else quick).split())

    def names(self, name: str) -> tuple[str, ...] | None:
        """A list of names, or one line of them with commas or blanks between; None where nothing is said."""
        value = self.values.get(name)
        if value is None:
            return None
        items = map(_words, value) if isinstance(value, list) else re.split(r"[,\s]+", _words(value))
        return tuple(item.strip() for item in items if item.strip())

    @cached_property
    def _read(self) -> tuple[dict[str, Any], str]:
        if not self._head.strip():
            return {}, ""
        if len(self._head) > MOST_CHARS:
            return {}, f"{self._path}: its front matter is longer than {MOST_CHARS} characters."
        from modules.llm.catalogue.strict_yaml import Document  # it loads the parser

        try:
            value = Document(self._path, "\n" + self._head).value  # so that lines are counted from the mark
        except (ConfigError, RecursionError) as error:
            return _entry_by_entry(self._path, self._head), str(error)
        if value is not None and not isinstance(value, dict):
            return {}, f"{self._path}: its front matter is no mapping of names to values."
        return value or {}, ""


def front_matter(path: Path, text: str) -> FrontMatter:
    """The text of a file in its two halves; all of it is body where it does not begin with front matter."""
    head, body = halves(text)
    return FrontMatter(path, head or "", body)


def halves(text: str) -> tuple[str | None, str]:
    """What stands between the marks, None where there are none, and what stands below."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    lines = text.split("\n")
    if lines[0].rstrip() != MARK:
        return None, text
    for at, line in enumerate(lines[1:], 1):
        if line.rstrip() == MARK:
            return "\n".join(lines[1:at]), "\n".join(lines[at + 1 :])
    return None, text


def _quick(head: str, name: str) -> str | None:
    """A value without a parser, where its line can mean nothing else: "" for none, None where it must be parsed."""
    lines = head[:MOST_CHARS].split("\n")
    for at, line in enumerate(lines):
        if line.startswith((name, f'"{name}', f"'{name}")):
            value = line[len(name) + 2 :].rstrip()
            goes_on = at + 1 < len(lines) and not re.match(r"[A-Za-z]", lines[at + 1])
            plain = line.startswith(f"{name}: ") and _PLAIN.fullmatch(value) and value.lower() not in _WORDS
            return value if plain and not goes_on and head.count(f"\n{name}") <= 1 else None
    return ""


def _entry_by_entry(path: Path, head: str) -> dict[str, Any]:
    """Each name with the lines below it as YAML, or as its line stands; the first of a name holds."""
    from modules.llm.catalogue.strict_yaml import Document

    found: dict[str, Any] = {}
    for entry in re.split(r"\n(?=[A-Za-z])", head):
        try:
            value = Document(path, entry).value
        except (ConfigError, RecursionError):
            value = None
        for name, said in (value if isinstance(value, dict) else _line_by_line(entry)).items():
            found.setdefault(name, said)
    return found


def _line_by_line(head: str) -> dict[str, Any]:
    """Each line `name: value` as it stands, without its quotes; the first of a name holds."""
    found: dict[str, Any] = {}
    for line in head.split("\n"):
        if match := _LINE.fullmatch(line.rstrip()):
            value = (match[2] or "").strip()
            quoted = _QUOTED.fullmatch(value)
            found.setdefault(match[1], (quoted[1] or quoted[2] or "") if quoted else value)
    return found


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return ", ".join(map(_words, value))
    return ""
