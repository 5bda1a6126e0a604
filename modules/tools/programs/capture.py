"""What a program writes, read as it comes: the beginning and the end are kept, and its last line is told."""

import asyncio
import os
import re
from collections.abc import Callable

HEAD_BYTES = 6_000_000  # of output that are kept from its beginning
TAIL = 4_000_000  # and from its end
CHUNK = 256 * 1024
PIPE = 2 * 1024 * 1024  # the most that a pipe can hold
EVERY_SECONDS = 0.25  # between two lines of progress
WIDTH_CHARS = 200  # of one
_ENDS = re.compile(rb"[\r\n]+")


class Capture:
    """The readable end of a pipe that does not block. However much comes, no more than twice the tail is held.

    `tell` gets a line of progress now and then, `hear` every byte.
    """

    def __init__(
        self, source: int, tell: Callable[[str], None], hear: Callable[[bytes], None] = lambda data: None
    ) -> None:
        self._source = source
        self._tell = tell
        self._hear = hear
        self._head = bytearray()
        self._tail = bytearray()
        self._count = 0
        self._line = b""
        self._timer: asyncio.TimerHandle | None = None

    def read(self) -> int:
        """Take what there is, one portion of it; 0 where there is nothing."""
        try:
            data = os.read(self._source, CHUNK)
        except (BlockingIOError, InterruptedError):
            return 0
        if not data:
            asyncio.get_running_loop().remove_reader(self._source)
            return 0
        self._hear(data)
        self._count += len(data)
        room = HEAD_BYTES - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]
        self._line = (self._line + data)[-4 * WIDTH_CHARS :]
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._progress)
        return len(data)

    def drain(self) -> None:
        """Take what is in the pipe already. Others may hold its other end, and write on."""
        taken = 0
        while taken < PIPE and (some := self.read()):
            taken += some

    def stop(self) -> None:
        """Tell nothing more, after the last line."""
        if self._timer is not None:
            self._timer.cancel()
            self._progress()

    @property
    def text(self) -> str:
        """The output. Where its middle is missing, that is said in its place, with the number of bytes."""
        tail = self._tail[-TAIL:]
        missing = self._count - len(self._head) - len(tail)
        between = f"\n[… {missing} of {self._count} bytes were not kept …]\n".encode() if missing else b""
        return (bytes(self._head) + between + bytes(tail)).decode(errors="replace")

    def _progress(self) -> None:
        self._timer = None
        lines = [line for line in _ENDS.split(self._line) if line.strip()]
        if lines:
            self._tell(lines[-1].decode(errors="replace").strip()[-WIDTH_CHARS:])


def settled(text: str) -> tuple[str, int]:
    """The text with each line as a screen shows it in the end, and how often one was painted over on the way.

    A program that shows progress goes back to the beginning of its line with a carriage return. Line ends of two
    characters stay as they are.
    """
    if "\r" not in text:
        return text, 0
    lines, over = text.split("\n"), 0
    for at, line in enumerate(lines):
        if "\r" in line[:-1]:
            painted = [piece for piece in line.split("\r") if piece] or [""]
            lines[at] = painted[-1] + "\r" * line.endswith("\r")
            over += len(painted) - 1
    return "\n".join(lines), over
