"""What a message is made of: the parts, one per kind of content, as values that every provider shares."""

import base64
import json
import math
import os
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, assert_never, cast, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from modules.llm.citations import Citation
from modules.llm.models import Model
from modules.text import surrogates

Wire = dict[str, Any]
DEEPEST = 100  # levels of a call's arguments: each reader goes down them step by step, and may do so far from the top
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")  # Gemini refuses a digit at the head (qwen-code#6970)


class Text(Struct, frozen=True, tag="text", omit_defaults=True):
    """Words. Halves of characters are replaced when it is made: no SDK can send them and no file keep them.

    `citations` are the pages that a model named for them; who is given the words is not given those.
    """

    text: str
    citations: tuple[Citation, ...] = ()

    def __post_init__(self) -> None:
        if not self.text.isascii():
            force_setattr(self, "text", surrogates.whole(self.text))


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """What a model thought, for the reader's eyes. Only its own provider gets it back, as it was, from `native`."""

    text: str


class Image(Struct, frozen=True, tag="image"):
    """A picture. `base64` is made once, when it is attached; `media_type` as in "image/png".

    `original` is the file as it came, in base64, where that is not what is sent; "" where it is.
    """

    media_type: str
    base64: str
    name: str = ""
    original: str = ""

    def __post_init__(self) -> None:
        if not self.name.isascii():
            force_setattr(self, "name", surrogates.whole(self.name))


class File(Struct, frozen=True, tag="file"):
    """A document, PDF as a rule. `base64` and `media_type` as for Image."""

    media_type: str
    base64: str
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name.isascii():
            force_setattr(self, "name", surrogates.whole(self.name))


Attached = Image | File  # what a person may attach to a question
Content = Text | Attached  # what a person says, and what a tool returns
_CONTENT = frozenset(get_args(Content))


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
        """The arguments as an object, or None where they are not one, or one that is nested too deeply."""
        try:
            value = json.loads(self.arguments or "{}", parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict) or self.is_deep(value):
            return None
        whole: dict[str, Any] = surrogates.whole_json(value)
        return whole

    def is_deep(self, value: Any) -> bool:
        """Whether this value, read from the arguments, has too many levels for all that has to go through it."""
        if self.arguments.count("{") + self.arguments.count("[") <= DEEPEST:
            return False
        level = [value]
        for _ in range(DEEPEST):
            level = [item for one in level for item in (one.values() if isinstance(one, dict) else one)]
            level = [item for item in level if isinstance(item, dict | list)]
        return bool(level)


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """What a tool call came to. It never `ran` where it was declined, refused, or stopped before its turn came."""

    call_id: str
    parts: tuple[Content, ...]
    is_error: bool = False
    ran: bool = True

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


Part = Content | Reasoning | ToolCall | ToolResult | Refusal | Opaque


def mint_call_id() -> str:
    """A call id that every provider accepts: 29 letters, digits and underscores."""
    return f"call_{os.urandom(12).hex()}"


def image_note(image: Image, model: Model, why: str = "takes no images") -> str:
    """What stands in for a picture that a model is not shown."""
    return _left_out(image, f"{model.name} {why}")


def file_note(file: File, model: Model) -> str:
    """What stands in for a document in the view of a model that reads none."""
    return _left_out(file, f"{model.name} takes no documents")


def room_note(part: Attached) -> str:
    """What stands for a picture or a document that would fill a model's window."""
    return _left_out(part, "to save room")


def named_note(part: Attached) -> str:
    """What stands for a picture or a document where a conversation is told as text."""
    return f"[{_label(part)}]"


def below_note(part: Attached) -> str:
    """What stands in a result for what is given after it."""
    return f"[{_label(part)}, below]"


def file_as_text(file: File) -> str:
    """A text file as text, which is how every model takes it."""
    return f"[file: {file.name}]\n{base64.b64decode(file.base64).decode(errors='replace')}"


def safe_arguments(call: ToolCall) -> str:
    """A call's arguments as JSON text that is an object for certain, exactly as written where they already are one."""
    if call.parsed() is not None:
        return call.arguments or "{}"
    return json.dumps({"_invalid_json": call.arguments}, ensure_ascii=False)


def safe_name(call: ToolCall) -> str:
    """A call's tool name as every provider takes it. Models do write others, and one would spoil the whole history."""
    return call.name if NAME.fullmatch(call.name) else "invalid_tool"


def call_as_text(call: ToolCall) -> str:
    """A call as text, where it cannot stand as one."""
    return f"[called {safe_name(call)}({call.arguments})]"


def visible_text(parts: Iterable[Part]) -> list[str]:
    """The text of an assistant message that any model may read: no reasoning, no blank pieces.

    Calls stay calls. A note stands for each picture and document: no API takes another's in an answer.
    """
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Text):  # most are, and every message of a history comes here more than once
            texts.append(part.text)
        else:
            texts += _texts_of_answer(part)
    return [text for text in texts if text.strip()]


def _texts_of_answer(part: Part) -> Iterable[str]:
    match part:
        case Text(text) | Refusal(text):
            return (text,)
        case Opaque():
            return (_opaque_note(part),)
        case Reasoning() | ToolCall():
            return ()
        case File("text/plain"):
            return (file_as_text(part),)
        case Image():
            return (named_note(part),)
        case File():
            return (_left_out(part, "answers are given back as text"),)
        case ToolResult():
            return visible_text(contents((part,)))
        case _:
            assert_never(part)


def contents(parts: Collection[Part]) -> Iterable[Content]:
    """The parts of a message of the person, or of a result, as what can stand there: nothing goes without a note."""
    # Nearly always all of them can, and every message of a history is asked for with each request.
    return cast("Collection[Content]", parts) if _CONTENT.issuperset(map(type, parts)) else _noted(parts)


def _noted(parts: Iterable[Part]) -> Iterator[Content]:
    for part in parts:
        match part:
            case Text() | Image() | File():
                yield part
            case Refusal(text):
                yield Text(text)
            case Opaque():
                yield Text(_opaque_note(part))
            case Reasoning():
                yield Text("[reasoning, left out: only the model that it is of can read it]")
            case ToolCall():
                yield Text(call_as_text(part))
            case ToolResult():
                yield Text(f"[result of a tool] {part.text}")
                yield from (inner for inner in part.parts if not isinstance(inner, Text))
            case _:
                assert_never(part)


def _opaque_note(part: Opaque) -> str:
    return f"[{part.summary or part.kind}]"


def _left_out(part: Attached, why: str) -> str:
    return f"[{_label(part)}, left out: {why}]"


def _label(part: Attached) -> str:
    match part:
        case Image():
            kind = "image"
        case File():
            kind = "file"
        case _:
            assert_never(part)
    return f"{kind}: {part.name}" if part.name else kind


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"{text} is too large")
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
