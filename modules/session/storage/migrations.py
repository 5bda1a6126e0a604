"""From an earlier release's schema to this one's: numbered steps, each whole or not at all, after a copy was kept.

The number of a schema is SQLite's `user_version`. A later release adds a step to `STEPS` and raises `VERSION` by one.
A step renames, adds and rearranges what is small; it never rewrites messages, since whoever reads an old file runs all
steps each time, until someone writes to it.
"""

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from modules.session.storage.location import SUFFIXES, VERSION, Locks

# What schema 3 has beside the tables of before: entries packed against messages, by their ledger's number, see
# frozen_entries.py, and the conversations that hold a blob, with "" once all of a conversation's are there.
COMPACT_TABLES = (
    "ALTER TABLE ledger ADD COLUMN number INTEGER",
    "CREATE UNIQUE INDEX ledger_number ON ledger (number)",
    """CREATE TABLE frozen (
        ledger INTEGER NOT NULL REFERENCES ledger (number) ON DELETE CASCADE, seq INTEGER NOT NULL,
        covers_until INTEGER NOT NULL, message INTEGER, digest BLOB, wire BLOB NOT NULL,
        PRIMARY KEY (ledger, seq)) WITHOUT ROWID""",
    """CREATE TABLE blob_owner (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, blob TEXT NOT NULL,
        PRIMARY KEY (conversation, blob)) WITHOUT ROWID""",
)
# What schema 4 has beside them: what models are given in place of a part of a conversation, see views/view.py.
VIEW_TABLE = """CREATE TABLE view (
    conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, number INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (conversation, number)) WITHOUT ROWID"""
SPARE_BYTES = 16_000_000  # that are left on the disk beside a copy


class NotUpdated(sqlite3.OperationalError):
    """Why a file of an earlier release stays as it is for now, in words."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the file is of an earlier release and cannot be updated yet, because {why}")


class UsedElsewhere(NotUpdated):
    """Another program is updating the file, or is of an earlier release and could not go on; that one is waited for."""

    sqlite_errorcode = sqlite3.SQLITE_BUSY


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the schema; 0 for a file in which there is nothing."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def update(connection: sqlite3.Connection, path: Path, locks: Locks) -> None:
    """Bring the file to this release's schema. A copy of it as it was is kept in the same folder.

    Killed at any moment, it has left the file at one of the schemas, and the next program goes on from there. Raises
    NotUpdated where it cannot be done now; the file is as it was then, for earlier releases too.
    """
    with locks.only_one_updates() as only_one:
        if not only_one:
            raise UsedElsewhere("another program is doing that")
        if (version := version_of(connection)) >= VERSION:  # another program was quicker
            return
        if not locks.is_alone():
            raise UsedElsewhere("an earlier Parlance that uses it is still running")
        copy = _kept_copy(connection, path, version)
        try:
            for number in range(version, VERSION):
                connection.execute("BEGIN IMMEDIATE")
                if version_of(connection) == number:
                    _step(connection, number)
                connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if version_of(connection) == version:  # nothing has changed, so the copy is of no use
                copy.unlink(missing_ok=True)
            raise


def read_as_updated(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A file of an earlier release as if it had been updated, to be read and closed. The file itself stays as it is."""
    try:
        connection.execute("BEGIN IMMEDIATE")  # never committed
        bring_forward(connection)
    except sqlite3.OperationalError:  # it is held by another program, or cannot be written
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        with contextlib.closing(connection):
            copy = sqlite3.connect("", isolation_level=None)  # a file of no name, which goes with the connection
            connection.backup(copy)
        bring_forward(copy)
        return copy
    return connection


def bring_forward(connection: sqlite3.Connection) -> None:
    """Run all steps that the file lacks, in the transaction of the caller."""
    for number in range(version_of(connection), VERSION):
        _step(connection, number)


def _step(connection: sqlite3.Connection, number: int) -> None:
    STEPS[number](connection)
    connection.execute(f"PRAGMA user_version = {number + 1}")


def _kept_copy(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """A copy beside the file, for this user only. It has another name until it is whole: a rest of one is made anew."""
    kept = path.with_name(f"{path.name}.backup-schema-{version}")
    unfinished = kept.with_name(f"{kept.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        needed = sum(os.path.getsize(one) for suffix in SUFFIXES[:2] if os.path.exists(one := f"{path}{suffix}"))
        if shutil.disk_usage(path.parent).free < needed + SPARE_BYTES:
            raise _no_room(needed)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as target:
            target.execute("PRAGMA journal_mode = OFF")  # what is half written is made anew as a whole
            target.execute("PRAGMA synchronous = OFF")
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        number = 1
        while kept.exists():  # one of an earlier time is never written over
            number += 1
            kept = path.with_name(f"{path.name}.backup-schema-{version}-{number}")
        os.rename(unfinished, kept)
    except (OSError, sqlite3.OperationalError) as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        if isinstance(error, NotUpdated):
            raise
        why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise NotUpdated(f"no copy of it could be made beside it ({why})") from error
    return kept


def _no_room(needed_bytes: int) -> NotUpdated:
    megabytes = (needed_bytes + SPARE_BYTES) // 1_000_000 + 1
    return NotUpdated(f"a copy is made first, and the disk has no {megabytes:,} MB left for it")


def _name_columns_plainly(connection: sqlite3.Connection) -> None:
    """1 to 2: the columns of `ledger` and `entry` have the names of what they hold.

    `without` held two things: what an endpoint had refused, as a list, or an object with `pictures_from`.
    """
    connection.execute(
        """CREATE TABLE IF NOT EXISTS declared (
        conversation TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE, tools TEXT NOT NULL)"""
    )
    connection.execute("ALTER TABLE entry RENAME COLUMN upto TO covers_until")
    for old, new in (
        ("told", "last_message"),
        ("seed", "prefix_digest"),
        ("stripped", "reasoning_from"),
        ("lenient", "drops_unreadable_reasoning"),
        ("without", "refused_features"),
    ):
        connection.execute(f"ALTER TABLE ledger RENAME COLUMN {old} TO {new}")
    connection.execute("ALTER TABLE ledger ADD COLUMN pictures_from INTEGER NOT NULL DEFAULT 0")
    for row, text in connection.execute("SELECT rowid, CAST(refused_features AS BLOB) FROM ledger").fetchall():
        with contextlib.suppress(ValueError, TypeError, RecursionError):  # what is no JSON stays, and is no list either
            if isinstance(found := json.loads(text), dict):
                position = found.get("pictures_from")
                connection.execute(
                    "UPDATE ledger SET refused_features = '[]', pictures_from = ? WHERE rowid = ?",
                    (position if isinstance(position, int) else 0, row),
                )


def _know_folder_and_kind(connection: sqlite3.Connection) -> None:
    """2 to 3: the folder, kind and source of a conversation, the names of branches, and when tokens were spent."""
    connection.execute("ALTER TABLE conversation ADD COLUMN folder TEXT")
    connection.execute("ALTER TABLE conversation ADD COLUMN kind TEXT NOT NULL DEFAULT 'chat'")
    connection.execute("ALTER TABLE conversation ADD COLUMN source TEXT")
    connection.execute("ALTER TABLE conversation ADD COLUMN first_words TEXT")
    connection.execute("CREATE UNIQUE INDEX conversation_source ON conversation (source) WHERE source IS NOT NULL")
    connection.execute("ALTER TABLE spent ADD COLUMN created REAL")
    connection.execute(
        """CREATE TABLE branch_name (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, name TEXT NOT NULL,
        message INTEGER NOT NULL, PRIMARY KEY (conversation, name)) WITHOUT ROWID"""
    )
    connection.execute(
        """CREATE TABLE imported (
        conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE, foreign_id TEXT NOT NULL,
        message INTEGER NOT NULL, PRIMARY KEY (conversation, foreign_id)) WITHOUT ROWID"""
    )
    for statement in COMPACT_TABLES:
        connection.execute(statement)


def _know_views(connection: sqlite3.Connection) -> None:
    """3 to 4: what models are given in place of a part, and which questions stay word for word."""
    connection.execute("ALTER TABLE conversation ADD COLUMN pins TEXT")
    connection.execute(VIEW_TABLE)


STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {  # by the schema that each begins with
    1: _name_columns_plainly,
    2: _know_folder_and_kind,
    3: _know_views,
}
