"""The database that conversations are kept in: its schema, how it is opened, and what its errors mean."""

import sqlite3
from pathlib import Path

from modules.errors import ConfigError
from modules.session.storage.location import VERSION, make_private, move_aside, refuse_newer, refuse_version

PATIENCE_SECONDS = 0.4  # to wait for another program's write; what waits longer is tried again by whoever writes
TO_READ_SECONDS = 2.0  # where nothing can go on before it is read
Error = sqlite3.Error

# Ids of messages count within their conversation; parent and head 0 mean: before the first. Times are seconds since
# 1970 and only for the eye: `used` counts up and says which conversation was used last, whatever the clock did.
SCHEMA = (
    "CREATE TABLE blob (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE model (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE)",
    """CREATE TABLE conversation (
        id TEXT PRIMARY KEY, title TEXT, created REAL NOT NULL, updated REAL NOT NULL, used INTEGER NOT NULL,
        head INTEGER NOT NULL, model INTEGER NOT NULL REFERENCES model, previous INTEGER REFERENCES model,
        system TEXT NOT NULL, reasoning TEXT)""",
    "CREATE INDEX conversation_used ON conversation (used)",
    """CREATE TABLE message (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, id INTEGER NOT NULL,
        parent INTEGER NOT NULL, created REAL NOT NULL, role TEXT NOT NULL, body TEXT NOT NULL, native TEXT,
        PRIMARY KEY (conversation, id))""",
    """CREATE TABLE growing (
        conversation TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE, parent INTEGER NOT NULL,
        updated REAL NOT NULL, body TEXT NOT NULL, native TEXT)""",
    """CREATE TABLE spent (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, seq INTEGER NOT NULL,
        model INTEGER NOT NULL REFERENCES model, usage TEXT NOT NULL, PRIMARY KEY (conversation, seq))""",
    """CREATE TABLE ledger (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, key TEXT NOT NULL,
        told INTEGER NOT NULL, seed TEXT NOT NULL, stripped INTEGER NOT NULL, lenient INTEGER NOT NULL,
        without TEXT NOT NULL, PRIMARY KEY (conversation, key))""",
    """CREATE TABLE entry (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, key TEXT NOT NULL, seq INTEGER NOT NULL,
        upto INTEGER NOT NULL, digest TEXT, wire TEXT NOT NULL, PRIMARY KEY (conversation, key, seq))""",
)
# Added since: an earlier release neither knows nor needs it, so the version stays.
SINCE = (
    """CREATE TABLE IF NOT EXISTS declared (
        conversation TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE, tools TEXT NOT NULL)""",
)


class Damaged(sqlite3.DatabaseError):
    """What a person is told of a damaged file; it is out of the way."""


def connect(path: Path, patience: float = PATIENCE_SECONDS) -> sqlite3.Connection:
    """The database, made if it is missing, for this user only.

    Raises ConfigError where a newer release wrote it, which leaves it as it is, Damaged where it was broken and is
    out of the way now, OSError where it cannot be made, and sqlite3.Error for everything else.
    """
    refuse_newer(path)
    make_private(path)
    connection = sqlite3.connect(path, patience, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        if is_damage(error):
            raise Damaged(set_aside(path, connection)) from error
        connection.close()
        raise
    except ConfigError:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """The database; an empty one where there is none; the unchanged file where the place cannot be written."""
    if not path.exists():
        connection = sqlite3.connect(":memory:", isolation_level=None)
        _create(connection)
        return connection
    try:
        return connect(path, TO_READ_SECONDS)
    except OSError as error:
        if not path.is_file():
            raise error
    except sqlite3.Error as error:
        if not is_unwritable(error):
            raise
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)


def set_aside(path: Path, connection: sqlite3.Connection) -> str:
    """Move a damaged file out of the way, and say so. Raises OSError where that cannot be."""
    try:
        aside = move_aside(path)  # first: closing would tidy away what belongs to it
    finally:
        connection.close()
    return f"The saved conversations were damaged. They are in {aside} now, and a new file is begun."


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
    connection.execute("PRAGMA foreign_keys = ON")
    refuse_version(path, _version(connection))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if _version(connection) == VERSION and _has_declared(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection) == 0:  # another program may have been quicker
        _create(connection)
    for statement in SINCE:
        connection.execute(statement)
    connection.execute("COMMIT")


def _has_declared(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'declared'").fetchone() is not None


def _create(connection: sqlite3.Connection) -> None:
    for statement in (*SCHEMA, *SINCE):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
