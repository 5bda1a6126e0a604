"""Which conversations hold a blob, so that it can go with the last of them.

The writer notes them in `blob_owner` as it goes. A conversation that an earlier release wrote has no note there until
it is looked through, once; a row without a blob says that all of its blobs are noted.
"""

import contextlib
import re
import sqlite3
from collections.abc import Iterator

from modules.session.storage.frozen_entries import repeats_of
from modules.session.storage.packed_text import unpacked

ALL = ""  # in the place of a blob: every one that this conversation holds is noted
REFERENCE = re.compile(rb"blob:(z?[0-9a-f]{64}):")
INSERT = "INSERT OR IGNORE INTO blob_owner (conversation, blob) VALUES (?, ?)"
UNNOTED = """SELECT id FROM conversation WHERE
    NOT EXISTS (SELECT 1 FROM blob_owner WHERE conversation = conversation.id AND blob = '')"""
HELD = """SELECT DISTINCT blob FROM blob_owner WHERE blob != '' AND conversation IN (SELECT id FROM temp.going)"""
# One pass over the notes, which are few: there is no index by blob, since only this asks for it.
HELD_BY_NO_OTHER = f"""{HELD} EXCEPT
    SELECT blob FROM blob_owner WHERE conversation NOT IN (SELECT id FROM temp.going)"""


def note_all(connection: sqlite3.Connection) -> None:
    """Look through the conversations that are not noted yet, each in a transaction of its own."""
    for (id,) in connection.execute(UNNOTED).fetchall():
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT 1 FROM conversation WHERE id = ?", (id,)).fetchone():
            note(connection, id)
        connection.execute("COMMIT")


def note(connection: sqlite3.Connection, id: str) -> None:
    """Note the blobs of one conversation, in the transaction of the caller."""
    connection.executemany(INSERT, [(id, blob) for blob in (*references(connection, id), ALL)])


def are_noted(connection: sqlite3.Connection) -> bool:
    """Whether no conversation has to be looked through any more."""
    return connection.execute(f"{UNNOTED} LIMIT 1").fetchone() is None


def references(connection: sqlite3.Connection, id: str) -> set[str]:
    """The keys of all blobs that the conversation's rows name; a text that only looks so counts too."""
    return {found.decode() for text in _texts(connection, id) for found in REFERENCE.findall(text)}


def _texts(connection: sqlite3.Connection, id: str) -> Iterator[bytes]:
    """All texts that may name a blob; of what cannot be read, none."""
    for table in ("message", "growing"):
        columns = f"SELECT CAST(body AS BLOB), CAST(native AS BLOB) FROM {table} WHERE conversation = ?"
        for body, native in connection.execute(columns, (id,)):
            yield from repeats_of(body, native)
    for table, column in (("entry", "wire"), ("declared", "tools")):
        for (text,) in connection.execute(f"SELECT CAST({column} AS BLOB) FROM {table} WHERE conversation = ?", (id,)):
            yield text
    packed = connection.execute(
        """SELECT frozen.wire, CAST(message.body AS BLOB), CAST(message.native AS BLOB)
        FROM ledger JOIN frozen ON frozen.ledger = ledger.number
        LEFT JOIN message ON message.conversation = ledger.conversation AND message.id = frozen.message
        WHERE ledger.conversation = ?""",
        (id,),
    )
    for wire, body, native in packed:
        with contextlib.suppress(ValueError):
            yield unpacked(wire, *repeats_of(body, native))
