"""Whether the file below an open database still is what it was: SQLite itself looks at it only when it must."""

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

from modules.own_files import opened
from modules.session.storage.connection import Connection

WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")  # sqlite.org/fileformat2.html, 4.1
LOOKING_SECONDS = 1.0  # in which a database is looked through after someone else wrote to it; some 300 MB

Stamp = tuple[int, int, int, int]  # device, inode, time of the last change, size
NOTHING: Stamp = (0, 0, 0, 0)


class Seen:
    """The database and its log as we left them. What changed since was changed by someone else, who may be one of us.

    A program of ours moves what is in the log to the file now and then; anything else does not leave a database behind
    that holds together.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = Path(f"{path}-wal")
        self._file = self._beside = NOTHING

    def look(self) -> None:
        """This is how it is now."""
        self._file, self._beside = _stamp(self._path), _stamp(self._log)

    def is_another(self) -> bool:
        """Whether one of the two is not there any more, or another is in its place."""
        return _stamp(self._path)[:2] != self._file[:2] or (
            self._beside != NOTHING and _stamp(self._log)[:2] != self._beside[:2]
        )

    def remove_log(self) -> None:
        """What is left of the log of a file that is gone: SQLite would lay it over the one that came in its place."""
        if _stamp(self._log)[:2] == self._beside[:2] != NOTHING[:2]:
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(OSError):
                    os.unlink(f"{self._path}{suffix}")

    def is_damaged(self) -> bool:
        """Whether someone has written what no program of ours writes."""
        file, log = _stamp(self._path), _stamp(self._log)
        if log != self._beside and log[3] and not _is_log(self._log):
            return True
        if file == self._file:
            return False
        return file[3] < self._file[3] or not _holds_together(self._path)


def _stamp(path: Path) -> Stamp:
    try:
        about = os.stat(path)
    except OSError:
        return NOTHING
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size


def _is_log(path: Path) -> bool:
    with contextlib.suppress(OSError), opened(path) as file:
        return file.read(4) in WAL_MAGIC
    return False


def _holds_together(path: Path) -> bool:
    """By a connection of its own, which has kept nothing of how it was. What another program has is taken for whole.

    Never by opening the file itself: closing it again would undo the locks that SQLite has on it in this process
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    with contextlib.closing(sqlite3.connect(path, 0.1, isolation_level=None, factory=Connection)) as connection:
        enough = threading.Timer(LOOKING_SECONDS, connection.interrupt)
        enough.start()
        try:
            if connection.execute("SELECT count(*) FROM conversation").fetchone() is None:
                return False
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.OperationalError:
            return True
        except sqlite3.DatabaseError:
            return False
        finally:
            enough.cancel()
            enough.join()  # before the connection is closed
