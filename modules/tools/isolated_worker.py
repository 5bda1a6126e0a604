"""Runs a function of ours in a Python process of its own: within limits, ended with its call, answers as they come.

The request is bytes, on the standard input of the process. Each answer is a line of bytes, on a descriptor that nothing
else in it writes to. A line without its end is half of one, and is not taken.
"""

import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncio.subprocess import Process

LARGEST_BYTES = 32_000_000  # of all answers to one request
LATE_SECONDS = 5  # after which a process is ended that should have ended itself

_START = f"import sys; sys.argv[1] in sys.path or sys.path.insert(0, sys.argv[1]); from {__name__} import main; main()"


class IsolatedWorker(NamedTuple):
    """How to run a function that yields its answers to a request. It stands in a module, under its own name.

    The process ends itself after `seconds`, and fails for want of memory beyond `memory_bytes`; 0 is no limit.
    `options` are Python's own. It imports the module of the function, which should therefore load little.
    """

    function: Callable[[bytes], Iterator[bytes]]
    seconds: int = 0
    memory_bytes: int = 0
    options: tuple[str, ...] = ()

    def command(self, descriptor: int = 1) -> list[str]:
        """The command line of the process, which answers on this descriptor."""
        from modules.config import ROOT  # the process itself gets it from here

        where = (self.function.__module__, self.function.__name__, descriptor, self.seconds, self.memory_bytes)
        return [sys.executable, "-I", *self.options, "-c", _START, str(ROOT), *map(str, where)]

    async def answers(self, request: bytes, environment: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """What the function yields, as it comes, up to LARGEST_BYTES. `environment` is all that the process gets.

        A process that is ended before it is done has no more answers, and that is all. Close the generator, and the
        process is ended with all that it has started.
        """
        import asyncio  # the process itself has no use for it

        process = await asyncio.create_subprocess_exec(
            *self.command(), env=dict(environment), cwd=os.path.abspath(os.sep), start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            limit=LARGEST_BYTES,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        overdue = loop.call_later(self.seconds + LATE_SECONDS, _end, process) if self.seconds else None
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(request)
            process.stdin.close()
            room = LARGEST_BYTES
            while line := await process.stdout.readline():
                room -= len(line)
                if room < 0 or not line.endswith(b"\n"):
                    return
                yield line
        except ValueError:  # a line that is longer than all answers may be
            return
        finally:
            if overdue is not None:
                overdue.cancel()
            _end(process)
            await process.wait()

    async def answer(self, request: bytes, environment: Mapping[str, str]) -> bytes:
        """The first answer; b"" where there is none."""
        async with aclosing(self.answers(request, environment)) as answers:
            return await anext(answers, b"")


def _end(process: "Process") -> None:
    """End a process with all that it has started; it leads a group of its own."""
    with suppress(ProcessLookupError, PermissionError):  # it has ended
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def main() -> None:
    """What the process does: everything that its command line says."""
    module, name, descriptor, seconds, memory_bytes = sys.argv[2:]
    __import__(module)
    function: Callable[[bytes], Iterator[bytes]] = getattr(sys.modules[module], name)
    with open(_private(int(descriptor)), "wb") as file:
        _limit(int(seconds), int(memory_bytes))
        request = sys.stdin.buffer.read()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        process = os.getpid()
        for answer in function(request):
            if os.getpid() != process:  # a function that forks and comes back twice is answered for once
                os._exit(0)
            file.write(answer + b"\n")
            file.flush()


def _private(descriptor: int) -> int:
    """The descriptor for answers, as nobody else has it: what is printed here does not get among them."""
    private = os.dup(descriptor)
    if descriptor == 1:
        os.dup2(2, 1)
    else:
        os.close(descriptor)
    return private


def _limit(seconds: int, memory_bytes: int) -> None:
    if sys.platform != "win32":
        signal.alarm(seconds)  # whoever asked may be gone by then
        if memory_bytes:
            import resource

            with suppress(ValueError, OSError):  # a system that has no such limit, or a lower one
                resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
