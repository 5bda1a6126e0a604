"""What was sent to one kind of reader, append-only: so that each request extends the one before it, byte for byte.

A reader is an issuer and what its model takes: models that see the same things share a ledger. What a request
carried is frozen once an answer to it is stored; a later release of this program, another capability in models.yaml
or a new picture encoder cannot change it any more. Providers sign their reasoning over everything before it, and
cache by the same measure, so both stay good for as long as nothing is rewritten.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from modules.llm.history import Message, refused_turns, says_something
from modules.llm.message import MessageTransformer, WireEntry
from modules.llm.models import Model, Profile
from modules.llm.parts import Wire
from modules.llm.wire.conversion_state import ConversionState
from modules.llm.wire.replay import LeftOut, Replay, hidden_images, is_own, pieces_of_reasoning


class Ledger:
    """The frozen entries, and the ids of the messages that they tell.

    `digests[i]` is the value digest of all up to and with entry i, beginning with the instructions and tools in
    `seed`; kept only where reasoning is bound to it. `stripped` is the position before which no reasoning is given
    back, because the provider could not read it; `drops_unreadable_reasoning`: it was asked to drop such itself.
    `pictures_from` is the position before which no pictures are shown, because one of them was refused.
    `saved` counts the entries that the journal has seen.
    """

    def __init__(self) -> None:
        self.entries: list[WireEntry] = []
        self.digests: list[str] = []
        self.path: tuple[int, ...] = ()
        self.seed = ""
        self.stripped = 0
        self.drops_unreadable_reasoning = False
        self.pictures_from = 0
        self.saved = 0
        self._tail: list[WireEntry] = []
        self._tail_digests: list[str] = []
        self._tail_replays: dict[int, Replay] = {}
        self._asked: tuple[int, ...] = ()
        self._state: ConversionState | None = None
        self._hidden: int | None = None

    def build(
        self, transformer: MessageTransformer, messages: Sequence[Message], path: Sequence[int], seed: str = ""
    ) -> list[Wire]:
        """All of `messages` on the wire: what was frozen, then what is new. `path` holds the messages' ids.

        Only what is new is converted. Nothing is frozen before `commit`.
        """
        path = tuple(path)
        transformer.pictures_from = self.pictures_from
        self._cut_what_changed(transformer, messages, path, seed)
        self._tail, self._tail_digests, self._tail_replays, self._asked = [], [], {}, path

        def readable(message: Message, at: int) -> bool:
            return self._readable(message, at, self.digest)

        state = self._state_of_frozen(transformer, messages)
        after = self.entries[-1].wire if self.entries else None
        for entry in transformer.entries(messages, state, after, readable, self._tail_replays):
            if transformer.binds_reasoning:
                self._tail_digests.append(_digest(self.digest, entry.wire))
            self._tail.append(entry)
        return [entry.wire for entry in self.entries] + [entry.wire for entry in self._tail]

    @property
    def replays(self) -> dict[int, Replay]:
        """How each message went in the last request that was built, by position."""
        frozen = self._state.replays if self._state is not None else {}
        return {**frozen, **self._tail_replays}

    @property
    def left_out(self) -> LeftOut:
        """What stayed behind of all messages in the last request that was built."""
        before = self._state.left_out if self._state is not None else LeftOut()
        for how in self._tail_replays.values():
            before = before.plus(how)
        return before

    @property
    def newly_left_out(self) -> bool:
        """Whether anything stayed behind of the messages that nobody has answered here before."""
        return any(LeftOut().plus(how) for how in self._tail_replays.values())

    def _cut_what_changed(
        self, transformer: MessageTransformer, messages: Sequence[Message], path: tuple[int, ...], seed: str
    ) -> None:
        """Keep of the frozen entries only those that this request may begin with."""
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
        if refused := refused_turns(messages, len(self.path)):  # its question may have been frozen with a call
            self._cut(min(refused))
        if transformer.model.profile.images is not None:
            hidden = hidden_images(messages, transformer.model)
            if hidden != self._hidden:
                self._cut(0)
            self._hidden = hidden

    def _state_of_frozen(self, transformer: MessageTransformer, messages: Sequence[Message]) -> ConversionState:
        """What the frozen messages leave for those after them; kept, so that only the newly frozen are looked at."""
        if self._state is None or self._state.covers_until > len(self.path):
            self._state = ConversionState(transformer)

        def readable(message: Message, at: int) -> bool:
            before = bisect_right(self.entries, at, key=lambda entry: entry.covers_until)
            return self._readable(message, at, self.digests[before - 1] if before and self.digests else self.seed)

        self._state.read(messages, len(self.path), readable)
        return self._state

    def _readable(self, message: Message, at: int, digest: str) -> bool:
        """Whether reasoning is still good at this position, before which everything has this digest."""
        made_under = message.origin.made_under if message.origin and self.seed else ""
        return at >= self.stripped and made_under in ("", digest)

    @property
    def digest(self) -> str:
        """The digest of everything that the last request held so far; "" where nothing is bound to it."""
        return (self._tail_digests or self.digests or [self.seed])[-1]

    @property
    def reasoning_digest(self) -> str:
        """What an answer to the last request is bound to; "" where reasoning is not bound."""
        return self.digest if self._tail_digests else ""

    @property
    def frozen(self) -> int:
        """How many entries of the last request were frozen already."""
        return len(self.entries)

    def forget_conversion(self) -> None:
        """Look at the frozen messages anew with the next request; what is remembered of them may be shared."""
        self._state, self._tail, self._tail_digests, self._tail_replays = None, [], [], {}

    def commit(self) -> None:
        """An answer to the last view is stored: what was sent stays as it was, for good."""
        self.entries += self._tail
        self.digests += self._tail_digests
        if self.entries:
            self.path = self._asked[: self.entries[-1].covers_until]
        self._tail, self._tail_digests = [], []

    def strip(self, position: int) -> None:
        """Give back no reasoning from before `position`, ever again. What comes after it is bound to that."""
        self.stripped = max(self.stripped, position)
        self._cut(0)

    def hide_pictures(self, position: int) -> None:
        """Show no pictures from before `position`, ever again: one of them was refused."""
        self.pictures_from = max(self.pictures_from, position)
        self._cut(0)

    def _cut(self, position: int) -> None:
        """Keep only the entries that tell nothing from `position` on."""
        kept = 0
        while kept < len(self.entries) and self.entries[kept].covers_until <= position:
            kept += 1
        del self.entries[kept:], self.digests[kept:]
        self.path = self.path[: self.entries[-1].covers_until] if self.entries else ()
        self.saved = min(self.saved, kept)


def _answers(message: Message) -> bool:
    """Whether this is an answer that is told: one that says nothing, or was refused, is passed over."""
    return message.role == "assistant" and message.state != "refused" and says_something(message)


# Facts of a profile that change no byte of a message: models that differ only there share a ledger.
BESIDE_MESSAGES = ("usage_option", "tokens_field", "effort", "output_limit", "refused", "stops")


def ledger_key(model: Model) -> str:
    """Whose ledger a model reads: the same for all models of an issuer that are shown the same things."""
    usual = Profile()
    departs = {
        name: value
        for name in model.profile.__struct_fields__
        if name not in BESIDE_MESSAGES and (value := getattr(model.profile, name)) != getattr(usual, name)
    }
    shown = (
        model.tools, model.vision, model.documents, bool(model.reasoning), departs,
        sorted(model.profile.refused_in_messages),
    )  # fmt: skip
    return f"{model.provider.dialect} {model.issuer} {hashlib.sha256(repr(shown).encode()).hexdigest()[:8]}"


def seed_of(*values: Any) -> str:
    """The digest that a conversation's begins with: its instructions and tools."""
    return _digest("", values)


def _digest(before: str, value: Any) -> str:
    # The provider compares values, not spelling: keys in any order are the same.
    state = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}{state}".encode(errors="surrogatepass")).hexdigest()


def lost_reasoning(messages: Sequence[Message], stripped: int, model: Model) -> int:
    """How many pieces of reasoning the model's issuer will not get back after a strip at that position."""
    return sum(pieces_of_reasoning(message) for message in messages[:stripped] if is_own(message, model))
