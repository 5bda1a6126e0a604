"""The models one can talk to: Provider, Model, and the registry that finds a model from what a person typed."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from msgspec.structs import replace

from modules.errors import AmbiguousModel, UnknownModel
from modules.llm.catalogue.model_list_comparison import Listings
from modules.llm.catalogue.model_makers import maker_of
from modules.llm.catalogue.model_names import either, leaving, matches, nearest, restriction, successor
from modules.llm.catalogue.price import Price
from modules.llm.catalogue.profile import Profile

__all__ = ["LEVELS", "Choice", "Level", "Model", "ModelRegistry", "Profile", "Provider", "at"]

Tokens = Annotated[int, Meta(ge=1, le=10**9)]
Level = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
LEVELS: tuple[Level, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class Provider(Struct, frozen=True, kw_only=True):
    """A company's API, or a server on this machine.

    `dialect` is the API that it speaks, as in `modules.llm.dialects`. `key_variable` is None where no key is needed;
    `key_page` is where a person gets one; `service` names the class that speaks to it, where that is not the dialect's
    usual one; `profile` is how its models depart from the dialect,
    where an entry of the catalogue does not say otherwise, and `documents` whether PDF goes with any of them.
    `first_byte_timeout` is in seconds, 0 for no limit. `usual_path` is the path of the address in models.yaml where the
    variable gave another address, None where it did not.
    """

    name: str
    title: str
    dialect: str
    base_url: str
    base_url_variable: str | None = None
    key_variable: str | None = None
    key_page: str = ""
    service: str | None = None
    note: str = ""
    documents: bool = False
    profile: Profile = Profile()
    first_byte_timeout: Annotated[float, Meta(ge=0, le=10**6)] | None = None
    usual_path: str | None = None

    @property
    def address_source(self) -> str:
        """What holds the address that is used, for cures."""
        if self.base_url_variable and self.usual_path is not None:
            return self.base_url_variable
        return f"base_url of {self.name} in models.yaml"

    @property
    def host(self) -> str:
        """Host and port of the endpoint, for messages."""
        # An address may hold a name and password, which are nobody else's business.
        return urlsplit(self.base_url).netloc.rpartition("@")[2] or self.base_url

    def issuer_of(self, model_id: str) -> str:
        """Who can read what a model wrote here: this entry at this address, and the model's maker where its id says.

        A gateway passes signed reasoning on to many makers, and two entries may share a host.
        """
        return _issuer(self.name, self.base_url, model_id)

    @property
    def is_local(self) -> bool:
        """On this machine: no proxy, and the cure for a refused connection is to start the server."""
        host = urlsplit(self.base_url).hostname or ""
        return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


@lru_cache(maxsize=256)  # asked for with every message
def _issuer(provider: str, base_url: str, model_id: str) -> str:
    url = urlsplit(base_url)
    address = url.netloc.rpartition("@")[2] + url.path.rstrip("/").removesuffix("/v1")
    return " ".join(filter(None, (provider, address or base_url, maker_of(model_id))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of the catalogue. `name` is ours, `id` the provider's; None means unknown.

    `window` and `max_output` are in tokens; `reasoning` lists the levels it takes, least first.
    `retired` are names that lead here now and why; `retiring` are ids that are still served, and what becomes of them.
    `restricted` says to whom alone it is served, `successor` names the model that its provider recommends instead.
    `known` is False for an id whose abilities neither the catalogue nor its server tells: they are assumed. `note` is
    what a person should know before choosing it.
    """

    name: str
    id: str
    provider: Provider
    aliases: tuple[str, ...] = ()
    retired: Mapping[str, str] = field(default_factory=dict)
    retiring: Mapping[str, str] = field(default_factory=dict)
    restricted: str = ""
    successor: str = ""
    window: Tokens | None = None
    max_output: Tokens | None = None
    tools: bool = True
    vision: bool = False
    documents: bool = False
    reasoning: tuple[Level, ...] = ()
    price: Price | None = None
    profile: Profile = Profile()  # noqa: RUF009 - frozen
    known: bool = True
    note: str = ""

    @property
    def issuer(self) -> str:
        """Who can read again what this model writes."""
        return self.provider.issuer_of(self.id)

    @property
    def full_name(self) -> str:
        """What `/model` understands from anywhere: provider:name."""
        return f"{self.provider.name}:{self.name}"

    @property
    def recommended(self) -> str:
        """The full name of what its provider recommends instead; "" where the catalogue knows of nothing."""
        return f"{self.provider.name}:{self.successor}" if self.successor else ""


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
        candidates = matches(models, text)
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


def at(provider: Provider, base_url: str) -> Provider:
    """The same provider at the address that its variable gives."""
    return replace(provider, base_url=base_url, usual_path=urlsplit(provider.base_url).path)
