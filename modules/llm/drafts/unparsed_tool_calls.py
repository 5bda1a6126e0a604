"""Tool calls out of text: what a model wrote in place of a call, when its server could not read one in it."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

CALL = re.compile(r"<function\s*[=(/:]?\s*[\"']?([\w.:-]{1,64})[^{<]{0,8}(?=\{)")
FENCE = re.compile(r"<\|?/?(?:tool_calls?|python_tag)\|?>|```(?:json)?")
# How models write a call where their server reads none: Hermes and Qwen, Mistral, Llama, Kimi, DeepSeek, MiniMax, GLM,
# gpt-oss, Claude in old prompts, Gemini's "tool_code" (lmstudio-bug-tracker#2115, vllm#35906).
WRITTEN = re.compile(
    r"<\|?(?:tool_calls?|tool_call_begin|tool_calls_section_begin|python_tag|function_calls?)\|?>|\[TOOL_CALLS\]"
    r"|<(?:\w+:)?(?:tool_call|tool_code|function_calls|invoke|function)\b|<[|｜]tool[▁_]calls?[▁_]begin[|｜]>"
    r"|```(?:tool_code|tool_call)|<\|channel\|>commentary to=|\bto=functions\."
)
SEARCHED_CHARS = 200_000  # a call stands near an end of a text, and a text may be very long
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


def looks_like_call(text: str, declared: Collection[str] = ()) -> bool:
    """Whether a text holds a tool call that was written as text; with `declared`, a call of one of these tools."""
    text = text if len(text) <= SEARCHED_CHARS else text[: SEARCHED_CHARS // 2] + text[-SEARCHED_CHARS // 2 :]
    prose = re.sub(r"`[^`\n]+`", "", text)  # who only writes about a tag puts it between back quotes
    if found := WRITTEN.search(prose):
        rest = prose[found.end() :]
        return not declared or any(name in rest for name in declared)
    bare = FENCE.sub(" ", text).strip()
    if not bare.startswith(("{", "[")):
        return False
    return any(not declared or name in declared for name, _ in calls_in(text))


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
