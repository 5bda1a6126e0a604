"""What is wrong in a settings.toml, setting by setting: each with its line, and a name that was perhaps meant."""

import math
from collections.abc import Iterable
from datetime import date, time
from typing import Any

import msgspec

from modules.settings.declarations import GUARDS, RENAMED
from modules.settings.key_lines import key_lines
from modules.settings.kinds import kind_words
from modules.settings.mistake import NO_LINE, Mistake
from modules.settings.table import Setting, all_settings, near, parts
from modules.text.plain_words import one_line

LONGEST_SHOWN = 20  # characters of a value: no key is as short


def checked(values: dict[str, Any], text: str) -> tuple[dict[str, Any], tuple[Mistake, ...]]:
    """The values that can hold, by the names of their settings, and what is wrong with the others, line by line."""
    lines = key_lines(text)
    for old, new in RENAMED.items():
        if (line := lines.get(tuple(old.split(".")))) is not None:
            lines.setdefault(tuple(new.split(".")), line)
    given: dict[str, Any] = {}
    wrong: list[Mistake] = []

    def complain(path: tuple[str, ...], words: str) -> None:
        # Of a part that nobody knows, nobody can say that it limits nothing.
        refused = path[0] in GUARDS or path[0] not in parts()
        wrong.append(Mistake(lines.get(path, NO_LINE), words, refused))

    for part, fields in values.items():
        if part not in parts():
            complain((part,), _unknown_part(part))
        elif not isinstance(fields, dict):
            complain((part,), f"{part} is a part with settings of its own, as in [{part}].")
        else:
            for field, value in fields.items():
                one = all_settings().get(f"{part}.{field}")
                if one is None:
                    complain((part, field), _unknown_field(part, field))
                elif (converted := taken(one, value)) is None:
                    complain((part, field), f"[{part}] {field} is {shown(value)}. It has to be {kind_words(one.kind)}.")
                else:
                    given[one.name] = converted[0]
    return given, tuple(sorted(wrong, key=lambda one: one.line))


def taken(one: Setting, value: Any) -> tuple[Any] | None:
    """The value as that setting has it, alone in a tuple; None where it cannot have it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    try:
        return (msgspec.convert(value, one.kind),)
    except (msgspec.ValidationError, RecursionError):
        return None


def shown(value: Any) -> str:
    """A value as it stands in the file; not a long one, which might be a key in the wrong place."""
    match value:
        case bool() | str() | int() | float():
            text = msgspec.json.encode(value).decode() if not isinstance(value, float) else repr(value)
            return text if len(text) <= LONGEST_SHOWN else "a number" if not isinstance(value, str) else "another text"
        case list():
            return "a list with something else in it" if value else "a list"
        case dict():
            return "a table"
        case date() | time():
            return "a date or a time"
    return "something else"


def _unknown_part(part: str) -> str:
    field = [one.name for one in all_settings().values() if one.field == part]
    guess = near(part, parts())
    if field:
        return f'"{part}" stands outside of its part. Did you mean {" or ".join(field)}?'
    return f'There is no part "{_name(part)}".{_hint(guess) or _all(parts())}'


def _unknown_field(part: str, field: str) -> str:
    own = [one.field for one in all_settings().values() if one.part == part]
    guess = near(field, own)
    elsewhere = [one.name for one in all_settings().values() if one.field == field]
    hint = _hint(guess) or _hint(elsewhere) or _all(own)
    return f'[{part}] has no "{_name(field)}".{hint}'


def _hint(guess: list[str]) -> str:
    return f" Did you mean {' or '.join(guess)}?" if guess else ""


def _all(names: Iterable[str]) -> str:
    return f" There are {', '.join(names)}."


def _name(name: str) -> str:
    name = one_line(name)  # it may have line ends in it, and say what looks like words of ours
    return name if len(name) <= 2 * LONGEST_SHOWN else "name as long as this"
