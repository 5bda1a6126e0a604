"""Search: everything that was ever said, found by words; an index beside the conversations, filled in the background.

All of it blocks and belongs in a thread: `catch_up` for seconds where an index is made, `find` for milliseconds.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from modules.errors import FileProblem
from modules.session.search import vocabulary
from modules.session.search.conversations_file import ConversationsFile, reading
from modules.session.search.filling import fill, numbers_of, progress
from modules.session.search.finding import Place, places
from modules.session.search.index_file import (
    SMALL_BYTES,
    Busy,
    Damaged,
    delete,
    note,
    noted,
    put_in_order,
    searching,
    size_bytes,
    transaction,
    writing,
)
from modules.session.search.query import Query, parse
from modules.session.search.removal import remove
from modules.session.search.said import said, speaker
from modules.session.search.snippet import Mark, snippet

if TYPE_CHECKING:
    from sqlite3 import Connection

T = TypeVar("T")
FILE = "search.db"
LIMIT = 20
HELD_SECONDS = 0.05  # between two tries while another program fills the index
FORGET_SECONDS = 30.0  # for which another program that fills the index is waited for
FOREVER = float("inf")


class Hit(Struct, frozen=True):
    """Something that was found. `message` counts within its conversation and is 0 for a title, whose `role` is "title".

    `when` is in seconds since 1970, 0 where it is not known; `model` is "" where no model said it. `marks` are places
    in `snippet`. All of its text is as it was said: it is cleaned by whoever shows it.
    """

    conversation: str
    message: int
    when: float
    role: str
    model: str
    title: str
    snippet: str
    marks: tuple[Mark, ...]
    score: float


class Found(Struct, frozen=True):
    """What was found in the `indexed` of `total` messages.

    `newest_first` is whether so many match that they are in the order of time, not of rank. `whole` is False where a
    part of a word stands for more words than are looked for.
    """

    hits: tuple[Hit, ...]
    indexed: int
    total: int
    newest_first: bool = False
    whole: bool = True


class Search:
    """The search through one file of conversations. That file is only read."""

    def __init__(self, conversations: Path, index: Path) -> None:
        self._conversations = conversations
        self._index = index
        self._vocabulary: tuple[int | str, list[str]] = (0, [])  # as it was read last

    @staticmethod
    def check(typed: str) -> None:
        """Raise UsageError, as `find` does, for what cannot be searched for; at once, before an index is made."""
        parse(typed)

    def catch_up(
        self,
        say: Callable[[int, int], object] = lambda indexed, total: None,
        *,
        seconds: float = FOREVER,
        pause: float = 0.0,
        stop: threading.Event | None = None,
        thorough: bool = False,
    ) -> bool:
        """Bring the index up to date, and say whether it is; where the seconds are over it stays as far as it came.

        `say` is told how many messages are indexed, of how many. `pause` is a rest between two steps, in seconds, for
        whoever types meanwhile; `stop` ends it early. `thorough` puts a large index in order as well, which takes
        seconds: for whoever nobody waits for. While another program fills the index, that one is waited for.
        Raises FileProblem where a file cannot be used, ConfigError for the conversations of a newer release.
        """
        stop, until = stop or threading.Event(), time.monotonic() + seconds

        def fill_up() -> bool:
            with reading(self._conversations) as file:
                if file is None:
                    delete(self._index)
                    return True
                with writing(self._index) as connection:
                    for step in fill(connection, file, thorough=thorough):
                        say(step.indexed, step.total)
                        if not step.done and (time.monotonic() >= until or stop.wait(pause)):
                            return False
            return True

        return self._tried(fill_up, until, stop) or False

    def find(self, typed: str, limit: int = LIMIT) -> Found:
        """What matches, the best first, in what is indexed by now.

        Raises UsageError for a filter that there is not, else as `catch_up`.
        """
        query = parse(typed)

        def look() -> Found:
            with reading(self._conversations) as file:
                if file is None:
                    return Found((), 0, 0)
                with searching(self._index) as connection:
                    if connection is None:
                        return Found((), 0, file.count())
                    more = limit * 2 if query.since else limit  # some may turn out to be a little older
                    there = places(connection, query, more, lambda: self._words(connection))
                    hits = _hits(connection, file, query, there.found)
                    known = progress(connection)
                    return Found(tuple(hits)[:limit], known.indexed, known.total, there.newest_first, there.whole)

        return self._tried(look, time.monotonic() + HELD_SECONDS) or Found((), 0, 0)

    def forget(self, conversations: Iterable[str]) -> None:
        """Take conversations out for good, before they are deleted or after it. Raises FileProblem where it cannot be.

        They are found no more from then on. Their words are out of the file too, at once, or where the index is large
        when it is brought up to date the next time.
        """
        ids = list(conversations)

        def take_out() -> bool:
            with writing(self._index) as connection:
                with transaction(connection):
                    remove(connection, numbers_of(connection, ids))
                    note(connection, "state", "")
                if size_bytes(connection) <= SMALL_BYTES:
                    put_in_order(connection)
            return True

        if self._index.exists() and not self._tried(take_out, time.monotonic() + FORGET_SECONDS):
            raise FileProblem(f"{self._index} is in use.", cure="Close the other program, and try again.")

    def _words(self, connection: "Connection") -> list[str]:
        """The vocabulary, read again where it has changed."""
        edition = noted(connection, "vocabulary")
        if self._vocabulary[0] != edition:
            self._vocabulary = edition, vocabulary.read(connection)
        return self._vocabulary[1]

    def _tried(self, work: Callable[[], T], until: float, stop: threading.Event | None = None) -> T | None:
        """What it gives; None where another program has the index for longer than that. A damaged one is made anew."""
        damaged = False
        while True:
            try:
                return work()
            except Busy:
                if time.monotonic() >= until or (stop is not None and stop.is_set()):
                    return None
                time.sleep(HELD_SECONDS)
            except Damaged as error:
                if damaged:
                    raise FileProblem(f"{self._index} is damaged again and again.", cure="Check the disk.") from error
                damaged = True


def _hits(connection: "Connection", file: ConversationsFile, query: Query, found: Iterable[Place]) -> Iterator[Hit]:
    """The hits at these places, those in the order of time exactly so."""
    for by_time, those in groupby(found, attrgetter("by_time")):
        hits = [hit for place in those if (hit := _hit(connection, file, query, place)) and hit.when >= query.since]
        yield from sorted(hits, key=attrgetter("when"), reverse=True) if by_time else hits


def _hit(connection: "Connection", file: ConversationsFile, query: Query, place: Place) -> Hit | None:
    """The message as the conversations have it; None where it is gone by now."""
    id, named, first_words, updated = connection.execute(
        "SELECT id, named, first_words, updated FROM conversation WHERE number = ?", (place.conversation,)
    ).fetchone()
    title = named or first_words
    if not place.message:
        text, marks = snippet(title, query.wanted)
        return Hit(id, 0, updated, "title", "", title, text, marks, place.score)
    row = file.message(id, place.message)
    if row is None or row.message is None:
        return None
    text, marks = snippet(said(row.message), query.wanted)
    return Hit(id, row.id, row.created, row.role, speaker(row.message), title, text, marks, place.score)
