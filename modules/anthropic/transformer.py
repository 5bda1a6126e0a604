"""The shared history as Anthropic's Messages API wants it: content blocks, results first, calls last."""

from collections.abc import Iterable, Iterator

from modules.llm.base import ChatRequest
from modules.llm.message import (
    File,
    Image,
    Message,
    MessageTransformer,
    Part,
    Text,
    ToolResult,
    Wire,
    file_note,
    image_note,
    safe_name,
    told_file,
    visible_text,
)
from modules.llm.models import Level

DIALECT = "anthropic-messages"
DEFAULT_MAX_TOKENS = 8192
BUDGETS: dict[Level, int] = {"low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 49152}
OPENING = "[The conversation begins with the answer below.]"
SWITCHED_OFF = "Not available any more."
ANYTHING: Wire = {"type": "object"}


class AnthropicTransformer(MessageTransformer):
    dialect = DIALECT

    def user(self, message: Message, note: str) -> Iterator[Wire]:
        blocks = [_text(note)] if note else []
        yield {"role": "user", "content": blocks + list(self._blocks(message.parts))}

    def native(self, message: Message) -> Iterator[Wire]:
        yield {"role": "assistant", "content": message.native}

    def assistant(self, message: Message) -> Iterator[Wire]:
        blocks: list[Wire] = [_text(text) for text in visible_text(message.parts)]
        for call in message.calls:  # nothing may stand after the last call
            arguments = call.parsed()
            given = {"_invalid_json": call.arguments} if arguments is None else arguments
            blocks.append({"type": "tool_use", "id": call.id, "name": safe_name(call), "input": given})
        if blocks:
            yield {"role": "assistant", "content": blocks}

    def results(self, message: Message, own: dict[str, str]) -> Iterator[Wire]:
        yield {"role": "user", "content": [self._result(result, own) for result in message.results]}

    def arranged(self, wire: list[Wire]) -> list[Wire]:
        merged: list[Wire] = []
        for entry in wire:
            if merged and merged[-1]["role"] == entry["role"]:
                merged[-1] = {"role": entry["role"], "content": [*merged[-1]["content"], *entry["content"]]}
            else:
                merged.append(entry)
        if merged and merged[0]["role"] == "assistant":
            merged.insert(0, {"role": "user", "content": [_text(OPENING)]})
        return merged

    def _result(self, result: ToolResult, own: dict[str, str]) -> Wire:
        wire: Wire = {"type": "tool_result", "tool_use_id": own.get(result.call_id, result.call_id)}
        if blocks := list(self._blocks(result.parts)):
            wire["content"] = blocks
        if result.is_error:
            wire["is_error"] = True
        return wire

    def _blocks(self, parts: Iterable[Part]) -> Iterator[Wire]:
        for part in parts:
            match part:
                case Text(text) if text.strip():
                    yield _text(text)
                case Image() if self.model.vision:
                    yield {"type": "image", "source": _source(part)}
                case Image():
                    yield _text(image_note(part, self.model))
                case File("text/plain"):
                    yield _text(told_file(part))
                case File() if self.model.documents:
                    yield {"type": "document", "source": _source(part)}
                case File():
                    yield _text(file_note(part, self.model))


def request_body(request: ChatRequest) -> Wire:
    """The whole request; `max_tokens` counts thinking too."""
    model = request.model
    limit = model.max_output or DEFAULT_MAX_TOKENS
    body: Wire = {"model": model.id, "max_tokens": limit, "stream": True}
    if request.system.strip():
        body["system"] = [_text(request.system)]
    body["messages"] = AnthropicTransformer(model).convert(request.messages)
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
    elif used := _tools_used(body["messages"]):
        # Calls in the history demand that their tools are declared, be they switched off by now.
        body["tools"] = [{"name": name, "description": SWITCHED_OFF, "input_schema": ANYTHING} for name in used]
        body["tool_choice"] = {"type": "none"}
    body.update(_thinking(request, limit))
    return body


def _tools_used(messages: list[Wire]) -> list[str]:
    blocks = (block for message in messages for block in message["content"])
    return list(dict.fromkeys(block["name"] for block in blocks if block["type"] == "tool_use"))


def _thinking(request: ChatRequest, limit: int) -> Wire:
    level = request.reasoning
    if request.model.profile.thinking == "adaptive":
        if level == "none" and level in request.model.reasoning:
            return {"thinking": {"type": "disabled"}}
        # Newer models keep their thinking to themselves unless asked for a summary.
        wire: Wire = {"thinking": {"type": "adaptive", "display": "summarized"}}
        if level and level in request.model.reasoning:
            wire["output_config"] = {"effort": level}
        return wire
    budget = min(BUDGETS.get(level, 0) if level else 0, limit - 1024)
    if request.model.profile.thinking == "manual" and budget >= 1024 and not _in_foreign_loop(request):
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    return {}


def _in_foreign_loop(request: ChatRequest) -> bool:
    """A tool loop that another model began: a model with a thinking budget demands its own thinking at its head."""
    if not request.messages or request.messages[-1].role != "tool":
        return False
    transformer = AnthropicTransformer(request.model)
    turn = next((message for message in reversed(request.messages) if message.role == "assistant"), None)
    return turn is None or not transformer.is_own(turn) or turn.native[0].get("type") != "thinking"


def dropping_thinking(body: Wire) -> Wire:
    """The same request, with leave to drop the thinking that does not belong to this conversation any more."""
    thinking = body.get("thinking")
    if not thinking or thinking["type"] == "disabled":
        return body
    return {**body, "thinking": {**thinking, "block_binding": {"prefix_mismatch_behavior": "drop_block"}}}


def without_thinking(body: Wire) -> Wire:
    """The same request with no thinking of earlier turns. A budget needs some at the head of a tool loop: none then."""
    bare = {**body, "messages": [_thoughtless(message) for message in body["messages"]]}
    if bare.get("thinking", {}).get("type") == "enabled":
        del bare["thinking"]
    return bare


def _thoughtless(message: Wire) -> Wire:
    blocks = [block for block in message["content"] if block["type"] not in ("thinking", "redacted_thinking")]
    return {**message, "content": blocks}


def _text(text: str) -> Wire:
    return {"type": "text", "text": text}


def _source(part: Image | File) -> Wire:
    return {"type": "base64", "media_type": part.media_type, "data": part.base64}
