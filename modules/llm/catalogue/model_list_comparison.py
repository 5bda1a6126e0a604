"""What providers' own lists name, beside the catalogue: which of its models they lack, and which they add."""

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property

from modules.llm.catalogue.model import Model, Provider
from modules.llm.catalogue.model_names import NOT_FOR_CHAT, is_listed, plain, release_of


class Listing:
    """One provider's list, looked through only when somebody asks: a start with a list of hundreds must not wait."""

    def __init__(self, provider: Provider, listed: Iterable[Model], catalogued: Sequence[Model]) -> None:
        self._provider = provider
        self._source = listed
        self._catalogued = catalogued

    @cached_property
    def _models(self) -> list[Model]:
        return list(self._source)

    @cached_property
    def releases(self) -> frozenset[str]:
        """What the list serves, by the ids that may be asked for."""
        return frozenset(one for model in self._models for one in (plain(model.id), release_of(model.id)))

    @cached_property
    def windows(self) -> dict[str, int]:
        """How much each model reads, as far as the list says it."""
        named = ((name, model) for model in self._models for name in (release_of(model.id), plain(model.id)))
        return {name: model.window for name, model in named if model.window}

    @cached_property
    def added(self) -> list[Model]:
        """What the catalogue does not hold, without models for other things and dated releases of what is there."""
        own = {plain(model.id) for model in self._catalogued}
        there = own | {plain(model.id) for model in self._models}
        any_pdf = self._provider.documents
        return [
            dataclasses.replace(model, documents=True) if any_pdf and not model.documents else model
            for model in self._models
            if plain(model.id) not in own
            and (plain(model.id) == release_of(model.id) or release_of(model.id) not in there)
            and not NOT_FOR_CHAT.search(model.id)
        ]


class Listings:
    """The lists by provider. Without one nothing is known of what a provider serves."""

    def __init__(self) -> None:
        self._by_provider: dict[str, Listing] = {}

    def learn(self, provider: Provider, listed: Iterable[Model], catalogued: Sequence[Model]) -> None:
        """Take the provider's list in the place of the one before."""
        self._by_provider[provider.name] = Listing(provider, listed, catalogued)

    def added(self, provider: str) -> list[Model]:
        """What this provider's list names and the catalogue does not."""
        listing = self._by_provider.get(provider)
        return listing.added if listing else []

    def all_added(self) -> list[Model]:
        return [model for listing in self._by_provider.values() for model in listing.added]

    def window(self, model: Model) -> int | None:
        """What the provider's list says of a model's window; None where it says nothing."""
        listing = self._by_provider.get(model.provider.name)
        return listing.windows.get(plain(model.id)) if listing else None

    def lists(self, model: Model) -> bool | None:
        """Whether its provider's list names the model; None where that list is not known, or empty."""
        listing = self._by_provider.get(model.provider.name)
        return is_listed(model.id, listing.releases) if listing and listing.releases else None
