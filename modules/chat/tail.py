"""The few rows at the end of the screen that may still change, and how to change them with few bytes.

Between two calls the cursor is parked, hidden, on the first of these rows. So they can be erased without
counting them, and it does not matter whether the terminal re-wrapped them when its width changed.
"""

from collections.abc import Callable

from modules.chat.wrap import Row, cells, chop, row_cells, to_ansi

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
# Not one erase from the corner: tmux takes that for a clear screen and moves the rows to its history.
_ERASE = "\x1b[K\x1b[C\x1b[J\r"
_MOST = 10


class Tail:
    """The redrawn end of the answer."""

    def __init__(self, write: Callable[[str], None], color: bool) -> None:
        self._write = write
        self._color = color
        self._rows: list[Row] = []  # on the screen, from the parked cursor down
        self._size = (0, 0)
        self._hidden = False

    def show(self, done: list[Row], tail: list[Row], size: tuple[int, int]) -> None:
        """Bring `done` on the screen for good, and `tail` below it until the next call."""
        tail = _last_rows(tail, size) or [[]]
        erase = bool(self._rows) and size != self._size
        if erase:
            self._rows = []
        self._size = size
        rows = [*done, *tail]
        if rows == (self._rows or [[]]) and not done and not erase:
            return
        text = self._difference(rows, len(done), size[0])
        hide = "" if self._hidden or tail == [[]] else _HIDE
        self._hidden = self._hidden or bool(hide)
        self._rows = tail
        self._write(f"{_BEGIN}{hide}{_ERASE if erase else ''}{text}{_END}")

    def finish(self, done: list[Row], size: tuple[int, int]) -> None:
        """Bring the last rows on the screen; the cursor is then on a new row, and visible."""
        if self._rows:
            self.show(done, [], size)
        elif done:
            self._write("".join(to_ansi(row, self._color) + "\n" for row in done))
        if self._hidden:
            self._write(_SHOW)
        self._rows, self._hidden = [], False

    def _difference(self, rows: list[Row], parked: int, width: int) -> str:
        """What turns the rows on the screen into `rows`, and leaves the cursor parked on row `parked`."""
        old = self._rows or [[]]
        pen = _Pen()
        at = home = 0
        for index, row in enumerate(rows):
            height = _height(row, width)
            if index == parked:
                home = at
            if index >= len(old):
                pen.go(at)
                pen.put(to_ansi(row, self._color), at + height - 1)
            elif old[index] != row:
                pen.go(at)
                if height == _height(old[index], width) == 1:
                    pen.put(self._change(old[index], row), at)
                else:
                    old = old[:index]
                    pen.put(_ERASE + to_ansi(row, self._color), at + height - 1)
            at += height
        if len(old) > len(rows):
            pen.go(at)
            pen.put(_ERASE, at)
        pen.go(home)
        return "".join(pen.out)

    def _change(self, old: Row, new: Row) -> str:
        """From the start of a row: skip what stays, write what is new."""
        kept, rest = _common(old, new)
        move = f"\x1b[{kept}C" if kept else ""
        erase = "\x1b[K" if row_cells(old) > row_cells(new) else ""
        return move + erase + to_ansi(rest, self._color)


class _Pen:
    """Where the cursor is while rows are written, counted from where it was parked."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.row = 0
        self.moved = False

    def go(self, row: int) -> None:
        """To the start of a row. A newline needs one byte, and scrolls where a cursor movement would not."""
        if row > self.row:
            self.out.append("\n" * (row - self.row))
        else:
            up = f"\x1b[{self.row - row}A" if row < self.row else ""
            self.out.append(up + ("\r" if self.moved else ""))
        self.row, self.moved = row, False

    def put(self, text: str, row: int) -> None:
        """Text that ends on `row`."""
        self.out.append(text)
        self.row, self.moved = row, bool(text)


def _common(old: Row, new: Row) -> tuple[int, Row]:
    """How many columns two rows share at their start, and the spans of the new one after them."""
    kept = 0
    for index, (text, style) in enumerate(new):
        if index < len(old) and old[index] == (text, style):
            kept += cells(text)
            continue
        if index >= len(old) or old[index][1] != style:
            return kept, new[index:]
        before = old[index][0]
        same = 0
        while same < min(len(text), len(before)) and text[same] == before[same]:
            same += 1
        # Not beside a character that might combine with its neighbour.
        while same and not (text[same - 1 : same + 1].isascii() and before[same - 1 : same + 1].isascii()):
            same -= 1
        return kept + cells(text[:same]), [(text[same:], style), *new[index + 1 :]]
    return kept, []


def _height(row: Row, width: int) -> int:
    """Screen rows that a row takes: only code is longer than the screen is wide."""
    if row_cells(row) <= width:
        return 1
    return len(chop("".join(text for text, _ in row), width))


def _last_rows(rows: list[Row], size: tuple[int, int]) -> list[Row]:
    """As many of the last rows as may be redrawn: they must all be on the screen."""
    columns, lines = size
    room = min(_MOST, lines - 1)
    first = len(rows)
    while first and (room := room - _height(rows[first - 1], columns)) >= 0:
        first -= 1
    return rows[first:]
