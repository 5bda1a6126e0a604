"""What a server says beside the protocol: kept in a private file that never grows beyond a bound."""

from collections import deque
from pathlib import Path

from modules.config import private_file
from modules.text.plain_words import one_line

LARGEST_BYTES = 512 * 1024  # then it becomes the old file and a new one begins
REMEMBERED = 20  # lines
PIECE_BYTES = 2_000  # of one line that are remembered


class Log:
    """Bytes go in as they come; lines come out fit to be shown. A disk that takes nothing more is no trouble."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: deque[str] = deque(maxlen=REMEMBERED)
        self._open = b""  # a line that has not ended yet
        self._size = -1

    @property
    def lines(self) -> list[str]:
        """The last lines, without control characters."""
        return [*self._lines, *filter(None, [self._shown(self._open)])]

    @property
    def last(self) -> str:
        return self.lines[-1] if self.lines else ""

    def clear(self) -> None:
        """Forget the lines; the file stays."""
        self._lines.clear()
        self._open = b""

    def write(self, data: bytes) -> None:
        *whole, rest = (self._open + data).split(b"\n")
        self._lines.extend(filter(None, map(self._shown, whole[-REMEMBERED:])))
        self._open = rest[:PIECE_BYTES]
        try:
            self._append(data)
        except OSError:
            self._size = -1

    def _append(self, data: bytes) -> None:
        if self._size < 0:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._size + len(data) > LARGEST_BYTES:
            self.path.replace(self.path.with_suffix(".old"))
        with open(self.path, "ab", opener=private_file) as file:
            file.write(data[-LARGEST_BYTES:])
            self._size = file.tell()

    def _shown(self, line: bytes) -> str:
        return one_line(line[:PIECE_BYTES].decode(errors="replace"))
