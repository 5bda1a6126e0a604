"""Tables as rows of text: column widths are fixed by the first rows, later rows wrap inside them."""

from __future__ import annotations

import copy
import re

from rich.style import Style

from modules.chat.markdown.inline import inline
from modules.chat.markdown.wrap import PLAIN, QUIET, Row, append, row_cells, wrap

_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_BOLD = Style(bold=True)
_HELD = 6  # rows that wait to fix the widths
_LOWEST = 6  # columns of text that a cell needs to be readable


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
        self.natural: list[int] = []
        self.records = 0

    def copy(self) -> Table:
        twin = copy.copy(self)
        twin.held = self.held.copy()
        return twin

    def add(self, text: str, width: int) -> list[Row]:
        row = self._cells(text)
        if self.natural:
            return self._draw(row, width)
        self.held.append(row)
        return self.end(width) if len(self.held) >= _HELD else []

    def extend(self, text: str, width: int) -> list[Row]:
        return self.add(text, width)

    def end(self, width: int) -> list[Row]:
        if self.natural:
            return []
        columns = zip(self.head, *self.held, strict=True)
        self.natural = [max(1, *map(row_cells, column)) for column in columns]
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
        room = width - 3 * (len(self.natural) - 1)
        widths = self.natural
        if sum(widths) <= room:
            return widths
        if width < 30 or room < _LOWEST * len(widths):
            return None
        low, high = _LOWEST, room
        while low < high:  # the widest columns give way first
            middle = (low + high + 1) // 2
            low, high = (middle, high) if sum(min(n, middle) for n in widths) <= room else (low, middle - 1)
        widths = [min(n, low) for n in widths]
        spare = room - sum(widths)
        for index, natural in enumerate(self.natural):
            more = min(spare, natural - widths[index])
            widths[index] += more
            spare -= more
        return widths

    def _head(self, width: int) -> list[Row]:
        widths = self._widths(width)
        if widths is None:
            return []
        return [*self._line(self.head, widths), [("─┼─".join("─" * n for n in widths), QUIET)]]

    def _draw(self, row: list[Row], width: int) -> list[Row]:
        widths = self._widths(width)
        return self._record(row, width) if widths is None else self._line(row, widths)

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
        """A row as lines of "head: cell", for a screen too narrow for columns."""
        lines: list[Row] = [[]] if self.records else []
        self.records += 1
        for head, cell in zip(self.head, row, strict=True):
            lines += wrap([*head, (": ", PLAIN), *cell], width)
        return lines


def _joined(cells: list[Row]) -> Row:
    return [span for cell in cells for span in [*cell, (" | ", QUIET)]][:-1]


def _alignment(cell: str) -> str:
    if cell.endswith(":"):
        return "center" if cell.startswith(":") else "right"
    return "left"
