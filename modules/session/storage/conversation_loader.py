"""A conversation read back from its rows; what does not decode is replaced, and the rest stays."""

import json
import sqlite3
from functools import lru_cache

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modules.errors import UsageError
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.events import Usage
from modules.llm.history import Message
from modules.llm.ledger.ledger import Ledger
from modules.llm.models import LEVELS, Choice, Model, ModelRegistry
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation, Node, Spent
from modules.session.storage import frozen_entries
from modules.session.storage.codec import SQUEEZED, Fetch, decode_long, decode_message, placeholder
from modules.session.storage.legacy_conversations import Issuers, adopt
from modules.session.storage.packed_text import expanded

BROKEN = (ValueError, LookupError, TypeError, RecursionError)  # msgspec's own errors are ValueErrors


class Loaded(Struct):
    """A conversation as it was, what grew when the program was killed, and what a person should know."""

    conversation: Conversation
    cut: Message | None
    notes: list[str]


def latest(connection: sqlite3.Connection, folder: str | None = None, *, one_shots: bool = True) -> str | None:
    """The conversation that was used last, of those that say something; as `Store.latest` has it."""
    row = connection.execute(
        "SELECT id FROM conversation WHERE head > 0 AND (?1 OR kind = 'chat') AND (?2 IS NULL OR folder IS NULL"
        " OR folder = ?2) ORDER BY ?2 IS NOT NULL AND folder IS NULL, used DESC LIMIT 1",
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
        "SELECT head, model, previous, system, reasoning, title, folder, kind, source FROM conversation WHERE id = ?",
        (id,),
    ).fetchone()
    if row is None:
        return None
    head, model_id, previous_id, system, reasoning, title, folder, kind, source = row
    stored = stored_models(connection)
    chosen = _answering(stored.get(model_id), models, start)
    conversation = Conversation(chosen.model, str(system), id=id, learned=learned, folder=str(folder or ""))
    conversation.title, conversation.source, conversation.one_shot = str(title or ""), str(source or ""), kind != "chat"
    if previous_id is not None and (before := _current(stored.get(previous_id), models)):
        conversation.previous = before.model
    conversation.reasoning = next((level for level in LEVELS if level == reasoning), None)
    fetch = Blobs(connection).fetch
    conversation.spent = _spent(connection, id, stored)
    answering = stored.get(model_id)
    spoke = [*([answering] if answering else []), *(one.model for one in conversation.spent)]
    issuers = Issuers(spoke, models)
    nodes = _nodes(connection, id, fetch)
    conversation.nodes = [replace(one, message=issuers.renamed(one.message)) for one in nodes]
    conversation.go_to(head if 0 <= head <= len(conversation.nodes) else len(conversation.nodes))
    conversation.tools = _declared(connection, id, fetch)
    conversation.branch_names = _branch_names(connection, id, len(conversation.nodes))
    ledgers, refused = _ledgers(connection, id, conversation, fetch)
    conversation.ledgers = adopt(ledgers, refused, spoke, learned)
    return Loaded(conversation, _grown(connection, id, conversation.head, fetch), [chosen.note] if chosen.note else [])


class Blobs:
    """Long strings, each made once however often it is asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._made: dict[tuple[str, str], str] = {}

    def fetch(self, sha: str, before: str) -> str:
        key = (sha, before)
        if key not in self._made:
            row = self._connection.execute("SELECT data FROM blob WHERE sha256 = ?", (sha,)).fetchone()
            if row is None:
                raise LookupError(sha)
            data = expanded(row[0]) if sha.startswith(SQUEEZED) else bytes(row[0])
            self._made[key] = before + data.decode("utf-8", "surrogatepass")
        return self._made[key]


def stored_models(connection: sqlite3.Connection) -> dict[int, Model]:
    """The models that spoke, by the ids of their rows, as they were then."""
    found = {}
    for id, text in connection.execute("SELECT id, CAST(json AS BLOB) FROM model"):
        try:
            found[int(id)] = msgspec.json.decode(text, type=Model)
        except BROKEN:
            continue
    return found


def _current(stored: Model | None, models: ModelRegistry) -> Choice | None:
    """The catalogue's entry for a model that was saved, its successor with a note, or None where it is gone."""
    if stored is None:
        return None
    try:
        found = models.find(stored.full_name)
    except UsageError:
        return None
    model = found.model
    if not stored.known or (model.known and (model.full_name == stored.full_name or model.id == stored.id)):
        return Choice(model)
    return found if model == models.successor(stored) else None


def _answering(stored: Model | None, models: ModelRegistry, start: Model) -> Choice:
    if choice := _current(stored, models):
        return choice
    gone = stored.full_name if stored else "The model of this conversation"
    return Choice(start, f"{gone} is no longer in models.yaml; {start.full_name} answers.")


def _nodes(connection: sqlite3.Connection, id: str, fetch: Fetch) -> list[Node]:
    nodes: list[Node] = []
    rows = connection.execute(
        "SELECT id, parent, role, created, CAST(body AS BLOB), CAST(native AS BLOB) FROM message"
        " WHERE conversation = ? AND id > 0 ORDER BY id",
        (id,),
    )
    for at, parent, role, created, body, native in rows.fetchall():
        while len(nodes) < at - 1:  # a row is gone
            nodes.append(Node(len(nodes) + 1, len(nodes), placeholder("user")))
        try:
            message = decode_message(body, native, fetch)
        except BROKEN:
            message = placeholder(role)
        # A message answers an earlier one, always: else a path would never end.
        parent = parent if isinstance(parent, int) and 0 <= parent < at else at - 1
        nodes.append(Node(at, parent, message, created if isinstance(created, float) else 0.0))
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
    rows = connection.execute("SELECT model, usage, created FROM spent WHERE conversation = ? ORDER BY seq", (id,))
    for model, usage, created in rows:
        try:
            spent.append(Spent(stored[model], msgspec.json.decode(usage, type=Usage), created or 0.0))
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


def _ledgers(
    connection: sqlite3.Connection, id: str, conversation: Conversation, fetch: Fetch
) -> tuple[dict[str, Ledger], dict[str, frozenset[str]]]:
    """The ledgers, and what each of them left out in earlier releases."""
    ledgers: dict[str, Ledger] = {}
    refused: dict[str, frozenset[str]] = {}
    columns = (
        "key, number, last_message, prefix_digest, reasoning_from, drops_unreadable_reasoning, pictures_from,"
        " refused_features"
    )
    repeats = repeats_in(connection, id)
    for key, number, last, seed, reasoning_from, drops_unreadable, pictures_from, features in connection.execute(
        f"SELECT {columns} FROM ledger WHERE conversation = ?", (id,)
    ).fetchall():
        ledger = ledgers[key] = Ledger()
        try:
            ledger.reasoning_from, ledger.drops_unreadable_reasoning = reasoning_from, bool(drops_unreadable)
            ledger.pictures_from = pictures_from
            refused[key] = frozenset(json.loads(features))
            found = frozen_entries.rows(connection, id, key, number)
            entries, digests = frozen_entries.decoded(found, repeats, fetch)
            path = _path_to(last, conversation.nodes)
        except BROKEN:  # what was sent is not known any more: the ledger begins anew
            continue
        ledger.entries, ledger.digests, ledger.path, ledger.prefix_digest = entries, digests, path, seed
        ledger.saved = len(entries)
    return ledgers, refused


def repeats_in(connection: sqlite3.Connection, id: str) -> frozen_entries.Repeats:
    """The texts of a message that its entries are packed against; several in a row are of the same one."""

    @lru_cache(maxsize=16)
    def repeats(message: int | None) -> tuple[bytes, ...]:
        columns = "SELECT CAST(body AS BLOB), CAST(native AS BLOB) FROM message WHERE conversation = ? AND id = ?"
        row = None if message is None else connection.execute(columns, (id, message)).fetchone()
        return () if row is None else frozen_entries.repeats_of(*row)

    return repeats


def _path_to(id: int, nodes: list[Node]) -> tuple[int, ...]:
    path = []
    while id:
        path.append(id)
        id = nodes[id - 1].parent
    return tuple(path[::-1])
