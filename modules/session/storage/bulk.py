"""Many conversations of other programs, written to the file: each whole or not at all, and only what is new of it."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from msgspec import Struct

from modules.errors import FileProblem
from modules.llm.models import Model
from modules.session.conversation import Conversation
from modules.session.importing.imported import ImportedConversation, ImportedMessage
from modules.session.message_tree import MessageTree
from modules.session.node import Node
from modules.session.storage import database, statements
from modules.session.storage.location import Locks
from modules.session.storage.statements import Statement

BATCH_CHARS, BATCH_STATEMENTS = 4_000_000, 2_000  # of a transaction: so long another program may have to wait
HELD_SECONDS, AGAIN_SECONDS = 30.0, 0.1  # for which another program is waited for, and between two tries
# Whoever only reads the list sees imported ones below those that were used here, in the order of their own times.
BEFORE_ALL = -(1 << 40)
KNOWN = "SELECT foreign_id, message FROM imported WHERE conversation = ?"
SAID = "SELECT CAST(id AS TEXT), id FROM message WHERE conversation = ?"
REMEMBER = "INSERT OR IGNORE INTO imported (conversation, foreign_id, message) VALUES (?, ?, ?)"
SET_USE = "UPDATE conversation SET used = ?, updated = ? WHERE id = ?"
SET_HEAD = "UPDATE conversation SET head = ? WHERE id = ?"
NAME = "UPDATE conversation SET title = ? WHERE id = ? AND title IS NULL"


class Brought(Struct):
    """What came of one conversation: its messages that are new here, and how many were here already."""

    messages: list[ImportedMessage]
    known: int = 0
    changed: int = 0  # that were here, and came in as they are now
    is_new: bool = False
    is_open: bool = False  # in another program, so that nothing was done


class BulkWriter:
    """Writes imported conversations, in transactions of a bounded size. `model` answers when one goes on here.

    With `dry`, everything is looked at and nothing is written. Raises FileProblem where the file cannot be written,
    ConfigError where a newer release wrote it; what was finished before stays.
    """

    def __init__(self, path: Path, model: Model, *, dry: bool = False) -> None:
        self.notes: list[str] = []
        self._path = path
        self._model = model
        self._dry = dry
        self._locks = Locks(path.with_suffix(".lock"))
        self._pending: list[Statement] = []
        self._ids: set[str] = set()
        self._size = 0
        with self._named():
            self._connection = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._locks.close()
        self._connection.close()

    def write(self, found: ImportedConversation) -> Brought:
        """Take a conversation; it is in the file after the next `flush`."""
        return self._write(found, None)

    def take(self, id: str) -> bool:
        """Whether no other program is in the conversation, or comes into it before the next `flush`."""
        return self._dry or self._locks.take(id)

    def write_own(self, conversation: Conversation, *, anew: bool = False) -> Brought:
        """Take one of ours, with all that it was sent. One of its id that is here gets the messages that it lacks.

        `anew` says that it holds all that is here, and takes the place of that.
        """
        if not anew:
            self.flush()
        with self._named():
            ask = "SELECT 1 FROM conversation WHERE source = ? AND id != ?"
            if self._connection.execute(ask, (conversation.source, conversation.id)).fetchone() is not None:
                conversation.source = ""
        return self._write(_as_imported(conversation), conversation, anew=anew)

    def _write(self, found: ImportedConversation, own: Conversation | None, *, anew: bool = False) -> Brought:
        if found.id in self._ids:  # it is in two files, of which one may have more
            self.flush()
        with self._named():
            known = self._known(found.id, own is not None)
            row = self._connection.execute("SELECT title FROM conversation WHERE id = ?", (found.id,)).fetchone()
            new = [one for one in found.messages if one.id not in known]
            again = [] if row is None or own is not None else self._changed(found, known)
            is_named = row is not None and row[0] is None and bool(found.title)
            if row is not None and not (new or again or is_named):
                return Brought([], len(known))
            if not self.take(found.id):
                return Brought([], is_open=True)
            self._ids.add(found.id)
            if row is None:
                wanted = _whole(found, own or _as_conversation(found, self._model))
            elif anew and own is not None:
                wanted = self._anew(found, own)
            else:
                wanted = self._more(found, known, again, new)
        if not self._dry:
            self._pending += wanted
            self._size += sum(len(value) for _, row in wanted for value in row if isinstance(value, str | bytes))
            if self._size > BATCH_CHARS or len(self._pending) > BATCH_STATEMENTS:
                self.flush()
        return Brought(new, len(known) if row is not None else 0, len(again), is_new=row is None)

    def _known(self, id: str, is_own: bool) -> dict[str, int]:
        """The messages that are here, by their ids in the file."""
        known = dict(self._connection.execute(KNOWN, (id,)).fetchall())
        if is_own and not known:  # it was said here
            known = dict(self._connection.execute(SAID, (id,)).fetchall())
        return known

    def flush(self) -> None:
        """Write what was taken."""
        with self._named():
            if self._pending:
                self._commit()
        self._pending, self._size = [], 0
        self._ids.clear()
        self._locks.close()

    def _commit(self) -> None:
        until = time.monotonic() + HELD_SECONDS
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if not database.is_held(error) or time.monotonic() > until:
                    raise
                time.sleep(AGAIN_SECONDS)
        try:
            for sql, values in self._pending:
                self._connection.execute(sql, values)
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _more(
        self,
        found: ImportedConversation,
        known: dict[str, int],
        again: list[ImportedMessage],
        new: list[ImportedMessage],
    ) -> list[Statement]:
        """What adds the new messages to a conversation that is here, and writes some `again`."""
        ask = self._connection.execute
        (last,) = ask("SELECT coalesce(max(id), 0) FROM message WHERE conversation = ?", (found.id,)).fetchone()
        places = {**known, **{one.id: number for number, one in enumerate(new, last + 1)}}
        wanted = statements.brought(found.id, (_node(one, places) for one in (*again, *new)))
        wanted += [(REMEMBER, (found.id, one.id, places[one.id])) for one in new]
        wanted.append((NAME, (found.title or None, found.id)))
        if not self._went_on(found.id, known):
            wanted.append((SET_HEAD, (places.get(found.head, last), found.id)))
            wanted.append(_use(found))
        return wanted

    def _anew(self, found: ImportedConversation, own: Conversation) -> list[Statement]:
        """What puts a conversation in the place of less of it; where it stands in the list stays, and what came in."""
        ask = self._connection.execute
        (used,) = ask("SELECT used FROM conversation WHERE id = ?", (own.id,)).fetchone()
        came = [(REMEMBER, (own.id, *row)) for row in ask(KNOWN, (own.id,)).fetchall()]
        newest = max((one.created for one in found.messages), default=0.0)
        return [*statements.everything(own).make(), *came, (SET_USE, (used, newest, own.id))]

    def _changed(self, found: ImportedConversation, known: dict[str, int]) -> list[ImportedMessage]:
        """Of the known messages those that are others now: the end may have been half of an answer when it came in."""
        ends = _ends(found, known)
        ask = "SELECT body FROM message WHERE conversation = ? AND id = ?"
        changed = []
        for one in (one for one in found.messages if one.id in ends):
            stored = self._connection.execute(ask, (found.id, known[one.id])).fetchone()
            written = statements.brought(found.id, [_node(one, known)])
            if stored is not None and not any(stored[0] in values for _, values in written):
                changed.append(one)
        return [] if changed and self._went_on(found.id, known) else changed

    def _went_on(self, id: str, known: dict[str, int]) -> bool:
        """Whether something was said here, or sent from here: the head and all messages stay then as they are."""
        ask = self._connection.execute
        (count,) = ask("SELECT count(*) FROM message WHERE conversation = ? AND id > 0", (id,)).fetchone()
        sent = ask("SELECT 1 FROM ledger WHERE conversation = ? LIMIT 1", (id,)).fetchone()
        return bool(count > len(known) or sent)

    def _opened(self) -> sqlite3.Connection:
        if self._dry:
            return database.open_to_read(self._path)[0]
        try:
            return database.connect(self._path, self._locks)
        except database.Damaged as error:
            self.notes.append(str(error))
            return database.connect(self._path, self._locks)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """What fails, in words."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            problem = f"{self._path} cannot be written: {database.reason(error).rstrip('.')}."
            raise FileProblem(problem, cure="What came in before that is kept; import again to go on.") from error


def _whole(found: ImportedConversation, conversation: Conversation) -> list[Statement]:
    """What writes a conversation that is not here yet."""
    wanted = [*statements.everything(conversation).make()]
    wanted += [(REMEMBER, (found.id, one.id, number)) for number, one in enumerate(found.messages, 1)]
    return [*wanted, _use(found)]


def _as_conversation(found: ImportedConversation, model: Model) -> Conversation:
    conversation = Conversation(model, found.system, id=found.id, folder=found.folder)
    conversation.title, conversation.source = found.title, found.source
    places = {one.id: number for number, one in enumerate(found.messages, 1)}
    nodes = [_node(one, places) for one in found.messages]
    conversation.tree = MessageTree(nodes, places.get(found.head, len(places)))
    return conversation


def _as_imported(own: Conversation) -> ImportedConversation:
    """One of ours, whose messages go by their numbers."""
    messages = [ImportedMessage(str(node.id), str(node.parent or ""), node.message, node.created) for node in own.nodes]
    return ImportedConversation(own.source, own.title, messages=messages, head=str(own.head or ""), own_id=own.id)


def _node(one: ImportedMessage, places: dict[str, int]) -> Node:
    return Node(places[one.id], places.get(one.parent, 0), one.message, one.created)


def _use(found: ImportedConversation) -> Statement:
    newest = max((one.created for one in found.messages), default=0.0) or found.created
    return SET_USE, (BEFORE_ALL + int(newest), newest, found.id)


def _ends(found: ImportedConversation, known: dict[str, int]) -> set[str]:
    """The known messages that nothing known comes after, and the two before each."""
    parents = {one.id: one.parent for one in found.messages if one.id in known}
    ends = parents.keys() - set(parents.values())
    above = {parents[id] for id in ends} & parents.keys()
    return ends | above | ({parents[id] for id in above} & parents.keys())
