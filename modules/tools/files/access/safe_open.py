"""Opening exactly the path that was looked at: no link on the way is followed, and only files and folders open."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NotAFile(OSError):
    """A device, a pipe, a socket or a folder, where a file is wanted."""


@contextmanager
def folder_of(path: Path) -> Iterator[int]:
    """A descriptor of the folder that holds `path`, to be used with `dir_fd`.

    `path` is absolute and free of links, as `realpath` gives it. Each step is taken from the folder before it without
    following a link, so that what was put in place of a step since then is an error and never a way out.
    """
    # Passing through a folder needs no right to list it; macOS has no flag for that.
    through = (os.O_PATH if sys.platform == "linux" else os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
    at = os.open(path.anchor, through)
    try:
        for name in path.parts[1:-1]:
            below = os.open(name, through, dir_fd=at)
            os.close(at)
            at = below
        yield at
    finally:
        os.close(at)


def open_file(path: Path) -> int:
    """The file at this link-free path, for reading. Raises OSError, NotAFile for what is none."""
    with folder_of(path) as folder:
        return open_file_at(folder, path.name)


def open_file_at(folder: int, name: str) -> int:
    """A file in an open folder, for reading.

    It is looked at before it is opened, since opening a device may already do something, and again afterwards.
    """
    _regular(os.stat(name or ".", dir_fd=folder, follow_symlinks=False))
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        _regular(os.fstat(opened))
    except OSError:
        os.close(opened)
        raise
    return opened


def open_folder(path: Path) -> int:
    """The folder at this link-free path, for listing. Raises OSError."""
    with folder_of(path) as folder:
        return open_folder_at(folder, path.name)


def open_folder_at(folder: int, name: str) -> int:
    """A folder in an open folder, for listing; the same one for "". Raises OSError."""
    return os.open(name or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)


def _regular(about: os.stat_result) -> None:
    if stat.S_ISLNK(about.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if stat.S_ISDIR(about.st_mode):
        raise NotAFile(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(about.st_mode):
        raise NotAFile(errno.EINVAL, "it is a device, a pipe or a socket, not a file")
