"""Taking conversations out of the index for good: every place of every word of theirs, and words that nobody else said.

FTS5 takes a document out only when it is told all that it put in, and the text is not kept here, or anywhere any more.
So the words are read back from the index itself, in one walk through it: a second for 100,000 messages.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from modules.session.search import vocabulary
from modules.session.search.index_file import note, noted

COLUMNS = ("text", "role", "model")
TABLES_TO_EMPTY = ("titles", "vocabulary", "conversation", "said")


def remove(connection: sqlite3.Connection, conversations: Iterable[int]) -> None:
    """Take these out, by their numbers in the index. To be called inside a transaction.

    What was said is found no more from then on; it is in the file until `put_in_order` has written the index anew.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS leaving (number INTEGER PRIMARY KEY)")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS leaving_said (number INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM leaving")
    connection.execute("DELETE FROM leaving_said")
    connection.executemany("INSERT OR IGNORE INTO leaving VALUES (?)", ((one,) for one in conversations))
    connection.execute(
        "INSERT INTO leaving_said SELECT number FROM said WHERE conversation IN (SELECT number FROM leaving)"
    )
    count = int(connection.execute("SELECT count(*) FROM leaving_said").fetchone()[0])
    if count > int(noted(connection, "indexed")) // 2:  # it is quicker to begin anew
        empty(connection)
        return
    words = _take_messages_out(connection) if count else set()
    for (title,) in connection.execute("SELECT text FROM titles WHERE rowid IN (SELECT number FROM leaving)"):
        words.update(title.split(" "))
    connection.execute("DELETE FROM titles WHERE rowid IN (SELECT number FROM leaving)")
    connection.execute("DELETE FROM said WHERE number IN (SELECT number FROM leaving_said)")
    connection.execute("DELETE FROM conversation WHERE number IN (SELECT number FROM leaving)")
    vocabulary.take_out(connection, words)
    note(connection, "indexed", int(noted(connection, "indexed")) - count)
    note(connection, "disorder", 1)


def empty(connection: sqlite3.Connection) -> None:
    """Take everything out. To be called inside a transaction."""
    connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
    for table in TABLES_TO_EMPTY:
        connection.execute(f"DELETE FROM {table}")
    note(connection, "indexed", 0)
    note(connection, "state", "")
    note(connection, "disorder", 1)


def _take_messages_out(connection: sqlite3.Connection) -> set[str]:
    """Take the documents out that are listed in `leaving_said`, and return their words."""
    connection.execute("CREATE TEMP TABLE leaving_place (number INTEGER, place INTEGER, part TEXT, word TEXT)")
    try:
        connection.execute(
            "INSERT INTO leaving_place SELECT doc, offset, col, term FROM places"
            " WHERE doc IN (SELECT number FROM leaving_said)"
        )
        found = connection.execute("SELECT number, part, word FROM leaving_place ORDER BY number, part, place")
        words: set[str] = set()
        for number, texts in _documents(found):
            connection.execute(
                "INSERT INTO words (words, rowid, text, role, model) VALUES ('delete', ?, ?, ?, ?)",
                (number, *(texts.get(column, "") for column in COLUMNS)),
            )
            words.update(texts.get("text", "").split(" "))
        return words
    finally:
        connection.execute("DROP TABLE leaving_place")


def _documents(rows: Iterable[tuple[int, str, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each document with the words of its columns."""
    for number, places in groupby(rows, itemgetter(0)):
        yield number, {part: " ".join(word for _, _, word in those) for part, those in groupby(places, itemgetter(1))}
