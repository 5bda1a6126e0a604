"""What the conversion of a history carries from one message to the next: ids, notes, and instructions for later."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, assert_never

from modules.llm.history import Message, State, refused_turns
from modules.llm.parts import Wire
from modules.llm.wire.replay import LeftOut, Replay, is_own, replay

if TYPE_CHECKING:
    from modules.llm.message import MessageTransformer

Readable = Callable[[Message, int], bool]
UPDATE = "<system-update>\n{}\n</system-update>"


class ConversionState:
    """What one entry leaves for the next: native ids for results, notes and instructions that wait for their place.

    `awaiting_answer`: whether anything was said since the last answer. `covers_until`: how many messages of the
    history `read` has passed.
    """

    def __init__(self, transformer: "MessageTransformer") -> None:
        self._transformer = transformer
        self._taken: set[str] = set()
        self._cut = ""
        self._updates: list[str] = []
        self._later: list[Wire] = []
        self.native_call_ids: dict[str, str] = {}
        self.awaiting_answer = False
        self.covers_until = 0
        self.replays: dict[int, Replay] = {}  # how the messages went that `read` has passed, by position
        self.left_out = LeftOut()  # of them, in all

    def read(self, history: Sequence[Message], covers_until: int, readable: Readable) -> None:
        """Take note of what was told already, from where it stopped the last time."""
        passed_over = refused_turns(history, self.covers_until, covers_until)
        for at, message in enumerate(history[self.covers_until : covers_until], self.covers_until):
            if at in passed_over:
                continue
            match message.role:
                case "assistant":
                    self._count(at, message, self.note_answer(message, at, readable))
                case "system":
                    self.add_instructions(message)
                case "user" | "tool":
                    self._count(at, message, replay(message, self._transformer.model))
                    self.awaiting_answer = True
                    if message.role == "user" or not self._transformer.model.tools:
                        self.take_notes()
                case _:
                    assert_never(message.role)
        self._later = []  # told already: it never waits longer than for the end of a request
        self.covers_until = covers_until

    def _count(self, at: int, message: Message, how: Replay) -> None:
        how = self.replays[at] = self._transformer.counted(how, message, at)
        self.left_out = self.left_out.plus(how)

    def copy(self) -> "ConversionState":
        """The same, to go on from here and to leave this one as it is."""
        other = copy(self)
        other._taken, other._updates, other._later = set(self._taken), [*self._updates], [*self._later]
        other.replays = {}
        return other

    def add_instructions(self, message: Message) -> None:
        """Take note of new instructions."""
        wire = self._transformer.instructions(message.text)
        if wire is None:
            self._updates.append(UPDATE.format(message.text))
        else:
            self._later.append(wire)

    def take_notes(self) -> list[str]:
        """The notes that the person's turn begins with."""
        notes = [self._cut, *self._updates] if self._cut else self._updates
        self._cut, self._updates, self.awaiting_answer = "", [], True
        return notes

    def pop_instructions(self) -> list[Wire]:
        """The instructions that stand after what was just said, and before the answer to it."""
        later, self._later = (self._later, []) if self.awaiting_answer else ([], self._later)
        return later

    def note_answer(self, message: Message, at: int, readable: Readable) -> Replay:
        """Take note of an answer; gives how it goes. What goes back as it came has its calls under their own ids.

        Some servers begin to count at "call_0" with every answer; a turn that repeats ids goes out under ours.
        """
        self._cut = _cut_note(message.state)
        self.native_call_ids, self.awaiting_answer = {}, False
        model = self._transformer.model
        if not is_own(message, model):
            return replay(message, model, unique=False)
        calls = message.calls
        ids = {call.native_id for call in calls}
        unique = all(ids) and len(ids) == len(calls) and self._taken.isdisjoint(ids)
        how = replay(message, model, readable=readable(message, at), unique=unique)
        self._taken |= ids
        if how.way != "projected":
            self.native_call_ids = {call.id: call.native_id for call in calls}
        return how


def _cut_note(state: State) -> str:
    """What the person's next message begins with; "" where the answer is as it should be."""
    match state:
        case "interrupted":
            return "[The user interrupted the answer above; it is not complete.]"
        case "incomplete":
            return "[The connection broke during the answer above; it is not complete.]"
        case "complete" | "refused":
            return ""
        case _:
            assert_never(state)
