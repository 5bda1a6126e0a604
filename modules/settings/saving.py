"""Writing a setting into settings.toml: its comments and its order stay, and what else it says."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modules.errors import ConfigError
from modules.own_files import in_turn, read_bytes, write_whole
from modules.settings.declarations import RENAMED
from modules.settings.reading import LARGEST_BYTES, decoded

BOM = "\ufeff"


def save(file: Path, changes: Mapping[str, Any]) -> None:
    """Write these values by the names of their settings; None takes one out of the file.

    Raises ConfigError where the file cannot be read or written, or not be changed without harm; then it is as it was.
    """
    with in_turn(file):
        _save(file, changes)


def _save(file: Path, changes: Mapping[str, Any]) -> None:
    try:
        text = read_bytes(file, LARGEST_BYTES).decode()
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", cure="Correct that, or move it away.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} cannot be read: it is not UTF-8 text.", cure="Save it as UTF-8.") from error
    mark, text = text[: text.startswith(BOM)], text.removeprefix(BOM)
    end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    wanted = decoded(text, str(file))
    for name, value in changes.items():
        for old in (name, *(old for old, new in RENAMED.items() if new == name)):
            _put(wanted, old, value if old == name else None)
    written = _rewritten(text, wanted)
    if written is None:
        raise ConfigError(f"{file} cannot be changed without harm.", cure="Open it in an editor, and change it there.")
    try:
        write_whole(file, (mark + written.replace("\n", end)).encode())
    except OSError as error:
        cure = "Mend its permissions, or make room."
        raise ConfigError(f"{file} cannot be written: {error.strerror}.", cure=cure) from error


def _rewritten(text: str, wanted: Mapping[str, Any]) -> str | None:
    """The text with what has changed in it; None where it would say anything else than is wanted."""
    import tomlkit  # only for saving
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _lay(document, wanted)
        written = tomlkit.dumps(document)
        written.encode()  # a path that is no text cannot stand in it
        return written if tomllib.loads(written) == wanted else None
    except (TOMLKitError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _lay(table: Any, wanted: Mapping[str, Any]) -> None:
    """Make a table of tomlkit say what is wanted, and touch nothing that says it already."""
    import tomlkit

    for name in [name for name in table if name not in wanted]:
        table.remove(name)
    for name, value in wanted.items():
        before = table.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            _lay(before, value)
        elif isinstance(value, dict) and isinstance(table, tomlkit.TOMLDocument):
            if len(table) and not tomlkit.dumps(table).endswith("\n\n"):
                table.add(tomlkit.nl())
            new = tomlkit.table()
            _lay(new, value)
            table.add(name, new)
        elif before is None or _plain(before) != value:
            table[name] = value


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    """Set or take away a value in the tables of a file; an empty part goes with it."""
    part, _, field = name.partition(".")
    inner = values.get(part)
    if value is None:
        if isinstance(inner, dict):
            inner.pop(field, None)
        return
    if not isinstance(inner, dict):
        inner = values[part] = {}
    inner[field] = _as_toml(value)


def _as_toml(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_as_toml(one) for one in value]
    if isinstance(value, dict):
        return {name: _as_toml(one) for name, one in value.items()}
    return value
