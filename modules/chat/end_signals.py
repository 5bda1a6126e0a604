"""Signals that ask the program to end: the work is stopped as at any end, and nothing holds that up for long."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

# Whatever ends a program that does not mind it. Not among them are KILL, and the faults of the processor: a handler in
# Python runs when the fault is over, and it is never over. bash and zsh set the modes of the terminal after those.
SIGNALS = (
    "SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGXCPU",
)  # fmt: skip
GRACE_SECONDS = 12.0  # until the program ends in any case; the last writes and the tools have less


class Leaving:
    """Cancels a task at the first such signal. Those after it change nothing: one window that closes sends several."""

    def __init__(self, task: "asyncio.Task[Any]", restore: Callable[[], None], grace: float = GRACE_SECONDS) -> None:
        self.number = 0  # of the signal, 0 for none
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._restore = restore
        self._grace = grace

    def listen(self) -> None:
        """From now on; what was ignored when the program was started, as by nohup, still is."""
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and os.name != "nt" and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._received)

    def _received(self, number: int, frame: object) -> None:
        if self.number:
            return
        self.number = number
        ending = threading.Timer(self._grace, self._end)
        ending.daemon = True
        ending.start()
        self._loop.call_soon_threadsafe(self._task.cancel)

    def _end(self) -> None:
        """What hangs is left where it hangs."""
        self._restore()
        os._exit(128 + self.number)
