"""A Markdown answer drawn while it arrives: finished rows are written once, only a small tail is redrawn."""

import re
from collections.abc import Callable

from modules.chat.looks.theme import Theme
from modules.chat.markdown.blocks import Blocks
from modules.chat.markdown.wrap import Row, append, cells, chop, row_cells, to_ansi

# The beginning of a line that says what it will be but has no text yet: drawn later, so nothing flickers.
_UNDECIDED = re.compile(r"[ \t>]*(?:[-+*_=#:~` \t]*(?:\[[ xX^]?\]?)?|\d{1,9}[.)]?[ \t]*|(?:```|~~~|\|).*)")


_TAB = 8  # columns between two tab stops of a terminal
MOST = 10  # rows that are shown before they are finished


class MarkdownStream:
    """Draws Markdown: `write` takes rows that are finished, as text, and `live` those at the end that may still change.

    `size` gives the columns and rows of the terminal, `theme` its looks; both are asked at each drawing. `number` is
    as for Blocks.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        size: Callable[[], tuple[int, int]],
        live: Callable[[list[Row]], None] = lambda rows: None,
        *,
        theme: Callable[[], Theme | None] = lambda: None,
        links: bool = False,
        prose_width: int = 0,
        number: Callable[[int], int] = lambda nth: 0,
    ) -> None:
        self._write = write
        self._size = size
        self._live = live
        self._theme = theme
        self._links = links
        self._blocks = Blocks(80, prose_width, number)
        self._arrived: list[str] = []
        self._line = ""  # the source line that has no end yet
        self._within = False  # its beginning is in the blocks already
        self._drawn = 0  # columns for which the last drawing was made

    def feed(self, text: str) -> None:
        """Take more of the answer; nothing is drawn."""
        self._arrived.append(text)

    def draw(self) -> None:
        """Write what is finished, and show what is not, if anything changed."""
        columns = self._measure()
        if not self._arrived and columns == self._drawn:
            return
        self._drawn = columns
        self._read()
        ahead = self._blocks.copy()
        if self._within:
            ahead.more(ahead.recent(self._line))
        elif not _UNDECIDED.fullmatch(self._line):
            ahead.line(ahead.recent(self._line))
        self._write_finished()
        self._live([piece for row in ahead.preview()[-MOST:] for piece in folded(row, columns)][-MOST:])

    def finish(self) -> None:
        """Write all the rest."""
        self._measure()
        self._read()
        if self._line:
            self._end_line(self._line)
        self._line = ""
        self._blocks.end()
        self._write_finished()
        self._live([])

    def _measure(self) -> int:
        self._blocks.width = max(1, self._size()[0] or 80)
        return self._blocks.width

    def _write_finished(self) -> None:
        rows, self._blocks.rows = self._blocks.rows, []
        if rows:
            theme = self._theme()
            self._write("".join(to_ansi(row, theme, self._links) + "\n" for row in rows))

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


def folded(row: Row, width: int) -> list[Row]:
    """A row of code may be longer than the screen is wide, and have tabs, which only the terminal knows how to draw."""
    if row_cells(row) <= width and not any("\t" in text for text, _ in row):
        return [row]
    rows: list[Row] = [[]]
    used = column = 0
    for text, style in row:
        text = (" " * (column % _TAB) + text).expandtabs(_TAB)[column % _TAB :]
        column += cells(text)
        head = chop(text, max(1, width - used))[0]
        for piece in (head, *chop(text[len(head) :], width)):
            if used and used + cells(piece) > width:
                rows.append([])
                used = 0
            append(rows[-1], piece, style)
            used += cells(piece)
    return rows
