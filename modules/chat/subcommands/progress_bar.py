"""A bar that says how far a long piece of work is."""

import time
from typing import TextIO

WIDTH = 24
EVERY_SECONDS = 0.1


class ProgressBar:
    """How much of `total` bytes is done, and what came of it."""

    def __init__(self, stream: TextIO, total: int, *, on: bool) -> None:
        self._stream = stream
        self._total = total
        self._shown = 0.0
        self._is_on = on

    def show(self, done: int, count: int) -> None:
        """Draw it anew, ten times a second at most."""
        if not self._is_on or time.monotonic() - self._shown < EVERY_SECONDS:
            return
        self._shown = time.monotonic()
        part = min(done / self._total, 1.0) if self._total else 0.0
        full = round(part * WIDTH)
        bar = "#" * full + "-" * (WIDTH - full)
        self._stream.write(f"\r[{bar}] {part:4.0%}  {count:,} conversations")
        self._stream.flush()

    def clear(self) -> None:
        """Take it away."""
        if self._is_on and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
