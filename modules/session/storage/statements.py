"""What each change of a conversation writes: captured at once, and encoded later, in the writer's thread."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from modules.llm.ledger.ledger import Ledger
from modules.llm.message import Message
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.message_tree import words_of
from modules.session.node import Node
from modules.session.storage import blob_owners, frozen_entries
from modules.session.storage.codec import Blobs, encode_growing, encode_long, encode_message, encode_value

Statement = tuple[str, tuple[Any, ...]]
AT_ONCE_ENTRIES = 500
NOTHING_REFUSED = "[]"  # what an endpoint refuses is in learned.json; only earlier releases kept a list here

UNKNOWN = "null"  # a wire value that is no JSON; its ledger begins anew when it is loaded


class Change(Struct, frozen=True):
    """Something to write. `make` gives the statements; of an answer that grows only the newest state counts.

    `of_another` is a change of a conversation that is not spoken here, and that another program may go on with.
    """

    conversation: str
    make: Callable[[], Iterable[Statement]]
    growing: bool = False
    of_another: bool = False


INSERT_BLOB = "INSERT OR IGNORE INTO blob (sha256, data) VALUES (?, ?)"
INSERT_MODEL = "INSERT OR IGNORE INTO model (json) VALUES (?)"
THE_MODEL = "(SELECT id FROM model WHERE json = ?)"
NEXT_USE = "(SELECT max(coalesce(max(used), 0), 0) + 1 FROM conversation)"  # that of an imported one is below 0
INSERT_CONVERSATION = f"""INSERT INTO conversation
    (id, created, updated, used, head, model, previous, system, reasoning, title, folder, kind, source, first_words)
    VALUES (?, ?, ?, {NEXT_USE}, ?, {THE_MODEL}, {THE_MODEL}, ?, ?, ?, ?, ?, ?, ?)"""
DELETE_CONVERSATION = "DELETE FROM conversation WHERE id = ?"
MOVE = f"UPDATE conversation SET head = ?, updated = ?, used = {NEXT_USE}, folder = ?, kind = ? WHERE id = ?"
NAME_FIRST_WORDS = "UPDATE conversation SET first_words = ? WHERE id = ? AND first_words IS NULL"
SET_TITLE = "UPDATE conversation SET title = ? WHERE id = ?"
DELETE_NAMES = "DELETE FROM branch_name WHERE conversation = ?"
INSERT_NAME = "INSERT OR REPLACE INTO branch_name (conversation, name, message) VALUES (?, ?, ?)"
DELETE_VIEWS = "DELETE FROM view WHERE conversation = ?"
INSERT_VIEW = "INSERT INTO view (conversation, number, body) VALUES (?, ?, ?)"
SET_PINS = "UPDATE conversation SET pins = ? WHERE id = ?"
SET = f"UPDATE conversation SET model = {THE_MODEL}, previous = {THE_MODEL}, system = ?, reasoning = ? WHERE id = ?"
INSERT_MESSAGE = """INSERT OR REPLACE INTO message (conversation, id, parent, created, role, body, native)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
DELETE_GROWING = "DELETE FROM growing WHERE conversation = ?"
INSERT_GROWING = "INSERT OR REPLACE INTO growing (conversation, parent, updated, body, native) VALUES (?, ?, ?, ?, ?)"
INSERT_SPENT = f"""INSERT OR REPLACE INTO spent (conversation, seq, model, usage, created)
    VALUES (?, ?, {THE_MODEL}, ?, ?)"""
INSERT_LEDGER = f"""INSERT INTO ledger
    (conversation, key, last_message, prefix_digest, reasoning_from, drops_unreadable_reasoning, pictures_from,
    refused_features, number)
    VALUES (?, ?, ?, ?, ?, ?, ?, '{NOTHING_REFUSED}', (SELECT coalesce(max(number), 0) + 1 FROM ledger))
    ON CONFLICT (conversation, key) DO UPDATE SET last_message = excluded.last_message,
    prefix_digest = excluded.prefix_digest, reasoning_from = excluded.reasoning_from,
    drops_unreadable_reasoning = excluded.drops_unreadable_reasoning, pictures_from = excluded.pictures_from,
    refused_features = excluded.refused_features"""
NUMBER_LEDGER = """UPDATE ledger SET number = (SELECT coalesce(max(number), 0) + 1 FROM ledger)
    WHERE conversation = ? AND key = ? AND number IS NULL"""  # one of an earlier release
INSERT_DECLARED = "INSERT OR REPLACE INTO declared (conversation, tools) VALUES (?, ?)"


def everything(conversation: Conversation) -> Change:
    """The whole conversation, as it stands: its first message, a copy, or a file that was lost."""
    id, now = conversation.id, time.time()
    head, system, reasoning = conversation.head, conversation.system, conversation.reasoning
    model, previous = conversation.model, conversation.previous
    nodes, spent = list(conversation.nodes), list(conversation.spent)
    ledgers = [_ledger(id, key, ledger, since=0) for key, ledger in conversation.ledgers.items()]
    tools, names, place = conversation.tools, dict(conversation.branch_names), _place(conversation)
    title, source, first_words = conversation.title, conversation.source, conversation.first_words
    views = _views(conversation)

    def make() -> list[Statement]:
        made, model_json = _model(model)
        statements: list[Statement] = [(DELETE_CONVERSATION, (id,)), made]
        previous_json = None
        if previous is not None:
            made, previous_json = _model(previous)
            statements.append(made)
        about = (title or None, *place, source or None, first_words or None)
        began = min((node.created for node in nodes if node.created), default=now)
        row = (id, began, now, head, model_json, previous_json, system, reasoning, *about)
        statements += [(INSERT_CONVERSATION, row), (blob_owners.INSERT, (id, blob_owners.ALL))]
        for node in nodes:
            statements += _message(id, node)
        statements += [(INSERT_NAME, (id, name, message)) for name, message in names.items()]
        statements += views()
        for seq, one in enumerate(spent):
            statements += _spent(id, seq, one)
        for write in ledgers:
            statements += write()
        return [*statements, *(_declared(id, tools) if tools else [])]

    return Change(id, make)


def brought(id: str, nodes: Iterable[Node]) -> list[Statement]:
    """Messages that an import adds to a conversation, or writes anew; its head stays where it is."""
    return [statement for node in nodes for statement in _message(id, node)]


def nothing(id: str) -> Change:
    """No change: the file is opened, and updated where an earlier release wrote it."""
    return Change(id, list)


def said(conversation: Conversation, node: Node) -> Change:
    """A message, which takes the place of what was growing."""
    id, now, place = conversation.id, time.time(), _place(conversation)
    first = [(NAME_FIRST_WORDS, (words, id))] if (words := words_of(node.message)) else []
    moved = (MOVE, (node.id, now, *place, id))
    return Change(id, lambda: [*_message(id, node), *first, (DELETE_GROWING, (id,)), moved])


def moved(conversation: Conversation) -> Change:
    """The head, the model, the instructions or the level."""
    id, now, head = conversation.id, time.time(), conversation.head
    model, previous = conversation.model, conversation.previous
    system, reasoning, place = conversation.system, conversation.reasoning, _place(conversation)

    def make() -> list[Statement]:
        made, model_json = _model(model)
        statements = [made]
        previous_json = None
        if previous is not None:
            made, previous_json = _model(previous)
            statements.append(made)
        statements.append((SET, (model_json, previous_json, system, reasoning, id)))
        return [*statements, (DELETE_GROWING, (id,)), (MOVE, (head, now, *place, id))]

    return Change(id, make)


def described(conversation: Conversation) -> Change:
    """The title, and the names of branches."""
    id, title, names = conversation.id, conversation.title, dict(conversation.branch_names)
    named = [(INSERT_NAME, (id, name, message)) for name, message in names.items()]
    return Change(id, lambda: [(SET_TITLE, (title or None, id)), (DELETE_NAMES, (id,)), *named])


def viewed(conversation: Conversation) -> Change:
    """What models are given in place of a part of the path, and what stays word for word."""
    return Change(conversation.id, _views(conversation))


def renamed(id: str, title: str) -> Change:
    """The title of a conversation that is not open; which was used last stays as it was."""
    return Change(id, lambda: [(SET_TITLE, (title or None, id))], of_another=True)


def declared(conversation: Conversation) -> Change:
    """The tools that were last declared to a model."""
    id, tools = conversation.id, conversation.tools
    return Change(id, lambda: _declared(id, tools))


def growing(conversation: Conversation, message: Message) -> Change:
    """An answer as far as it has come."""
    id, now, parent = conversation.id, time.time(), conversation.head

    def make() -> list[Statement]:
        blobs: Blobs = {}
        body, native = encode_growing(message, blobs)
        return [*_blobs(id, blobs), (INSERT_GROWING, (id, parent, now, body, native))]

    return Change(id, make, growing=True)


def paid(conversation: Conversation, spent: Spent) -> Change:
    """A request's tokens."""
    id, seq = conversation.id, len(conversation.spent) - 1
    return Change(id, lambda: _spent(id, seq, spent))


def sent(conversation: Conversation, key: str, ledger: Ledger) -> Change:
    """What a ledger froze since it was last written."""
    return Change(conversation.id, _ledger(conversation.id, key, ledger, since=ledger.saved))


def _declared(id: str, tools: tuple[ToolSpec, ...]) -> list[Statement]:
    blobs: Blobs = {}
    text = encode_long(msgspec.json.encode(tools).decode(), blobs)
    return [*_blobs(id, blobs), (INSERT_DECLARED, (id, text))]


def _views(conversation: Conversation) -> Callable[[], list[Statement]]:
    id, views, pins = conversation.id, list(conversation.views), sorted(conversation.pins)

    def make() -> list[Statement]:
        given = [(INSERT_VIEW, (id, view.number, msgspec.json.encode(view).decode())) for view in views]
        pinned = msgspec.json.encode(pins).decode() if pins else None
        return [(DELETE_VIEWS, (id,)), *given, (SET_PINS, (pinned, id))]

    return make


def _place(conversation: Conversation) -> tuple[str | None, str]:
    """Folder and kind."""
    return conversation.folder or None, "one-shot" if conversation.one_shot else "chat"


def _message(id: str, node: Node) -> list[Statement]:
    blobs: Blobs = {}
    body, native = encode_message(node.message, blobs)
    row = (id, node.id, node.parent, node.created, node.message.role, body, native)
    return [*_blobs(id, blobs), (INSERT_MESSAGE, row)]


def _spent(id: str, seq: int, spent: Spent) -> list[Statement]:
    made, model_json = _model(spent.model)
    return [
        made,
        (INSERT_SPENT, (id, seq, model_json, msgspec.json.encode(spent.usage).decode(), spent.created or None)),
    ]


def _ledger(id: str, key: str, ledger: Ledger, since: int) -> Callable[[], Iterable[Statement]]:
    entries, digests, path = ledger.entries.copy(), ledger.digests[since:], ledger.path
    last = abs(path[-1]) if path else 0  # below zero: a view has other words for that message
    drops = int(ledger.drops_unreadable_reasoning)
    about = (id, key, last, ledger.prefix_digest, ledger.reasoning_from, drops, ledger.pictures_from)
    ledger.saved = len(ledger.entries)

    def rows() -> Iterator[Statement]:
        cut = (id, key, since)
        yield INSERT_LEDGER, about
        yield NUMBER_LEDGER, (id, key)
        yield frozen_entries.DELETE_TEXTS, cut
        yield frozen_entries.DELETE, cut
        for at, value in enumerate(entries.wires(since)):
            blobs: Blobs = {}
            digest = digests[at] if at < len(digests) else None
            wire = encode_value(value, blobs) or UNKNOWN
            until = entries.covers[since + at]
            yield from _blobs(id, blobs)
            yield frozen_entries.insertion(id, key, since + at, until, digest, wire, path)

    return lambda: _Made(rows) if len(entries) - since > AT_ONCE_ENTRIES else list(rows())


class _Made:
    """Statements that are too many to hold them all: made each time they are executed."""

    def __init__(self, make: Callable[[], Iterator[Statement]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Statement]:
        return self._make()


def _blobs(id: str, blobs: Blobs) -> list[Statement]:
    """The blobs, and whose they are: they stay for as long as any conversation has them."""
    kept: list[Statement] = [(INSERT_BLOB, item) for item in blobs.items()]
    return kept + [(blob_owners.INSERT, (id, key)) for key in blobs]


def _model(model: Model) -> tuple[Statement, str]:
    text = msgspec.json.encode(model).decode()
    return (INSERT_MODEL, (text,)), text
