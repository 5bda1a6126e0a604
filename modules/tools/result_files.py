"""The whole of results that are too long for a model: in files within bounds, or in a folder that ends with a run."""

import atexit
import os
import re
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from modules.config import APP, private_file

DAY_SECONDS = 86_400
OLDEST = 30 * DAY_SECONDS  # since it was written, or a conversation that it belongs to last had tools
LARGEST_BYTES = 200_000_000  # of all files; those of the last day stay all the same, as other programs may need them
PREFIX = f"{APP}-results-"
ENDINGS = (".txt", ".png", ".jpg", ".gif", ".webp", ".bin")  # of a long text, and of pictures that a call gave
GRACE_SECONDS = 60  # in which a new temporary folder may not be locked yet


class ResultFiles:
    """One file for each call with a long result, kept for later runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tidied = False

    def path(self, call_id: str) -> Path:
        """Where the whole result of this call is, if it was too long."""
        return self.folder / f"{call_id}.txt"

    def write(self, call_id: str, data: bytes) -> Path | None:
        """Keep the whole result of a call; None where that cannot be done."""
        return self.keep(self.path(call_id).name, data)

    def keep(self, name: str, data: bytes) -> Path | None:
        """Keep a file of that name, which begins with the id of its call; None where that cannot be done."""
        path = self.folder / name
        try:
            self._make()
            with open(path, "wb", opener=private_file) as file:
                file.write(data)
        except OSError:
            with suppress(OSError):
                path.unlink()  # half of it would be shown as the whole
            return None
        return path

    def tidy(self, calls: Iterable[str]) -> None:
        """Remove in the background, once, what is too old or too much; nothing of these calls, which are in use."""
        if not self._tidied:
            self._tidied = True
            used = set(calls)
            threading.Thread(target=self._tidy, args=(used,), name="tidying", daemon=True).start()

    def close(self) -> None:
        """The program ends."""

    def _make(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _tidy(self, used: set[str]) -> None:
        with suppress(OSError):
            _bound(self.folder, used)
        with suppress(OSError):
            _sweep()


class TemporaryResultFiles(ResultFiles):
    """In a temporary folder of this user alone, which the end of the program removes.

    The folder is locked as long as the program runs. Where it was killed, a later one finds the lock gone.
    """

    def __init__(self) -> None:
        from tempfile import mkdtemp  # only where nothing is to be kept

        folder, self._lock = Path(os.devnull), -1  # in which no file can be made
        with suppress(OSError):
            folder = Path(os.path.realpath(mkdtemp(prefix=PREFIX)))
            self._lock = _locked(folder)
        super().__init__(folder)
        atexit.register(self.close)  # a second signal may end the program before it has closed anything

    def close(self) -> None:
        from shutil import rmtree

        atexit.unregister(self.close)
        if self.folder != Path(os.devnull):
            rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _make(self) -> None:
        """It is there, or gone for good."""

    def _tidy(self, used: set[str]) -> None:
        with suppress(OSError):
            _sweep()


def _bound(folder: Path, used: set[str]) -> None:
    """Keep the newest, until there is too much. What is in use counts as new again, for other programs, too."""
    now, total = time.time(), 0
    with os.scandir(folder) as entries:
        files = [(one.stat(follow_symlinks=False), Path(one.path)) for one in entries if one.name.endswith(ENDINGS)]
    for about, path in sorted(files, key=lambda file: file[0].st_mtime, reverse=True):
        total += about.st_size
        age = now - about.st_mtime
        with suppress(OSError):
            if re.split(r"[-.]", path.name)[0] in used:
                os.utime(path)
            elif age > OLDEST or (age > DAY_SECONDS and total > LARGEST_BYTES):
                path.unlink()


def _sweep() -> None:
    """Remove the temporary folders of programs that were killed."""
    from tempfile import gettempdir

    if sys.platform == "win32":
        return
    with os.scandir(gettempdir()) as entries:
        found = [Path(one.path) for one in entries if one.name.startswith(PREFIX)]
    for path in found:
        with suppress(OSError):
            _remove_abandoned(path)


def _remove_abandoned(folder: Path) -> None:
    """Remove it where it is this user's and no program has it locked. Raises OSError where one has."""
    from shutil import rmtree

    about = folder.lstat()
    if about.st_uid == os.getuid() and time.time() - about.st_mtime > GRACE_SECONDS:
        lock = _locked(folder)
        try:
            rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _locked(folder: Path) -> int:
    """A descriptor that holds the folder's lock until it is closed, or its program ends in whatever way; -1 on Windows.

    Raises OSError where another holds it, or `folder` is none.
    """
    if sys.platform == "win32":
        return -1
    import fcntl

    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened
