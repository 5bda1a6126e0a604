"""The files of the working folder, for completion: listed in the background when they are wanted, and later anew."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from modules.chat.input.mentions.name_matching import Names
from modules.daemon_thread import start_thread

FRESH_SECONDS = 5.0  # for which a list is not made again
LAZY = 20  # times as long as it took is the least between two lists


class FolderFiles:
    """One list, of the folder that the program was started in. `environment` is what git gets."""

    def __init__(self, environment: Callable[[], Mapping[str, str]]) -> None:
        self._environment = environment
        self._folder = Path.cwd()
        self._made_at = 0.0
        self._took = 0.0
        self._making: asyncio.Future[Names] | None = None
        self.names: Names | None = None  # as far as they are known

    def wanted(self) -> "asyncio.Future[Names] | None":
        """Make the list, or begin to make a newer one; what is on its way, None where it is fresh enough."""
        now = time.monotonic()
        old = now - self._made_at > max(FRESH_SECONDS, LAZY * self._took)
        if self._making is None and (self.names is None or old):
            self._made_at = now
            self._making = start_thread(self._listed)
            self._making.add_done_callback(self._take)
        return self._making

    def _listed(self) -> Names:
        from modules.tools.files.search.folder_names import names_in  # only where somebody wants a file

        return Names(names_in(self._folder, self._environment()))

    def _take(self, made: "asyncio.Future[Names]") -> None:
        self._took = time.monotonic() - self._made_at
        self._making = None
        with suppress(OSError, asyncio.CancelledError):
            self.names = made.result()
        if self.names is None:  # no process could be started: nothing is known, and is not asked for with each key
            self.names = Names([])
