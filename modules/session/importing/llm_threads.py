"""The newer tables of llm's logs.db (0.32): threads that share a tree of messages, which go by their hashes."""

import json
from collections.abc import Iterator
from typing import Any

from modules.llm.parts import Content, Part, Text, ToolCall
from modules.session.importing.assembly import assemble
from modules.session.importing.content import reasoning, split
from modules.session.importing.fields import arguments, id_of, objects, seconds, text, tool_name
from modules.session.importing.imported import MOST_MESSAGES, Entry, ImportedConversation, Result, as_title
from modules.session.importing.llm_responses import records
from modules.session.importing.llm_rows import SOURCE, Row, Rows


def conversations(rows: Rows) -> Iterator[ImportedConversation]:
    """The conversation of each thread; those that share their beginning are whole here, each for itself."""
    if not rows.has("threads", "messages", "parts"):
        return
    for thread in rows.each("threads"):
        id, head = id_of(thread, "id"), id_of(thread, "tip_message_hash")
        turns = {
            id_of(turn, "tip_message_hash"): turn for turn in rows.each("turns", "thread_id", thread.get("id"), "id")
        }
        found: dict[str, Row] = {}
        for tip in (*turns, head):
            _collect(rows, tip, found)
        ordered = sorted(found.values(), key=lambda one: int(one.get("depth", 0)))
        before = records(rows, rows.each("responses", "conversation_id", thread.get("id"), "id"))
        if before:
            ordered = list(_after(before[-1].id, ordered, turns, found))
        entries = [*before, *(entry for row in ordered for entry in _entries(rows, row, turns))]
        if not any(entry.parts for entry in entries):
            continue
        tree = assemble(entries, head, f"{SOURCE}:{id}", rows.missed)
        created = next((one.created for one in before if one.created), 0.0) or seconds(thread.get("datetime_utc"))
        title = as_title(text(rows.one("conversations", "id", thread.get("id")), "name") or text(thread, "name"))
        yield ImportedConversation(f"{SOURCE}:{id}", title, created, "", tree.system, tree.messages, tree.head)


def _after(last: str, ordered: list[Row], turns: dict[str, Row], found: dict[str, Row]) -> Iterator[Row]:
    """The messages of a thread that goes on from responses in the older tables.

    It repeats what was said there, without pictures and models: of that only the place is kept, behind the last.
    """
    own: set[str] = set()
    for tip, turn in turns.items():
        asked = id_of(turn, "parent_message_hash")
        own.add(asked)
        while tip in found and tip != asked and tip not in own:
            own.add(tip)
            tip = id_of(found[tip], "parent_hash")
    for row in ordered:
        parent = row["parent_hash"] if row.get("parent_hash") in found else last
        yield {**row, "parent_hash": parent, "repeats": id_of(row, "hash") not in own}


def _collect(rows: Rows, tip: str, found: dict[str, Row]) -> None:
    """The messages from a tip up to the first, each with how far down it is."""
    way: list[Row] = []
    above: set[str] = set()
    while tip and tip not in found and tip not in above and len(found) + len(way) < MOST_MESSAGES:
        above.add(tip)
        row = rows.one("messages", "hash", tip)
        if not row:
            rows.missed.count("messages whose parent is missing")
            break
        way.append(row)
        tip = id_of(row, "parent_hash")
    depth = int(found[tip]["depth"]) if tip in found else 0
    for row in reversed(way):
        depth += 1
        found[id_of(row, "hash")] = {**row, "depth": depth}


def _entries(rows: Rows, row: Row, turns: dict[str, Row]) -> Iterator[Entry]:
    id, role = id_of(row, "hash"), text(row, "role")
    turn = turns.get(id, {})
    if role == "assistant" and not turn:  # it is of the thread that this one left
        asked = row.get("parent_hash")
        turn = rows.one("turns", "tip_message_hash", id) or rows.one("turns", "parent_message_hash", asked)
    entry = Entry(id, id_of(row, "parent_hash"), role, created=seconds(turn.get("datetime_utc")))
    if row.get("repeats"):
        yield entry
        return
    pieces = [piece for part in rows.each("parts", "message_hash", id, "position") for piece in _pieces(rows, part)]
    if role == "assistant":
        entry.model = text(turn, "resolved_model") or text(turn, "model")
        yield from split(entry, pieces)
        return
    entry.results = tuple(piece for piece in pieces if isinstance(piece, Result))
    entry.parts = tuple(piece for piece in pieces if not isinstance(piece, Result))
    if role not in ("user", "system", "tool"):
        rows.missed.count(f'messages of the role "{role}"')
        entry.role = "user"
    yield entry


def _pieces(rows: Rows, part: Row) -> Iterator[Part | Result]:
    payload = _payload(part)
    words = _words(rows, part, payload)
    match text(part, "type"):
        case "text":
            if words:
                yield Text(words)
        case "reasoning":
            if thought := reasoning(words):
                yield from thought
            else:
                rows.missed.count("reasoning that only its provider can read")
        case "tool_call":
            name = tool_name(text(payload, "name") or text(part, "tool_name"))
            yield ToolCall(id_of(payload, "tool_call_id"), name, arguments(payload.get("arguments")))
        case "tool_result":
            files: tuple[Content, ...] = tuple(
                one for file in objects(payload, "attachments") for one in rows.attachment(id_of(file, "id"))
            )
            failed = text(payload, "exception")
            given = (Text(text(payload, "output") or failed), *files)
            yield Result(id_of(payload, "tool_call_id"), given, text(payload, "name"), bool(failed))
        case "attachment":
            yield from rows.attachment(id_of(payload, "attachment", "id"))
        case kind:
            rows.missed.count(f'parts of the kind "{kind}"')


def _payload(part: Row) -> dict[str, Any]:
    try:
        payload = json.loads(text(part, "payload") or "{}")
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _words(rows: Rows, part: Row, payload: dict[str, Any]) -> str:
    """The text of a part, with the fragments that it refers to."""
    pieces = list(objects(payload, "text_ref"))
    if not pieces:
        return text(part, "text")
    return "".join(text(one, "literal") or rows.fragment(one.get("fragment")) for one in pieces)
