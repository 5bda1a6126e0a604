"""Models that a person uses often: favourites, and those used last; which comes next when one goes round them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec
from msgspec import Struct

from modules.chat.command import ChatContext
from modules.errors import UsageError
from modules.llm.models import Model
from modules.own_files import read_bytes, write_whole

FILE = "often_used.json"
SETTING = "models.favourites"
MOST_RECENT = 10
MARKS, NAMES = "In the list of /model, Ctrl+F marks", "[models] in settings.toml names"
LARGEST_BYTES = 64 * 1024


class _Kept(Struct, frozen=True):
    """Full names of the models used last, the newest first."""

    recent: tuple[str, ...] = ()


class OftenUsed:
    """What is kept of this, read anew each time it is asked for: another window may have changed it."""

    def __init__(self, chat: ChatContext) -> None:
        self._chat = chat
        self._file = chat.config.state_folder / FILE

    @property
    def favourites(self) -> list[Model]:
        """Those that the settings name."""
        return self._found(self._chat.config.settings.models.favourites)

    @property
    def recent(self) -> list[Model]:
        """Those used last, the newest first."""
        return self._found(self._kept().recent)

    def round(self) -> list[Model]:
        """What a key goes round: favourites, and where there are fewer than two, those used last as well.

        Only those whose key is set. Models used last are in the order of their names, so that going round them, which
        changes who was used last, comes past all of them.
        """
        models = {model.full_name: model for model in self.favourites}
        if len(models) < 2:
            models |= {model.full_name: model for model in sorted(self.recent, key=lambda one: one.full_name)}
        return [model for model in models.values() if self._chat.config.has_key(model.provider.key_variable)]

    def after(self, current: Model, by: int) -> Model:
        """The model that comes `by` places after the current one. Raises UsageError where there is no other."""
        models = self.round()
        names = [model.full_name for model in models]
        others = [name for name in names if name != current.full_name]
        if not others:
            raise UsageError(
                "There is no other model to go to.",
                cure=f"{MARKS if self._chat.ask else NAMES} favourites; models that answered are gone round as well.",
            )
        if current.full_name in names:
            return models[(names.index(current.full_name) + by) % len(models)]
        return models[0 if by > 0 else -1]

    def used(self, model: Model) -> None:
        """Remember that this model was asked. What cannot be written is not worth a word."""
        kept = self._kept()
        if not self._chat.saves or kept.recent[:1] == (model.full_name,):
            return
        names = dict.fromkeys([model.full_name, *kept.recent])
        with suppress(OSError):
            write_whole(self._file, msgspec.json.encode(_Kept(tuple(names)[:MOST_RECENT])))

    def mark(self, model: Model) -> bool:
        """Make a favourite of a model, or none of one that is, in the settings; whether it is one now.

        Raises ConfigError where they cannot be written.
        """
        from modules.settings.saving import save  # only where one is marked

        layers = self._chat.config.layers
        names = [one.full_name for one in self.favourites]
        is_one = model.full_name in names
        names = [name for name in names if name != model.full_name] + ([] if is_one else [model.full_name])
        save(layers.file, {SETTING: tuple(names)})
        layers.reset(SETTING)
        return not is_one

    def _found(self, names: Iterable[str]) -> list[Model]:
        """The models of these names; one that nobody knows any more is passed over."""
        found: dict[str, Model] = {}
        for name in names:
            try:
                model = self._chat.models.find(name).model
            except UsageError:
                continue
            found.setdefault(model.full_name, model)
        return list(found.values())

    def _kept(self) -> _Kept:
        """What is kept; nothing of a file that is not there or that cannot be read."""
        try:
            return msgspec.json.decode(read_bytes(self._file, LARGEST_BYTES), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return _Kept()


def in_front(models: Sequence[Model], often: OftenUsed) -> list[Model]:
    """The models with favourites first, then those used last, then the others as they were."""
    front = {model.full_name: model for model in (*often.favourites, *often.recent)}
    here = {model.full_name: model for model in models}
    return [
        *(here.get(name, model) for name, model in front.items()),
        *(m for name, m in here.items() if name not in front),
    ]
