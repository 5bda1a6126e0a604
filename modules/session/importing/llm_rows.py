"""Rows of llm's tables, whichever version made them: a table or a column that is not there reads as empty."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from modules.llm.parts import Content
from modules.session.importing.content import LOST_PICTURES, attached, left_out
from modules.session.importing.fields import text
from modules.session.importing.imported import Missed

Row = dict[str, Any]
SOURCE = "llm"


class Rows:
    """One file's rows."""

    def __init__(self, connection: sqlite3.Connection, missed: Missed) -> None:
        self.missed = missed
        self._connection = connection
        self._columns: dict[str, list[str]] = {}
        self._indexed: dict[tuple[str, str], bool] = {}
        self._found: dict[tuple[str, str], dict[object, list[int]]] = {}

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none for a view, which could compute for ever."""
        if table not in self._columns:
            kind = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? AND sql NOT LIKE 'CREATE VIRTUAL%'"
            found = self._connection.execute(kind, (table,)).fetchone()
            about = (
                self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall() if found else ()
            )
            self._columns[table] = [str(row[0]) for row in about]
        return self._columns[table]

    def has(self, *tables: str) -> bool:
        return all(self.columns(table) for table in tables)

    def each(self, table: str, where: str = "", value: object = None, order: str = "rowid") -> Iterator[Row]:
        """The rows of a table, those whose column `where` has that value, in the order of a column."""
        columns = self.columns(table)
        if not columns or (where and where not in columns):
            return
        by = f'"{order}", rowid' if order in columns else "rowid"
        if where and not self._is_indexed(table, where):
            for rowid in self._places(table, where, by).get(value, ()):
                yield from self._rows(table, columns, "WHERE rowid = ?", (rowid,))
        elif where:
            yield from self._rows(table, columns, f'WHERE "{where}" = ? ORDER BY {by}', (value,))
        else:
            yield from self._rows(table, columns, f"ORDER BY {by}", ())

    def _rows(self, table: str, columns: list[str], rest: str, values: tuple[object, ...]) -> Iterator[Row]:
        for row in self._connection.execute(f'SELECT * FROM "{table}" {rest}', values):
            yield dict(zip(columns, row, strict=False))

    def _is_indexed(self, table: str, column: str) -> bool:
        if (table, column) not in self._indexed:
            firsts = (
                "SELECT 1 FROM pragma_index_list(?) AS list JOIN pragma_index_info(list.name) AS info"
                " WHERE info.seqno = 0 AND info.name = ? AND NOT list.partial"
            )
            found = self._connection.execute(firsts, (table, column)).fetchone()
            self._indexed[table, column] = found is not None
        return self._indexed[table, column]

    def _places(self, table: str, column: str, by: str) -> dict[object, list[int]]:
        """Which rows a column leads to. llm has no index on most of them, and each would be read once for each row."""
        if (table, column) not in self._found:
            places = self._found[table, column] = {}
            for value, rowid in self._connection.execute(f'SELECT "{column}", rowid FROM "{table}" ORDER BY {by}'):
                places.setdefault(value, []).append(rowid)
        return self._found[table, column]

    def one(self, table: str, where: str, value: object) -> Row:
        """The first of them, an empty one where there is none."""
        return next(self.each(table, where, value), {})

    def attachments(self, table: str, where: str, value: object) -> tuple[Content, ...]:
        """What is attached to a row, by a table that links the two."""
        links = list(self.each(table, where, value, order="order"))
        return tuple(part for link in links for part in self.attachment(link.get("attachment_id")))

    def attachment(self, id: object) -> tuple[Content, ...]:
        """An attachment: its bytes where the file has them. No path that the file names is opened."""
        row = self.one("attachments", "id", id)
        media_type, content = text(row, "type"), row.get("content")
        name = text(row, "path").replace("\\", "/").rpartition("/")[2]
        if isinstance(content, bytes) and content:
            return attached(content, media_type, name, self.missed)
        self.missed.count(LOST_PICTURES)
        return (left_out("file", name or text(row, "url")[:200], "llm kept only where it was"),)

    def fragments(self, table: str, response: object) -> list[str]:
        """The texts that were put before a prompt."""
        links = self.each(table, "response_id", response, order="order")
        return [self.fragment(link.get("fragment_id")) for link in list(links)]

    def fragment(self, id: object) -> str:
        return text(self.one("fragments", "id", id), "content")


def joined(texts: Sequence[str]) -> str:
    return "\n".join(one for one in texts if one)
