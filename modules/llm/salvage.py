"""Tool calls out of text: what a model wrote in place of a call, when its server could not read one in it."""

import json
import re
from collections.abc import Iterator
from typing import Any

CALL = re.compile(r"<function\s*[=(/:]?\s*[\"']?([\w.:-]{1,64})[^{<]{0,8}(?=\{)")
FENCE = re.compile(r"<\|?/?(?:tool_calls?|python_tag)\|?>|```(?:json)?")
_DECODER = json.JSONDecoder()


def calls_in(text: str) -> list[tuple[str, str]]:
    """The calls in a text as names and arguments, the arguments as they were written; none where it holds none."""
    if tagged := list(_tagged(text)):
        return tagged
    found = []
    for value in _values(FENCE.sub(" ", text)):
        for call in value if isinstance(value, list) else [value]:
            if (read := _call(call)) is None:
                return []
            found.append(read)
    return found


def _tagged(text: str) -> Iterator[tuple[str, str]]:
    for match in CALL.finditer(text):
        try:
            _, end = _DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        yield match[1], text[match.end() : end]


def _values(text: str) -> Iterator[Any]:
    """The JSON values that a text consists of; nothing where there is anything else in it."""
    found, at, text = [], 0, text.strip().strip(";")
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,;"))
    yield from found


def _call(value: Any) -> tuple[str, str] | None:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        return None
    given = next((value[key] for key in ("arguments", "parameters", "input") if key in value), None)
    if isinstance(given, str):
        return value["name"], given
    return (value["name"], json.dumps(given, ensure_ascii=False)) if isinstance(given, dict) else None
