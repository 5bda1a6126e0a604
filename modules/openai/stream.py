"""An answer of the Responses API being put together: raw events in, our events and the native items out."""

from collections.abc import Iterator, Sequence
from typing import Any

from modules.config import Key
from modules.llm.base import ChatRequest
from modules.llm.citations import of_annotation
from modules.llm.drafts.wire_draft import WireDraft, as_text
from modules.llm.events import CUT, Cited, ProviderSearch, StreamEvent, TextDelta, ToolCallDelta
from modules.llm.message import Message, State
from modules.llm.parts import Part, Refusal, ToolCall, Wire
from modules.llm.stop_reasons import stop_of
from modules.llm.usage import read_usage
from modules.openai import searches
from modules.openai.items import PICTURE, Item
from modules.openai.transformer import DIALECT
from modules.text import surrogates

SAYS = ("response.output_text.delta", "response.refusal.delta", "response.text.delta")
THINKS = (
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.reasoning.delta",
    "response.reasoning_summary.delta",
)
ENDS = ("response.completed", "response.incomplete", "response.done", "response.cancelled")


class ResponsesDraft(WireDraft):
    def __init__(self, request: ChatRequest, key: Key | None) -> None:
        super().__init__(request, DIALECT, key)
        self._items: list[Item] = []
        self._at: dict[Any, Item] = {}  # by output_index and by id
        self._current = Item()  # that words came in last, and where
        self._place: Any = ()
        self._cited: set[str] = set()  # the pages that were told of

    def words(self, event: Any) -> TextDelta | None:
        place = event["output_index"], event["item_id"]
        piece = event["delta"]
        if (
            event["type"] in SAYS
            and place == self._place
            and self._current.kind == "message"
            and "error" not in event
            and isinstance(piece, str)
        ):
            text = self._surrogates.join(piece)
            self._current.said.append(text)
            self._shown.append(text)
            return TextDelta(text)
        return None

    def add(self, event: Any) -> Sequence[StreamEvent]:
        kind = event.get("type")
        if kind in SAYS:
            self._current, self._place = self._item(event, "message"), (event.get("output_index"), event.get("item_id"))
            text = self._surrogates.join(as_text(event.get("delta")))
            if not text:
                return ()
            self._current.said.append(text)
            self._shown.append(text)
            return (TextDelta(text),)
        if kind in THINKS:
            return self._think_in(self._item(event, "reasoning"), event.get("delta"))
        if isinstance(kind, str) and kind.startswith("response.output_item."):
            return list(self._take(event, event.get("item"), whole=kind.endswith("done")))
        if kind in ENDS or event.get("object") == "response":
            return list(self._ends(event, str(kind)))
        match kind:
            case "response.reasoning_summary_part.added" if event.get("summary_index"):
                return self._think_in(self._item(event, "reasoning"), "\n\n")
            case "response.function_call_arguments.delta" | "response.function_call_arguments.done":
                return self._write(self._item(event, "function_call"), event)
            case "response.output_text.done" | "response.refusal.done":
                item = self._item(event, "message")
                return self._rest_of(item, as_text(event.get("text", event.get("refusal"))))
            case "response.output_text.annotation.added" if one := of_annotation(event.get("annotation"), 0):
                self._cited.add(one.url)
                return (Cited(one.url, one.title),)
            case "response.created" | "response.in_progress":
                response = event.get("response")
                self._note_model(response.get("model") if isinstance(response, dict) else None)
            case "response.failed":
                response = event.get("response")
                raise self.failure(response if isinstance(response, dict) else event)
        return ()

    @property
    def has_content(self) -> bool:
        return bool(self._items)

    def finish(self) -> Sequence[StreamEvent]:
        stop, word = self._stop or ("unknown", "")
        parts = self._parts()
        calls = any(isinstance(part, ToolCall) for part in parts)
        if stop in ("end_turn", "tool_use") or (stop == "unknown" and not word and calls):
            refused = any(isinstance(part, Refusal) for part in parts)
            stop = "tool_use" if calls else "refusal" if refused else "end_turn"
        self._finished(stop, word)
        return ()

    def _write(self, item: Item, event: Wire) -> Sequence[StreamEvent]:
        if isinstance(whole := event.get("arguments"), str):
            item.written = [surrogates.whole(whole)]
            return ()
        if not (piece := surrogates.whole(as_text(event.get("delta")))):
            return ()
        item.written.append(piece)
        return (ToolCallDelta(self._items.index(item), "", piece),)

    def _ends(self, event: Wire, kind: str) -> Iterator[StreamEvent]:
        response = event.get("response", event)
        if not isinstance(response, dict):
            if not self.has_content:
                raise TypeError("an end without an answer")
            response = event
        yield from self._end(response, kind)

    def _end(self, response: Wire, kind: str) -> Iterator[StreamEvent]:
        if response.get("error") or response.get("status") == "failed":
            raise self.failure(response)
        self._note_model(response.get("model"))
        self._note_usage(read_usage(response.get("usage")))
        output = response.get("output")
        final: list[Item] = []
        for position, wire in enumerate(output if isinstance(output, list) else ()):
            if isinstance(wire, dict) and wire:
                final.append(self._finally(wire, position, final))
                yield from self._took(final[-1], wire, whole=True)
        self._items = [*final, *(item for item in self._ordered() if not any(item is one for one in final))]
        if final:
            self._at.clear()
        details, status = response.get("incomplete_details"), response.get("status")
        if details and not isinstance(details, dict) and not self.has_content:
            raise TypeError("an end without an answer")
        if details:
            self._stop = stop_of(details, self.request.model.profile.stops)
        elif status == "incomplete" or kind == "response.incomplete":
            self._stop = "unknown", "incomplete"
        else:
            self._stop = stop_of(status if isinstance(status, str) else kind.rpartition(".")[2])
            if self._stop[0] == "unknown" and kind in ("response.completed", "response.done"):
                self._stop = "end_turn", ""
        yield from self.finish()

    def _finally(self, wire: Wire, position: int, others: list[Item]) -> Item:
        """The item that one of the final output is: by its identity, else its place, else the next of its kind."""
        own = {wire[key] for key in ("id", "call_id") if isinstance(wire.get(key), str) and wire[key]}
        free = [item for item in self._items if not any(item is other for other in others)]
        same = [item for item in free if item.kind == wire.get("type")]
        found = [item for item in free if own & {item.wire.get("id"), item.wire.get("call_id")}]
        found = found or [
            item for item in same if self._at.get(position) is item or any(self._at.get(k) is item for k in own)
        ]
        found = found or [item for item in same if not item.is_whole]
        if found:
            return found[0]
        self._items.append(Item())
        return self._items[-1]

    def _take(self, event: Wire, wire: Any, whole: bool) -> Iterator[StreamEvent]:
        """A state of an item: what is new in it is shown, and the last one is what goes back."""
        if not isinstance(wire, dict) or not wire:
            return
        own_id = wire.get("id")
        yield from self._took(self._item(event, "", own_id if isinstance(own_id, str) else ""), wire, whole)

    def _took(self, item: Item, wire: Wire, whole: bool) -> Iterator[StreamEvent]:
        named = bool(item.wire.get("name"))
        if not (item.is_whole and whole and wire == item.wire):
            item.take(wire, whole)
        if item.kind == "function_call" and not named:
            yield ToolCallDelta(self._items.index(item), item.call(self.declared).name, "")
        if item.kind == searches.CALL:
            yield from self._searched(item, whole)
        if whole and item.kind == PICTURE and not item.is_told:
            item.is_told = True
            yield from self._picture(item.wire.get("result"))
        if whole and item.kind == "message":
            yield from self._rest_of(item, item.text)
            for one in (one for part in item.texts for one in part.citations if one.url not in self._cited):
                self._cited.add(one.url)
                yield Cited(one.url, one.title, late=True)
        if whole and item.kind == "reasoning" and not item.thought:
            yield from self._think_in(item, item.reasoning)

    def _searched(self, item: Item, whole: bool) -> Iterator[StreamEvent]:
        """What is known of a search: that it has begun, and once what came of it."""
        if not whole:
            yield ProviderSearch(searches.query_in(item.wire))
        elif not item.is_told:
            item.is_told = True
            self._note_search(searches.note(item.wire))
            sources = searches.sources_of(item.wire) or ()
            yield ProviderSearch(searches.query_in(item.wire), sources, searches.failed(item.wire))

    def _rest_of(self, item: Item, text: str) -> Sequence[StreamEvent]:
        """What of an item's text was not shown by deltas."""
        shown = "".join(item.said)
        if len(text) <= len(shown) or not text.startswith(shown):
            return ()
        events = tuple(self._say(text[len(shown) :]))
        item.said.extend(piece.text for piece in events)
        return events

    def _think_in(self, item: Item, piece: Any) -> Sequence[StreamEvent]:
        events = tuple(self._think(piece))
        item.thought.extend(piece.text for piece in events)
        return events

    def _item(self, event: Wire, kind: str, own_id: str = "") -> Item:
        """The item that an event is about: by its place in the output, else its id, else the last of its kind."""
        index, item_id = event.get("output_index"), event.get("item_id") or own_id
        if isinstance(index, str) and index.isdecimal() and len(index) < 10:
            index = int(index)
        keys = [
            key for key in (index, item_id) if isinstance(key, int | str) and not isinstance(key, bool) and key != ""
        ]
        found = next((self._at[key] for key in keys if key in self._at), None)
        if found is None and not keys:
            found = next((item for item in reversed(self._items) if item.kind == kind or not kind), None)
        if found is None or (kind and found.kind and found.kind != kind):
            found = Item(kind)
            self._items.append(found)
        for key in keys:
            self._at[key] = found
        found.kind = found.kind or kind
        return found

    def _ordered(self) -> list[Item]:
        """The items by their place in the output, where all have one."""
        places = {id(item): at for at, item in self._at.items() if isinstance(at, int)}
        if all(id(item) in places for item in self._items):
            return sorted(self._items, key=lambda item: places[id(item)])
        return self._items

    def _parts(self) -> list[Part]:
        return [part for item in self._ordered() for part in item.parts(self.declared)]

    def _message(self, state: State) -> Message:
        if state != "complete":
            # Half an answer is no item: what was read is kept as text, and goes to everyone as text.
            return Message("assistant", tuple(self._plain_parts()), self.origin, None, state, usage=self.usage)
        parts = self._parts()
        items = self._ordered()
        calls = sum(item.kind == "function_call" for item in items)
        if self.finished is not None and self.finished.stop in CUT:  # a call that was cut is none
            parts = [part for part in parts if not isinstance(part, ToolCall) or part.parsed() is not None]
        sound = calls == sum(isinstance(part, ToolCall) for part in parts)
        sound = sound and all(item.is_sound(self.declared) for item in items)
        sound = sound and bool(items) and items[-1].kind != "reasoning"
        ids = [item.wire["id"] for item in items if item.wire.get("id")]
        sound = sound and len(ids) == len(set(ids))
        native = [item.native(self.declared) for item in items] if sound else None
        return Message("assistant", tuple(parts), self.origin, native, state, usage=self.usage)
