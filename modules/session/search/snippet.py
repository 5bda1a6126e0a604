"""A line of a message around the words that were looked for, with the places of these."""

import re
from collections.abc import Iterator, Sequence

from modules.session.search.expression import LEAST_PART
from modules.session.search.folding import LETTER, folded, folded_with_places, is_spaceless, pieces
from modules.session.search.query import Term

WIDTH, BEFORE = 160, 40  # characters of a snippet, and of those what stands before the first word that is marked
PIECE_CHARS = 4_000
MOST_SPANS = 200  # places in one message of which the best is chosen
CUT = "…"

Mark = tuple[int, int]  # from, until


def snippet(text: str, terms: Sequence[Term]) -> tuple[str, tuple[Mark, ...]]:
    """The line, blanks made one, and what is to be marked in it; the beginning of the text where nothing is."""
    spans = _spans(text, terms)
    start, end = _window(text, spans)
    return _line(text, start, end, [(first, last) for first, last, _ in spans if start <= first and last <= end])


def _spans(text: str, terms: Sequence[Term]) -> list[tuple[int, int, int]]:
    """Where the terms stand in the text, and which of them it is, in order."""
    patterns = [re.compile(_pattern(term)) for term in terms]
    spans: list[tuple[int, int, int]] = []
    offset = 0
    for piece in pieces(text, PIECE_CHARS) if patterns else ():
        plain = folded(piece)
        if any(pattern.search(plain) for pattern in patterns):
            spans += ((offset + start, offset + end, which) for start, end, which in _in_piece(piece, patterns))
        if len(spans) >= MOST_SPANS:
            break
        offset += len(piece)
    return _apart(sorted(spans))


def _in_piece(piece: str, patterns: Sequence["re.Pattern[str]"]) -> Iterator[tuple[int, int, int]]:
    plain, places = folded_with_places(piece)
    for which, pattern in enumerate(patterns):
        for found in pattern.finditer(plain):
            start, last = places[found.start("found")], places[found.end("found") - 1]
            # A letter may be folded to several, and an accent behind one is a part of it.
            end = next((at for at in places[found.end("found") :] if at > last), len(piece))
            yield start, end, which


def _pattern(term: Term) -> str:
    """An expression for folded text in which `found` are the words as a search finds them; the farthest it reaches."""
    words = f"(?:(?!{LETTER}).)+".join(map(re.escape, term.words))
    first, last = term.words[0], term.words[-1]
    is_part = not term.whole and len(term.words) == 1 and len(last) >= LEAST_PART
    before = "" if is_part or is_spaceless(first) else f"(?<!{LETTER})"
    may_go_on = not term.whole and len(last) > 1
    after = "" if may_go_on or is_spaceless(last) else f"(?!{LETTER})"
    return f"(?s){before}(?P<found>{words}){after}"


def _apart(spans: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Without those that begin inside another."""
    kept: list[tuple[int, int, int]] = []
    for span in spans:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _window(text: str, spans: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """From where to where the line goes: around the place with the most of the terms, the first of such places."""
    best, most = 0, 0
    for at, (first, _, _) in enumerate(spans):
        near = {which for start, end, which in spans[at : at + 20] if end <= first + WIDTH - BEFORE}
        if len(near) > most:
            best, most = first, len(near)
    start = max(0, best - BEFORE)
    if start and (blank := re.search(r"\s", text[start:best])):
        start += blank.end()
    end = min(len(text), start + WIDTH)
    end = max([end, *(last for first, last, _ in spans if first < end < last <= first + WIDTH)])
    if end < len(text) and (blank := re.search(r"\s\S*$", text[max(best, end - 20) : end])):
        end = max(best, end - 20) + blank.start()
    return start, end


def _line(text: str, start: int, end: int, marks: Sequence[Mark]) -> tuple[str, tuple[Mark, ...]]:
    """The piece as one line, and where its marks are then."""
    line = CUT if start else ""
    places: dict[int, int] = {}
    for at in range(start, end):
        places[at] = len(line)
        if not text[at].isspace():
            line += text[at]
        elif line and not line[-1].isspace():
            line += " "
    places[end] = len(line)
    line = line if end >= len(text) else line.rstrip() + CUT
    return line, tuple((places[first], min(places[last], len(line))) for first, last in marks)
