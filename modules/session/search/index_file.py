"""The file of the index: beside the conversations, made of them, and made anew whenever it is of no use.

Nothing is kept in it that the conversations do not say: it may be deleted at any time. The text itself is not in it,
only which word stands where. A document's number is the minute it was said in, or a free one soon after it, so that the
newest come first in the order of the index itself, and a time is a range of numbers; finer ones would make it larger.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from modules.errors import FileProblem
from modules.session.search.folding import EDITION
from modules.session.storage.connection import Connection
from modules.session.storage.database import is_damage, is_held, reason
from modules.session.storage.location import SUFFIXES, make_private

FORMAT = 1  # goes up when anything changes in what is indexed, or how
OURS = 0x50617273  # SQLite's application_id: whose file it is
PATIENCE_SECONDS = 0.4
SMALL_BYTES = 64_000_000  # of an index that is put in order at once; a larger one is by whoever fills it next

# `conversation.until` is the last message that is indexed, `used` the state of the conversation then, -1 before all of
# it is. `words` holds no text (content=''), `titles` the folded words of it. `vocabulary` has each word once, with line
# feeds between, in pieces: parts of words are found in there. `terms` and `places` are views of the index itself.
SCHEMA = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    """CREATE TABLE conversation (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, used INTEGER NOT NULL, until INTEGER NOT NULL,
        named TEXT NOT NULL, first_words TEXT NOT NULL, updated REAL NOT NULL)""",
    "CREATE TABLE said (number INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, message INTEGER NOT NULL)",
    "CREATE TABLE vocabulary (number INTEGER PRIMARY KEY, words TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE words USING fts5 (text, role, model, content = '', tokenize = 'ascii')",
    "CREATE VIRTUAL TABLE titles USING fts5 (text, tokenize = 'ascii')",
    "CREATE VIRTUAL TABLE terms USING fts5vocab (words, row)",
    "CREATE VIRTUAL TABLE title_terms USING fts5vocab (titles, row)",
    "CREATE VIRTUAL TABLE places USING fts5vocab (words, instance)",
)


def minute_of(when: float) -> int:
    """The least number that a document of this time has, in seconds since 1970."""
    return int(when) // 60


class Busy(Exception):
    """Another program is writing the index."""


class Damaged(Exception):
    """The index was damaged, and is deleted; the next try makes it anew."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The index, to be filled; made if it is missing, for this user only, and anew if it is of no use.

    Raises Busy while another program writes it, Damaged after it was deleted, FileProblem where it cannot be written.
    """
    with _told(path), contextlib.closing(_connected(path)) as connection:
        yield connection


@contextlib.contextmanager
def searching(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The index as it is; None where there is none, or none of use."""
    if not path.exists():
        yield None
        return
    with _told(path), contextlib.closing(_opened(path)) as connection:
        yield connection if _is_of_use(connection) else None


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of SQLite as ours; a file that turns out to be damaged is deleted, to be made anew by the next try."""
    try:
        yield
    except sqlite3.Error as error:
        if is_held(error):
            raise Busy from error
        if is_damage(error):
            delete(path)
            raise Damaged from error
        raise _problem(path, error) from error
    except OSError as error:
        raise _problem(path, error) from error


def _problem(path: Path, error: sqlite3.Error | OSError) -> FileProblem:
    return FileProblem(f"{path}, the index of the search, cannot be used: {reason(error)}.", cure="It may be deleted.")


def delete(path: Path) -> None:
    """Take the index away, with all that belongs to it. Raises OSError where that cannot be."""
    for suffix in reversed(SUFFIXES):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def _connected(path: Path) -> sqlite3.Connection:
    make_private(path)
    connection = _opened(path)
    try:
        if not _is_of_use(connection):
            if not _is_new(connection):
                connection.close()
                delete(path)  # damaged, of another release, or somebody else's
                make_private(path)
                connection = _opened(path)
            _make(connection)
        _set_up(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    """How this connection writes. Not to be called in a transaction, where SQLite refuses it."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, PATIENCE_SECONDS, isolation_level=None, check_same_thread=False, factory=Connection)


def _is_new(connection: sqlite3.Connection) -> bool:
    """Whether there is nothing in the file yet: whoever is making it in the same moment is not to lose it."""
    try:
        return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,))
    except sqlite3.Error as error:
        if is_held(error):
            raise
        return False


def _is_of_use(connection: sqlite3.Connection) -> bool:
    """Whether this release made it, with this Python's rules for letters."""
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        if (version, owner) != (FORMAT, OURS):
            return False
        edition = connection.execute("SELECT value FROM about WHERE name = 'edition'").fetchone()
    except sqlite3.Error as error:
        if is_held(error):
            raise
        return False
    return bool(edition == (EDITION,))


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if not _is_of_use(connection):  # another program may have been quicker
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {OURS}")
        connection.execute("INSERT INTO about VALUES ('edition', ?)", (EDITION,))
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing. Raises sqlite3.OperationalError (SQLITE_BUSY) while another program writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def noted(connection: sqlite3.Connection, name: str) -> int | str:
    """What the index says about itself under that name; 0 for nothing."""
    row = connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else row[0]


def note(connection: sqlite3.Connection, name: str, value: int | str) -> None:
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))


def put_in_order(connection: sqlite3.Connection) -> None:
    """Write the index as one piece: smallest, quickest, and with nothing left in the file of what was taken out."""
    with transaction(connection):
        for table in ("words", "titles"):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
        note(connection, "disorder", 0)
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def size_bytes(connection: sqlite3.Connection) -> int:
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size)
