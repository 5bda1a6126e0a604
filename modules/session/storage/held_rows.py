"""Rows that were read, held in memory: their columns in one piece, which takes far less room than a value for each."""

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice

from modules.session.storage.frozen_entries import EntryRow

AT_ONCE = 500  # rows that are values of their own for a moment
DIGEST_BYTES = 32


class HeldMessages:
    """The packed body and native payload of messages by their ids, which may have gaps."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ids = array("q")
        self._ends = array("q", [0])  # of the body and of the payload of each, after where the first begins

    def taken(self, rows: sqlite3.Cursor) -> Iterator[tuple[int, int, bytes, float, int]]:
        """Each row, in the order of the ids: its first four columns, and how many bytes the fifth has.

        The fifth is the body and the sixth the payload: these are held.
        """
        while batch := rows.fetchmany(AT_ONCE):
            columns = [column for row in batch for column in (row[4], row[5] or b"")]
            self._data += b"".join(columns)
            self._ids.extend([row[0] for row in batch])
            self._ends.extend(islice(accumulate(map(len, columns), initial=self._ends[-1]), 1, None))
            for id, parent, role, created, body, _ in batch:
                yield id, parent, role, created, len(body)

    def columns(self, id: int) -> tuple[bytes, bytes | None]:
        """The two columns. Raises LookupError where there is no such row."""
        at = id - 1 if self._ids and self._ids[-1] == len(self._ids) else bisect_left(self._ids, id)
        if not 0 <= at < len(self._ids) or self._ids[at] != id:
            raise LookupError(id)
        start, middle, end = self._ends[2 * at : 2 * at + 3]
        return bytes(self._data[start:middle]), bytes(self._data[middle:end]) or None  # no payload is an empty text


class HeldEntries:
    """The rows of a ledger's entries in their order."""

    def __init__(self, rows: Iterable[EntryRow] = ()) -> None:
        self._usual: list[_Entries] = []
        self._odd: list[EntryRow] = []  # from the first on that is such as an earlier release wrote, or none did
        found, at = iter(rows), 0
        while batch := [*islice(found, AT_ONCE)]:
            if self._odd or not all(map(_is_usual, batch, range(at, at + AT_ONCE))):
                self._odd += batch
            else:
                self._usual.append(_Entries(batch))
            at += len(batch)

    def __iter__(self) -> Iterator[EntryRow]:
        at = 0
        for some in self._usual:
            for row in some:
                yield at, *row
                at += 1
        yield from self._odd


class _Entries:
    """Some rows that are as this release writes them, but for their numbers."""

    def __init__(self, rows: list[EntryRow]) -> None:
        wires = [row[3] for row in rows]
        self._data = b"".join(wires)
        self._ends = array("q", accumulate(map(len, wires)))
        self._digests = b"".join([row[2] for row in rows if isinstance(row[2], bytes)])
        self._has_digest = bytes([row[2] is not None for row in rows])
        self._covers = array("q", [row[1] for row in rows])
        self._message = array("q", [row[4] or 0 for row in rows])

    def __iter__(self) -> Iterator[tuple[int, bytes | None, bytes, int]]:
        start = digest_at = 0
        for end, covers_until, message, has_digest in zip(
            self._ends, self._covers, self._message, self._has_digest, strict=True
        ):
            digest = self._digests[digest_at : digest_at + DIGEST_BYTES] if has_digest else None
            digest_at += DIGEST_BYTES if has_digest else 0
            yield covers_until, digest, self._data[start:end], message
            start = end


def _is_usual(row: EntryRow, at: int) -> bool:
    seq, covers_until, digest, _, message = row
    numbers = seq == at and type(covers_until) is int and type(message) is int
    return numbers and (digest is None or (type(digest) is bytes and len(digest) == DIGEST_BYTES))
