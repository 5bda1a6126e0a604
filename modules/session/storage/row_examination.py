"""What the rows of a file of conversations say, looked over: messages, blobs, what was frozen, and where one stands."""

import hashlib
import sqlite3
from collections.abc import Iterator

from modules.session.storage import frozen_entries
from modules.session.storage.codec import SQUEEZED, decode_message
from modules.session.storage.conversation_loader import BROKEN, Blobs, repeats_in
from modules.session.storage.file_examination import Finding
from modules.session.storage.packed_text import expanded

SHOWN = 5  # ids that are named
FIX = "parlance doctor --fix makes it right."
PLACEHOLDER = "A note stands in their place; a copy from before an update may still hold them."


def places(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Heads and names of branches that point to no message, and messages that answer a later one."""
    lost = _column(connection, f"SELECT id FROM conversation WHERE {LOST_HEAD}")
    if lost:
        yield Finding(f"{_named(lost)} end at a message that is not there.", FIX, _heads, is_fault=True)
    lost = _column(connection, f"SELECT DISTINCT conversation FROM message WHERE {WRONG_PARENT}")
    if lost:
        yield Finding(f"{_named(lost)} have messages that answer a later one.", FIX, _parents, is_fault=True)
    lost = _column(connection, GAPS)
    if lost:
        yield Finding(f"{_named(lost)} have gaps where messages were.", PLACEHOLDER, is_fault=True)
    lost = _column(connection, f"SELECT DISTINCT conversation FROM branch_name WHERE {LOST_NAME}")
    if lost:
        yield Finding(f"{_named(lost)} have names for branches that are not there.", FIX, _names, is_fault=True)


THERE = "EXISTS (SELECT 1 FROM message WHERE conversation = {of} AND id = {at})"
LOST_HEAD = f"head != 0 AND NOT {THERE.format(of='conversation.id', at='head')}"
WRONG_PARENT = "typeof(parent) != 'integer' OR parent NOT BETWEEN 0 AND id - 1"
LOST_NAME = f"NOT {THERE.format(of='branch_name.conversation', at='branch_name.message')}"
GAPS = "SELECT conversation FROM message WHERE id > 0 GROUP BY conversation HAVING count(*) != max(id)"


def _heads(connection: sqlite3.Connection) -> None:
    newest = "(SELECT coalesce(max(id), 0) FROM message WHERE conversation = conversation.id)"
    connection.execute(f"UPDATE conversation SET head = {newest} WHERE {LOST_HEAD}")


def _parents(connection: sqlite3.Connection) -> None:
    connection.execute(f"UPDATE message SET parent = max(id - 1, 0) WHERE {WRONG_PARENT}")


def _names(connection: sqlite3.Connection) -> None:
    connection.execute(f"DELETE FROM branch_name WHERE {LOST_NAME}")


def blobs(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Long strings whose bytes are not those that their key is the digest of."""
    damaged = 0
    for key, data in connection.execute("SELECT sha256, data FROM blob"):
        try:
            whole = expanded(data) if key.startswith(SQUEEZED) else bytes(data)
            damaged += hashlib.sha256(whole).hexdigest() != key.removeprefix(SQUEEZED)
        except BROKEN:
            damaged += 1
    if damaged:
        yield Finding(f"{damaged} long texts or pictures are not what they were.", PLACEHOLDER, is_fault=True)


def messages(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Messages that do not decode, or whose long strings are gone."""
    if lost := unreadable_messages(connection):
        text = f"{sum(lost.values())} messages of {_named(list(lost))} cannot be read."
        yield Finding(text, PLACEHOLDER, is_fault=True)


def unreadable_messages(connection: sqlite3.Connection) -> dict[str, int]:
    """How many messages of which conversations do not decode."""
    lost: dict[str, int] = {}
    fetch, of = Blobs(connection).fetch, ""
    for id, body, native in connection.execute(
        "SELECT conversation, CAST(body AS BLOB), CAST(native AS BLOB) FROM message ORDER BY conversation, id"
    ):
        if id != of:  # what one conversation holds is enough to keep in memory
            fetch, of = Blobs(connection).fetch, id
        try:
            decode_message(body, native, fetch)
        except BROKEN:
            lost[id] = lost.get(id, 0) + 1
    return lost


def ledgers(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What was sent to whom, where it cannot be read any more."""
    lost: list[tuple[str, str]] = []
    fetch = Blobs(connection).fetch
    rows = connection.execute("SELECT conversation, key, number, last_message FROM ledger").fetchall()
    for id, key, number, last in rows:
        found = frozen_entries.rows(connection, id, key, number)
        try:
            frozen_entries.decoded(found, repeats_in(connection, id), fetch)
            there = "SELECT 1 FROM message WHERE conversation = ? AND id = ?"
            if last and connection.execute(there, (id, last)).fetchone() is None:
                raise LookupError(last)
        except BROKEN:
            lost.append((id, key))
    if lost:
        yield Finding(
            f"What was sent to models in {_named([id for id, _ in lost])} cannot be read any more.",
            "It is made anew with the next request, which costs the provider's cache. --fix removes the rest of it.",
            lambda connection: _without_ledgers(connection, lost),
            is_fault=True,
        )


def _without_ledgers(connection: sqlite3.Connection, lost: list[tuple[str, str]]) -> None:
    for id, key in lost:
        for delete in (frozen_entries.DELETE, frozen_entries.DELETE_TEXTS):
            connection.execute(delete, (id, key, 0))
        connection.execute("UPDATE ledger SET last_message = 0 WHERE conversation = ? AND key = ?", (id, key))


def _column(connection: sqlite3.Connection, question: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(question)]


def _named(ids: list[str]) -> str:
    names = ", ".join(id[:8] for id in ids[:SHOWN])
    word = "conversation" if len(ids) == 1 else "conversations"
    return f"{len(ids)} {word} ({names}{', …' if len(ids) > SHOWN else ''})"
