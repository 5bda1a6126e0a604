"""What can be seen of a file of conversations without opening it: its mode, its beginning, and what lies beside it."""

import contextlib
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from sqlite3 import Connection

from msgspec import Struct

from modules.own_files import opened
from modules.session.storage.location import MAGIC, SUFFIXES, Locks, make_private, refuse_newer
from modules.session.storage.removal import copies

SALVAGE = "parlance doctor --salvage reads what is readable into a new file."
LITTLE_BYTES = 100_000_000


class Finding(Struct):
    """Something about the file, and what to do about it; not a fault where it is only worth knowing.

    `fix` is what --fix does, given the file open in a transaction, `fix_outside` what it does without opening it.
    """

    text: str
    cure: str
    fix: Callable[[Connection], object] | None = None
    fix_outside: Callable[[], object] | None = None
    is_fault: bool = False


def unreadable(path: Path) -> Finding | None:
    """Why the file cannot be opened, if it cannot. Raises ConfigError where a newer release wrote it."""
    refuse_newer(path)
    try:
        with opened(path) as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        problem = error.strerror or str(error)
        return Finding(f"{path} cannot be read: {problem}.", "Give this user the right to read it.", is_fault=True)
    if head and head != MAGIC:
        return Finding(f"{path} does not begin as a database does.", SALVAGE, is_fault=True)
    return None


def beside(path: Path, locks: Locks) -> Iterator[Finding]:
    """The file's mode, the room on its disk, and files of before."""
    yield from _modes(path)
    place = path.parent
    if place.exists():
        needed = 2 * path.stat().st_size if path.exists() else 0
        free = shutil.disk_usage(place).free
        if free < max(needed, LITTLE_BYTES):
            text = (
                f"The disk has {free // 1_000_000:,} MB left; writing the file anew takes {needed // 1_000_000:,} MB."
            )
            yield Finding(text, "Make room there.", is_fault=free < LITTLE_BYTES)
    for rest in place.glob(f"{path.name}.*.unfinished"):
        with locks.only_one_updates() as idle:
            if idle:
                text = f"{rest.name} is the rest of a copy that was never finished."
                yield Finding(text, "parlance doctor --fix removes it.", fix_outside=rest.unlink, is_fault=True)
    for copy in copies(path):
        if copy.name.endswith(".unfinished"):
            continue
        if ".corrupt-" in copy.name:
            yield Finding(
                f"{copy} is a damaged file of before.",
                f"parlance doctor --salvage {shlex.quote(str(copy))} reads what is readable; "
                "delete it when nothing is missing.",
            )
        else:
            yield Finding(f"{copy} is a copy from before an update.", "Delete it when nothing is missing.")


def _modes(path: Path) -> Iterator[Finding]:
    for name in (path.parent, *(Path(f"{path}{suffix}") for suffix in SUFFIXES)):
        with contextlib.suppress(OSError):
            about = name.lstat()
            if not stat.S_ISLNK(about.st_mode) and stat.S_IMODE(about.st_mode) & 0o077:
                text = f"{name} can be read by other users."
                yield Finding(
                    text,
                    "parlance doctor --fix takes that away.",
                    fix_outside=lambda: make_private(path),
                    is_fault=True,
                )
                return
