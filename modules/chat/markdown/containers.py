"""Quotes and list items: how a source line begins one, and what is drawn before its text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modules.chat.markdown.wrap import PLAIN, QUIET, Row, append

QUOTE = re.compile(r" {0,3}> ?")
ITEM = re.compile(r"( {0,3})([-+*]|(\d{1,9})[.)])(?:( +)|$)")
_MARK_AND_TAB = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)]) *\t[ \t]*")
NOTE = re.compile(r" {0,3}\[\^([\w.-]{1,24})\]:(?:[ \t]+|$)")
_TASK = re.compile(r"\[([ xX])\] +(?=\S)")


@dataclass(frozen=True, eq=False, slots=True)
class Container:
    """A quote (no indent), or a list item whose text begins at column `indent` of the source."""

    indent: int = 0
    marker: str = ""
    number: int = 0
    bullet: str = ""
    list: object = None


def note(match: re.Match[str], rest: str) -> tuple[Container, str]:
    """The text of a footnote, which its mark names: "[^1]: text"; notes that follow each other stand together."""
    marker = f"[{match[1]}] " if match[1].isdigit() else f"[^{match[1]}] "
    return Container(4, marker, list=NOTE), rest[match.end() :]


def item(match: re.Match[str], rest: str, before: Container | None) -> tuple[Container, str]:
    """A list item; after an item of the same kind it continues that list."""
    mark, gap = match[2], len(match[4] or "")
    text = rest[match.end() :]
    gap = gap if 1 <= gap <= 4 and text.strip() else 1
    column = len(match[1]) + len(mark) + gap
    goes_on = before is not None and before.indent > 0 and before.bullet == mark[-1]
    number = before.number + 1 if before and goes_on else int(match[3] or 0)
    marker = f"{number}{mark[-1]} ".rjust(4) if match[3] else " • "
    items = before.list if before and goes_on else object()
    text = rest[column:]
    if task := _TASK.match(text):
        box = "☐ " if task[1] == " " else "☑ "
        marker, text = (marker + box if match[3] else f" {box}"), text[task.end() :]
    return Container(column, marker, number, mark[-1], items), text


def descend(stack: list[Container], rest: str) -> tuple[int, str]:
    """How many of the open containers the line continues, and what is left of it."""
    for depth, container in enumerate(stack):
        if not container.indent:
            match = QUOTE.match(rest)
            if match is None:
                return depth, rest
            rest = rest[match.end() :]
        elif indent(rest) >= container.indent:
            rest = dedent(rest, container.indent)
        elif rest.strip():
            return depth, rest
        else:
            rest = ""
    return len(stack), rest


def before_text(stack: list[Container], marked: int | None = None) -> Row:
    """What stands before a row: bars, and the markers of the items after the first `marked` (none without it)."""
    row: Row = []
    for index, container in enumerate(stack):
        if not container.indent:
            append(row, "│ ", QUIET)
        else:
            fresh = marked is not None and index >= marked
            append(row, container.marker if fresh else " " * len(container.marker), PLAIN)
    return row


def shared_by(old: list[Container], new: list[Container]) -> int:
    """How many containers two places have in common."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one is not other), min(len(old), len(new)))


def indent(text: str) -> int:
    """Columns before the text."""
    head = text[: len(text) - len(text.lstrip(" \t"))]
    return len(head.expandtabs(4))


def dedent(text: str, columns: int) -> str:
    """Text without its first blank columns; tabs stay tabs, and one that is cut leaves spaces."""
    at = 0
    for index, char in enumerate(text):
        if at >= columns or char not in " \t":
            return " " * (at - columns) + text[index:]
        at += 4 - at % 4 if char == "\t" else 1
    return " " * (at - columns)


def untab_mark(text: str) -> str:
    """Tabs behind the mark of an item as spaces."""
    match = _MARK_AND_TAB.match(text)
    return match[0].expandtabs(4) + text[match.end() :] if match else text


def untab(text: str) -> str:
    """Tabs before the text as spaces."""
    bare = text.lstrip(" \t")
    head = text[: len(text) - len(bare)]
    return head.expandtabs(4) + bare if "\t" in head else text
