"""The weights of each issuer, learned from what its answers say they read, and kept across runs in one small file."""

import contextlib
import os
from collections.abc import Sequence
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from modules.llm.dialects import about
from modules.llm.models import Model
from modules.own_files import read_bytes

if TYPE_CHECKING:
    from modules.llm.tokens.lessons import Lesson

KEPT = 24  # lessons of an issuer; the oldest goes
ENOUGH = 4  # after so many, only what was misjudged is a lesson
MISJUDGED = 0.03  # share
LEAST_TOKENS = 40  # by the usual weights; less says little
# A server that leaves the beginning out in silence counts less than it was sent. Tokenizers differ from the usual
# weights by a third at most where those are of another maker's.
LEAST_SHARE = 0.5
LEAST_SHARE_OF_CUTTERS = 0.7
LARGER = 1.25  # times
MOST_SHARE, MOST_BEYOND = 2.5, 60
MOST_ADDED = 1500  # tokens of a prompt that a server adds to each request


class LearnedWeights:
    """What each issuer's tokenizer was found to take. Trouble with the file costs only another lesson.

    The arithmetic is loaded when something is to be counted, which is never before the first prompt.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept: dict[str, list[Lesson]] | None = None
        self._weights: dict[tuple[str, str], tuple[float, ...]] = {}

    def of(self, model: Model) -> tuple[float, ...]:
        """What each of AMOUNTS takes at this model, in tokens."""
        key = (model.issuer, model.id)
        known = self._weights.get(key)
        if known is None:
            from modules.llm.tokens.lessons import GROUP_OF_AMOUNT, factors
            from modules.llm.tokens.usual_weights import usual_weights

            found = factors(self._lessons().get(model.issuer, ()))
            usual = usual_weights(model)
            known = tuple(weight * found[at] for weight, at in zip(usual, GROUP_OF_AMOUNT, strict=True))
            self._weights[key] = known
        return known

    def is_measured(self, model: Model) -> bool:
        """Whether an answer of its issuer has been counted."""
        return bool(self._lessons().get(model.issuer))

    def learn(self, model: Model, amount: Sequence[float], tokens: int, *, whole: bool = True) -> bool:
        """Take note that the model's server counted so many tokens for these amounts; whether that was a lesson.

        They are the `whole` of a request, or what came new in one. A count that cannot be, as of a server that leaves
        out what it was sent or does not count, teaches nothing.
        """
        from modules.llm.tokens.lessons import lesson
        from modules.llm.tokens.usual_weights import usual_weights

        dialect, known = about(model.provider.dialect), self._lessons().get(model.issuer, [])
        one = lesson(amount, usual_weights(model), tokens)
        expected = sum(map(mul, self.of(model), amount))
        least = LEAST_SHARE_OF_CUTTERS if dialect.cuts_in_silence else LEAST_SHARE
        if not dialect.networked or one.usual_total < LEAST_TOKENS or tokens < least * one.usual_total:
            return False
        if dialect.cuts_in_silence and any(
            one.usual_total > LARGER * b.usual_total and tokens <= b.tokens for b in known
        ):
            return False  # much more was sent than then, and no more was counted: its window is full
        if tokens > MOST_SHARE * one.usual_total + (MOST_ADDED if whole else MOST_BEYOND):
            return False
        if len(known) >= ENOUGH and abs(expected / tokens - 1) < MISJUDGED:
            return False
        self._kept = self._read()  # another program may have learned meanwhile
        self._kept[model.issuer] = [*self._kept.get(model.issuer, []), one][-KEPT:]
        self._weights.clear()
        self._write()
        return True

    def forget(self, issuer: str) -> bool:
        """Forget what was learned of this issuer; whether there was anything."""
        self._kept = self._read()
        self._weights.clear()
        if self._kept.pop(issuer, None) is None:
            return False
        self._write()
        return True

    def _lessons(self) -> dict[str, list["Lesson"]]:
        if self._kept is None:
            self._kept = self._read()
        return self._kept

    def _read(self) -> dict[str, list["Lesson"]]:
        if self._path is None:
            return dict(self._kept or {})
        from modules.llm.tokens.lessons import FORM, Lessons

        try:
            kept = msgspec.json.decode(read_bytes(self._path), type=Lessons)
        except (OSError, msgspec.MsgspecError, ValueError):
            return {}
        return kept.issuers if kept.form == FORM else {}

    def _write(self) -> None:
        if self._path is None:
            return
        from modules.llm.tokens.lessons import FORM, Lessons

        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            beside.write_bytes(msgspec.json.encode(Lessons(FORM, self._kept or {})) + b"\n")
            beside.replace(self._path)
