"""A file of conversations looked over: what is wrong with it, in words, each with a cure that works."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct

from modules.session.storage import blob_owners, file_examination, row_examination
from modules.session.storage.connection import Connection
from modules.session.storage.file_examination import SALVAGE, Finding
from modules.session.storage.location import VERSION, Locks
from modules.session.storage.migrations import read_as_updated, version_of

Check = Callable[[sqlite3.Connection], Iterator[Finding]]


class Report(Struct):
    """What was found, and how much there is. `faults` leaves out what is only worth knowing."""

    findings: list[Finding]
    counts: dict[str, int]

    @property
    def faults(self) -> list[Finding]:
        return [one for one in self.findings if one.is_fault]


def examine(path: Path, locks: Locks) -> Report:
    """Look the file over; nothing is changed. Raises ConfigError where a newer release wrote it."""
    findings = list(file_examination.beside(path, locks))
    if not path.exists():
        return Report(findings, {})
    if (fault := file_examination.unreadable(path)) is not None:
        return Report([fault, *findings], {})
    counts: dict[str, int] = {}
    connection: sqlite3.Connection = sqlite3.connect(path, 2.0, isolation_level=None, factory=Connection)
    try:
        with contextlib.suppress(sqlite3.DatabaseError):
            if 0 < version_of(connection) < VERSION:
                findings.append(Finding("The file is of an earlier release.", "It is updated with the next message."))
                connection = read_as_updated(connection)
        for check in (whole, *CHECKS):
            findings += _checked(check, connection)
        for table in ("conversation", "message", "blob"):
            with contextlib.suppress(sqlite3.DatabaseError):
                counts[table] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()
    return Report(_merged(findings), counts)


def whole(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What SQLite itself finds: damaged pages, and indexes that do not agree with their tables."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    if found == ["ok"]:
        return
    if all("index" in line and "page" not in line for line in found):  # the rows are all there
        yield Finding(f"An index does not agree with its table ({found[0]}).", FIX, reindex, is_fault=True)
    else:
        yield Finding(f"The file is damaged: {found[0].splitlines()[-1]}.", SALVAGE, is_fault=True)


FIX = "parlance doctor --fix makes it right."


def reindex(connection: sqlite3.Connection) -> None:
    connection.execute("REINDEX")


def orphans(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Rows that belong to nothing, which no one will ever read."""
    rows = Counter(str(row[0]) for row in connection.execute("PRAGMA foreign_key_check"))
    for table, count in rows.items():
        text = f"{count} rows of the table {table} belong to no conversation."
        yield Finding(text, FIX, partial(_without_orphans, table=table), is_fault=True)


def _without_orphans(connection: sqlite3.Connection, table: str) -> None:
    if table == "conversation":  # its model is gone, which is known to whoever loads it
        missing = "SELECT model FROM conversation UNION SELECT previous FROM conversation WHERE previous NOT NULL"
        for (id,) in connection.execute(f"{missing} EXCEPT SELECT id FROM model").fetchall():
            connection.execute("INSERT INTO model VALUES (?, ?)", (id, f'{{"lost":{id}}}'))
    elif table == "frozen":
        connection.execute("DELETE FROM frozen WHERE ledger NOT IN (SELECT number FROM ledger WHERE number NOT NULL)")
    elif table == "spent":
        connection.execute("DELETE FROM spent WHERE model NOT IN (SELECT id FROM model)")
        connection.execute("DELETE FROM spent WHERE conversation NOT IN (SELECT id FROM conversation)")
    else:
        connection.execute(f"DELETE FROM {table} WHERE conversation NOT IN (SELECT id FROM conversation)")


def unowned_blobs(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Blobs that no conversation has any more. Known only where every conversation has noted its own."""
    if not blob_owners.are_noted(connection):
        return
    count, size = connection.execute(f"SELECT count(*), coalesce(sum(length(data)), 0) FROM blob {UNOWNED}").fetchone()
    if count:
        text = f"{count} long texts or pictures ({size // 1000:,} kB) are in no conversation any more."
        yield Finding(text, FIX, _delete_unowned, is_fault=True)


UNOWNED = "WHERE sha256 NOT IN (SELECT blob FROM blob_owner)"


def _delete_unowned(connection: sqlite3.Connection) -> None:
    if blob_owners.are_noted(connection):
        connection.execute(f"DELETE FROM blob {UNOWNED}")


CHECKS: tuple[Check, ...] = (
    orphans,
    row_examination.places,
    row_examination.blobs,
    row_examination.messages,
    row_examination.ledgers,
    unowned_blobs,
)


def fix(path: Path, report: Report, locks: Locks) -> list[Finding]:
    """Do what is safe of what was found, each in a transaction of its own; gives what was done.

    Raises what `database.connect` does.
    """
    from modules.session.storage import database

    done = [one for one in report.findings if one.fix_outside is not None]
    for one in done:
        assert one.fix_outside is not None
        one.fix_outside()
    inside = [one for one in report.findings if one.fix is not None]
    if not inside:
        return done
    with contextlib.closing(database.connect(path, locks)) as connection:
        for one in inside:
            assert one.fix is not None
            connection.execute("PRAGMA foreign_keys = OFF")  # what is wrong may be just that
            connection.execute("BEGIN IMMEDIATE")
            try:
                one.fix(connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
    return done + inside


def _checked(check: Check, connection: sqlite3.Connection) -> Iterator[Finding]:
    try:
        yield from check(connection)
    except sqlite3.OperationalError as error:
        yield Finding(f"A check could not be made: {error}.", "End the programs that use the file, and try again.")
    except sqlite3.DatabaseError as error:
        yield Finding(f"The file is damaged: {error}.", SALVAGE, is_fault=True)


def _merged(findings: list[Finding]) -> list[Finding]:
    """Damage is found by many checks, and is said once."""
    damage = [one for one in findings if one.cure == SALVAGE]
    return [one for one in findings if one.cure != SALVAGE or one is damage[0]]
