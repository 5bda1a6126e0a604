"""Rows that were read out of a damaged file made into conversations again, and such conversations taken over."""

import contextlib
import sqlite3
from pathlib import Path

from modules.session.storage import examination, row_examination
from modules.session.storage.frozen_entries import add_functions

LOST_MODEL = """INSERT OR IGNORE INTO model (id, json)
    SELECT model, '{"lost":' || model || '}' FROM conversation WHERE model NOT IN (SELECT id FROM model)"""
# What was said without a word about where it belongs; the times of its messages are all that is known of it.
LOST_CONVERSATION = """INSERT INTO conversation (id, created, updated, used, head, model, system)
    SELECT conversation, min(created), max(created),
        (SELECT coalesce(max(used), 0) FROM conversation) + row_number() OVER (ORDER BY max(created)),
        max(id), (SELECT min(id) FROM model), ''
    FROM message WHERE conversation NOT IN (SELECT id FROM conversation) GROUP BY conversation"""
COPIED = ("message", "growing", "declared", "branch_name", "imported", "blob_owner", "view")


def mend(connection: sqlite3.Connection) -> None:
    """Let every row belong to a conversation, and every conversation to a model; what nobody can read any more goes."""
    connection.execute("INSERT INTO model (id, json) SELECT 1, '{\"lost\":1}' WHERE NOT EXISTS (SELECT 1 FROM model)")
    connection.execute(LOST_CONVERSATION)
    connection.execute(LOST_MODEL)
    connection.execute("UPDATE conversation SET previous = NULL WHERE previous NOT IN (SELECT id FROM model)")
    for check in (examination.orphans, row_examination.places, row_examination.ledgers):
        for finding in list(check(connection)):
            if finding.fix is not None:
                finding.fix(connection)


def missing_messages(connection: sqlite3.Connection) -> int:
    """How many messages there were that are not there: what numbers, heads and ledgers tell. To be asked before `mend`.

    Of conversations of which nothing tells any more, nothing is known.
    """
    known = """SELECT conversation, id FROM message WHERE id > 0 UNION ALL SELECT id, head FROM conversation
        UNION ALL SELECT conversation, last_message FROM ledger"""
    there = "(SELECT count(*) FROM message WHERE conversation = known.conversation AND id > 0)"
    newest = f"SELECT conversation, max(id) AS newest FROM ({known}) GROUP BY conversation"
    return int(connection.execute(f"SELECT coalesce(sum(newest - {there}), 0) FROM ({newest}) AS known").fetchone()[0])


def take_over(connection: sqlite3.Connection, salvaged: Path) -> int:
    """Copy the conversations of a salvaged file that this one does not have, each in a transaction; gives how many."""
    connection.execute("ATTACH ? AS salvaged", (str(salvaged),))
    try:
        missing = "SELECT id FROM salvaged.conversation EXCEPT SELECT id FROM main.conversation"
        return sum(_taken_over(connection, id) for (id,) in connection.execute(missing).fetchall())
    finally:
        connection.execute("DETACH salvaged")


def _taken_over(connection: sqlite3.Connection, id: str) -> bool:
    add_functions(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT OR IGNORE INTO main.model (json) SELECT json FROM salvaged.model")
        columns = _columns(connection, "conversation")
        mapped = [_model(one) if one in ("model", "previous") else one for one in columns]
        mapped[columns.index("used")] = "(SELECT coalesce(max(used), 0) + 1 FROM main.conversation)"
        connection.execute(
            f"INSERT INTO main.conversation ({', '.join(columns)})"
            f" SELECT {', '.join(mapped)} FROM salvaged.conversation AS c WHERE id = ?",
            (id,),
        )
        held = "SELECT blob FROM salvaged.blob_owner WHERE conversation = ?"
        noted = connection.execute(f"{held} AND blob = ''", (id,)).fetchone() is not None
        blobs = "INSERT OR IGNORE INTO main.blob SELECT * FROM salvaged.blob"
        connection.execute(*((f"{blobs} WHERE sha256 IN ({held})", (id,)) if noted else (blobs,)))
        for table in COPIED:
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM salvaged.{table} WHERE conversation = ?", (id,))
        columns = _columns(connection, "spent")
        mapped = [_model(one) if one == "model" else one for one in columns]
        connection.execute(
            f"INSERT INTO main.spent ({', '.join(columns)})"
            f" SELECT {', '.join(mapped)} FROM salvaged.spent AS c WHERE conversation = ?",
            (id,),
        )
        _ledgers(connection, id)
        connection.execute("COMMIT")
    except sqlite3.IntegrityError:  # it was imported, and the same was imported again since
        connection.execute("ROLLBACK")
        return False
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return True


def _ledgers(connection: sqlite3.Connection, id: str) -> None:
    columns = [one for one in _columns(connection, "ledger") if one != "number"]
    for (number,) in connection.execute(
        "SELECT number FROM salvaged.ledger WHERE conversation = ? AND number NOT NULL", (id,)
    ).fetchall():
        new = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM main.ledger").fetchone()[0]
        connection.execute(
            f"INSERT INTO main.ledger ({', '.join(columns)}, number)"
            f" SELECT {', '.join(columns)}, ? FROM salvaged.ledger WHERE number = ?",
            (new, number),
        )
        connection.execute(
            "INSERT INTO main.frozen SELECT ?, seq, covers_until, message, digest, wire FROM salvaged.frozen"
            " WHERE ledger = ?",
            (new, number),
        )
    connection.execute(
        f"INSERT INTO main.ledger ({', '.join(columns)})"
        f" SELECT {', '.join(columns)} FROM salvaged.ledger WHERE conversation = ? AND number IS NULL",
        (id,),
    )
    connection.execute("INSERT INTO main.entry SELECT * FROM salvaged.entry WHERE conversation = ?", (id,))


def _model(column: str) -> str:
    return f"(SELECT id FROM main.model WHERE json = (SELECT json FROM salvaged.model WHERE id = c.{column}))"


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA main.table_info({table})")]
