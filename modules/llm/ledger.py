"""What was sent to one kind of reader, append-only: so that each request extends the one before it, byte for byte.

A reader is an issuer and what its model takes: models that see the same things share a ledger. What a request
carried is frozen once an answer to it is stored; a later release of this program, another capability in models.yaml
or a new picture encoder cannot change it any more. Providers sign their reasoning over everything before it, and
cache by the same measure, so both stay good for as long as nothing is rewritten.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from modules.llm.message import Entry, Message, MessageTransformer, says_something
from modules.llm.models import Model
from modules.llm.parts import Reasoning, Wire
from modules.llm.telling import Telling


class Ledger:
    """The frozen entries, and the ids of the messages that they tell.

    `digests[i]` is the value digest of all up to and with entry i, beginning with the instructions and tools in
    `seed`; kept only where reasoning is bound to it. `stripped` is the position before which no reasoning is given
    back, because the provider could not read it; `lenient` says that it was asked to drop such reasoning itself;
    `without` names what was refused: fields, IMAGES, or the tools of a model. `saved` counts the entries that the
    journal has seen.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.digests: list[str] = []
        self.path: tuple[int, ...] = ()
        self.seed = ""
        self.stripped = 0
        self.lenient = False
        self.without: frozenset[str] = frozenset()
        self.saved = 0
        self._tail: list[Entry] = []
        self._tail_digests: list[str] = []
        self._asked: tuple[int, ...] = ()
        self._told: Telling | None = None

    def view(
        self, transformer: MessageTransformer, messages: Sequence[Message], path: Sequence[int], seed: str = ""
    ) -> list[Wire]:
        """All of `messages` on the wire: what was frozen, then what is new. `path` holds the messages' ids.

        Only what is new is converted. Nothing is frozen before `commit`.
        """
        path = tuple(path)
        if seed != self.seed:  # other instructions or tools: everything that was bound to them is another conversation
            self._cut(0)
            self.seed = seed
        if elsewhere := path[: len(self.path)] != self.path:
            self._cut(next(at for at, (a, b) in enumerate(zip([*path, 0], [*self.path, 0], strict=False)) if a != b))
        start = len(self.path)
        if elsewhere or (0 < start < len(path) and not _answers(messages[start])):
            # The answer to what was sent last is on another branch, so that turn is still open here; and an entry that
            # was cut off may have told two messages as one, of which the first is still there.
            while start and messages[start - 1].role != "assistant":
                start -= 1
            self._cut(start)
        told = self._told_of(transformer, messages)
        self._tail, self._tail_digests, self._asked = [], [], path

        def readable(message: Message, at: int) -> bool:
            made_under = message.origin.made_under if message.origin and transformer.binds_reasoning else ""
            return at >= self.stripped and made_under in ("", self.digest)

        after = self.entries[-1].wire if self.entries else None
        for entry in transformer.entries(messages, told, after, readable):
            if transformer.binds_reasoning:
                self._tail_digests.append(_digest(self.digest, entry.wire))
            self._tail.append(entry)
        return [entry.wire for entry in self.entries] + [entry.wire for entry in self._tail]

    def _told_of(self, transformer: MessageTransformer, messages: Sequence[Message]) -> Telling:
        """What the frozen messages leave for those after them; kept, so that only the newly frozen are looked at."""
        if self._told is None or self._told.upto > len(self.path):
            self._told = Telling(transformer)
        self._told.read(messages, len(self.path))
        return self._told

    @property
    def digest(self) -> str:
        """The digest of everything that the last view held so far; "" where nothing is bound to it."""
        return (self._tail_digests or self.digests or [self.seed])[-1]

    @property
    def bound_to(self) -> str:
        """What an answer to the last view is bound to; "" where reasoning is not bound."""
        return self.digest if self._tail_digests else ""

    @property
    def frozen(self) -> int:
        """How many entries of the last view were frozen already."""
        return len(self.entries)

    def commit(self) -> None:
        """An answer to the last view is stored: what was sent stays as it was, for good."""
        self.entries += self._tail
        self.digests += self._tail_digests
        if self.entries:
            self.path = self._asked[: self.entries[-1].upto]
        self._tail, self._tail_digests = [], []

    def strip(self, position: int) -> None:
        """Give back no reasoning from before `position`, ever again. What comes after it is bound to that."""
        self.stripped = max(self.stripped, position)
        self._cut(0)

    def drop(self, what: str) -> None:
        """Never send this field, or pictures, again."""
        self.without |= {what}
        self._cut(0)

    def _cut(self, position: int) -> None:
        """Keep only the entries that tell nothing from `position` on."""
        kept = 0
        while kept < len(self.entries) and self.entries[kept].upto <= position:
            kept += 1
        del self.entries[kept:], self.digests[kept:]
        self.path = self.path[: self.entries[-1].upto] if self.entries else ()
        self.saved = min(self.saved, kept)


def _answers(message: Message) -> bool:
    """Whether this is an answer that is told: one that says nothing, or was refused, is passed over."""
    return message.role == "assistant" and message.state != "refused" and says_something(message)


def ledger_key(model: Model) -> str:
    """Whose ledger a model reads: the same for all models of an issuer that are shown the same things."""
    shown = (model.tools, model.vision, model.documents, bool(model.reasoning), model.profile)
    return f"{model.provider.dialect} {model.provider.issuer} {hashlib.sha256(repr(shown).encode()).hexdigest()[:8]}"


def no_tools(model: Model) -> str:
    """What stands among the refused where this one model takes no tools; it is another kind of reader from then on."""
    return f"tools {model.id}"


def seed_of(*values: Any) -> str:
    """The digest that a conversation's begins with: its instructions and tools."""
    return _digest("", values)


def _digest(before: str, value: Any) -> str:
    # The provider compares values, not spelling: keys in any order are the same.
    told = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}{told}".encode(errors="surrogatepass")).hexdigest()


def lost_reasoning(messages: Sequence[Message], stripped: int, model: Model) -> int:
    """How many pieces of reasoning the model's issuer will not get back after a strip at that position."""
    own = [m for m in messages[:stripped] if m.origin is not None and m.origin.issuer == model.provider.issuer]
    return sum(isinstance(part, Reasoning) for message in own for part in message.parts)
