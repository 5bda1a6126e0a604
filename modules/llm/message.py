"""The one history that all providers share: messages of parts, and the transformer that puts them in a wire format."""

import base64
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

from msgspec import Struct

from modules.llm.events import StopReason, Usage
from modules.llm.models import Model

Wire = dict[str, Any]
Role = Literal["user", "assistant", "tool"]
State = Literal["complete", "interrupted", "incomplete", "refused"]

INTERRUPTED_CALL = "Interrupted by the user before a result was there."
CUT_NOTES = {
    "interrupted": "[The user interrupted the answer above; it is not complete.]",
    "incomplete": "[The connection broke during the answer above; it is not complete.]",
}
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Text(Struct, frozen=True, tag="text"):
    text: str


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """What a model thought, for the reader's eyes. Only its own provider gets it back, as it was, from `native`."""

    text: str


class Image(Struct, frozen=True, tag="image"):
    """A picture. `base64` is made once, when it is attached; `media_type` as in "image/png"."""

    media_type: str
    base64: str
    name: str = ""


class File(Struct, frozen=True, tag="file"):
    """A document, PDF as a rule. `base64` and `media_type` as for Image."""

    media_type: str
    base64: str
    name: str = ""


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A request to run a tool.

    `id` is minted by us and legal everywhere; `native_id` is the provider's own, used only toward that provider.
    `arguments` is the JSON text exactly as the model wrote it, which may not parse.
    """

    id: str
    name: str
    arguments: str
    native_id: str = ""

    def parsed(self) -> dict[str, Any] | None:
        """The arguments as an object, or None where they are not one."""
        try:
            value = json.loads(self.arguments or "{}", parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """What a tool call came to."""

    call_id: str
    parts: tuple[Text | Image | File, ...]
    is_error: bool = False

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


class Refusal(Struct, frozen=True, tag="refusal"):
    """The model's own words for declining."""

    text: str


class Opaque(Struct, frozen=True, tag="opaque"):
    """Something only its provider understands, such as a server-side search; `summary` is for everyone else."""

    kind: str
    summary: str


Part = Text | Reasoning | Image | File | ToolCall | ToolResult | Refusal | Opaque


class Origin(Struct, frozen=True):
    """Who made an assistant message. What may be given back depends on `issuer`, the endpoint, not on the model."""

    dialect: str
    issuer: str
    model: str


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


def mint_call_id() -> str:
    """A call id that every provider accepts: 29 letters, digits and underscores."""
    return f"call_{os.urandom(12).hex()}"


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
    return ToolResult(call.id, (Text(INTERRUPTED_CALL),), is_error=True)


def closed(history: Iterable[Message]) -> Iterator[Message]:
    """The history with every tool call answered right where it was made, and nothing that no provider would take.

    Refused turns and empty messages are left out, results without a call are dropped: whatever happened before,
    the next request is well formed.
    """
    open_turn: Message | None = None
    for message in history:
        if message.role == "tool":
            if open_turn is not None and (answer := closing(open_turn, message.results)):
                yield answer
            open_turn = None
            continue
        if open_turn is not None and (answer := closing(open_turn)):
            yield answer
        open_turn = None
        if message.state == "refused" or not _says_something(message):
            continue
        yield message
        if message.role == "assistant" and message.calls:
            open_turn = message
    if open_turn is not None and (answer := closing(open_turn)):
        yield answer


class MessageTransformer(ABC):
    """History to one dialect's wire format, for one model. Pure: no state, no SDK, no network.

    A turn of the same dialect and issuer is given back from `native`, untouched. Any other turn is projected from
    its parts by what the model can take; foreign reasoning is dropped, never turned into text.
    """

    dialect: ClassVar[str]

    def __init__(self, model: Model) -> None:
        self.model = model

    def convert(self, history: Iterable[Message]) -> list[Wire]:
        """The wire's own list of messages (or items), ready to send."""
        wire: list[Wire] = []
        own: dict[str, str] = {}  # calls that went out under native ids, which their results must carry too
        notes = ""
        history = closed(history) if self.model.tools else as_transcript(closed(history))
        for message in history:
            if message.role == "user":
                wire.extend(self.user(message, notes))
                notes = ""
            elif message.role == "tool":
                wire.extend(self.results(message, own))
            elif self.is_own(message) and _can_return(message.calls, own):
                own.update((call.id, call.native_id) for call in message.calls)
                wire.extend(self.native(message))
            else:
                wire.extend(self.assistant(message))
            notes = CUT_NOTES.get(message.state, "") if message.role == "assistant" else notes
        return self.arranged(wire)

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
    def user(self, message: Message, note: str) -> Iterable[Wire]:
        """A message from the person; `note` says that the answer before it was cut, or is empty."""

    @abstractmethod
    def native(self, message: Message) -> Iterable[Wire]:
        """An assistant message of our own issuer, as it came."""

    @abstractmethod
    def assistant(self, message: Message) -> Iterable[Wire]:
        """An assistant message from elsewhere, from its parts."""

    @abstractmethod
    def results(self, message: Message, own: dict[str, str]) -> Iterable[Wire]:
        """The results of one assistant message's calls; `own` maps calls to the native ids they went out under."""

    def arranged(self, wire: list[Wire]) -> list[Wire]:
        """The last look at the whole list: dialects merge neighbours or put results in their place here."""
        return wire


def image_note(image: Image, model: Model) -> str:
    """What stands in for a picture in the view of a model that sees none."""
    name = f": {image.name}" if image.name else ""
    return f"[image{name}, left out: {model.name} takes no images]"


def file_note(file: File, model: Model) -> str:
    """What stands in for a document in the view of a model that reads none."""
    name = f": {file.name}" if file.name else ""
    return f"[file{name}, left out: {model.name} takes no documents]"


def told_file(file: File) -> str:
    """A text file as text, which is how every model takes it."""
    return f"[file: {file.name}]\n{base64.b64decode(file.base64).decode(errors='replace')}"


def as_transcript(history: Iterable[Message]) -> Iterator[Message]:
    """The history for a model that takes no tools: calls and results told as text, nothing else changed."""
    names: dict[str, str] = {}
    for message in history:
        if message.role == "tool":
            yield Message("user", tuple(_told_results(message, names)))
        elif message.calls:
            names.update((call.id, safe_name(call)) for call in message.calls)
            told = tuple(
                Text(f"[called {safe_name(p)}({p.arguments})]") if isinstance(p, ToolCall) else p for p in message.parts
            )
            yield Message("assistant", told, message.origin, None, message.state)
        else:
            yield message


def _told_results(message: Message, names: dict[str, str]) -> Iterator[Part]:
    for result in message.results:
        failed = " failed" if result.is_error else ""
        yield Text(f"[result of {names.get(result.call_id, 'a tool')}{failed}] {result.text}")
        yield from (part for part in result.parts if not isinstance(part, Text))


def safe_arguments(call: ToolCall) -> str:
    """A call's arguments as JSON text that is an object for certain, exactly as written where they already are one."""
    if call.parsed() is not None:
        return call.arguments or "{}"
    return json.dumps({"_invalid_json": call.arguments}, ensure_ascii=False)


def safe_name(call: ToolCall) -> str:
    """A call's tool name as every provider takes it. Models do write others, and one would spoil the whole history."""
    return call.name if NAME.fullmatch(call.name) else "invalid_tool"


def visible_text(parts: Iterable[Part]) -> list[str]:
    """The text of an assistant message that any model may read: no reasoning, no blank pieces."""
    texts: list[str] = []
    for part in parts:
        match part:
            case Text(text) | Refusal(text) if text.strip():
                texts.append(text)
            case Opaque(_, summary) if summary:
                texts.append(f"[{summary}]")
    return texts


def _says_something(message: Message) -> bool:
    if message.role == "user":
        return any(not isinstance(part, Text) or part.text.strip() for part in message.parts)
    return bool(message.calls or visible_text(message.parts))


def _can_return(calls: tuple[ToolCall, ...], own: dict[str, str]) -> bool:
    """Whether calls may go back as they came: with legal names, and ids that are there and are no other call's.

    Some servers begin to count at "call_0" with every answer; such a turn goes out under our own ids.
    """
    ids = [call.native_id for call in calls]
    legal = all(NAME.fullmatch(call.name) for call in calls) and all(ids)
    return legal and len(set(ids)) == len(ids) and set(ids).isdisjoint(own.values())


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
