"""Which conversations would go so that the file is smaller or holds nothing old, and how many bytes that gives back."""

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

# Bytes of the rows, each blob for the conversation that alone holds it. Of plain text `length` counts characters, which
# is near enough.
SIZES = """
    SELECT conversation, sum(size) FROM (
        SELECT conversation, length(body) + coalesce(length(native), 0) + 60 AS size FROM message
        UNION ALL SELECT conversation, length(wire) + length(key) * 2 + 120 FROM entry
        UNION ALL SELECT ledger.conversation, length(frozen.wire) + 45
            FROM frozen JOIN ledger ON ledger.number = frozen.ledger
        UNION ALL SELECT conversation, length(usage) + 60 FROM spent
        UNION ALL SELECT min(blob_owner.conversation), length(blob.data) + 300
            FROM blob_owner JOIN blob ON blob.sha256 = blob_owner.blob GROUP BY blob.sha256 HAVING count(*) = 1
    ) GROUP BY conversation"""


class Prunable(Struct, frozen=True):
    """A conversation as it would go: `title` may be "", `updated` is in seconds since 1970, `size` about its bytes."""

    id: str
    title: str
    updated: float
    one_shot: bool
    size: int


class Plan(Struct, frozen=True):
    """What would go, in that order, and about how many bytes of the file that is."""

    conversations: tuple[Prunable, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.conversations)

    @property
    def size(self) -> int:
        return sum(one.size for one in self.conversations)


def plan(connection: sqlite3.Connection, *, used_before: float | None = None, bytes_kept: int | None = None) -> Plan:
    """The conversations last used before a time (seconds since 1970), and those to go so that so many bytes are left.

    For the bytes, single questions of -p go first, then what was used longest ago; the one used last always stays.
    """
    found = _oldest_first(connection)
    gone = {one.id: one for one in found if used_before is not None and one.updated < used_before}
    if bytes_kept is not None:
        gone |= _down_to(bytes_kept, [one for one in found if one.id not in gone])
    return Plan(tuple(gone.values()))


def _oldest_first(connection: sqlite3.Connection) -> list[Prunable]:
    sizes = dict(connection.execute(SIZES))
    rows = connection.execute("SELECT id, title, first_words, updated, kind FROM conversation ORDER BY used")
    return [
        Prunable(id, str(title or words or ""), updated, kind == "one-shot", int(sizes.get(id) or 0))
        for id, title, words, updated, kind in rows
    ]


def _down_to(bytes_kept: int, found: Iterable[Prunable]) -> dict[str, Prunable]:
    staying = list(found)
    left = sum(one.size for one in staying)
    gone: dict[str, Prunable] = {}
    for one in sorted(staying[:-1], key=lambda one: not one.one_shot):
        if left <= bytes_kept:
            break
        gone[one.id] = one
        left -= one.size
    return gone
