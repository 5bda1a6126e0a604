"""ChatGPT's account export: conversations.json, in which each conversation is a tree of messages by their ids."""

from collections.abc import Iterator
from typing import Any

from modules.session.importing.assembly import assemble
from modules.session.importing.chatgpt_content import calls_and_words, given, said
from modules.session.importing.fields import id_of, mapping, seconds, text
from modules.session.importing.imported import Entry, ImportedConversation, Missed, Result, as_title
from modules.session.importing.reader import Beside, Reader

HIDDEN = "messages that ChatGPT hides"


def _recognises(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("mapping"), dict)


def _read(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    for value in values:
        if not _recognises(value):
            missed.count("values that are no conversation")
            continue
        yield _conversation(value, beside, missed)


def _conversation(value: dict[str, Any], beside: Beside, missed: Missed) -> ImportedConversation:
    created = seconds(value.get("create_time"))
    id = id_of(value, "conversation_id") or id_of(value, "id")
    if not id:
        missed.count("conversations without an id")
        id = f"{created} {text(value, 'title')}"
    source = f"chatgpt:{id}"
    nodes = mapping(value, "mapping")
    model = text(value, "default_model_slug")
    entries = [_entry(str(key), node, model, beside, missed) for key, node in nodes.items()]
    head = id_of(value, "current_node")
    if head not in nodes:
        head = _newest(entries)
    tree = assemble(entries, head, source, missed, goes_on=False)
    return ImportedConversation(
        source, as_title(text(value, "title")), created, system=tree.system, messages=tree.messages, head=tree.head
    )


def _newest(entries: list[Entry]) -> str:
    speaking = [one for one in entries if one.parts or one.results]
    return max(speaking, key=lambda one: one.created).id if speaking else ""


def _entry(key: str, node: Any, model: str, beside: Beside, missed: Missed) -> Entry:
    message = mapping(node, "message")
    role = text(message, "author", "role")
    entry = Entry(key, id_of(node, "parent"), role, created=seconds(message.get("create_time")))
    if not message:
        return entry
    metadata = mapping(message, "metadata")
    entry.model = text(metadata, "model_slug") or model
    content = mapping(message, "content")
    if text(content, "content_type") == "user_editable_context":
        entry.role, entry.parts = "system", said(content, {}, beside, missed)
    elif metadata.get("is_visually_hidden_from_conversation") is True:
        if role != "system":
            missed.count(HIDDEN)
    else:
        _fill(entry, message, content, metadata, beside, missed)
    return entry


def _fill(
    entry: Entry,
    message: dict[str, Any],
    content: dict[str, Any],
    metadata: dict[str, Any],
    beside: Beside,
    missed: Missed,
) -> None:
    match entry.role:
        case "user" | "system":
            entry.parts = said(content, metadata, beside, missed)
        case "assistant":
            entry.parts = calls_and_words(content, text(message, "recipient"), metadata, beside, missed)
            entry.joins = True
            _end(entry, message, metadata)
        case "tool":
            parts, is_error = given(content, metadata, beside, missed)
            if parts:
                entry.results = (Result("", parts, text(message, "author", "name"), is_error),)
        case role:
            missed.count(f'messages of the role "{role}"')


def _end(entry: Entry, message: dict[str, Any], metadata: dict[str, Any]) -> None:
    match text(metadata, "finish_details", "type"):
        case "max_tokens":
            entry.stop = "max_tokens"
        case "interrupted":
            entry.state = "interrupted"
    if text(message, "status") == "in_progress":
        entry.state = "incomplete"


CHATGPT = Reader("chatgpt", "ChatGPT's account export", _recognises, _read)
