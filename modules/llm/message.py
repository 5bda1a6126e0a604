"""MessageTransformer: the one history that all providers share, put in a provider's wire format."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

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
from modules.llm.parts import (
    Content,
    File,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Wire,
    image_note,
)
from modules.llm.wire.conversion_state import ConversionState, Readable
from modules.llm.wire.replay import Replay, Way, hidden_images, reads, replay, sees, told_images

__all__ = [
    "INTERRUPTED_CALL",
    "Message",
    "MessageTransformer",
    "Origin",
    "Role",
    "State",
    "WireEntry",
    "as_transcript",
    "closed",
    "closing",
    "interrupted_result",
    "says_something",
    "sees",
    "user",
]


class WireEntry(Struct, frozen=True):
    """One wire message (or item). `covers_until` is the position in the history after the last message in it."""

    wire: Wire
    covers_until: int


class MessageTransformer(ABC):
    """History to one dialect's wire format, for one model. Pure: no state, no SDK, no network.

    A turn of the same dialect and issuer is given back from `native`, untouched. Any other turn is projected from
    its parts by what the model can take; foreign reasoning is dropped, never turned into text. How each message
    goes is what `replay` says; the model is as the catalogue and all that was learned say.
    """

    dialect: ClassVar[str]
    pictures_from = 0  # the position before which no pictures are shown, since one of them was refused

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
        return [entry.wire for entry in self.entries(history)]

    def entries(
        self,
        history: Sequence[Message],
        from_state: ConversionState | None = None,
        after: Wire | None = None,
        readable: Readable = lambda message, at: True,
        replays: dict[int, Replay] | None = None,
    ) -> Iterator[WireEntry]:
        """The entries that tell `history` from where `from_state` ends; `after` is the entry that stands before them.

        Each entry is yielded before the next assistant message is looked at; `readable` is asked then whether that
        message's reasoning may be given back. How each message went is written into `replays`, by position.
        """
        state = ConversionState(self) if from_state is None else from_state.copy()
        start = state.covers_until
        before = history[start - 1] if start else None
        sound = closed(history[start:], before, start, refused_turns(history, start))
        unseen = _Unseen(self, history, start)
        hides = unseen.any
        last: WireEntry | None = None
        seen = start
        for message, covers_until in sound if self.model.tools else as_transcript(sound, before):
            if message.role == "assistant":
                if last is not None:
                    yield last
                    after, last = last.wire, None
                for wire in state.pop_instructions():
                    yield WireEntry(wire, seen)
                    after = wire
            seen = covers_until
            shown = unseen.noted(message, covers_until - 1) if hides else message
            how, wires = self._wires(shown, covers_until - 1, state, readable)
            if replays is not None:
                if hides or not self.model.tools:
                    original = message if self.model.tools else history[covers_until - 1]  # calls may be text by now
                    how = self.counted(how, original, covers_until - 1)
                replays[covers_until - 1] = how
            for wire in wires:
                if last is not None and (joined := self.joined(last.wire, wire)) is not None:
                    last = WireEntry(joined, covers_until)
                    continue
                if last is not None:
                    yield last
                    after = last.wire
                if (between := self.bridge(after, wire)) is not None:
                    yield WireEntry(between, covers_until)
                last, after = WireEntry(wire, covers_until), wire
        if last is not None:
            yield last
        yield from (WireEntry(wire, seen) for wire in state.pop_instructions())

    def counted(self, how: Replay, message: Message, at: int) -> Replay:
        """With what stays behind at this position for another reason than what the model takes."""
        if message.calls and not self.model.tools:  # told as text it has lost its calls, and what it thought unseen
            how = replay(message, self.model)
        images = len(message.images) if at < self.pictures_from else how.images
        return how if images == how.images else replace(how, images=images)

    def _wires(
        self, message: Message, at: int, state: ConversionState, readable: Readable
    ) -> tuple[Replay, Iterable[Wire]]:
        """How a message goes, and what it becomes."""
        if message.role == "assistant":
            how = state.note_answer(message, at, readable)
            wires = self._answer(message, how.way)
            return how, map(self._allowed, wires) if self._refused else wires
        how = replay(message, self.model)
        match message.role:
            case "system":
                state.add_instructions(message)
                return how, ()
            case "user":
                return how, self.user(message, state.take_notes())
            case "tool":
                state.awaiting_answer = True
                return how, self.results(message, state.native_call_ids)
            case _:
                assert_never(message.role)

    def _answer(self, message: Message, way: Way) -> Iterable[Wire]:
        match way:
            case "as_is":
                return self.native(message)
            case "without_reasoning":
                return self.bare(message)
            case "projected":
                return self.assistant(message)
            case _:
                assert_never(way)

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
    def results(self, message: Message, own: dict[str, str]) -> Iterable[Wire]:
        """The results of one assistant message's calls; `own` maps calls to the native ids they went out under."""

    @abstractmethod
    def instructions(self, text: str) -> Wire | None:
        """Instructions that are new from here on, to stand before an answer; None where they must be a note."""

    def joined(self, before: Wire, wire: Wire) -> Wire | None:
        """Two neighbours as one, where the dialect wants that; else None."""
        return None

    def bridge(self, before: Wire | None, wire: Wire) -> Wire | None:
        """What must stand between two neighbours, or before the first where `before` is None; else None."""
        return None


class _Unseen:
    """Puts a note in the place of pictures that are not shown: the oldest, where a model takes only so many."""

    def __init__(self, transformer: MessageTransformer, history: Sequence[Message], start: int) -> None:
        self._model = transformer.model
        self._from = transformer.pictures_from
        most = self._model.profile.images
        self._why = "refused a picture" if most is None else f"takes {most} at once"
        self._left = hidden_images(history, self._model)
        if self._left:
            self._left -= told_images(history, start)

    @property
    def any(self) -> bool:
        return self._from > 0 or self._left > 0

    def noted(self, message: Message, at: int) -> Message:
        if (at >= self._from and self._left <= 0) or not message.images:
            return message
        self._left = max(self._left, len(message.images) if at < self._from else 0)
        return replace(message, parts=tuple(map(self._part, message.parts)))

    def _part(self, part: Part) -> Part:
        match part:
            case Text() | Image() | File():
                return self._content(part)
            case ToolResult():
                return replace(part, parts=tuple(map(self._content, part.parts)))
            case Reasoning() | ToolCall() | Refusal() | Opaque():
                return part
            case _:
                assert_never(part)

    def _content(self, part: Content) -> Content:
        if not isinstance(part, Image) or self._left <= 0:
            return part
        self._left -= 1
        return Text(image_note(part, self._model, self._why))
