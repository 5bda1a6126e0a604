"""What the benchmarks share: a program in a pseudo-terminal, with the time at which each of its bytes came."""

import os
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import psutil

from tests.harness.engine_harness import ANTHROPIC, GROQ, OPENAI
from tests.harness.home import Home

COLUMNS, ROWS = 100, 40
PATIENCE = 90.0
CURSOR_QUESTION, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"
IDLE = b"\x1b[0;1m>"  # the mark of a line while nothing runs
MODELS = (ANTHROPIC, OPENAI, GROQ)
TICK = 0.01  # seconds in which the system counts the time of a process


class Program:
    """A program in a terminal of 100 by 40. No emulator: reading costs the machine as little as possible."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: str | Path | None = None) -> None:
        self.raw = b""
        self._arrivals: list[tuple[int, float]] = []  # bytes up to here, and when
        self._changed = threading.Condition()
        self._closed = False
        self._master, slave = os.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.started = time.monotonic()
        # The shell begins a session and opens the terminal, which makes it the one that Ctrl+C comes from.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1', "sh", os.ttyname(slave), *argv],
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        self._slave = slave
        self._stats = psutil.Process(self._process.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, text: str) -> float:
        """Press these keys, and give the time of it."""
        now = time.monotonic()
        os.write(self._master, text.encode())
        return now

    def until(self, wanted: bytes, start: int = 0, timeout: float = PATIENCE) -> float:
        """Wait until these bytes came, at `start` or later, and give the time at which they did."""
        return self.when(lambda: (at := self.raw.find(wanted, start)) >= 0 and at + len(wanted), repr(wanted), timeout)

    def when(self, place: Callable[[], int], what: str, timeout: float = PATIENCE) -> float:
        """Wait until `place` gives an offset in what came (0: not yet), and give the time of that byte."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (at := place()):
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    raise RuntimeError(f"waited for {what}; the last that came was {self.raw[-2000:]!r}")
                self._changed.wait(left)
            return next(when for upto, when in self._arrivals if upto >= at)

    def prompt(self, start: int = 0, mark: bytes = IDLE) -> float:
        """Wait for a line that is drawn after `start` while nothing runs."""
        return self.until(mark, start)

    def cpu(self) -> float:
        """Seconds of processor time so far, all threads, user and system."""
        times = self._stats.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        """Resident memory in MB."""
        return float(self._stats.memory_info().rss) / 1e6

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._slave)
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            now = time.monotonic()
            if CURSOR_QUESTION in data:
                os.write(self._master, CURSOR_ANSWER)
            with self._changed:
                self.raw += data
                self._arrivals.append((len(self.raw), now))
                self._closed = not data
                self._changed.notify_all()
            if not data:
                return


@contextmanager
def home() -> Iterator[Home]:
    """The program copied to a folder where Python may keep its bytecode, and a loopback server for each provider."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as made:
        yield made


def parlance(home: Home, *args: str) -> Program:
    """Start our program."""
    return Program([sys.executable, str(home.program / "main.py"), *args], home.env(), home.folder)


def once(home: Home, *args: str) -> None:
    """Start and leave, so that bytecode and catalogue are there, as they are for everyone but at the first start."""
    with parlance(home, *args) as program:
        program.prompt()


def load() -> str:
    """How busy the machine is; other people's work included."""
    return "load " + " ".join(f"{value:.1f}" for value in os.getloadavg()) + f" on {os.cpu_count()} cores"
