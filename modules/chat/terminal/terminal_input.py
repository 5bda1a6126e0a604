"""The keyboard as prompt_toolkit reads it: all that is there at once, and by itself when silence means something."""

import asyncio
import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyPress

from modules.chat.terminal.key_parser import KeyParser
from modules.chat.terminal.terminal_reports import Report

AT_ONCE_BYTES = 65536  # a terminal gives less
MOST_BYTES = 1 << 20  # in one go: whoever sends without end must not keep the screen from being drawn


def terminal_input(on_report: Callable[[Report], None], stdin: TextIO | None = None) -> Input:
    """The keyboard of this process; on POSIX, `on_report` gets what the terminal reports of itself."""
    stdin = stdin or sys.stdin
    if sys.platform == "win32" or not stdin.isatty():
        return create_input(stdin)
    return TerminalInput(stdin, on_report)


if sys.platform != "win32":
    from prompt_toolkit.input.vt100 import Vt100Input

    class TerminalInput(Vt100Input):
        """A POSIX terminal's keyboard, which reads by `KeyParser` and keeps its own time."""

        def __init__(self, stdin: TextIO, on_report: Callable[[Report], None]) -> None:
            super().__init__(stdin)
            encoding = stdin.encoding or "utf-8"
            self._parser = KeyParser(on_report, "utf-8" if encoding.lower() in ("ascii", "us-ascii") else encoding)
            self._closed = False
            self._waiting: list[KeyPress] = []  # read outside of any application
            self._ready: Callable[[], None] | None = None  # whom to wake, where anybody is attached
            self._timer: asyncio.TimerHandle | None = None
            self._silent_at: float | None = None  # when silence will have lasted long enough

        @property
        def closed(self) -> bool:
            return self._closed

        def read_keys(self) -> list[KeyPress]:
            """The keys that are there; what was read before comes first. Never waits."""
            keys, self._waiting = self._waiting, []
            data = self._read()
            if data:
                keys += self._parser.feed(data)
                self._wait_for_silence()
            else:
                keys += self.flush_keys()
            return keys

        def flush_keys(self) -> list[KeyPress]:
            """The keys that silence has made certain; none before its time, whoever asks."""
            # The timer may be early by what the clock of the loop can tell apart.
            if self._silent_at is None or time.monotonic() < self._silent_at - 0.005:
                return []
            keys = self._parser.flush()
            self._wait_for_silence()
            return keys

        def listen(self, seconds: float) -> bool:
            """Wait for something to read, and read it; its keys wait for whoever reads keys next. False at the end."""
            if not self._closed and select.select([self._fileno], [], [], seconds)[0]:
                self._waiting = self.read_keys()
            return not self._closed

        @contextlib.contextmanager
        def attach(self, input_ready_callback: Callable[[], None]) -> Iterator[None]:
            before, self._ready = self._ready, input_ready_callback
            try:
                with super().attach(input_ready_callback):
                    self._set_timer()
                    yield
            finally:
                self._ready = before
                self._set_timer()

        @contextlib.contextmanager
        def detach(self) -> Iterator[None]:
            before, self._ready = self._ready, None
            try:
                with super().detach():
                    self._set_timer()
                    yield
            finally:
                self._ready = before
                self._set_timer()

        def _read(self) -> bytes:
            """All that is there. The end of the input, or a terminal that is gone, closes it."""
            parts: list[bytes] = []
            size = 0
            while size < MOST_BYTES and not self._closed:
                try:
                    if not select.select([self._fileno], [], [], 0)[0]:
                        break
                    part = os.read(self._fileno, AT_ONCE_BYTES)
                except BlockingIOError:
                    break
                except (OSError, ValueError):  # EIO: the window was closed; EBADF: somebody closed the input
                    part = b""
                self._closed = not part
                parts.append(part)
                size += len(part)
            return b"".join(parts)

        def _wait_for_silence(self) -> None:
            patience = self._parser.patience
            self._silent_at = None if patience is None else time.monotonic() + patience
            self._set_timer()

        def _set_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            wake_at = time.monotonic() if self._waiting else self._silent_at
            if wake_at is None or self._ready is None:
                return
            with contextlib.suppress(RuntimeError):  # nobody's loop is running: whoever reads next looks at the time
                self._timer = asyncio.get_running_loop().call_later(max(wake_at - time.monotonic(), 0), self._wake)

        def _wake(self) -> None:
            """Have the keys read. What has come meanwhile, while the program was busy, is no silence."""
            self._timer = None
            if self._ready is not None:
                self._ready()
