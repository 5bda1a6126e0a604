"""A Chat Completions answer being put together: raw chunks in, our events and the native message out."""

from collections.abc import Iterator, Sequence
from typing import Any

from modules.config import Key
from modules.llm.base import ChatRequest
from modules.llm.chat_completions.call_assembly import CallAssembly
from modules.llm.chat_completions.chat_chunks import THINKING, choices_of, delta_of, pictures_of, pieces_of
from modules.llm.chat_completions.chat_completions_transformer import DIALECT
from modules.llm.chat_completions.executed_tools import ExecutedTools
from modules.llm.chat_completions.reasoning_fields import DETAILS, ReasoningFields
from modules.llm.chat_completions.thinking_tags import ThinkingTags
from modules.llm.drafts import unparsed_tool_calls
from modules.llm.drafts.wire_draft import WireDraft, as_text
from modules.llm.events import CUT, StreamEvent, TextDelta
from modules.llm.message import Message, State
from modules.llm.parts import Opaque, Part, Reasoning, Refusal, Text, ToolCall, Wire
from modules.llm.stop_reasons import ends
from modules.llm.usage import read_usage
from modules.text import surrogates

WORDS_ONLY = ({"content"}, {"role", "content"})  # the keys of nearly every delta


class ChatDraft(WireDraft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT, key)
        self._refusal: list[str] = []
        self._others: dict[str, None] = {}  # kinds of content that we cannot show
        self._reasoning = ReasoningFields()
        self._calls = CallAssembly(self.declared)
        self._executed = ExecutedTools()
        self._tags = ThinkingTags()
        self._owners: dict[str, Any] = {}
        self._as_it_came = True

    def words(self, event: Any) -> TextDelta | None:
        choices = event["choices"]
        choice = choices[0]
        delta = choice["delta"]
        content = delta["content"]
        if (
            content
            and delta.keys() in WORDS_ONLY
            and len(choices) == 1
            and not (choice.get("finish_reason") or choice.get("message") or event.get("usage"))
            and self._owners.get("text") == choice.get("index", 0)  # the choice that has all the words
            and self._tags.plain
            and not ("error" in event or "x_groq" in event)
            and isinstance(content, str)
        ):
            text = self._surrogates.join(content)
            self._shown.append(text)
            return TextDelta(text)
        return None

    def add(self, event: Any) -> Sequence[StreamEvent]:
        if not self.model:
            self._note_model(event.get("model"))
        if event.get("usage") or event.get("x_groq"):
            self._note_usages(event)
        return [event for choice in choices_of(event) for event in self._choice(choice)]

    def salvage(self, generation: str) -> Sequence[StreamEvent]:
        """Take the calls that the server could not read in it; without any it is what the model said."""
        self._as_it_came = False
        generation = surrogates.whole(generation)
        calls = unparsed_tool_calls.calls_in(generation)
        events: list[StreamEvent] = [
            event for name, arguments in calls for event in self._calls.append(name, arguments)
        ]
        if not calls and generation.strip():
            events.extend(self._content(generation))
        self._note_stop("stop")
        return [*events, *self.finish()]

    def ended(self, marked: bool) -> Sequence[StreamEvent]:
        if marked and self._stop is None:  # a server that names no reason to stop says "[DONE]" all the same
            self._stop = ("end_turn", "")
        return super().ended(marked)

    @property
    def has_content(self) -> bool:
        return bool(
            self._shown
            or self._pictures
            or self._calls
            or self._refusal
            or self._others
            or self._tags.taken
            or self._tags.held
        )

    def finish(self) -> Sequence[StreamEvent]:
        events = [event for thinks, piece in self._tags.rest() for event in self._events_of(thinks, piece)]
        stop, word = self._stop or ("unknown", "")
        # What is there decides, not what was said: some servers stop with "stop" after tool calls.
        if self._calls and (stop == "end_turn" or (stop == "unknown" and not word)):
            stop = "tool_use"
        elif stop == "tool_use" and not self._calls:
            stop = "end_turn"
        if self._refusal:
            stop = "refusal"
        said_nothing = not (self._calls or self._shown or self._pictures or self._refusal or self._others)
        if self._tags.open and said_nothing and stop in ("end_turn", "unknown"):
            # The model never ended its thinking, and ended by itself: those words are all there is of an answer.
            self._as_it_came = False
            events = [*events, *self._say(self._reasoning.moved_to_text(THINKING))]
            self._thought.clear()
        self._finished(stop, word)
        return events

    def _choice(self, choice: Wire) -> Iterator[StreamEvent]:
        if choice.get("usage"):  # Moonshot
            self._note_usage(read_usage(choice["usage"]))
        index = choice.get("index")
        said = "".join(self._shown) if "message" in choice else ""
        yield from self._delta(delta_of(choice, said), index if isinstance(index, int) else 0)
        reason = choice.get("finish_reason")
        if ends(reason):
            if choice.get("error"):
                raise self.failure(choice)
            if self._stop is None or self._stop[0] == "end_turn":
                self._note_stop(reason)
        if ends(reason) or self.finished is not None:  # what comes after the end may still be a call
            yield from self.finish()

    def _delta(self, delta: Wire, index: int) -> Iterator[StreamEvent]:
        """Everything that a delta holds. We ask for one choice: what a second one says of a kind is another answer."""
        if self._owners.get("reasoning", index) == index:
            for piece in self._reasoning.read(delta):
                self._owners.setdefault("reasoning", index)
                yield from self._think(piece)
        if delta.get("content") and self._owns("text", index):
            yield from self._content(delta["content"])
        if refusal := as_text(delta.get("refusal")):
            self._refusal.append(refusal := self._surrogates.join(refusal))
            yield TextDelta(refusal)
        yield from self._media(delta)
        if "executed_tools" in delta or "annotations" in delta:
            yield from self._executed.read(delta, sum(map(len, self._shown)))
        if (calls := delta.get("tool_calls")) and self._owns("calls", index):
            yield from self._calls.add(calls)
        elif (call := delta.get("function_call")) and "calls" not in self._owners and self._owns("function", index):
            yield from self._calls.add(call)

    def _owns(self, kind: str, index: int) -> bool:
        return bool(self._owners.setdefault(kind, index) == index)

    def _media(self, delta: Wire) -> Iterator[StreamEvent]:
        """Pictures, as OpenRouter and Vercel send them: openrouter.ai/docs/features/multimodal/image-generation.

        What else comes, such as sound, cannot be shown, but nobody shall think that nothing came.
        """
        for one in pictures_of(delta):
            before = len(self._pictures)
            yield from self._picture(one)
            if len(self._pictures) == before and not any(picture.base64 in str(one) for picture in self._pictures):
                self._others.setdefault("image")
        if given := delta.get("audio") or delta.get("audios"):
            self._others.setdefault("audio")
            if isinstance(given, dict) and isinstance(given.get("transcript"), str):
                yield from self._content(given["transcript"])

    def _content(self, content: Any) -> Iterator[StreamEvent]:
        for kind, piece in pieces_of(content):
            if kind == "text":
                for thinks, part in self._tags.read(self._surrogates.join(piece)):
                    yield from self._events_of(thinks, part)
            elif kind == THINKING:
                yield from self._events_of(True, piece)
            else:
                self._others.setdefault(kind)

    def _events_of(self, thinks: bool, piece: str) -> Iterator[StreamEvent]:
        if not thinks:
            yield from self._show(piece)
            return
        for part in self._reasoning.add(THINKING, piece):
            yield from self._think(part)

    def _note_usages(self, event: Wire) -> None:
        self._note_usage(read_usage(event.get("usage")))
        own = event.get("x_groq")
        if isinstance(own, dict):
            if own.get("error"):
                raise self.failure({"error": {"message": str(own["error"])}})
            self._note_usage(read_usage(own.get("usage")))

    def _message(self, state: State) -> Message:
        whole = state == "complete"
        pairs = list(zip(self._calls.parts(), self._calls.wires(), strict=True)) if whole else []
        if self.finished is not None and self.finished.stop in CUT:
            pairs = [pair for pair in pairs if pair[0].parsed() is not None]
        calls = [call for call, _ in pairs]
        text, thought = "".join(self._shown), "".join(self._thought)
        for thinks, piece in self._tags.held:
            text, thought = (text, thought + piece) if thinks else (text + piece, thought)
        # Which pictures of its own an endpoint takes back is not documented: they go as those of others do.
        sound = whole and self._as_it_came and not self._others and not self._pictures
        sound = sound and all(call.name and call.parsed() is not None for call in calls)
        native = self._native(text, [wire for _, wire in pairs]) if sound and (text.strip() or calls) else None
        return Message("assistant", self._parts(text, thought, calls), self.origin, native, state, usage=self.usage)

    def _parts(self, text: str, thought: str, calls: list[ToolCall]) -> tuple[Part, ...]:
        parts: list[Part] = [Reasoning(thought)] if thought else []
        parts.extend(self._executed.notes())
        if self._pictures:
            parts.extend(self._shown_parts())
            text = text[sum(map(len, self._shown)) :]  # what was held back
        if text.strip():
            parts.append(Text(text, tuple(self._executed.citations)))
        if refusal := "".join(self._refusal):
            parts.append(Refusal(refusal))
        parts.extend(Opaque(kind, kind.replace("_", " ")) for kind in self._others)
        return (*parts, *calls)

    def _native(self, text: str, calls: list[Wire]) -> Wire:
        """The message to give back: what the API takes, and what this endpoint wants of its own."""
        profile = self.request.model.profile
        content = "".join(self._tags.taken) + text
        wire: Wire = {"role": "assistant", "content": content or (None if profile.null_content else "")}
        for field, pieces in self._reasoning.pieces.items():
            if field in profile.replay and field != DETAILS:
                wire[field] = "".join(pieces)
        if self._reasoning.details and DETAILS in profile.replay:
            wire[DETAILS] = surrogates.whole_json(self._reasoning.details)
        if calls:
            wire["tool_calls"] = calls
        return wire
