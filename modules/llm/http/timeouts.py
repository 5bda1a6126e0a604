"""How long an answer is waited for: for its first byte, between two bytes, and for content where only pings come."""

from collections.abc import Callable

from modules.errors import TimedOut
from modules.llm.events import Silence
from modules.llm.models import Provider
from modules.llm.network.local_endpoints import is_near

REPORTED_AFTER = 0.5  # of that time


class Patience:
    """The limits for one answer, all in seconds, as `clock` counts them; 0 for none.

    A near endpoint may take any time for its first byte: it reads a long prompt for as long as its hardware needs
    (cline#9328, oh-my-pi#6524). The provider's `first_byte_timeout` says otherwise.
    """

    def __init__(self, provider: Provider, idle: float, content: float, clock: Callable[[], float]) -> None:
        self._provider = provider
        self._idle = idle
        self._content = content
        self._clock = clock
        self._received = False
        self._last = clock()  # when content came
        self._reported = False
        self._first = provider.first_byte_timeout
        if self._first is None:
            self._first = 0.0 if is_near(provider.base_url) else idle

    @property
    def seconds(self) -> float | None:
        """How long the next bytes may take; None for as long as they need."""
        since = self._clock() - self._last
        if not self._received:
            return max(0.001, self._first - since) if self._first else None
        limits = [self._idle] if self._idle else []
        if self._content:
            limits.append(max(0.001, self._content - since))
        return min(limits, default=None)

    def came(self, content: bool) -> Silence | None:
        """Bytes have come, with content in them or without; the event to show where content is missing for long.

        Raises TimedOut where it has been missing for too long.
        """
        self._received = True
        if content:
            self._last, self._reported = self._clock(), False
            return None
        silent = self._clock() - self._last
        if not self._content or silent < self._content * REPORTED_AFTER:
            return None
        if silent >= self._content:
            raise self.over()
        reported, self._reported = self._reported, True
        return None if reported else Silence(silent, self._content)

    def over(self) -> TimedOut:
        """The error for an answer that is given up. The same request again would be as silent, and cost as much."""
        silent = self._clock() - self._last
        what = "nothing came" if not self._received else "no content came"
        error = TimedOut(
            f"{self._provider.host} was silent for too long: {what} for {silent:.0f} seconds.",
            cure="Ask again.",
        )
        error.retryable = False
        return error
