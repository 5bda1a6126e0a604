"""The screen of a terminal, as a person sees it and as a test reads it: pyte's, made quick to read again and again."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import pyte


class Screen(pyte.HistoryScreen):
    """A terminal emulator that answers what programs ask a terminal, such as where its cursor is."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], None]) -> None:
        self._answer = answer
        self._above: list[str] = []
        super().__init__(columns, rows, history=10_000, ratio=0.5)

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        if not private:  # what an editor says about its keyboard, pyte takes for a colour
            super().select_graphic_rendition(*attributes)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """As xterm and its kin do it: blank rows below the cursor go first, then the top ones into the scrollback.

        pyte takes any rows from the top and leaves the cursor where it was, on a row that may be none any more.
        """
        lines = lines or self.lines
        while lines < self.lines and self.cursor.y < self.lines - 1 and not self.row(self.lines - 1):
            self.lines -= 1
        above = max(0, self.lines - lines)
        rows = [self.buffer[y] for y in range(self.lines)]
        self.history.top.extend(rows[:above])
        self.buffer.clear()
        self.buffer.update(enumerate(rows[above:]))
        self.lines -= above
        self.cursor.y = max(0, self.cursor.y - above)
        super().resize(lines, columns)

    def write_process_input(self, data: str) -> None:
        self._answer(data)

    @property
    def rows(self) -> list[str]:
        """Every row from the first in the scrollback to the last on the screen, without trailing blanks."""
        above = self.history.top
        if len(above) < len(self._above):  # the scrollback was cleared
            self._above.clear()
        # What has left the screen stays as it is, and is read once: tests look at long conversations many times.
        self._above += map(drawn, islice(above, len(self._above), None))
        return [*self._above, *(self.row(y) for y in range(self.lines))]

    def row(self, y: int) -> str:
        """One row of the screen, without trailing blanks."""
        return drawn(self.buffer[y])


def drawn(row: Mapping[int, Any]) -> str:
    """The text of a row. Only cells that were written are there; the second of a wide letter is empty."""
    return "".join(row[x].data for x in range(max(row, default=-1) + 1)).rstrip()
