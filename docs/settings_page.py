"""docs/settings.md and the schema for editors, made of the declarations of the settings."""

import json
from typing import Any

import msgspec

from modules.config import ROOT
from modules.settings.declarations import RENAMED, Settings
from modules.settings.kinds import kind_words
from modules.settings.table import Setting, all_settings, parts
from modules.settings.typed_values import NOT_SET

PAGE, SCHEMA = ROOT / "docs/settings.md", ROOT / "docs/settings.schema.json"


def settings() -> str:
    """Every part with its settings: what each does, what it may be, and an example."""
    return "\n\n".join(_part(part, about) for part, about in parts().items())


def old_names() -> str:
    """What settings were called in earlier releases."""
    return "\n".join(f"- `{old}` is `{new}` now." for old, new in RENAMED.items())


def schema() -> str:
    """A JSON schema of settings.toml, for editors: TOML has no null, and what is left out is as usual."""
    whole = msgspec.json.schema(Settings)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_null(whole)}, indent=1)


def _part(part: str, about: str) -> str:
    rows = [_row(one) for one in all_settings().values() if one.part == part]
    head = "| Setting | What it does | What it may be | Usually | Example |\n| --- | --- | --- | --- | --- |"
    return f"## [{part}]\n\n{about}\n\n{head}\n" + "\n".join(rows)


def _row(one: Setting) -> str:
    marks = [*(["It may stand in a folder's file."] if one.in_folder else [])]
    marks += ["It is read at the start."] if one.at_start else []
    about = " ".join([one.description, *marks])
    usual = NOT_SET if one.default is None else f"`{_toml(one.default)}`"
    cells = (f"`{one.field}`", about, kind_words(one.kind), usual, f"`{_toml(one.example)}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _toml(value: Any) -> str:
    match value:
        case dict():
            inner = ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case tuple() | list():
            return f"[{', '.join(map(_toml, value))}]"
        case float():
            return f"{value:g}"
        case _:
            return json.dumps(value)


def _without_null(value: Any) -> Any:
    match value:
        case dict():
            kept = {name: _without_null(inner) for name, inner in value.items() if not _says_nothing(name, inner)}
            others = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
            return {**{name: inner for name, inner in kept.items() if name != "anyOf"}, **others[0]} if others else kept
        case list():
            return [_without_null(inner) for inner in value]
        case _:
            return value


def _says_nothing(name: str, value: Any) -> bool:
    """A usual value of null, or of a whole part, whose settings have theirs."""
    return name == "default" and (value is None or (isinstance(value, dict) and bool(value)))
