"""A Chat Completions answer being put together: raw chunks in, our events and the native message out."""

from collections.abc import Iterator, Sequence
from typing import Any

from modules.config import Key
from modules.llm import failures, salvage, sse
from modules.llm.base import ChatRequest, Draft
from modules.llm.chat_completions import DIALECT
from modules.llm.events import Finished, ReasoningDelta, StopReason, StreamEvent, TextDelta, ToolCallDelta, Usage
from modules.llm.message import Message, State
from modules.llm.parts import Part, Reasoning, Refusal, Text, ToolCall, Wire, mint_call_id

STOPS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
REASONING_FIELDS = ("reasoning", "reasoning_content")


class _Call:
    """One tool call growing; unknown keys, such as Gemini's signatures, are kept for the way back."""

    def __init__(self) -> None:
        self.id = mint_call_id()
        self.native_id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.extra: Wire = {}
        self._surrogates = sse.Surrogates()

    def add(self, delta: Wire) -> tuple[str, str]:
        """The name and arguments that this delta brings."""
        function = delta.get("function") or {}
        name = str(function.get("name") or "") if not self.name else ""
        self.name = self.name or name
        self.native_id = self.native_id or str(delta.get("id") or "")
        piece = function.get("arguments")
        piece = self._surrogates.join(piece) if isinstance(piece, str) else ""
        self.arguments.append(piece)
        self.extra.update({k: v for k, v in delta.items() if k not in ("index", "id", "type", "function") and v})
        return name, piece

    def part(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.arguments), self.native_id)

    def wire(self) -> Wire:
        function = {"name": self.name, "arguments": "".join(self.arguments) or "{}"}
        return {"id": self.native_id or self.id, "type": "function", "function": function, **self.extra}


class ChatDraft(Draft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT)
        self._key = key
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._reasoning: dict[str, list[str]] = {}
        self._details: list[Any] = []
        self._calls: dict[int, _Call] = {}
        self._surrogates = sse.Surrogates()
        self._usage: Usage | None = None
        self._model = ""
        self._salvaged = False

    def add(self, event: Any) -> Sequence[StreamEvent]:
        if event.get("error"):
            self._fail(event)
        self._model = self._model or str(event.get("model") or "")
        self._note_usage(event)
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return ()
        delta = choice.get("delta")
        events = self._delta(delta) if isinstance(delta, dict) else ()
        if reason := choice.get("finish_reason"):
            if reason == "error":
                self._fail(choice)
            self._finish(STOPS.get(reason, "unknown"))
        return events

    def end_marker(self) -> None:
        if self.finished is None and (self._text or self._calls):
            self._finish("tool_use" if self._calls else "unknown")

    def salvage(self, generation: str) -> Sequence[StreamEvent]:
        """Take the calls that the server could not read in it; without any it is what the model said."""
        self._salvaged = True
        generation = sse.whole(generation)
        calls = salvage.calls_in(generation)
        events: list[StreamEvent] = []
        for index, (name, arguments) in enumerate(calls, max(self._calls, default=-1) + 1):
            events.append(self._call(index, {"index": index, "function": {"name": name}}))
            events.append(self._call(index, {"index": index, "function": {"arguments": arguments}}))
        if not calls and generation.strip():
            events.extend(self._say(self._text, generation))
        self._finish("end_turn")
        return events

    def _delta(self, delta: Wire) -> Sequence[StreamEvent]:
        content = delta.get("content")
        if content and isinstance(content, str) and len(delta) <= 2:  # nearly every delta is this one
            return self._say(self._text, content)
        events: list[StreamEvent] = []
        for field in REASONING_FIELDS:
            if isinstance(piece := delta.get(field), str) and piece:
                piece = self._surrogates.join(piece)
                self._reasoning.setdefault(field, []).append(piece)
                events.append(ReasoningDelta(piece))
        if isinstance(details := delta.get("reasoning_details"), list):
            self._details.extend(details)
        for kind, piece in _pieces(content):
            if kind == "text":
                events.extend(self._say(self._text, piece))
            else:
                piece = self._surrogates.join(piece)
                self._reasoning.setdefault("thinking", []).append(piece)
                events.append(ReasoningDelta(piece))
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            events.extend(self._say(self._refusal, refusal))
        for position, call in enumerate(delta.get("tool_calls") or ()):
            if isinstance(call, dict):
                events.append(self._call(position, call))
        return events

    def _say(self, into: list[str], piece: str) -> Sequence[StreamEvent]:
        piece = self._surrogates.join(piece)
        into.append(piece)
        return (TextDelta(piece),) if piece else ()

    def _call(self, position: int, delta: Wire) -> StreamEvent:
        index = delta.get("index")
        if not isinstance(index, int):
            index = position
        name, piece = self._calls.setdefault(index, _Call()).add(delta)
        return ToolCallDelta(index, name, piece)

    def _note_usage(self, event: Wire) -> None:
        own = event.get("x_groq")
        if isinstance(own, dict):
            if own.get("error"):
                self._fail({"error": {"message": str(own["error"])}})
            usage = own.get("usage") or event.get("usage")
        else:
            usage = event.get("usage")
        if isinstance(usage, dict):
            self._usage = read_usage(usage)
            if self.finished is not None:
                self.finished = Finished(self.finished.stop, self._usage, self._model)

    def _finish(self, stop: StopReason) -> None:
        # What is there decides, not what was said: some servers stop with "stop" after tool calls.
        if self._calls and stop == "end_turn":
            stop = "tool_use"
        if self._refusal:
            stop = "refusal"
        self.finished = Finished(stop, self._usage, self._model)

    def _fail(self, body: Wire) -> None:
        request = self.request
        raise failures.in_stream(body, request.model.provider, request.model, self._key)

    def message(self, state: State) -> Message:
        calls = [self._calls[index] for index in sorted(self._calls)]
        cut = state != "complete" or (self.finished is not None and self.finished.stop == "max_tokens")
        if cut:
            calls = [] if state != "complete" else [call for call in calls if call.part().parsed() is not None]
        text = "".join(self._text)
        parts: list[Part] = []
        if thought := "".join(next(iter(self._reasoning.values()), ())):
            parts.append(Reasoning(thought))
        if text.strip():
            parts.append(Text(text))
        if self._refusal:
            parts.append(Refusal("".join(self._refusal)))
        parts.extend(call.part() for call in calls)
        sound = (
            state == "complete"
            and not self._salvaged
            and all(call.name and call.part().parsed() is not None for call in calls)
        )
        native = self._native(text, calls) if sound and (text.strip() or calls) else None
        return Message("assistant", tuple(parts), self.origin, native, state, usage=self._usage)

    def _native(self, text: str, calls: list[_Call]) -> Wire:
        """The message to give back: what the API takes, and what this endpoint wants of its own."""
        profile = self.request.model.profile
        wire: Wire = {"role": "assistant", "content": text or (None if profile.null_content else "")}
        for field, pieces in self._reasoning.items():
            if field in profile.replay:
                wire[field] = "".join(pieces)
        if self._details and "reasoning_details" in profile.replay:
            wire["reasoning_details"] = self._details
        if calls:
            wire["tool_calls"] = [call.wire() for call in calls]
        return wire


def _pieces(content: Any) -> Iterator[tuple[str, str]]:
    """What a delta's content holds: a string, or, from Mistral, a list of text and of thinking that holds text."""
    if isinstance(content, str) and content:
        yield "text", content
    for piece in content if isinstance(content, list) else ():
        match piece:
            case {"type": "text", "text": str(text)}:
                yield "text", text
            case {"type": "thinking", "thinking": thought}:
                yield from (("thinking", text) for _, text in _pieces(thought))


def read_usage(wire: Wire) -> Usage:
    """Prompt tokens include what came from the cache, completion tokens include reasoning."""
    prompt, completion = wire.get("prompt_tokens_details") or {}, wire.get("completion_tokens_details") or {}
    return Usage(
        _count(wire.get("prompt_tokens")),
        _count(wire.get("completion_tokens")),
        _count(prompt.get("cached_tokens")),
        _count(prompt.get("cache_write_tokens")),
        _count(completion.get("reasoning_tokens")),
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
