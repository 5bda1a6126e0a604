"""Glob patterns over paths: `*` and `?` within a name, `**` for any number of folders, `{a,b}` for either."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import lru_cache

MOST = 64  # patterns that the braces of one may come to

_Step = re.Pattern[str] | None  # None is "**"


class Glob:
    """A pattern for paths with "/", matched name by name. Raises ValueError for one that no path could match."""

    def __init__(self, pattern: str) -> None:
        pattern = pattern.removeprefix("./")
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise ValueError(f'The pattern "{pattern}" leaves the folder: give the folder in "folder".')
        self.hidden = pattern.startswith(".") or any(mark in pattern for mark in ("/.", "{.", ",."))
        self.deep = "**" in pattern.split("/")
        self._alternatives = [_steps(one) for one in _unfolded(pattern)]

    def matches(self, names: Sequence[str]) -> bool:
        """Whether the path with these parts is one that is meant."""
        return any(len(steps) in _reached(steps, tuple(names)) for steps in self._alternatives)

    def reaches(self, folder: Sequence[str]) -> bool:
        """Whether something in that folder can match."""
        return any(min(_reached(steps, tuple(folder)), default=len(steps)) < len(steps) for steps in self._alternatives)


def _steps(pattern: str) -> tuple[_Step, ...]:
    names = [name for name in pattern.split("/") if name not in ("", ".")]
    if names and names[-1] == "**":  # all that is below, and not the folder itself
        names.append("*")
    return tuple(None if name == "**" else re.compile(translate(name)) for name in names)


@lru_cache(maxsize=1000)
def _reached(steps: tuple[_Step, ...], names: tuple[str, ...]) -> frozenset[int]:
    """How many steps may be behind us after these names, one of each way of reading the pattern."""
    if not names:
        return _passing(steps, {0})
    at = _reached(steps, names[:-1])  # known already, of the files beside it
    stay = {step for step in at if step < len(steps) and steps[step] is None}
    ahead = {step + 1 for step in at - stay if step < len(steps) and _fits(steps[step], names[-1])}
    return _passing(steps, stay | ahead)


def _passing(steps: Sequence[_Step], at: Iterable[int]) -> frozenset[int]:
    """These, and what they come to where a "**" stands for no folder at all."""
    reached = set(at)
    for step in sorted(reached):
        while step < len(steps) and steps[step] is None:
            step += 1
            reached.add(step)
    return frozenset(reached)


def _fits(step: _Step, name: str) -> bool:
    return step is not None and step.match(name) is not None


def _unfolded(pattern: str) -> list[str]:
    """The patterns that one with braces stands for; the innermost braces first."""
    done: list[str] = []
    todo = [pattern]
    while todo:
        one = todo.pop(0)
        if found := re.search(r"\{([^{}]*,[^{}]*)\}", one):
            todo += [one[: found.start()] + choice + one[found.end() :] for choice in found[1].split(",")]
        else:
            done.append(one)
        if len(done) + len(todo) > MOST:
            raise ValueError(f"The braces of the pattern come to more than {MOST} patterns.")
    return done
