"""Messages and ledgers that were read from their rows, are decoded when they are wanted, and need not stay so.

The first screen of a long conversation needs few of them, and so does each request. The rows are in memory, so that
nothing depends on the file any more once it was read: it may be damaged, deleted, or written by other programs
meanwhile.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from weakref import WeakValueDictionary

from modules.llm.history import Message, Role
from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.wire_log import WireLog
from modules.session.storage import frozen_entries
from modules.session.storage.codec import Fetch, decode_message, placeholder
from modules.session.storage.held_rows import HeldEntries, HeldMessages

BROKEN = (ValueError, LookupError, TypeError, RecursionError)  # msgspec's own errors are ValueErrors
KEPT_DECODED = 256  # messages that were wanted last


class SavedMessages:
    """The messages of one conversation by their ids; each is one object for as long as anybody has it."""

    def __init__(self, fetch: Fetch, renamed: Callable[[Message], Message]) -> None:
        self.fetch = fetch
        self.rows = HeldMessages()
        self._lock = threading.Lock()
        self._renamed = renamed
        self._decoded: WeakValueDictionary[int, Message] = WeakValueDictionary()
        self._newest: deque[Message] = deque(maxlen=KEPT_DECODED)
        self.repeats = lru_cache(maxsize=16)(self._repeats)  # several entries in a row are of the same message

    def read(self, id: int, role: Role) -> Message:
        """The message, or what stands in for one of that role that does not decode."""
        with self._lock:
            if (message := self._decoded.get(id)) is None:
                try:
                    message = decode_message(*self.rows.columns(id), self.fetch)
                except BROKEN:
                    message = placeholder(role)
                message = self._decoded[id] = self._renamed(message)
                self._newest.append(message)
            return message

    def held(self, id: int) -> Message | None:
        """The message where anybody has it."""
        return self._decoded.get(id)

    def _repeats(self, id: int | None) -> tuple[bytes, ...]:
        try:
            columns = None if id is None else self.rows.columns(id)
        except LookupError:
            columns = None
        return () if columns is None else frozen_entries.repeats_of(*columns)


class SavedLedger(Ledger):
    """A ledger whose entries are decoded when they are first wanted. Where they cannot be, it begins anew."""

    def __init__(
        self, rows: Iterable[frozen_entries.EntryRow], path: Callable[[], tuple[int, ...]], messages: SavedMessages
    ) -> None:
        self._is_read = True  # what the ledger begins with
        super().__init__()
        self._rows, self._path_of, self._messages = HeldEntries(rows), path, messages
        self._lock = threading.Lock()
        self._is_read = False

    def _read(self) -> None:
        if self._is_read:
            return
        with self._lock:
            if self._is_read:  # another thread was quicker
                return
            try:
                entries, digests = frozen_entries.decoded(self._rows, self._messages.repeats, self._messages.fetch)
                path = self._path_of()[: entries.covers[-1]] if entries else ()
            except BROKEN:  # what was sent is not known any more
                entries, digests, path = WireLog(), [], ()
            self._entries, self._digests, self._path, self._saved = entries, digests, path, len(entries)
            self._rows = HeldEntries()
            self._is_read = True

    @property
    def is_ready(self) -> bool:
        return self._is_read and super().is_ready

    @property
    def entries(self) -> WireLog:
        self._read()
        return self._entries

    @entries.setter
    def entries(self, entries: WireLog) -> None:
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
