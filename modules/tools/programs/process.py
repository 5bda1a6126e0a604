"""A program that a tool runs: a session of its own, no terminal, bounded output, and nothing of it left at the end."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from modules.errors import ToolFailed
from modules.tools.programs.capture import Capture
from modules.tools.tool import ToolContext

if TYPE_CHECKING:
    from psutil import Process

GRACE_SECONDS = 2.0  # between the request to end and the order to
LINGER_SECONDS = 0.25  # that what it started may outlive it, such as the end of a pipeline
REAPED_SECONDS = 1.0  # until the kernel has carried out an order to end


class Ended(Struct, frozen=True):
    """How a program ended: its exit code, below 0 the signal; what it wrote; and what it had left running.

    `in_time` is False where it was stopped. `left` are the names of processes that were stopped after it had ended.
    """

    code: int
    output: str
    in_time: bool = True
    left: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The end as one line for the model."""
        if self.code >= 0:
            return f"exit code {self.code}"
        try:
            return f"ended by signal {signal.Signals(-self.code).name}"
        except ValueError:
            return f"ended by signal {-self.code}"


async def run(
    command: Sequence[str],
    context: ToolContext,
    seconds: float,
    *,
    stdin: int = subprocess.DEVNULL,
    keep: Sequence[int] = (),
    hear: Callable[[bytes], None] = lambda data: None,
) -> Ended:
    """Run a program to its end, `seconds` at the longest, with standard output and error in one stream.

    The context says where and with what environment, and is told the last line now and then. `keep` are descriptors
    that it inherits, and `hear` is given all that it writes, as it comes. Whether it ends, takes too long, or the
    caller is cancelled: all of its session and their children are ended too, first by SIGTERM. Only a process that has
    left both the session and its parents, as a daemon does, is no longer ours. Raises ToolFailed where it cannot be
    started.
    """
    source, sink = os.pipe()
    os.set_blocking(source, False)
    loop = asyncio.get_running_loop()
    capture = Capture(source, context.tell, hear)
    try:
        process = await _started_or_ended(_started(command, context, stdin, sink, keep))
        loop.add_reader(source, capture.read)
        try:
            in_time, left = await _watched(process, seconds)
        finally:
            loop.remove_reader(source)
            capture.drain()
            capture.stop()
    finally:
        os.close(source)
    code = process.returncode
    return Ended(-signal.SIGKILL if code is None else code, capture.text, in_time, left)


async def _started_or_ended(start: Coroutine[Any, Any, asyncio.subprocess.Process]) -> asyncio.subprocess.Process:
    """Start it to the end. Where that is stopped, asyncio would end the program itself, and nothing that it started."""
    starting = asyncio.ensure_future(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting})
        if starting.exception() is None:
            await ProcessTree(starting.result().pid).end(0.0)
        raise


async def _started(
    command: Sequence[str],
    context: ToolContext,
    stdin: int,
    sink: int,
    keep: Sequence[int],
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=stdin,
            stdout=sink,
            stderr=sink,
            cwd=context.folder,
            env=dict(context.environment),
            umask=context.umask,
            start_new_session=True,
            pass_fds=keep,
        )
    except ValueError as error:
        raise ToolFailed("A NUL cannot be part of a command.") from error
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise ToolFailed(f"It could not be started: {error.strerror}{where}.") from error
    finally:
        os.close(sink)


async def _watched(process: asyncio.subprocess.Process, seconds: float) -> tuple[bool, tuple[str, ...]]:
    """Whether it ended in time, and the names of what outlived it. Nothing does so for long."""
    waiting = asyncio.ensure_future(process.wait())
    family = ProcessTree(process.pid)
    try:
        done, _ = await asyncio.wait({waiting}, timeout=seconds)
        left = await family.end(LINGER_SECONDS if done else 0.0)
        return bool(done), left if done else ()
    except asyncio.CancelledError:
        await family.end(0.0)
        raise
    finally:
        family.signal(signal.SIGKILL)
        await asyncio.wait({waiting}, timeout=REAPED_SECONDS)
        waiting.cancel()


class ProcessTree:
    """Everything that a program has started: the processes of its session, and the children of those."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._known: set[Process] = set()  # which are told apart by when they began, too: numbers come again

    async def end(self, linger: float, grace: float = GRACE_SECONDS) -> tuple[str, ...]:
        """End them all, and give the names of those that were still there after `linger` seconds."""
        if await self._gone(linger):
            return ()
        left = tuple(sorted(set(_names(self.running()))))
        self.signal(signal.SIGTERM)
        if not await self._gone(grace):
            self.signal(signal.SIGKILL)
            await self._gone(REAPED_SECONDS)
        return left

    async def _gone(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        pause = 0.005
        while self.running():
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all that run now, by groups: one that is about to fork gets it before it has done so.

        The program itself gets it first: a shell that sees its children end says so.
        """
        groups: set[int] = set()
        for pid in self.running().values():
            with suppress(ProcessLookupError):
                groups.add(os.getpgid(pid))
        for group in sorted(groups, key=lambda group: group != self._leader):
            with suppress(ProcessLookupError, PermissionError):  # it ended meanwhile, or runs as somebody else
                os.killpg(group, number)

    def running(self) -> "dict[Process, int]":
        """Who is there now, with its number: of this session, seen before, or a child of one of those."""
        import psutil  # only where a program was started

        since = psutil.Process().create_time()
        everyone: dict[int, tuple[Process, int]] = {}
        ours: set[int] = set()
        for pid in psutil.pids():
            with suppress(psutil.Error, ProcessLookupError, PermissionError):  # it has ended since, or is none of ours
                one = psutil.Process(pid)
                known = os.getsid(pid) == self._leader or one in self._known
                if not known and one.create_time() < since:
                    continue  # it was there before this program, as most are, and asking more takes time
                with one.oneshot():
                    if one.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                        everyone[pid] = one, one.ppid()
                        ours |= {pid} if known else set()
        before = 0
        while len(ours) > before:
            before = len(ours)
            ours |= {pid for pid, (_, parent) in everyone.items() if parent in ours}
        found = {everyone[pid][0]: pid for pid in ours}
        self._known |= found.keys()
        return found


def _names(processes: "Iterable[Process]") -> Iterator[str]:
    import psutil

    for one in processes:
        with suppress(psutil.Error):  # it has ended since
            yield one.name()
