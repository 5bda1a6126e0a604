"""A Markdown answer drawn while it arrives: finished rows are written once, only a small tail is redrawn."""

import re
from collections.abc import Callable

from modules.chat.markdown.blocks import Blocks
from modules.chat.markdown.tail import Tail
from modules.chat.markdown.wrap import Row

# The beginning of a line that says what it will be but has no text yet: drawn later, so nothing flickers.
_UNDECIDED = re.compile(r"[ \t>]*(?:[-+*_=#:~` \t]*|\d{1,9}[.)]?[ \t]*|(?:```|~~~|\|).*)")


class MarkdownStream:
    """Draws Markdown on the normal screen from the cursor on, which must be at the start of a row.

    `write` takes text for the terminal, with "\\n" for a new row; `size` gives its columns and rows, and is
    asked at each drawing. Until `finish` the cursor is hidden and nobody else may write.
    """

    def __init__(
        self, write: Callable[[str], None], size: Callable[[], tuple[int, int]], *, color: bool = True
    ) -> None:
        self._size = size
        self._tail = Tail(write, color)
        self._blocks = Blocks(80)
        self._arrived: list[str] = []
        self._line = ""  # the source line that has no end yet
        self._within = False  # its beginning is in the blocks already
        self._drawn: tuple[int, int] | None = None

    def feed(self, text: str) -> None:
        """Take more of the answer; nothing is drawn."""
        self._arrived.append(text)

    def draw(self) -> None:
        """Write what is finished and redraw the tail, if anything changed."""
        size = self._measure()
        if not self._arrived and size == self._drawn:
            return
        self._drawn = size
        self._read()
        ahead = self._blocks.copy()
        if self._within:
            ahead.more(self._line)
        elif not _UNDECIDED.fullmatch(self._line):
            ahead.line(self._line)
        self._tail.show(self._take(), ahead.preview(), size)

    def finish(self) -> None:
        """Write all the rest, and leave the cursor on a new row."""
        self._measure()
        self._read()
        if self._line:
            self._end_line(self._line)
        self._line = ""
        self._blocks.end()
        self._tail.finish(self._take())

    def _measure(self) -> tuple[int, int]:
        columns, lines = self._size()
        self._blocks.width = max(1, columns) if columns else 80
        return self._blocks.width, lines or 24

    def _take(self) -> list[Row]:
        rows, self._blocks.rows = self._blocks.rows, []
        return rows

    def _read(self) -> None:
        """Give the blocks what has arrived: whole lines, and long lines in pieces."""
        *lines, last = (self._line + "".join(self._arrived)).split("\n")
        self._arrived = []
        for line in lines:
            self._end_line(self._pieces(line))
        self._line = self._pieces(last)

    def _pieces(self, line: str) -> str:
        """Give away as much of a line as need not wait (only the text decides how much); return the rest."""
        at = 0
        while len(line) - at > (longest := self._blocks.longest(line[at : at + 60])):
            cut = line.rfind(" ", at + longest // 2, at + longest)
            cut = cut if cut > 0 else at + longest
            self._give(line[at:cut])
            self._within, at = True, cut
        return line[at:]

    def _give(self, text: str) -> None:
        if self._within:
            self._blocks.more(text)
        else:
            self._blocks.line(text)

    def _end_line(self, rest: str) -> None:
        self._give(rest)
        self._blocks.line_end()
        self._within = False
