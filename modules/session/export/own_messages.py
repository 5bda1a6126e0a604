"""Reading back one message out of JSON of our own: whatever it says, the next request can be made of it."""

import base64
import hashlib
import re
from typing import Any

import msgspec
from msgspec.structs import replace

from modules.llm.history import Message
from modules.llm.parts import File, Image, Part, Text, ToolCall, ToolResult
from modules.session.storage.codec import UNREADABLE, placeholder

BROKEN = (ValueError, LookupError, TypeError, RecursionError, OverflowError)  # msgspec's own errors are ValueErrors
# What the dialects' own payloads are: one object, or several, each with a type.
ONE_OBJECT = frozenset({"openai-chat", "ollama-chat"})
WITH_TYPES = frozenset({"anthropic-messages", "openai-responses"})
_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_message(row: dict[str, Any]) -> Message:
    """The message; what does not decode is replaced by words that say so, and the rest stays."""
    fields = {name: row[name] for name in Message.__struct_fields__ if name in row}
    message: Message | None = converted(fields, Message)
    if message is None:
        return placeholder(str(row.get("role")))
    message = replace(message, parts=tuple(map(_sound, message.parts)))
    return message if message.native is None or _fits(message) else replace(message, native=None)


def converted(value: Any, kind: type[Any]) -> Any:
    """The value as one of ours; None for what is none."""
    try:
        return msgspec.convert(value, kind)
    except BROKEN:
        return None


def _sound(part: Part) -> Part:
    match part:
        case Image() | File():
            return part if _is_base64(part.base64) else Text(UNREADABLE)
        case ToolCall():
            return part if _CALL_ID.fullmatch(part.id) else replace(part, id=_legal(part.id))
        case ToolResult():
            inner = [
                part if not isinstance(part, Image | File) or _is_base64(part.base64) else Text(UNREADABLE)
                for part in part.parts
            ]
            id = part.call_id if _CALL_ID.fullmatch(part.call_id) else _legal(part.call_id)
            return replace(part, call_id=id, parts=tuple(inner))
    return part


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _legal(id: str) -> str:
    """An id that every provider takes, the same for a call and for its result."""
    return f"call_{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _fits(message: Message) -> bool:
    """Whether a payload has the shape that its dialect gives back; of another dialect it is only kept."""
    dialect, native = message.origin.dialect if message.origin else "", message.native
    if dialect in ONE_OBJECT:
        return isinstance(native, dict)
    if not isinstance(native, list) or not all(isinstance(item, dict) for item in native):
        return not dialect
    return dialect not in WITH_TYPES or all(isinstance(item.get("type"), str) for item in native)
