"""Deleting conversations for good: their rows, the blobs that nobody else has, every trace in the file and its log."""

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from modules.session.storage import blob_owners, database
from modules.session.storage.location import Locks

LOG_SECONDS = 2.0  # in which the log is tried to be emptied, where another program is reading
PAYS_SHARE = 0.2  # of the file that must be free before it is written anew
PAYS_BYTES = 1_000_000
SPARE_BYTES = 16_000_000

Forget = Callable[[Sequence[str]], object]


class Removed(Struct, frozen=True):
    """What was deleted, and where its words still stand.

    `open_elsewhere` are conversations that another program has open: they are as they were. `in_log` says that another
    program was reading, so that the words stay in the log beside the file until it has ended. `copies` are files of
    before: they hold the words, and are the person's to delete. `freed_bytes` is how much shorter the file is.
    """

    ids: tuple[str, ...]
    open_elsewhere: tuple[str, ...]
    in_log: bool
    copies: tuple[Path, ...]
    freed_bytes: int


def remove(path: Path, ids: Sequence[str], locks: Locks, forget: Forget | None = None) -> Removed:
    """Delete these conversations; `forget` takes them out of the search before that.

    All of them or none: killed at any moment, the file is as before or after. Raises what `database.connect` does, and
    sqlite3.Error where another program writes for long.
    """
    before = _bytes(path)
    free = tuple(id for id in ids if locks.take(id))
    taken = tuple(id for id in ids if id not in free)
    try:
        if not free:
            return Removed((), taken, in_log=False, copies=(), freed_bytes=0)
        if forget is not None:
            forget(free)
        with contextlib.closing(database.connect(path, locks)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            _delete(connection, free)
            compact_where_it_pays(connection, path, locks)
            emptied = empty_log(connection)
    finally:
        for id in free:
            locks.give_back(id)
    return Removed(free, taken, not emptied, tuple(copies(path)), max(0, before - _bytes(path)))


def copies(path: Path) -> list[Path]:
    """The files beside this one that hold what was in it once: copies made before an update, and damaged ones."""
    found = [*path.parent.glob(f"{path.name}.backup-*"), *path.parent.glob(f"{path.name}.corrupt-*")]
    return sorted(one for one in found if not one.name.endswith(("-shm", "-wal")))


def compact_where_it_pays(connection: sqlite3.Connection, path: Path, locks: Locks, *, always: bool = False) -> bool:
    """Write the file anew without its free pages, where they are many and no other program is in a conversation.

    `always` does it for few of them too.
    """
    page, free, all_pages = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "freelist_count", "page_count")
    )
    if not always and free * page < PAYS_BYTES and free < PAYS_SHARE * all_pages:
        return False
    if shutil.disk_usage(path.parent).free < 2 * all_pages * page + SPARE_BYTES or not locks.is_alone(again=True):
        return False
    with contextlib.suppress(sqlite3.OperationalError):  # another program was quicker; the next deletion does it
        connection.execute("VACUUM")
        return True
    return False


def empty_log(connection: sqlite3.Connection) -> bool:
    """Move what is in the log to the file and cut it off; whether that could be done."""
    until = time.monotonic() + LOG_SECONDS
    while True:
        with contextlib.suppress(sqlite3.OperationalError):
            if not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)


def _delete(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    connection.execute("CREATE TEMP TABLE going (id TEXT PRIMARY KEY)")
    connection.executemany("INSERT INTO going VALUES (?)", [(id,) for id in ids])
    while True:
        blob_owners.note_all(connection)
        connection.execute("BEGIN IMMEDIATE")  # from here on nobody else writes a row that names a blob
        try:
            if blob_owners.are_noted(connection):
                _delete_rows(connection)
                connection.execute("COMMIT")
                return
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("ROLLBACK")  # an earlier release has written one meanwhile


def _delete_rows(connection: sqlite3.Connection) -> None:
    alone = connection.execute(blob_owners.HELD_BY_NO_OTHER).fetchall()
    connection.execute("DELETE FROM conversation WHERE id IN (SELECT id FROM temp.going)")
    connection.executemany("DELETE FROM blob WHERE sha256 = ?", alone)


def _bytes(path: Path) -> int:
    return sum(one.stat().st_size for suffix in ("", "-wal") if (one := Path(f"{path}{suffix}")).exists())
