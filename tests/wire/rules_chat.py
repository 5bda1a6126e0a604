"""The rules of Chat Completions: OpenAI's, Groq's, and those of stricter hosts that a test can switch on."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.fields import (
    CHAT_CALL,
    CHAT_FUNCTION,
    CHAT_MESSAGES,
    CHAT_PARTS,
    GROQ_MESSAGES,
    unknown_and_missing,
)
from tests.wire.rules_chat_params import parameter_rules
from tests.wire.rules_common import image_url_rules, json_object, plain_name

_PARTS = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "file", "input_audio", "document"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
}


def chat_rules(dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules that a Chat Completions body breaks."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "A2: [] is too short - 'messages'"
        return
    for index, message in enumerate(messages):
        yield from _message_rules(dialect, index, message, facts)
    yield from _pair_rules(messages)
    if facts.strict_template:
        yield from _template_rules(messages)
    if facts.mistral_ids:
        yield from _mistral_rules(messages)
    yield from parameter_rules(dialect, body, facts)


def _message_rules(dialect: Dialect, index: int, message: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    where = f"messages.{index}" if dialect == "groq" else f"messages[{index}]"
    shapes = GROQ_MESSAGES if dialect == "groq" else CHAT_MESSAGES
    role = message.get("role")
    if role not in shapes:
        yield f"A1: Invalid value: '{role}' for '{where}.role'."
        return
    also = frozenset({facts.reasoning_field} if role == "assistant" and facts.reasoning_field else ())
    yield from unknown_and_missing(dialect, where, message, shapes[role], also)
    yield from _content_rules(where, message, facts)
    if role == "assistant":
        yield from _assistant_rules(dialect, where, index, message, facts)


def _content_rules(where: str, message: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    role, content = message["role"], message.get("content")
    match content:
        case None:
            if role != "assistant":
                yield f"D4: Invalid value for '{where}.content': expected a string, got null."
        case str():
            return
        case list():
            if not content:
                yield f"D3: Invalid '{where}.content': empty array. Expected an array with minimum length 1."
            if facts.text_only_content:
                yield f"D7: {where}.content must be a string"
            for index, part in enumerate(content):
                yield from _part_rules(f"{where}.content[{index}]", role, part, facts)
        case _:
            yield f"D7: Invalid type for '{where}.content': expected a string or an array."


def _part_rules(where: str, role: str, part: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    kind = part.get("type")
    if kind not in _PARTS[role]:
        rule = {("image_url", "tool"): "F5", ("image_url", "assistant"): "F6"}.get((str(kind), role), "D6")
        yield f"{rule}: Invalid value: '{kind}'. Supported values are: {', '.join(_PARTS[role])}. ({where})"
        return
    yield from unknown_and_missing("chat", where, part, CHAT_PARTS[str(kind)])
    if kind == "image_url":
        image = part["image_url"]
        yield from image_url_rules(where, image.get("url") if isinstance(image, dict) else None, facts)


def _assistant_rules(
    dialect: Dialect, where: str, index: int, message: dict[str, Any], facts: ModelFacts
) -> Iterator[str]:
    calls, field = message.get("tool_calls"), facts.reasoning_field
    if calls is not None and (not isinstance(calls, list) or not calls):
        yield f"D5: Invalid '{where}.tool_calls': empty array. Expected an array with minimum length 1."
    if not calls and message.get("content") is None and not message.get("refusal"):
        yield f"D5: '{where}': an assistant message must have either content or tool_calls"
    if dialect == "groq" and "reasoning" in message and not facts.reasons:
        yield f"E5: '{where}' : reasoning is not supported with this model"
    if field and message.get(field) is not None and not isinstance(message[field], str):
        yield f"E1: Invalid type for '{where}.{field}': expected a string."
    if facts.requires_reasoning and calls and field and message.get(field) is None:
        yield (f"E3: thinking is enabled but {field} is missing in assistant tool call message at index {index}")
    ids: set[object] = set()
    for at, call in enumerate(calls or []):
        yield from _call_rules(f"{where}.tool_calls[{at}]", call, dialect, facts)
        if call.get("id") in ids:
            yield f"B6: Duplicate id '{call.get('id')}' in '{where}.tool_calls'."
        ids.add(call.get("id"))


def _call_rules(where: str, call: dict[str, Any], dialect: Dialect, facts: ModelFacts) -> Iterator[str]:
    signed = frozenset({"extra_content"} if facts.call_signatures else ())
    yield from unknown_and_missing(dialect, where, call, CHAT_CALL, signed)
    call_id, function = call["id"], call["function"]
    yield from unknown_and_missing(dialect, f"{where}.function", function, CHAT_FUNCTION)
    if call.get("type") != "function":
        yield f"E1: Invalid value: '{call.get('type')}' for '{where}.type'."
    if not isinstance(call_id, str) or not call_id:
        yield f"C1: Invalid '{where}.id': expected a non-empty string."
    elif facts.mistral_ids and not re.fullmatch(r"[a-zA-Z0-9]{9}", call_id):
        yield f"C1: Tool call id was {call_id} but must be a-z, A-Z, 0-9, with a length of 9."
    elif len(call_id) > 40:
        yield f"C2: Invalid '{where}.id': string too long. Expected a string with maximum length 40."
    if not plain_name(function["name"], 64):
        yield f"C7: Invalid '{where}.function.name': expected a string of 1 to 64 of a-z, A-Z, 0-9, _ and -."
    if not isinstance(function["arguments"], str):
        yield f"B10: Invalid type for '{where}.function.arguments': expected a string."
    elif facts.json_arguments and not json_object(function["arguments"]):
        yield f"B11: Invalid '{where}.function.arguments': expected a JSON object in a string."


def _pair_rules(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Rules B1 to B5 and B9: results directly after the calls, one for each, before anything else."""
    waiting: list[str] = []
    answered: set[str] = set()
    for index, message in enumerate([*messages, {"role": "end"}]):
        if message["role"] == "tool":
            result = str(message["tool_call_id"])
            if result in answered:
                yield f"B5: Duplicate result for tool_call_id '{result}' in messages[{index}]."
            elif result not in waiting:
                yield (
                    f"B4: Invalid parameter: messages[{index}] with role 'tool' must be a"
                    " response to a preceding"
                    " message with 'tool_calls'."
                )
            else:
                waiting.remove(result)
                answered.add(result)
            continue
        if waiting:
            yield (
                "B3: An assistant message with 'tool_calls' must be followed by tool messages"
                " responding to each"
                " 'tool_call_id'. The following tool_call_ids did not have response messages:"
                f" {', '.join(waiting)}"
            )
        waiting = [str(call.get("id")) for call in message.get("tool_calls") or []]
        answered = set()


def _template_rules(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Rules A3 and G2 as the chat templates of local models have them."""
    if any(message["role"] in ("system", "developer") for message in messages[1:]):
        yield "G2: System message must be at the beginning."
    previous = "assistant"
    for message in messages:
        role = message["role"]
        if role in ("system", "developer"):
            continue
        if role == previous and role != "tool":
            yield "A3: Conversation roles must alternate user/assistant/user/assistant/..."
        previous = role


def _mistral_rules(messages: list[dict[str, Any]]) -> Iterator[str]:
    for before, after in pairwise(messages):
        if before["role"] == "tool" and after["role"] == "user":
            yield "A7: Unexpected role 'user' after role 'tool'"
    if messages[-1]["role"] == "assistant":
        yield ("A4: Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant")
