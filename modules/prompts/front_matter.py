"""Front matter: the lines between two `---` at the top of a Markdown file, as a mapping, and the text below them.

It is read as strict YAML. What other programs let pass is not YAML everywhere: Claude Code's own examples have
`argument-hint: [pr-number] [priority]`, and opencode quotes what has a colon in it by itself (its
packages/opencode/src/config/markdown.ts). So where it is none, each line `name: value` is taken as it stands.
"""

import re
from pathlib import Path
from typing import Any

from msgspec import Struct

from modules.errors import ConfigError

MOST_CHARS = 64_000  # of front matter
MARK = "---"
_LINE = re.compile(r"([A-Za-z][\w-]*)[ \t]*:(?:[ \t]+(.*))?")
_QUOTED = re.compile(r"\"(.*)\"|'(.*)'", re.S)


class FrontMatter(Struct, frozen=True):
    """`values` is what it says, `body` the text below it. `trouble` says why it is no YAML; "" where it is."""

    values: dict[str, Any]
    body: str
    trouble: str = ""

    def text(self, name: str) -> str:
        """A value as one line of text; "" where there is none."""
        return " ".join(_words(self.values.get(name)).split())

    def names(self, name: str) -> tuple[str, ...] | None:
        """A list of names, or one line of them with commas or blanks between; None where nothing is said."""
        value = self.values.get(name)
        if value is None:
            return None
        items = map(_words, value) if isinstance(value, list) else re.split(r"[,\s]+", _words(value))
        return tuple(item.strip() for item in items if item.strip())


def front_matter(path: Path, text: str) -> FrontMatter:
    """The text of a file in its two halves; all of it is body where it does not begin with front matter."""
    head, body = halves(text)
    if head is None:
        return FrontMatter({}, body)
    if not head.strip():
        return FrontMatter({}, body)
    if len(head) > MOST_CHARS:
        return FrontMatter({}, body, f"{path}: its front matter is longer than {MOST_CHARS} characters.")
    if (plain := _plain(head)) is not None:
        return FrontMatter(plain, body)
    from modules.llm.catalogue.strict_yaml import Document  # few files need a parser

    try:
        value = Document(path, "\n" + head).value  # so that lines are counted from the mark
    except (ConfigError, RecursionError) as error:
        return FrontMatter(_line_by_line(head), body, str(error))
    if value is None:
        return FrontMatter({}, body)
    if not isinstance(value, dict):
        return FrontMatter({}, body, f"{path}: its front matter is no mapping of names to values.")
    return FrontMatter(value, body)


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


def _plain(head: str) -> dict[str, Any] | None:
    """What most files say: lines `name: words` in which nothing means anything to YAML; None for all others."""
    found: dict[str, Any] = {}
    for line in head.split("\n"):
        match = re.fullmatch(
            r"([a-z][a-z-]*): ([A-Za-z](?:[\w .,;/()$'?!@+=-]*[\w.,;/()$'?!@+=-])?)", line.rstrip(), re.ASCII
        )
        if match is None or match[1] in found or match[2].lower() in ("null", "true", "false"):
            return None
        found[match[1]] = match[2]
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
