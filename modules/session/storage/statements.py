"""What each change of a conversation writes: captured at once, and encoded later, in the writer's thread."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from modules.llm.ledger.ledger import Ledger
from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation, Node, Spent
from modules.session.storage.codec import Blobs, encode_message, encode_value

Statement = tuple[str, tuple[Any, ...]]
NOTHING_REFUSED = "[]"  # what an endpoint refuses is in learned.json; only earlier releases kept a list here
UNKNOWN = "null"  # a wire value that is no JSON; its ledger begins anew when it is loaded


class Change(Struct, frozen=True):
    """Something to write. `make` gives the statements; of an answer that grows only the newest state counts."""

    conversation: str
    make: Callable[[], list[Statement]]
    growing: bool = False


INSERT_BLOB = "INSERT OR IGNORE INTO blob (sha256, data) VALUES (?, ?)"
INSERT_MODEL = "INSERT OR IGNORE INTO model (json) VALUES (?)"
THE_MODEL = "(SELECT id FROM model WHERE json = ?)"
NEXT_USE = "(SELECT coalesce(max(used), 0) + 1 FROM conversation)"
INSERT_CONVERSATION = f"""INSERT INTO conversation
    (id, created, updated, used, head, model, previous, system, reasoning)
    VALUES (?, ?, ?, {NEXT_USE}, ?, {THE_MODEL}, {THE_MODEL}, ?, ?)"""
DELETE_CONVERSATION = "DELETE FROM conversation WHERE id = ?"
MOVE = f"UPDATE conversation SET head = ?, updated = ?, used = {NEXT_USE} WHERE id = ?"
SET = f"UPDATE conversation SET model = {THE_MODEL}, previous = {THE_MODEL}, system = ?, reasoning = ? WHERE id = ?"
INSERT_MESSAGE = """INSERT OR REPLACE INTO message (conversation, id, parent, created, role, body, native)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
DELETE_GROWING = "DELETE FROM growing WHERE conversation = ?"
INSERT_GROWING = "INSERT OR REPLACE INTO growing (conversation, parent, updated, body, native) VALUES (?, ?, ?, ?, ?)"
INSERT_SPENT = f"INSERT OR REPLACE INTO spent (conversation, seq, model, usage) VALUES (?, ?, {THE_MODEL}, ?)"
INSERT_LEDGER = f"""INSERT OR REPLACE INTO ledger
    (conversation, key, last_message, prefix_digest, reasoning_from, drops_unreadable_reasoning, pictures_from,
    refused_features) VALUES (?, ?, ?, ?, ?, ?, ?, '{NOTHING_REFUSED}')"""
INSERT_DECLARED = "INSERT OR REPLACE INTO declared (conversation, tools) VALUES (?, ?)"
DELETE_ENTRIES = "DELETE FROM entry WHERE conversation = ? AND key = ? AND seq >= ?"
INSERT_ENTRY = "INSERT INTO entry (conversation, key, seq, covers_until, digest, wire) VALUES (?, ?, ?, ?, ?, ?)"


def everything(conversation: Conversation) -> Change:
    """The whole conversation, as it stands: its first message, a copy, or a file that was lost."""
    id, now = conversation.id, time.time()
    head, system, reasoning = conversation.head, conversation.system, conversation.reasoning
    model, previous = conversation.model, conversation.previous
    nodes, spent = list(conversation.nodes), list(conversation.spent)
    ledgers = [_ledger(id, key, ledger, since=0) for key, ledger in conversation.ledgers.items()]
    tools = conversation.tools

    def make() -> list[Statement]:
        made, model_json = _model(model)
        statements: list[Statement] = [(DELETE_CONVERSATION, (id,)), made]
        previous_json = None
        if previous is not None:
            made, previous_json = _model(previous)
            statements.append(made)
        statements.append((INSERT_CONVERSATION, (id, now, now, head, model_json, previous_json, system, reasoning)))
        for node in nodes:
            statements += _message(id, node, now)
        for seq, one in enumerate(spent):
            statements += _spent(id, seq, one)
        for write in ledgers:
            statements += write()
        return [*statements, *([_declared(id, tools)] if tools else [])]

    return Change(id, make)


def nothing(id: str) -> Change:
    """No change: the file is opened, and updated where an earlier release wrote it."""
    return Change(id, list)


def said(conversation: Conversation, node: Node) -> Change:
    """A message, which takes the place of what was growing."""
    id, now = conversation.id, time.time()
    return Change(id, lambda: [*_message(id, node, now), (DELETE_GROWING, (id,)), (MOVE, (node.id, now, id))])


def moved(conversation: Conversation) -> Change:
    """The head, the model, the instructions or the level."""
    id, now, head = conversation.id, time.time(), conversation.head
    model, previous = conversation.model, conversation.previous
    system, reasoning = conversation.system, conversation.reasoning

    def make() -> list[Statement]:
        made, model_json = _model(model)
        statements = [made]
        previous_json = None
        if previous is not None:
            made, previous_json = _model(previous)
            statements.append(made)
        statements.append((SET, (model_json, previous_json, system, reasoning, id)))
        return [*statements, (DELETE_GROWING, (id,)), (MOVE, (head, now, id))]

    return Change(id, make)


def declared(conversation: Conversation) -> Change:
    """The tools that were last declared to a model."""
    id, tools = conversation.id, conversation.tools
    return Change(id, lambda: [_declared(id, tools)])


def growing(conversation: Conversation, message: Message) -> Change:
    """An answer as far as it has come."""
    id, now, parent = conversation.id, time.time(), conversation.head

    def make() -> list[Statement]:
        blobs: Blobs = {}
        body, native = encode_message(message, blobs)
        return [*_blobs(blobs), (INSERT_GROWING, (id, parent, now, body, native))]

    return Change(id, make, growing=True)


def paid(conversation: Conversation, spent: Spent) -> Change:
    """A request's tokens."""
    id, seq = conversation.id, len(conversation.spent) - 1
    return Change(id, lambda: _spent(id, seq, spent))


def sent(conversation: Conversation, key: str, ledger: Ledger) -> Change:
    """What a ledger froze since it was last written."""
    return Change(conversation.id, _ledger(conversation.id, key, ledger, since=ledger.saved))


def _declared(id: str, tools: tuple[ToolSpec, ...]) -> Statement:
    return INSERT_DECLARED, (id, msgspec.json.encode(tools).decode())


def _message(id: str, node: Node, now: float) -> list[Statement]:
    blobs: Blobs = {}
    body, native = encode_message(node.message, blobs)
    row = (id, node.id, node.parent, now, node.message.role, body, native)
    return [*_blobs(blobs), (INSERT_MESSAGE, row)]


def _spent(id: str, seq: int, spent: Spent) -> list[Statement]:
    made, model_json = _model(spent.model)
    return [made, (INSERT_SPENT, (id, seq, model_json, msgspec.json.encode(spent.usage).decode()))]


def _ledger(id: str, key: str, ledger: Ledger, since: int) -> Callable[[], list[Statement]]:
    entries, digests = ledger.entries[since:], ledger.digests[since:]
    last = ledger.path[-1] if ledger.path else 0
    drops = int(ledger.drops_unreadable_reasoning)
    about = (id, key, last, ledger.prefix_digest, ledger.reasoning_from, drops, ledger.pictures_from)
    ledger.saved = len(ledger.entries)

    def make() -> list[Statement]:
        blobs: Blobs = {}
        rows: list[Statement] = [(INSERT_LEDGER, about), (DELETE_ENTRIES, (id, key, since))]
        for at, entry in enumerate(entries):
            digest = digests[at] if at < len(digests) else None
            wire = encode_value(entry.wire, blobs) or UNKNOWN
            rows.append((INSERT_ENTRY, (id, key, since + at, entry.covers_until, digest, wire)))
        return [*_blobs(blobs), *rows]

    return make


def _blobs(blobs: Blobs) -> list[Statement]:
    return [(INSERT_BLOB, item) for item in blobs.items()]


def _model(model: Model) -> tuple[Statement, str]:
    text = msgspec.json.encode(model).decode()
    return (INSERT_MODEL, (text,)), text
