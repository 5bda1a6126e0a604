"""Pictures that are not shown: a note stands in the place of each, in what one model is given."""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from modules.llm.conversion.replay import hidden_images, shown_images
from modules.llm.history import Message
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
    image_note,
)


class HiddenPictures:
    """Puts the notes: before `shown_from` for every picture, and for the oldest where a model takes only so many.

    The messages are given in order, from position `start` of the history.
    """

    def __init__(self, model: Model, history: Sequence[Message], start: int, shown_from: int) -> None:
        self._model = model
        self._from = shown_from
        most = model.profile.images
        self._why = "refused a picture" if most is None else f"takes {most} at once"
        self._left = hidden_images(history, model)
        if self._left:
            self._left -= shown_images(history, start)

    @property
    def any(self) -> bool:
        return self._from > 0 or self._left > 0

    def replaced(self, message: Message, at: int) -> Message:
        """The message at this position as the model is given it. Counts what it hides, so call it once for each."""
        if (at >= self._from and self._left <= 0) or not message.images:
            return message
        self._left = max(self._left, len(message.images) if at < self._from else 0)
        # An answer goes without its own form then, in which the picture still stands.
        return replace(message, parts=tuple(map(self._part, message.parts)), native=None)

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
