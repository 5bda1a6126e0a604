"""A row of a list as it is drawn: a pointer, a mark, and text in pieces that take no more room than there is."""

import textwrap
from collections.abc import Iterable, Sequence

from msgspec import Struct
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from modules.chat.output.layout import cut
from modules.text.sanitize import clean

GAP = 2


class Line(Struct):
    """A row: its text in pieces, a mark before it, and the style of all of it.

    `below` is its second line, in lists whose rows have two.
    """

    text: StyleAndTextTuples
    mark: str = " "
    style: str = ""
    below: StyleAndTextTuples = []

    def drawn(self, columns: int, *, is_selected: bool) -> StyleAndTextTuples:
        """The first line, with the pointer where the row is selected, in so many columns and those of the pointer."""
        style = f"{self.style} class:selected" if is_selected else self.style
        pieces: StyleAndTextTuples = [
            (style, ">" if is_selected else " "),
            (f"{style} class:mark", self.mark),
            (style, " "),
            *((f"{style} {own}", text) for own, text, *_ in self.text),
        ]
        left = columns - sum(get_cwidth(text) for _, text, *_ in self.text)
        return [*pieces, (style, " " * left)] if is_selected and left > 0 else pieces


def fill(text: str, width: int) -> str:
    """Clean text, cut or filled up to exactly this width."""
    text = cut(text, width)
    return text + " " * (width - get_cwidth(text))


def fitted(pieces: StyleAndTextTuples, columns: int) -> StyleAndTextTuples:
    """As much of the pieces as there is room for."""
    shown: StyleAndTextTuples = []
    for style, text, *_ in pieces:
        width = get_cwidth(text)
        if width > columns:
            return [*shown, (style, cut(text, columns))] if columns > 0 else shown
        shown.append((style, text))
        columns -= width
    return shown


def fitting(widths: Sequence[int], columns: int, least: int) -> tuple[int, int]:
    """The width of a first column that takes what is left, `least` of it, and how many of these fit behind it."""
    count, taken = 0, 0
    while count < len(widths) and least + taken + GAP + widths[count] <= columns:
        taken += GAP + widths[count]
        count += 1
    return max(1, columns - taken), count


def in_lines(text: str, columns: int, lines: int, style: str = "", last: bool = False) -> list[StyleAndTextTuples]:
    """Foreign text in so many lines at most: its first ones, or its `last`; a mark stands where something is left out.

    It is cleaned after the blanks of all kinds in it are made one.
    """
    # More than can be shown need not be wrapped: texts may be long, and this happens with each key.
    room = 2 * columns * lines
    text = text.strip()
    text = " ".join((text[-room:] if last else text[:room]).split())
    rows = _wrapped(clean(text), max(1, columns))
    if len(rows) > lines:
        rows = ["…" + rows[-lines][1:], *rows[len(rows) - lines + 1 :]] if last else rows[:lines]
        rows[-1] = rows[-1] if last else cut(rows[-1] + " …", columns)
    return [[(style, cut(row, columns))] for row in rows if lines > 0]


def _wrapped(text: str, columns: int) -> list[str]:
    """Rows of so many columns; where letters are wide, textwrap, which counts letters, would make them too long."""
    if text.isascii():
        return textwrap.wrap(text, columns)
    rows, row, width = [], "", 0
    for word in text.split(" "):
        for piece in _pieces(word, columns):
            taken = get_cwidth(piece)
            if row and width + 1 + taken > columns:
                rows.append(row)
                row, width = "", 0
            row, width = (f"{row} {piece}", width + 1 + taken) if row else (piece, taken)
    return [*rows, row] if row else rows


def _pieces(word: str, columns: int) -> Iterable[str]:
    """The word, in pieces that a row has room for."""
    piece, width = "", 0
    for letter in word:
        taken = get_cwidth(letter)
        if piece and width + taken > columns:
            yield piece
            piece, width = "", 0
        piece, width = piece + letter, width + taken
    yield piece
