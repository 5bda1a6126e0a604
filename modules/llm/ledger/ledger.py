"""What was sent to one kind of reader, append-only: so that each request extends the one before it, byte for byte.

A reader is an issuer and what its model takes: models that see the same things share a ledger. What a request
carried is frozen once an answer to it is stored; a later release of this program, another
capability in models.yaml or a new picture encoder cannot change it any more. Providers sign their reasoning over
everything before it, and cache by the same measure, so both stay good for as long as nothing is rewritten.

`Ledger.build` changes nothing: it gives the messages of a request. `Ledger.commit` takes those that were answered.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, assert_never

from msgspec import Struct

from modules.llm.conversion.conversion_state import ConversionState
from modules.llm.conversion.hidden_pictures import HiddenPictures
from modules.llm.conversion.replay import LeftOut, Replay, hidden_images, is_own, pieces_of_reasoning, replay
from modules.llm.conversion.wire_json import WireList, copied
from modules.llm.history import Message, refused_turns, says_something, with_refused
from modules.llm.ledger.wire_log import WireLog
from modules.llm.message import Conversion, Frozen, MessageTransformer, counted, digest_after, is_readable
from modules.llm.models import Model
from modules.llm.parts import Wire


class Pending(Struct, frozen=True):
    """What a ledger holds once the request that carries this was answered.

    `path` holds the ids of the messages that were asked with, `hidden` how many pictures were not shown because the
    model takes only so many. `before` is what the messages leave that were frozen already, `after` what all of them do.
    """

    entries: WireLog
    digests: list[str]
    path: tuple[int, ...]
    prefix_digest: str
    hidden: int | None
    before: ConversionState
    after: ConversionState

    @property
    def replays(self) -> dict[int, Replay]:
        """How each message goes, by position."""
        return {**self.before.replays, **self.after.replays}

    def state_after(self) -> ConversionState:
        """What all messages leave for the next."""
        state = self.after.copy()
        state.replays = self.replays
        return state


class WireMessages(Struct, frozen=True):
    """The messages of one request on the wire, and what is pending until they were answered.

    `left_out` is what stays behind of all messages, `new_replays` how those go that nobody has answered here before.
    `reasoning_digest` is what an answer is bound to, "" where reasoning is not bound.
    """

    pending: Pending
    left_out: LeftOut
    new_replays: Mapping[int, Replay]
    reasoning_digest: str

    def listed(self, *head: Wire, since: int = 0) -> WireList:
        """The list of messages for a request's body: those in `head`, then all from number `since` on."""
        return self.pending.entries.listed(head, since)

    def total(self, measure: Callable[[Wire], int]) -> int:
        """The sum of a measure over the messages, which only looks at them; those sent before were measured then."""
        return self.pending.entries.total(measure)

    def __iter__(self) -> Iterator[Wire]:
        """The messages as values; each is a copy, so that nothing done to it changes what is kept."""
        return map(copied, self.pending.entries.wires())

    def __reversed__(self) -> Iterator[Wire]:
        return (copied(entry.wire) for entry in reversed(self.pending.entries))

    @property
    def replays(self) -> dict[int, Replay]:
        """How each message goes, by position."""
        return self.pending.replays

    @property
    def newly_left_out(self) -> bool:
        """Whether anything stays behind of the messages that nobody has answered here before."""
        return any(LeftOut().plus(how) for how in self.new_replays.values())


class Ledger:
    """The frozen entries, and the ids of the messages that are in them.

    `digests[i]` is the value digest of all up to and with entry i, beginning with the instructions and tools in
    `prefix_digest`; kept only where reasoning is bound to it. `reasoning_from` is the position before which no
    reasoning is given back, because the provider could not read it; `drops_unreadable_reasoning`: it was asked to drop
    such itself.
    `pictures_from` is the position before which no pictures are shown, because one of them was refused.
    `saved` counts the entries that the journal has seen.
    """

    def __init__(self) -> None:
        self.entries = WireLog()
        self.digests: list[str] = []
        self.path: tuple[int, ...] = ()
        self.prefix_digest = ""
        self.reasoning_from = 0
        self.drops_unreadable_reasoning = False
        self.pictures_from = 0
        self.saved = 0
        self._hidden: int | None = None
        self._state: ConversionState | None = None  # what the frozen messages leave; found anew where it is None

    @property
    def is_ready(self) -> bool:
        """Whether the next request needs to look at what is new only."""
        return self._state is not None

    def build(
        self, transformer: MessageTransformer, messages: Sequence[Message], path: Sequence[int], prefix_digest: str = ""
    ) -> WireMessages:
        """All of `messages` on the wire: what is frozen, then what is new. `path` holds the messages' ids.

        `prefix_digest` is that of what reasoning is bound to beside the messages, "" where it is not bound. Only what
        is new is converted. Nothing is changed, so a request can be looked at and thrown away.
        """
        path, model = tuple(path), transformer.model
        hidden = None if model.profile.images is None else hidden_images(messages, model)
        kept = 0 if hidden not in (None, self._hidden) else self._kept(messages, path, prefix_digest)
        entries, digests = self.entries.copy(kept), self.digests[:kept]
        before = self._state_after(transformer, messages, kept, prefix_digest)
        if self._state is None and kept == len(self.entries):
            self._state = before  # looking through all messages once is enough
        frozen = Frozen(
            state=before,
            last=entries[-1].wire if kept else None,
            digest=digests[-1] if digests else prefix_digest,
            reasoning_from=self.reasoning_from,
            pictures_from=self.pictures_from,
        )
        new = Conversion(transformer, messages, frozen, entries.append)
        digests += new.digests
        return WireMessages(
            pending=Pending(entries, digests, path, prefix_digest, hidden, before, new.state),
            left_out=new.state.left_out,
            new_replays=new.state.replays,
            reasoning_digest=new.digests[-1] if new.digests else "",
        )

    def commit(self, pending: Pending) -> None:
        """An answer to this request is stored: what was sent stays as it was, for good."""
        is_same = pending.prefix_digest == self.prefix_digest  # else each has another digest
        self.saved = min(self.saved, self.entries.same_as(pending.entries)) if is_same else 0
        self.entries, self.digests = pending.entries, [*pending.digests]
        self.path = pending.path[: self.entries.covers[-1]] if self.entries else ()
        self.prefix_digest, self._hidden = pending.prefix_digest, pending.hidden
        self._state = pending.state_after()

    def _kept(self, messages: Sequence[Message], path: tuple[int, ...], prefix_digest: str) -> int:
        """How many of the frozen entries this request may begin with."""
        if prefix_digest != self.prefix_digest:  # other instructions or tools: nothing that is bound to them holds
            return 0
        start = len(self.path)
        if elsewhere := path[:start] != self.path:
            parted = next(at for at, (a, b) in enumerate(zip([*path, 0], [*self.path, 0], strict=False)) if a != b)
            start = self._covered(parted)
        if elsewhere or (0 < start < len(path) and not _answers(messages[start])):
            # The answer to what was sent last is on another branch, so that turn is still open here; and an entry that
            # was cut off may hold two messages as one, of which the first is still there.
            while start and messages[start - 1].role != "assistant":
                start -= 1
            start = self._covered(start)
        if refused := refused_turns(messages, start):  # its question may have been frozen with a call
            start = min(start, self._covered(min(refused)))
        return self._entries_until(start)

    def _entries_until(self, position: int) -> int:
        """How many entries hold nothing from `position` on."""
        return bisect_right(self.entries.covers, position)

    def _covered(self, position: int) -> int:
        """The position that these entries end at."""
        kept = self._entries_until(position)
        return self.entries.covers[kept - 1] if kept else 0

    def _state_after(
        self, transformer: MessageTransformer, messages: Sequence[Message], kept: int, prefix_digest: str
    ) -> ConversionState:
        """What the messages in so many of the entries leave for the next."""
        until = self.entries.covers[kept - 1] if kept else 0
        if self._state is not None and self._state.covers_until == until:
            return self._state
        model, state = transformer.model, ConversionState(transformer.model)
        pictures = HiddenPictures(model, messages, 0, self.pictures_from)
        for at, original, is_refused in with_refused(islice(messages, until)):
            if is_refused:
                continue
            message = pictures.replaced(original, at) if pictures.any else original
            match message.role:
                case "assistant":
                    before = bisect_right(self.entries.covers, at)
                    digest = self.digests[before - 1] if before and self.digests else prefix_digest
                    how = state.note_answer(message, readable=is_readable(message, at, digest, self.reasoning_from))
                case "system":
                    state.add_instructions(message.text, transformer.instructions(message.text))
                    continue
                case "user" | "tool":
                    how = replay(message, model)
                    state.awaiting_answer = True
                    if message.role == "user" or not model.tools:
                        state.take_notes()
                        state.take_pictures()
                case _:
                    assert_never(message.role)
            state.count(at, counted(how, original, at, model, self.pictures_from))
        state.forget_instructions()
        state.covers_until = until
        return state

    def strip(self, position: int) -> None:
        """Give back no reasoning from before `position`, ever again. What comes after it is bound to that."""
        self.reasoning_from = max(self.reasoning_from, position)
        self._forget()

    def hide_pictures(self, position: int) -> None:
        """Show no pictures from before `position`, ever again: one of them was refused."""
        self.pictures_from = max(self.pictures_from, position)
        self._forget()

    def _forget(self) -> None:
        """Begin anew: nothing that was sent may be sent again as it was."""
        self.entries, self.digests, self.path, self.saved, self._state = WireLog(), [], (), 0, None


def _answers(message: Message) -> bool:
    """Whether this is an answer that is given back: one that says nothing, or was refused, is passed over."""
    return message.role == "assistant" and message.state != "refused" and says_something(message)


def prefix_digest_of(*values: Any) -> str:
    """The digest that a conversation's begins with: its instructions and tools."""
    return digest_after("", values)


def lost_reasoning(messages: Sequence[Message], reasoning_from: int, model: Model) -> int:
    """How many pieces of reasoning the model's issuer will not get back after a strip at that position."""
    return sum(pieces_of_reasoning(message) for message in messages[:reasoning_from] if is_own(message, model))
