"""The index of what was said, brought up to date while a list that uses it is open; it says how far that has come."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from modules.daemon_thread import in_thread
from modules.errors import ParlanceError

if TYPE_CHECKING:
    from modules.session.search.search import Search

PAUSE_SECONDS = 0.005  # between two steps, for whoever types
AGAIN_SECONDS = 1.0  # between two looks at what has come into the index meanwhile


class IndexFilling:
    """Fills the index from `start` to `stop`; `told` is called when there is more in it, or the progress is another.

    `search` is asked for in the thread: loading it takes longer than a list may take to open.
    """

    def __init__(self, search: "Callable[[], Search]", told: Callable[[], None]) -> None:
        self.progress = ""
        self.is_over = False  # whether all of it is in the index by now, or cannot come in
        self._search = search
        self._told = told
        self._stop = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._told_at = 0.0

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def say(indexed: int, total: int) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody looks any more
                loop.call_soon_threadsafe(self._say, indexed, total)

        try:
            await in_thread(partial(self._fill, say))
            self.progress = ""
        except ParlanceError as error:
            self.progress = error.message
        self.is_over = True
        self._told()

    def _fill(self, say: Callable[[int, int], None]) -> None:
        self._search().catch_up(say, pause=PAUSE_SECONDS, stop=self._stop)

    def _say(self, indexed: int, total: int) -> None:
        now = asyncio.get_running_loop().time()
        if indexed < total and now - self._told_at > AGAIN_SECONDS:
            self._told_at = now
            self.progress = f"{indexed:,} of {total:,} messages indexed"
            self._told()
