"""What answers teach of a provider's tokenizer: how far the usual weights are off there, for each group of kinds.

A lesson says how many tokens a server counted, and how many the usual weights gave to each group. What is known before
the first is how tokenizers differ: mostly by a factor that all of text shares, by one that scripts other than Latin
share, and by the rest of each group. So a lesson on prose says something of code as well, and little of Chinese.
It is the least-squares estimate under these spreads, one lesson after the other (a Kalman filter without motion).
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from modules.llm.tokens.text_kinds import KINDS
from modules.llm.tokens.usual_weights import AMOUNTS, BESIDE

GROUPS: Mapping[str, tuple[str, ...]] = {
    "words": ("words", "fours", "capitals"),
    "joints": ("camel", "mixed"),
    "digits": ("digits", "digit_pairs", "numbers"),
    "marks": ("marks", "marks_after_words"),
    "blanks": ("lines", "indents", "tabs", "spaces"),
    "accents": ("accents",),
    "cyrillic": ("cyrillic", "greek"),
    "semitic": ("semitic",),
    "indic": ("indic", "other_scripts"),
    "han": ("han",),
    "kana": ("kana",),
    "hangul": ("hangul",),
    "symbols": ("symbols", "wide", "emoji"),
    **{name: (name,) for name in BESIDE},
}
NAMES = tuple(GROUPS)
# By how much of itself each group is off on its own: measured over the tokenizers in usual_weights.py for text. What
# servers add to a request is anywhere between nothing and some hundreds of tokens.
SPREADS = {
    "words": 0.07, "joints": 0.15, "digits": 0.3, "marks": 0.15, "blanks": 0.2, "accents": 0.2, "cyrillic": 0.2,
    "semitic": 0.2, "indic": 0.3, "han": 0.2, "kana": 0.2, "hangul": 0.2, "symbols": 0.2,
    "messages": 0.8, "calls": 0.8, "pictures": 0.4, "reasoning": 1.5, "tools": 0.3, "requests": 12.0,
}  # fmt: skip
COMMON_SPREAD = 0.2  # of all text; of some kinds only so much
COMMON_SHARE = {
    "joints": 0.4, "digits": 0.3, "cyrillic": 0.3, "semitic": 0.3, "indic": 0.3, "han": 0.3, "kana": 0.3,
    "hangul": 0.3, "symbols": 0.3,
}  # fmt: skip
SCRIPTS_SPREAD = {"accents": 0.3, "cyrillic": 0.4, "semitic": 0.5, "indic": 0.6, "kana": 0.25, "hangul": 0.3}
TEXT_GROUPS = frozenset(NAMES[: -len(BESIDE)])
NOISE_SHARE, NOISE_TOKENS = 0.04, 8  # how far a lesson is off although all weights are right
LEAST, MOST = 0.4, 3.0  # a factor beyond these is a server that counts something else
LIMITS = {"requests": (0.0, 150.0), "reasoning": (0.0, 4.0), "messages": (0.0, 6.0), "calls": (0.0, 6.0)}

FORM = 1  # of what is kept; lessons are in units of the usual weights, so it counts up with these

_INDEX = {name: at for at, name in enumerate(NAMES)}
_GROUP_OF = {kind: _INDEX[group] for group, kinds in GROUPS.items() for kind in kinds}
GROUP_OF_AMOUNT = tuple(_GROUP_OF[name] for name in AMOUNTS)
assert set(AMOUNTS) == {*KINDS, *BESIDE}


class Lesson(Struct, frozen=True):
    """So many tokens were counted where the usual weights gave these, by group; groups without any are left out."""

    tokens: int
    usual: dict[str, float]

    @property
    def usual_total(self) -> float:
        return sum(self.usual.values())


class Lessons(Struct, frozen=True):
    """All lessons, by issuer, as they are kept."""

    form: int
    issuers: dict[str, list[Lesson]]


def lesson(amount: Sequence[float], weights: Sequence[float], tokens: int) -> Lesson:
    """What was counted for these amounts, of which the usual weights are these."""
    usual = [0.0] * len(NAMES)
    for at, much, weight in zip(GROUP_OF_AMOUNT, amount, weights, strict=True):
        usual[at] += much * weight
    return Lesson(tokens, {name: round(much, 1) for name, much in zip(NAMES, usual, strict=True) if much})


def _prior() -> list[list[float]]:
    """The covariance of the groups' factors before any lesson."""
    common = [COMMON_SPREAD * COMMON_SHARE.get(name, 1.0) if name in TEXT_GROUPS else 0.0 for name in NAMES]
    scripts = [SCRIPTS_SPREAD.get(name, 0.0) for name in NAMES]
    return [
        [common[i] * common[j] + scripts[i] * scripts[j] + (SPREADS[NAMES[i]] ** 2 if i == j else 0.0) for j in _RANGE]
        for i in _RANGE
    ]


_RANGE = range(len(NAMES))


def factors(lessons: Iterable[Lesson]) -> tuple[float, ...]:
    """What the usual weights of each group are to be multiplied with, by these lessons; all 1 where there is none."""
    means, spread = [1.0] * len(NAMES), _prior()
    for one in lessons:
        usual = [one.usual.get(name, 0.0) for name in NAMES]
        carried = [sum(cell * much for cell, much in zip(row, usual, strict=True) if much) for row in spread]
        noise = (NOISE_SHARE * one.tokens) ** 2 + NOISE_TOKENS**2
        total = sum(much * cell for much, cell in zip(usual, carried, strict=True)) + noise
        missed = one.tokens - sum(much * mean for much, mean in zip(usual, means, strict=True))
        gains = [cell / total for cell in carried]
        means = [mean + gain * missed for mean, gain in zip(means, gains, strict=True)]
        spread = [
            [cell - gain * other for cell, other in zip(row, carried, strict=True)]
            for row, gain in zip(spread, gains, strict=True)
        ]
    return tuple(_within(name, mean) for name, mean in zip(NAMES, means, strict=True))


def _within(name: str, factor: float) -> float:
    least, most = LIMITS.get(name, (LEAST, MOST))
    return min(max(factor, least), most)
