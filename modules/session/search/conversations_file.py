"""The conversations as the search reads them: never written to, at whatever schema the file has."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from modules.errors import FileProblem
from modules.llm.history import Message
from modules.session.storage.codec import SQUEEZED, decode_message
from modules.session.storage.connection import Connection
from modules.session.storage.conversation_loader import BROKEN, Blobs
from modules.session.storage.database import reason
from modules.session.storage.location import refuse_newer

PATIENCE_SECONDS = 2.0
UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
# What stands in the same place in the files of all releases. `used` alone does not tell: it begins anew in a new file.
MESSAGES = "SELECT id, role, created, CAST(body AS BLOB) FROM message"
STATE = "id || ' ' || used || ' ' || updated || ' ' || coalesce(title, '')"


class Spoken(Struct, frozen=True):
    """A conversation as the file has it; `used`, `updated` and `title` say whether it has changed."""

    id: str
    used: int
    title: str
    updated: float


class Row(Struct, frozen=True):
    """A message as the file has it; `message` is None where it cannot be read."""

    id: int
    role: str
    created: float
    message: Message | None


class ConversationsFile:
    """The file of the conversations, open to be read. Its methods raise FileProblem where it cannot be."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def close(self) -> None:
        self._connection.close()

    def state(self) -> str:
        """A digest that changes with every change that a search must know of."""
        state = next(self._rows(f"SELECT group_concat({STATE}, char(10)) FROM conversation"))[0] or ""
        return hashlib.blake2b(state.encode(errors="replace"), digest_size=16).hexdigest()

    def conversations(self) -> list[Spoken]:
        """All of them, the one used last first."""
        found = self._rows("SELECT id, used, title, updated FROM conversation ORDER BY used DESC")
        return [Spoken(str(id), int(used), str(title or ""), _time(updated)) for id, used, title, updated in found]

    def count(self) -> int:
        """How many messages there are."""
        return int(next(self._rows("SELECT count(*) FROM message"))[0])

    def newest(self, conversation: str) -> int:
        """The id of a conversation's last message; 0 where it has none."""
        return int(next(self._rows("SELECT max(id) FROM message WHERE conversation = ?", conversation))[0] or 0)

    def messages(self, conversation: str, after: int) -> Iterator[Row]:
        """The messages behind that one, in order. Not to be left open: a writer could not tidy its log meanwhile."""
        question = f"{MESSAGES} WHERE conversation = ? AND id > ? ORDER BY id"
        return map(self._row, self._rows(question, conversation, max(after, 0)))

    def message(self, conversation: str, id: int) -> Row | None:
        """One message; None where it is gone."""
        found = list(self._rows(f"{MESSAGES} WHERE conversation = ? AND id = ?", conversation, id))
        return self._row(found[0]) if found else None

    def _row(self, row: tuple[Any, ...]) -> Row:
        id, role, created, body = row
        try:
            message = decode_message(body, None, self._long)
        except BROKEN:
            message = None
        except sqlite3.Error as error:
            raise _problem(self._path, error) from error
        return Row(id, str(role), _time(created), message)

    def _long(self, key: str, before: str) -> str:
        """A long text that a row names; what is encoded, as a picture is, stays where it is."""
        return Blobs(self._connection).fetch(key, before) if key.startswith(SQUEEZED) else before

    def _rows(self, question: str, *values: str | int) -> Iterator[tuple[Any, ...]]:
        try:
            with contextlib.closing(self._connection.execute(question, values)) as found:
                yield from found
        except sqlite3.Error as error:
            raise _problem(self._path, error) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[ConversationsFile | None]:
    """The file, None where nothing has been said yet.

    Raises FileProblem where it cannot be read, ConfigError where a newer release wrote it.
    """
    refuse_newer(path)
    try:
        file = _opened(path)
    except sqlite3.Error as error:
        raise _problem(path, error) from error
    try:
        yield file
    finally:
        if file is not None:
            file.close()


def _problem(path: Path, error: sqlite3.Error) -> FileProblem:
    return FileProblem(f"{path} cannot be searched: {reason(error)}.", cure="Try again, and check the file.")


def _opened(path: Path) -> ConversationsFile | None:
    if not path.is_file():
        return None
    uri = path.absolute().as_uri()
    connection = _connected(f"{uri}?mode=ro")
    try:
        is_empty = _is_empty(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in UNWRITABLE:
            raise
        connection = _connected(f"{uri}?immutable=1")  # in a place where nothing can be put beside it
        is_empty = _is_empty(connection)
    if is_empty:
        connection.close()
        return None
    return ConversationsFile(connection, path)


def _connected(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, PATIENCE_SECONDS, uri=True, isolation_level=None, check_same_thread=False, factory=Connection
    )
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection


def _is_empty(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('conversation', 'message')")
    return int(found.fetchone()[0]) < 2


def _time(value: object) -> float:
    """Seconds since 1970; 0 for what is no time."""
    return value if isinstance(value, float) and 0.0 < value < float(1 << 36) else 0.0
