"""What a model costs, in dollars per million tokens."""

from msgspec import Struct

from modules.llm.events import Usage


class Price(Struct, frozen=True, kw_only=True):
    """Dollars per million tokens.

    `until`: the price holds for prompts of up to so many tokens; longer ones cost more, how much is not known here.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    until: int | None = None

    def of(self, usage: Usage) -> float | None:
        """What a request cost, in dollars; None where the prompt was longer than the price is known for."""
        if self.until is not None and usage.input > self.until:
            return None
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        fresh = usage.input - usage.cache_read - usage.cache_write
        cost = fresh * self.input + usage.cache_read * read + usage.cache_write * write + usage.output * self.output
        return cost / 1_000_000
