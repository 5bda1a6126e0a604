"""While an answer arrives: Ctrl+C and Esc stop it, and whatever else is typed waits for the next prompt."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from typing import Any

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

STOPPING = (Keys.ControlC, Keys.Escape)
FLUSH = 0.05  # seconds after which an Esc is not the beginning of some other key


async def interruptible(work: Coroutine[Any, Any, None], keys: Input) -> bool:
    """Run `work`; False when the person stopped it. Its own errors are raised as they are.

    The terminal is in raw mode meanwhile: nothing typed is echoed into the answer.
    """
    task = asyncio.ensure_future(work)
    with _listening(keys, task), _signals(task):
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:  # the program is leaving: the answer goes first
            task.cancel()
            await asyncio.wait((task,))
            raise
    if task.cancelled():
        return False
    task.result()
    return True


@contextlib.contextmanager
def _listening(keys: Input, task: "asyncio.Future[None]") -> Iterator[None]:
    ahead: list[KeyPress] = []
    loop = asyncio.get_running_loop()

    def take(pressed: list[KeyPress]) -> None:
        for key in pressed:
            if key.key in STOPPING:
                task.cancel()
            else:
                ahead.append(key)

    def ready() -> None:
        take(keys.read_keys())
        loop.call_later(FLUSH, lambda: take(keys.flush_keys()))

    with keys.raw_mode(), keys.attach(ready):
        try:
            yield
        finally:
            store_typeahead(keys, ahead)


@contextlib.contextmanager
def _signals(task: "asyncio.Future[None]") -> Iterator[None]:
    """`kill -INT` from elsewhere is Ctrl+C too. Not every platform lets a loop handle signals."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    except (NotImplementedError, ValueError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
