"""The settings as a table: all that is declared of each, and how one is found by what a person typed."""

import difflib
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from msgspec import Meta, Struct, structs

from modules.errors import UsageError
from modules.settings.declarations import Settings


class Setting(Struct, frozen=True):
    """One setting. `kind` is its type with all bounds; what the last three mean, `told` says."""

    part: str
    field: str
    kind: Any
    default: Any
    description: str
    example: Any
    in_folder: bool
    at_start: bool
    names: str

    @property
    def name(self) -> str:
        return f"{self.part}.{self.field}"


@cache
def all_settings() -> dict[str, Setting]:
    """Every setting by its name, in the order of the declarations."""
    usual = Settings()
    found = [_setting(part.name, field, getattr(usual, part.name)) for part in structs.fields(Settings) for field in
             structs.fields(part.type)]  # fmt: skip
    return {one.name: one for one in found}


def parts() -> dict[str, str]:
    """The parts of settings.toml, each with what it is about."""
    return {part.name: (part.type.__doc__ or "").partition("\n")[0] for part in structs.fields(Settings)}


def find(typed: str) -> Setting:
    """The setting of that name, or of a field's bare name where only one part has it.

    Raises UsageError with the names that were perhaps meant.
    """
    name = typed.strip().lower().replace("-", "_")
    if (found := all_settings().get(name)) is not None:
        return found
    same = [one for one in all_settings().values() if one.field == name]
    if len(same) == 1:
        return same[0]
    if same:
        names = ", ".join(one.name for one in same)
        raise UsageError(f'There is more than one setting "{typed}".', cure=f"There are {names}.")
    guess = [one.name for one in all_settings().values() if one.field in near(name, _fields())]
    guess = [one.name for one in all_settings().values() if name and one.field.startswith(name)] or guess
    guess = (near(name, all_settings()) or guess)[:3]
    cure = f"Did you mean {' or '.join(guess)}?" if guess else "/set all lists them."
    raise UsageError(f'There is no setting "{typed}".', cure=cure)


def near(name: str, known: Sequence[str] | dict[str, Any]) -> list[str]:
    """The names that were perhaps meant, the nearest first."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)


def value_of(settings: Settings, one: Setting) -> Any:
    """What that setting is there."""
    return getattr(getattr(settings, one.part), one.field)


def _fields() -> list[str]:
    return [one.field for one in all_settings().values()]


def _setting(part: str, field: structs.FieldInfo, usual: Struct) -> Setting:
    """One row. The description stands in the last remark on the type; bounds may stand in others."""
    meta = next(one for one in get_args(field.type)[:0:-1] if isinstance(one, Meta) and one.description)
    extra = meta.extra or {}
    return Setting(
        part,
        field.name,
        field.type,
        getattr(usual, field.name),
        meta.description or "",
        (meta.examples or [None])[0],
        bool(extra.get("in_folder")),
        bool(extra.get("at_start")),
        str(extra.get("names", "")),
    )
