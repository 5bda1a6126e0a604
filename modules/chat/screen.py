"""The terminal as the program writes to it: its own quiet lines, tables and errors; the one place text is cleaned."""

import base64
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

from prompt_toolkit.utils import get_cwidth

from modules.chat.clean import clean
from modules.errors import ParlanceError

DIM, RED, RESET = "\x1b[2m", "\x1b[31m", "\x1b[0m"
CLEAR = "\x1b[H\x1b[2J"
LAST_COLUMN = 24  # with less room than this, the last cell of a row is cut and not wrapped
BELOW = 8  # columns by which a last cell that stands below its row is set in, at most
MAX_OSC52 = 100_000  # characters; terminals drop longer sequences without a word


class TerminalScreen:
    """Writes to a terminal. `plain` means append-only text without a single escape sequence."""

    def __init__(self, out: TextIO | None = None, *, plain: bool = False) -> None:
        self._out = out or sys.stdout
        self.plain = plain
        self.show_reasoning = True

    def size(self) -> tuple[int, int]:
        """Columns and rows, right now."""
        try:
            columns, rows = os.get_terminal_size(self._out.fileno())
        except (OSError, ValueError):
            columns, rows = shutil.get_terminal_size()
        return (columns or 80), (rows or 24)

    def write(self, text: str) -> None:
        """Text that is clean already, as it is."""
        self._out.write(text)
        self._out.flush()

    def dim(self, text: str) -> str:
        """Clean text, dimmed where the terminal can."""
        return clean(text) if self.plain else f"{DIM}{clean(text)}{RESET}"

    def say(self, text: str) -> None:
        """A line of the program's own, quietly, wrapped between words."""
        self.write("".join((self.dim(line) if line else "") + "\n" for line in self._wrapped(text)))

    def _wrapped(self, text: str) -> list[str]:
        if self.plain:
            return text.split("\n")
        columns = max(self.size()[0], 10)
        return [
            row for line in text.split("\n") for row in textwrap.wrap(line, columns, break_on_hyphens=False) or [""]
        ]

    def error(self, error: ParlanceError, cure: str | None = None) -> None:
        """What failed, and on the next line what to do about it: `cure`, or else the error's own."""
        for line in self._wrapped(error.message):
            self.write(clean(line) + "\n" if self.plain else f"{RED}{clean(line)}{RESET}\n")
        if cure := error.cure if cure is None else cure:
            self.say(cure)

    def show(self, text: str) -> None:
        """A text of someone else's, its lines as they are."""
        self.write(clean(text.rstrip("\n")) + "\n")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns; the last column takes what room is left, and is cut where there is none."""
        self.write("".join(line + "\n" for line in laid_out(rows, self.size()[0])))

    def table_or_below(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns; a last cell that has no room beside the others goes on below them."""
        self.write("".join(line + "\n" for line in laid_out_or_below(rows, self.size()[0])))

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""
        if not self.plain:
            self.write(CLEAR)

    def to_clipboard(self, text: str) -> bool:
        """Ask the terminal to take text into its clipboard (OSC 52); False where it cannot be asked."""
        encoded = base64.b64encode(text.encode()).decode("ascii")
        if self.plain or len(encoded) > MAX_OSC52:
            return False
        self.write(f"\x1b]52;c;{encoded}\x07")
        return True


def laid_out(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """Cleaned table lines no wider than `columns`; the last cell goes on below itself where it has room for that."""
    cells = [[clean(cell) for cell in row] for row in rows]
    count = max((len(row) for row in cells), default=0)
    widths = [max((get_cwidth(row[i]) for row in cells if i < len(row) - 1), default=0) for i in range(count)]
    left = sum(widths[:-1]) + 2 * (count - 1)
    lines: list[str] = []
    for row in cells:
        first, *more = _column(row[-1], columns - left) if len(row) == count else row[-1:]
        lines.append(cut(_line([*row[:-1], first], widths), columns))
        lines += [" " * left + text for text in more]
    return lines


def laid_out_or_below(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """Lines as `laid_out` makes them of rows of one length; but a cell that would be cut stands below its row."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(get_cwidth, column)) for column in zip(*cells, strict=True)]
    left = sum(widths[:-1]) + 2 * (len(widths) - 1)
    if columns - left >= min(widths[-1], LAST_COLUMN):
        return laid_out(rows, columns)
    indent = " " * min(widths[0] + 2, BELOW)
    lines: list[str] = []
    for row in cells:
        beside = len(row)
        while beside > 1 and get_cwidth(_line(row[:beside], widths)) > columns:
            beside -= 1
        lines.append(cut(_line(row[:beside], widths), columns))
        for cell in row[beside:]:
            below = textwrap.wrap(cell, max(columns - len(indent), 1), break_on_hyphens=False)
            lines += [cut(indent + text, columns) for text in below]
    return lines


def _column(cell: str, columns: int) -> list[str]:
    return textwrap.wrap(cell, columns) or [""] if columns >= LAST_COLUMN else [cell]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [_padded(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
    return "  ".join([*padded, *row[-1:]]).rstrip()


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - get_cwidth(cell))


def cut(line: str, columns: int) -> str:
    if get_cwidth(line) <= columns:
        return line
    kept, width = "", 1
    for char in line:
        width += get_cwidth(char)
        if width > columns:
            break
        kept += char
    return kept + "…"
