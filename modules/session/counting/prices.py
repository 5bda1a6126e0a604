"""What a model costs: the catalogue's price, else that of genai-prices once it is loaded, else unknown."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec import Struct

from modules.llm.catalogue.price import Price
from modules.llm.events import Usage
from modules.llm.models import Model

_snapshot: Any = None


def load() -> None:
    """Load the package's prices, which takes a quarter of a second; until then they are unknown. No network is used."""
    global _snapshot
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:  # an installation without it only knows fewer prices
        return
    _snapshot = get_snapshot()


def price_of(model: Model) -> Price | None:
    """Dollars per million tokens; None where the price is unknown."""
    if model.price is not None or _snapshot is None:
        return model.price
    return _looked_up(model.id, model.provider.base_url)


def cost_of(model: Model, usage: Usage) -> float | None:
    """Dollars: what the provider says it charged, else by its price; None where neither is known.

    What needs no key costs nothing.
    """
    if usage.cost is not None:
        return usage.cost
    if (price := price_of(model)) is not None:
        return price.of(usage)
    return 0.0 if model.provider.key_variable is None else None


def is_dated(name: str, id: str) -> bool:
    """Whether `name` is this id, or one dated release of it, and not a sibling that begins alike."""
    return re.fullmatch(re.escape(id) + r"(-\d{4}-?\d{2}-?\d{2})?", name, re.I) is not None


@cache
def _looked_up(id: str, base_url: str) -> Price | None:
    # By address and not by name: another server with a model of that name has its own price.
    try:
        _, found = _snapshot.find_provider_model(id, None, None, base_url)
    except LookupError:
        return None
    if not is_dated(id, found.id):  # the package takes some names for a sibling's
        return None
    return _price(found)


def _price(found: Any) -> Price | None:
    """The price of today; None for one that depends on the hour, or that is not a price per token."""
    if isinstance(found.prices, list) and any(
        type(one.constraint).__name__ not in ("NoneType", "StartDateConstraint") for one in found.prices
    ):
        return None
    price = found.get_prices(datetime.now(UTC))
    tiers: list[int] = []

    def amount(name: str) -> float | None:
        value = getattr(price, name, None)
        if value is not None and hasattr(value, "base"):
            tiers.extend(tier.start for tier in value.tiers)
            value = value.base
        return None if value is None else float(value)

    fresh, out = amount("input_mtok"), amount("output_mtok")
    read, write = amount("cache_read_mtok"), amount("cache_write_mtok")
    if fresh is None or out is None:
        return None
    return Price(input=fresh, output=out, cache_read=read, cache_write=write, until=min(tiers, default=None))


class Spent(Struct, frozen=True):
    """One request's tokens, and the model that took them; `created` is when, in seconds since 1970, 0 if not known."""

    model: Model
    usage: Usage
    created: float = 0.0

    @property
    def cost(self) -> float | None:
        """Dollars; None where the price is unknown. What needs no key costs nothing."""
        return cost_of(self.model, self.usage)


class Costs:
    """What each request of a conversation cost, worked out once: a bar shows their sum at each key."""

    def __init__(self) -> None:
        self._found: list[float | None] = []
        self._prices = _snapshot

    def of(self, spent: Sequence[Spent]) -> list[float | None]:
        """Dollars by request, None where the price is unknown; it is not to be changed."""
        if self._prices is not _snapshot or len(self._found) > len(spent):  # more prices are known by now
            self._found, self._prices = [], _snapshot
        self._found += [one.cost for one in spent[len(self._found) :]]
        return self._found
