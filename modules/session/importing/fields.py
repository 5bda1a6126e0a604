"""What a field of foreign JSON holds, whatever really stands there: nothing is believed, and nothing raises."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from modules.llm.parts import NAME
from modules.text.surrogates import whole

_LATEST = 4_102_444_800.0  # the year 2100: larger numbers are milliseconds
_LONGEST_ID = 200


def text(value: Any, *path: str) -> str:
    """The text at the end of a path of keys, "" where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return whole(value) if isinstance(value, str) else ""


def id_of(value: Any, *path: str) -> str:
    """An id, which some programs write as a number."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)[:_LONGEST_ID]
    return whole(value)[:_LONGEST_ID] if isinstance(value, str) else ""


def mapping(value: Any, *path: str) -> dict[str, Any]:
    """The object at the end of a path of keys, an empty one where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: Any, *path: str) -> list[Any]:
    """The list at the end of a path of keys, an empty one where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def objects(value: Any, *path: str) -> Iterator[dict[str, Any]]:
    """The objects in the list at the end of a path of keys."""
    return (one for one in items(value, *path) if isinstance(one, dict))


def seconds(value: Any) -> float:
    """A time as seconds since 1970: from seconds, milliseconds or ISO 8601; 0 for everything else."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
            value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return 0.0
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e15:
        return 0.0
    return float(value / 1000 if value > _LATEST else value)


def as_json(value: Any) -> str:
    """A value as JSON text; "{}" for one that cannot be written."""
    try:
        return whole(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        return "{}"


def arguments(value: Any) -> str:
    """A call's arguments as JSON text of an object: what is none stands in one, under "input"."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value or "{}")
        except (ValueError, RecursionError):
            parsed = value
        if isinstance(parsed, dict):
            return whole(value or "{}")
        return as_json({"input": parsed})
    if value is None:
        return "{}"
    return as_json(value if isinstance(value, dict) else {"input": value})


def tool_name(name: str) -> str:
    """A tool's name as every provider takes it: what is not allowed becomes "_"."""
    if NAME.fullmatch(name):
        return name
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in name)
    plain = plain.lstrip("-")[:64]
    if not plain:
        return "tool"
    return plain if NAME.fullmatch(plain) else f"_{plain}"[:64]
