"""Values of settings as a person types and reads them: `0.2`, `low`, `model, window`, `openai:gpt-6.1-sol=high`."""

import re
import tomllib
from typing import Any

import msgspec

from modules.errors import UsageError
from modules.settings.checking import taken
from modules.settings.kinds import is_optional, items, kind_words, shape
from modules.settings.table import Setting

SWITCH = {"on": True, "yes": True, "off": False, "no": False}
NOT_SET = "not set"
NONE = "none"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")  # a text with them is shown as TOML has it: it stays one line


def as_words(value: Any) -> str:
    """A value as it is typed behind `/set`."""
    match value:
        case None:
            return NOT_SET
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.15g}"
        case str():
            return msgspec.json.encode(value).decode() if not value or _CONTROLS.search(value) else value
        case tuple() | list():
            return ", ".join(map(as_words, value)) or "[]"
        case dict():
            return "; ".join(f"{name}={as_words(inner)}" for name, inner in value.items()) or "{}"
        case _:
            return str(value)


def from_words(one: Setting, text: str, before: Any) -> Any:
    """The value that was typed, in TOML or as plain words.

    In a table one entry is typed, `name=value`, which is laid over what there was `before`; without a value it goes.
    Raises UsageError with what it has to be.
    """
    for value in _readings(one, text.strip(), before):
        if (found := taken(one, value)) is not None:
            return found[0]
    example = as_words(taken_example(one))
    raise UsageError(
        f'{one.name} cannot be "{text}".',
        cure=f"It has to be {kind_words(one.kind)}, as in /set {one.name} {example}.",
    )


def taken_example(one: Setting) -> Any:
    """The example of the declaration, as the setting has it."""
    found = taken(one, one.example)
    return found[0] if found is not None else one.example


def _readings(one: Setting, text: str, before: Any) -> list[Any]:
    """What the text may mean, the likeliest first."""
    meant: list[Any] = [None] if text.lower() == NONE and is_optional(one.kind) else []
    try:
        parsed = tomllib.loads(f"x = {text}\n")
        meant += [parsed["x"]] if list(parsed) == ["x"] else []
    except (ValueError, RecursionError):
        pass
    match shape(one.kind):
        case "text":
            meant.append(text)
        case "list":
            meant.append(_listed(text))
        case "table" if "=" in text:
            name, _, value = (word.strip() for word in text.partition("="))
            rest = {known: inner for known, inner in dict(before or {}).items() if known != name}
            inner: Any = _listed(value) if items(one.kind) == "list" else value
            meant.append(({**rest, name: inner} if value else rest) if name else None)
        case _:
            meant += [SWITCH[text.lower()]] if text.lower() in SWITCH else []
    return meant


def _listed(text: str) -> list[str]:
    """Words between commas, or else between blanks."""
    return [word for part in (text.split(",") if "," in text else text.split()) if (word := part.strip())]
