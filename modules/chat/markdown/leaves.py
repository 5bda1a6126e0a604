"""The blocks that hold text: each takes source lines as they come and gives back rows that are finished.

What is given back depends on the source and the width only, never on when it was asked for: that is why a
streamed answer and the same answer in one piece look the same.
"""

from __future__ import annotations

import copy
import re
from typing import Protocol, Self

from rich.style import Style

from modules.chat.markdown.containers import dedent, indent
from modules.chat.markdown.highlight import Highlighter
from modules.chat.markdown.inline import Cut, closers, inline
from modules.chat.markdown.math import as_unicode
from modules.chat.markdown.wrap import PLAIN, QUIET, Row, cells, wrap
from modules.text.sanitize import clean

_EDGE = "───"
_LANGUAGE = re.compile(r"[^\s,{]*")
# Markdown in a code block has code blocks too, which models write with the same marks. A mark with a language can only
# open one, so the next bare mark is its end and not that of the whole; CommonMark ends the outer one there.
_DOCUMENTS = {"markdown", "md", "mdx", "rmd", "qmd"}
_INNER = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*[^\s`~]")
_LONGEST_HEAD = 4000  # a possible table head is kept whole up to here


def piece_size(width: int) -> int:
    """Characters of a paragraph that may wait for more: about two rows."""
    return max(60, min(2 * width, 600))


class Leaf(Protocol):
    """A block that holds text. Its methods take the width of the rows and give those now finished."""

    def add(self, text: str, width: int) -> list[Row]:
        """Take a source line (or as much of it as has come)."""

    def extend(self, text: str, width: int) -> list[Row]:
        """Take more of the line that was added last."""

    def end(self, width: int) -> list[Row]:
        """Give the rest."""

    def copy(self) -> Self:
        """A twin to look ahead with."""


class Paragraph:
    """Running text, or a heading. Full rows leave early, where no emphasis, code or link is open."""

    def __init__(self, style: Style = PLAIN) -> None:
        self.style = style
        self.source = ""
        self.row: Row = []
        self.begun = False
        self.line_at = 0
        self.ahead = False  # a twin keeps its text together: it will be drawn as a whole

    def copy(self) -> Paragraph:
        twin = copy.copy(self)
        twin.ahead = True
        return twin

    def add(self, text: str, width: int) -> list[Row]:
        if self.source or self.begun:
            self.source += "\n"
        self.line_at = len(self.source)
        self.source += text
        return self._release(width)

    def extend(self, text: str, width: int) -> list[Row]:
        self.source += text
        return self._release(width)

    def end(self, width: int) -> list[Row]:
        return wrap([*self.row, *inline(self.source.rstrip(), self.style)], width, whole=True)

    def preview(self, width: int) -> list[Row]:
        """The rows so far, with what is still open drawn as if it were closed."""
        open_marks = closers(Cut(self.source).open)
        if open_marks and self.source.endswith(tuple("*_~`")):
            open_marks = ""
        rows = [*self.row, *inline(self.source.rstrip() + open_marks, self.style)]
        return wrap(rows, width, whole=True)

    def last_line(self) -> str:
        return self.source[self.line_at :] if self.line_at >= 0 else ""

    def drop_last_line(self) -> None:
        self.source = self.source[: self.line_at].rstrip("\n")

    def _release(self, width: int) -> list[Row]:
        limit = piece_size(width)
        size = max(len(self.source), cells(self.source))
        if self.ahead or size <= limit:
            return []
        if self.last_line().startswith("|") and len(self.source) - self.line_at < _LONGEST_HEAD:
            return []
        cut = Cut(self.source)
        if cut.safe:
            return self._cut(cut.safe, "", "", width)
        if size <= max(2 * limit, 800):
            return []
        at = cut.last or len(self.source)
        open_marks = [mark for mark in Cut(self.source[:at]).open if len(mark) > 1 and mark[0] in "*_~"]
        if len(open_marks) > 3:  # not emphasis, but signs that happen to look like it
            open_marks = []
        return self._cut(at, closers(open_marks), "".join(open_marks), width)

    def _cut(self, at: int, close: str, reopen: str, width: int) -> list[Row]:
        """Make rows of the source up to `at`; the last one stays, for the next word may fit on it."""
        rows = wrap([*self.row, *inline(self.source[:at] + close, self.style)], width, whole=True)
        rest = self.source[at:]
        gap = rest[: len(rest) - len(rest.lstrip(" \n"))]
        self.source = gap + reopen + rest[len(gap) :]
        self.line_at = self.line_at - at + len(reopen) if self.line_at > at else -1
        self.row = rows.pop()
        self.begun = True
        return rows


class Fence:
    """A code block. Its lines are the terminal's to wrap, so that copied code has no added line ends."""

    def __init__(self, mark: str, indent: int, info: str, number: int = 0) -> None:
        self.mark = mark
        self.indent = indent
        self.language = _LANGUAGE.findall(info)[0]
        self.label = " · ".join(filter(None, (clean(info.strip()), str(number) if number else "")))
        self.code = Highlighter(self.language)
        self.begun = False
        self.nests = self.language.lower() in _DOCUMENTS
        self.inner = ""  # the fence of the block inside, while one is open

    def copy(self) -> Fence:
        twin = copy.copy(self)
        twin.code = self.code.copy()
        return twin

    def closes(self, text: str) -> bool:
        if self.inner and _ends(text, self.inner):
            return False
        return _ends(text, self.mark) and indent(text) < 4

    def taken(self, text: str) -> str:
        """A source line as the line of code that it is."""
        if self.inner:
            self.inner = "" if _ends(text, self.inner) else self.inner
        elif self.nests and (inner := _INNER.match(text)) and inner[1].startswith(self.mark):
            self.inner = inner[1]
        return dedent(text, self.indent)

    def add(self, text: str, width: int) -> list[Row]:
        return [*self._head(width), self.code.line(self.taken(text))]

    def extend(self, text: str, width: int) -> list[Row]:
        return [*self._head(width), self.code.line(text)]

    def end(self, width: int) -> list[Row]:
        return [*self._head(width), [(_EDGE, QUIET)]]

    def preview(self, width: int) -> list[Row]:
        return self._head(width)

    def _head(self, width: int) -> list[Row]:
        if self.begun:
            return []
        self.begun = True
        return wrap([(f"{_EDGE} {self.label}", QUIET)], width)


class Indented:
    """Code that is marked by four spaces only; blank lines at its end do not belong to it."""

    def __init__(self) -> None:
        self.blank = 0

    def copy(self) -> Indented:
        return copy.copy(self)

    def add(self, text: str, width: int) -> list[Row]:
        if not text.strip():
            self.blank += 1
            return []
        rows: list[Row] = [[] for _ in range(self.blank)]
        self.blank = 0
        return [*rows, *self.extend(text, width)]

    def extend(self, text: str, width: int) -> list[Row]:
        return [[(clean(text), PLAIN)]]

    def end(self, width: int) -> list[Row]:
        return []


class Formula:
    """Mathematics in lines of its own. One that cannot be said in Unicode stays as it was written, line by line."""

    begins = re.compile(r"[ ]{0,3}(?:\$\$(?!.*\$\$)|\\\[(?!.*\\\]))(?=\s*$|.*[\\^_{}=])")
    _most = 60  # lines; what has no end by then was none

    def __init__(self) -> None:
        self.lines: list[str] = []

    def copy(self) -> Formula:
        twin = copy.copy(self)
        twin.lines = self.lines.copy()
        return twin

    @property
    def closed(self) -> bool:
        """Whether the last line ends it."""
        end = "$$" if self.lines[0].lstrip().startswith("$$") else "\\]"
        closes = len(self.lines) > 1 and self.lines[-1].rstrip(" \t.,;").endswith(end)
        return closes or len(self.lines) >= self._most

    def add(self, text: str, width: int) -> list[Row]:
        self.lines.append(text)
        return []

    def extend(self, text: str, width: int) -> list[Row]:
        self.lines[-1] += text
        return []

    def end(self, width: int) -> list[Row]:
        inner = re.fullmatch(r"\s*(?:\$\$|\\\[)(.*)(?:\$\$|\\\])([\s.,;]*)", "\n".join(self.lines), re.DOTALL)
        lines = [line for line in inner[1].split("\n") if line.strip()] if inner else []
        said = [as_unicode(line) for line in lines]
        if not inner or not said or None in said:
            return [[(clean(line), PLAIN)] for line in self.lines]
        return [row for line in said for row in wrap([(clean(f"{line}"), PLAIN)], width)]


def _ends(text: str, mark: str) -> bool:
    bare = text.strip()
    return len(bare) >= len(mark) and set(bare) == {mark[0]}


def rule(width: int) -> list[Row]:
    return [[("─" * min(width, 24), QUIET)]]
