"""Messages and wire values as rows hold them, and back; what is long is kept apart, once, however often it stands.

The JSON text of a message's body is packed by itself, its native payload against the body, and a wire value against
both, see packed_text.py. Rows of earlier releases are plain text, and are read for good.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, assert_never

import msgspec
from msgspec.structs import replace

from modules.llm.message import Message
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.storage.packed_text import is_packed, just_packed, packed, squeezed, unpacked

MARK = "blob:"  # in the place of a string: "blob:<key>:<what stood before it>"; "blob:=" escapes the mark itself
SQUEEZED = "z"  # before the sha256 in a key: the row holds the string's bytes as raw deflate
LONG_CHARS = 4096  # a shorter string is not worth a row of its own
SAMPLE = 256
UNREADABLE = "[A message that cannot be read any more stood here.]"
_BEFORE = re.compile(r"(?:data:[\w.+/;=-]{1,100},)?", re.ASCII)
_ENCODED = re.compile(r"[\w+/=-]+", re.ASCII)

Blobs = dict[str, bytes]
Fetch = Callable[[str, str], str]  # the key of a blob and what stands before it, to the whole string

_as_the_body = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode  # which the value repeats
_decode_message = msgspec.json.Decoder(Message).decode


def encode_message(message: Message, blobs: Blobs) -> tuple[bytes, bytes | None]:
    """The message without its native payload, and the payload, packed. Long strings go to `blobs`."""
    parts = tuple(_part_apart(part, blobs) for part in message.parts)
    body = _body(replace(message, parts=parts, native=None))
    native = None if message.native is None else encode_value(message.native, blobs)
    stored = packed(body)
    just_packed(stored, body)
    if native is None:
        return stored, None
    text = native.encode()
    beside = packed(text, body)
    just_packed(beside, text)
    return stored, beside


def encode_growing(message: Message, blobs: Blobs) -> tuple[str, str | None]:
    """The same for an answer that is not whole: as plain text, since another row takes its place in half a second."""
    parts = tuple(_attached_apart(part, blobs) for part in message.parts)
    native = None if message.native is None else encode_value(message.native, blobs, texts=False)
    return _body(replace(message, parts=parts, native=None)).decode(), native


def decode_message(body: bytes, native: bytes | None, fetch: Fetch) -> Message:
    """What was encoded, in any form. Raises ValueError or LookupError for what never was."""
    text = unpacked(body)
    try:
        message = _decode_message(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        message = msgspec.convert(json.loads(text), Message)
    if MARK.encode() in text:
        back = _part_back if is_packed(body) else _attached_back
        message = replace(message, parts=tuple(back(part, fetch) for part in message.parts))
    return message if native is None else replace(message, native=decode_value(unpacked(native, text), fetch))


def encode_value(value: Any, blobs: Blobs, *, texts: bool = True) -> str | None:
    """JSON values as text, keys in their order; None for what is no JSON, or nested beyond reason.

    `texts` says whether long texts are kept apart, and not only what is encoded.
    """
    try:
        value = _apart(value, blobs, texts)
        text = _as_the_body(value)
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:  # half a character
        return json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None
    return text


def decode_value(text: bytes, fetch: Fetch) -> Any:
    value = json.loads(text)
    return _back(value, fetch) if MARK.encode() in text else value


def encode_long(text: str, blobs: Blobs) -> str:
    """A text as it is, or where it is long, what stands for it."""
    return _text_apart(text, blobs)


def decode_long(text: str, fetch: Fetch) -> str:
    return _text_back(text, fetch)


def entry_repeats(body: bytes, native: bytes | None) -> tuple[bytes, ...]:
    """The texts that a wire value of this message is packed against, from its two columns."""
    text = unpacked(body)
    return (text,) if native is None else (unpacked(native, text), text)


def placeholder(role: str) -> Message:
    """What stands in for a message that does not decode."""
    return Message("assistant" if role == "assistant" else "tool" if role == "tool" else "user", (Text(UNREADABLE),))


def _body(message: Message) -> bytes:
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:  # half a character, as in the name of a file; the standard encoder spells it out
        return json.dumps(msgspec.to_builtins(message)).encode()


def _part_apart(part: Part, blobs: Blobs) -> Part:
    match part:
        case Text(text) | Reasoning(text) | Refusal(text):
            return replace(part, text=_text_apart(text, blobs))
        case ToolCall():
            return replace(part, arguments=_text_apart(part.arguments, blobs))
        case Opaque():
            return replace(part, summary=_text_apart(part.summary, blobs))
        case ToolResult():
            return replace(part, parts=tuple(_part_apart(inner, blobs) for inner in part.parts))
        case Image() | File():
            return _attached_apart(part, blobs)
        case _:
            assert_never(part)


def _part_back(part: Part, fetch: Fetch) -> Part:
    match part:
        case Text(text) | Reasoning(text) | Refusal(text):
            return replace(part, text=_text_back(text, fetch))
        case ToolCall():
            return replace(part, arguments=_text_back(part.arguments, fetch))
        case Opaque():
            return replace(part, summary=_text_back(part.summary, fetch))
        case ToolResult():
            return replace(part, parts=tuple(_part_back(inner, fetch) for inner in part.parts))
        case Image() | File():
            return _attached_back(part, fetch)
        case _:
            assert_never(part)


def _attached_apart(part: Part, blobs: Blobs) -> Part:
    match part:
        case Image():
            original = _text_apart(part.original, blobs, texts=False)
            return replace(part, base64=_text_apart(part.base64, blobs, texts=False), original=original)
        case File():
            return replace(part, base64=_text_apart(part.base64, blobs, texts=False))
        case ToolResult():
            return replace(part, parts=tuple(_attached_apart(inner, blobs) for inner in part.parts))
        case Text() | Reasoning() | ToolCall() | Refusal() | Opaque():
            return part
        case _:
            assert_never(part)


def _attached_back(part: Part, fetch: Fetch) -> Part:
    match part:
        case Image():
            return replace(part, base64=_text_back(part.base64, fetch), original=_text_back(part.original, fetch))
        case File():
            return replace(part, base64=_text_back(part.base64, fetch))
        case ToolResult():
            return replace(part, parts=tuple(_attached_back(inner, fetch) for inner in part.parts))
        case Text() | Reasoning() | ToolCall() | Refusal() | Opaque():
            return part
        case _:
            assert_never(part)


def _apart(value: Any, blobs: Blobs, texts: bool) -> Any:
    match value:
        case str():
            return _text_apart(value, blobs, texts=texts)
        case dict():
            return {key: _apart(inner, blobs, texts) for key, inner in value.items()}
        case list() | tuple():
            return [_apart(inner, blobs, texts) for inner in value]
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


def _text_apart(text: str, blobs: Blobs, *, texts: bool = True) -> str:
    if len(text) > LONG_CHARS:
        found = _BEFORE.match(text)
        before = found[0] if found else ""
        start = len(before)
        # Two samples are enough: should it be something else, it still comes back as it was.
        if _ENCODED.fullmatch(text, start, start + SAMPLE) and _ENCODED.fullmatch(text, len(text) - SAMPLE):
            data = text[start:].encode("utf-8", "surrogatepass")
            key = hashlib.sha256(data).hexdigest()
            blobs[key] = data
            return f"{MARK}{key}:{before}"
        if texts:
            data = text.encode("utf-8", "surrogatepass")
            key = SQUEEZED + hashlib.sha256(data).hexdigest()
            if key not in blobs:
                blobs[key] = squeezed(data)
            return f"{MARK}{key}:"
    return f"{MARK}={text}" if text.startswith(MARK) else text


def _text_back(text: str, fetch: Fetch) -> str:
    if not text.startswith(MARK):
        return text
    rest = text[len(MARK) :]
    if rest.startswith("="):
        return rest[1:]
    key, _, before = rest.partition(":")
    return fetch(key, before)
