"""A model and its provider, as values: all that the catalogue knows of either."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from msgspec.structs import replace

from modules.llm.catalogue.model_makers import maker_of
from modules.llm.catalogue.price import Price
from modules.llm.catalogue.profile import Profile

Tokens = Annotated[int, Meta(ge=1, le=10**9)]
Level = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
LEVELS: tuple[Level, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class Provider(Struct, frozen=True, kw_only=True):
    """A company's API, or a server on this machine.

    `dialect` is the API that it speaks, a name in the table of dialects. `key_variable` is None where no key is needed,
    and `other_key_variable` takes its place where that alone is set;
    `key_page` is where a person gets one, and `key_path` a path that only a key opens, where the list of models is open
    to all; `service` names the class that speaks to it, where that is not the dialect's
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
    other_key_variable: str | None = None
    key_page: str = ""
    key_path: str = ""
    service: str | None = None
    note: str = ""
    documents: bool = False
    profile: Profile = Profile()
    first_byte_timeout: Annotated[float, Meta(ge=0, le=10**6)] | None = None
    usual_path: str | None = None

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Both variables of a key, where there are two to choose from."""
        return (self.key_variable, self.other_key_variable) if self.key_variable and self.other_key_variable else ()

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
    `known` is False for an id that the catalogue does not hold: its capabilities are then assumed. `note` is what a
    person should know before choosing it.
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


def at(provider: Provider, base_url: str) -> Provider:
    """The same provider at the address that its variable gives."""
    return replace(provider, base_url=base_url, usual_path=urlsplit(provider.base_url).path)
