"""From a query to the documents that match, the best first: words before parts of words, titles before messages.

The best are those of BM25, which has to look at every message that matches. Where those are many, the newest come first
instead: that is the order of the index itself, so a common word is found as quickly as a rare one.
"""

import sqlite3
from collections.abc import Callable, Sequence

from msgspec import Struct

from modules.session.search import expression
from modules.session.search.expression import Expression, Reach
from modules.session.search.index_file import minute_of
from modules.session.search.query import Query

RANKED = 1000  # messages at most that are put in order by BM25


class Place(Struct, frozen=True):
    """Where something was found: the number of a conversation in the index, and the message; 0 is its title.

    `by_time` is whether it stands where it does because of when it was said, which is only known to some minutes here.
    """

    conversation: int
    message: int
    score: float
    by_time: bool = False


class Places(Struct, frozen=True):
    """What was found. `whole` is False where a part of a word stands for more words than are looked for."""

    found: tuple[Place, ...]
    newest_first: bool
    whole: bool


def places(connection: sqlite3.Connection, query: Query, limit: int, pieces: Callable[[], Sequence[str]]) -> Places:
    """At most so many places. `pieces` gives the vocabulary, where it is needed."""
    found: dict[tuple[int, int], Place] = {}
    newest_first, whole = False, True
    for reach in Reach if query.wanted else (Reach.WORD,):
        parts = expression.parts(query, pieces()) if reach is Reach.PART else {}
        if not query.of_messages_only:
            wanted = expression.of_titles(query, reach, parts)
            for one in _titles(connection, query, wanted, limit):
                found.setdefault((one.conversation, one.message), one)
            whole = whole and wanted.whole
        if not query.in_title:
            wanted = expression.of_messages(query, reach, parts)
            those, newest = _messages(connection, query, wanted, limit + len(found))
            for one in those:
                found.setdefault((one.conversation, one.message), one)
            newest_first, whole = newest_first or newest, whole and wanted.whole
        if len(found) >= limit:
            break
    return Places(tuple(found.values())[:limit], newest_first, whole)


def _messages(connection: sqlite3.Connection, query: Query, wanted: Expression, limit: int) -> tuple[list[Place], bool]:
    """The messages that match, and whether they are in the order of time."""
    most = max(limit, RANKED)
    rows = connection.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? ORDER BY rowid DESC LIMIT ?",
        (wanted.text, minute_of(query.since), most + 1),
    ).fetchall()
    by_time = len(rows) > RANKED or not query.wanted
    ranked = [(row[0], 0.0) for row in rows[:limit]]
    if not by_time and rows:
        ranked = connection.execute(
            "SELECT rowid, rank FROM words WHERE words MATCH ? AND rowid >= ? ORDER BY rank, rowid DESC LIMIT ?",
            (wanted.text, minute_of(query.since), limit),
        ).fetchall()
    found = []
    for number, rank in ranked:
        row = connection.execute("SELECT conversation, message FROM said WHERE number = ?", (number,)).fetchone()
        if row is not None:
            found.append(Place(row[0], row[1], -rank or 0.0, by_time))
    return found, by_time and bool(rows)


def _titles(connection: sqlite3.Connection, query: Query, wanted: Expression, limit: int) -> list[Place]:
    """The titles that match. First words that stand for one are found as a message, unless titles are asked for."""
    shown = "number IN (SELECT number FROM conversation WHERE updated >= ?1 AND (?2 OR named != ''))"
    given = (query.since, query.in_title)
    if wanted.text:
        rows = connection.execute(
            "SELECT rowid AS number, rank FROM titles"
            f" WHERE titles MATCH ?3 AND {shown} ORDER BY rank, number DESC LIMIT ?4",
            (*given, wanted.text, limit),
        )
    elif query.in_title:
        without = expression.of_unwanted_titles(query)
        rows = connection.execute(
            f"SELECT number, 0.0 FROM conversation WHERE {shown}"
            " AND (?3 = '' OR number NOT IN (SELECT rowid FROM titles WHERE titles MATCH ?3))"
            " ORDER BY updated DESC LIMIT ?4",
            (*given, without, limit),
        )
    else:
        return []
    return [Place(number, 0, -rank or 0.0) for number, rank in rows]
