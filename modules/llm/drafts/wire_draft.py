"""What the drafts of all dialects share: events taken whatever their shape, and a message that can always be kept."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from modules.config import Key
from modules.errors import ProtocolError
from modules.llm.base import ChatRequest, Draft
from modules.llm.drafts.made_picture import made_picture
from modules.llm.drafts.unparsed_tool_calls import looks_like_call
from modules.llm.events import Finished, PictureMade, ReasoningDelta, StopReason, StreamEvent, TextDelta, Usage
from modules.llm.failures import error_mapping
from modules.llm.message import Message, State
from modules.llm.parts import Image, Opaque, Part, Reasoning, Text, Wire
from modules.llm.stop_reasons import ends, stop_of
from modules.llm.tool_spec import functions
from modules.llm.usage import merged
from modules.text import surrogates

# What a wire value of another type than was expected makes our readers raise.
ODD_SHAPE = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
ANSWERS = ("choices", "content", "delta", "response", "output", "item", "message", "usage")


class WireDraft(Draft):
    """A draft that is made of JSON events. `add` may trip over an odd one; `read` says so in words."""

    def __init__(self, request: ChatRequest, dialect: str, key: Key | None) -> None:
        super().__init__(request, dialect)
        self.declared: tuple[str, ...] = tuple(tool.name for tool in functions(request.tools))
        self.usage: Usage | None = None
        self.model = ""
        self._key = key
        self._shown: list[str] = []
        self._pictures: list[Image] = []
        # Pictures and notes of searches, each with how many pieces of text were shown before it.
        self._between: list[tuple[int, Image | Opaque]] = []
        self._thought: list[str] = []
        self._surrogates = surrogates.Surrogates()
        self._thought_surrogates = surrogates.Surrogates()
        self._stop: tuple[StopReason, str] | None = None

    @abstractmethod
    def words(self, event: Any) -> TextDelta | None:
        """Take in an event that holds more words and nothing else, as nearly all do; None, and no change, for others.

        It may trip over an odd event: then that is one of the others.
        """

    def read(self, event: Any, name: str = "") -> Sequence[StreamEvent]:
        """Take in one event of a stream; `name` is what its `event:` line says.

        Raises what the provider says went wrong, and ProtocolError for what cannot be understood.
        """
        if not isinstance(event, dict):
            inner = event if isinstance(event, list) else ()
            return [errors for one in inner if isinstance(one, dict) for errors in self.read(one, name)]
        try:
            if is_error(event, name):
                raise self.failure(event)
            if name and "type" not in event:
                event = {"type": name, **event}
            return self.add(event)
        except ODD_SHAPE as error:
            raise ProtocolError(
                f"{self.request.model.provider.host} sent an event of a shape that this API does not have.",
                cure="Ask again.",
            ) from error

    def failure(self, body: Wire) -> Exception:
        """Our error for what the provider says went wrong."""
        errors = body.get("errors")
        if not body.get("error") and isinstance(errors, list) and errors:
            body = {"error": errors[0]}
        model = self.request.model
        return error_mapping.in_stream(body, model.provider, model, self._key)

    def ended(self, marked: bool) -> Sequence[StreamEvent]:
        """The body has ended, `marked` where it said so with "[DONE]": whole where a reason to stop was there."""
        if self.finished is None and (self._stop is not None or marked):
            return self.finish()
        return ()

    @property
    def untouched(self) -> bool:
        """Whether nothing of this API has come."""
        return not self.has_content and self._stop is None and self.usage is None and not self.model

    @property
    @abstractmethod
    def has_content(self) -> bool:
        """Whether anything of an answer has come."""

    @abstractmethod
    def finish(self) -> Sequence[StreamEvent]:
        """The answer has ended: `finished` is set, and what was held back comes out."""

    @abstractmethod
    def _message(self, state: State) -> Message:
        """The message as it stands."""

    def message(self, state: State) -> Message:
        try:
            message = self._message(state)
            return message if _can_be_kept(message.native) else msgspec.structs.replace(message, native=None)
        except ODD_SHAPE:
            return Message("assistant", tuple(self._plain_parts()), self.origin, None, state, usage=self.usage)

    @property
    def unread_call(self) -> bool:
        if not self.declared or self.request.tool_choice == "none" or self.finished is None:
            return False
        return looks_like_call("".join(self._shown), self.declared) and not self.message("complete").calls

    def _plain_parts(self) -> list[Part]:
        """What was shown, as parts that everyone takes, with what was searched where it was shown."""
        parts: list[Part] = [Reasoning(thought)] if (thought := "".join(self._thought)) else []
        return [*parts, *self._shown_parts()]

    def _shown_parts(self) -> Iterator[Text | Image | Opaque]:
        """The words, pictures and searches that were shown, in their order."""
        start = 0
        for at, part in [*self._between, (len(self._shown), None)]:
            if (text := "".join(self._shown[start:at])).strip():
                yield Text(text)
            if part is not None:
                yield part
            start = at

    def _picture(self, data: Any) -> Iterator[PictureMade]:
        """A picture that has come, in base64; nothing where it is none, or has come before."""
        picture = made_picture(data)
        if picture is not None and picture not in self._pictures:
            self._pictures.append(picture)
            self._between.append((len(self._shown), picture))
            yield PictureMade(picture.media_type, picture.base64)

    def _note_search(self, note: Opaque) -> None:
        """A search of the provider has ended, behind what was shown so far."""
        self._between.append((len(self._shown), note))

    def _say(self, piece: Any) -> Iterator[TextDelta]:
        yield from self._show(self._surrogates.join(as_text(piece)))

    def _show(self, text: str) -> Iterator[TextDelta]:
        if text:
            self._shown.append(text)
            yield TextDelta(text)

    def _think(self, piece: Any) -> Iterator[ReasoningDelta]:
        text = self._thought_surrogates.join(as_text(piece))
        if text:
            self._thought.append(text)
            yield ReasoningDelta(text)

    def _note_stop(self, said: Any) -> None:
        if ends(said):
            self._stop = stop_of(said, self.request.model.profile.stops)

    def _note_model(self, said: Any) -> None:
        if not self.model and isinstance(said, str):
            self.model = surrogates.whole(said)

    def _note_usage(self, usage: Usage | None) -> None:
        self.usage = merged(self.usage, usage)
        if self.finished is not None:
            self._finished(self.finished.stop, self.finished.word)

    def _finished(self, stop: StopReason, word: str) -> None:
        self.finished = Finished(stop, self.usage, self.model, word)


def as_text(value: Any) -> str:
    """A piece of text that may have come as a number; "" for what says nothing. Raises TypeError for all else."""
    if isinstance(value, str):
        return value
    if value is None or value is False or value == [] or value == {}:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"{type(value).__name__} where text belongs")


def is_error(event: Wire, name: str = "") -> bool:
    """Whether an event, or a whole body, says that the provider failed, in any of the shapes in use."""
    if event.get("error") or name == "error":
        return True
    base = event.get("base_resp")  # MiniMax has it in every chunk; 0 is well
    if isinstance(base, dict) and base.get("status_code") and not event.get("choices"):
        return True
    if "choices" in event:
        return False
    kind = event.get("type")
    if kind == "error" or event.get("object") == "error":
        return True
    if kind is not None and not (isinstance(kind, str) and kind.endswith("error")):
        return False
    if isinstance(event.get("message"), str) or event.get("errors"):
        return True
    return bool(event.get("detail")) and not any(key in event for key in ANSWERS)


def _can_be_kept(native: Any) -> bool:
    """Whether it can be stored and sent: numbers, depth and letters as JSON takes them."""
    try:
        return native is None or bool(msgspec.json.encode(native))
    except (*ODD_SHAPE, UnicodeError, msgspec.MsgspecError):
        return False
