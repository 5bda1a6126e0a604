"""What was typed in earlier runs: a private file of lines that several programs add to, and that never grows for ever.

The form is prompt_toolkit's own (`FileHistory`): a blank line, `# ` with the time, and each line behind a `+`.
"""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from prompt_toolkit.history import History

from modules.own_files import has_locked, refuse_other

MOST_BYTES = 8_000_000  # a file that is larger is cut down to half of it
AT_ONCE_BYTES = 1_000_000  # of the newest lines; reading all of a large file would hold the first prompt up
ENTRIES = 10_000
TRIES, PAUSE = 20, 0.005  # for the other program to have written its line, in seconds
BEGIN = b"\n# "


class LineHistory(History):
    """The newest lines of the file, and where new ones go. `trouble` says why there is no file, "" where there is one.

    `keep` says whether a line may be written down; one that may not is there for this run.
    """

    def __init__(self, path: Path, keep: Callable[[str], bool]) -> None:
        super().__init__()
        self._path = path
        self._keep = keep
        self.trouble = ""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(self._open())
        except OSError as error:
            why = error.strerror or str(error)
            self.trouble = f"What is typed is not kept for the next run: {path} cannot be used: {why}."

    def load_history_strings(self) -> Iterable[str]:
        """The lines, the newest first."""
        if self.trouble:
            return
        try:
            data = self._newest()
        except OSError:
            return
        for count, entry in enumerate(_entries(data)):
            if count == ENTRIES:
                return
            yield entry

    def store_string(self, string: str) -> None:
        """Write a line down. A disk that takes nothing costs the line of a later run, and nothing now."""
        if self.trouble or not self._keep(string):
            return
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        with contextlib.suppress(OSError), self._locked() as (handle, alone):
            os.write(handle, f"\n# {datetime.now()}\n{lines}".encode("utf-8", "replace"))
            if alone and os.fstat(handle).st_size > MOST_BYTES:
                self._shorten()

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(self._path, flags, 0o600)
        try:
            about = os.fstat(handle)
            refuse_other(self._path, about.st_mode)
            if stat.S_IMODE(about.st_mode) & 0o077 and hasattr(os, "fchmod"):
                os.fchmod(handle, 0o600)
        except OSError:
            os.close(handle)
            raise
        return handle

    def _newest(self) -> bytes:
        """The end of the file, from where a line begins; more of it where the newest line is that long."""
        with os.fdopen(self._open(), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = b""
            for much in (AT_ONCE_BYTES, MOST_BYTES):
                file.seek(max(0, size - much))
                data = file.read(much)
                if BEGIN in data or much >= size:
                    break
        return data[max(data.find(BEGIN), 0) :]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[tuple[int, bool]]:
        """The file, and whether no other program writes to it meanwhile; whoever cannot wait appends all the same."""
        for left in range(TRIES, -1, -1):
            handle = self._open()
            try:
                alone = _lock(handle)
                if left and not (alone and self._is_at_its_place(handle)):  # it was shortened while we waited
                    time.sleep(0 if alone else PAUSE)
                    continue
                yield handle, alone
                return
            finally:
                os.close(handle)

    def _is_at_its_place(self, handle: int) -> bool:
        return os.path.samestat(os.fstat(handle), os.stat(self._path))

    def _shorten(self) -> None:
        """Put the newer half in the place of the file, in one step."""
        place = Path(os.path.realpath(self._path))
        with open(place, "rb") as file:
            file.seek(-MOST_BYTES // 2, os.SEEK_END)
            data = file.read()
        beside = place.with_name(f"{place.name}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data[max(data.find(BEGIN), 0) :])
        beside.replace(place)


def _entries(data: bytes) -> Iterator[str]:
    """The entries, the newest first; what is no part of one is passed over."""
    for record in reversed(data.split(BEGIN)):
        lines = [line[1:] for line in record.split(b"\n") if line.startswith(b"+")]
        if lines:
            yield b"\n".join(lines).decode("utf-8", "replace")


def _lock(handle: int) -> bool:
    """Whether the file is ours alone until it is closed."""
    with contextlib.suppress(OSError, ImportError):
        return has_locked(handle)
    return False
