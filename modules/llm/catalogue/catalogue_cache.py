"""The catalogue as it was read last time: a start reads one small file, and no YAML, unless something has changed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from modules.config import VERSION
from modules.llm.catalogue.model_list_cache import FILE, ModelLists
from modules.llm.models import Model, ModelRegistry, Provider
from modules.own_files import keep_found, read_bytes, stamp


class _Saved(msgspec.Struct):
    """`stamp` identifies the version of the files, `addresses` are the base URL variables that were read.

    `keys` says which variables of keys were set where there are two to choose from.
    """

    stamp: str
    addresses: dict[str, str]
    keys: dict[str, bool]
    default: str
    providers: list[Provider]
    models: list[Model]


class Between(NamedTuple):
    """Files that are laid between the two, as of plugins. `stamp` changes with them; `paths` is asked where it has.

    One of them that cannot be used is left out, and `tell` is told why.
    """

    stamp: str = ""
    paths: Callable[[], Sequence[Path]] = tuple
    tell: Callable[[str], None] = lambda trouble: None


NOTHING = Between()


def load(
    shipped: Path, user: Path, variable: Callable[[str], str], cache: Path, between: Between = NOTHING
) -> ModelRegistry:
    """The registry of the files, with the providers' own lists that are kept beside the cache.

    Raises ConfigError as the catalogue does; trouble with the cache itself only costs the time it would have saved.
    """
    registry = _catalogue(shipped, user, variable, cache, between)
    ModelLists(cache.with_name(FILE)).load(registry)
    return registry


def _catalogue(
    shipped: Path, user: Path, variable: Callable[[str], str], cache: Path, between: Between
) -> ModelRegistry:
    """From the cache where neither the files nor the addresses have changed."""
    version = f"{VERSION} {shipped} {stamp(shipped)} {user} {stamp(user)} {between.stamp}"
    saved = _read(cache)
    if saved is not None and saved.stamp == version and _is_as_it_was(saved, variable):
        return ModelRegistry(saved.models, saved.providers, saved.default)
    # A fifth of the time to the first prompt is reading YAML: only when it is new.
    from modules.llm.catalogue import catalogue_loader

    registry = catalogue_loader.load(shipped, user, variable, between.paths(), between.tell)
    names = [provider.base_url_variable for provider in registry.providers.values() if provider.base_url_variable]
    keys = {name for provider in registry.providers.values() for name in provider.key_variables}
    _write(
        cache,
        _Saved(
            version,
            {name: variable(name) for name in names},
            {name: bool(variable(name)) for name in keys},
            registry.default,
            list(registry.providers.values()),
            list(registry),
        ),
    )
    return registry


def _is_as_it_was(saved: _Saved, variable: Callable[[str], str]) -> bool:
    addresses = all(variable(name) == value for name, value in saved.addresses.items())
    return addresses and all(bool(variable(name)) == is_set for name, is_set in saved.keys.items())


def _read(cache: Path) -> _Saved | None:
    try:
        return msgspec.msgpack.decode(read_bytes(cache), type=_Saved)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def _write(cache: Path, saved: _Saved) -> None:
    keep_found(cache, msgspec.msgpack.encode(saved))
