"""An answer of the Responses API being put together: raw events in, our events and the native items out."""

from collections.abc import Sequence
from typing import Any

from modules.config import Key
from modules.llm import failures, sse
from modules.llm.base import ChatRequest, Draft
from modules.llm.events import Finished, ReasoningDelta, StopReason, StreamEvent, TextDelta, ToolCallDelta, Usage
from modules.llm.message import Message, State
from modules.llm.parts import Opaque, Part, Reasoning, Refusal, Text, ToolCall, Wire, mint_call_id
from modules.openai.transformer import DIALECT

RESPONSE_ONLY = ("created_by", "parsed_arguments", "parsed")
INCOMPLETE: dict[str, StopReason] = {"max_output_tokens": "max_tokens", "content_filter": "refusal"}


class ResponsesDraft(Draft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT)
        self._key = key
        self._items: dict[int, tuple[Wire, list[Part]]] = {}
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._surrogates = sse.Surrogates()
        self._usage: Usage | None = None

    def add(self, event: Any) -> Sequence[StreamEvent]:
        match event.get("type"):
            case "response.output_text.delta" | "response.refusal.delta":
                return self._say(event.get("delta"))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return self._think(event.get("delta"))
            case "response.reasoning_summary_part.added" if event.get("summary_index"):
                return self._think("\n\n")
            case "response.function_call_arguments.delta":
                piece = event.get("delta")
                return (ToolCallDelta(_index(event), "", sse.whole(piece)),) if isinstance(piece, str) else ()
            case "response.output_item.added":
                item = event.get("item") or {}
                if item.get("type") == "function_call":
                    return (ToolCallDelta(_index(event), str(item.get("name", "")), ""),)
            case "response.output_item.done":
                item = sse.whole_json(event.get("item") or {})
                self._items[_index(event)] = item, _parts_of(item)
            case "response.completed" | "response.incomplete":
                self._finish(event.get("response") or {})
            case "response.failed":
                self._fail(event.get("response") or {})
            case "error":
                self._fail(event)
        return ()

    def _say(self, piece: Any) -> Sequence[StreamEvent]:
        text = self._surrogates.join(piece) if isinstance(piece, str) else ""
        self._text.append(text)
        return (TextDelta(text),) if text else ()

    def _think(self, piece: Any) -> Sequence[StreamEvent]:
        text = self._surrogates.join(piece) if isinstance(piece, str) else ""
        self._reasoning.append(text)
        return (ReasoningDelta(text),) if text else ()

    def _finish(self, response: Wire) -> None:
        usage = response.get("usage")
        self._usage = read_usage(usage) if isinstance(usage, dict) else None
        details = response.get("incomplete_details") or {}
        stop: StopReason = "end_turn"
        if response.get("status") == "incomplete":
            stop = INCOMPLETE.get(str(details.get("reason")), "unknown")
        elif any(isinstance(part, ToolCall) for part in self._parts()):
            stop = "tool_use"
        elif any(isinstance(part, Refusal) for part in self._parts()):
            stop = "refusal"
        self.finished = Finished(stop, self._usage, str(response.get("model") or ""))

    def _fail(self, body: Wire) -> None:
        request = self.request
        raise failures.in_stream(body, request.model.provider, request.model, self._key)

    def message(self, state: State) -> Message:
        if state != "complete":
            # Half an answer is no item: what was read is kept as text, and goes to everyone as text.
            parts: list[Part] = [Reasoning(text)] if (text := "".join(self._reasoning)) else []
            parts += [Text(text)] if (text := "".join(self._text)).strip() else []
            return Message("assistant", tuple(parts), self.origin, None, state, usage=self._usage)
        parts = self._parts()
        if self.finished is not None and self.finished.stop == "max_tokens":  # a call that was cut is none
            parts = [part for part in parts if not isinstance(part, ToolCall) or part.parsed() is not None]
            whole = {part.native_id for part in parts if isinstance(part, ToolCall)}
            calls = (item for item, _ in self._items.values() if item.get("type") == "function_call")
            if any(str(item.get("call_id") or "") not in whole for item in calls):
                return Message("assistant", tuple(parts), self.origin, None, state, usage=self._usage)
        return Message("assistant", tuple(parts), self.origin, self._native(parts), state, usage=self._usage)

    def _parts(self) -> list[Part]:
        return [part for index in sorted(self._items) for part in self._items[index][1]]

    def _native(self, parts: list[Part]) -> list[Wire] | None:
        """Every item as it came, in order; None where one of them could not be given back."""
        items = [self._items[index][0] for index in sorted(self._items)]
        sound = all(part.arguments and part.parsed() is not None for part in parts if isinstance(part, ToolCall))
        sound = sound and all(item.get("status") in (None, "completed") for item in items)
        sound = sound and bool(items) and items[-1].get("type") != "reasoning"
        return [_without_response_only(item) for item in items] if sound else None


def _parts_of(item: Wire) -> list[Part]:
    match item.get("type"):
        case "reasoning":
            texts = [piece.get("text", "") for piece in item.get("summary") or item.get("content") or ()]
            return [Reasoning("\n\n".join(texts))] if any(texts) else []
        case "message":
            return [part for piece in item.get("content") or () if (part := _said(piece))]
        case "function_call":
            if item.get("status") == "incomplete":
                return []
            call_id, name = str(item.get("call_id") or ""), str(item.get("name") or "")
            return [ToolCall(mint_call_id(), name, str(item.get("arguments") or ""), call_id)]
        case kind:
            return [Opaque(str(kind), str(kind).replace("_", " "))]


def _said(piece: Wire) -> Part | None:
    match piece.get("type"):
        case "output_text":
            return Text(str(piece.get("text") or ""))
        case "refusal":
            return Refusal(str(piece.get("refusal") or ""))
    return None


def _without_response_only(item: Wire) -> Wire:
    return {k: v for k, v in item.items() if k not in RESPONSE_ONLY and not (k == "id" and v is None)}


def read_usage(wire: Wire) -> Usage:
    """Input tokens include what came from the cache, output tokens include reasoning."""
    read, write = wire.get("input_tokens_details") or {}, wire.get("output_tokens_details") or {}
    return Usage(
        _count(wire.get("input_tokens")),
        _count(wire.get("output_tokens")),
        _count(read.get("cached_tokens")),
        _count(read.get("cache_write_tokens")),
        _count(write.get("reasoning_tokens")),
    )


def _index(event: Wire) -> int:
    index = event.get("output_index")
    return index if isinstance(index, int) else 0


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
