"""A connection to a file of ours: whatever bytes stand in a damaged one, what fails is an error of SQLite's."""

import sqlite3
from typing import Any


class Connection(sqlite3.Connection):
    """SQLite's own, but for a damaged schema: SQLite quotes its bytes, and Python takes them for text in UTF-8."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As SQLite does. Raises sqlite3.DatabaseError where SQLite has no words that are text."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            damage = sqlite3.DatabaseError("malformed database schema")
            damage.sqlite_errorcode, damage.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
            raise damage from error
