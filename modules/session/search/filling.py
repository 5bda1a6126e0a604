"""Bringing the index up to date, in small steps that each are whole: killed in between, the next program goes on."""

import sqlite3
from collections.abc import Iterable, Iterator

from msgspec import Struct

from modules.session.message_tree import words_of as first_words_of
from modules.session.search import vocabulary
from modules.session.search.conversations_file import ConversationsFile, Row, Spoken
from modules.session.search.folding import words_of
from modules.session.search.index_file import (
    SMALL_BYTES,
    minute_of,
    note,
    noted,
    put_in_order,
    size_bytes,
    transaction,
)
from modules.session.search.removal import remove
from modules.session.search.said import said, speaker
from modules.session.search.vocabulary import Known

STEP_MESSAGES, STEP_WORDS = 400, 100_000  # of one step; some 50 ms
UNFINISHED = -1
ORDERED_AFTER = 2000  # messages, added at one time


class Progress(Struct, frozen=True):
    """How many messages are indexed, of how many there are, and whether that is all that there is to do."""

    indexed: int
    total: int
    done: bool = False


class _Document(Struct, frozen=True):
    """A message as it is indexed: the minute that it was said in, where it is, and its words."""

    minute: int
    conversation: int
    message: int
    role: str
    words: list[str]
    model: list[str]


def fill(connection: sqlite3.Connection, file: ConversationsFile, *, thorough: bool) -> Iterator[Progress]:
    """Index what is new and take out what is gone, a step each time; at its end the index says what the file says.

    Another program may fill the same index: each step is one transaction, which looks at what is there. `thorough` is
    whether a large index is put in order as well, which takes seconds.
    """
    known = Known()
    version, added = 0, 0
    while (state := file.state()) != noted(connection, "state"):
        with transaction(connection):
            waiting = _changed(connection, file)[::-1]
            note(connection, "total", file.count())
            if not waiting:
                note(connection, "state", state)
        while waiting:
            with transaction(connection):
                if version != (version := _version(connection)):
                    known.clear()  # another program may have taken words out
                added += _step(connection, file, waiting, known)
            yield progress(connection)
    if added > ORDERED_AFTER:
        note(connection, "disorder", 1)
    if noted(connection, "disorder") and (thorough or size_bytes(connection) <= SMALL_BYTES):
        put_in_order(connection)
    yield progress(connection, done=True)


def progress(connection: sqlite3.Connection, *, done: bool = False) -> Progress:
    """How far the index has come."""
    indexed = int(noted(connection, "indexed"))
    return Progress(indexed, max(indexed, int(noted(connection, "total"))), done)


def _version(connection: sqlite3.Connection) -> int:
    """A number that is another one when another program has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _changed(connection: sqlite3.Connection, file: ConversationsFile) -> list[Spoken]:
    """The conversations that are not indexed as they are now, the one used last first; those that are gone go."""
    indexed = {
        id: state for id, *state in connection.execute("SELECT id, used, updated, named FROM conversation").fetchall()
    }
    there = file.conversations()
    if gone := indexed.keys() - {one.id for one in there}:
        remove(connection, numbers_of(connection, gone))
        if not noted(connection, "indexed"):
            return there
    return [one for one in there if indexed.get(one.id) != [one.used, one.updated, one.title]]


def numbers_of(connection: sqlite3.Connection, ids: Iterable[str]) -> list[int]:
    """The numbers that conversations have in the index, of those that are in it."""
    found = (connection.execute("SELECT number FROM conversation WHERE id = ?", (id,)).fetchone() for id in ids)
    return [int(row[0]) for row in found if row is not None]


def _step(connection: sqlite3.Connection, file: ConversationsFile, waiting: list[Spoken], known: Known) -> int:
    """Index some messages of those that are waiting, the last first; whoever is done leaves. Gives how many."""
    documents: list[_Document] = []
    titles: list[tuple[int, list[str]]] = []
    size = 0
    while waiting and len(documents) < STEP_MESSAGES and size < STEP_WORDS:
        one = waiting[-1]
        number, until, first_words = _entry(connection, file, one)
        used = one.used
        for row in file.messages(one.id, until):
            if len(documents) >= STEP_MESSAGES or size >= STEP_WORDS:
                used = UNFINISHED
                break
            first_words = first_words or (first_words_of(row.message) if row.message is not None else "")
            documents.append(_document(number, row))
            until, size = row.id, size + len(documents[-1].words)
        else:
            waiting.pop()
        connection.execute(
            "UPDATE conversation SET used = ?, until = ?, named = ?, first_words = ?, updated = ? WHERE number = ?",
            (used, until, one.title, first_words, one.updated, number),
        )
        titles.append((number, words_of(one.title or first_words)))
    vocabulary.add(connection, known.take_new(connection, _words(documents, titles)))
    _insert(connection, documents)
    for number, words in titles:
        connection.execute("DELETE FROM titles WHERE rowid = ?", (number,))
        connection.execute("INSERT INTO titles (rowid, text) VALUES (?, ?)", (number, " ".join(words)))
    note(connection, "indexed", int(noted(connection, "indexed")) + len(documents))
    return len(documents)


def _words(documents: list[_Document], titles: list[tuple[int, list[str]]]) -> set[str]:
    words = {word for _, title in titles for word in title}
    return words.union(*(document.words for document in documents))


def _entry(connection: sqlite3.Connection, file: ConversationsFile, one: Spoken) -> tuple[int, int, str]:
    """A conversation's number in the index, the last message of it that is there, and its first words."""
    asked = "SELECT number, until, first_words FROM conversation WHERE id = ?"
    row = connection.execute(asked, (one.id,)).fetchone()
    if row is not None and row[1] > file.newest(one.id):  # it was written anew, and is another one
        remove(connection, [row[0]])
        row = None
    if row is None:
        connection.execute(
            "INSERT INTO conversation (id, used, until, named, first_words, updated) VALUES (?, ?, 0, '', '', 0)",
            (one.id, UNFINISHED),
        )
        row = connection.execute(asked, (one.id,)).fetchone()
    number, until, first_words = row
    return int(number), int(until), str(first_words)


def _document(conversation: int, row: Row) -> _Document:
    if row.message is None:  # it cannot be read, so it says nothing
        return _Document(minute_of(row.created), conversation, row.id, row.role, [], [])
    words, model = words_of(said(row.message)), words_of(speaker(row.message))
    return _Document(minute_of(row.created), conversation, row.id, row.role, words, model)


def _insert(connection: sqlite3.Connection, documents: list[_Document]) -> None:
    # In the order of their numbers: FTS5 begins a new piece of its index where one is lower than the one before.
    numbered = []
    for document in sorted(documents, key=lambda one: (one.minute, one.conversation, one.message)):
        number = _free_number(connection, document.minute)
        connection.execute("INSERT INTO said VALUES (?, ?, ?)", (number, document.conversation, document.message))
        numbered.append((number, " ".join(document.words), document.role, " ".join(document.model)))
    numbered.sort(key=lambda row: row[0])
    connection.executemany("INSERT INTO words (rowid, text, role, model) VALUES (?, ?, ?, ?)", numbered)


def _free_number(connection: sqlite3.Connection, minute: int) -> int:
    """The number for a message of this minute: itself, or else one that is free behind it, found by halving."""

    def is_taken(number: int) -> bool:
        return connection.execute("SELECT 1 FROM said WHERE number = ?", (number,)).fetchone() is not None

    if not is_taken(minute):
        return minute
    step = 1
    while is_taken(minute + step):
        step *= 2
    taken, free = minute + step // 2, minute + step
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if is_taken(middle) else (taken, middle)
    return free
