"""An answer of streamGenerateContent being put together: raw chunks in, our events and the native parts out."""

from collections.abc import Iterator, Sequence
from typing import Any

from modules.config import Key
from modules.gemini import grounding
from modules.gemini.content_parts import CALL, DATA, ContentPart
from modules.gemini.transformer import DIALECT
from modules.llm.base import ChatRequest
from modules.llm.drafts.wire_draft import WireDraft, as_text
from modules.llm.events import Cited, ProviderSearch, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta
from modules.llm.message import Message, State
from modules.llm.parts import Image, Opaque, Part, Reasoning, Text, Wire
from modules.llm.stop_reasons import ends
from modules.llm.usage import read_content_usage
from modules.llm.web_searches import search_note


class GeminiDraft(WireDraft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT, key)
        self._parts: list[ContentPart] = []
        self._counted: Wire = {}
        self._grounding = grounding.Grounding()
        self._searched = ""  # what was said of it last

    def words(self, event: Any) -> TextDelta | None:
        candidates = event["candidates"]
        candidate = candidates[0]
        parts = candidate["content"]["parts"]
        part = parts[0]
        piece = part["text"]
        if (
            isinstance(piece, str)
            and piece
            and len(part) == len(parts) == len(candidates) == 1
            and self._parts
            and self._parts[-1].takes(part)
            and self.model
            and not (
                candidate.get("finishReason")
                or "groundingMetadata" in candidate
                or "promptFeedback" in event
                or "error" in event
            )
        ):
            self._note_counts(event.get("usageMetadata"))
            text = self._surrogates.join(piece)
            self._parts[-1].grow(text)
            self._shown.append(text)
            return TextDelta(text)
        return None

    def add(self, event: Any) -> Sequence[StreamEvent]:
        version = event.get("modelVersion")
        self._note_model(version.removeprefix("models/") if isinstance(version, str) else "")
        self._note_counts(event.get("usageMetadata"))
        events: list[StreamEvent] = []
        candidates = event.get("candidates") or ()
        for candidate in candidates:
            if candidate.get("index") in (None, 0):  # one answer is asked for
                events.extend(self._candidate(candidate))
        feedback = event.get("promptFeedback")
        blocked = feedback.get("blockReason") if isinstance(feedback, dict) else None
        if blocked and not candidates:  # then there is no answer, and no reason to stop
            self._note_stop(blocked)
            self._stop = "refusal", self._stop[1] if self._stop else ""
            events.extend(self.finish())
        elif self.finished is not None:
            self.finish()  # what comes after the end may still be a call, or the count
        return events

    @property
    def has_content(self) -> bool:
        return bool(self._parts)

    def finish(self) -> Sequence[StreamEvent]:
        stop, word = self._stop or ("unknown", "")
        self.usage = read_content_usage(self._counted)
        # There is no reason of its own for calls: they end an answer with STOP.
        self._finished("tool_use" if stop == "end_turn" and self._has_calls else stop, word)
        return ()

    @property
    def _has_calls(self) -> bool:
        return any(part.kind == CALL for part in self._parts)

    def _candidate(self, candidate: Wire) -> Iterator[StreamEvent]:
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts or ():
            yield from self._take(part)
        if metadata := candidate.get("groundingMetadata"):
            yield from self._ground(metadata)
        reason = candidate.get("finishReason")
        self._note_stop(reason)
        if ends(reason):
            self.finish()

    def _ground(self, metadata: Any) -> Iterator[StreamEvent]:
        """What the answer rests on, which is said when its words are there already."""
        before = {(one.url, one.at) for one in self._grounding.citations("".join(self._shown))}
        self._grounding.take(metadata)
        said = repr((self._grounding.query, self._grounding.sources))
        if self._grounding and said != self._searched:
            self._searched = said
            yield ProviderSearch(self._grounding.query, self._grounding.sources)
        text = "".join(self._shown)
        for one in self._grounding.citations(text):
            if (one.url, one.at) not in before:
                yield Cited(one.url, one.title, late=one.at < len(text))

    def _take(self, wire: Wire) -> Iterator[StreamEvent]:
        if "text" in wire:
            yield from self._write(wire)
            return
        if not wire:
            return
        part = ContentPart(wire)
        if grounding.is_search(wire) and grounding.CALL in wire:
            yield ProviderSearch(grounding.query_in(wire))
        self._parts.append(part)
        if part.kind == DATA and not part.is_thought:
            yield from self._picture(part.data)
        if part.kind == CALL:
            call, at = part.call(self.declared), len(self._parts) - 1
            yield ToolCallDelta(at, call.name, "")
            if call.arguments:
                yield ToolCallDelta(at, "", call.arguments)

    def _write(self, wire: Wire) -> Iterator[StreamEvent]:
        thinks = wire.get("thought") is True
        events: Sequence[TextDelta | ReasoningDelta] = [*(self._think if thinks else self._say)(wire["text"])]
        text = "".join(event.text for event in events)
        if not text and wire.keys() <= {"text", "thought"} and as_text(wire["text"]) == "":
            return
        if self._parts and self._parts[-1].takes(wire):
            self._parts[-1].grow(text)
        else:
            self._parts.append(ContentPart({**wire, "text": text}))
        yield from events

    def _note_counts(self, usage: Any) -> None:
        if isinstance(usage, dict):  # each chunk counts anew; a zero or a null takes nothing back
            self._counted.update({key: value for key, value in usage.items() if value})

    def _message(self, state: State) -> Message:
        usage = read_content_usage(self._counted)
        if state != "complete":
            # Half an answer is not signed: what was read is kept as text, and goes to everyone as text.
            searched = [one.wire for one in self._parts if grounding.is_search(one.wire)]
            pictures = [(at, one) for at, one in self._between if isinstance(one, Image)]
            note = [(0, self._note(searched))] if self._grounding or searched else []
            self._between = [*note, *pictures]
            return Message("assistant", tuple(self._plain_parts()), self.origin, None, state, usage=usage)
        sound = all(part.is_sound(self.declared) for part in self._parts)
        sound = sound and not self._surrogates.lossy and not self._thought_surrogates.lossy
        sound = sound and grounding.are_paired([part.wire for part in self._parts])
        native = [part.native(self.declared) for part in self._parts] if sound and self._parts else None
        parts = [*self._read_parts()]
        one = sum(isinstance(part, Text) for part in parts) == 1
        parts = [self._cited(part, whole=one) if isinstance(part, Text) else part for part in parts]
        return Message("assistant", tuple(parts), self.origin, native, state, usage=usage)

    def _read_parts(self) -> Iterator[Part]:
        """The parts as everyone reads them: a text that was cut where its signature stands is one again."""
        last: Part | None = None
        searched = [one.wire for one in self._parts if grounding.is_search(one.wire)]
        told = not (self._grounding or searched)
        for one in self._parts:
            part = one.part(self.declared)
            if not told and (grounding.is_search(one.wire) or isinstance(part, Text)):
                told = True  # what was found came before the words that rest on it
                if last is not None:
                    yield last
                last = self._note(searched)
            if part is None or (isinstance(part, Text | Reasoning) and not part.text):
                continue
            match last, part:
                case Text(before), Text(text):
                    last = Text(before + text)
                case Reasoning(before), Reasoning(text):
                    last = Reasoning(before + text)
                case _:
                    if last is not None:
                        yield last
                    last = part
        if last is not None:
            yield last

    def _cited(self, part: Text, *, whole: bool) -> Text:
        """The text with the pages that it rests on; it is the `whole` text of the answer, or a piece."""
        return Text(part.text, self._grounding.citations(part.text, whole=whole))

    def _note(self, searched: list[Wire]) -> Opaque:
        """The part that tells of the search, or of all searches."""
        if self._grounding:
            return self._grounding.note()
        return search_note("; ".join(filter(None, map(grounding.query_in, searched))), None)
