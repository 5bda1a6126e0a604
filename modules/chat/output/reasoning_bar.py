"""A bar beside reasoning, and beside other text that is not the answer."""

from modules.chat.looks.theme import Theme
from modules.chat.markdown.wrap import PLAIN, QUIET, Row, to_ansi, wrap

BAR = "│ "


def barred(line: str, columns: int, theme: Theme | None) -> str:
    """A line in rows with the bar, for the terminal."""
    return "".join(to_ansi(row, theme) + "\n" for row in barred_rows(line, columns))


def barred_rows(line: str, columns: int) -> list[Row]:
    """The same as rows that are not drawn yet."""
    return [[(BAR, QUIET), *row] for row in wrap([(line, PLAIN)], max(1, columns - len(BAR)))]
