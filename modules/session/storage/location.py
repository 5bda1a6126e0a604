"""The place that conversations are kept in: private, not a newer release's, locked; known without loading SQLite."""

import contextlib
import hashlib
import os
import stat
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from modules.errors import ConfigError
from modules.own_files import opened, refuse_other

VERSION = 4  # of the schema, as migrations.py counts them
LEAVING_SECONDS = 3.0  # that the last writes may take when the program ends
SUFFIXES = ("", "-wal", "-shm")
MAGIC = b"SQLite format 3\0"
# Bytes of the file of locks: each conversation has one of the first, and changing the schema one behind them.
ALL_CONVERSATIONS = 1 << 56
THE_SCHEMA = ALL_CONVERSATIONS
# How a system describes a lock, to be asked for one without taking it: the fields of fcntl.h's `struct flock`, in their
# order, and their sizes.
_LOCK_LAYOUTS = {
    "linux": (("type", "whence", "start", "length", "pid"), "hhqqi4x"),
    "darwin": (("start", "length", "pid", "type", "whence"), "qqihh"),
}


def refuse_newer(path: Path) -> None:
    """Raise ConfigError where the file's first bytes say that a newer release wrote it; nothing is touched."""
    head = b""
    with contextlib.suppress(OSError), opened(path) as file:
        head = file.read(64)
    if head.startswith(MAGIC):
        refuse_version(path, int.from_bytes(head[60:64], "big"))


def move_aside(path: Path) -> Path:
    """Rename a damaged file, and what belongs to it, out of the way; give its new name."""
    stamp, count = time.strftime("%Y%m%d-%H%M%S"), 0
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{count}")
    for suffix in SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    return aside


def refuse_version(path: Path, version: int) -> None:
    """Raise ConfigError for a schema that this release does not know."""
    if version > VERSION:
        raise ConfigError(
            f"{path} was written by a newer Parlance.",
            cure="Update this one, or start it with --no-save; the file is left as it is.",
        )


def make_private(path: Path) -> None:
    """The file, made if it is missing, for this user only. Raises OSError where that cannot be."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    refuse_other(path, path.stat().st_mode)
    # What SQLite puts beside the file gets the file's own mode. A link's target is somebody else's business.
    for name, mode in ((path.parent, 0o700), *((Path(f"{path}{suffix}"), 0o600) for suffix in SUFFIXES)):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            about = name.lstat()
            is_shared = about.st_mode & stat.S_ISVTX  # as /tmp is: everybody's, and not ours to close
            if not stat.S_ISLNK(about.st_mode) and not is_shared and stat.S_IMODE(about.st_mode) & 0o077:
                name.chmod(mode)


class Locks:
    """Which conversations this program is in. A lock is a byte of one file, and goes with the program that holds it.

    The system itself forgets the locks of a program that ended, however it ended, so none is ever stale.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1
        self._held: set[str] = set()
        self._alone = False
        self._updating = threading.Lock()

    def take(self, id: str) -> bool:
        """Whether the conversation is this program's now. Where nothing can be locked, it is."""
        if sys.platform == "win32" or id in self._held:
            return True
        import fcntl  # not on every platform

        try:
            fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(id))
        except (BlockingIOError, PermissionError):
            return self._handle < 0
        except OSError:
            return True
        self._held.add(id)
        return True

    def give_back(self, id: str) -> None:
        """Let other programs have the conversation."""
        if sys.platform == "win32" or id not in self._held:
            return
        import fcntl

        self._held.discard(id)
        with contextlib.suppress(OSError):
            fcntl.lockf(self._opened(), fcntl.LOCK_UN, 1, _place(id))

    def is_alone(self, *, again: bool = False) -> bool:
        """Whether no other program was in a conversation when this one asked first, or is in one now, asked `again`.

        Where nothing can be locked, it is.
        """
        if sys.platform == "win32" or (self._alone and not again):
            return True
        import fcntl

        locked: list[tuple[int, int]] = []
        try:
            for start, count in self._gaps():
                fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB, count, start)
                locked.append((start, count))
        except (BlockingIOError, PermissionError):
            return self._handle < 0
        except OSError:
            return True
        finally:
            for start, count in locked:
                fcntl.lockf(self._handle, fcntl.LOCK_UN, count, start)
        self._alone = True
        return True

    def is_taken_elsewhere(self, id: str) -> bool:
        """Whether another program is in the conversation, without taking it; False where the system does not say."""
        layout = _LOCK_LAYOUTS.get(sys.platform)
        if layout is None or id in self._held or not self._path.exists():
            return False
        import fcntl

        of_lock = {"type": fcntl.F_WRLCK, "whence": os.SEEK_SET, "start": _place(id), "length": 1, "pid": 0}
        names, form = layout
        try:
            asked = struct.pack(form, *(of_lock[name] for name in names))
            answer = struct.unpack(form, fcntl.fcntl(self._opened(), fcntl.F_GETLK, asked))
        except (OSError, struct.error):
            return False
        return bool(answer[names.index("type")] != fcntl.F_UNLCK)

    @contextlib.contextmanager
    def only_one_updates(self) -> Iterator[bool]:
        """Whether this program is the one that may change the schema now, and this thread the one of it."""
        with self._updating:
            if sys.platform == "win32":
                yield True
                return
            import fcntl

            mine = True
            try:
                fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, THE_SCHEMA)
            except (BlockingIOError, PermissionError):
                mine = self._handle < 0
            except OSError:
                pass
            try:
                yield mine
            finally:
                if mine and self._handle >= 0:
                    with contextlib.suppress(OSError):
                        fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, THE_SCHEMA)

    @property
    def is_updating(self) -> bool:
        """Whether this program changes the schema at this moment."""
        return self._updating.locked()

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Where the bytes of the conversations begin that this program is not in, and how many there are."""
        start = 0
        for place in (*sorted(map(_place, self._held)), ALL_CONVERSATIONS):
            if place > start:
                yield start, place - start
            start = place + 1

    def _opened(self) -> int:
        if self._handle < 0:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        return self._handle

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._held.clear()


def _place(id: str) -> int:
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:7], "big")
