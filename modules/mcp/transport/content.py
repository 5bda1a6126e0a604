"""What a server answers, as our parts. Nothing of it is believed: a picture is what its first bytes say it is."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from modules.llm.message import Message
from modules.llm.parts import Content, Text
from modules.text.plain_words import one_line
from modules.tools.media.media import media_in, media_type_of
from modules.tools.tool import Output

ENVELOPE = ("content", "structuredContent", "isError", "_meta")  # of a result
DATA = {"data", "blob"}  # keys whose values are for programs
LONGEST_DATA_CHARS = 200  # of them that may be words after all


def output_of(result: dict[str, Any]) -> Output:
    """The result of a tool call. Structured content becomes JSON text where there are no words, and so does all else.

    Servers put what they have to say in other places, too: python-sdk's old "toolResult", or an "error" beside isError.
    """
    parts = parts_of(result.get("content"))
    if not any(isinstance(part, Text) and part.text.strip() for part in parts):
        structured = result.get("structuredContent")
        rest = {key: value for key, value in result.items() if key not in ENVELOPE and value is not None}
        if structured is not None:
            parts = (Text(_in_json(structured)), *_pictures(parts))
        elif rest and not parts:
            (said, *more) = rest.values()
            parts = (Text(said if isinstance(said, str) and not more else _in_json(rest)),)
    return Output(parts, is_error=str(result.get("isError")).lower() == "true")


def _pictures(parts: Iterable[Content]) -> tuple[Content, ...]:
    return tuple(part for part in parts if not isinstance(part, Text))


def messages_of(result: dict[str, Any]) -> list[Message]:
    """The messages of a prompt. A model's words in it are words, without pictures."""
    messages: list[Message] = []
    listed = result.get("messages")
    for item in listed if isinstance(listed, list) else [listed]:
        if isinstance(item, str):
            messages.append(Message("user", (Text(item),)))
        if not isinstance(item, dict):
            continue
        content = item.get("content")
        parts = parts_of(content)
        if item.get("role") == "assistant":
            parts = tuple(part for part in parts if isinstance(part, Text))
            messages += [Message("assistant", parts)] if parts else []
        elif parts:
            messages.append(Message("user", parts))
    return messages


def resource_of(result: dict[str, Any]) -> tuple[Content, ...]:
    """What a resource holds."""
    contents = result.get("contents", result.get("content"))
    items = [item for item in (contents if isinstance(contents, list) else [contents]) if item is not None]
    found = (_resource(item) if isinstance(item, dict) else _parts(item) for item in items)
    return tuple(parts[-1] for parts in found)  # a note of what was done to it stands before a picture


def parts_of(content: Any) -> tuple[Content, ...]:
    """Content as parts, whether it is a list of blocks, one block or a string; what cannot be kept is a note."""
    blocks: Iterable[Any] = content if isinstance(content, list) else () if content is None else (content,)
    return tuple(part for block in blocks for part in _parts(block))


def _parts(block: Any) -> tuple[Content, ...]:
    if isinstance(block, str):
        return (Text(block),)
    if not isinstance(block, dict):
        return (Text("[left out: no content]" if block is None else _in_json(block)),)
    match block:
        case {"type": "text", "text": str() as text}:
            return (Text(text),)
        case {"type": "image", "data": str() as data}:
            return media_in(data, _word(block, "mimeType") or "image", "")
        case {"type": "audio"}:
            return (Text(f"[audio, left out: {_word(block, 'mimeType')}]"),)
        case {"type": "resource_link", "uri": str() as uri}:
            about = [_word(block, key) for key in ("title", "name", "mimeType", "description")]
            return (Text(f"[resource {uri}{''.join(f', {text}' for text in about if text)}]"),)
        case {"type": "resource", "resource": dict() as resource}:
            return _resource(resource)
    return (_unknown(block),)


def _unknown(block: dict[str, Any]) -> Text:
    """A block of a kind that nobody here knows, in its words where it has any; data for a program are left out."""
    rest = {key: value for key, value in block.items() if key not in ("type", "_meta", "annotations")}
    if words := next((rest[key] for key in ("text", "content", "message") if isinstance(rest.get(key), str)), ""):
        return Text(words)
    for key in DATA & set(rest):
        if isinstance(rest[key], str) and len(rest[key]) > LONGEST_DATA_CHARS:
            rest[key] = f"[{len(rest[key])} characters, left out]"
    if not rest:
        return Text(f"[left out: content of the kind {one_line(str(block.get('type')), 40)!r}]")
    return Text(_in_json({key: value for key, value in block.items() if key == "type"} | rest))


def _resource(resource: dict[str, Any]) -> tuple[Content, ...]:
    uri, kind = _word(resource, "uri"), _word(resource, "mimeType")
    match resource:
        case {"text": str() as text}:
            return (Text(f"[resource {uri}]\n{text}" if uri else text),)
        case {"blob": str() as blob} if kind.startswith("text/") and (data := _text(blob)) is not None:
            return (Text(f"[resource {uri}]\n{data}"),)
        case {"blob": str() as blob}:
            return media_in(blob, kind or "data", uri)
    return (Text(f"[resource {uri}, left out: it holds neither text nor data]"),)


def _text(blob: str) -> str | None:
    """Text that is given as data; None for a picture or PDF, whatever it is called, and for what is not base64."""
    try:
        data = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return None
    return None if media_type_of(data) else data.decode(errors="replace")


def _word(block: dict[str, Any], key: str) -> str:
    value = block.get(key)
    return one_line(value) if isinstance(value, str) else ""


def _in_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
