"""How the room of a list is divided: between its rows, and what there is to know of one, beside them or below."""

from collections.abc import Callable

from msgspec import Struct

MAX_LINES = 12
OTHER_LINES = 3  # the filter, the keys, and one line of the conversation
POINTER_COLUMNS = 3  # the pointer, a mark, and a blank
WIDE_COLUMNS = 120  # from which on what there is to know of a row may stand beside the list
LEAST_BESIDE = 8  # lines that a list with something beside it has, however few rows there are
BAR = " │ "


class Frame(Struct, frozen=True):
    """The division, anew with each drawing: `size` gives columns and rows of the terminal.

    A row of the list has `lines_each`, the list `most_lines`; what there is to know of a row has `lines_below` below
    it, or stands `beside` it on a wide screen.
    """

    size: Callable[[], tuple[int, int]]
    lines_each: int = 1
    most_lines: int = MAX_LINES
    lines_below: int = 1
    beside: bool = False

    @property
    def width(self) -> int:
        return max(2, self.size()[0] - 1)  # the last column would make some terminals wrap

    @property
    def is_wide(self) -> bool:
        return self.beside and self.size()[0] >= WIDE_COLUMNS

    @property
    def list_width(self) -> int:
        return self.width * 3 // 5 if self.is_wide else self.width

    @property
    def columns(self) -> int:
        """The room for a row, beside the pointer and the mark."""
        return max(1, self.list_width - POINTER_COLUMNS)

    @property
    def beside_columns(self) -> int:
        return max(1, self.width - self.list_width - len(BAR))

    def lines(self, rows: int) -> int:
        """Lines of a list of so many rows."""
        wanted = max(1, min(self.most_lines, rows * self.lines_each))
        room = self.size()[1] - OTHER_LINES
        if self.is_wide:
            return max(1, min(max(wanted, LEAST_BESIDE), room))
        return max(1, min(wanted, room - self.below))

    @property
    def below(self) -> int:
        """Lines below the list."""
        room = max(0, self.size()[1] - OTHER_LINES)
        return 0 if self.is_wide else min(self.lines_below, room, max(1, room // 3))

    def page(self, rows: int) -> int:
        """How many rows of so many are on the screen."""
        return max(1, self.lines(rows) // self.lines_each)
