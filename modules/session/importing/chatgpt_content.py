"""What a message of ChatGPT's export holds: words, code, thoughts, pictures by pointers, and what tools gave."""

from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Content, Image, Part, Text, ToolCall
from modules.session.importing.content import LOST_FILES, LOST_PICTURES, attached, left_out, reasoning
from modules.session.importing.fields import arguments, id_of, items, mapping, objects, text, tool_name
from modules.session.importing.imported import Missed
from modules.session.importing.reader import Beside

RECORDINGS = "recordings"
FENCE = "```"


def said(content: dict[str, Any], metadata: dict[str, Any], beside: Beside, missed: Missed) -> tuple[Content, ...]:
    """What a person said, with what was attached."""
    parts = tuple(_content(content, beside, missed))
    shown = {_pointed(part) for part in objects(content, "parts")}
    files = tuple(
        part
        for one in objects(metadata, "attachments")
        if id_of(one, "id") not in shown
        for part in _attachment(one, beside, missed)
    )
    return (*files, *parts)


def calls_and_words(
    content: dict[str, Any], recipient: str, metadata: dict[str, Any], beside: Beside, missed: Missed
) -> tuple[Part, ...]:
    """What the model said: to the person, to itself, or to a tool."""
    match text(content, "content_type"):
        case "thoughts":
            thoughts = (f"{text(one, 'summary')}\n{text(one, 'content')}".strip() for one in _thoughts(content))
            return reasoning("\n\n".join(filter(None, thoughts)))
        case "reasoning_recap":
            missed.count("remarks on how long was thought")
            return ()
    if recipient and recipient != "all":
        words = text(content, "text") or "".join(part for part in items(content, "parts") if isinstance(part, str))
        given = arguments(words) if words.strip() else "{}"
        return (ToolCall("", tool_name(recipient), given),)
    if text(content, "content_type") == "code":
        language = text(content, "language")
        words = text(content, "text")
        language = "" if language == "unknown" else language
        return (Text(f"{FENCE}{language}\n{words}\n{FENCE}"),) if words.strip() else ()
    return tuple(_content(content, beside, missed))


def given(
    content: dict[str, Any], metadata: dict[str, Any], beside: Beside, missed: Missed
) -> tuple[tuple[Content, ...], bool]:
    """What a tool gave, and whether it failed."""
    parts = list(_content(content, beside, missed))
    for message in objects(metadata, "aggregate_result", "messages"):  # pictures that code has drawn
        if url := text(message, "image_url"):
            parts += _picture(url, "", beside, missed)
    return tuple(parts), text(content, "content_type") == "system_error"


def _thoughts(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return objects(content, "thoughts")


def _content(content: dict[str, Any], beside: Beside, missed: Missed) -> Iterator[Content]:
    kind = text(content, "content_type")
    match kind:
        case "text" | "multimodal_text":
            for part in items(content, "parts"):
                yield from _part(part, beside, missed)
        case "code" | "execution_output" | "tether_quote" | "sonic_webpage" | "system_error" | "citable_code_output":
            heads = (text(content, "name"), text(content, "title"), text(content, "url"))
            words = text(content, "text") or text(content, "output_str")
            if whole := "\n".join(filter(None, (*heads, words))):
                yield Text(whole)
        case "tether_browsing_display":
            if words := text(content, "result") or text(content, "summary"):
                yield Text(words)
        case "computer_output":
            yield from _part(mapping(content, "screenshot"), beside, missed)
        case "user_editable_context":
            if words := "\n\n".join(filter(None, (text(content, "user_profile"), text(content, "user_instructions")))):
                yield Text(words)
        case "":
            pass
        case _:
            words = text(content, "text") or text(content, "content") or text(content, "result")
            if words:
                yield Text(words)
            missed.count(f'content of the kind "{kind}"')


def _part(part: Any, beside: Beside, missed: Missed) -> Iterator[Content]:
    if isinstance(part, str):
        if part.strip():
            yield Text(part)
        return
    match text(part, "content_type"):
        case "image_asset_pointer":
            yield from _picture(text(part, "asset_pointer"), text(part, "metadata", "dalle", "prompt"), beside, missed)
        case "audio_transcription":
            if words := text(part, "text"):
                yield Text(words)
        case "audio_asset_pointer" | "real_time_user_audio_video_asset_pointer" | "video_container_asset_pointer":
            missed.count(RECORDINGS)
        case kind:
            if words := text(part, "text"):
                yield Text(words)
            else:
                missed.count(f'content of the kind "{kind}"')


def _pointed(part: dict[str, Any]) -> str:
    """The id of the file that a pointer leads to: what stands behind "file-service://" or "sediment://"."""
    return text(part, "asset_pointer").rpartition("://")[2].partition("#")[0]


def _picture(pointer: str, prompt: str, beside: Beside, missed: Missed) -> tuple[Content, ...]:
    id = pointer.rpartition("://")[2].partition("#")[0]
    if found := beside.find(id):
        parts = attached(found[1], "", found[0], missed)
        return (*parts, Text(f"[drawn after: {prompt}]")) if prompt and _has_picture(parts) else parts
    missed.count(LOST_PICTURES)
    return (left_out("image", prompt[:200] or id[:200], "it is not in the export"),)


def _has_picture(parts: tuple[Content, ...]) -> bool:
    return any(isinstance(part, Image) for part in parts)


def _attachment(one: dict[str, Any], beside: Beside, missed: Missed) -> tuple[Content, ...]:
    name, media_type = text(one, "name"), text(one, "mime_type") or text(one, "mimeType")
    if found := beside.find(id_of(one, "id")):
        return attached(found[1], media_type, name or found[0], missed)
    missed.count(LOST_FILES)
    return (left_out("file", name, "it is not in the export"),)
