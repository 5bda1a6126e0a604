"""Where a summary may end: never between a call and its result, and what before that stays word for word."""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from modules.llm.history import refused_turns
from modules.session.node import Messages, Node


class Cut(Struct, frozen=True):
    """A summary of the first `at` messages of a path; of these the ones at `verbatim` stay word for word."""

    at: int
    verbatim: tuple[int, ...]


class Cuts:
    """All cuts of one path, of which `sizes` are the tokens of each message, and `pins` the questions that stay."""

    def __init__(self, path: Sequence[Node], sizes: Sequence[int], pins: Collection[int]) -> None:
        self._path = path
        self._refused = refused_turns(Messages(path))
        self._sizes = sizes
        self.pinned = frozenset(pinned(path, pins))
        self.questions = [at for at, node in enumerate(path) if node.is_question]

    @property
    def refused(self) -> frozenset[int]:
        """The positions of turns that a model refused: nobody is told of them."""
        return self._refused

    def tail(self, at: int) -> int:
        """The tokens of all messages from this position on."""
        return sum(self._sizes[at:])

    def kept(self, cut: Cut) -> int:
        """The tokens that stay word for word."""
        return sum(self._sizes[at] for at in cut.verbatim) + self.tail(cut.at)

    def covered(self, cut: Cut) -> int:
        """The tokens that the summary stands for."""
        return sum(self._sizes[: cut.at]) - sum(self._sizes[at] for at in cut.verbatim)

    def before_question(self, n: int) -> Cut | None:
        """The one that ends before the n-th last question; None where that is not there."""
        return self._cut(self.questions[-n]) if 0 < n <= len(self.questions) else None

    def keeping(self, tokens: int, last_turn: int | None) -> Iterator[Cut]:
        """Cuts that leave the last turns as they are, the one that fits best first, and then such as leave less.

        Turns stay that take up to `tokens`; the last one also if it takes up to `last_turn`, None for any number.
        """
        places = self.questions
        best = next((at for at in places if self.tail(at) <= tokens), None)
        if best is None and places and (last_turn is None or self.tail(places[-1]) <= last_turn):
            best = places[-1]
        within = list(self._within_last_turn())
        if best is None:
            best = next((at for at in within if self.tail(at) <= tokens), within[-1] if within else None)
        if best is None and self._is_answered():
            best = len(self._path)
        if best is not None:
            ends = [len(self._path)] if self._is_answered() else []
            yield from map(self._cut, sorted({at for at in (*places, *within, *ends) if at >= best}))

    def _is_answered(self) -> bool:
        last = self._path[-1] if self._path else None
        return last is not None and last.role == "assistant" and not last.message.calls

    def _within_last_turn(self) -> Iterator[int]:
        """Places in the last turn right after results of tools: it may be a loop that is longer than a window."""
        start = self.questions[-1] if self.questions else 0
        if start in self.pinned:
            return
        for at in range(start + 1, len(self._path)):
            if self._path[at - 1].role == "tool" and self._path[at].role == "assistant":
                yield at

    def _cut(self, at: int) -> Cut:
        stay = {place for place in self.pinned if place < at and place not in self._refused}
        told = [place for place in range(at) if self._path[place].role == "system"]
        stay.update(told[-1:])  # the newest instructions hold on
        if at < len(self._path) and at not in self.questions:
            question = [place for place in self.questions if place < at]
            stay.update(question[-1:])  # a turn that goes on has its question before it
        return Cut(at, tuple(sorted(stay)))


def pinned(path: Sequence[Node], pins: Collection[int]) -> Iterator[int]:
    """The positions of all that belongs to a pinned turn: the question and what follows it, up to the next one."""
    inside = False
    for at, node in enumerate(path):
        if node.is_question:
            inside = node.id in pins
        if inside and node.role != "system":
            yield at
