"""A Python that has read the libraries already and becomes the program, which then answers in half the time.

Only what others wrote is there beforehand: the program's own code, all of it, is read anew and as it always is. What is
loaded when is asked of programs that start cold (start_test.py).
"""

import atexit
import functools
import gc
import importlib
import json
import os
import queue
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LIBRARIES = (
    "difflib", "sqlite3", "platformdirs", "msgspec.json", "msgspec.msgpack", "yaml", "dotenv", "pathspec",
    "prompt_toolkit.shortcuts", "prompt_toolkit.patch_stdout", "prompt_toolkit.input.vt100",
    "prompt_toolkit.key_binding.bindings.search",
    "rich.console", "rich.live", "rich.markdown", "rich.table", "rich.syntax", "markdown_it",
    "anyio.streams.tls", "httpcore", "httpcore2", "httpx2", "genai_prices.data_snapshot",
    "anthropic", "anthropic.resources.messages", "openai", "openai.resources.responses", "openai.resources.chat",
    "groq", "groq.resources.chat",
)  # fmt: skip
COLD = ("PYTHON", "LANG", "LC_", "TZ")  # what Python reads once, when it starts


class Started:
    """A program that was started; what `subprocess.Popen` has of the same names."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        self._ended = threading.Event()

    def end(self, code: int) -> None:
        self._code = code
        self._ended.set()

    def poll(self) -> int | None:
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout) or self._code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self._code

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class Warm:
    """The process that becomes programs, one for all tests of this process."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._started: queue.SimpleQueue[Started] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self.close)

    def close(self) -> None:
        """Let the process end, which it does when nobody can order any more."""
        self._socket.shutdown(socket.SHUT_WR)
        self._process.wait()

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, tty: str, patience: float) -> Started:
        """Run this program in a session of its own at this terminal."""
        order = {"argv": argv, "env": dict(env), "cwd": str(cwd), "tty": tty}
        self._socket.sendall(json.dumps(order).encode() + b"\n")
        return self._started.get(timeout=patience)

    def _listen(self) -> None:
        running: dict[int, Started] = {}
        with self._socket.makefile() as lines:
            for line in lines:
                pid, code = json.loads(line)
                if code is None:
                    running[pid] = Started(pid)
                    self._started.put(running[pid])
                else:
                    running.pop(pid).end(code)


@functools.cache
def the_warm() -> Warm:
    return Warm()


def serve(line: socket.socket) -> dict[str, Any] | None:
    """Become a program for every order that comes. Returns the order in each, and None at the end of all."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    orders = b""
    while True:
        ready, _, _ = select.select([line.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            for pid, code in ended():
                line.sendall(json.dumps([pid, code]).encode() + b"\n")
        if line.fileno() in ready:
            data = line.recv(65536)
            if not data:
                return None
            *whole, orders = (orders + data).split(b"\n")
            for order in whole:
                pid = os.fork()
                if not pid:
                    return dict(json.loads(order))
                line.sendall(json.dumps([pid, None]).encode() + b"\n")


def ended() -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found.append((pid, os.waitstatus_to_exitcode(status)))


def become(order: Mapping[str, Any]) -> None:
    """Be as Python is before the first line of a program that was started at this terminal."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    terminal = os.open(order["tty"], os.O_RDWR)  # the first that a session opens is its own
    for number in range(3):
        os.dup2(terminal, number)
    os.closerange(3, 1024)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = order["argv"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        old = getattr(sys, name)
        stream = open(number, mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115 - it stays
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    assert not [name for name in sys.modules if name.partition(".")[0] in ("main", "modules")], "only libraries"
    gc.collect()
    gc.freeze()
    if (wanted := serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        become(wanted)
        runpy.run_path(sys.argv[0], run_name="__main__")
