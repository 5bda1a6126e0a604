"""Foreign content as our parts: text, pictures and documents, calls and reasoning, in the forms that programs share."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Any

from modules.errors import FileProblem
from modules.llm.parts import Content, File, Image, Part, Reasoning, Text, ToolCall
from modules.session.importing.fields import arguments, as_json, id_of, items, mapping, text, tool_name
from modules.session.importing.imported import Entry, Missed, Result
from modules.tools.media.media import LARGEST_PICTURE_BYTES, media_in, media_of

LOST_PICTURES, LOST_FILES = "pictures that are not there", "attached files that are not there"
BAD_PICTURES = "pictures and documents that cannot be read"
_DATA_URL = re.compile(r"data:([\w.+/-]{1,100})?[^,]{0,100};base64,", re.ASCII)
_MOST_BASE64 = LARGEST_PICTURE_BYTES // 3 * 4 + 4
_LONGEST_TEXT_FILE = 4_000_000


def left_out(kind: str, name: str, why: str) -> Text:
    """What stands in the place of something that did not come along."""
    return Text(f"[{kind}: {name}, left out: {why}]" if name else f"[{kind}, left out: {why}]")


def encoded(data: str, media_type: str, name: str, missed: Missed) -> tuple[Content, ...]:
    """A picture or document in base64, or a note in its place."""
    if len(data) > _MOST_BASE64:
        missed.count(BAD_PICTURES)
        return (left_out("image", name, "it is too large"),)
    parts = media_in(data, media_type, name)
    if not any(isinstance(part, Image | File) for part in parts):
        missed.count(BAD_PICTURES)
    return parts


def attached(data: bytes, media_type: str, name: str, missed: Missed) -> tuple[Content, ...]:
    """A file of an archive: a picture, a PDF, or text; a note in its place where it is none of these."""
    try:
        media = media_of(data, name)
    except FileProblem as problem:
        missed.count(BAD_PICTURES)
        return (left_out("file", name, problem.message.rstrip(".")),)
    if media is not None:
        return (Text(f"[{media.note}]"), media.part) if media.note else (media.part,)
    try:
        words = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = ""
    if not words or "\0" in words or len(data) > _LONGEST_TEXT_FILE:
        missed.count("attached files that are neither text, PDF nor a picture")
        return (left_out("file", name, f"{media_type or 'it'} cannot be attached here"),)
    return (text_file(words, name),)


def text_file(words: str, name: str) -> File:
    """Text that was attached."""
    return File("text/plain", base64.b64encode(words.encode("utf-8", "replace")).decode("ascii"), name)


def at_url(url: str, missed: Missed, name: str = "") -> tuple[Content, ...]:
    """A picture that is in its own address; one that is somewhere else is not fetched."""
    if found := _DATA_URL.match(url):
        return encoded(url[found.end() :], found[1] or "image", name, missed)
    missed.count(LOST_PICTURES)
    return (left_out("image", url[:200], "it is somewhere else"),)


def contents(value: Any, missed: Missed) -> tuple[Content, ...]:
    """What a person said or a tool gave: a text, or a list of blocks in any of the forms in use."""
    if isinstance(value, str):
        return (Text(value),) if value else ()
    if isinstance(value, dict):
        value = [value]
    return tuple(part for block in items(value) for part in _content(block, missed))


def _content(block: Any, missed: Missed) -> Iterable[Content]:
    if isinstance(block, str):
        return (Text(block),)
    kind = text(block, "type")
    match kind:
        case "text" | "input_text" | "output_text":
            return (Text(words),) if (words := text(block, "text")) else ()
        case "image" | "document" | "file":
            source = mapping(block, "source")
            if data := text(block, "data") or text(source, "data"):
                media_type = text(block, "mimeType") or text(source, "media_type")
                if text(source, "type") == "text":
                    return (text_file(data, text(block, "title")),)
                return encoded(data, media_type, text(block, "title"), missed)
            if data := text(block, "file", "file_data"):
                return at_url(data, missed, text(block, "file", "filename"))
            if words := text(block, "text"):
                return (Text(words),)
            missed.count(LOST_PICTURES if kind == "image" else LOST_FILES)
            name = text(block, "file_name") or text(block, "title") or text(source, "url")[:200]
            return (left_out(kind, name, "it is not in the file"),)
        case "image_url" | "input_image":
            url = block.get("image_url")
            return at_url(url if isinstance(url, str) else text(url, "url"), missed)
    missed.count(f'content of the kind "{kind}"' if kind else "content of no kind")
    words = text(block, "text")
    return (Text(words),) if words else ()


def reasoning(words: str) -> tuple[Part, ...]:
    return (Reasoning(words),) if words.strip() else ()


def blocks_of_answer(blocks: Iterable[Any], missed: Missed) -> Iterator[Part | Result]:
    """The blocks of an answer in the form of the Messages API, in which results may stand among them."""
    for block in blocks:
        kind = text(block, "type")
        match kind:
            case "thinking":
                if words := reasoning(text(block, "thinking")):
                    yield from words
                else:
                    missed.count("reasoning that only its provider can read")
            case "redacted_thinking":
                missed.count("reasoning that only its provider can read")
            case "tool_use" | "server_tool_use" | "mcp_tool_use":
                yield ToolCall(id_of(block, "id"), tool_name(text(block, "name")), arguments(block.get("input")))
            case "tool_result" | "mcp_tool_result" | "web_search_tool_result" | "web_fetch_tool_result":
                yield result_block(block, missed)
            case "code_execution_tool_result" | "bash_code_execution_tool_result":
                yield result_block(block, missed)
            case "token_budget" | "flag":
                missed.count(f'content of the kind "{kind}"')
            case _:
                yield from _content(block, missed)


def result_block(block: Any, missed: Missed) -> Result:
    """A result in the form of the Messages API."""
    content = block.get("content")
    known = ("text", "image", "document")
    if isinstance(content, dict) or any(text(one, "type") not in known for one in items(content)):
        parts: tuple[Content, ...] = (Text(as_json(content)),)
    else:
        parts = contents(content, missed)
    is_error = block.get("is_error") is True
    return Result(id_of(block, "tool_use_id"), parts, tool_name(text(block, "name")), is_error)


def split(entry: Entry, pieces: Iterable[Part | Result]) -> Iterator[Entry]:
    """An answer with results among its parts as entries that follow one another; the last has the id of the whole."""
    parts: list[Part] = []
    results: list[Result] = []
    done: list[tuple[list[Part], list[Result]]] = []
    for piece in pieces:
        if isinstance(piece, Result):
            results.append(piece)
        else:
            if results:
                done.append((parts, results))
                parts, results = [], []
            parts.append(piece)
    done.append((parts, results))
    parent = entry.parent
    for number, (words, given) in enumerate(done):
        id = f"{entry.id}/{number}"
        yield Entry(
            id, parent, entry.role, tuple(words), created=entry.created, model=entry.model, stop=entry.stop,
            state=entry.state, joins=entry.joins,
        )  # fmt: skip
        parent = id
        if given:
            parent = f"{id}/given"
            yield Entry(parent, id, "tool", results=tuple(given), created=entry.created, model=entry.model)
    yield Entry(entry.id, parent, entry.role)
