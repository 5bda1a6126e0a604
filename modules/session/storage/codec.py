"""Messages and wire values as JSON text for a table, and back; what is long and encoded is kept apart, once."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, assert_never

import msgspec
from msgspec.structs import replace

from modules.llm.message import Message
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

MARK = "blob:"  # in the place of a string: "blob:<sha256>:<what stood before it>"; "blob:=" escapes the mark itself
LONG_CHARS = 4096  # a shorter string is not worth a row of its own
SAMPLE = 256
UNREADABLE = "[A message that cannot be read any more stood here.]"
_BEFORE = re.compile(r"(?:data:[\w.+/;=-]{1,100},)?", re.ASCII)
_ENCODED = re.compile(r"[\w+/=-]+", re.ASCII)

Blobs = dict[str, bytes]
Fetch = Callable[[str, str], str]  # the sha256 and what stands before it, to the whole string

_decode_message = msgspec.json.Decoder(Message).decode


def encode_message(message: Message, blobs: Blobs) -> tuple[str, str | None]:
    """The message without its native payload, and the payload. Long encoded strings go to `blobs`."""
    parts = tuple(_part_apart(part, blobs) for part in message.parts)
    body = replace(message, parts=parts, native=None)
    native = None if message.native is None else encode_value(message.native, blobs)
    try:
        return msgspec.json.encode(body).decode(), native
    except UnicodeEncodeError:  # half a character, as in the name of a file; the standard encoder spells it out
        return json.dumps(msgspec.to_builtins(body)), native


def decode_message(body: bytes, native: bytes | None, fetch: Fetch) -> Message:
    """What `encode_message` was given. Raises ValueError or LookupError for what it never wrote."""
    try:
        message = _decode_message(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        message = msgspec.convert(json.loads(body), Message)
    if MARK.encode() in body:
        message = replace(message, parts=tuple(_part_back(part, fetch) for part in message.parts))
    return message if native is None else replace(message, native=decode_value(native, fetch))


def encode_value(value: Any, blobs: Blobs) -> str | None:
    """JSON values as text, keys in their order; None for what is no JSON, or nested beyond reason."""
    try:
        return json.dumps(_apart(value, blobs), separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None


def decode_value(text: bytes, fetch: Fetch) -> Any:
    value = json.loads(text)
    return _back(value, fetch) if MARK.encode() in text else value


def placeholder(role: str) -> Message:
    """What stands in for a message that does not decode."""
    return Message("assistant" if role == "assistant" else "tool" if role == "tool" else "user", (Text(UNREADABLE),))


def _part_apart(part: Part, blobs: Blobs) -> Part:
    match part:
        case Image():
            original = _text_apart(part.original, blobs)
            return replace(part, base64=_text_apart(part.base64, blobs), original=original)
        case File():
            return replace(part, base64=_text_apart(part.base64, blobs))
        case ToolResult():
            return replace(part, parts=tuple(_part_apart(inner, blobs) for inner in part.parts))
        case Text() | Reasoning() | ToolCall() | Refusal() | Opaque():
            return part
        case _:
            assert_never(part)


def _part_back(part: Part, fetch: Fetch) -> Part:
    match part:
        case Image():
            return replace(part, base64=_text_back(part.base64, fetch), original=_text_back(part.original, fetch))
        case File():
            return replace(part, base64=_text_back(part.base64, fetch))
        case ToolResult():
            return replace(part, parts=tuple(_part_back(inner, fetch) for inner in part.parts))
        case Text() | Reasoning() | ToolCall() | Refusal() | Opaque():
            return part
        case _:
            assert_never(part)


def _apart(value: Any, blobs: Blobs) -> Any:
    match value:
        case str():
            return _text_apart(value, blobs)
        case dict():
            return {key: _apart(inner, blobs) for key, inner in value.items()}
        case list() | tuple():
            return [_apart(inner, blobs) for inner in value]
    return value


def _back(value: Any, fetch: Fetch) -> Any:
    match value:
        case str():
            return _text_back(value, fetch)
        case dict():
            return {key: _back(inner, fetch) for key, inner in value.items()}
        case list():
            return [_back(inner, fetch) for inner in value]
    return value


def _text_apart(text: str, blobs: Blobs) -> str:
    if len(text) > LONG_CHARS:
        found = _BEFORE.match(text)
        before = found[0] if found else ""
        start = len(before)
        # Two samples are enough: should it be something else, it still comes back as it was.
        if _ENCODED.fullmatch(text, start, start + SAMPLE) and _ENCODED.fullmatch(text, len(text) - SAMPLE):
            data = text[start:].encode("utf-8", "surrogatepass")
            sha = hashlib.sha256(data).hexdigest()
            blobs[sha] = data
            return f"{MARK}{sha}:{before}"
    return f"{MARK}={text}" if text.startswith(MARK) else text


def _text_back(text: str, fetch: Fetch) -> str:
    if not text.startswith(MARK):
        return text
    rest = text[len(MARK) :]
    if rest.startswith("="):
        return rest[1:]
    sha, _, before = rest.partition(":")
    return fetch(sha, before)
