"""The terminal as it was found, put back at every end of the program: its modes, its cursor, its keys."""

import contextlib
import os
import select
import signal
import sys
import threading
from typing import Any

from modules.chat.terminal.streams import at_terminal

# An update that is not finished, no wrapping, a hidden cursor, colours, marked pastes: whoever ends us in the middle of
# a drawing leaves those. Each of them does nothing where it is as it should be.
RESET = "\x1b[?2026l\x1b[?7h\x1b[?25h\x1b[0m\x1b[?2004l"
WRITABLE_SECONDS = 0.2  # in which a terminal takes so few bytes, if it takes any


class TerminalState:
    """Saved when it is made; `restore` may be called any number of times, from any thread, and never fails or waits.

    Modes that have to be taken back once, like a set of keys that was pushed (kitty's `CSI < u`), are `owed` from the
    moment they are asked for until they are `settled`. `plain` is a terminal that is sent no escape sequences.
    """

    def __init__(self) -> None:
        self.plain = True
        self._owed: list[str] = []
        self._lock = threading.Lock()
        self._out = sys.stdout.fileno() if at_terminal(sys.stdout) else -1
        self._handle, self._modes = _modes_of(sys.stdin)

    def owe(self, sequence: str) -> None:
        """This has to be written at whichever end comes, unless it is `settled` before."""
        self._owed.append(sequence)

    def settle(self, sequence: str) -> None:
        """It was written just now."""
        with contextlib.suppress(ValueError):
            self._owed.remove(sequence)

    def restore(self) -> None:
        """Put everything back; what was owed is owed no more."""
        if not self._lock.acquire(blocking=False):  # it is being done
            return
        try:
            self._write_back()
            self._set_modes()
        finally:
            self._lock.release()

    def _write_back(self) -> None:
        if self.plain or self._out < 0:
            return
        owed, self._owed = self._owed[::-1], []
        with contextlib.suppress(OSError, ValueError):
            if select.select([], [self._out], [], WRITABLE_SECONDS)[1]:
                os.write(self._out, (RESET + "".join(owed)).encode())

    def _set_modes(self) -> None:
        if self._modes is None:
            return
        import termios  # there, since the modes are

        with contextlib.suppress(OSError, termios.error), _in_background():
            if termios.tcgetattr(self._handle) != self._modes:
                termios.tcsetattr(self._handle, termios.TCSANOW, self._modes)


def _modes_of(stream: Any) -> tuple[int, list[Any] | None]:
    """The modes of the terminal that is read from; None where there is none."""
    if not at_terminal(stream):
        return -1, None
    try:
        import termios  # not on every platform

        return stream.fileno(), termios.tcgetattr(stream.fileno())
    except (ImportError, OSError, termios.error):
        return -1, None


@contextlib.contextmanager
def _in_background() -> Any:
    """Whoever sets modes while the shell has the terminal already would be stopped by it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
