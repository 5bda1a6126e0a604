"""What can be read out of a damaged file, in a new file beside it.

SQLite stops at the first page that it cannot read, so each table is read forwards until then, and backwards from its
end. What is between them, and everything where not even the file's beginning is left, is looked for on the pages
themselves. The new file has another name until it is whole.
"""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from msgspec import Struct

from modules.session.storage import page_scan
from modules.session.storage.connection import Connection
from modules.session.storage.database import SCHEMA
from modules.session.storage.location import VERSION
from modules.session.storage.mending import mend, missing_messages
from modules.session.storage.migrations import bring_forward
from modules.session.storage.row_examination import unreadable_messages

UNFINISHED = ".salvaged.unfinished"
SOURCE = ".source.unfinished"  # a copy to read from: even opening a database may write to what belongs to it
ROLES = (b"user", b"assistant", b"tool", b"system")


class Salvaged(Struct, frozen=True):
    """The new file, how much is in it, and how many messages are known to be lost."""

    path: Path
    conversations: int
    messages: int
    lost: int


def salvage(path: Path) -> Salvaged:
    """Read what can be read of `path` into a new file beside it, which ends in ".salvaged"; the old one stays as it is.

    Raises OSError and sqlite3.Error where the new one cannot be written.
    """
    target, source = path.with_name(path.name + UNFINISHED), path.with_name(path.name + SOURCE)
    try:
        _copy(path, source)
        _remove(target)
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
            for setting in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
                connection.execute(f"PRAGMA {setting}")
            connection.execute("BEGIN")
            _read_into(connection, source)
            bring_forward(connection)
            lost = missing_messages(connection)
            mend(connection)
            connection.execute("COMMIT")
            counts = "SELECT (SELECT count(*) FROM conversation), (SELECT count(*) FROM message)"
            conversations, messages = connection.execute(counts).fetchone()
            lost += sum(unreadable_messages(connection).values())
        with target.open("rb+") as file:
            os.fsync(file.fileno())
        whole = path.with_name(f"{path.name}.salvaged")
        os.replace(target, whole)
    finally:
        _remove(source)
        _remove(target)
    return Salvaged(whole, conversations, messages, lost)


def _copy(path: Path, source: Path) -> None:
    _remove(source)
    for suffix in ("", "-wal"):
        if os.path.exists(f"{path}{suffix}"):
            os.close(os.open(f"{source}{suffix}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            shutil.copyfile(f"{path}{suffix}", f"{source}{suffix}")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _read_into(target: sqlite3.Connection, source: Path) -> None:
    """All rows of all tables, by SQLite as far as it comes, then from the pages."""
    known: set[bytes] | None = None
    whole = False
    with contextlib.closing(sqlite3.connect(source, isolation_level=None, factory=Connection)) as connection:
        with contextlib.suppress(sqlite3.DatabaseError):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        tables = _made_alike(target, connection)
        found = {table: _read_table(target, connection, table) for table in tables}
        whole = bool(found) and all(found.values())
        if found.get("conversation"):  # what is on the pages of others was deleted
            known = {str(row[0]).encode() for row in target.execute("SELECT id FROM conversation")}
    if not whole:
        _read_pages(target, source, known)


def _made_alike(target: sqlite3.Connection, source: sqlite3.Connection) -> list[str]:
    """Give the new file the tables of the old one, or those of today where none are known; gives the old ones."""
    try:
        version = source.execute("PRAGMA user_version").fetchone()[0]
        made = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index'"
        found = source.execute(made).fetchall()
        if not {"conversation", "message", "model"} <= {name for _, name, _ in found}:
            raise sqlite3.DatabaseError
        for _, _, sql in found:
            target.execute(sql)
        target.execute(f"PRAGMA user_version = {int(version)}")
    except sqlite3.DatabaseError:
        for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            target.execute(f"DROP TABLE {name}")
        for sql in SCHEMA:
            target.execute(sql)
        target.execute(f"PRAGMA user_version = {VERSION}")
        return []
    return [name for kind, name, _ in found if kind == "table"]


def _read_table(target: sqlite3.Connection, source: sqlite3.Connection, table: str) -> bool:
    """Copy a table's rows; whether that were all."""
    about = source.execute(f"PRAGMA table_info({table})").fetchall()
    insert = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(about))})"
    by_key = ", ".join(f"{column[1]} DESC" for column in about if column[5])
    source.text_factory = _text
    for order in ("", "ORDER BY rowid DESC", f"ORDER BY {by_key}" if by_key else ""):
        with contextlib.suppress(sqlite3.DatabaseError):
            for row in source.execute(f"SELECT * FROM {table} NOT INDEXED {order}"):
                with contextlib.suppress(sqlite3.IntegrityError):  # a damaged page that still looks like one
                    target.execute(insert, row)
            if not order:
                return True
    return False


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _read_pages(target: sqlite3.Connection, source: Path, known: set[bytes] | None) -> None:
    """Rows that stand on pages whose way there is lost; of conversations that are `known`, where those are."""
    for rowid, row in page_scan.rows(source):
        with contextlib.suppress(sqlite3.IntegrityError, UnicodeDecodeError, AttributeError):
            match row:
                case (
                    bytes(id),
                    int(at),
                    int(parent),
                    int() | float() as created,
                    bytes(role),
                    bytes(body),
                    native,
                ) if role in ROLES and (known is None or id in known):
                    values = (id.decode(), at, parent, float(created), role.decode(), _column(body), _column(native))
                    target.execute(_insert("message", 7), values)
                case (None, bytes(json)) if json.startswith(b"{"):
                    target.execute("INSERT OR IGNORE INTO model (id, json) VALUES (?, ?)", (rowid, json.decode()))
                case (bytes(key), bytes(data)) if len(key) in (64, 65):
                    target.execute("INSERT OR IGNORE INTO blob (sha256, data) VALUES (?, ?)", (key.decode(), data))
                case (bytes(id), int(seq), int(model), bytes(usage), *rest) if (
                    usage.startswith(b"{") and len(rest) < 2 and (known is None or id in known)
                ):
                    spent = "INSERT OR IGNORE INTO spent (conversation, seq, model, usage) VALUES (?, ?, ?, ?)"
                    target.execute(spent, (id.decode(), seq, model, usage.decode()))
                case (
                    bytes(id),
                    title,
                    created,
                    updated,
                    int(used),
                    int(head),
                    int(model),
                    previous,
                    bytes(system),
                    *_,
                ):
                    conversation = (
                        "INSERT OR IGNORE INTO conversation (id, title, created, updated, used, head, model, previous,"
                        " system) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    )
                    title = title.decode() if isinstance(title, bytes) else None
                    about = (title, float(created), float(updated), used, head, model, previous, system.decode())
                    target.execute(conversation, (id.decode(), *about))


def _insert(table: str, columns: int) -> str:
    return f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * columns)})"


def _column(value: object) -> object:
    """A text as such, and what is packed as bytes."""
    if isinstance(value, bytes) and value[:1] not in (b"\x01",):
        return value.decode()
    return value
