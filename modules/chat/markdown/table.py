"""Tables: the first rows fix the columns, and a row that does not fit them becomes "head: cell" lines."""

from __future__ import annotations

import copy
import re
from typing import NamedTuple

from rich.style import Style

from modules.chat.markdown.inline import inline
from modules.chat.markdown.wrap import PLAIN, QUIET, Row, append, longest_word, row_cells, widest_line, wrap

_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_BOLD = Style(bold=True)
_HELD = 8  # rows that wait to fix the widths: with the head, as many as are seen before they are finished
_LOWEST = 6  # columns of text that a cell needs to be readable
_WRAPS = 12  # columns of text that a cell needs to be broken into lines at all
_WORD = 24  # columns that a long word may claim against other columns
_HIGHEST = 8  # lines of a cell, above which it is read more easily across the screen
_SPARE = 2  # columns for what later rows may have more: the 9 is followed by a 10


def split_row(line: str) -> list[str]:
    """The cells of a source line; an escaped pipe is text."""
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    parts = re.split(r"(?<!\\)\|", line)
    return [part.strip().replace("\\|", "|") for part in parts]


def starts_table(header: str, delimiter: str) -> bool:
    """Whether two source lines are the head of a table."""
    if "|" not in header or ("|" not in delimiter and "|" not in header.strip().strip("|") and "-" not in delimiter):
        return False
    return _DELIMITER.fullmatch(delimiter) is not None and len(split_row(header)) == len(split_row(delimiter))


class Table:
    """A table that is still arriving."""

    def __init__(self, header: str, delimiter: str) -> None:
        self.align = [_alignment(cell) for cell in split_row(delimiter)]
        self.head = [inline(cell, _BOLD) for cell in split_row(header)]
        self.held: list[list[Row]] = []
        self.columns: list[_Column] = []
        self.drawn = ""  # how the last row was written

    def copy(self) -> Table:
        twin = copy.copy(self)
        twin.held = self.held.copy()
        return twin

    def add(self, text: str, width: int) -> list[Row]:
        row = self._cells(text)
        if self.columns:
            return self._draw(row, width)
        self.held.append(row)
        return self._fix(width, more=True) if len(self.held) >= _HELD else []

    def extend(self, text: str, width: int) -> list[Row]:
        return self.add(text, width)

    def end(self, width: int) -> list[Row]:
        return [] if self.columns else self._fix(width, more=False)

    def _fix(self, width: int, more: bool) -> list[Row]:
        """The columns are known, and with them the first rows; `more` rows may come, with longer cells."""
        columns = [[cell for cell in column if cell] for column in zip(self.head, *self.held, strict=True)]
        self.columns = [
            _Column(max(1, 1, *map(widest_line, column)), max(1, 1, *map(longest_word, column)), _SPARE if more else 0)
            for column in columns
        ]
        if more and self.align[-1] == "left":
            self.columns[-1] = self.columns[-1]._replace(spare=width)  # nothing is to the right of it
        rows = self._head(width)
        if not rows and not self.held:
            return wrap(_joined(self.head), width)
        for row in self.held:
            rows += self._draw(row, width)
        self.held = []
        return rows

    def _cells(self, text: str) -> list[Row]:
        """As many cells as the head has; what is too much joins the last cell, so that nothing is lost."""
        count = len(self.head)
        parts = split_row(text)
        parts[count - 1 :] = [" | ".join(parts[count - 1 :])]
        return [inline(part) for part in parts] + [[] for _ in range(count - len(parts))]

    def _widths(self, width: int) -> list[int] | None:
        """Columns for each cell, or nothing when a table would not be readable."""
        room = width - 3 * (len(self.columns) - 1)
        least = [min(column.widest, max(_LOWEST, min(column.word, _WORD))) for column in self.columns]
        if sum(least) > room or (width < 30 and sum(column.widest for column in self.columns) > room):
            return None
        widths = _levelled(least, [column.widest for column in self.columns], room)
        return _levelled(widths, [column.widest + column.spare for column in self.columns], room)

    def _head(self, width: int) -> list[Row]:
        widths = self._widths(width)
        if widths is None:
            return []
        rules = [*widths[:-1], min(widths[-1], self.columns[-1].widest)]
        return [*self._line(self.head, widths), [("─┼─".join("─" * n for n in rules), QUIET)]]

    def _draw(self, row: list[Row], width: int) -> list[Row]:
        widths = self._widths(width)
        fits = widths is not None and all(map(_fits, row, widths))
        kind = "line" if fits else "record"
        apart: list[Row] = [[]] if self.drawn and "record" in (kind, self.drawn) else []
        if not self.drawn and widths is not None and not fits:
            apart = [[]]
        self.drawn = kind
        return [*apart, *(self._line(row, widths) if fits and widths else self._record(row, width))]

    def _line(self, row: list[Row], widths: list[int]) -> list[Row]:
        columns = [wrap(cell, size) for cell, size in zip(row, widths, strict=True)]
        lines: list[Row] = []
        for index in range(max(map(len, columns))):
            line: Row = []
            for column, size, align in zip(columns, widths, self.align, strict=True):
                if column is not columns[0]:
                    append(line, " │ ", QUIET)
                text = column[index] if index < len(column) else []
                room = size - row_cells(text)
                left = {"right": room, "center": room // 2}.get(align, 0)
                for piece, style in [(" " * left, PLAIN), *text, (" " * (room - left), PLAIN)]:
                    append(line, piece, style)
            if line[-1][1] is PLAIN:
                line[-1] = (line[-1][0].rstrip(), PLAIN)
            lines.append(line)
        return lines

    def _record(self, row: list[Row], width: int) -> list[Row]:
        """A row as lines of "head: cell", where there is no room for columns."""
        lines: list[Row] = []
        for head, cell in zip(self.head, row, strict=True):
            if cell:
                lines += wrap([*head, *([(": ", PLAIN)] if head else []), *cell], width, whole=True)
        return lines or [[]]


class _Column(NamedTuple):
    """What the first rows have in one column: its widest line, its longest word, and what it may have more."""

    widest: int
    word: int
    spare: int


def _levelled(least: list[int], most: list[int], room: int) -> list[int]:
    """Widths between `least` and `most` that fill the room; the widest columns give way first."""
    low, high = 0, max(room, 0)
    while low < high:
        middle = (low + high + 1) // 2
        taken = sum(max(a, min(b, middle)) for a, b in zip(least, most, strict=True))
        low, high = (middle, high) if taken <= room else (low, middle - 1)
    widths = [max(a, min(b, low)) for a, b in zip(least, most, strict=True)]
    spare = room - sum(widths)
    for index, wanted in enumerate(most):
        more = max(0, min(spare, wanted - widths[index]))
        widths[index] += more
        spare -= more
    return widths


def _fits(cell: Row, size: int) -> bool:
    """Whether a cell can be read in a column that is so wide."""
    widest = widest_line(cell)
    if widest <= size:
        return True
    return size >= min(_WRAPS, widest) and longest_word(cell) <= size and widest <= _HIGHEST * size


def _joined(cells: list[Row]) -> Row:
    return [span for cell in cells for span in [*cell, (" | ", QUIET)]][:-1]


def _alignment(cell: str) -> str:
    if cell.endswith(":"):
        return "center" if cell.startswith(":") else "right"
    return "left"
