"""Messages and ledgers that were read from their rows and are decoded when they are first wanted.

The first screen of a long conversation needs few of them. The rows are in memory, so that nothing depends on the file
any more once it was read: it may be damaged, deleted, or written by other programs meanwhile.
"""

import threading
from collections.abc import Callable
from functools import lru_cache

from modules.llm.history import Message
from modules.llm.ledger.ledger import Ledger
from modules.llm.message import WireEntry
from modules.session.storage import frozen_entries
from modules.session.storage.codec import Fetch, decode_message, placeholder

BROKEN = (ValueError, LookupError, TypeError, RecursionError)  # msgspec's own errors are ValueErrors

Columns = tuple[str, bytes, bytes | None]  # role, body and native payload


class SavedMessages:
    """The messages of one conversation by their ids; each is decoded once, in whichever thread asks first."""

    def __init__(self, fetch: Fetch, renamed: Callable[[Message], Message]) -> None:
        self.fetch = fetch
        self.lock = threading.Lock()
        self.columns: dict[int, Columns] = {}
        self._renamed = renamed
        self._decoded: dict[int, Message] = {}
        self.repeats = lru_cache(maxsize=16)(self._repeats)  # several entries in a row are of the same message

    def read(self, id: int) -> Message:
        """The message, or what stands in for one that does not decode."""
        with self.lock:
            if (message := self._decoded.get(id)) is None:
                role, body, native = self.columns[id]
                try:
                    message = decode_message(body, native, self.fetch)
                except BROKEN:
                    message = placeholder(role)
                message = self._decoded[id] = self._renamed(message)
            return message

    def _repeats(self, id: int | None) -> tuple[bytes, ...]:
        columns = self.columns.get(id) if id is not None else None
        return () if columns is None else frozen_entries.repeats_of(*columns[1:])


class SavedLedger(Ledger):
    """A ledger whose entries are decoded when they are first wanted. Where they cannot be, it begins anew."""

    def __init__(
        self, rows: list[frozen_entries.EntryRow], path: Callable[[], tuple[int, ...]], messages: SavedMessages
    ) -> None:
        self._is_read = True  # what the ledger begins with
        super().__init__()
        self._rows, self._path_of, self._messages = rows, path, messages
        self._is_read = False

    def _read(self) -> None:
        if self._is_read:
            return
        with self._messages.lock:
            if self._is_read:  # another thread was quicker
                return
            try:
                entries, digests = frozen_entries.decoded(self._rows, self._messages.repeats, self._messages.fetch)
                path = self._path_of()[: entries[-1].covers_until] if entries else ()
            except BROKEN:  # what was sent is not known any more
                entries, digests, path = [], [], ()
            self._entries, self._digests, self._path, self._saved = entries, digests, path, len(entries)
            self._rows = []
            self._is_read = True

    @property
    def entries(self) -> list[WireEntry]:
        self._read()
        return self._entries

    @entries.setter
    def entries(self, entries: list[WireEntry]) -> None:
        self._read()
        self._entries = entries

    @property
    def digests(self) -> list[str]:
        self._read()
        return self._digests

    @digests.setter
    def digests(self, digests: list[str]) -> None:
        self._read()
        self._digests = digests

    @property
    def path(self) -> tuple[int, ...]:
        self._read()
        return self._path

    @path.setter
    def path(self, path: tuple[int, ...]) -> None:
        self._read()
        self._path = path

    @property
    def saved(self) -> int:
        self._read()
        return self._saved

    @saved.setter
    def saved(self, saved: int) -> None:
        self._read()
        self._saved = saved
