"""The few rows at the end of the screen that may still change, and how to change them with few bytes.

Between two calls the cursor is parked, hidden, on the first of these rows. So they can be erased without
counting them, and it does not matter whether the terminal re-wrapped them when its width changed. A terminal
may also change before we hear of it (tmux tells up to a quarter of a second later): therefore rows that stay
are written after an erase, never left standing from before, and the tail is drawn with wrapping off.
"""

from collections.abc import Callable

from modules.chat.markdown.wrap import Row, append, cells, chop, row_cells, to_ansi

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # a synchronized update: no half-drawn frame is shown
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
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
        tail = _last_rows(tail, size)
        if done or size != self._size:
            erase = _ERASE if self._rows else ""
            text = erase + self._lines(done) + self._change([], tail)
        elif tail != self._rows:
            text = self._change(self._rows, tail)
        else:
            text = ""
        hide = _HIDE if tail and not self._hidden else ""
        self._hidden = self._hidden or bool(tail)
        self._rows, self._size = tail, size
        if text:
            self._write(f"{_BEGIN}{hide}{text}{_END}")

    def finish(self, done: list[Row]) -> None:
        """Bring the last rows on the screen; the cursor is then on a new row, and visible."""
        text = self._lines(done)
        if self._rows:
            text = f"{_BEGIN}{_ERASE}{text}{_END}"
        if self._hidden:
            text += _SHOW
        self._rows, self._hidden = [], False
        if text:
            self._write(text)

    def _lines(self, rows: list[Row]) -> str:
        return "".join(to_ansi(row, self._color) + "\n" for row in rows)

    def _change(self, old: list[Row], new: list[Row]) -> str:
        """What turns the rows below the parked cursor into `new`, and brings the cursor back."""
        out: list[str] = []
        at, moved = 0, False
        for index, row in enumerate(new):
            before = old[index] if index < len(old) else []
            if row == before and index < len(old):
                continue
            # A newline needs one byte, and scrolls where a cursor movement would not.
            out.append("\n" * (index - at) + self._change_row(before, row))
            at, moved = index, True
        if len(old) > len(new):
            out.append("\n" * (len(new) - at) + _ERASE)
            at = len(new)
        if at:
            out.append(f"\x1b[{at}A")
        if not out and not moved:
            return ""
        return f"{_NO_WRAP}{''.join(out)}\r{_WRAP}"

    def _change_row(self, old: Row, new: Row) -> str:
        """From the start of a row: skip what stays, write what is new."""
        kept, rest = _common(old, new)
        move = f"\x1b[{kept}C" if kept else ""
        erase = "\x1b[K" if row_cells(old) > row_cells(new) else ""
        return move + erase + to_ansi(rest, self._color)


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


def _last_rows(rows: list[Row], size: tuple[int, int]) -> list[Row]:
    """As many of the last rows as may be redrawn: they must all be on the screen."""
    columns, lines = size
    room = min(_MOST, lines - 1)
    if room < 1:
        return []
    return [piece for row in rows[-room:] for piece in _fold(row, columns)][-room:]


def _fold(row: Row, width: int) -> list[Row]:
    """A row of code may be longer than the screen is wide."""
    if row_cells(row) <= width:
        return [row]
    rows: list[Row] = [[]]
    for text, style in row:
        for piece in chop(text, 1):
            if rows[-1] and row_cells(rows[-1]) + cells(piece) > width:
                rows.append([])
            append(rows[-1], piece, style)
    return rows
