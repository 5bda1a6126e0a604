"""The models one can talk to: Provider, Model, and the registry that finds a model from what a person typed."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from modules.errors import AmbiguousModel, UnknownModel
from modules.llm.events import Usage

Dialect = Literal["anthropic-messages", "openai-responses", "openai-chat", "offline"]
Level = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
LEVELS: tuple[Level, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class Profile(Struct, frozen=True, kw_only=True):
    """How an endpoint or a model departs from its dialect; data, so that an odd endpoint needs no code.

    `replay`: message fields that its own turns are given back with. `call_ids`: "any", or "mistral9" for exactly
    nine letters and digits. `strict_roles`: one leading system message, then user and assistant in turns.
    `string_content`: message content must be a string. `null_content`: a message of calls alone may say null.
    `reasoning_required`: the field that must be present on its turns with calls ("" for none).
    `call_signature`: the placeholder that a foreign call must carry (Gemini). `usage_option`: understands
    `stream_options`. `tokens_field`: what the output limit is called. `effort`: how a reasoning level is asked for.
    `thinking`: how a Claude thinks, "adaptive" or "manual" (with a budget). `mid_system`: a system message may come
    later.
    """

    replay: tuple[str, ...] = ()
    call_ids: Literal["any", "mistral9"] = "any"
    strict_roles: bool = False
    string_content: bool = False
    null_content: bool = True
    reasoning_required: str = ""
    call_signature: str = ""
    usage_option: bool = True
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    effort: Literal["", "reasoning_effort", "groq"] = ""
    thinking: Literal["", "adaptive", "manual"] = ""
    mid_system: bool = False


class Provider(Struct, frozen=True, kw_only=True):
    """A company's API, or a server on this machine.

    `key_variable` is None where no key is needed; `key_page` is where a person gets one; `service` names the class
    that speaks to it, where that is not the dialect's usual one; `profile` is how its models depart from the dialect,
    where an entry of the catalogue does not say otherwise. `usual_path` is the path of the address in models.yaml
    where the variable gave another address, None where it did not.
    """

    name: str
    title: str
    dialect: Dialect
    base_url: str
    base_url_variable: str | None = None
    key_variable: str | None = None
    key_page: str = ""
    service: str | None = None
    note: str = ""
    profile: Profile = Profile()
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

    @property
    def issuer(self) -> str:
        """Who signs what this provider says: the endpoint, not the model."""
        return self.host

    @property
    def is_local(self) -> bool:
        """On this machine: no proxy, and the cure for a refused connection is to start the server."""
        host = urlsplit(self.base_url).hostname or ""
        return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of the catalogue. `name` is ours, `id` the provider's; None means unknown.

    `window` and `max_output` are in tokens; `reasoning` lists the levels it takes, least first.
    `known` is False for an id that the catalogue does not hold: its abilities are then assumed. `note` is what a
    person should know before choosing it.
    """

    name: str
    id: str
    provider: Provider
    aliases: tuple[str, ...] = ()
    retired: Mapping[str, str] = field(default_factory=dict)
    window: int | None = None
    max_output: int | None = None
    tools: bool = True
    vision: bool = False
    documents: bool = False
    reasoning: tuple[Level, ...] = ()
    price: Price | None = None
    profile: Profile = Profile()  # noqa: RUF009 - frozen
    known: bool = True
    note: str = ""

    @property
    def full_name(self) -> str:
        """What `/model` understands from anywhere: provider:name."""
        return f"{self.provider.name}:{self.name}"


class Choice(Struct, frozen=True):
    """A model, and what a person should know about how it was found."""

    model: Model
    note: str = ""


class ModelRegistry:
    """The catalogue in memory: find a model from what was typed, or say what was probably meant."""

    def __init__(self, models: Iterable[Model], providers: Iterable[Provider] = (), default: str = "") -> None:
        self._models: dict[str, Model] = {model.full_name: model for model in models}
        self.providers: dict[str, Provider] = {provider.name: provider for provider in providers}
        for model in self._models.values():
            self.providers.setdefault(model.provider.name, model.provider)
        self.default = default
        self._listed: dict[str, dict[str, Model]] = {}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def of(self, provider: str) -> list[Model]:
        """The catalogue's models of one provider, then those its own list added."""
        own = [model for model in self if model.provider.name == provider]
        return own + list(self._listed.get(provider, {}).values())

    def learn(self, provider: Provider, listed: Iterable[Model]) -> None:
        """Remember what the provider's own models endpoint names; the catalogue's entries stay as they are."""
        known = {model.id for model in self if model.provider.name == provider.name}
        self._listed[provider.name] = {model.id: model for model in listed if model.id not in known}

    def find(self, text: str) -> Choice:
        """The model that was meant: `provider:model`, `provider/model`, a name, an alias, an id or the start of one.

        Raises UnknownModel with the nearest names, or AmbiguousModel with the candidates.
        """
        text = text.strip()
        provider, rest = self._split(text)
        if provider is not None:
            return self._find_at(provider, rest)
        listed = [model for models in self._listed.values() for model in models.values()]
        matches = self._matches(list(self), text) or self._matches(listed, text)
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = [choice.model.full_name for choice in matches]
            raise AmbiguousModel(f'"{text}" could be {_either(names)}.', cure="Type more of the name.")
        raise UnknownModel(f'No model is called "{text}".', cure=self._suggestion(text))

    def names(self, text: str) -> bool:
        """Whether this is the whole name, alias or id of a model, and not just the beginning of one."""
        wanted = text.lower()
        own = ((m.full_name, m.name, m.id, *m.aliases) for m in self)
        return any(wanted == name.lower() for names in own for name in names)

    def _split(self, text: str) -> tuple[Provider | None, str]:
        # Ids may hold ":" and "/" themselves, so only a known provider's name splits, and only the first separator.
        for separator in (":", "/"):
            name, found, rest = text.partition(separator)
            if found and (name := name.strip().lower()) in self.providers:
                return self.providers[name], rest.strip()
        return None, text

    def _find_at(self, provider: Provider, text: str) -> Choice:
        if not text:
            names = [model.name for model in self.of(provider.name)]
            example = f" For example {provider.name}:{names[0]}." if names else ""
            raise UnknownModel(f"Which model of {provider.title}?{example}", cure="/models lists them.")
        matches = self._matches(self.of(provider.name), text)
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = [choice.model.full_name for choice in matches]
            raise AmbiguousModel(f'"{text}" could be {_either(names)}.', cure="Type more of the name.")
        if self._listed.get(provider.name):
            raise UnknownModel(f'{provider.title} lists no model "{text}".', cure=self._suggestion(text, provider))
        return self._unlisted(provider, text)

    def _unlisted(self, provider: Provider, id: str) -> Choice:
        model = Model(name=id, id=id, provider=provider, known=False, vision=True, profile=provider.profile)
        near = self._nearest(id, self.of(provider.name))
        hint = f" Did you mean {_either(near)}?" if near else ""
        return Choice(model, f'"{id}" is not in models.yaml: its limits and abilities are unknown.{hint}')

    @staticmethod
    def _matches(models: list[Model], text: str) -> list[Choice]:
        """Exact names first, then aliases and ids, then beginnings; the first kind that matches wins."""
        wanted = text.lower()

        def exact(model: Model) -> bool:
            return model.name.lower() == wanted

        def alias(model: Model) -> bool:
            return model.id.lower() == wanted or wanted in (name.lower() for name in model.aliases)

        for test in (exact, alias):
            if found := [Choice(model, model.note) for model in models if test(model)]:
                return found
        for model in models:
            for old, why in model.retired.items():
                if old.lower() == wanted:
                    return [Choice(model, f"{old} {why}; {model.name} is its successor. {model.note}".strip())]
        if not wanted:
            return []
        return [
            Choice(model, model.note)
            for model in models
            if model.name.lower().startswith(wanted) or model.id.lower().startswith(wanted)
        ]

    def _suggestion(self, text: str, provider: Provider | None = None) -> str:
        near = self._nearest(text, self.of(provider.name) if provider else list(self))
        return f"Did you mean {_either(near)}?" if near else "/models lists what there is."

    @staticmethod
    def _nearest(text: str, models: list[Model]) -> list[str]:
        by_word: dict[str, Model] = {}
        for model in models:
            for word in (model.full_name, model.name, model.id, *model.aliases):
                by_word.setdefault(word.lower(), model)
        words = difflib.get_close_matches(text.lower(), by_word, n=5, cutoff=0.6)
        words += [word for word in by_word if len(text) >= 3 and text.lower() in word]
        return list(dict.fromkeys(by_word[word].full_name for word in words))[:3]


def at(provider: Provider, base_url: str) -> Provider:
    """The same provider at the address that its variable gives."""
    return replace(provider, base_url=base_url, usual_path=urlsplit(provider.base_url).path)


def _either(names: list[str]) -> str:
    shown = names[:5]
    more = f" or {len(names) - 5} more" if len(names) > 5 else ""
    if len(shown) == 1:
        return shown[0] + more
    if more:
        return ", ".join(shown) + more
    return f"{', '.join(shown[:-1])} or {shown[-1]}"
