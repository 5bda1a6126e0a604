"""The lists of models that providers gave of themselves, kept in one small file from run to run."""

import contextlib
import os
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec

from modules.config import private_file
from modules.llm.models import Level, Model, ModelRegistry, Profile, Provider
from modules.own_files import read_bytes

FILE = "model-lists"
DAY = 24 * 60 * 60.0
HOUR = 60 * 60.0
FORGOTTEN = 7 * DAY  # a list that nobody has asked for again since is no longer the truth
MAX_BYTES = 4_000_000
MAX_MODELS = 3_000  # OpenRouter, the longest there is, lists some five hundred
MAX_ID = 200


class _Listed(msgspec.Struct, omit_defaults=True):
    """A model as its provider lists it; what the list does not say is as Model has it."""

    id: str
    window: int | None = None
    max_output: int | None = None
    tools: bool = True
    vision: bool = False
    documents: bool = False
    reasoning: tuple[Level, ...] = ()
    profile: Profile = Profile()
    known: bool = False

    def model(self, provider: Provider) -> Model:
        facts = {field: getattr(self, field) for field in self.__struct_fields__}
        facts["documents"] |= provider.documents  # here, since copying hundreds of models takes many milliseconds
        return Model(name=self.id, provider=provider, **facts)


class _List(msgspec.Struct):
    """`given` and `failed` are seconds since the epoch, 0 for never."""

    given: float = 0.0
    failed: float = 0.0
    models: list[_Listed] = []


class ModelLists:
    """One file for all providers, by name and address: another address is another provider's list."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, models: ModelRegistry) -> None:
        """Let the registry know what the lists of the last days name; a file that cannot be read holds none."""
        lists, now = self._read(), time.time()
        for provider in models.providers.values():
            found = lists.get(_key(provider))
            if found is not None and found.models and 0 <= now - found.given < FORGOTTEN:
                models.learn(provider, map(partial(_Listed.model, provider=provider), found.models))

    def is_due(self, provider: Provider) -> bool:
        """Whether a day has passed since the provider gave its list, and an hour since it did not."""
        found, now = self._read().get(_key(provider), _List()), time.time()
        return not (0 <= now - found.given < DAY or 0 <= now - found.failed < HOUR)

    def keep(self, provider: Provider, listed: Iterable[Model]) -> None:
        """Keep what the provider gave just now. An empty list counts as none: it would take every model away."""
        named = [_listed(model) for model in listed if 0 < len(model.id) <= MAX_ID][:MAX_MODELS]
        if named:
            self._change(provider, _List(given=time.time(), models=named))
        else:
            self.fail(provider)

    def fail(self, provider: Provider) -> None:
        """Remember that the provider gave no list just now; the one before stays."""
        found = self._read().get(_key(provider), _List())
        self._change(provider, _List(found.given, time.time(), found.models))

    def _change(self, provider: Provider, new: _List) -> None:
        # Read again: another window may have written since. Trouble with the file only costs another question.
        lists = {**self._read(), _key(provider): new}
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(beside, "wb", opener=private_file) as file:
                file.write(msgspec.msgpack.encode(lists))
            beside.replace(self._path)

    def _read(self) -> dict[str, _List]:
        try:
            return msgspec.msgpack.decode(read_bytes(self._path, MAX_BYTES), type=dict[str, _List])
        except (OSError, msgspec.MsgspecError, ValueError):
            return {}


def _key(provider: Provider) -> str:
    return f"{provider.name} {provider.base_url}"


def _listed(model: Model) -> _Listed:
    return _Listed(**{field: getattr(model, field) for field in _Listed.__struct_fields__})
