"""Quotes and list items: how a source line begins one, and what is drawn before its text."""

from __future__ import annotations

import re
from dataclasses import dataclass

QUOTE = re.compile(r" {0,3}> ?")
ITEM = re.compile(r"( {0,3})([-+*]|(\d{1,9})[.)])(?:( +)|$)")


@dataclass(frozen=True, eq=False, slots=True)
class Container:
    """A quote (no indent), or a list item whose text begins at column `indent` of the source."""

    indent: int = 0
    marker: str = ""
    number: int = 0
    bullet: str = ""
    list: object = None


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
    return Container(column, marker, number, mark[-1], items), rest[column:]


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


def untab(text: str) -> str:
    """Tabs before the text as spaces."""
    bare = text.lstrip(" \t")
    head = text[: len(text) - len(bare)]
    return head.expandtabs(4) + bare if "\t" in head else text
