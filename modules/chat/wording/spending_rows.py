"""Sums of what was spent as rows of a table, each with a bar that shows its share."""

from collections.abc import Sequence

from modules.chat.wording.model_summary import compact
from modules.chat.wording.phrases import dollars, total
from modules.session.spending import By, Sum

HEADINGS = ("requests", "input", "cached", "output", "reasoning", "cost", "")
BAR_COLUMNS = 20
NAME_CHARS = 40
EIGHTHS = " ▏▎▍▌▋▊▉█"


def headings(by: By) -> tuple[str, ...]:
    """The words above the columns."""
    return ("conversation" if by == "session" else by, *HEADINGS)


def rows(sums: Sequence[Sum], *, plain: bool, partial: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """A row for each sum. `partial` are the keys of those of which some was not counted to the end.

    The bars show dollars, or tokens where nothing has cost anything.
    """
    by_cost = any(one.cost for one in sums)
    largest = max((_measure(one, by_cost) for one in sums), default=0)
    return [
        (
            _shortened(one.name),
            str(one.requests),
            *(compact(n) for n in (one.usage.input, one.usage.cache_read, one.usage.output, one.usage.reasoning)),
            _cost(one, partial=one.key in partial),
            _bar(_measure(one, by_cost), largest, plain=plain),
        )
        for one in sums
    ]


def sum_of_all(sums: Sequence[Sum], *, partial: bool = False) -> tuple[str, ...]:
    """The last row: how many requests, and what all of it cost."""
    cost, uncosted = sum(one.cost for one in sums), sum(one.uncosted for one in sums)
    return ("all", str(sum(one.requests for one in sums)), "", "", "", "", _words(cost, uncosted, partial=partial), "")


def _cost(one: Sum, *, partial: bool) -> str:
    return _words(one.cost, one.uncosted, partial=partial)


def _words(cost: float, uncosted: int, *, partial: bool) -> str:
    return total([cost, *([None] if uncosted else [])], partial=partial) or dollars(0)


def _measure(one: Sum, by_cost: bool) -> float:
    return one.cost if by_cost else one.tokens


def _bar(value: float, largest: float, *, plain: bool) -> str:
    """A bar in eighths of a column; what is more than nothing is seen."""
    if not value or not largest:
        return ""
    if plain:
        return "#" * max(1, round(BAR_COLUMNS * value / largest))
    eighths = max(1, round(8 * BAR_COLUMNS * value / largest))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_CHARS else name[: NAME_CHARS - 1] + "…"
