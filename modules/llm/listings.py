"""What providers' own lists name, beside the catalogue: which of its models they lack, and which they add."""

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from modules.llm.names import NOT_FOR_CHAT, is_listed, plain, release_of

if TYPE_CHECKING:
    from modules.llm.models import Model, Provider


class Listings:
    """The lists by provider. Without one nothing is known of what a provider serves."""

    def __init__(self) -> None:
        self._added: dict[str, list[Model]] = {}
        self._listed: dict[str, frozenset[str]] = {}

    def learn(self, provider: "Provider", listed: Iterable["Model"], catalogued: Iterable["Model"]) -> None:
        """Take the provider's list in the place of the one before.

        Models that are not for a chat, and dated releases of one that is there already, are not offered.
        """
        named = list(listed)
        own = {plain(model.id) for model in catalogued}
        there = own | {plain(model.id) for model in named}
        self._listed[provider.name] = frozenset(one for m in named for one in (plain(m.id), release_of(m.id)))
        self._added[provider.name] = [
            dataclasses.replace(model, documents=True) if provider.documents and not model.documents else model
            for model in named
            if plain(model.id) not in own
            and not NOT_FOR_CHAT.search(model.id)
            and (plain(model.id) == release_of(model.id) or release_of(model.id) not in there)
        ]

    def added(self, provider: str) -> list["Model"]:
        """What this provider's list names and the catalogue does not."""
        return self._added.get(provider, [])

    def all_added(self) -> list["Model"]:
        return [model for models in self._added.values() for model in models]

    def lists(self, model: "Model") -> bool | None:
        """Whether its provider's list names the model; None where that list is not known."""
        listed = self._listed.get(model.provider.name)
        return is_listed(model.id, listed) if listed else None
