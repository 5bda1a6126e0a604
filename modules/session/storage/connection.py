"""A connection to a file of ours: whatever bytes stand in a damaged one, what fails is an error of SQLite's."""

import sqlite3
from typing import Any


class Connection(sqlite3.Connection):
    """SQLite's own, but for bytes that are no text: one damaged title must not keep the whole list from being read."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.text_factory = lambda text: text.decode(errors="replace")

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As SQLite does; of a damaged schema it quotes the bytes, which Python would take for UTF-8."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            damage = sqlite3.DatabaseError("malformed database schema")
            damage.sqlite_errorcode, damage.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
            raise damage from error
