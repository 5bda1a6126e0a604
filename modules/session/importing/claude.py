"""Claude's account export: conversations.json, in which each conversation is a list of messages."""

from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Content, Text
from modules.session.importing.assembly import assemble
from modules.session.importing.content import LOST_FILES, blocks_of_answer, contents, left_out, split, text_file
from modules.session.importing.fields import id_of, items, objects, seconds, text
from modules.session.importing.imported import Entry, ImportedConversation, Missed, as_title
from modules.session.importing.reader import Beside, Reader

ROOT = "00000000-0000-4000-8000-000000000000"  # the parent of a first message


def _recognises(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("chat_messages"), list)


def _read(values: Iterator[Any], beside: Beside, missed: Missed) -> Iterator[ImportedConversation]:
    for value in values:
        if not _recognises(value):
            missed.count("values that are no conversation")
            continue
        yield _conversation(value, missed)


def _conversation(value: dict[str, Any], missed: Missed) -> ImportedConversation:
    created = seconds(value.get("created_at"))
    id = id_of(value, "uuid")
    if not id:
        missed.count("conversations without an id")
        id = f"{created} {text(value, 'name')}"
    source = f"claude:{id}"
    entries: list[Entry] = []
    before = ""
    for number, message in enumerate(objects(value, "chat_messages")):
        own = id_of(message, "uuid") or f"{number}"
        parent = id_of(message, "parent_message_uuid") or before
        entry = Entry(own, "" if parent == ROOT else parent, "user", created=seconds(message.get("created_at")))
        entries += _entries(entry, message, text(value, "model"), missed)
        before = own
    tree = assemble(entries, id_of(value, "current_leaf_message_uuid") or before, source, missed)
    title = as_title(text(value, "name"))
    return ImportedConversation(source, title, created, "", tree.system, tree.messages, tree.head)


def _entries(entry: Entry, message: dict[str, Any], model: str, missed: Missed) -> Iterator[Entry]:
    content = items(message, "content")
    if text(message, "sender") == "assistant":
        entry.role, entry.model, entry.joins = "assistant", text(message, "model") or model, True
        match text(message, "stop_reason"):
            case "max_tokens":
                entry.stop = "max_tokens"
            case "user_canceled":
                entry.state = "interrupted"
        blocks = content or [{"type": "text", "text": text(message, "text")}]
        yield from split(entry, blocks_of_answer(blocks, missed))
        return
    words = contents(content, missed) or contents(text(message, "text"), missed)
    entry.parts = (*_attached(message, missed), *words)
    yield entry


def _attached(message: dict[str, Any], missed: Missed) -> Iterator[Content]:
    """The export has the text of documents, and of pictures no more than their names."""
    for one in objects(message, "attachments"):
        name = text(one, "file_name")
        if words := text(one, "extracted_content"):
            yield text_file(words, name) if name else Text(words)
        else:
            missed.count(LOST_FILES)
            yield left_out("file", name, "it is not in the export")
    with_text = {text(one, "file_name") for one in objects(message, "attachments")}
    for one in objects(message, "files"):
        name = text(one, "file_name")
        if name not in with_text:
            missed.count(LOST_FILES)
            yield left_out("file", name, "it is not in the export")


CLAUDE = Reader("claude", "Claude's account export", _recognises, _read)
