"""What was spent, beside the limits of the settings: by a conversation in this run, today, and in this month."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from modules.daemon_thread import in_thread
from modules.session.conversation import Conversation
from modules.session.counting import prices
from modules.session.spending import Spending
from modules.settings.declarations import BudgetSettings

Period = Literal["session", "day", "month"]
NEARLY = 0.8  # of a limit, from which on the bar warns
STEP = 0.1  # of a limit: who has agreed to more is asked again after as much
WORDS: dict[Period, str] = {"session": "This conversation", "day": "Today", "month": "This month"}


class Use(Struct, frozen=True):
    """Dollars that were spent of a limit, as far as prices are known."""

    period: Period
    spent: float
    limit: float

    def __str__(self) -> str:
        return f"{WORDS[self.period]} has cost {dollars(self.spent)} of {dollars(self.limit)}."


class Budget:
    """The limits in force. Sums of all conversations are read from `since` (seconds since 1970) on, in a thread.

    Between two readings, what this conversation has spent since the last one is added: asking costs next to nothing.
    """

    def __init__(
        self, settings: Callable[[], BudgetSettings], since: Callable[[float], list[Spending]] | None = None
    ) -> None:
        self._settings = settings
        self._since = since
        self._began = self._read_at = time.time()
        self._sums: dict[Period, tuple[float, float]] = {}  # since when, and dollars up to the last reading
        self._agreed: dict[Period, float] = {}

    def uses(self, conversation: Conversation) -> list[Use]:
        """What was spent of each limit that there is."""
        settings = self._settings()
        limits: dict[Period, float] = {"session": settings.session, "day": settings.day, "month": settings.month}
        return [Use(period, self._spent(period, conversation), limit) for period, limit in limits.items() if limit]

    def nearly(self, conversation: Conversation) -> Use | None:
        """The limit that is closest to its end, where one is nearly reached."""
        near = [use for use in self.uses(conversation) if use.spent >= NEARLY * use.limit]
        return max(near, key=lambda use: use.spent / use.limit, default=None)

    def over(self, conversation: Conversation) -> Use | None:
        """A limit that is reached, and that nobody has agreed to go beyond."""
        for use in self.uses(conversation):
            if use.spent >= max(use.limit, self._agreed.get(use.period, 0.0)):
                return use
        return None

    def agree(self, use: Use) -> None:
        """The person goes on: they are asked again after a further tenth of the limit."""
        self._agreed[use.period] = use.spent + STEP * use.limit

    async def refresh(self, conversation: Conversation, *, only_first: bool = False) -> None:
        """Sum up all conversations anew, where a limit needs it. Raises FileProblem where they cannot be read."""
        settings = self._settings()
        if self._since is None or not (settings.day or settings.month) or (only_first and self._sums):
            return
        if conversation.journal is not None:
            await conversation.journal.settled()
        now = time.time()
        starts: dict[Period, float] = {"day": _start("day"), "month": _start("month")}
        spendings = await in_thread(self._read, since=starts["month"])
        self._sums = {
            period: (start, sum(one.spent.cost or 0.0 for one in spendings if one.created >= start))
            for period, start in starts.items()
        }
        self._read_at = now

    def _read(self, since: float) -> list[Spending]:
        prices.load()
        return self._since(since) if self._since is not None else []

    def _spent(self, period: Period, conversation: Conversation) -> float:
        if period == "session":
            return _since(conversation, self._began)
        start, spent = self._sums.get(period, (0.0, 0.0))
        begun = _start(period)
        return (spent if start == begun else 0.0) + _since(conversation, max(self._read_at, begun))


def dollars(amount: float) -> str:
    """An amount that can be told from its limit."""
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.4f}"


def _since(conversation: Conversation, moment: float) -> float:
    """Dollars of the requests of a conversation from a moment on: its last ones."""
    total = 0.0
    pairs = zip(reversed(conversation.spent), reversed(conversation.costs), strict=True)
    for spent, cost in pairs:
        if spent.created < moment:
            break
        total += cost or 0.0
    return total


def _start(period: Period) -> float:
    """When the day or the month began, in local time: what the person lives as one."""
    today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return (today if period == "day" else today.replace(day=1)).timestamp()
