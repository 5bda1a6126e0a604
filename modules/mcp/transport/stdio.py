"""A server's process: lines in, lines out, and an end that takes everything with it that the process has started."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from modules.errors import ToolFailed
from modules.mcp.configuration.server_config import ServerConfig
from modules.mcp.log import Log
from modules.tools.programs.process import ProcessTree

LONGEST_LINE_BYTES = 16 * 1024 * 1024
PIECE = 65536
GRACE_SECONDS = 1.0  # to end by itself once its input is closed, and again once it is told to
AFTER_SECONDS = 0.3  # that output may come in after the process has ended; its children may hold the pipe for ever

# What a server sees of our environment beside what its entry gives it: no key of any kind is among it.
INHERITED = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LANGUAGE", "TMPDIR", "TZ")


def environment_of(entry: ServerConfig, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server: of `given` what is harmless, and all that the entry says."""
    usual = {name: value for name, value in given.items() if name in INHERITED or name.startswith("LC_")}
    return {**usual, **entry.env}


class Process(asyncio.SubprocessProtocol):
    """A process in a session of its own. What it writes to standard error goes to the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._out = asyncio.StreamReader(limit=PIECE)
        self._exited = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._over = False  # nothing more is read
        self._transport: asyncio.SubprocessTransport

    @classmethod
    async def start(cls, entry: ServerConfig, environment: Mapping[str, str], log: Log) -> "Process":
        """Start the program of the entry. Raises ToolFailed where that cannot be done."""
        if os.name == "nt":  # nothing there ends all that a program has started
            raise ToolFailed("a server that is a program does not work on Windows; one with a URL does")
        loop = asyncio.get_running_loop()
        folder = entry.cwd or environment.get("HOME") or "/"
        try:
            _, process = await loop.subprocess_exec(
                lambda: cls(log), entry.command, *entry.args, env=dict(environment), cwd=folder, start_new_session=True
            )
        except OSError as error:
            missing = "the folder" if error.filename == folder and not os.path.isdir(folder) else "the program"
            raise ToolFailed(f"{missing} {error.filename or entry.command} cannot be used: {error.strerror}") from error
        return process

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._transport.get_returncode()

    async def lines(self) -> AsyncIterator[bytes]:
        """What it writes, line by line, until it ends. Raises ToolFailed for a line that has no end."""
        held: list[bytes] = []
        size = 0
        while piece := await self._out.read(PIECE):
            first, *more = piece.split(b"\n")
            held.append(first)
            size += len(first)
            if size > LONGEST_LINE_BYTES:
                raise ToolFailed(f"it wrote a line of more than {LONGEST_LINE_BYTES // 1024 // 1024} MB")
            for line in more:
                yield b"".join(held)
                held, size = [line], len(line)

    async def write(self, data: bytes) -> None:
        """Hand it these bytes; waits while it does not read. Raises BrokenPipeError where it never will."""
        stdin = self._stdin
        if stdin is None or stdin.is_closing():
            raise BrokenPipeError
        stdin.write(data)
        await self._writable.wait()

    async def end(self) -> None:
        """End it and all that it has started: close its input, then tell it to, then kill. At most four seconds."""
        family = ProcessTree(self._transport.get_pid())
        family.running()  # whoever has left the session is known by its parent, as long as that is there
        self._over = True
        if (stdin := self._stdin) is not None:
            stdin.close()
        try:
            await family.end(GRACE_SECONDS, GRACE_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._exited.wait(), GRACE_SECONDS)
        finally:
            family.signal(signal.SIGKILL)
            self._transport.close()

    @property
    def _stdin(self) -> asyncio.WriteTransport | None:
        pipe = self._transport.get_pipe_transport(0)
        return pipe if isinstance(pipe, asyncio.WriteTransport) else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        if (pipe := transport.get_pipe_transport(1)) is not None:
            self._out.set_transport(pipe)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._log.write(data)
        elif not self._over:
            self._out.feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 0:
            self._writable.set()
        elif fd == 1:
            self._finish()

    def process_exited(self) -> None:
        self._exited.set()
        asyncio.get_running_loop().call_later(AFTER_SECONDS, self._finish)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _finish(self) -> None:
        self._over = True
        self._out.feed_eof()
