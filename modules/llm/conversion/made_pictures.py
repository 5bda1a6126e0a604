"""Pictures that a model made, for all who do not get its answer back as it came: shown with what the person says next.

No API takes a picture in an answer but from itself. In the answer stands a note, and the picture follows in the next
message of the person, as those do below a result that a tool's message has no place for.
"""

from typing import assert_never

from msgspec.structs import replace

from modules.llm.conversion.replay import sees
from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.parts import (
    File,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    below_note,
    image_note,
)

ABOVE = "[The image that the answer above holds:]"
ALL_ABOVE = "[The images that the answers above hold:]"


def noted(answer: Message, model: Model) -> Message:
    """The answer with a note in the place of each picture: that it comes below, or that the model is not shown it."""
    if not answer.images:
        return answer
    return replace(answer, parts=tuple(_noted(part, model) for part in answer.parts))


def with_pictures(message: Message, pictures: tuple[Image, ...]) -> Message:
    """A message of the person that begins with pictures of answers before it."""
    if not pictures:
        return message
    title = Text(ABOVE if len(pictures) == 1 else ALL_ABOVE)
    return replace(message, parts=(title, *pictures, *message.parts))


def _noted(part: Part, model: Model) -> Part:
    match part:
        case Image():
            return Text(below_note(part) if sees(model) else image_note(part, model))
        case Text() | File() | Reasoning() | ToolCall() | ToolResult() | Refusal() | Opaque():
            return part
        case _:
            assert_never(part)
