"""A Python that has read the libraries already and becomes the program, which then answers in half the time.

Only what others wrote is there beforehand: the program's own code, all of it, is read anew and as it always is. What is
loaded when is asked of programs that start cold (start_test.py).
"""

import atexit
import contextlib
import fcntl
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
import tempfile
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

LIBRARIES = (
    "difflib", "sqlite3", "platformdirs", "msgspec.json", "msgspec.msgpack", "yaml", "dotenv", "pathspec",
    "prompt_toolkit.shortcuts", "prompt_toolkit.patch_stdout", "prompt_toolkit.input.vt100",
    "prompt_toolkit.key_binding.bindings.search",
    "rich.console", "rich.live", "rich.markdown", "rich.table", "rich.syntax", "markdown_it",
    "anyio._backends._asyncio", "anyio.streams.tls", "httpcore", "httpcore2", "httpx2", "genai_prices.data_snapshot",
    "anthropic", "anthropic.resources.messages", "openai", "openai.resources.responses", "openai.resources.chat",
    "groq", "groq.resources.chat",
    "jsonschema", "docstring_parser", "markdownify",
    "mcp.client.session", "mcp.client.streamable_http", "mcp.shared.jsonrpc_dispatcher",
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

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, streams: Sequence[int], patience: float
    ) -> Started:
        """Run this program in a session of its own with these as stdin, stdout and stderr."""
        order = {"argv": argv, "env": dict(env), "cwd": str(cwd)}
        socket.send_fds(self._socket, [json.dumps(order).encode() + b"\n"], streams)
        return self._started.get(timeout=patience)

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, given: bytes | None, patience: float
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run this program to its end with this piped in, or with /dev/null."""
        with contextlib.ExitStack() as stack:
            out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            source = stack.enter_context(piped(given) if given is not None else open(os.devnull, "rb"))  # noqa: SIM115
            started = self.start(argv, env, cwd, [stream.fileno() for stream in (source, out, err)], patience)
            try:
                code = started.wait(patience)
            except subprocess.TimeoutExpired:
                started.kill()
                raise
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(argv, code, out.read(), err.read())

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


def piped(data: bytes) -> BinaryIO:
    """The end of a pipe from which this can be read."""
    source, sink = os.pipe()

    def fill() -> None:
        with contextlib.suppress(BrokenPipeError), open(sink, "wb") as file:
            file.write(data)

    threading.Thread(target=fill, daemon=True).start()
    return open(source, "rb")


@functools.cache
def the_warm() -> Warm:
    return Warm()


def serve(line: socket.socket) -> dict[str, Any] | None:
    """Become a program for every order that comes. Returns the order in each, and None at the end of all."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    while True:
        ready, _, _ = select.select([line.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            for pid, code in ended():
                line.sendall(json.dumps([pid, code]).encode() + b"\n")
        if line.fileno() in ready:
            order, streams = received(line)
            if not order:
                return None
            pid = os.fork()
            if not pid:
                return {**json.loads(order), "streams": streams}
            for stream in streams:
                os.close(stream)
            line.sendall(json.dumps([pid, None]).encode() + b"\n")


def received(line: socket.socket) -> tuple[bytes, list[int]]:
    """One order, which is a line, and its streams. The next one comes when this one was answered."""
    order, streams, *_ = socket.recv_fds(line, 65536, 3)
    while order and not order.endswith(b"\n"):
        order += line.recv(65536)
    return order, list(streams)


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
    """Be as Python is before the first line of a program that was started with these streams."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for number, stream in enumerate(order["streams"]):
        os.dup2(stream, number)
    os.closerange(3, 1024)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = order["argv"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        old = getattr(sys, name)
        lines = 1 if number == 2 else -1
        stream = open(number, mode, lines, old.encoding, old.errors, closefd=False)  # noqa: SIM115 - it stays
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def run_to_the_end() -> None:
    """Run the program, and end as Python ends, but for the taking apart of all that the libraries have made.

    That would write to each page of memory that is shared with the process this was forked from, and cost more than
    most programs do.
    """
    code: object = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    for module, name in ((threading, "_shutdown"), (atexit, "_run_exitfuncs")):
        getattr(module, name)()
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed, or its reader is gone
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    assert not [name for name in sys.modules if name.partition(".")[0] in ("main", "modules")], "only libraries"
    gc.collect()
    gc.freeze()
    if (wanted := serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        become(wanted)
        run_to_the_end()
