"""What Ctrl+C and Esc stop: whatever runs at the moment; and Ctrl+Z, which stops the program itself."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_acts: dict[int, list[Callable[[], object]]] = {}  # what each signal does, the innermost last


class Running:
    """What runs, the innermost last."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Future[Any]] = []

    async def run(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Its result, or None where the person stopped it. Its own errors are raised as they are."""
        task = asyncio.ensure_future(work)
        self._tasks.append(task)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:  # the program is leaving, or what this is a part of was stopped: this goes first
            task.cancel()
            await asyncio.wait((task,))
            raise
        finally:
            self._tasks.remove(task)
        return None if task.cancelled() else task.result()

    def stop(self) -> bool:
        """Stop the innermost; False where nothing runs."""
        if self._tasks:
            self._tasks[-1].cancel()
        return bool(self._tasks)


def suspend() -> None:
    """Stop the program and whatever was started with it, as Ctrl+Z does; returns when the shell has it go on."""
    before = signal.signal(signal.SIGCONT, signal.SIG_IGN)  # whoever stops itself draws anew by itself, and not twice
    try:
        os.kill(0, signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGCONT, before)


@contextlib.contextmanager
def handled(number: int, act: Callable[[], object]) -> Iterator[None]:
    """While this is open, a signal does that, and afterwards what it did before.

    Not every platform lets a loop handle signals.
    """
    loop = asyncio.get_running_loop()
    before = signal.getsignal(number)
    try:
        loop.add_signal_handler(number, act)
    except (NotImplementedError, ValueError):
        yield
        return
    acts = _acts.setdefault(number, [])
    acts.append(act)
    try:
        yield
    finally:
        acts.pop()
        loop.remove_signal_handler(number)
        if acts:  # the loop knows only one, and has forgotten what it did around this
            loop.add_signal_handler(number, acts[-1])
        else:
            with contextlib.suppress(TypeError, ValueError):  # one that was not set from Python cannot be set again
                signal.signal(number, before)
