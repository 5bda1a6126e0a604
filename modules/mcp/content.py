"""What a server answers, as our parts. Nothing of it is believed: a picture is what its first bytes say it is."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from modules.llm.message import Message
from modules.llm.parts import Text
from modules.mcp.plain import one_line
from modules.tools.media import media_in, media_type_of
from modules.tools.tool import Content, Output


def output_of(result: dict[str, Any]) -> Output:
    """The result of a tool call. Structured content is told as JSON where there are no words."""
    parts = parts_of(result.get("content"))
    structured = result.get("structuredContent")
    if structured is not None and not any(isinstance(part, Text) for part in parts):
        parts = (Text(json.dumps(structured, ensure_ascii=False)), *parts)
    return Output(parts, is_error=result.get("isError") is True)


def messages_of(result: dict[str, Any]) -> list[Message]:
    """The messages of a prompt. A model's words in it are words, without pictures."""
    messages: list[Message] = []
    listed = result.get("messages")
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, dict):
            continue
        content = item.get("content")
        parts = parts_of(content if isinstance(content, list) else [content])
        if item.get("role") == "assistant":
            parts = tuple(part for part in parts if isinstance(part, Text))
            messages += [Message("assistant", parts)] if parts else []
        elif parts:
            messages.append(Message("user", parts))
    return messages


def resource_of(result: dict[str, Any]) -> tuple[Content, ...]:
    """What a resource holds."""
    contents = result.get("contents")
    items = [item for item in contents if isinstance(item, dict)] if isinstance(contents, list) else []
    return tuple(_resource(item)[-1] for item in items)  # a note of what was done to it stands before a picture


def parts_of(content: Any) -> tuple[Content, ...]:
    """Content blocks as parts; what cannot be kept is a note in its place."""
    blocks: Iterable[Any] = content if isinstance(content, list) else ()
    return tuple(part for block in blocks for part in _parts(block))


def _parts(block: Any) -> tuple[Content, ...]:
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
        case dict():
            return (Text(f"[left out: content of the kind {one_line(str(block.get('type')), 40)!r}]"),)
    return (Text("[left out: no content]"),)


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
