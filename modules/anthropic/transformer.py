"""The shared history as Anthropic's Messages API wants it: content blocks, results first, calls last."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import assert_never

from modules.llm.base import ChatRequest, PreparedRequest
from modules.llm.generation.closed_schema import closed
from modules.llm.generation.options import put
from modules.llm.history import with_calls
from modules.llm.ledger.ledger import WireMessages
from modules.llm.message import Message, MessageTransformer
from modules.llm.models import Level
from modules.llm.parts import (
    Attached,
    File,
    Image,
    Part,
    Text,
    ToolResult,
    Wire,
    contents,
    file_as_text,
    file_note,
    image_note,
    safe_name,
    visible_text,
)
from modules.llm.tool_spec import ToolSpec
from modules.llm.web_searches import KIND as SEARCH

DIALECT = "anthropic-messages"
DEFAULT_MAX_TOKENS = 8192
BUDGETS: dict[Level, int] = {"low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 49152}
OPENING = "[The conversation begins with the answer below.]"
SWITCHED_OFF = "Not available any more."
ANYTHING: Wire = {"type": "object"}
BINDING_BETA = {"anthropic-beta": "thinking-binding-controls-2026-08-01"}
# The name of its own search is taken: two tools of one name are refused (danny-avila/LibreChat#13162), and calls of
# ours may stand in a conversation in which the provider searches by now.
OURS_AS: dict[str, str] = {SEARCH: "search_the_web"}
THEIRS_AS = {name: ours for ours, name in OURS_AS.items()}


class AnthropicTransformer(MessageTransformer):
    dialect = DIALECT

    @property
    def binds_reasoning(self) -> bool:
        return self.model.profile.thinking == "adaptive"

    def user(self, message: Message, notes: Sequence[str]) -> Iterator[Wire]:
        yield {"role": "user", "content": [*map(_text, notes), *self._blocks(message.parts)]}

    def native(self, message: Message) -> Iterator[Wire]:
        yield {"role": "assistant", "content": message.native}

    def bare(self, message: Message) -> Iterator[Wire]:
        blocks = [block for block in message.native if block["type"] not in ("thinking", "redacted_thinking")]
        if blocks:
            yield {"role": "assistant", "content": blocks}

    def instructions(self, text: str) -> Wire | None:
        return (
            {"role": "system", "content": [_text(text)]}
            if self.model.profile.mid_system and self.model.profile.system == "anywhere"
            else None
        )

    def assistant(self, message: Message) -> Iterator[Wire]:
        blocks: list[Wire] = [_text(text) for text in visible_text(message.parts)]
        for call in message.calls:  # nothing may stand after the last call
            arguments = call.parsed()
            given = {"_invalid_json": call.arguments} if arguments is None else arguments
            blocks.append({"type": "tool_use", "id": call.id, "name": wire_name(safe_name(call)), "input": given})
        if blocks:
            yield {"role": "assistant", "content": blocks}

    def results(self, message: Message, own: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Wire]:
        yield {"role": "user", "content": [self._result(result, own) for result in message.results]}

    def joined(self, before: Wire, wire: Wire) -> Wire | None:
        if before["role"] != wire["role"]:
            return None
        return {"role": wire["role"], "content": [*before["content"], *wire["content"]]}

    def bridge(self, before: Wire | None, wire: Wire) -> Wire | None:
        return {"role": "user", "content": [_text(OPENING)]} if before is None and wire["role"] == "assistant" else None

    def _result(self, result: ToolResult, own: Mapping[str, str]) -> Wire:
        wire: Wire = {"type": "tool_result", "tool_use_id": own.get(result.call_id, result.call_id)}
        if blocks := list(self._blocks(result.parts)):
            wire["content"] = blocks
        if result.is_error:
            wire["is_error"] = True
        return wire

    def _blocks(self, parts: Collection[Part]) -> Iterator[Wire]:
        for part in contents(parts):
            match part:
                case Text(text) if text.strip():
                    yield _text(text)
                case Text():  # the API refuses blanks
                    pass
                case Image() if self.sees:
                    yield {"type": "image", "source": _source(part)}
                case Image():
                    yield _text(image_note(part, self.model))
                case File("text/plain"):
                    yield _text(file_as_text(part))
                case File() if self.reads:
                    yield {"type": "document", "source": _source(part)}
                case File():
                    yield _text(file_note(part, self.model))
                case _:
                    assert_never(part)


def prepare(request: ChatRequest) -> PreparedRequest:
    """The whole request; `max_tokens` counts thinking too."""
    model = request.model
    limit = request.output_limit or model.max_output or DEFAULT_MAX_TOKENS
    body: Wire = {"model": model.id, "max_tokens": limit, "stream": True}
    if request.system.strip():
        body["system"] = [_text(request.system)]
    if tools := _tools(request):
        body["tools"] = tools
        if request.tool_choice == "none" or not request.declared:
            body["tool_choice"] = {"type": "none"}
    messages = request.wire_messages(AnthropicTransformer(model), request.system, tools)
    body["messages"] = messages.listed()
    # The provider moves this breakpoint along by itself, so the messages carry no marks that would come and go.
    body["cache_control"] = {"type": "ephemeral"}
    body.update(_thinking(request, limit, messages))
    request.add_options(body)
    if request.answer_schema is not None and request.answer_form == "schema":
        # It "must be explicitly set to false" that an object has more, and limits of numbers and texts are refused.
        schema = closed(request.answer_schema.schema, recursive=False)
        if schema is not None:
            put(body, {"output_config.format": {"type": "json_schema", "schema": schema}})
    if (
        request.ledger is not None
        and request.ledger.drops_unreadable_reasoning
        and body.get("thinking", {}).get("type") == "adaptive"
    ):
        body["thinking"]["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
        return request.prepared(body, messages, BINDING_BETA)
    return request.prepared(body, messages)


def _tools(request: ChatRequest) -> list[Wire]:
    """The tools to declare. Calls in the history demand that theirs are, be they switched off by now."""
    if request.declared:
        return [_declared(tool, request.model.profile.web_search) for tool in request.declared]
    if not request.model.tools:
        return []
    used = dict.fromkeys(safe_name(call) for message in with_calls(request.messages) for call in message.calls)
    return [{"name": wire_name(name), "description": SWITCHED_OFF, "input_schema": ANYTHING} for name in used]


def _declared(tool: ToolSpec, own_search: str) -> Wire:
    if tool.native:
        return {"type": own_search, "name": SEARCH}
    return {"name": wire_name(tool.name), "description": tool.wire_description, "input_schema": tool.schema}


def wire_name(name: str) -> str:
    """What a tool of ours is called there."""
    return OURS_AS.get(name, name)


def _thinking(request: ChatRequest, limit: int, messages: WireMessages) -> Wire:
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
    if request.model.profile.thinking == "manual" and budget >= 1024 and not _in_foreign_loop(messages):
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    return {}


def _in_foreign_loop(messages: WireMessages) -> bool:
    """A tool loop whose thinking is not there: a model with a thinking budget demands it at the head of the loop."""
    wires = reversed(messages)
    if not any(block["type"] == "tool_result" for block in next(wires)["content"]):
        return False
    turn = next(message for message in wires if message["role"] == "assistant")
    return turn["content"][0]["type"] not in ("thinking", "redacted_thinking")


def _text(text: str) -> Wire:
    return {"type": "text", "text": text}


def _source(part: Attached) -> Wire:
    return {"type": "base64", "media_type": part.media_type, "data": part.base64}
