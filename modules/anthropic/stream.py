"""An answer of the Messages API being put together: raw events in, our events and the native blocks out."""

from collections.abc import Iterator, Sequence
from typing import Any

from modules.anthropic.content_blocks import BY_FIELD, GROWS, THINKS, Block, text_of
from modules.anthropic.transformer import DIALECT
from modules.config import Key
from modules.llm.base import ChatRequest
from modules.llm.drafts.wire_draft import WireDraft
from modules.llm.events import CUT, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta
from modules.llm.message import Message, State
from modules.llm.parts import Wire
from modules.llm.usage import read_messages_usage


class AnthropicDraft(WireDraft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT, key)
        self._blocks: list[Block] = []
        self._at: dict[Any, Block] = {}  # where a stream's indices point to
        self._usage_fields: Wire = {}

    def words(self, event: Any) -> TextDelta | None:
        index, delta = event["index"], event["delta"]
        piece = delta["text"]
        if (
            event["type"] == "content_block_delta"
            and delta["type"] == "text_delta"
            and isinstance(piece, str)
            and type(index) is int
            and (block := self._at[index]).kind == "text"
            and "error" not in event
        ):
            text = block.surrogates.join(piece)
            block.grow("text", text)
            self._shown.append(text)
            return TextDelta(text)
        return None

    def add(self, event: Any) -> Sequence[StreamEvent]:
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(event.get("index"), event.get("delta"))
        match kind:
            case "content_block_start":
                block = event.get("content_block")
                self._at.pop(_key(event.get("index")), None)
                if isinstance(block, dict) and block:  # else its deltas say what it is
                    return list(self._start(event.get("index"), block))
            case "content_block_stop":
                if block := self._at.get(_key(event.get("index"))):
                    block.closed = True
            case "message_start":
                message = event.get("message")
                return self._whole(message if isinstance(message, dict) else {})
            case "message_delta":
                self._note_end(event)
            case "message_stop":
                self._stop = self._stop or ("end_turn", "")  # a proxy that gives no reason has ended it all the same
                return self.finish()
            case "message":  # the whole of it, from a server that does not stream
                return [*self._whole(event), *self.finish()]
        return ()

    def _note_end(self, event: Wire) -> None:
        delta = event.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self._note_stop(delta.get("stop_reason", event.get("stop_reason")))
        for usage in (delta.get("usage"), event.get("usage")):
            self._note_messages_usage(usage)

    @property
    def has_content(self) -> bool:
        return bool(self._blocks)

    def finish(self) -> Sequence[StreamEvent]:
        self._finished(*(self._stop or ("unknown", "")))
        return ()

    def _whole(self, message: Wire) -> Sequence[StreamEvent]:
        """A message object: nearly empty at the start of a stream, and all there is where nothing is streamed."""
        self._note_model(message.get("model"))
        self._note_messages_usage(message.get("usage"))
        self._note_stop(message.get("stop_reason"))
        events: list[StreamEvent] = []
        content = message.get("content")
        for block in [{"type": "text", "text": content}] if isinstance(content, str) and content else content or ():
            events.extend(self._start(None, block))
            self._blocks[-1].closed = True
        return events

    def _note_messages_usage(self, usage: Any) -> None:
        if isinstance(usage, dict) and usage:  # a zero or a null in a later event takes nothing back
            self._usage_fields.update({key: value for key, value in usage.items() if value})
            self.usage = None
            self._note_usage(read_messages_usage(self._usage_fields))

    def _start(self, index: Any, wire: Wire) -> Iterator[StreamEvent]:
        block = Block(wire)
        self._blocks.append(block)
        self._at[_key(index)] = block
        match block.kind:
            case "tool_use":
                call = block.call(self.declared)
                yield ToolCallDelta(len(self._blocks) - 1, call.name, "")
                if call.arguments:
                    yield ToolCallDelta(len(self._blocks) - 1, "", call.arguments)
            case "text":
                yield from self._show(block.joined("text"))
            case "thinking" if text := block.joined("thinking"):
                self._thought.append(text)
                yield ReasoningDelta(text)

    def _delta(self, index: Any, delta: Any) -> Sequence[StreamEvent]:
        if isinstance(delta, str):
            delta = {"text": delta}
        if not delta:
            return ()
        kind, field = GROWS.get(delta.get("type"), ("", ""))
        if not kind:
            field = next((field for field in BY_FIELD if field in delta), "")
            kind = BY_FIELD.get(field, "")
        block = self._at.get(_key(index))
        if block is None and self._blocks and not (self._blocks[-1].closed and _is_index(index)):
            block = self._blocks[-1]
        if not kind:
            return self._other(block, delta)
        piece = text_of(delta.get(field))
        if block is None or block.kind != kind:
            if not piece:
                return ()
            list(self._start(index, {"type": kind}))  # its start was lost, or said something else
            block = self._blocks[-1]
        if field == "signature":
            block.grow(field, piece)
            return ()
        text = block.surrogates.join(piece)
        if kind == "text":
            return self._write(block, text)
        block.grow(field, text)
        if not text:
            return ()
        if kind == "thinking":
            self._thought.append(text)
        return (ReasoningDelta(text),) if kind == "thinking" else (ToolCallDelta(self._blocks.index(block), "", text),)

    def _write(self, block: Block, text: str) -> Sequence[StreamEvent]:
        if not text:
            return ()
        block.grow("text", text)
        self._shown.append(text)
        return (TextDelta(text),)

    def _other(self, block: Block | None, delta: Wire) -> Sequence[StreamEvent]:
        """A delta of no kind that we show: kept where it goes back with its block."""
        if block is None:
            return ()
        if delta.get("type") == "citations_delta":
            citations = block.wire.get("citations")
            block.wire["citations"] = [*(citations if isinstance(citations, list) else ()), delta.get("citation")]
            return ()
        for field, value in delta.items():
            if field != "type" and isinstance(value, str):
                block.grow(field, block.surrogates.join(value))
        return ()

    def _message(self, state: State) -> Message:
        whole = state == "complete"
        blocks = [*self._blocks]
        cut = self.finished is not None and self.finished.stop in CUT
        if not whole or cut:
            blocks = self._without_cut_calls(blocks, keep_closed=whole)
        shown = [block for block in blocks if not block.is_blank]
        kept = _without_loose_thinking(shown, whole)
        sound = all(block.is_sound(self.declared) for block in kept)
        if kept and kept[-1].kind == "text" and any(block.kind == "tool_use" for block in kept):
            sound = False  # words after the last call are refused once the call has its result
        native = [block.native(self.declared) for block in kept] if sound else None
        parts = tuple(part for block in shown if (part := block.part(self.declared)))
        return Message("assistant", parts, self.origin, native or None, state, usage=self.usage)

    def _without_cut_calls(self, blocks: list[Block], keep_closed: bool) -> list[Block]:
        def stays(block: Block) -> bool:
            return block.kind != "tool_use" or (
                keep_closed and block.closed and block.call(self.declared).parsed() is not None
            )

        return [block for block in blocks if stays(block)]


def _without_loose_thinking(blocks: list[Block], whole: bool) -> list[Block]:
    # A turn may not end on thinking, and thinking whose signature has not come is not valid at all.
    blocks = [b for b in blocks if b.kind != "thinking" or ((whole or b.closed) and b.joined("signature"))]
    while blocks and blocks[-1].kind in THINKS:
        blocks.pop()
    return blocks


def _is_index(index: Any) -> bool:
    return isinstance(index, int) and not isinstance(index, bool)


def _key(index: Any) -> Any:
    if isinstance(index, str) and index.isdecimal() and len(index) < 10:
        return int(index)
    return index if _is_index(index) else None
