"""The rules of Anthropic Messages: content blocks, roles and order."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.fields import ANTHROPIC_MESSAGE, BLOCKS, unknown_and_missing
from tests.wire.rules_common import IMAGE_TYPES, base64_ok, blank, plain_name
from tests.wire.rules_messages_pairs import pair_rules
from tests.wire.rules_messages_params import parameter_rules
from tests.wire.rules_messages_thinking import thinking_rules
from tests.wire.rules_searches import block_rules, unpaired

_SERVER = {kind for kind, shape in BLOCKS.items() if shape.open} - {"search_result", "container_upload"}
_ALLOWED = {
    "user": {"text", "image", "document", "search_result", "tool_result", "container_upload"},
    "assistant": {"text", "thinking", "redacted_thinking", "tool_use"} | _SERVER,
    "system": {"text"},
}
_IN_RESULT = {"text", "image", "document", "search_result"}


def messages_rules(_dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules that a Messages body breaks."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "A2: messages: at least one message is required"
        return
    for index, message in enumerate(messages):
        yield from _message_rules(f"messages.{index}", message, facts)
    yield from _order_rules(messages, facts)
    yield from pair_rules(messages)
    yield from unpaired(messages)
    yield from thinking_rules(body, facts)
    yield from parameter_rules(body, facts)


def _message_rules(where: str, message: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    yield from unknown_and_missing("anthropic", where, message, ANTHROPIC_MESSAGE)
    role, content = message.get("role"), message.get("content")
    if role not in _ALLOWED:
        yield f"A1: {where}.role: Input should be 'user', 'assistant' or 'system'"
        return
    if content in ("", []):
        yield (f"D3: {where}: all messages must have non-empty content except for the optional final assistant message")
    elif isinstance(content, str):
        if blank(content):
            yield f"D2: {where}: text content blocks must contain non-whitespace text"
    elif isinstance(content, list):
        for index, block in enumerate(content):
            yield from _block_rules(f"{where}.content.{index}", block, _ALLOWED[role], facts)
    else:
        yield f"D7: {where}.content: Input should be a valid string or list"


def _block_rules(where: str, block: Any, allowed: set[str], facts: ModelFacts) -> Iterator[str]:
    kind = block.get("type")
    if kind not in BLOCKS:
        yield f"E12: {where}: Input tag '{kind}' does not match any of the expected tags"
        return
    if kind not in allowed:
        yield f"{'F6' if kind == 'image' else 'D6'}: {where}: `{kind}` blocks are not permitted here"
    yield from unknown_and_missing("anthropic", where, block, BLOCKS[kind])
    yield from block_rules(where, block, facts)
    match kind:
        case "text":
            yield from _text_rules(where, block["text"])
        case "image":
            yield from _image_rules(where, block["source"], facts)
        case "tool_use":
            yield from _call_rules(where, block)
        case "tool_result":
            yield from _result_rules(where, block, facts)


def _text_rules(where: str, text: object) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"D6: {where}.text: Input should be a valid string"
    elif not text:
        yield f"D1: {where}: text content blocks must be non-empty"
    elif blank(text):
        yield f"D2: {where}: text content blocks must contain non-whitespace text"


def _image_rules(where: str, source: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    if not facts.vision:
        yield f"F7: {where}: this model does not support image inputs"
    match source:
        case {"type": "base64", "media_type": kind, "data": data, **rest} if not rest:
            if kind not in IMAGE_TYPES:
                yield f"F1: {where}.source.base64.media_type: Input should be one of {', '.join(IMAGE_TYPES)}"
            if not base64_ok(data):
                yield f"F1: {where}.source.base64.data: invalid base64 data"
            elif len(data) > 10_485_760:
                yield f"F2: {where}.source.base64: image exceeds 10 MB maximum"
        case {"type": "url", "url": str()} | {"type": "file", "file_id": str()}:
            return
        case _:
            yield f"F1: {where}.source: Input tag does not match any of 'base64', 'url', 'file'"


def _call_rules(where: str, block: dict[str, Any]) -> Iterator[str]:
    if not plain_name(block["id"], 10_000):
        yield f"C1: {where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    elif len(block["id"]) > 64:
        yield f"C2: {where}.id: String should have at most 64 characters"
    if not plain_name(block["name"], 128):
        yield f"C7: {where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
    if not isinstance(block["input"], dict):
        yield f"B10: {where}.input: Input should be a valid dictionary"


def _result_rules(where: str, block: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    if not isinstance(block.get("is_error", False), bool):
        yield f"B14: {where}.is_error: Input should be a valid boolean"
    content = block.get("content", "")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        yield f"B13: {where}.content: Input should be a valid string or list"
        return
    for index, child in enumerate(content):
        yield from _block_rules(f"{where}.content.{index}", child, _IN_RESULT, facts)
        if "cache_control" in child:
            yield f"I2: {where}.content.{index}: cache_control is not permitted inside a tool_result"


def _order_rules(messages: list[dict[str, Any]], facts: ModelFacts) -> Iterator[str]:
    first, last = messages[0], messages[-1]
    if first["role"] != "user":
        yield 'A2: messages: first message must use the "user" role'
    if last["role"] == "assistant" and not _ends_with_server_block(last):
        if not facts.prefill:
            yield (
                "A4: This model does not support assistant message prefill."
                " The conversation must end with a user message."
            )
        elif _final_text(last).rstrip() != _final_text(last):
            yield "A5: messages: final assistant content cannot end with trailing whitespace"
    for index, message in enumerate(messages):
        if message["role"] == "system":
            yield from _system_rules(messages, index, facts)
    if len(messages) > 100_000:
        yield "A8: messages: at most 100000 messages"


def _final_text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return str(content[-1].get("text", "")) if content else ""


def _system_rules(messages: list[dict[str, Any]], index: int, facts: ModelFacts) -> Iterator[str]:
    where = f"messages.{index}"
    if not facts.mid_system:
        yield f"G2: {where}.role: role 'system' is not supported by this model"
    before = next((m for m in reversed(messages[:index]) if m["role"] != "system"), None)
    after = next((m for m in messages[index + 1 :] if m["role"] != "system"), None)
    follows = before is not None and (before["role"] == "user" or _ends_with_server_result(before))
    if not follows or (after is not None and after["role"] != "assistant"):
        yield f"G3: {where}: a system message must follow a user turn and precede an assistant turn"


def _ends_with_server_block(message: dict[str, Any]) -> bool:
    """Tell whether a turn was paused while the API ran its own tool: it is sent back as it is."""
    content = message["content"]
    return isinstance(content, list) and bool(content) and content[-1].get("type") in _SERVER


def _ends_with_server_result(message: dict[str, Any]) -> bool:
    content = message["content"]
    return isinstance(content, list) and bool(content) and content[-1].get("type") in _SERVER - {"server_tool_use"}
