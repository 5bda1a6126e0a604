"""The thread that writes: changes in the order they came, many in one transaction, and again where the file failed."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue

from modules.errors import ConfigError
from modules.session.storage import database
from modules.session.storage.file_identity import Seen
from modules.session.storage.location import LEAVING_SECONDS, Locks
from modules.session.storage.statements import Change, Statement

AGAIN_SECONDS = 0.5  # until what could not be written is tried again, if nothing is said before
HANGS_SECONDS = 3.0  # from which on a disk is not waited for any more
HELD_SECONDS = 5.0  # from which on another program that has the file is worth a word

Item = Change | Callable[[], None] | None


class Writer:
    """Writes to one file. `say` is called, from the thread, with what a person should know.

    `trouble` says why nothing is written at present; given at the start, it is what a person knows already.
    `lost` counts the files that went away below us: what was written before is not in the present one, and has to be
    put again, whole.
    """

    def __init__(self, path: Path, locks: Locks, say: Callable[[str], None], trouble: str | None) -> None:
        self.trouble = trouble
        self.lost = 0
        self._path = path
        self._locks = locks
        self._say = say
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._pending: list[tuple[Change, Iterable[Statement]]] = []
        self._connection: sqlite3.Connection | None = None
        self._seen = Seen(path)
        self._held_since: float | None = None
        self._deadline = 0.0
        self._refused = 0  # tries in a row that the rows themselves did not let be
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def put(self, item: Change | Callable[[], None]) -> None:
        """Write a change; or call this when all that was put before has been written, or could not be."""
        self._queue.put(item)

    async def reached(self) -> bool:
        """Wait until all that was put has been written or tried; False where a disk does not answer."""
        loop = asyncio.get_running_loop()
        there = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(there.set)

        self.put(wake)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(there.wait(), HANGS_SECONDS)
        return there.is_set()

    @property
    def held(self) -> bool:
        """Whether another program has the file, and what is to be written waits for that."""
        return self._held_since is not None

    def close(self, patience: float = LEAVING_SECONDS) -> bool:
        """Write what is left; whether all of it is on the disk. Another program is waited for as long as that."""
        self._deadline = time.monotonic() + patience
        self._queue.put(None)
        self._thread.join(patience + LEAVING_SECONDS)
        return not self._thread.is_alive() and not self._pending

    def _run(self) -> None:
        leaving = False
        while not leaving:
            items = self._next()
            leaving = None in items
            for item in items:
                if isinstance(item, Change):
                    self._take(item)
            if self._pending:
                self._attempt()
            for item in items:
                if item is not None and not isinstance(item, Change):
                    item()
        while self.held and time.monotonic() < self._deadline:
            self._attempt()
        self._disconnect()

    def _next(self) -> list[Item]:
        """All that has been put; nothing, when it is time to try once more."""
        items: list[Item] = []
        with contextlib.suppress(Empty):
            items.append(self._queue.get(timeout=AGAIN_SECONDS if self._pending else None))
            while True:
                items.append(self._queue.get_nowait())
        return items

    def _take(self, change: Change) -> None:
        """Encode outside of the transaction, which is to be short; what is too much for memory is encoded in it."""
        try:
            statements = change.make()
        except Exception as error:  # a fault of ours must not end the thread, for which a turn would wait
            self._fail(f"{type(error).__name__}: {error}")
            return
        if change.growing and self._pending:
            last = self._pending[-1][0]
            if last.growing and last.conversation == change.conversation:
                self._pending.pop()
        self._pending.append((change, statements))

    def _attempt(self) -> None:
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            for change, statements in self._pending:
                if not change.of_another:
                    self._locks.take(change.conversation)
                for sql, values in statements:
                    connection.execute(sql, values)
            connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:  # rows that these belong to went with a file that was lost
            self._begin_again("")
            self._refused += 1
            if self._refused > 1:  # all of it was put again, and that was not the reason
                self._fail(str(error))
        except sqlite3.Error as error:
            self._undo(error)
        except OSError as error:
            self._fail(database.reason(error))
        except ConfigError as error:
            self._pending.clear()
            self._fail(str(error))
        else:
            self._pending.clear()
            self._seen.look()
            self.trouble = self._held_since = None
            self._refused = 0

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._seen.is_another():
            self._begin_again(f"{self._path} was removed or replaced; the conversation is written to a new one.")
            self._seen.remove_log()
        if self._connection is not None and self._seen.is_damaged():
            raise database.Damaged(database.set_aside(self._path, self._connection))
        if self._connection is None:
            self._connection = database.connect(self._path, self._locks)
            self._seen.look()
        return self._connection

    def _undo(self, error: sqlite3.Error) -> None:
        if isinstance(error, database.Damaged):
            self._begin_again(str(error))
            return
        if database.is_damage(error) and self._connection is not None:
            try:
                notice = database.set_aside(self._path, self._connection)
            except OSError as failed:
                self._fail(database.reason(failed))
            else:
                self._begin_again(notice)
            self._connection = None
            return
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR:
                self._disconnect()  # what failed once may have left its mark on this connection
        if database.is_held(error):
            self._held_since = self._held_since or time.monotonic()
            if time.monotonic() - self._held_since < HELD_SECONDS:  # it happens, and nothing is lost by it
                return
        self._fail(database.reason(error))

    def _begin_again(self, notice: str) -> None:
        self._disconnect()
        self._pending.clear()
        self.lost += 1
        if notice:
            self._say(notice)

    def _fail(self, why: str) -> None:
        if self.trouble is None:
            self._say(f"This conversation is not being saved: {why.rstrip('.')}. It is tried again by itself.")
        self.trouble = why

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
