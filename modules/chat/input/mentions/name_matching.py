"""Finding a few of very many names by some of their letters: in small steps, so that no key waits for a thread."""

import re
from collections.abc import Iterator

MOST = 100  # names that are found
LOOKED_AT = 2_000  # of a kind of fit, from which the shortest are taken
STEP = 2_000  # names that are looked through at once: a millisecond in which no other thread has its turn


class Names:
    """Names in the order in which they came; none holds a line end."""

    def __init__(self, names: list[str]) -> None:
        self.all = names
        self._steps: list[tuple[str, str]] = []  # the names as they are, and in small letters, each in a row
        for at in range(0, len(names), STEP):
            text = "\n".join(names[at : at + STEP])
            small = text.lower()
            self._steps.append((text, small if len(small) == len(text) else text))
        self._narrowed: tuple[str, Names] | None = None  # what was typed last, and all that fits it

    def like(self, typed: str) -> list[str]:
        """Those that fit best, best first: by their beginning, their last part's, a word's, a middle, strewn letters.

        What fits equally well is in order of depth and length. Nothing typed stands for what is at the top.
        """
        if not typed:
            return sorted((one for one in self.all if one.find("/") in (-1, len(one) - 1)), key=str.lower)[:MOST]
        typed = typed.lower()
        narrowed = self._narrowed
        if narrowed is not None and typed.startswith(narrowed[0]) and typed != narrowed[0]:
            return narrowed[1].like(typed)
        found: dict[str, None] = {}
        for pattern in _exact(typed):
            fitting = [name for name in self._matching(pattern, typed) if name not in found]
            found |= dict.fromkeys(sorted(fitting, key=_near)[: MOST - len(found)])
            if len(found) >= MOST:
                return list(found)
        # Possessive, so that a row that does not fit is gone through once and never tried again.
        strewn = "".join(rf"[^\n{re.escape(letter)}]*+{re.escape(letter)}" for letter in typed)
        fitting = list(self._matching(re.compile(rf"^{strewn}", re.M), ""))
        if len(fitting) < LOOKED_AT:  # it is all that may fit when more is typed
            self._narrowed = typed, Names(fitting)
        found |= dict.fromkeys(sorted((name for name in fitting if name not in found), key=_near))
        return list(found)[:MOST]

    def _matching(self, pattern: re.Pattern[str], needed: str) -> Iterator[str]:
        """The names that the pattern is found in, which are only those with the `needed` letters in a row."""
        left = LOOKED_AT
        for text, small in self._steps:
            at = 0
            while needed in small and (match := pattern.search(small, at)) is not None:
                start = small.rfind("\n", 0, match.end()) + 1
                end = small.find("\n", match.end())
                end = len(small) if end < 0 else end
                yield text[start:end]
                at = end
                if not (left := left - 1):
                    return


def _exact(typed: str) -> Iterator[re.Pattern[str]]:
    exact = re.escape(typed)
    yield re.compile(rf"^{exact}", re.M)
    yield re.compile(rf"/{exact}[^/\n]*/?$", re.M)
    yield re.compile(rf"[/_.\- ]{exact}")
    yield re.compile(exact)


def _near(name: str) -> tuple[int, int, str]:
    return name.rstrip("/").count("/"), len(name), name
