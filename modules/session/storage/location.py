"""The place that conversations are kept in: private, not a newer release's, locked; known without loading SQLite."""

import contextlib
import hashlib
import os
import stat
import sys
import time
from pathlib import Path

from modules.errors import ConfigError
from modules.own_files import opened, refuse_other

VERSION = 1  # of the schema
LEAVING_SECONDS = 3.0  # that the last writes may take when the program ends
SUFFIXES = ("", "-wal", "-shm")
MAGIC = b"SQLite format 3\0"


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
            if not stat.S_ISLNK(about.st_mode) and stat.S_IMODE(about.st_mode) & 0o077:
                name.chmod(mode)


class Locks:
    """Which conversations this program is in. A lock is a byte of one file, and goes with the program that holds it.

    The system itself forgets the locks of a program that ended, however it ended, so none is ever stale.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1
        self._held: set[str] = set()

    def take(self, id: str) -> bool:
        """Whether the conversation is this program's now. Where nothing can be locked, it is."""
        if sys.platform == "win32" or id in self._held:
            return True
        import fcntl  # not on every platform

        try:
            if self._handle < 0:
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            place = int.from_bytes(hashlib.sha256(id.encode()).digest()[:7], "big")
            fcntl.lockf(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return self._handle < 0
        except OSError:
            return True
        self._held.add(id)
        return True

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._held.clear()
