"""Styled text as plain lists: measure it, break it into rows, turn a row into terminal bytes."""

import re
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from rich.cells import cell_len, split_graphemes
from rich.color import Color, ColorSystem, ColorType
from rich.style import Style

from modules.chat.looks.theme import MARKS, Theme, nearest

Span = tuple[str, Style]
Row = list[Span]

PLAIN = Style.null()


def styled(role: str, *, bold: bool = False, dim: bool = False, underline: bool = False) -> Style:
    """The style of a role, to be looked up in the theme when it is drawn, and marks that it has in any theme."""
    color = Color(role, ColorType.STANDARD, 7)  # only its name is ever read
    return Style(color=color, bold=bold or None, dim=dim or None, underline=underline or None)


QUIET = styled("quiet", dim=True)
_MARKS = {mark: Style.parse({"faint": "dim"}.get(mark, mark)) for mark in MARKS}

# Ideographs and kana may be broken anywhere, except before closing punctuation; other words at spaces only.
_WIDE = "\u1100-\u115f\u2e80-\u2fff\u3041-\u33ff\u3400-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff"
_WIDE += "\U00020000-\U0003fffd"
_CLOSING = "\u3001-\u3003\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
_TOKEN = re.compile(f"\n|[ \t]+|[{_WIDE}][{_CLOSING}]*|[^ \t\n{_WIDE}]+")
_LONG = 40  # columns: what is longer than this and than the row is no word but something to click or to copy
_ENDLESS = 2000  # and no more than this of it is kept together
_BREAKS_ANYWHERE = re.compile(f"[{_WIDE}]")


def cells(text: str) -> int:
    """Columns that `text` takes on the screen."""
    return len(text) if text.isascii() else cell_len(text)


def row_cells(row: Row) -> int:
    return sum(cells(text) for text, _ in row)


def widest_line(row: Row) -> int:
    """Columns of text with hard breaks in it."""
    return max(map(cells, "".join(text for text, _ in row).split("\n")))


def longest_word(row: Row) -> int:
    """Columns of the longest part of a text that `wrap` would keep together."""
    return max(map(cells, _TOKEN.findall("".join(text for text, _ in row))), default=0)


def append(row: Row, text: str, style: Style) -> None:
    """Add text to a row, joining it to the last span when the style is the same."""
    if row and row[-1][1] is style:
        row[-1] = (row[-1][0] + text, style)
    elif text:
        row.append((text, style))


def chop(text: str, width: int) -> list[str]:
    """Cut text into pieces of at most `width` columns, never inside a grapheme."""
    if text.isascii():
        return [text[at : at + width] for at in range(0, len(text), width)]
    pieces: list[str] = []
    start = used = 0
    for begin, _, size in split_graphemes(text)[0]:
        if used and used + size > width:
            pieces.append(text[start:begin])
            start, used = begin, 0
        used += size
    pieces.append(text[start:])
    return pieces


class _Wrapper:
    """Fills rows word by word; a word may consist of several spans."""

    def __init__(self, width: int, whole: bool) -> None:
        self.width = width
        self.whole = whole
        self.rows: list[Row] = []
        self.row: Row = []
        self.used = 0
        self.gap: Row = []
        self.word: Row = []

    def end_word(self) -> None:
        if not self.word:
            return
        gap = row_cells(self.gap) if self.used and self.gap else 0
        size = cells(self.word[0][0]) if len(self.word) == 1 else row_cells(self.word)
        if self.used and self.used + gap + size > self.width:
            self.end_row()
        elif gap:
            for text, style in self.gap:
                append(self.row, text, style)
            self.used += gap
        if size > self.width and self.whole and self._goes_out_whole(size):
            self.row += self.word
            self.used += size
        else:
            for text, style in self.word:
                self.place(text, style)
        self.gap, self.word = [], []

    def _goes_out_whole(self, size: int) -> bool:
        """Whether the terminal is to wrap this one: only then is it one URL to click, and copied as it was written."""
        word = "".join(text for text, _ in self.word)
        return size <= _ENDLESS and ("://" in word or (size > _LONG and word.isascii()))

    def place(self, text: str, style: Style) -> None:
        size = cells(text)
        if self.used + size <= self.width:
            append(self.row, text, style)
            self.used += size
            return
        pieces = chop(text, self.width)
        if self.used:  # the rest of a word that is longer than a row
            head = chop(text, max(1, self.width - self.used))[0]
            if self.used + cells(head) <= self.width:
                pieces = [head, *chop(text[len(head) :], self.width)]
        for piece in filter(None, pieces):
            if self.used and self.used + cells(piece) > self.width:
                self.end_row()
            append(self.row, piece, style)
            self.used += cells(piece)

    def end_row(self) -> None:
        self.rows.append(self.row)
        self.row, self.used = [], 0


def wrap(spans: Iterable[Span], width: int, *, whole: bool = False) -> list[Row]:
    """Break spans into rows of at most `width` columns; a newline in a span is a hard break.

    A URL that is longer than a row goes out `whole`, as a row of its own that the terminal wraps.
    """
    out = _Wrapper(max(1, width), whole)
    for text, style in spans:
        for token in _TOKEN.findall(text):
            if token == "\n":
                out.end_word()
                out.end_row()
                out.gap = []
            elif token[0] in " \t":
                out.end_word()
                out.gap.append((token.replace("\t", " "), style))
            elif _BREAKS_ANYWHERE.match(token):
                out.end_word()
                out.word.append((token, style))
                out.end_word()
            else:
                out.word.append((token, style))
    out.end_word()
    return [*out.rows, out.row]


def to_ansi(row: Row, theme: Theme | None, links: bool = False) -> str:
    """The bytes that draw a row; without colour only attributes such as bold remain."""
    return "".join(_drawn(text, style, theme, links) for text, style in row)


def _drawn(text: str, style: Style, theme: Theme | None, links: bool) -> str:
    uri, style = style.link, style.update_link(None) if style.link else style
    drawn = themed(style, theme).render(text, color_system=ColorSystem.TRUECOLOR)
    if not (uri and links and text):
        return drawn
    # One id for one target: a terminal then takes the parts of a link that was broken into rows for one.
    return f"\x1b]8;id={crc32(uri.encode()):x};{uri}\x1b\\{drawn}\x1b]8;;\x1b\\"


@lru_cache(maxsize=512)
def themed(style: Style, theme: Theme | None) -> Style:
    """The style as the theme has the role that it names; without any colour where there is no theme."""
    plain = style.without_color
    if theme is None or style.color is None:
        return plain
    look = theme.look(style.color.name)
    for mark in look.marks:
        plain += _MARKS[mark]
    if not look.color:
        return plain
    if look.color.startswith("#") and theme.true_color:
        color = Color.parse(look.color)
    else:
        color = Color.from_ansi(int(look.color) if look.color.isdecimal() else nearest(look.color))
    # What has a colour from the theme is not faint as well, unless the theme says so.
    return plain + Style(color=color, dim=None if "faint" in look.marks else False)
