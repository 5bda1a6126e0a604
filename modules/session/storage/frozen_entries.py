"""What a ledger has frozen, as rows: each entry is packed against the message that it repeats.

Most of an entry stands in the message that it is of, or in its native payload. `frozen.message` names that message, and
`packed_entry` is called by SQLite with the very columns that reading will find. Entries of earlier releases are whole
texts in the table `entry`; they stay there, and new ones of the same ledger follow them here.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from modules.llm.ledger.wire_log import WireLog
from modules.llm.message import WireEntry
from modules.session.storage.codec import Fetch, decode_value, entry_repeats
from modules.session.storage.packed_text import packed, unpacked

NO_NUMBER = -1
DIGEST_CHARS = 64  # of a SHA-256 in hex, which a row holds as 32 bytes
DELETE_TEXTS = "DELETE FROM entry WHERE conversation = ? AND key = ? AND seq >= ?"
DELETE = """DELETE FROM frozen WHERE
    ledger = (SELECT number FROM ledger WHERE conversation = ? AND key = ?) AND seq >= ?"""
INSERT = """INSERT INTO frozen (ledger, seq, covers_until, message, digest, wire)
    SELECT ledger.number, ?, ?, message.id, ?,
    packed_entry(?, CAST(message.body AS BLOB), CAST(message.native AS BLOB))
    FROM ledger LEFT JOIN message ON message.conversation = ledger.conversation AND message.id = ?
    WHERE ledger.conversation = ? AND ledger.key = ?"""

EntryRow = tuple[int, int, str | bytes | None, bytes, int | None]
Repeats = Callable[[int | None], tuple[bytes, ...]]  # a message's id to the texts that its entries are packed against


def add_functions(connection: sqlite3.Connection) -> None:
    """Let the connection write entries."""
    connection.create_function("packed_entry", 3, _packed_entry, deterministic=True)


def insertion(
    id: str, key: str, seq: int, covers_until: int, digest: str | None, wire: str, path: tuple[int, ...]
) -> tuple[str, tuple[Any, ...]]:
    """The statement that writes one entry; `path` holds the ids of the messages that the ledger covers."""
    message = path[covers_until - 1] if 0 < covers_until <= len(path) else 0
    return INSERT, (seq, covers_until, _short(digest), wire.encode(), message, id, key)


def rows(connection: sqlite3.Connection, id: str, key: str, number: int | None) -> Iterable[EntryRow]:
    """A ledger's entries in both tables, in their order, as they stand there."""
    return connection.execute(
        "SELECT seq, covers_until, digest, CAST(wire AS BLOB), NULL FROM entry WHERE conversation = ? AND key = ?"
        " UNION ALL SELECT seq, covers_until, digest, CAST(wire AS BLOB), message FROM frozen WHERE ledger = ?"
        " ORDER BY seq",
        (id, key, NO_NUMBER if number is None else number),
    )


def decoded(found: Iterable[EntryRow], repeats: Repeats, fetch: Fetch) -> tuple[WireLog, list[str]]:
    """The entries and their digests. Raises LookupError where one is missing, and ValueError for what is damaged."""
    entries = WireLog()
    digests: list[str] = []
    for seq, covers_until, digest, wire, message in found:
        value = decode_value(unpacked(wire, *repeats(message)), fetch)
        if seq != len(entries) or not isinstance(value, dict) or not isinstance(covers_until, int):
            raise LookupError(seq)
        entries.append(WireEntry(value, covers_until))
        if digest is not None:
            digests.append(digest if isinstance(digest, str) else digest.hex())
    if digests and len(digests) != len(entries):
        raise LookupError(len(digests))
    return entries, digests


def repeats_of(body: bytes | None, native: bytes | None) -> tuple[bytes, ...]:
    """The texts of a message's columns; none where they cannot be read, which they cannot at both times."""
    try:
        return () if body is None else entry_repeats(body, native)
    except ValueError:
        return ()


def _packed_entry(wire: bytes, body: bytes | None, native: bytes | None) -> bytes:
    return packed(wire, *repeats_of(body, native))


def _short(digest: str | None) -> str | bytes | None:
    if digest is not None and len(digest) == DIGEST_CHARS:
        short = bytes.fromhex(digest)
        return short if short.hex() == digest else digest
    return digest
