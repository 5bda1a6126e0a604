"""settings.toml as it is read: every mistake is told with its line, and costs what it has to and no more."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from modules.errors import ConfigError
from modules.own_files import read_text, stamp
from modules.settings.declarations import RENAMED, Settings
from modules.settings.kept_values import keep_values, kept_values
from modules.settings.mistake import NO_LINE, Mistake, listed

LARGEST_BYTES = 256_000


class Reading(Struct, frozen=True):
    """A file as it was read: its values by the names of the settings, and what is wrong in it and was passed over.

    `old_names` are sentences about settings that it calls as an earlier release did.
    """

    values: dict[str, Any] = {}
    mistakes: tuple[Mistake, ...] = ()
    old_names: tuple[str, ...] = ()


def read(path: Path, keeper: Path | None = None) -> Reading:
    """The settings in that file, none where there is no file.

    What is right from end to end is kept in the `keeper` for the next run, see kept_values.py. Raises ConfigError for a
    file that cannot be read, and for mistakes that must not be passed over.
    """
    now = stamp(path)
    kept = kept_values(keeper, path, now) if keeper is not None and now else None
    if kept is not None and (given := _given(kept)) is not None:
        return Reading(given)
    try:
        text = read_text(path, LARGEST_BYTES)
    except FileNotFoundError:
        return Reading()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure="Correct that, or move it away.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read: it is not UTF-8 text.", cure="Save it as UTF-8.") from error
    values = decoded(text, str(path))
    reading = _understood(values, text)
    if any(one.is_refused for one in reading.mistakes):
        told = listed(reading.mistakes)
        raise ConfigError(f"{path}: {told}", cure='Correct it; "/set all" and docs/settings.md have all settings.')
    if keeper is not None and not reading.mistakes and not reading.old_names:
        keep_values(keeper, path, now, values)
    return reading


def parse(text: str, name: str) -> Reading:
    """What a text in TOML settles, with all that is wrong in it. Raises ConfigError where it is no TOML."""
    return _understood(decoded(text, name), text)


def _understood(values: dict[str, Any], text: str) -> Reading:
    """What the values of a text settle. Those with an old name are put under that of now."""
    old = _with_new_names(values)
    if (given := _given(values)) is not None:
        return Reading(given, (), _told(old, text))
    from modules.settings.checking import checked  # only a file with a mistake needs it

    given, mistakes = checked(values, text)
    return Reading(given, mistakes, _told(old, text))


def _given(values: dict[str, Any]) -> dict[str, Any] | None:
    """The values by the names of their settings, each of its type; None where one of them is a mistake."""
    if not _is_finite(values):
        return None
    try:
        settings = msgspec.convert(values, Settings)
    except (msgspec.ValidationError, RecursionError):
        return None
    return {
        f"{part}.{field}": getattr(getattr(settings, part), field) for part, some in values.items() for field in some
    }


def decoded(text: str, name: str) -> dict[str, Any]:
    """The text as TOML. Raises ConfigError with the place where it is none."""
    import tomllib  # a start without a settings.toml does not wait for it

    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(
            f"{name} is not TOML: it is nested too deeply.", cure="Correct it, or move it away."
        ) from error
    except ValueError as error:
        raise ConfigError(f"{name} is not TOML: {error}.", cure="Correct it, or move it away.") from error


def _with_new_names(values: dict[str, Any]) -> list[str]:
    """Put what is called as before under its name of now, where that is free; the old names that are there."""
    found = []
    for old, new in RENAMED.items():
        (part, field), (new_part, new_field) = old.split("."), new.split(".")
        inner = values.get(part)
        if isinstance(inner, dict) and field in inner and isinstance(values.get(new_part, {}), dict):
            found.append(old)
            values.setdefault(new_part, {}).setdefault(new_field, inner.pop(field))
    return found


def _told(old: list[str], text: str) -> tuple[str, ...]:
    """That these names have changed, with their lines."""
    if not old:
        return ()
    from modules.settings.key_lines import key_lines

    lines = key_lines(text)
    return tuple(
        f"line {lines.get(tuple(name.split('.')), NO_LINE)}: {name} is called {RENAMED[name]} now. It holds as before."
        for name in old
    )


def _is_finite(value: Any) -> bool:
    """Whether every number in there is one that can be counted with."""
    return all(math.isfinite(number) for number in _floats(value))


def _floats(value: Any) -> Iterator[float]:
    match value:
        case float():
            yield value
        case dict():
            for inner in value.values():
                yield from _floats(inner)
        case list():
            for inner in value:
                yield from _floats(inner)
