"""The logs.db of `llm`: conversations in SQLite, in the tables of either of the two generations that it has."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from modules.session.importing import llm_responses, llm_threads
from modules.session.importing.imported import ImportedConversation, Missed
from modules.session.importing.llm_rows import Rows

NAME, TITLE = "llm", "llm's logs.db"
SECONDS = 5.0  # to wait for another program that writes


def read(path: Path, missed: Missed) -> Iterator[ImportedConversation]:
    """The conversations of a file. Raises sqlite3.Error for one that cannot be read."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS)
    try:
        # Whoever made the file may have put anything into its schema; no function of it runs, and views are not read.
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        rows = Rows(connection, missed)
        yield from llm_threads.conversations(rows)
        yield from llm_responses.conversations(rows)
    finally:
        connection.close()


def is_logs(path: Path) -> bool:
    """Whether an SQLite file has the tables of `llm`. Raises sqlite3.Error where that cannot be seen."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS)
    try:
        rows = Rows(connection, Missed())
        return rows.has("responses") or rows.has("turns", "threads")
    finally:
        connection.close()
