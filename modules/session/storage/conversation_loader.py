"""A conversation read back from its rows; what does not decode is replaced, and the rest stays."""

import json
import sqlite3
from contextlib import suppress
from functools import lru_cache, partial
from typing import get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.events import Usage
from modules.llm.history import Message, Role
from modules.llm.ledger.ledger import Ledger
from modules.llm.models import LEVELS, Model, ModelRegistry
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.node import Node
from modules.session.storage import blob_owners, frozen_entries
from modules.session.storage.codec import SQUEEZED, Fetch, decode_long, decode_message, placeholder
from modules.session.storage.late_reading import BROKEN as BROKEN
from modules.session.storage.late_reading import SavedLedger, SavedMessages
from modules.session.storage.legacy_conversations import Issuers, adopt
from modules.session.storage.packed_text import expanded
from modules.session.storage.saved_models import answers_now, current
from modules.session.views.view import View, view_number

ROLES: dict[bytes, Role] = {role.encode(): role for role in get_args(Role)}


class Loaded(Struct):
    """A conversation as it was, what grew when the program was killed, and what a person should know."""

    conversation: Conversation
    cut: Message | None
    notes: list[str]


def latest(connection: sqlite3.Connection, folder: str | None = None, *, one_shots: bool = True) -> str | None:
    """The conversation that was used last, of those that say something; as `Store.latest` has it.

    One that was imported and never used here is of no folder, unless its file said of which. One in which all was taken
    back still says something: /redo goes forward there.
    """
    row = connection.execute(
        "SELECT id FROM conversation WHERE (head > 0 OR EXISTS (SELECT 1 FROM message WHERE message.conversation ="
        " conversation.id AND role = 'assistant')) AND (?1 OR kind = 'chat') AND (?2 IS NULL OR folder = ?2"
        " OR folder IS NULL AND source IS NULL) ORDER BY ?2 IS NOT NULL AND folder IS NULL, used DESC LIMIT 1",
        (one_shots, folder),
    ).fetchone()
    return None if row is None else str(row[0])


def ids(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """The conversations whose ids begin so, the one used last first."""
    found = connection.execute(
        "SELECT id FROM conversation WHERE substr(id, 1, ?) = ? ORDER BY used DESC", (len(prefix), prefix)
    )
    return [str(row[0]) for row in found]


def read(
    connection: sqlite3.Connection, id: str, models: ModelRegistry, start: Model, learned: LearnedFacts
) -> Loaded | None:
    """The conversation of that id; `start` answers where its own model is gone. None where there is none."""
    row = connection.execute(
        "SELECT head, model, previous, system, reasoning, title, folder, kind, source, pins FROM conversation"
        " WHERE id = ?",
        (id,),
    ).fetchone()
    if row is None:
        return None
    head, model_id, previous_id, system, reasoning, title, folder, kind, source, pins = row
    stored = stored_models(connection)
    chosen = answers_now(stored.get(model_id), models, start)
    conversation = Conversation(chosen.model, str(system), id=id, learned=learned, folder=str(folder or ""))
    conversation.title, conversation.source, conversation.one_shot = str(title or ""), str(source or ""), kind != "chat"
    if previous_id is not None and (before := current(stored.get(previous_id), models)):
        conversation.previous = before.model
    conversation.reasoning = next((level for level in LEVELS if level == reasoning), None)
    conversation.spent = _spent(connection, id, stored)
    answering = stored.get(model_id)
    spoke = [*([answering] if answering else []), *(one.model for one in conversation.spent)]
    spoke = _each_once(spoke)
    blobs = Blobs(connection)
    fetch = blobs.fetch
    messages = SavedMessages(fetch, Issuers(spoke, models).renamed)
    conversation.nodes = _nodes(connection, id, messages)
    conversation.go_to(
        head if isinstance(head, int) and 0 <= head <= len(conversation.nodes) else len(conversation.nodes)
    )
    conversation.tools = _declared(connection, id, fetch)
    conversation.branch_names = _branch_names(connection, id, len(conversation.nodes))
    conversation.views = _views(connection, id, len(conversation.nodes))
    conversation.pins = _pins(pins, len(conversation.nodes))
    ledgers, refused = _ledgers(connection, conversation, messages)
    conversation.ledgers = adopt(ledgers, refused, spoke, learned)
    cut = _grown(connection, id, conversation.head, fetch)
    if not blobs.hold_all_of(id):
        _decode_all(conversation)
    return Loaded(conversation, cut, [chosen.note] if chosen.note else [])


def _each_once(models: list[Model]) -> list[Model]:
    """Those that are rows of one table, by which each is one object."""
    return list({id(model): model for model in models}.values())


def _decode_all(conversation: Conversation) -> None:
    """Decode everything while the file is open: an earlier release did not note which long strings belong to it."""
    for node in conversation.nodes:
        _ = node.message
    for ledger in conversation.ledgers.values():
        _ = ledger.entries


class Blobs:
    """Long strings, each made once however often it is asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._made: dict[tuple[str, str], str] = {}
        self._held: dict[str, bytes] = {}

    def hold_all_of(self, id: str) -> bool:
        """Have all that a conversation holds in memory; whether it is known which those are."""
        noted = "SELECT blob, data FROM blob_owner LEFT JOIN blob ON sha256 = blob WHERE conversation = ?"
        found = dict(self._connection.execute(noted, (id,)).fetchall())
        self._held = {key: data for key, data in found.items() if data is not None}
        return blob_owners.ALL in found

    def fetch(self, sha: str, before: str) -> str:
        key = (sha, before)
        if key not in self._made:
            stored = self._held.get(sha)
            stored = self._read(sha) if stored is None else stored
            data = expanded(stored) if sha.startswith(SQUEEZED) else bytes(stored)
            self._made[key] = before + data.decode("utf-8", "surrogatepass")
        return self._made[key]

    def _read(self, sha: str) -> bytes:
        try:
            row = self._connection.execute("SELECT data FROM blob WHERE sha256 = ?", (sha,)).fetchone()
        except sqlite3.ProgrammingError:  # it is closed: what is not held is not there
            row = None
        if row is None:
            raise LookupError(sha)
        return bytes(row[0])


def stored_models(connection: sqlite3.Connection) -> dict[int, Model]:
    """The models that spoke, by the ids of their rows, as they were then."""
    found = {}
    for id, text in connection.execute("SELECT id, CAST(json AS BLOB) FROM model"):
        try:
            found[int(id)] = msgspec.json.decode(text, type=Model)
        except BROKEN:
            continue
    return found


def _nodes(connection: sqlite3.Connection, id: str, messages: SavedMessages) -> list[Node]:
    nodes: list[Node] = []
    rows = connection.execute(  # all as bytes: thousands of calls for their text would take longer than the reading
        "SELECT id, parent, CAST(role AS BLOB), created, CAST(body AS BLOB), CAST(native AS BLOB) FROM message"
        " WHERE conversation = ? AND id > 0 ORDER BY id",
        (id,),
    )
    for at, parent, speaker, created, size in messages.rows.taken(rows):
        while len(nodes) < at - 1:  # a row is gone
            nodes.append(Node(len(nodes) + 1, len(nodes), placeholder("user")))
        role = ROLES.get(speaker, "user")
        # A message answers an earlier one, always: else a path would never end.
        parent = parent if isinstance(parent, int) and 0 <= parent < at else at - 1
        when = created if isinstance(created, float) else 0.0
        nodes.append(Node(at, parent, None, when, role, messages, size))
    return nodes


def _grown(connection: sqlite3.Connection, id: str, head: int, fetch: Fetch) -> Message | None:
    row = connection.execute(
        "SELECT CAST(body AS BLOB), CAST(native AS BLOB) FROM growing WHERE conversation = ? AND parent = ?", (id, head)
    ).fetchone()
    try:
        message = None if row is None else decode_message(row[0], row[1], fetch)
    except BROKEN:
        return None
    return None if message is None else replace(message, state="incomplete")


def _spent(connection: sqlite3.Connection, id: str, stored: dict[int, Model]) -> list[Spent]:
    spent = []
    rows = connection.execute(
        "SELECT model, CAST(usage AS BLOB), created FROM spent WHERE conversation = ? ORDER BY seq", (id,)
    )
    decode = msgspec.json.Decoder(Usage).decode
    for model, usage, created in rows:
        try:
            spent.append(Spent(stored[model], decode(usage), created or 0.0))
        except BROKEN:
            continue
    return spent


def _branch_names(connection: sqlite3.Connection, id: str, messages: int) -> dict[str, int]:
    rows = connection.execute("SELECT name, message FROM branch_name WHERE conversation = ? ORDER BY name", (id,))
    return {str(name): at for name, at in rows if isinstance(at, int) and 0 < at <= messages}


def _declared(connection: sqlite3.Connection, id: str, fetch: Fetch) -> tuple[ToolSpec, ...]:
    """The tools that were last declared to a model."""
    row = connection.execute("SELECT tools FROM declared WHERE conversation = ?", (id,)).fetchone()
    try:
        return () if row is None else msgspec.json.decode(decode_long(row[0], fetch), type=tuple[ToolSpec, ...])
    except BROKEN:
        return ()


def _views(connection: sqlite3.Connection, id: str, messages: int) -> list[View]:
    found = []
    rows = connection.execute("SELECT CAST(body AS BLOB) FROM view WHERE conversation = ? ORDER BY number", (id,))
    for (body,) in rows:
        with suppress(*BROKEN):
            found.append(msgspec.json.decode(body, type=View))
    return [view for view in found if view.is_of(messages)]


def _pins(text: str | None, messages: int) -> set[int]:
    with suppress(*BROKEN):
        return {at for at in msgspec.json.decode(text or "[]", type=list[int]) if 0 < at <= messages}
    return set()


def _ledgers(
    connection: sqlite3.Connection, conversation: Conversation, messages: SavedMessages
) -> tuple[dict[str, Ledger], dict[str, frozenset[str]]]:
    """The ledgers, and what each of them left out in earlier releases."""
    ledgers: dict[str, Ledger] = {}
    refused: dict[str, frozenset[str]] = {}
    id, nodes = conversation.id, conversation.nodes
    views = {view.number: view for view in conversation.views}
    columns = (
        "key, number, last_message, prefix_digest, reasoning_from, drops_unreadable_reasoning, pictures_from,"
        " refused_features"
    )
    for key, number, last, seed, reasoning_from, drops_unreadable, pictures_from, features in connection.execute(
        f"SELECT {columns} FROM ledger WHERE conversation = ?", (id,)
    ).fetchall():
        of_view = view_number(key)
        if of_view is not None and of_view not in views:  # what it stands for is not known any more
            continue
        found = frozen_entries.rows(connection, id, key, number)
        path = partial(_path_to, last, nodes, None if of_view is None else views[of_view])
        ledger = ledgers[key] = SavedLedger(found, path, messages)
        ledger.reasoning_from, ledger.drops_unreadable_reasoning = reasoning_from, bool(drops_unreadable)
        ledger.pictures_from, ledger.prefix_digest = pictures_from, seed
        with suppress(*BROKEN):
            refused[key] = frozenset(json.loads(features))
    return ledgers, refused


def repeats_in(connection: sqlite3.Connection, id: str) -> frozen_entries.Repeats:
    """The texts of a message that its entries are packed against; several in a row are of the same one."""

    @lru_cache(maxsize=16)
    def repeats(message: int | None) -> tuple[bytes, ...]:
        columns = "SELECT CAST(body AS BLOB), CAST(native AS BLOB) FROM message WHERE conversation = ? AND id = ?"
        row = None if message is None else connection.execute(columns, (id, message)).fetchone()
        return () if row is None else frozen_entries.repeats_of(*row)

    return repeats


def _path_to(id: int, nodes: list[Node], view: View | None) -> tuple[int, ...]:
    path = []
    while id:
        path.append(id)
        id = nodes[id - 1].parent
    spoken = tuple(path[::-1])
    return spoken if view is None else view.shows(spoken)
