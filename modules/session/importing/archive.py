"""What lies beside an export's JSON, in its archive or its folder: read by id, never unpacked, within bounds."""

import errno
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from modules.own_files import opened
from modules.tools.media.media import LARGEST_PICTURE_BYTES

MAGIC = b"PK\x03\x04"
LARGEST_DIRECTORY_BYTES = 64_000_000  # the list of an archive's files, which is read as a whole
MOST_RATIO, SURELY_BYTES = 200, 50_000_000  # how much text may be packed, and from which size on that is looked at
MOST_FILES, DEEPEST = 100_000, 4  # of a folder with pictures
BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)
_ID = re.compile(r"file-[A-Za-z0-9]+|file_[0-9A-Za-z]+")
_END, _END64 = b"PK\x05\x06", b"PK\x06\x06"


class Archive:
    """A zip archive. Only the members that are asked for are read, and none is written anywhere."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises OSError, or one of BROKEN, for what is no archive or lists too much."""
        _refuse_large_directory(file)
        self._zip = zipfile.ZipFile(file)
        self._by_id: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            if found := _ID.match(_base(member.filename)):
                self._by_id.setdefault(found[0], member)

    def texts(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        """The names of the members that may hold conversations, in the order of their names."""
        for member in sorted(self._zip.infolist(), key=lambda one: one.filename):
            name = _base(member.filename)
            if name.endswith((".json", ".jsonl")) and not name.startswith("._") and not _is_link(member):
                yield member.filename, member

    def open(self, member: zipfile.ZipInfo) -> IO[bytes]:
        """A member, to be read. Raises OSError for one that is packed as no text is, and what BROKEN lists."""
        _refuse_bomb(member)
        return self._zip.open(member)

    def find(self, id: str) -> tuple[str, bytes] | None:
        member = self._by_id.get(id)
        if member is None or _is_link(member) or member.file_size > LARGEST_PICTURE_BYTES:
            return None
        try:
            with self.open(member) as file:
                return _base(member.filename), file.read(LARGEST_PICTURE_BYTES + 1)
        except (OSError, *BROKEN):
            return None


class Folder:
    """The folder that a file lies in. No link in it is followed; it is looked through when it is first asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_id: dict[str, Path] | None = None

    def find(self, id: str) -> tuple[str, bytes] | None:
        if self._by_id is None:
            self._by_id = dict(self._listed())
        path = self._by_id.get(id)
        if path is None:
            return None
        try:
            with opened(path) as file:
                data = file.read(LARGEST_PICTURE_BYTES + 1)
        except OSError:
            return None
        return (path.name, data) if len(data) <= LARGEST_PICTURE_BYTES else None

    def _listed(self) -> Iterator[tuple[str, Path]]:
        left = MOST_FILES
        for folder, folders, names in os.walk(self._path):
            if len(Path(folder).relative_to(self._path).parts) >= DEEPEST:
                folders.clear()
            for name in names:
                left -= 1
                if left < 0:
                    return
                path = Path(folder, name)
                if (found := _ID.match(name)) and not path.is_symlink():
                    yield found[0], path


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _refuse_bomb(member: zipfile.ZipInfo) -> None:
    if member.file_size > SURELY_BYTES and member.file_size > MOST_RATIO * max(member.compress_size, 1):
        raise OSError(errno.EFBIG, f"{member.file_size // 1_000_000} MB are packed into almost nothing")


def _refuse_large_directory(file: IO[bytes]) -> None:
    """Raise OSError where an archive lists more than it can hold of an export."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    at, at64 = tail.rfind(_END), tail.rfind(_END64)
    listed = max(
        int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0,
        int.from_bytes(tail[at64 + 40 : at64 + 48], "little") if at64 >= 0 else 0,
    )
    if listed != 0xFFFFFFFF and listed > LARGEST_DIRECTORY_BYTES:
        raise OSError(errno.EFBIG, "it lists too many files")
