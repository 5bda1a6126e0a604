"""Every word of the index once, so that a part of a word leads to the words that it is a part of.

A text is searched for a part quicker than a table, and is smaller than an index of parts: 130,000 words take 1.4 MB and
a millisecond.
"""

import sqlite3
from collections.abc import Collection, Iterable

from modules.session.search.index_file import note, noted

FEW = 1000  # words that are looked up one by one
PIECE_CHARS = 32_000  # of a row; the last one is written again as it grows


class Known:
    """Words that are in the vocabulary, as far as this program knows: few are looked up, for many all of it is read."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._is_whole = False

    def clear(self) -> None:
        """Another program may have taken words out."""
        self._words = set()
        self._is_whole = False

    def take_new(self, connection: sqlite3.Connection, words: set[str]) -> list[str]:
        """Those that are not in it; they are known from now on. To be asked before the documents with them go in."""
        new = words - self._words
        if len(new) > FEW and not self._is_whole:
            for text in read(connection):  # in pieces: nothing else of the program runs during one of these calls
                self._words.update(text.split("\n"))
            self._is_whole = True
            new -= self._words
        if not self._is_whole:
            new = {word for word in new if not _is_indexed(connection, word)}
        self._words |= words
        return list(new)


def add(connection: sqlite3.Connection, new: list[str]) -> None:
    """Take in words that are not there yet. To be called inside a transaction."""
    if not new:
        return
    note(connection, "vocabulary", int(noted(connection, "vocabulary")) + 1)
    row = connection.execute("SELECT number, words FROM vocabulary ORDER BY number DESC LIMIT 1").fetchone()
    number, text = row or (1, "\n")
    at = 0
    while at < len(new):
        pieces, length = [text], len(text)
        while at < len(new) and length < PIECE_CHARS:
            pieces.append(f"{new[at]}\n")
            length += len(new[at]) + 1
            at += 1
        connection.execute("INSERT OR REPLACE INTO vocabulary VALUES (?, ?)", (number, "".join(pieces)))
        number, text = number + 1, "\n"


def take_out(connection: sqlite3.Connection, words: Collection[str]) -> None:
    """Forget words that are in no document any more, of those given. To be called inside a transaction."""
    gone = {word for word in words if not _is_indexed(connection, word)}
    if not gone:
        return
    note(connection, "vocabulary", int(noted(connection, "vocabulary")) + 1)
    for number, text in connection.execute("SELECT number, words FROM vocabulary").fetchall():
        kept = [word for word in text.split("\n") if word not in gone]
        if len(kept) < text.count("\n") + 1:
            connection.execute("UPDATE vocabulary SET words = ? WHERE number = ?", ("\n".join(kept), number))


def read(connection: sqlite3.Connection) -> list[str]:
    """All pieces; each begins and ends with a line feed."""
    return [row[0] for row in connection.execute("SELECT words FROM vocabulary ORDER BY number")]


def containing(pieces: Iterable[str], part: str, most: int) -> tuple[list[str], bool]:
    """The words that hold this part behind their beginning, shortest first, and whether those are all of them."""
    found: list[str] = []
    for text in pieces:
        at = text.find(part)
        while at >= 0:
            start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            if not text.startswith(part, start):  # a word that begins so is found in another way
                found.append(text[start:end])
            at = text.find(part, end)
    if len(found) > most:
        found.sort(key=len)
    return found[:most], len(found) <= most


def _is_indexed(connection: sqlite3.Connection, word: str) -> bool:
    return any(
        connection.execute(f"SELECT 1 FROM {terms} WHERE term = ? LIMIT 1", (word,)).fetchone()
        for terms in ("terms", "title_terms")
    )
