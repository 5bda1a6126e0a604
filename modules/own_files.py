"""Files of the program's own: whatever else stands in the place of one is named, and one is written whole or not."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 4_000_000  # where a file has no bound of its own
TURN_SECONDS, PAUSE_SECONDS = 1.0, 0.005  # that another run is waited for, and between two looks
KINDS = (
    (stat.S_ISLNK, "it is a link"),
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)


def private_file(path: str, flags: int) -> int:
    """An `opener` for files that are this user's alone. A link in the place of one is an error."""
    # Without a reader a pipe in its place is an error at once, and not waited for.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0), 0o600)


def opened(path: Path) -> BinaryIO:
    """A regular file, to be read.

    Raises FileNotFoundError where there is nothing, and OSError, whose `strerror` says it to people, for what is no
    file, a link that leads nowhere, and a file that may not be read.
    """
    handle = _handle(path)
    try:
        refuse_other(path, os.fstat(handle).st_mode)
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def read_bytes(path: Path, most: int = LARGEST_BYTES) -> bytes:
    """The bytes of a file. Raises OSError for one that is larger than `most`, too."""
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most // 1_000_000 or 1} MB", str(path))
    return data


def read_text(path: Path, most: int = LARGEST_BYTES) -> str:
    """The text of a regular file in UTF-8, with or without its mark. Raises UnicodeDecodeError, too."""
    return read_bytes(path, most).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def stamp(path: Path) -> tuple[int, ...]:
    """What another content of the file would change; () where there is no file."""
    try:
        about = path.stat()
    except OSError:
        return ()
    known = (about.st_mtime_ns, about.st_size, about.st_ino, about.st_ctime_ns)
    return known if stat.S_ISREG(about.st_mode) else ()


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Read a file and write it again with no other run of the program doing the same between the two.

    Its folder is locked for that, so that nothing is left behind. Where there are no locks, as on Windows and on some
    disks of a network, or another run holds one for long, all goes on without.
    """
    handle = None
    with suppress(OSError, ImportError):
        folder = Path(os.path.realpath(path)).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        until = time.monotonic() + TURN_SECONDS
        while not has_locked(handle) and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def write_whole(path: Path, data: bytes, *, lasting: bool = True) -> None:
    """Put `data` into the place of the file: all of it, or the file stays as it was. Raises OSError.

    A new file is this user's alone, one that was there keeps its permissions, and a link keeps leading to it. What is
    no file, such as a device that a link leads to, is an error. What is not `lasting` may be damaged by a power cut.
    """
    real = Path(os.path.realpath(path))
    with suppress(FileNotFoundError):
        refuse_other(path, os.stat(real).st_mode)
    beside = real.with_name(f"{real.name}.{os.getpid()}.new")
    real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # of a program that had the same number and was ended
        beside.unlink()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        with suppress(OSError):
            beside.chmod(stat.S_IMODE(real.stat().st_mode))
        beside.replace(real)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def replace_private(path: Path, data: bytes) -> None:
    """The same for a file that is this user's alone, whatever it was before: what is no file is an error. OSError."""
    with suppress(FileNotFoundError):
        refuse_other(path, os.lstat(path).st_mode)
        path.chmod(0o600)
    write_whole(path, data)


def keep_found(path: Path, data: bytes) -> None:
    """Write what only saves time in the next run: a disk that takes nothing costs no more than that."""
    with suppress(OSError):
        write_whole(path, data, lasting=False)


def refuse_other(path: Path, mode: int) -> None:
    """Raise OSError for what is no regular file."""
    if not stat.S_ISREG(mode):
        kind = next((words for test, words in KINDS if test(mode)), "it is not a file")
        raise OSError(errno.EINVAL, kind, str(path))


def has_locked(handle: int) -> bool:
    """Whether the file is ours alone until it is closed. Raises OSError or ImportError where there are no locks."""
    import fcntl  # not on every platform

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _handle(path: Path) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        if path.is_symlink():  # somebody meant a file to be here
            raise OSError(errno.ELOOP, "it is a link that leads nowhere", str(path)) from None
        raise
    except OSError as error:
        if error.errno == errno.ENXIO:  # how a socket answers who opens it
            raise OSError(errno.EINVAL, "it is a socket", str(path)) from error
        raise
