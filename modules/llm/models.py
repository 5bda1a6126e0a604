"""The models one can talk to: Provider, Model, and the registry that finds a model from what a person typed."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from modules.errors import AmbiguousModel, UnknownModel
from modules.llm.catalogue.model import LEVELS, Level, Model, Provider, at
from modules.llm.catalogue.model_list_comparison import Listings
from modules.llm.catalogue.model_names import (
    either,
    first_of_each_id,
    leaving,
    matches,
    nearest,
    restriction,
    successor,
)
from modules.llm.catalogue.profile import Profile

__all__ = ["LEVELS", "Choice", "Level", "Model", "ModelRegistry", "Profile", "Provider", "at"]


class Choice(Struct, frozen=True):
    """A model, and what a person should know about how it was found.

    `unlisted` is an id that neither the catalogue nor the provider's own list names; `near` are full names like it.
    """

    model: Model
    note: str = ""
    unlisted: bool = False
    near: tuple[str, ...] = ()


class ModelRegistry:
    """The catalogue in memory: find a model from what was typed, or say what was probably meant."""

    def __init__(self, models: Iterable[Model], providers: Iterable[Provider] = (), default: str = "") -> None:
        self._models: dict[str, Model] = {model.full_name: model for model in models}
        self.providers: dict[str, Provider] = {provider.name: provider for provider in providers}
        for model in self._models.values():
            self.providers.setdefault(model.provider.name, model.provider)
        self.default = default
        self._listings = Listings()

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def of(self, provider: str) -> list[Model]:
        """The catalogue's models of one provider, then those its own list added."""
        return self._own(provider) + self._listings.added(provider)

    def learn(self, provider: Provider, listed: Iterable[Model]) -> None:
        """Remember what the provider's own models endpoint names; the catalogue's entries stay as they are."""
        self._listings.learn(provider, listed, self._own(provider.name))

    def lists(self, model: Model) -> bool | None:
        """Whether its provider's own list names the model; None where that list is not known."""
        return self._listings.lists(model)

    def shown(self, model: Model) -> Model:
        """The model with the window that its provider's list names, where the catalogue knows of none: to be shown."""
        window = None if model.window else self._listings.window(model)
        return dataclasses.replace(model, window=window) if window else model

    def successor(self, model: Model) -> Model | None:
        """What its provider recommends in the place of a model that it does not serve; None where that is not known."""
        return successor(model, self)

    def choice(self, model: Model) -> Choice:
        """The model with what a person should know before choosing it."""
        if found := leaving(self.of(model.provider.name), model.id):
            _, instead, note = found
            return self._noted(dataclasses.replace(model, successor=instead.name), note)
        return self._noted(model, " ".join(filter(None, (restriction(model, self), model.note))))

    def find(self, text: str) -> Choice:
        """The model that was meant: `provider:model`, `provider/model`, a name, an alias, an id or the start of one.

        Raises UnknownModel with the nearest names, or AmbiguousModel with the candidates.
        """
        text = text.strip()
        provider, rest = self._split(text)
        if provider is not None:
            return self._find_at(provider, rest)
        if found := self._one(list(self), text) or self._one(self._listings.all_added(), text):
            return found
        raise UnknownModel(f'No model is called "{text}".', cure=self._suggestion(text))

    def names(self, text: str) -> bool:
        """Whether this is the whole name, alias or id of a model, one that is gone too, and not just a beginning."""
        wanted = text.lower()
        for model in self:
            words = (model.name, model.id, *model.aliases, *model.retired, *model.retiring)
            if any(wanted in (word.lower(), f"{model.provider.name}:{word.lower()}") for word in words):
                return True
        return False

    def _own(self, provider: str) -> list[Model]:
        return [model for model in self if model.provider.name == provider]

    def _split(self, text: str) -> tuple[Provider | None, str]:
        # Ids may hold ":" and "/" themselves, so only a known provider's name splits, and only the first separator.
        if any(model.id.lower() == text.lower() for model in self):  # Groq's openai/gpt-oss-120b is no model of OpenAI
            return None, text
        for separator in (":", "/"):
            name, found, rest = text.partition(separator)
            if found and (name := name.strip().lower()) in self.providers:
                return self.providers[name], rest.strip()
        return None, text

    def _find_at(self, provider: Provider, text: str) -> Choice:
        own = self.of(provider.name)
        if not text:
            names = [model.name for model in own if not model.restricted]
            example = f" For example {provider.name}:{names[0]}." if names else ""
            raise UnknownModel(f"Which model of {provider.title}?{example}", cure="/models lists them.")
        return self._one(own, text) or self._unlisted(provider, text)

    def _one(self, models: Sequence[Model], text: str) -> Choice | None:
        """The one model that is meant. Raises AmbiguousModel where there are several."""
        if found := leaving(models, text):
            id, instead, note = found
            return self._noted(_unknown(instead.provider, id, instead.name), note)
        candidates = first_of_each_id(matches(models, text))
        if len(candidates) > 1:
            names = [model.full_name for model, _ in candidates]
            raise AmbiguousModel(f'"{text}" could be {either(names)}.', cure="Type more of the name.")
        return self._noted(*candidates[0]) if candidates else None

    def _unlisted(self, provider: Provider, id: str) -> Choice:
        near = nearest(id, self.of(provider.name))
        hint = f"Did you mean {either(near)}?" if near else ""
        note = f'"{id}" is not in models.yaml: its limits and abilities are unknown.'
        choice = self._noted(_unknown(provider, id), note)
        return Choice(choice.model, f"{choice.note} {hint}".rstrip(), unlisted=True, near=tuple(near))

    def _noted(self, model: Model, note: str) -> Choice:
        lacks = f"{model.provider.title} does not list {model.name}." if self.lists(model) is False else ""
        return Choice(model, " ".join(filter(None, (note, lacks))))

    def _suggestion(self, text: str) -> str:
        near = nearest(text, self)
        return f"Did you mean {either(near)}?" if near else "/models lists what there is."


def _unknown(provider: Provider, id: str, successor: str = "") -> Model:
    return Model(
        name=id,
        id=id,
        provider=provider,
        successor=successor,
        vision=True,
        documents=provider.documents,
        profile=provider.profile,
        known=False,
    )
