"""A person at a terminal: the real program in a pseudo-terminal, and its screen."""

import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from tests.harness.emulated_screen import Screen
from tests.harness.forkserver import COLD, Started, the_warm

BEGIN, END = b"\x1b[?2026h", b"\x1b[?2026l"  # a synchronized update
PATIENCE = 25.0  # seconds for what should take a fraction of one, on a machine that is busy
CTRL_C, CTRL_D, CTRL_G, CTRL_J, CTRL_R, ESC, UP = "\x03", "\x04", "\x07", "\n", "\x12", "\x1b", "\x1b[A"


class Terminal:
    """One run of the program: type at it, and wait for what the screen says."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        columns: int = 80,
        rows: int = 24,
        cold: bool = False,
    ) -> None:
        self.raw = b""
        self.dumb = env.get("TERM") == "dumb"  # it edits lines by itself, and knows no bold
        self._changed = threading.Condition()
        self._closed = False
        self._master, slave = os.openpty()
        self.screen = Screen(columns, rows, self._reply)
        self._stream = pyte.ByteStream(self.screen)
        self._set_size(columns, rows)
        self._process = start(argv, env, cwd, slave, cold)
        self._slave = slave  # kept open: without it reading the master fails until the shell has opened its own
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # What the person does.

    def type(self, text: str) -> "Terminal":
        """Press these keys."""
        data = text.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(self._master, data[:1024]) :]
        return self

    def paste(self, text: str) -> "Terminal":
        """Paste, as a terminal does it that was asked for bracketed paste."""
        return self.type(f"\x1b[200~{text}\x1b[201~")

    def enter(self, line: str) -> "Terminal":
        """Type a line, see it echoed, and send it."""
        self.type(line)
        last = line.rpartition("\n")[2]
        self.until(lambda: self._squeezed().endswith("".join(last.split())[-60:]), f"the echo of {line!r}")
        return self.type("\r")

    def ask(self, line: str) -> str:
        """Send a line at a prompt, wait for the next prompt, and give what came between the two."""
        with self.prompt()._changed:
            above = len(self.screen.history.top) + int(self.screen.cursor.y)
        rows = self.enter(line).prompt().rows[above:]
        last = max(at for at, row in enumerate(rows) if row == ">")  # below it there may be the bar already
        return "\n".join(rows[:last]).rstrip()

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self.screen.resize(rows, columns)
        self._set_size(columns, rows)
        os.kill(self.pid, signal.SIGWINCH)

    # What the person sees.

    def looking(self) -> threading.Condition:
        """Nothing changes on the screen while this is open."""
        return self._changed

    @property
    def ended(self) -> bool:
        """Whether the program is over."""
        return self._process.poll() is not None

    @property
    def rows(self) -> list[str]:
        with self._changed:
            return self.screen.rows

    @property
    def text(self) -> str:
        """All rows, the scrollback included."""
        return "\n".join(self.rows).rstrip()

    @property
    def words(self) -> str:
        """The text without regard to where it was wrapped between words."""
        return " ".join(self.text.split())

    @property
    def line(self) -> str:
        """The row that the cursor is on."""
        with self._changed:
            return self.screen.row(self.screen.cursor.y)

    def sees(self, text: str) -> "Terminal":
        """Wait until these words are on the screen."""
        return self.until(lambda: text in self.words, repr(text))

    def prompt(self, text: str = "") -> "Terminal":
        """Wait for a prompt in which this text stands, with the cursor after it, while nothing runs."""
        wanted = f"> {text}"

        def there() -> bool:
            cursor = self.screen.cursor
            ready = self.screen.row(cursor.y) == wanted.rstrip() and cursor.x == len(wanted) and not cursor.hidden
            # What is typed before the program reads keys is read by the terminal, which has other ideas of Enter.
            idle = self.dumb or (self.screen.buffer[cursor.y][0].bold and self.modes() == (False, False))
            return ready and idle

        return self.until(there, f"a prompt with {text!r}")

    def line_with(self, text: str) -> "Terminal":
        """Wait until this stands in the line, whatever runs."""
        return self.until(lambda: self.line == f"> {text}".rstrip(), f"a line with {text!r}")

    def until(self, test: Callable[[], bool], what: str = "it") -> "Terminal":
        """Wait until the test holds for the screen."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not test():
                left = deadline - time.monotonic()
                if left <= 0 or (self._closed and not test()):
                    raise AssertionError(f"waited for {what}, and the screen is:\n{self.text}")
                self._changed.wait(min(left, 0.05))
        return self

    def leave(self) -> int:
        """Leave at the prompt, and give the exit code."""
        return self.prompt().type(CTRL_D).exit_code()

    def exit_code(self) -> int:
        """Wait for the program's end; a signal is counted as a shell counts it."""
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program does not end, and the screen is:\n{self.text}") from None
        self._finish()
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        """Send a signal from elsewhere, as `kill` does."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._slave)
        self._slave = -1
        os.close(self._master)
        self._master = -1

    def modes(self) -> tuple[bool, bool]:
        """Whether the terminal echoes, and whether it waits for whole lines; both are so before any program."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO), bool(flags & termios.ICANON)

    def close(self) -> None:
        """End whatever still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._finish()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _squeezed(self) -> str:
        """The screen down to the cursor, without any blanks, so that no wrapping matters."""
        rows = (self.screen.row(y) for y in range(self.screen.cursor.y + 1))
        return "".join("".join(rows).split())

    def _reply(self, text: str) -> None:
        os.write(self._master, text.encode())

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        held = b""
        while not self._closed:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            with self._changed:
                self._closed = not data
                self.raw += data
                whole, held = _drawn(held + data) if data else (held, b"")
                self._stream.feed(whole)
                self._changed.notify_all()

    def _finish(self) -> None:
        """Read what the program left, to the end, which comes when nobody holds the terminal any more."""
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
            self._reader.join(PATIENCE)


def start(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, tty: int, cold: bool
) -> "Started | subprocess.Popen[bytes]":
    """Start a program at this terminal, from nothing if it is to be `cold`, else in a Python that has its libraries."""
    if not cold:
        return the_warm().start(argv[1:], env, cwd, [tty] * 3, PATIENCE)
    # The shell begins a session and opens the terminal, which makes it the one that Ctrl+C and SIGHUP come from.
    # Forking from Python, as pexpect does, is not safe beside the servers' threads.
    command = ["/bin/sh", "-c", 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1', "sh", os.ttyname(tty), *argv]
    return subprocess.Popen(command, env=dict(env), cwd=cwd, start_new_session=True)


def must_be_cold(python: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a program depends on what Python reads only once."""
    return bool(python) or any(name.startswith(COLD) for name in env)


def _drawn(data: bytes) -> tuple[bytes, bytes]:
    """What is shown now, and what a terminal holds back until the synchronized update is over that it belongs to."""
    begin = data.rfind(BEGIN)
    return (data, b"") if begin <= data.rfind(END) else (data[:begin], data[begin:])
