"""A query as FTS5 takes it: whatever was typed, only letters, digits and quotes of our own come into it."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from msgspec import Struct

from modules.session.search import vocabulary
from modules.session.search.folding import is_spaceless
from modules.session.search.query import ROLES, Query, Term

LEAST_BEGINNING, LEAST_PART = 2, 3  # letters
MOST_WORDS = 1000  # that one part of a word may stand for


class Reach(IntEnum):
    """What a word of a query finds, the nearest first: itself, words that begin so, words that hold it."""

    WORD = 0
    BEGINNING = 1
    PART = 2


class Expression(Struct, frozen=True):
    """`whole` is False where a part stood for so many words that only the shortest of them are looked for."""

    text: str
    whole: bool = True


class Part(Struct, frozen=True):
    """The words that a part of a word stands for, and whether those are all."""

    words: tuple[str, ...] = ()
    whole: bool = True


Parts = Mapping[str, Part]


def parts(query: Query, pieces: Sequence[str]) -> Parts:
    """What the parts of words in a query stand for, by the vocabulary."""
    found = {}
    for term in query.wanted:
        word = term.words[-1]
        if not term.whole and len(term.words) == 1 and len(word) >= LEAST_PART:
            words, whole = vocabulary.containing(pieces, word, MOST_WORDS)
            found[word] = Part(tuple(words), whole)
    return found


def of_messages(query: Query, reach: Reach, parts: Parts) -> Expression:
    """What a message must match."""
    alternatives = [_alternatives(term, reach, parts) for term in query.wanted]
    needed = [f"text : {one.text}" for one in alternatives]
    if query.models:
        found = [_alternatives(term, Reach.BEGINNING, {}).text for term in query.models]
        needed.append(f"model : ({' OR '.join(found)})")
    if query.roles or not needed:
        needed.append(_roles(query.roles or tuple(ROLES)))
    unwanted = [f"text : {_phrase(term.words)}" for term in query.unwanted]
    unwanted += [f"model : {_alternatives(term, Reach.BEGINNING, {}).text}" for term in query.unwanted_models]
    unwanted += [_roles(query.unwanted_roles)] if query.unwanted_roles else []
    return _joined(needed, unwanted, whole=all(one.whole for one in alternatives))


def of_titles(query: Query, reach: Reach, parts: Parts) -> Expression:
    """What a title must match; no words at all where any will do."""
    alternatives = [_alternatives(term, reach, parts) for term in query.wanted]
    unwanted = [_phrase(term.words) for term in query.unwanted]
    return _joined([one.text for one in alternatives], unwanted, whole=all(one.whole for one in alternatives))


def of_unwanted_titles(query: Query) -> str:
    """What a title must not match; "" for nothing."""
    return " OR ".join(f"({_phrase(term.words)})" for term in query.unwanted)


def _joined(needed: Sequence[str], unwanted: Sequence[str], *, whole: bool) -> Expression:
    text = " AND ".join(f"({one})" for one in needed)
    if text and unwanted:
        text = f"({text}) NOT ({' OR '.join(f'({one})' for one in unwanted)})"
    return Expression(text, whole)


def _roles(roles: Iterable[str]) -> str:
    return f"role : ({' OR '.join(map(_phrase, ((role,) for role in roles)))})"


def _alternatives(term: Term, reach: Reach, parts: Parts) -> Expression:
    last = term.words[-1]
    exact = _phrase(term.words)
    if term.whole or reach is Reach.WORD or len(last) < LEAST_BEGINNING or is_spaceless(last):
        return Expression(f"({exact})")
    part = parts.get(last, Part()) if len(term.words) == 1 else Part()
    return Expression(f"({' OR '.join([f'{exact} *', *(_phrase((word,)) for word in part.words)])})", part.whole)


def _phrase(words: Iterable[str]) -> str:
    return f'"{" ".join(words)}"'
