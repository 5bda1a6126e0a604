"""An answer of the Messages API being put together: raw events in, our events and the native blocks out."""

from collections.abc import Iterator, Sequence
from typing import Any

from modules.anthropic import server_blocks
from modules.anthropic.answer_parts import parts_of
from modules.anthropic.content_blocks import BY_FIELD, CALLS, GROWS, THINKS, Block, text_of
from modules.anthropic.transformer import DIALECT
from modules.config import Key
from modules.llm.base import ChatRequest, PreparedRequest
from modules.llm.drafts.wire_draft import WireDraft
from modules.llm.events import CUT, Cited, ProviderSearch, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta, Usage
from modules.llm.message import Message, State
from modules.llm.parts import Wire
from modules.llm.usage import read_messages_usage

MOST_RESUMED = 5  # times that one answer is gone on with; each pause comes after several searches


class AnthropicDraft(WireDraft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT, key)
        self._blocks: list[Block] = []
        self._at: dict[Any, Block] = {}  # where a stream's indices point to
        self._usage_fields: Wire = {}
        self._before: Usage | None = None  # of the requests before the one that is answered now
        self._resumed = 0

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
                if (block := self._at.get(_key(event.get("index")))) and not block.closed:
                    block.closed = True
                    return list(self._closed(block))
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

    def resumed(self, prepared: PreparedRequest) -> PreparedRequest | None:
        """The request with what has come: a long search is paused, and goes on when its blocks come back as they are.

        platform.claude.com/docs/en/build-with-claude/handling-stop-reasons, `pause_turn`.
        """
        if self.finished is None or self.finished.stop != "paused" or self._resumed >= MOST_RESUMED:
            return None
        blocks = [block for block in self._blocks if not block.is_blank]
        if not blocks or not server_blocks.is_of_a_server(blocks[-1].kind):
            return None
        if not all(block.is_sound(self.declared) for block in blocks):
            return None
        self._resumed += 1
        self._before, self._usage_fields = self.usage, {}
        self.finished = self._stop = None
        self._at.clear()
        body = prepared.body
        answer = {"role": "assistant", "content": [block.native(self.declared) for block in blocks]}
        body["messages"] = [*body["messages"], answer]
        return PreparedRequest(prepared.request, body, prepared.messages, prepared.headers)

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
            events.extend(self._closed(self._blocks[-1]))
        return events

    def _note_messages_usage(self, usage: Any) -> None:
        if isinstance(usage, dict) and usage:  # a zero or a null in a later event takes nothing back
            self._usage_fields.update({key: value for key, value in usage.items() if value})
            self.usage, usage = None, read_messages_usage(self._usage_fields)
            self._note_usage(self._before + usage if self._before and usage else usage or self._before)

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
            case server_blocks.RESULT:
                uses = (one.native(()) for one in self._blocks if one.kind == server_blocks.USE)
                use = next((one for one in uses if one.get("id") == wire.get("tool_use_id")), {})
                sources, failed = server_blocks.found_in(block.wire)
                yield ProviderSearch(server_blocks.query_in(use), sources, failed)

    def _closed(self, block: Block) -> Iterator[StreamEvent]:
        """What is known of a block when it is whole."""
        wire = block.native(()) if block.kind in ("text", server_blocks.USE) else block.wire
        if server_blocks.is_search(wire):
            yield ProviderSearch(server_blocks.query_in(wire))
        if block.kind == "text":
            for one in server_blocks.citations_of(wire, 0):
                yield Cited(one.url, one.title)

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
        if block is None or not (block.kind == kind or (kind in CALLS and block.kind in CALLS)):
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
        if not text or block.kind == server_blocks.USE:
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
        native = native if native and server_blocks.are_paired(native) else None
        parts = parts_of(blocks, self.declared)
        return Message("assistant", parts, self.origin, native, state, usage=self.usage)

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
