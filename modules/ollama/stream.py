"""An answer of Ollama's /api/chat being put together: lines of JSON in, our events and the native message out."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from modules.config import Key
from modules.llm.base import ChatRequest
from modules.llm.chat_completions.thinking_tags import ThinkingTags
from modules.llm.chat_completions.tool_names import meant
from modules.llm.drafts.wire_draft import WireDraft, as_text
from modules.llm.events import CUT, StreamEvent, TextDelta, ToolCallDelta
from modules.llm.message import Message, State
from modules.llm.parts import Part, Reasoning, Text, ToolCall, Wire, mint_call_id
from modules.llm.usage import read_usage
from modules.ollama.transformer import DIALECT
from modules.text.surrogates import whole, whole_json

WORDS_ONLY = ({"content"}, {"role", "content"})  # the keys of nearly every message


class OllamaDraft(WireDraft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT, key)
        self._calls: list[tuple[ToolCall, Wire]] = []  # each as everyone reads it, and as it goes back
        self._tags = ThinkingTags()  # servers before 0.9 read no thinking, and leave its tags in the text

    def words(self, event: Any) -> TextDelta | None:
        message = event["message"]
        content = message["content"]
        if (
            content
            and event["done"] is False
            and message.keys() in WORDS_ONLY
            and self._tags.plain
            and "error" not in event
            and isinstance(content, str)
        ):
            text = self._surrogates.join(content)
            self._shown.append(text)
            return TextDelta(text)
        return None

    def add(self, event: Any) -> Sequence[StreamEvent]:
        self._note_model(event.get("model"))
        events = list(self._said(event["message"])) if event.get("message") else []
        if not event.get("done"):
            return events
        counts = {"prompt_tokens": event.get("prompt_eval_count"), "completion_tokens": event.get("eval_count")}
        if any(counts.values()):  # a prompt that is in the cache is not counted (ollama#5370)
            self._note_usage(read_usage(counts))
        self._note_stop(event.get("done_reason"))
        self._stop = self._stop or ("end_turn", "")  # older servers give no reason
        return [*events, *self.finish()]

    @property
    def has_content(self) -> bool:
        return bool(self._shown or self._thought or self._calls or self._tags.taken or self._tags.held)

    def finish(self) -> Sequence[StreamEvent]:
        events = [event for thinks, piece in self._tags.rest() for event in self._events_of(thinks, piece)]
        stop, word = self._stop or ("unknown", "")
        if self._calls and stop == "end_turn":  # the word is "stop" after calls too
            stop = "tool_use"
        self._finished(stop, word)
        return events

    def _said(self, message: Wire) -> Iterator[StreamEvent]:
        yield from self._think(message.get("thinking"))
        if text := self._surrogates.join(as_text(message.get("content"))):
            for thinks, piece in self._tags.read(text):
                yield from self._events_of(thinks, piece)
        for call in message.get("tool_calls") or ():
            yield self._called(call)

    def _events_of(self, thinks: bool, piece: str) -> Iterator[StreamEvent]:
        yield from self._think(piece) if thinks else self._show(piece)

    def _called(self, wire: Wire) -> ToolCallDelta:
        """A call, which comes whole. Servers before 0.12.10 give it no id; then it goes back under ours."""
        function = wire["function"]
        given = function.get("arguments")
        text = given if isinstance(given, str) else json.dumps(whole_json(given or {}), ensure_ascii=False)
        minted = mint_call_id()
        id = wire.get("id")
        id = id if isinstance(id, str) and id else minted
        call = ToolCall(minted, meant(as_text(function["name"]), self.declared), text, whole(id))
        self._calls.append((call, whole_json({**wire, "id": id})))
        return ToolCallDelta(len(self._calls) - 1, call.name, text)

    def _message(self, state: State) -> Message:
        whole = state == "complete"
        calls = self._calls if whole else []
        if self.finished is not None and self.finished.stop in CUT:
            calls = [pair for pair in calls if pair[0].parsed() is not None]
        text, thought = "".join(self._shown), "".join(self._thought)
        for thinks, piece in self._tags.held:
            text, thought = (text, thought + piece) if thinks else (text + piece, thought)
        parts: list[Part] = [Reasoning(thought)] if thought else []
        parts += [Text(text)] if text.strip() else []
        parts += [call for call, _ in calls]
        sound = whole and all(isinstance(wire["function"].get("arguments"), dict) for _, wire in calls)
        native = self._native(text, [wire for _, wire in calls]) if sound and (text.strip() or calls) else None
        return Message("assistant", tuple(parts), self.origin, native, state, usage=self.usage)

    def _native(self, text: str, calls: list[Wire]) -> Wire:
        wire: Wire = {"role": "assistant", "content": "".join(self._tags.taken) + text}
        if self._thought and not self._tags.taken:
            wire["thinking"] = "".join(self._thought)
        if calls:
            wire["tool_calls"] = calls
        return wire
