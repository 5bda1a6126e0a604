"""MessageTransformer: the one history that all providers share, put in a provider's wire format."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from modules.llm.conversion.conversion_state import ConversionState
from modules.llm.conversion.hidden_pictures import HiddenPictures
from modules.llm.conversion.made_pictures import noted, with_pictures
from modules.llm.conversion.replay import Replay, Way, reads, replay, sees
from modules.llm.conversion.wire_json import copied
from modules.llm.history import (
    INTERRUPTED_CALL,
    Message,
    Origin,
    Role,
    State,
    as_transcript,
    closed,
    closing,
    interrupted_result,
    refused_turns,
    says_something,
    user,
)
from modules.llm.models import Model
from modules.llm.parts import Wire

__all__ = [
    "INTERRUPTED_CALL",
    "Conversion",
    "Message",
    "MessageTransformer",
    "Origin",
    "Role",
    "State",
    "as_transcript",
    "closed",
    "closing",
    "interrupted_result",
    "says_something",
    "sees",
    "user",
]


class MessageTransformer(ABC):
    """History to one dialect's wire format, for one model. Pure: no state, no SDK, no network.

    A turn of the same dialect and issuer is given back from `native`, untouched. Any other turn is projected from
    its parts by what the model can take; foreign reasoning is dropped, never turned into text. How each message
    goes is what `replay` says; the model is as the catalogue and all that was learned say. A dialect says how one
    message becomes JSON; `Conversion` puts them in order.
    """

    dialect: ClassVar[str]

    def __init__(self, model: Model) -> None:
        self.model = model
        self._refused = model.profile.refused_in_messages

    @property
    def binds_reasoning(self) -> bool:
        """Whether reasoning is good only after the very conversation it was made in."""
        return False

    @property
    def sees(self) -> bool:
        """Whether pictures are shown."""
        return sees(self.model)

    @property
    def reads(self) -> bool:
        """Whether documents are given as they are."""
        return reads(self.model)

    def convert(self, history: Sequence[Message]) -> list[Wire]:
        """The wire's own list of messages (or items), ready to send."""
        return [copied(entry.wire) for entry in Conversion(self, history).entries]

    def answer(self, message: Message, way: Way) -> Iterable[Wire]:
        """An assistant message, in the way that `replay` says."""
        match way:
            case "as_is":
                wires = self.native(message)
            case "without_reasoning":
                wires = self.bare(message)
            case "projected":
                wires = self.assistant(message)
            case _:
                assert_never(way)
        return map(self._allowed, wires) if self._refused else wires

    def _allowed(self, wire: Wire) -> Wire:
        """The message, or item, without the fields that this endpoint refuses in one."""
        refused = self._refused
        return wire if refused.isdisjoint(wire) else {key: value for key, value in wire.items() if key not in refused}

    @abstractmethod
    def user(self, message: Message, notes: Sequence[str]) -> Iterable[Wire]:
        """A message from the person; `notes` are the program's own words that must come before it."""

    @abstractmethod
    def native(self, message: Message) -> Iterable[Wire]:
        """An assistant message of our own issuer, as it came."""

    @abstractmethod
    def bare(self, message: Message) -> Iterable[Wire]:
        """An assistant message of our own issuer without its reasoning, all else as it came."""

    @abstractmethod
    def assistant(self, message: Message) -> Iterable[Wire]:
        """An assistant message from elsewhere, from its parts."""

    @abstractmethod
    def results(self, message: Message, own: Mapping[str, str], names: Mapping[str, str]) -> Iterable[Wire]:
        """The results of one assistant message's calls, in their order.

        `own` maps calls to the native ids they went out under, `names` to the tools that they called.
        """

    @abstractmethod
    def instructions(self, text: str) -> Wire | None:
        """Instructions that are new from here on, to stand before an answer; None where they must be a note."""

    def joined(self, before: Wire, wire: Wire) -> Wire | None:
        """Two neighbours as one, where the dialect wants that; else None."""
        return None

    def bridge(self, before: Wire | None, wire: Wire) -> Wire | None:
        """What must stand between two neighbours, or before the first where `before` is None; else None."""
        return None


class WireEntry(Struct, frozen=True):
    """One wire message (or item). `covers_until` is the position in the history after the last message in it."""

    wire: Wire
    covers_until: int


class Frozen(Struct, frozen=True):
    """What a request begins with, because it was sent before: where a conversion goes on from.

    `state` is what the messages in it leave for the next, `last` the wire message that ends it. `digest` is the value
    digest of all that reasoning is bound to so far, "" where it is not bound. Before position `reasoning_from` no
    reasoning is given back, and before `pictures_from` no pictures are shown: they were refused.
    """

    state: ConversionState
    last: Wire | None = None
    digest: str = ""
    reasoning_from: int = 0
    pictures_from: int = 0


class Conversion:
    """A history put in a wire format, from where `frozen` ends to its own end.

    `entries` are the wire messages, unless `add` takes each as it is made; `digests` belong to them where reasoning is
    bound. `state` is what all messages leave behind, and says how each of the new ones goes.
    """

    def __init__(
        self,
        transformer: MessageTransformer,
        history: Sequence[Message],
        frozen: Frozen | None = None,
        add: Callable[[WireEntry], None] | None = None,
    ) -> None:
        frozen = frozen or Frozen(ConversionState(transformer.model))
        self.entries: list[WireEntry] = []
        self._add_entry = add or self.entries.append
        self.digests: list[str] = []
        self.state = frozen.state.copy()
        self._transformer = transformer
        self._frozen = frozen
        self._digest = frozen.digest
        self._end = frozen.last  # what the next wire message comes after
        self._open: WireEntry | None = None  # the newest one, which the next may still join
        self._convert(history, frozen.state.covers_until)

    def _convert(self, history: Sequence[Message], start: int) -> None:
        model, state = self._transformer.model, self.state
        before = history[start - 1] if start else None
        sound = closed(
            map(history.__getitem__, range(start, len(history))), before, start, refused_turns(history, start)
        )
        pictures = HiddenPictures(model, history, start, self._frozen.pictures_from)
        hides = pictures.any
        seen = start
        for message, covers_until in sound if model.tools else as_transcript(sound, before):
            at = covers_until - 1
            if message.role == "assistant":  # nothing joins what was there before an answer
                self._close()
                self._instruct(seen)
            seen = covers_until
            how, wires = self._converted(pictures.replaced(message, at) if hides else message, at)
            if hides or not model.tools:
                original = message if model.tools else history[at]  # its calls may be text by now
                how = counted(how, original, at, model, self._frozen.pictures_from)
            state.count(at, how)
            for wire in wires:
                self._add(wire, covers_until)
        self._close()
        self._instruct(seen)
        state.covers_until = seen

    def _converted(self, message: Message, at: int) -> tuple[Replay, Iterable[Wire]]:
        """How a message goes, and what it becomes."""
        transformer, state = self._transformer, self.state
        if message.role == "assistant":
            readable = is_readable(message, at, self._digest, self._frozen.reasoning_from)
            how = state.note_answer(message, readable=readable)
            return how, transformer.answer(
                noted(message, transformer.model) if how.way == "projected" else message, how.way
            )
        how = replay(message, transformer.model)
        match message.role:
            case "system":
                state.add_instructions(message.text, transformer.instructions(message.text))
                return how, ()
            case "user":
                notes = state.take_notes(continues=message.continues)
                return how, transformer.user(with_pictures(message, state.take_pictures()), notes)
            case "tool":
                state.awaiting_answer = True
                return how, transformer.results(message, state.native_call_ids, state.tool_names)
            case _:
                assert_never(message.role)

    def _add(self, wire: Wire, covers_until: int) -> None:
        if self._open is not None:
            joined = self._transformer.joined(self._open.wire, wire)
            if joined is not None:
                self._open = WireEntry(joined, covers_until)
                return
            self._finish(self._open)
        between = self._transformer.bridge(self._end, wire)
        if between is not None:
            self._finish(WireEntry(between, covers_until))
        self._open = WireEntry(wire, covers_until)

    def _close(self) -> None:
        """Nothing more joins the newest wire message."""
        if self._open is not None:
            self._finish(self._open)
            self._open = None

    def _instruct(self, covers_until: int) -> None:
        for wire in self.state.pop_instructions():
            self._finish(WireEntry(wire, covers_until))

    def _finish(self, entry: WireEntry) -> None:
        self._add_entry(entry)
        self._end = entry.wire
        if self._frozen.digest:
            self._digest = digest_after(self._digest, entry.wire)
            self.digests.append(self._digest)


def is_readable(message: Message, at: int, digest: str, reasoning_from: int) -> bool:
    """Whether reasoning is still good at this position, before which everything has this digest."""
    made_under = message.origin.made_under if message.origin and digest else ""
    return at >= reasoning_from and made_under in ("", digest)


def digest_after(before: str, value: Any) -> str:
    """The digest of all that has the digest `before`, and this value after it."""
    # The provider compares values, not spelling: keys in any order are the same.
    state = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}{state}".encode(errors="surrogatepass")).hexdigest()


def counted(how: Replay, message: Message, at: int, model: Model, pictures_from: int) -> Replay:
    """With what stays behind at this position for another reason than what the model takes."""
    if message.calls and not model.tools:  # as text it has lost its calls, and what it thought unseen
        how = replay(message, model)
    images = len(message.images) if at < pictures_from else how.images
    return how if images == how.images else replace(how, images=images)
