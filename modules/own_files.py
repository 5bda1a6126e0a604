"""Files of the program's own: whatever else stands in the place of one is named, and one is written whole or not."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 4_000_000  # where a file has no bound of its own
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
    return (about.st_mtime_ns, about.st_size, about.st_ino) if stat.S_ISREG(about.st_mode) else ()


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` into the place of the file: all of it, or the file stays as it was. Raises OSError.

    A new file is this user's alone, one that was there keeps its permissions, and a link keeps leading to it.
    """
    real = Path(os.path.realpath(path))
    beside = real.with_name(f"{real.name}.{os.getpid()}.new")
    real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # of a program that had the same number and was ended
        beside.unlink()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
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


def refuse_other(path: Path, mode: int) -> None:
    """Raise OSError for what is no regular file."""
    if not stat.S_ISREG(mode):
        kind = next((words for test, words in KINDS if test(mode)), "it is not a file")
        raise OSError(errno.EINVAL, kind, str(path))


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
