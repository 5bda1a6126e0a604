"""The terminal as the program writes to it: its own quiet lines, tables and errors; the one place text is cleaned."""

import base64
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from prompt_toolkit.utils import get_cwidth

from modules.chat.clean import clean
from modules.errors import ParlanceError

if TYPE_CHECKING:  # rich is loaded with the first answer
    from modules.chat.markdown.wrap import Row

Reasoning = Literal["fold", "show", "hide"]  # what is seen of reasoning when the answer is there

DIM, RED, BOLD, RESET = "\x1b[2m", "\x1b[31m", "\x1b[1m", "\x1b[0m"
PROMPT_MARK = "\x1b]133;A\x1b\\"  # where a terminal that knows it jumps to, from question to question
MARK, MORE = "> ", "· "  # before a line that a person typed, and before its further lines
CLEAR = "\x1b[H\x1b[2J"
LAST_COLUMN = 24  # with less room than this, the last cell of a row is cut and not wrapped
BELOW = 8  # columns by which a last cell that stands below its row is set in, at most
MAX_OSC52 = 100_000  # characters; terminals drop longer sequences without a word


class Region(Protocol):
    """The rows at the end of the screen that are drawn anew, with the prompt among them."""

    def above(self, text: str) -> None:
        """Write whole rows above it, for good."""

    def live(self, rows: "list[Row]") -> None:
        """Show these rows at its top."""

    def status(self, words: str, ending: str) -> None:
        """Say in one row what runs; of what has no room, the words are cut."""

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""


class TerminalScreen:
    """Writes to a terminal. `plain` means append-only text without a single escape sequence.

    Where there is a `region`, all that is written stands above it, and must be whole rows.
    """

    def __init__(self, out: TextIO | None = None, *, plain: bool = False, color: bool = True) -> None:
        self.out = out or sys.stdout
        self.plain = plain
        self.color = color and not plain
        self.reasoning: Reasoning = "fold"
        self.region: Region | None = None

    def size(self) -> tuple[int, int]:
        """Columns and rows, right now."""
        try:
            columns, rows = os.get_terminal_size(self.out.fileno())
        except (OSError, ValueError):
            columns, rows = shutil.get_terminal_size()
        return (columns or 80), (rows or 24)

    def write(self, text: str) -> None:
        """Text that is clean already, as it is."""
        if self.region is not None:
            self.region.above(text)
        else:
            self.out.write(text)
            self.out.flush()

    def live(self, rows: "list[Row]") -> None:
        """Show rows that still change, where there is a place for them."""
        if self.region is not None:
            self.region.live(rows)

    def status(self, words: str, ending: str) -> None:
        """Say what runs, where there is a place for it."""
        if self.region is not None:
            self.region.status(words, ending)

    def echo(self, line: str) -> None:
        """What a person has entered, easy to find again; the terminal wraps it, so that it is copied as it was."""
        first, *others = clean(line).split("\n")
        rows = (MARK + first, *(MORE + other for other in others))
        if self.plain:
            return  # the terminal has echoed it
        self.write(PROMPT_MARK + "".join(f"{BOLD}{row}{RESET}\n" for row in rows))

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
            self.write(f"{RED}{clean(line)}{RESET}\n" if self.color else clean(line) + "\n")
        if cure := error.cure if cure is None else cure:
            self.say(cure)

    def show(self, text: str) -> None:
        """A text of someone else's, its lines as they are."""
        self.write(clean(text.rstrip("\n")) + "\n")

    def quote(self, text: str) -> None:
        """A text of someone else's beside a bar, wrapped between words."""
        if self.plain:
            self.show(text)
            return
        from modules.chat.reasoning_piece import barred  # it loads rich

        self.write("".join(barred(line, self.size()[0], self.color) for line in clean(text).split("\n")))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns; the last column takes what room is left, and is cut where there is none."""
        self.write("".join(line + "\n" for line in laid_out(rows, self.size()[0])))

    def table_or_below(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows in columns; a last cell that has no room beside the others goes on below them."""
        self.write("".join(line + "\n" for line in laid_out_or_below(rows, self.size()[0])))

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""
        if self.region is not None:
            self.region.clear()
        elif not self.plain:
            self.write(CLEAR)

    def to_clipboard(self, text: str) -> bool:
        """Ask the terminal to take text into its clipboard (OSC 52); False where it cannot be asked."""
        encoded = base64.b64encode(text.encode()).decode("ascii")
        if self.plain or len(encoded) > MAX_OSC52:
            return False
        self.out.write(f"\x1b]52;c;{encoded}\x07")
        self.out.flush()
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
