"""The database that conversations are kept in: its schema, how it is opened, and what its errors mean."""

import contextlib
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from modules.errors import ConfigError
from modules.session.storage import frozen_entries, migrations
from modules.session.storage.connection import Connection
from modules.session.storage.location import VERSION, Locks, make_private, move_aside, refuse_newer, refuse_version
from modules.session.storage.migrations import version_of

PATIENCE_SECONDS = 0.4  # to wait for another program's write; what waits longer is tried again by whoever writes
TO_READ_SECONDS = 2.0  # where nothing can go on before it is read
Error = sqlite3.Error

# The schema of a new file; migrations.py brings an older one to it. Ids of messages count within their conversation;
# parent, head and last_message 0 mean: before the first. Times are seconds since 1970 and only for the eye: `used`
# counts up and says which conversation was used last, whatever the clock did. `kind` is 'chat' or 'one-shot', `source`
# where a conversation was imported from, and `imported` says which messages came in under which foreign ids. `pins` is
# a list of messages as JSON.
SCHEMA = (
    "CREATE TABLE blob (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE model (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE)",
    """CREATE TABLE conversation (
        id TEXT PRIMARY KEY, title TEXT, created REAL NOT NULL, updated REAL NOT NULL, used INTEGER NOT NULL,
        head INTEGER NOT NULL, model INTEGER NOT NULL REFERENCES model, previous INTEGER REFERENCES model,
        system TEXT NOT NULL, reasoning TEXT, folder TEXT, kind TEXT NOT NULL DEFAULT 'chat', source TEXT,
        first_words TEXT, pins TEXT)""",
    "CREATE INDEX conversation_used ON conversation (used)",
    "CREATE UNIQUE INDEX conversation_source ON conversation (source) WHERE source IS NOT NULL",
    """CREATE TABLE message (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, id INTEGER NOT NULL,
        parent INTEGER NOT NULL, created REAL NOT NULL, role TEXT NOT NULL, body TEXT NOT NULL, native TEXT,
        PRIMARY KEY (conversation, id))""",
    """CREATE TABLE growing (
        conversation TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE, parent INTEGER NOT NULL,
        updated REAL NOT NULL, body TEXT NOT NULL, native TEXT)""",
    """CREATE TABLE spent (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, seq INTEGER NOT NULL,
        model INTEGER NOT NULL REFERENCES model, usage TEXT NOT NULL, created REAL, PRIMARY KEY (conversation, seq))""",
    """CREATE TABLE ledger (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, key TEXT NOT NULL,
        last_message INTEGER NOT NULL, prefix_digest TEXT NOT NULL, reasoning_from INTEGER NOT NULL,
        drops_unreadable_reasoning INTEGER NOT NULL, refused_features TEXT NOT NULL,
        pictures_from INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (conversation, key))""",
    """CREATE TABLE entry (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, key TEXT NOT NULL, seq INTEGER NOT NULL,
        covers_until INTEGER NOT NULL, digest TEXT, wire TEXT NOT NULL, PRIMARY KEY (conversation, key, seq))""",
    """CREATE TABLE declared (
        conversation TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE, tools TEXT NOT NULL)""",
    """CREATE TABLE branch_name (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, name TEXT NOT NULL,
        message INTEGER NOT NULL, PRIMARY KEY (conversation, name)) WITHOUT ROWID""",
    """CREATE TABLE imported (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, foreign_id TEXT NOT NULL,
        message INTEGER NOT NULL, PRIMARY KEY (conversation, foreign_id)) WITHOUT ROWID""",
    *migrations.COMPACT_TABLES,
    migrations.VIEW_TABLE,
)


class Damaged(sqlite3.DatabaseError):
    """A damaged file was moved out of the way; the message is for the person."""


def connect(path: Path, locks: Locks) -> sqlite3.Connection:
    """The database to write to, made if it is missing, for this user only; one of an earlier release is updated.

    Raises ConfigError where a newer release wrote it, which leaves it as it is, Damaged where it was broken and is
    out of the way now, OSError where it cannot be made, NotUpdated where it stays as an earlier release wrote it, and
    sqlite3.Error for everything else.
    """
    connection = _opened(path, PATIENCE_SECONDS)
    if version_of(connection) < VERSION:
        with _closed_where_it_fails(connection, path):
            migrations.update(connection, path, locks)
    return connection


@contextlib.contextmanager
def _closed_where_it_fails(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Close the connection where something is raised. Raises Damaged where the file is, and moves it away."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise Damaged(set_aside(path, connection)) from error
        connection.close()
        raise
    except (ConfigError, OSError):
        connection.close()
        raise


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    """The database at whatever schema it has, made if it is missing. Raises as `connect` does."""
    refuse_newer(path)
    make_private(path)
    connection = sqlite3.connect(path, patience, isolation_level=None, check_same_thread=False, factory=Connection)
    with _closed_where_it_fails(connection, path):
        _prepare(connection, path)
    return connection


def open_to_read(path: Path) -> tuple[sqlite3.Connection, bool]:
    """The database, and whether an earlier release wrote it.

    An empty one where there is none; the unchanged file where the place cannot be written. One of an earlier release is
    read as if it had been updated and stays as it is: the copy that is made before an update would hold up whoever
    waits for the conversation.
    """
    if not path.exists():
        connection = sqlite3.connect(":memory:", isolation_level=None)
        _create(connection)
        return connection, False
    try:
        connection = _opened(path, TO_READ_SECONDS)
    except OSError as error:
        if not path.is_file():
            raise error
        connection = _opened_unchanged(path)
    except sqlite3.Error as error:
        if not is_unwritable(error):
            raise
        connection = _opened_unchanged(path)
    if version_of(connection) in (0, VERSION):
        return connection, False
    with _closed_where_it_fails(connection, path):
        return migrations.read_as_updated(connection), True


def _opened_unchanged(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None, factory=Connection
    )


def set_aside(path: Path, connection: sqlite3.Connection) -> str:
    """Move a damaged file out of the way, and say so. Raises OSError where that cannot be."""
    try:
        aside = move_aside(path)  # first: closing would tidy away what belongs to it
    finally:
        connection.close()
    return (
        f"The saved conversations were damaged. They are in {aside} now, and a new file is begun. "
        f"parlance doctor --salvage {shlex.quote(str(aside))} reads what is readable out of it."
    )


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, so that no other try can help."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code == sqlite3.SQLITE_IOERR_SHORT_READ


def is_held(error: sqlite3.Error) -> bool:
    """Whether another program has the file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_unwritable(error: sqlite3.Error) -> bool:
    """Whether the place can be read at most."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


def reason(error: sqlite3.Error | OSError) -> str:
    """What failed, for people."""
    if isinstance(error, migrations.NotUpdated):
        return str(error)
    if isinstance(error, OSError):
        return error.strerror or str(error)
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "the disk is full"
        case sqlite3.SQLITE_IOERR:
            return "the disk did not take it"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another program is using the file"
    return "the place cannot be written" if is_unwritable(error) else str(error)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    frozen_entries.add_functions(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    refuse_version(path, version_of(connection))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if version_of(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    if version_of(connection) == 0:  # another program may have been quicker
        _create(connection)
    connection.execute("COMMIT")


def _create(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        connection.execute(" ".join(statement.split()))  # it is kept as it is written, in the file's first pages
    connection.execute(f"PRAGMA user_version = {VERSION}")
