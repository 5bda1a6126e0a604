"""A line of a message around the words that were looked for, with the places of these."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from modules.session.search.expression import LEAST_PART
from modules.session.search.folding import LETTER, folded, folded_with_places, is_spaceless, pieces
from modules.session.search.query import Term

WIDTH, BEFORE = 160, 40  # characters of a snippet, and of those what stands before the first word that is marked
PIECE_CHARS = 4_000
MOST_SPANS = 200  # places in one message of which the best is chosen
NEAR = 20  # of these places that are looked at behind each
CUT = "…"

_blanks = re.compile(r"\s+")

Mark = tuple[int, int]  # from, until


def snippet(text: str, terms: Sequence[Term]) -> tuple[str, tuple[Mark, ...]]:
    """The line, blanks made one, and what is to be marked in it; the beginning of the text where nothing is."""
    spans = _spans(text, terms)
    start, end = _window(text, spans)
    return _line(text, start, end, [(one.start, one.end) for one in spans if start <= one.start and one.end <= end])


class _Span(NamedTuple):
    """A place in the text, which of the terms it is, and whether it is words and not a part of one."""

    start: int
    end: int
    which: int
    exact: bool


def _spans(text: str, terms: Sequence[Term]) -> list[_Span]:
    """Where the terms stand in the text, in order."""
    patterns = [re.compile(_pattern(term)) for term in terms]
    spans: list[_Span] = []
    offset = 0
    for piece in pieces(text, PIECE_CHARS) if patterns else ():
        plain = folded(piece)
        if any(pattern.search(plain) for pattern in patterns):
            spans += _in_piece(piece, offset, patterns)
        if len(spans) >= MOST_SPANS:
            break
        offset += len(piece)
    return _apart(sorted(spans))


def _in_piece(piece: str, offset: int, patterns: Sequence["re.Pattern[str]"]) -> Iterator[_Span]:
    plain, places = folded_with_places(piece)
    for which, pattern in enumerate(patterns):
        for found in pattern.finditer(plain):
            start, last = places[found.start("found")], places[found.end("found") - 1]
            # A letter may be folded to several, and an accent behind one is a part of it.
            end = next((at for at in places[found.end("found") :] if at > last), len(piece))
            is_exact = found["before"] is None and found["after"] is None
            yield _Span(offset + start, offset + end, which, is_exact)


def _pattern(term: Term) -> str:
    """An expression for folded text in which `found` are the words as a search finds them; the farthest it reaches."""
    words = f"(?:(?!{LETTER}).)+".join(map(re.escape, term.words))
    first, last = term.words[0], term.words[-1]
    is_part = not term.whole and len(term.words) == 1 and len(last) >= LEAST_PART
    before = "" if is_part or is_spaceless(first) else f"(?<!{LETTER})"
    may_go_on = not term.whole and len(last) > 1
    after = "" if may_go_on or is_spaceless(last) else f"(?!{LETTER})"
    inside = f"(?:(?<={LETTER})(?P<before>))?", f"(?:(?={LETTER})(?P<after>))?"
    return f"(?s){before}{inside[0]}(?P<found>{words}){inside[1]}{after}"


def _apart(spans: Sequence[_Span]) -> list[_Span]:
    """Without those that begin inside another."""
    kept: list[_Span] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _window(text: str, spans: Sequence[_Span]) -> tuple[int, int]:
    """From where to where the line goes: around the place with the most of the terms, the first of such places."""
    best, most = 0, 0
    for at, span in enumerate(spans):
        near = [one for one in spans[at : at + NEAR] if one.end <= span.start + WIDTH - BEFORE]
        worth = len({one.which for one in near}) + len({one.which for one in near if one.exact})
        if worth > most:
            best, most = span.start, worth
    start = max(0, best - BEFORE)
    if start and (blank := re.search(r"\s", text[start:best])):
        start += blank.end()
    end = min(len(text), start + WIDTH)
    end = max([end, *(one.end for one in spans if one.start < end < one.end <= one.start + WIDTH)])
    if end < len(text) and (blank := re.search(r"\s\S*$", text[max(best, end - 20) : end])):
        end = max(best, end - 20) + blank.start()
    return start, end


def _line(text: str, start: int, end: int, marks: Sequence[Mark]) -> tuple[str, tuple[Mark, ...]]:
    """The piece as one line, and where its marks are then."""
    line, placed, at = CUT if start else "", [], start
    for first, last in marks:
        line = _added(line, text[at:first])
        before, at = len(line), last
        line = _added(line, text[first:last])
        placed.append((before, len(line)))
    line = _added(line, text[at:end])
    return line if end >= len(text) else line.rstrip() + CUT, tuple(placed)


def _added(line: str, piece: str) -> str:
    """The line with a piece behind it, all blanks in a row made one, and none at the beginning."""
    piece = _blanks.sub(" ", piece)
    return line + (piece.removeprefix(" ") if not line or line[-1] in f" {CUT}" else piece)
