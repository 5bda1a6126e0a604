"""The conversations in a list: what there is to know of each without reading it, and a little more of one."""

import contextlib
import sqlite3
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from modules.llm.events import Usage
from modules.llm.history import Message
from modules.llm.models import Model
from modules.session.counting.prices import Spent
from modules.session.message_tree import words_of
from modules.session.spending import Spending
from modules.session.storage.codec import decode_message
from modules.session.storage.conversation_loader import BROKEN, Blobs, stored_models
from modules.session.storage.packed_text import unpacked

_decoded_usage = msgspec.json.Decoder(Usage).decode
UNTITLED = "(no words)"
SHOWN_CHARS = 400  # of the first and the last words
LATEST_SECONDS = 1e11  # in the year 5138


class Entry(Struct, frozen=True):
    """One conversation of the list. `title` is what it was called, else its first words; `used` puts them in order."""

    id: str
    title: str
    is_named: bool
    created: float
    updated: float
    used: int
    folder: str
    one_shot: bool


class Details(Struct, frozen=True):
    """What is read of a conversation when it is looked at.

    `turns` counts the questions on all branches that were answered; `cost` is in dollars, None where one is unknown.
    """

    turns: int
    messages: int
    models: tuple[str, ...]
    cost: float | None
    first_words: str
    last_words: str


def entries(connection: sqlite3.Connection, *, folder: str | None = None, one_shots: bool = False) -> Iterator[Entry]:
    """The conversations that say something, the one used last first; those of a folder only, where one is given."""
    found = connection.execute(
        "SELECT id, title, first_words, created, updated, used, folder, kind FROM conversation"
        " WHERE EXISTS (SELECT 1 FROM message WHERE conversation = conversation.id)"
        " AND (?1 OR kind = 'chat') AND (?2 IS NULL OR folder = ?2) ORDER BY used DESC",
        (one_shots, folder),
    ).fetchall()
    for id, title, first_words, created, updated, used, where, kind in found:
        name = title or first_words or _first_words(connection, id) or UNTITLED
        times = _time(created), _time(updated)
        yield Entry(id, str(name), bool(title), *times, used, str(where or ""), kind != "chat")


def details(connection: sqlite3.Connection, id: str) -> Details:
    """More of one conversation; what cannot be read counts as nothing."""
    (messages,) = connection.execute("SELECT count(*) FROM message WHERE conversation = ?", (id,)).fetchone()
    head = connection.execute("SELECT head FROM conversation WHERE id = ?", (id,)).fetchone()
    models = stored_models(connection)
    spent = list(_spent(connection, id, models))
    costs = [one.cost for one in spent]
    return Details(
        turns=_turns(connection, id),
        messages=messages,
        models=tuple(dict.fromkeys(one.model.full_name for one in spent)),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        first_words=_first_words(connection, id),
        last_words=_last_words(connection, id, head[0] if head else 0),
    )


def spendings(connection: sqlite3.Connection, since: float = 0.0) -> Iterator[Spending]:
    """What every request took, in all conversations; `since` in seconds since 1970.

    When it was is not known of requests that an earlier release made; the conversation's last change stands for it.
    A conversation that went on as a copy holds the requests of the one before, too: these are given once.
    """
    models = stored_models(connection)
    known: set[tuple[float, int, str]] = set()
    rows = connection.execute(
        "SELECT conversation, title, first_words, updated, spent.model, usage, spent.created FROM spent"
        " JOIN conversation ON conversation.id = spent.conversation"
        " WHERE coalesce(nullif(spent.created, 0), updated) >= ? ORDER BY conversation.created, conversation, seq",
        (since,),
    )
    for id, title, first_words, updated, model, usage, created in rows:
        if created and (request := (created, model, usage)) in known:
            continue
        if created:
            known.add(request)
        with contextlib.suppress(*BROKEN):
            spent = Spent(models[model], _decoded_usage(usage), _time(created or updated))
            yield Spending(spent, id, str(title or first_words or UNTITLED), spent.created)


def _turns(connection: sqlite3.Connection, id: str) -> int:
    """How many questions the tree shows: no way leads to one that failed, and the words of a seam are the program's."""
    rows = connection.execute(
        "SELECT CAST(body AS BLOB) FROM message WHERE conversation = ?1 AND role = 'user' AND (id IN"
        " (SELECT parent FROM message WHERE conversation = ?1) OR id = (SELECT head FROM conversation WHERE id = ?1))",
        (id,),
    )
    return sum(not _is_seam(body) for (body,) in rows)


def _is_seam(body: bytes) -> bool:
    """Whether a stored message `continues`, without decoding all of it: within a text its quotes are escaped."""
    with contextlib.suppress(*BROKEN):
        return b'"continues":true' in unpacked(body)
    return False


def _time(value: object) -> float:
    """A time as it stands in the file; 0 for what no calendar has, as a damaged row may say."""
    return float(value) if isinstance(value, int | float) and 0 <= value < LATEST_SECONDS else 0.0


def _first_words(connection: sqlite3.Connection, id: str) -> str:
    """What the person said first, in one line."""
    row = connection.execute(
        "SELECT CAST(body AS BLOB) FROM message WHERE conversation = ? AND role = 'user' ORDER BY id LIMIT 1", (id,)
    ).fetchone()
    message = None if row is None else _decoded(connection, row[0])
    return "" if message is None else words_of(message)


def _last_words(connection: sqlite3.Connection, id: str, head: int) -> str:
    """The end of the conversation: what was said last on the spoken path."""
    for _ in range(10):  # an answer may end with calls and their results
        row = connection.execute(
            "SELECT parent, CAST(body AS BLOB) FROM message WHERE conversation = ? AND id = ?", (id, head)
        ).fetchone()
        message = None if row is None else _decoded(connection, row[1])
        if message is not None and message.text.strip():
            return message.text.strip()[-SHOWN_CHARS:]
        if row is None:
            break
        head = row[0]
    return ""


def _decoded(connection: sqlite3.Connection, body: bytes) -> Message | None:
    with contextlib.suppress(*BROKEN):
        return decode_message(body, None, Blobs(connection).fetch)
    return None


def _spent(connection: sqlite3.Connection, id: str, models: dict[int, Model]) -> Iterator[Spent]:
    rows = connection.execute("SELECT model, usage, created FROM spent WHERE conversation = ? ORDER BY seq", (id,))
    for model, usage, created in rows:
        with contextlib.suppress(*BROKEN):
            yield Spent(models[model], _decoded_usage(usage), created or 0.0)
