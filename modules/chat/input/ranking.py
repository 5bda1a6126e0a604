"""How well a name fits what was typed of it: whole, by its beginning, by that of a word in it, or by its letters."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Rank = tuple[int, int, int]

_ALIKE = str.maketrans("/", ":")  # provider/model is understood as well as provider:model
BEGINNING: Rank = (1, 0, 0)
NEAR: Rank = (2, 0, 1000)  # the beginning of a word


def rank(typed: str, text: str) -> Rank | None:
    """How well the text fits what was typed, least is best; None where its letters are not all there in order.

    The whole text comes first, then its beginning, the beginning of a word in it, its middle, and last letters
    that are strewn over it, the closest together first.
    """
    typed, text = typed.lower().translate(_ALIKE), text.lower().translate(_ALIKE)
    if text.startswith(typed):
        return int(text != typed), 0, 0
    if typed in text:
        word = re.search(rf"(?<![^\W_]){re.escape(typed)}", text)
        return (2, 0, word.start()) if word else (3, 0, text.index(typed))
    starts = [at for at, letter in enumerate(text) if letter == typed[0]]
    spans = [(end - at, at) for at in starts if (end := _end(typed, text, at)) is not None]
    return (4, *min(spans)) if spans else None


def ranked(typed: str, items: Iterable[tuple[Sequence[str], Item]]) -> list[tuple[Rank, Item]]:
    """The items of which one of the names fits, best first; equals keep their order."""
    found = []
    for names, item in items:
        ranks = [fit for name in names if (fit := rank(typed, name)) is not None]
        if ranks:
            found.append((min(ranks), item))
    return sorted(found, key=lambda pair: pair[0])


def _end(typed: str, text: str, at: int) -> int | None:
    """Where the letters typed have all been met in order, from `at` on; None where they are not."""
    for letter in typed:
        at = text.find(letter, at) + 1
        if not at:
            return None
    return at
