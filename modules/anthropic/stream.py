"""An answer of the Messages API being put together: raw events in, our events and the native blocks out."""

import json
from collections.abc import Sequence
from typing import Any

from modules.anthropic.transformer import DIALECT
from modules.config import Key
from modules.llm import failures, sse
from modules.llm.base import ChatRequest, Draft
from modules.llm.events import Finished, ReasoningDelta, StopReason, StreamEvent, TextDelta, ToolCallDelta, Usage
from modules.llm.message import Message, State
from modules.llm.parts import Opaque, Part, Reasoning, Text, ToolCall, Wire, mint_call_id

STOPS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
    "pause_turn": "paused",
    "model_context_window_exceeded": "context_full",
}


class _Block:
    """One content block; its pieces are joined once, at its end."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.kind = str(wire.get("type", ""))
        self.pieces: dict[str, list[str]] = {}
        self.surrogates = sse.Surrogates()
        self.closed = False
        self.call_id = mint_call_id() if self.kind == "tool_use" else ""

    def grow(self, field: str, piece: str) -> None:
        self.pieces.setdefault(field, []).append(piece)

    def joined(self, field: str) -> str:
        return str(self.wire.get(field) or "") + "".join(self.pieces.get(field, ()))

    def native(self) -> Wire:
        """The block as it must go back: the keys as they came, the deltas put in."""
        wire = dict(self.wire)
        for field in self.pieces:
            if field != "partial_json":
                wire[field] = self.joined(field)
        if self.kind == "tool_use":
            wire["input"] = self.call().parsed() or {}
        return wire

    def call(self) -> ToolCall:
        given = self.wire.get("input")
        arguments = "".join(self.pieces.get("partial_json", ())) or (json.dumps(given) if given else "")
        return ToolCall(self.call_id, str(self.wire.get("name", "")), arguments, str(self.wire.get("id", "")))


class AnthropicDraft(Draft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT)
        self._key = key
        self._blocks: dict[int, _Block] = {}
        self._usage: Wire = {}
        self._model = ""
        self._stop: StopReason = "unknown"

    def add(self, event: Any) -> Sequence[StreamEvent]:
        match event.get("type"):
            case "content_block_delta":
                return self._delta(event)
            case "content_block_start":
                return self._start(event)
            case "content_block_stop":
                if block := self._blocks.get(event.get("index", -1)):
                    block.closed = True
            case "message_start":
                message = event.get("message") or {}
                self._model = str(message.get("model") or "")
                self._usage.update(message.get("usage") or {})
            case "message_delta":
                self._stop = STOPS.get((event.get("delta") or {}).get("stop_reason") or "", "unknown")
                self._usage.update({k: v for k, v in (event.get("usage") or {}).items() if v is not None})
            case "message_stop":
                self.finished = Finished(self._stop, _usage(self._usage), self._model)
            case "error":
                request = self.request
                raise failures.in_stream(event, request.model.provider, request.model, self._key)
        return ()

    def _start(self, event: Wire) -> Sequence[StreamEvent]:
        block = _Block(sse.whole_json(event.get("content_block") or {}))
        index = event.get("index", len(self._blocks))
        self._blocks[index] = block
        match block.kind:
            case "tool_use":
                return (ToolCallDelta(index, str(block.wire.get("name", "")), ""),)
            case "text" if text := block.wire.get("text"):
                return (TextDelta(text),)
        return ()

    def _delta(self, event: Wire) -> Sequence[StreamEvent]:
        block = self._blocks.get(event.get("index", -1))
        delta = event.get("delta")
        if block is None or not isinstance(delta, dict):
            return ()
        match delta.get("type"):
            case "text_delta":
                text = block.surrogates.join(delta.get("text") or "")
                block.grow("text", text)
                return (TextDelta(text),) if text else ()
            case "thinking_delta":
                text = block.surrogates.join(delta.get("thinking") or "")
                block.grow("thinking", text)
                return (ReasoningDelta(text),) if text else ()
            case "signature_delta":
                block.grow("signature", str(delta.get("signature") or ""))
            case "input_json_delta":
                piece = block.surrogates.join(delta.get("partial_json") or "")
                block.grow("partial_json", piece)
                return (ToolCallDelta(event["index"], "", piece),) if piece else ()
            case "citations_delta":
                block.wire.setdefault("citations", [])
                if isinstance(block.wire["citations"], list):
                    block.wire["citations"].append(delta.get("citation"))
        return ()

    def message(self, state: State) -> Message:
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        whole = state == "complete"
        if not whole or self._stop == "max_tokens":
            blocks = _without_cut_calls(blocks, keep_closed=whole)
        shown = [block for block in blocks if not _is_blank(block)]
        kept = _without_loose_thinking(shown, whole)
        sound = all(block.call().parsed() is not None for block in kept if block.kind == "tool_use")
        if any(block.kind == "thinking" and block.surrogates.lossy for block in kept):
            sound = False  # it is signed in letters that cannot be sent
        if kept and kept[-1].kind == "text" and any(block.kind == "tool_use" for block in kept):
            sound = False  # words after the last call are refused once the call has its result
        native = [block.native() for block in kept] if sound else None
        parts = tuple(part for block in shown if (part := _part(block)))
        return Message("assistant", parts, self.origin, native or None, state, usage=_usage(self._usage))


def _without_cut_calls(blocks: list[_Block], keep_closed: bool) -> list[_Block]:
    return [b for b in blocks if b.kind != "tool_use" or (keep_closed and b.closed and b.call().parsed() is not None)]


def _without_loose_thinking(blocks: list[_Block], whole: bool) -> list[_Block]:
    # A turn may not end on thinking, and thinking whose signature has not come is not valid at all.
    blocks = [b for b in blocks if whole or b.kind != "thinking" or (b.closed and b.joined("signature"))]
    while blocks and blocks[-1].kind in ("thinking", "redacted_thinking"):
        blocks.pop()
    return blocks


def _is_blank(block: _Block) -> bool:
    return block.kind == "text" and not block.joined("text").strip()


def _part(block: _Block) -> Part | None:
    match block.kind:
        case "text":
            return Text(block.joined("text"))
        case "thinking" | "redacted_thinking":
            text = block.joined("thinking")
            return Reasoning(text) if text else None
        case "tool_use":
            return block.call()
        case kind:
            return Opaque(kind, kind.replace("_", " "))


def _usage(wire: Wire) -> Usage | None:
    """Anthropic counts cached tokens apart; ours count everything that was read."""
    if not wire:
        return None
    read, write = _count(wire, "cache_read_input_tokens"), _count(wire, "cache_creation_input_tokens")
    details = wire.get("output_tokens_details") or {}
    return Usage(
        _count(wire, "input_tokens") + read + write,
        _count(wire, "output_tokens"),
        read,
        write,
        _count(details, "thinking_tokens"),
    )


def _count(wire: Any, field: str) -> int:
    value = wire.get(field) if isinstance(wire, dict) else None
    return value if isinstance(value, int) and value >= 0 else 0
