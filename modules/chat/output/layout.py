"""Rows of text in columns for a screen of any width: what does not fit beside goes below, and nothing is cut."""

from collections.abc import Iterator, Sequence

from prompt_toolkit.utils import get_cwidth

from modules.text.sanitize import clean

LAST_COLUMN = 24  # with less room than this beside the others, the last cells stand below their row
BELOW = 8  # columns by which a cell that stands below its row is set in, at most
GAP = "  "


def laid_out(rows: Sequence[Sequence[str]], columns: int, headings: Sequence[str] = ()) -> list[str]:
    """Cleaned lines; each cell is there whole, and no line but a single path or URL is wider than `columns`.

    The last column wraps where it has room enough. Columns that have none beside the others stand below their row, set
    in, each after its heading where there are headings.
    """
    cells = [[clean(cell) for cell in row] for row in ([headings, *rows] if headings else rows)]
    widths = _widths(cells)
    beside = _beside(widths, columns)
    lines: list[str] = []
    for at, row in enumerate(cells):
        if len(row) == len(widths) == beside:
            lines += _with_last(row, widths, columns)
            continue
        count = beside if headings else max(beside, _that_fit(row, widths, columns))
        lines += wrapped(_line(row[:count], widths), columns)
        if at or not headings:
            lines += _below(row[count:], headings[count:], min(widths[0] + len(GAP), BELOW, columns // 4), columns)
    return lines


def wrapped(text: str, columns: int) -> list[str]:
    """The line in rows of so many columns, broken between words; its indentation stays that of the first row.

    A word longer than a row is broken where it must be; a path or a URL is left whole, for the terminal to wrap, so
    that it is copied without a line end.
    """
    columns = max(columns, 1)
    if get_cwidth(text) <= columns:
        return [text]
    start = text[: len(text) - len(text.lstrip(" "))]
    rows, row, width = [], start, len(start)
    for gap, word in _words(text[len(start) :]):
        long = get_cwidth(word)
        if row.strip() and width + len(gap) + long > columns:
            rows.append(row)
            row, width = "", 0
        elif row.strip():
            row, width = row + gap, width + len(gap)
        while width + long > columns and not _is_place(word):
            piece = _beginning(word, columns - width) or word[:1]  # one letter at least, so that it comes to an end
            rows.append(row + piece)
            row, width, word = "", 0, word[len(piece) :]
            long = get_cwidth(word)
        row, width = row + word, width + long
    return [*rows, row] if row.strip() or not rows else rows


def cut(line: str, columns: int) -> str:
    """The line, or as much of it as there is room for, with a mark; the mark alone where there is no room for more."""
    return line if get_cwidth(line) <= columns else _beginning(line, columns - 1) + "…"


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    """What each column takes. A row that is shorter than others ends in a cell that takes no part in that."""
    count = max(map(len, cells), default=0)
    full = [row if len(row) == count else row[:-1] for row in cells]
    return [max((get_cwidth(row[at]) for row in full if at < len(row)), default=0) for at in range(count)]


def _beside(widths: Sequence[int], columns: int) -> int:
    """How many columns stand side by side: all, where the last of them has room to wrap in, and one at least."""
    left = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    if columns - left >= min(widths[-1] if widths else 0, LAST_COLUMN):
        return len(widths)
    count = len(widths) - 1
    while count > 1 and sum(widths[:count]) + len(GAP) * (count - 1) > columns:
        count -= 1
    return count


def _that_fit(row: Sequence[str], widths: Sequence[int], columns: int) -> int:
    """How many cells of this row there is room for, though other rows are longer."""
    count = len(row)
    while count > 1 and get_cwidth(_line(row[:count], widths)) > columns:
        count -= 1
    return count


def _with_last(row: Sequence[str], widths: Sequence[int], columns: int) -> list[str]:
    left = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    first, *more = wrapped(row[-1], columns - left)
    return [_line([*row[:-1], first], widths), *(" " * left + text.lstrip() for text in more)]


def _below(cells: Sequence[str], headings: Sequence[str], indent: int, columns: int) -> Iterator[str]:
    """Each cell on a row of its own; with headings they go on after each other, so that many are few rows."""
    named = [f"{name} {cell}" for name, cell in zip(headings, cells, strict=False) if cell]
    for text in [" · ".join(named)] if headings else cells:
        for row in wrapped(text, columns - indent) if text else ():
            yield " " * indent + row


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - get_cwidth(cell)) for cell, width in zip(row[:-1], widths, strict=False)]
    return GAP.join([*padded, *row[-1:]]).rstrip()


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words with the blanks before them."""
    gap = ""
    for word in text.split(" "):
        if word:
            yield gap, word
            gap = ""
        gap += " "


def _is_place(word: str) -> bool:
    return "://" in word or word.startswith(("/", "~/", "./")) or word[1:3] == ":\\"


def _beginning(text: str, columns: int) -> str:
    """As many letters as there is room for in so many columns."""
    width = 0
    for at, char in enumerate(text):
        width += get_cwidth(char)
        if width > columns:
            return text[:at]
    return text
