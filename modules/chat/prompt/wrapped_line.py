"""Up and Down in a line that the screen wraps: to the row above or below, as it is seen, and not to another line."""

from itertools import accumulate

from prompt_toolkit.utils import get_cwidth


def moved(line: str, at: int, by: int, columns: int, first: int) -> int | None:
    """Where the cursor is in the line, a row higher (-1) or lower (1); None where the line has no such row.

    `first` are the columns that the first row has less than the others, for the mark before it.
    """
    ends = list(accumulate(map(get_cwidth, line), initial=first))
    row, last = ends[at] // columns, ends[-1] // columns
    if not 0 <= row + by <= last:
        return None
    wanted = max(ends[at] + by * columns, first)
    return next((place for place, end in enumerate(ends) if end >= wanted), len(line))
