"""Options of an answer as they are typed after -o: a name and a value, checked as the settings are."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from modules.errors import UsageError
from modules.llm.catalogue.strict_yaml import nearest
from modules.settings.declarations import OptionSettings

FIELDS = {field.name: field for field in structs.fields(OptionSettings)}
EXAMPLE = "It is typed as in -o temperature=0.2."


def options_from(typed: Sequence[str]) -> dict[str, Any]:
    """The values by the names of the settings, the last where one is given twice; texts to stop at add up.

    Raises UsageError for what no setting may be.
    """
    found: dict[str, Any] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        name = name.strip().lower().replace("-", "_")
        if not equals or not name:
            raise UsageError(f'"-o {text}" is not understood.', cure=EXAMPLE)
        if name not in FIELDS:
            raise UsageError(f'There is no option "{name}".', cure=nearest(name, FIELDS))
        given = _read(name, value)
        found[name] = (*found.get(name, ()), *given) if isinstance(given, tuple) else given
    return found


def _read(name: str, value: str) -> Any:
    """The value as the setting has it. Raises UsageError with what it may be."""
    raw: Any = value if isinstance(FIELDS[name].default, str) else value.strip()
    if isinstance(FIELDS[name].default, tuple):
        raw = _listed(value)
    try:
        read = msgspec.convert({name: raw}, OptionSettings, strict=False)
    except msgspec.ValidationError as error:
        problem = re.sub(r" - at `\$.*", "", str(error))
        problem = f"{problem[:1].lower()}{problem[1:]}".replace("`", "")
        raise UsageError(f"-o {name}={value}: {problem}.", cure=_may_be(name)) from error
    return getattr(read, name)


def _listed(value: str) -> list[Any]:
    """One text, or all of a JSON list."""
    if value.startswith("["):
        try:
            texts = msgspec.json.decode(value, type=list[str])
        except msgspec.MsgspecError:
            return [value]
        return list(texts)
    return [value] if value else []


def _may_be(name: str) -> str:
    """What the option may be, by its declaration."""
    match FIELDS[name].name:
        case "verbosity":
            return "It is low, medium or high."
        case "temperature":
            return "It is a number from 0 to 2."
        case "top_p":
            return "It is a number from 0 to 1."
        case _:
            return "It is a whole number."
