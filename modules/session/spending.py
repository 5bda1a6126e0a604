"""What was spent, summed up: by model, by conversation, by day or by month."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, assert_never, get_args

from msgspec import Struct

from modules.llm.events import Usage
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent

By = Literal["model", "day", "month", "session"]
WAYS: tuple[By, ...] = get_args(By)


class Spending(Struct, frozen=True):
    """One request: what it took, when (seconds since 1970, 0 where not known), and in which conversation."""

    spent: Spent
    conversation: str
    title: str
    created: float


class Sum(Struct, frozen=True):
    """Several requests together. `key` says what they have in common, `name` says it to people.

    `cost` is in dollars, as far as prices are known; `uncosted` counts the requests without a known price.
    """

    key: str
    name: str
    requests: int
    usage: Usage
    cost: float
    uncosted: int

    @property
    def tokens(self) -> int:
        return self.usage.input + self.usage.output


def of_conversation(conversation: Conversation) -> list[Spending]:
    """What this conversation took, in order."""
    title = conversation.title or conversation.first_words
    return [Spending(one, conversation.id, title, one.created) for one in conversation.spent]


def summed(spendings: Iterable[Spending], by: By) -> list[Sum]:
    """Sums by what the requests have in common; days and months in order, all else by cost, the dearest first."""
    groups: dict[str, list[Spending]] = {}
    key = _key(by)
    for one in spendings:
        groups.setdefault(key(one), []).append(one)
    sums = [_sum(name, group, by) for name, group in groups.items()]
    if by in ("day", "month"):
        return sorted(sums, key=lambda one: one.key)
    return sorted(sums, key=lambda one: (-one.cost, -one.tokens, one.name))


def _key(by: By) -> Callable[[Spending], str]:
    match by:
        case "model":
            return lambda one: one.spent.model.full_name
        case "session":
            return lambda one: one.conversation
        case "day":
            return lambda one: _date(one.created, "%Y-%m-%d")
        case "month":
            return lambda one: _date(one.created, "%Y-%m")
        case _:
            assert_never(by)


def _date(created: float, form: str) -> str:
    """Local time: a day is what the person lived as one."""
    return datetime.fromtimestamp(created).strftime(form) if created else "unknown"


def _sum(key: str, group: list[Spending], by: By) -> Sum:
    usage = group[0].spent.usage
    for one in group[1:]:
        usage = usage + one.spent.usage
    costs = [one.spent.cost for one in group]
    known = [cost for cost in costs if cost is not None]
    name = group[-1].title if by == "session" else key
    return Sum(key, name, len(group), usage, sum(known), len(costs) - len(known))
