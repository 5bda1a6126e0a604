"""The one history that all providers share: messages, and the transformer that puts them in a wire format."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from modules.llm.events import StopReason, Usage
from modules.llm.models import Model
from modules.llm.parts import Image, Part, Text, ToolCall, ToolResult, Wire, safe_name, visible_text
from modules.llm.telling import Telling

Role = Literal["user", "assistant", "tool", "system"]
State = Literal["complete", "interrupted", "incomplete", "refused"]

IMAGES = "images"  # among what an endpoint refuses: pictures, whatever its models are said to see
INTERRUPTED_CALL = "Interrupted by the user before a result was there."


class Origin(Struct, frozen=True):
    """Who made an assistant message. What may be given back depends on `issuer`, the endpoint, not on the model.

    `made_under` is the digest of all that the model had read (see ledger.py), where its reasoning is bound to that.
    """

    dialect: str
    issuer: str
    model: str
    made_under: str = ""


class Message(Struct, frozen=True):
    """One entry of the history.

    An assistant message has an `origin` and, where it may be given back to that origin as it came, its `native`
    content: the wire's own JSON values, unknown keys included. `state` tells whether the answer is whole.
    """

    role: Role
    parts: tuple[Part, ...]
    origin: Origin | None = None
    native: Any = None
    state: State = "complete"
    stop: StopReason | None = None
    usage: Usage | None = None

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def results(self) -> tuple[ToolResult, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolResult))

    @property
    def images(self) -> tuple[Image, ...]:
        own = [part for part in self.parts if isinstance(part, Image)]
        inner = [part for result in self.results for part in result.parts if isinstance(part, Image)]
        return tuple(own + inner)


def user(*parts: str | Part) -> Message:
    """A message from the person; strings are text parts."""
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def closing(message: Message, results: Iterable[ToolResult] = ()) -> Message | None:
    """The tool message that closes an assistant message: one result per call, in call order.

    A call without a result gets one that says it was interrupted. None where there are no calls.
    """
    if not message.calls:
        return None
    by_call: dict[str, ToolResult] = {}
    for result in results:
        by_call.setdefault(result.call_id, result)
    return Message("tool", tuple(by_call.get(call.id) or interrupted_result(call) for call in message.calls))


def interrupted_result(call: ToolCall) -> ToolResult:
    return ToolResult(call.id, (Text(INTERRUPTED_CALL),), is_error=True, ran=False)


def closed(history: Iterable[Message], before: Message | None = None, start: int = 0) -> Iterator[tuple[Message, int]]:
    """The history with every tool call answered right where it was made, and nothing that no provider would take.

    Refused turns and empty messages are left out, results without a call are dropped: whatever happened before,
    the next request is well formed. With each message comes the position after it; `history` begins at position
    `start` and `before` is the message there.
    """
    open_turn = before if before is not None and before.role == "assistant" and before.calls else None
    at = start
    for at, message in enumerate(history, start + 1):
        if message.role == "system":  # waits for the next turn, so it may stand between calls and results
            yield message, at
            continue
        if open_turn is not None:
            results = message.results if message.role == "tool" else ()
            answer = closing(open_turn, results)
            open_turn = None
            if answer is not None:
                yield answer, at
        if message.role == "tool" or message.state == "refused" or not says_something(message):
            continue
        yield message, at
        if message.role == "assistant" and message.calls:
            open_turn = message
    if open_turn is not None and (answer := closing(open_turn)):
        yield answer, at


class Entry(Struct, frozen=True):
    """One wire message (or item). `upto` is the position in the history after the last message that it tells."""

    wire: Wire
    upto: int


class MessageTransformer(ABC):
    """History to one dialect's wire format, for one model. Pure: no state, no SDK, no network.

    A turn of the same dialect and issuer is given back from `native`, untouched. Any other turn is projected from
    its parts by what the model can take; foreign reasoning is dropped, never turned into text. `without` names
    what this endpoint turned out to refuse: fields, or IMAGES.
    """

    dialect: ClassVar[str]

    def __init__(self, model: Model, without: frozenset[str] = frozenset()) -> None:
        self.model = model
        self.without = without

    @property
    def binds_reasoning(self) -> bool:
        """Whether reasoning is good only after the very conversation it was made in."""
        return False

    @property
    def sees(self) -> bool:
        """Whether pictures are shown."""
        return sees(self.model, self.without)

    @property
    def reads(self) -> bool:
        """Whether documents are given as they are."""
        return self.model.documents and not self.model.profile.string_content

    def convert(self, history: Sequence[Message]) -> list[Wire]:
        """The wire's own list of messages (or items), ready to send."""
        return [entry.wire for entry in self.entries(history)]

    def entries(
        self,
        history: Sequence[Message],
        told: Telling | None = None,
        after: Wire | None = None,
        readable: Callable[[Message, int], bool] = lambda message, at: True,
    ) -> Iterator[Entry]:
        """The entries that tell `history` from where `told` ends; `after` is the entry that stands before them.

        Each entry is yielded before the next assistant message is looked at; `readable` is asked then whether that
        message's reasoning may be given back.
        """
        telling = Telling(self) if told is None else told.copy()
        start = telling.upto
        before = history[start - 1] if start else None
        sound = closed(history[start:], before, start)
        last: Entry | None = None
        seen = start
        for message, upto in sound if self.model.tools else as_transcript(sound, before):
            if message.role == "assistant":
                if last is not None:
                    yield last
                    after, last = last.wire, None
                for wire in telling.due():
                    yield Entry(wire, seen)
                    after = wire
            seen = upto
            for wire in self._wires(message, upto, telling, readable):
                if last is not None and (joined := self.joined(last.wire, wire)) is not None:
                    last = Entry(joined, upto)
                    continue
                if last is not None:
                    yield last
                    after = last.wire
                if (between := self.bridge(after, wire)) is not None:
                    yield Entry(between, upto)
                last, after = Entry(wire, upto), wire
        if last is not None:
            yield last
        yield from (Entry(wire, seen) for wire in telling.due())

    def _wires(
        self, message: Message, upto: int, telling: Telling, readable: Callable[[Message, int], bool]
    ) -> Iterator[Wire]:
        match message.role:
            case "system":
                telling.instructed(message)
            case "user":
                yield from self.user(message, telling.heard())
            case "tool":
                telling.open = True
                yield from self.results(message, telling.own)
            case "assistant" if telling.answered(message):
                yield from self.native(message) if readable(message, upto - 1) else self.bare(message)
            case "assistant":
                yield from self.assistant(message)

    def is_own(self, message: Message) -> bool:
        """Whether this message may be given back as it came."""
        origin = message.origin
        return (
            message.native is not None
            and origin is not None
            and origin.dialect == self.dialect
            and origin.issuer == self.model.provider.issuer
        )

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


def as_transcript(
    history: Iterable[tuple[Message, int]], before: Message | None = None
) -> Iterator[tuple[Message, int]]:
    """The history for a model that takes no tools: calls and results told as text, nothing else changed.

    `before` is the message that the history goes on from.
    """
    names = {call.id: safe_name(call) for call in before.calls} if before is not None else {}
    for message, at in history:
        if message.role == "tool":
            yield Message("user", tuple(_told_results(message, names))), at
        elif message.calls:
            names.update((call.id, safe_name(call)) for call in message.calls)
            told = tuple(
                Text(f"[called {safe_name(p)}({p.arguments})]") if isinstance(p, ToolCall) else p for p in message.parts
            )
            yield Message("assistant", told, message.origin, None, message.state), at
        else:
            yield message, at


def _told_results(message: Message, names: dict[str, str]) -> Iterator[Part]:
    for result in message.results:
        failed = " failed" if result.is_error else ""
        yield Text(f"[result of {names.get(result.call_id, 'a tool')}{failed}] {result.text}")
        yield from (part for part in result.parts if not isinstance(part, Text))


def sees(model: Model, without: frozenset[str] = frozenset()) -> bool:
    """Whether a model can be shown pictures at its endpoint, which may have refused them."""
    return model.vision and not model.profile.string_content and IMAGES not in without


def says_something(message: Message) -> bool:
    """Whether any provider would take this message: it holds more than blanks and reasoning."""
    if message.role == "user":
        return any(not isinstance(part, Text) or part.text.strip() for part in message.parts)
    return bool(message.calls or visible_text(message.parts))
