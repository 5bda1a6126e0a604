"""What a file may say of a provider or a model: the fields of those classes themselves, any of which may be left out.

So a fact is written once, in the class that holds it, with its type and bounds.
"""

from collections.abc import Container, Mapping
from typing import Any, Union, get_args, get_type_hints

from msgspec import UNSET, Struct, UnsetType, convert, defstruct

from modules.llm.catalogue.strict_yaml import Document, Keys

Entry = dict[str, Any]  # as it stands in a file


class FileForm:
    """The entries for a struct or dataclass, `without` the fields that no file gives, and with `more` of their own."""

    def __init__(self, kind: type[Any], without: Container[str], more: Mapping[str, Any]) -> None:
        hints = get_type_hints(kind, include_extras=True)
        hints = {name: hint for name, hint in hints.items() if name not in without}
        self._inner = {name: inner for name, hint in hints.items() if (inner := _struct_in(hint)) is not None}
        types = {**{name: _as_mapping(hint) if name in self._inner else hint for name, hint in hints.items()}, **more}
        fields = [(name, Union[hint, UnsetType], UNSET) for name, hint in types.items()]  # noqa: UP007 - not for a checker
        self._struct = defstruct(kind.__name__, fields, frozen=True)
        self._more = more

    def checked(self, file: Document, keys: Keys, value: Any) -> Entry:
        """What the file has at `keys`, every key known and every type right. Raises ConfigError with the line."""
        file.read(keys, value, self._struct)
        entry: Entry = value
        for name, inner in self._inner.items():
            if entry.get(name) is not None:
                file.read((*keys, name), entry[name], inner)
        return entry

    def over(self, below: Entry, entry: Entry) -> Entry:
        """The entry laid over the one below: what it gives replaces, and the profile does so key by key."""
        profile = {**below.get("profile", {}), **entry.get("profile", {})}
        return {**below, **entry, "profile": profile}

    def values(self, entry: Entry) -> dict[str, Any]:
        """The arguments for `kind` that a checked entry gives."""
        read = convert({name: value for name, value in entry.items() if name not in self._more}, self._struct)
        given = {name: value for name in entry if (value := getattr(read, name, UNSET)) is not UNSET}
        for name, inner in self._inner.items():
            if given.get(name) is not None:
                given[name] = convert(given[name], inner)
        return given


def _struct_in(hint: Any) -> type[Struct] | None:
    """The struct that a field holds, None where it holds something else."""
    kinds = (hint, *get_args(hint))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)), None)


def _as_mapping(hint: Any) -> Any:
    return dict[str, Any] | None if type(None) in get_args(hint) else dict[str, Any]
