"""Two texts as one, with the words that differ marked: told apart without colours too, and bounded in its work."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import Literal

from prompt_toolkit.utils import get_cwidth

from modules.chat.looks.theme import Theme, colored
from modules.chat.output.layout import wrapped
from modules.text.sanitize import clean

Change = Literal["same", "removed", "added"]
Piece = tuple[Change, str]
WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 20_000  # of each text; longer ones are compared by lines
MOST_STEPS = 3_000_000  # of comparing, about half a second; what is not reached counts as changed
STRUCK, UNDERLINED, PLAIN = "\x1b[9m", "\x1b[4m", "\x1b[0m"


def difference(before: str, now: str, columns: int, theme: Theme | None) -> str:
    """Both texts as rows: struck and underlined, or `[-before-]` and `{+now+}` where there is no theme."""
    pieces = [(change, clean(text)) for change, text in differences(before, now)]
    if theme is None:
        marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
        marked = "".join(marks[change].format(text) for change, text in pieces)
        return "".join(f"{row}\n" for line in marked.split("\n") for row in wrapped(line, columns))
    return "".join(_styled(row, theme) + "\n" for row in _rows(pieces, columns))


def differences(before: str, now: str) -> Iterator[Piece]:
    """Pieces of both texts in their order: without those "removed" they are `now`, without those "added" `before`."""
    one, other = WORD.findall(before), WORD.findall(now)
    if max(len(one), len(other)) > MOST_WORDS:
        one, other = before.splitlines(keepends=True), now.splitlines(keepends=True)
    yield from _phrases(_compared(one, other))


def _compared(one: Sequence[str], other: Sequence[str]) -> Iterator[Piece]:
    """What differs, by the longest runs in common; as `difflib` does it, but with an end."""
    matcher = difflib.SequenceMatcher(str.isspace, one, other)
    index: dict[str, list[int]] = vars(matcher)["b2j"]
    steps = [0, *accumulate(1 + len(index.get(piece, ())) for piece in one)]  # that a search takes, up to each place
    left, waiting = MOST_STEPS, [(0, len(one), 0, len(other))]
    runs: list[tuple[int, int, int]] = []
    while waiting:
        start, end, begin, until = waiting.pop()
        left -= steps[end] - steps[start]
        if left < 0 or start == end or begin == until:
            continue
        run = matcher.find_longest_match(start, end, begin, until)
        if run.size:
            runs.append((run.a, run.b, run.size))
            waiting += [(start, run.a, begin, run.b), (run.a + run.size, end, run.b + run.size, until)]
    at_one = at_other = 0
    for in_one, in_other, size in [*sorted(runs), (len(one), len(other), 0)]:
        yield "removed", "".join(one[at_one:in_one])
        yield "added", "".join(other[at_other:in_other])
        at_one, at_other = in_one + size, in_other + size
        yield "same", "".join(other[in_other:at_other])


def _phrases(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same with changes that only a blank divides taken as one: phrases read better than single words."""
    removed = added = blank = ""
    for change, text in pieces:
        if not text:
            continue
        if change == "same" and text.isspace() and "\n" not in text and (removed or added) and not blank:
            blank = text
        elif change == "same":
            yield from _both(removed, added)
            removed = added = ""
            yield "same", blank + text
            blank = ""
        else:
            removed, added, blank = removed + blank, added + blank, ""
            removed, added = (removed + text, added) if change == "removed" else (removed, added + text)
    yield from _both(removed, added)
    if blank:
        yield "same", blank


def _both(removed: str, added: str) -> Iterator[Piece]:
    if removed:
        yield "removed", removed
    if added:
        yield "added", added


def _rows(pieces: Iterable[Piece], columns: int) -> Iterator[list[Piece]]:
    """The pieces in rows of so many columns, broken between words."""
    row: list[Piece] = []
    width = 0
    for change, text in pieces:
        for word in _pieces_of_lines(text, columns):
            room = get_cwidth(word)
            if word == "\n" or (width + room > columns and row):
                yield row
                row, width = [], 0
            if word != "\n" and (row or not word.isspace() or width == 0):
                row.append((change, word))
                width += room
    yield row


def _pieces_of_lines(text: str, columns: int) -> Iterator[str]:
    """Line ends, blanks and words; a word that is wider than a row in parts."""
    for word in re.findall(r"\n|[^\S\n]+|\S+", text):
        if get_cwidth(word) <= columns:
            yield word
            continue
        part = ""
        for letter in word:
            if part and get_cwidth(part + letter) > columns:
                yield part
                part = ""
            part += letter
        yield part


def _styled(row: Iterable[Piece], theme: Theme) -> str:
    looks = {"removed": STRUCK, "added": UNDERLINED}
    text = ""
    for change, words in groupby(row, key=lambda piece: piece[0]):
        joined = "".join(word for _, word in words)
        if change == "same":
            text += joined
        else:
            text += colored(f"{looks[change]}{joined}{PLAIN}", change, theme)
    return text
