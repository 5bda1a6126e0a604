"""Lines that a terminal edits itself: those that come in one moment were pasted, and are one text."""

import asyncio
from collections.abc import Callable

from modules.chat.terminal.key_parser import BURST

GOES_ON = 0.3  # seconds of silence that end a paste; a busy terminal hands it over in pieces


class LineBursts:
    """Gathers the lines of one moment. A terminal in canonical mode gives one with each read, and the rest soon."""

    def __init__(self, take: Callable[[list[str]], None]) -> None:
        self._take = take
        self._arrived = b""
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """More has been read."""
        *lines, self._arrived = (self._arrived + data).split(b"\n")
        self._lines += [line.decode(errors="replace").rstrip("\r") for line in lines]
        self._wait(GOES_ON if len(self._lines) > 1 else BURST)

    def settle(self) -> None:
        """Nothing more comes with these."""
        self._wait(None)
        lines, self._lines = self._lines, []
        if lines:
            self._take(lines)

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self.settle)
