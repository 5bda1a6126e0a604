"""What was sent to one kind of reader, append-only: so that each request extends the one before it, byte for byte.

A reader is an issuer and what its model takes: models that see the same things share a ledger. What a request
carried is frozen once an answer to it is stored; a later release of this program, another capability in models.yaml
or a new picture encoder cannot change it any more. Providers sign their reasoning over everything before it, and
cache by the same measure, so both stay good for as long as nothing is rewritten.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence

from msgspec import Struct

from modules.llm.message import Message, MessageTransformer, Wire


class Entry(Struct, frozen=True):
    """One wire message (or item). It came from the path's messages up to but not including position `upto`."""

    wire: Wire
    upto: int


class Ledger:
    """The frozen entries, and the ids of the messages that they tell.

    `stripped` is the position before which no reasoning is given back, because the provider could not read it.
    `saved` counts the entries that the journal has seen; cutting and stripping lower it.
    `digests[i]` is the value digest of everything before entry i, which is what a provider binds reasoning to.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.path: list[int] = []
        self.stripped = 0
        self.digests: list[str] = []
        self.seed = ""
        self.saved = 0
        self._sent: list[Entry] = []
        self._sent_path: tuple[int, ...] = ()
