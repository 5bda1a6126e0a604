"""The built-in guide as a provider: it streams answers from the program's own documentation, with no key or network."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from typing import assert_never

from msgspec import Struct

from modules.config import Key
from modules.errors import ImagesUnsupported
from modules.llm.base import BaseService, ChatRequest, Draft, PreparedRequest
from modules.llm.events import (
    Cited,
    Finished,
    PictureMade,
    ProviderSearch,
    ReasoningDelta,
    ShownEvent,
    StopReason,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from modules.llm.message import Message, State
from modules.llm.models import Model, Provider
from modules.llm.parts import Part, Reasoning, Text, ToolCall, mint_call_id
from modules.offline import guide
from modules.offline.answer import DIALECT, answer

PACE_SECONDS = 0.012  # between two words: fast, and still a stream


class OfflineService(BaseService):
    """`pace` is in seconds between two words."""

    def __init__(self, provider: Provider, key: Key | None = None, pace: float = PACE_SECONDS) -> None:
        super().__init__(provider, key)
        self._pace = pace

    def check(self, request: ChatRequest) -> None:
        with suppress(ImagesUnsupported):  # the answer says so, and the image stays for a model that sees
            super().check(request)

    def draft(self, request: ChatRequest) -> Draft:
        return OfflineDraft(request)

    async def stream(self, prepared: PreparedRequest, draft: Draft) -> AsyncIterator[StreamEvent]:
        request = prepared.request
        said = answer(guide.load(), request.messages, _callable(request))
        thought = "" if request.reasoning == "none" else said.thought
        events: list[ShownEvent] = [ReasoningDelta(word) for word in _pieces(thought)]
        events += [TextDelta(word) for word in _pieces(said.text)]
        for index, call in enumerate(said.calls):
            events.append(ToolCallDelta(index, call.name, ""))
            events += [ToolCallDelta(index, "", piece) for piece in _pieces(call.written)]
        for raw in events:
            await asyncio.sleep(self._pace)
            for event in draft.add(raw):
                yield event
        written = " ".join([said.text, *(call.written for call in said.calls)])
        stop: StopReason = "tool_use" if said.calls else "end_turn"
        finished = Finished(stop, _usage(request, thought, written), request.model.id)
        draft.add(finished)
        yield finished

    async def models(self) -> Iterable[Model]:
        return [Model(name="guide", id="guide", provider=self.provider)]

    async def close(self) -> None:
        """Nothing is held."""


class _Call(Struct):
    """A call on its way."""

    id: str
    name: str
    arguments: str = ""


class OfflineDraft(Draft):
    """Its raw events are our own stream events."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__(request, DIALECT)
        self._thought: list[str] = []
        self._text: list[str] = []
        self._calls: dict[int, _Call] = {}

    def add(self, event: ShownEvent) -> Sequence[ShownEvent]:
        match event:
            case ReasoningDelta(text):
                self._thought.append(text)
            case TextDelta(text):
                self._text.append(text)
            case ToolCallDelta(index, name, arguments):
                call = self._calls.setdefault(index, _Call(mint_call_id(), name))
                call.arguments += arguments
            case Finished():
                self.finished = event
                return ()
            case ProviderSearch() | Cited() | PictureMade():  # the guide searches nothing, and draws nothing
                pass
            case _:
                assert_never(event)
        return (event,)

    def message(self, state: State) -> Message:
        parts: list[Part] = []
        if self._thought:
            parts.append(Reasoning("".join(self._thought)))
        if self._text:
            parts.append(Text("".join(self._text)))
        if self.finished is not None:
            parts += [ToolCall(call.id, call.name, call.arguments) for call in self._calls.values()]
        return Message("assistant", tuple(parts), self.origin, None, state)


def _callable(request: ChatRequest) -> frozenset[str] | None:
    """The tools that may be called, None where there are none or they are switched off."""
    if not request.declared or request.tool_choice == "none":
        return None
    return frozenset(spec.name for spec in request.declared)


def _pieces(text: str) -> list[str]:
    """The text word by word, each with the space after it."""
    return re.findall(r"\s*\S+\s*", text)


def _usage(request: ChatRequest, thought: str, text: str) -> Usage:
    read = [request.system, *(message.text for message in request.messages)]
    read += [result.text for message in request.messages for result in message.results]
    reasoning = _tokens(thought)
    return Usage(input=sum(map(_tokens, read)), output=_tokens(text) + reasoning, reasoning=reasoning)


def _tokens(text: str) -> int:
    return round(len(text.split()) * 4 / 3)
