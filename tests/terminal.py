"""A person at a terminal: the real program in a pseudo-terminal, its screen, and the providers it talks to."""

import atexit
import fcntl
import functools
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import pyte

from modules.config import ROOT
from tests.warm import COLD, Started, the_warm
from tests.wire import WireServer

KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-test-5c1f90e2a7",
    "OPENAI_API_KEY": "sk-oai-test-8d3b61f4c0",
    "GROQ_API_KEY": "gsk-test-2e7a94d6b1",
}
PATIENCE = 25.0  # seconds for what should take a fraction of one, on a machine that is busy
CTRL_C, CTRL_D, CTRL_G, CTRL_J, CTRL_R, ESC, UP = "\x03", "\x04", "\x07", "\n", "\x12", "\x1b", "\x1b[A"


class Screen(pyte.HistoryScreen):
    """A terminal emulator that answers what programs ask a terminal, such as where its cursor is."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], None]) -> None:
        self._answer = answer
        super().__init__(columns, rows, history=10_000, ratio=0.5)

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        if not private:  # what an editor says about its keyboard, pyte takes for a colour
            super().select_graphic_rendition(*attributes)

    def write_process_input(self, data: str) -> None:
        self._answer(data)

    @property
    def rows(self) -> list[str]:
        """Every row from the first in the scrollback to the last on the screen, without trailing blanks."""
        above = ["".join(row[x].data for x in range(self.columns)) for row in self.history.top]
        return [row.rstrip() for row in (*above, *self.display)]


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
        self._changed = threading.Condition()
        self._closed = False
        self._master, slave = os.openpty()
        self.screen = Screen(columns, rows, self._reply)
        self._stream = pyte.ByteStream(self.screen)
        self._set_size(columns, rows)
        self._process = start(argv, env, cwd, os.ttyname(slave), cold)
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
        self.enter(line).prompt()
        return "\n".join(self.rows[above:]).rstrip("> \n")

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self.screen.resize(rows, columns)
        self._set_size(columns, rows)
        os.kill(self.pid, signal.SIGWINCH)

    # What the person sees.

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
            return str(self.screen.display[self.screen.cursor.y]).rstrip()

    def sees(self, text: str) -> "Terminal":
        """Wait until these words are on the screen."""
        return self.until(lambda: text in self.words, repr(text))

    def prompt(self, text: str = "") -> "Terminal":
        """Wait for a prompt in which this text stands, with the cursor after it."""
        wanted = f"> {text}"

        def there() -> bool:
            cursor = self.screen.cursor
            row = str(self.screen.display[cursor.y])
            ready = row.rstrip() == wanted.rstrip() and cursor.x == len(wanted) and not cursor.hidden
            # What is typed before the program reads keys is read by the terminal, which has other ideas of Enter.
            return ready and self.modes() == (False, False)

        return self.until(there, f"a prompt with {text!r}")

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
        rows = self.screen.display[: self.screen.cursor.y + 1]
        return "".join("".join(rows).split())

    def _reply(self, text: str) -> None:
        os.write(self._master, text.encode())

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            with self._changed:
                if not data:
                    self._closed = True
                else:
                    self.raw += data
                    self._stream.feed(data)
                self._changed.notify_all()
            if self._closed:
                return

    def _finish(self) -> None:
        """Read what the program left, to the end, which comes when nobody holds the terminal any more."""
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
            self._reader.join(PATIENCE)


def start(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, tty: str, cold: bool
) -> "Started | subprocess.Popen[bytes]":
    """Start a program at this terminal, from nothing if it is to be `cold`, else in a Python that has its libraries."""
    if not cold:
        return the_warm().start(argv[1:], env, cwd, tty, PATIENCE)
    # The shell begins a session and opens the terminal, which makes it the one that Ctrl+C and SIGHUP come from.
    # Forking from Python, as pexpect does, is not safe beside the servers' threads.
    command = ["/bin/sh", "-c", 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1', "sh", tty, *argv]
    return subprocess.Popen(command, env=dict(env), cwd=cwd, start_new_session=True)


@functools.cache
def the_copy() -> Path:
    """One copy of the program for all tests of this process, so that Python compiles it once."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return copied(folder / "program")


def copied(folder: Path) -> Path:
    folder.mkdir()
    for name in ("main.py", "models.yaml"):
        shutil.copy2(ROOT / name, folder)
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Home:
    """A person's machine: a config folder, keys in the environment, the program, and the providers on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.anthropic = WireServer("anthropic", key=KEYS["ANTHROPIC_API_KEY"])
        self.openai = WireServer("openai", key=KEYS["OPENAI_API_KEY"])
        self.groq = WireServer("groq", key=KEYS["GROQ_API_KEY"])
        self.ollama = WireServer("chat", key=None)
        self.servers = {"anthropic": self.anthropic, "openai": self.openai, "groq": self.groq, "ollama": self.ollama}
        self.keys = dict(KEYS)
        self._open: list[Terminal] = []
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Home":
        overlay = {}
        for name, server in self.servers.items():
            server.__enter__()
            overlay[name] = {"base_url": server.base_url}
        self.overlay(overlay)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for terminal in self._open:
            terminal.close()
        for running in self._running:
            with running:
                running.kill()
        for server in self.servers.values():
            server.__exit__(kind, error, trace)

    def overlay(self, providers: Mapping[str, Any], **more: Any) -> None:
        """Write the person's own models.yaml; JSON is YAML too."""
        (self.folder / "models.yaml").write_text(json.dumps({"providers": providers, **more}))

    def env(self, **changes: str) -> dict[str, str]:
        """The environment of a program: nothing of the one that the tests run in but the way to Python."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "PARLANCE_HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **self.keys,
            **changes,
        }

    @cached_property
    def program(self) -> Path:
        """The folder that main.py is in: a copy, so that a .env of whoever runs the tests is not beside it."""
        return the_copy()

    def own_program(self) -> Path:
        """Have a copy of the program for this machine alone, to put something beside it."""
        self.program = copied(self.folder / "program")
        return self.program

    def argv(self, *args: str, python: Sequence[str] = ()) -> list[str]:
        return [sys.executable, *python, str(self.program / "main.py"), *args]

    def start(self, *args: str, stdout: Any = subprocess.PIPE) -> "subprocess.Popen[bytes]":
        """Start the program without a terminal, to be listened to while it runs."""
        running = subprocess.Popen(
            self.argv(*args),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=self.env(),
            cwd=self.folder,
        )
        self._running.append(running)
        return running

    def open(
        self,
        *args: str,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        python: Sequence[str] = (),
        cwd: Path | None = None,
        cold: bool = False,
    ) -> Terminal:
        """Start the program in a terminal of its own; see warm.py for what is `cold`."""
        env = env or {}
        argv = self.argv(*args, python=python)
        cold = cold or bool(python) or any(name.startswith(COLD) for name in env)
        terminal = Terminal(argv, self.env(**env), cwd or self.folder, columns, rows, cold)
        self._open.append(terminal)
        return terminal

    def run(
        self,
        *args: str,
        given: bytes | str | None = None,
        env: Mapping[str, str] | None = None,
        python: Sequence[str] = (),
        cwd: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run the program without a terminal, with this piped in, to its end."""
        data = given.encode() if isinstance(given, str) else given
        done = subprocess.run(
            self.argv(*args, python=python),
            input=data,
            stdin=None if data is not None else subprocess.DEVNULL,
            capture_output=True,
            env=self.env(**(env or {})),
            cwd=cwd or self.folder,
            timeout=PATIENCE * 2,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
