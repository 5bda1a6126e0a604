"""Putting new bytes in the place of a file in one step, where it still is what it was when it was looked at."""

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from modules.config import private_file
from modules.errors import ToolFailed
from modules.tools.files.access.paths import Place, said
from modules.tools.files.access.safe_open import folder_of, open_file, open_file_at

BACKUPS = 100  # old files that are kept
LARGEST_BYTES = 10_000_000  # of a file that is changed

one_at_a_time = threading.Lock()  # held from looking whether the file is the same until it is replaced


class FileChange(Struct, frozen=True):
    """A file as it was looked at and as it is to be. `old` is None where there was none."""

    place: Place
    old: bytes | None
    new: bytes

    def carry_out(self, backups: Path, stop: threading.Event) -> Path | None:
        """Do it, all or nothing, and return where in `backups` the old bytes are. Raises ToolFailed where it cannot be.

        Once `stop` is set nothing is changed any more.
        """
        try:
            if self.old is None:
                _make_folders(self.place.real.parent)
            with one_at_a_time, folder_of(self.place.real) as folder:
                about = self._checked(folder)
                kept = None if self.old is None else _kept(self.old, backups, self.place.real.name)
                with _written(folder, self.new, about) as temporary:
                    if stop.is_set():
                        raise ToolFailed("Stopped before anything was changed.")
                    self._put(folder, temporary)
                return kept
        except OSError as error:
            raise ToolFailed(f"{self.place.shown} cannot be written: {said(error)}. Nothing was changed.") from error

    def _checked(self, folder: int) -> os.stat_result | None:
        """What the system says of the file. Raises ToolFailed where it is not what it was."""
        again = "Nothing was changed. Read it again, and then make this change to what it says now."
        try:
            with open(open_file_at(folder, self.place.real.name), "rb") as file:
                now = file.read(LARGEST_BYTES + 1)
                about = os.fstat(file.fileno())
        except FileNotFoundError:
            if self.old is None:
                return None
            raise ToolFailed(f"{self.place.shown} is gone since it was looked at. {again}") from None
        if self.old is None:
            raise ToolFailed(f"{self.place.shown} was made by somebody else since it was looked at. {again}")
        if hashlib.sha256(now).digest() != hashlib.sha256(self.old).digest():
            raise ToolFailed(
                f"{self.place.shown} has changed since it was looked at, perhaps by another call of the same answer: "
                f"change one file in one call at a time. {again}"
            )
        _only_name(self.place, about)
        return about

    def _put(self, folder: int, temporary: str) -> None:
        name = self.place.real.name
        if self.old is None:
            try:  # a link is never made over something that is there
                os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
                return
            except FileExistsError:
                raise
            except OSError:
                pass  # not every file system has hard links
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def looked_at(place: Place) -> bytes | None:
    """The bytes of the file that is to be changed, None where there is none. Raises ToolFailed for what cannot be."""
    try:
        with open(open_file(place.real), "rb") as file:
            about = os.fstat(file.fileno())
            _only_name(place, about)
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ToolFailed(f"{place.shown} cannot be changed: {said(error)}.") from error
    if len(data) > LARGEST_BYTES:
        raise ToolFailed(f"{place.shown} is too large to be changed as a whole.")
    return data


def _only_name(place: Place, about: os.stat_result) -> None:
    if about.st_nlink > 1:
        raise ToolFailed(
            f"{place.shown} is one file under {about.st_nlink} names (hard links), and the others may be anywhere. "
            "It is not changed. Ask the user to replace it by a copy first."
        )


def _make_folders(folder: Path) -> None:
    """The folders on the way, one by one, so that a link that is put there meanwhile is an error."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        with folder_of(one) as above, suppress(FileExistsError):
            os.mkdir(one.name, dir_fd=above)


@contextmanager
def _written(folder: int, data: bytes, like: os.stat_result | None) -> Iterator[str]:
    """A file beside the one to be replaced, complete and on the disk; what is left of it afterwards is removed."""
    name = f".{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    opened = os.open(name, flags, 0o666 if like is None else 0o600, dir_fd=folder)
    try:
        with open(opened, "wb") as file:
            file.write(data)
            file.flush()
            if like is not None:
                with suppress(OSError):  # of another's file only root can leave the owner as it is
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
                os.fchmod(file.fileno(), like.st_mode & 0o777)  # writing takes set-id bits away, and so does this
            os.fsync(file.fileno())
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)


def _kept(data: bytes, folder: Path, name: str) -> Path:
    """Keep old bytes in a file of this user alone, and let go of the oldest of many."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}-{name[-80:]}"
    with open(path, "xb", opener=private_file) as file:
        file.write(data)
        os.fsync(file.fileno())
    for old in sorted(folder.iterdir())[:-BACKUPS]:
        with suppress(OSError):
            old.unlink()
    return path
