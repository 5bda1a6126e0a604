"""Rows of earlier releases rewritten in the form of this one: a few at a time, each time wholly or not at all.

What is written says the same: each row is read back before it is, and stays as it was where anything is different.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from modules.session.storage import blob_owners, database, frozen_entries, statements
from modules.session.storage.codec import Blobs, Fetch, decode_message, decode_value, encode_message, encode_value
from modules.session.storage.conversation_loader import BROKEN
from modules.session.storage.conversation_loader import Blobs as Kept
from modules.session.storage.frozen_entries import repeats_of
from modules.session.storage.location import Locks
from modules.session.storage.packed_text import PACKED, packed, unpacked
from modules.session.storage.removal import compact_where_it_pays, empty_log

BATCH = 200  # rows in one transaction
OLD_FORM = f"substr(CAST(body AS BLOB), 1, 1) != x'{PACKED:02x}'"


class Compacted(Struct, frozen=True):
    """How much was rewritten, the bytes before and after, and how many conversations another program has open."""

    messages: int
    entries: int
    before: int
    after: int
    open_elsewhere: int


def compact(path: Path, locks: Locks, progress: Callable[[int, int], object] = lambda done, of: None) -> Compacted:
    """Rewrite what is in an older form, then write the file anew. Killed at any moment, nothing is lost of it.

    Raises what `database.connect` does.
    """
    messages = entries = taken = 0
    with contextlib.closing(database.connect(path, locks)) as connection:
        before = _bytes(connection)
        found = [str(id) for (id,) in connection.execute("SELECT id FROM conversation")]
        for number, id in enumerate(found):
            if not locks.take(id):
                taken += 1
                continue
            try:
                messages += _rewritten(connection, _messages, id)
                entries += _rewritten(connection, _entries, id)
            finally:
                locks.give_back(id)
            progress(number + 1, len(found))
        compact_where_it_pays(connection, path, locks, always=True)
        empty_log(connection)
        return Compacted(messages, entries, before, _bytes(connection), taken)


def _rewritten(
    connection: sqlite3.Connection, some: Callable[[sqlite3.Connection, str, int], tuple[int, int]], id: str
) -> int:
    """Rewrite a conversation's rows, a batch in each transaction; gives how many."""
    total, after = 0, -1
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            count, after = some(connection, id, after)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        total += count
        if after < 0:
            return total


def _messages(connection: sqlite3.Connection, id: str, after: int) -> tuple[int, int]:
    """Rewrite some messages, and what is packed against them; gives how many, and where to go on, -1 at the end."""
    fetch, done = Kept(connection).fetch, 0
    rows = connection.execute(
        "SELECT id, CAST(body AS BLOB), CAST(native AS BLOB) FROM message"
        f" WHERE conversation = ? AND id > ? AND {OLD_FORM} ORDER BY id LIMIT {BATCH}",
        (id, after),
    ).fetchall()
    for at, body, native in rows:
        after = at
        blobs: Blobs = {}
        try:
            message = decode_message(body, native, fetch)
            new_body, new_native = encode_message(message, blobs)
            _write_blobs(connection, id, blobs)
            again = decode_message(new_body, new_native, fetch)
        except BROKEN:
            continue
        if again != message or json.dumps(again.native) != json.dumps(message.native):
            continue
        old, new = repeats_of(body, native), repeats_of(new_body, new_native)
        for ledger, seq, wire in connection.execute(
            "SELECT frozen.ledger, frozen.seq, frozen.wire FROM ledger JOIN frozen ON frozen.ledger = ledger.number"
            " WHERE ledger.conversation = ? AND frozen.message = ?",
            (id, at),
        ).fetchall():
            with contextlib.suppress(ValueError):
                written = packed(unpacked(wire, *old), *new)
                connection.execute("UPDATE frozen SET wire = ? WHERE ledger = ? AND seq = ?", (written, ledger, seq))
        connection.execute(
            "UPDATE message SET body = ?, native = ? WHERE conversation = ? AND id = ?", (new_body, new_native, id, at)
        )
        done += 1
    return done, after if len(rows) == BATCH else -1


def _entries(connection: sqlite3.Connection, id: str, after: int) -> tuple[int, int]:
    """Rewrite some entries, from the first on, ledger by ledger, as `_messages` does."""
    fetch, done = Kept(connection).fetch, 0
    rows = connection.execute(
        "SELECT rowid, key, seq, covers_until, digest, CAST(wire AS BLOB) FROM entry"
        f" WHERE conversation = ? ORDER BY key, seq LIMIT {BATCH}",
        (id,),
    ).fetchall()
    paths = {key: _path(connection, id, key) for key in {one[1] for one in rows}}
    for row, key, seq, covers_until, digest, text in rows:
        blobs: Blobs = {}
        try:
            value = decode_value(text, fetch)
            wire = encode_value(value, blobs)
            _write_blobs(connection, id, blobs)
            if wire is None or not _is_same(wire, value, fetch):
                raise ValueError(key)
        except BROKEN:
            return done, -1  # what comes after it stays too: a ledger's entries are in order in both tables
        connection.execute(statements.NUMBER_LEDGER, (id, key))
        connection.execute(*frozen_entries.insertion(id, key, seq, covers_until, digest, wire, paths[key]))
        connection.execute("DELETE FROM entry WHERE rowid = ?", (row,))
        done += 1
    return done, 0 if len(rows) == BATCH else -1


def _is_same(wire: str, value: object, fetch: Fetch) -> bool:
    return json.dumps(decode_value(wire.encode(), fetch)) == json.dumps(value)


def _path(connection: sqlite3.Connection, id: str, key: str) -> tuple[int, ...]:
    """The ids of the messages that a ledger covers."""
    return tuple(
        row[0]
        for row in connection.execute(
            """WITH RECURSIVE path (id, parent, depth) AS (
            SELECT message.id, message.parent, 0 FROM ledger JOIN message
                ON message.conversation = ledger.conversation AND message.id = ledger.last_message
                WHERE ledger.conversation = ?1 AND ledger.key = ?2
            UNION ALL SELECT message.id, message.parent, depth + 1 FROM path JOIN message
                ON message.conversation = ?1 AND message.id = path.parent WHERE path.parent < path.id)
            SELECT id FROM path ORDER BY depth DESC""",
            (id, key),
        )
    )


def _write_blobs(connection: sqlite3.Connection, id: str, blobs: Blobs) -> None:
    connection.executemany(statements.INSERT_BLOB, list(blobs.items()))
    connection.executemany(blob_owners.INSERT, [(id, key) for key in blobs])


def _bytes(connection: sqlite3.Connection) -> int:
    return int(
        connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    )
