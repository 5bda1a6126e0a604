"""What the telling of a history carries from one message to the next: ids, notes, and instructions for later."""

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


class Telling:
    """What one entry leaves for the next: native ids for results, notes and instructions that wait for their place.

    `open` tells whether anything was said since the last answer, `upto` how much of the history `read` has passed.
    """

    def __init__(self, transformer: "MessageTransformer") -> None:
        self._transformer = transformer
        self._taken: set[str] = set()
        self._cut = ""
        self._updates: list[str] = []
        self._later: list[Wire] = []
        self.own: dict[str, str] = {}
        self.open = False
        self.upto = 0
        self.replays: dict[int, Replay] = {}  # how the messages went that `read` has passed, by position
        self.left_out = LeftOut()  # of them, in all

    def read(self, history: Sequence[Message], upto: int, readable: Readable) -> None:
        """Take note of what was told already, from where it stopped the last time."""
        passed_over = refused_turns(history, self.upto, upto)
        for at, message in enumerate(history[self.upto : upto], self.upto):
            if at in passed_over:
                continue
            match message.role:
                case "assistant":
                    self._count(at, message, self.answered(message, at, readable))
                case "system":
                    self.instructed(message)
                case "user" | "tool":
                    self._count(at, message, replay(message, self._transformer.model))
                    self.open = True
                    if message.role == "user" or not self._transformer.model.tools:
                        self.heard()
                case _:
                    assert_never(message.role)
        self._later = []  # told already: it never waits longer than for the end of a request
        self.upto = upto

    def _count(self, at: int, message: Message, how: Replay) -> None:
        how = self.replays[at] = self._transformer.counted(how, message, at)
        self.left_out = self.left_out.plus(how)

    def copy(self) -> "Telling":
        """The same, to go on from here and to leave this one as it is."""
        other = copy(self)
        other._taken, other._updates, other._later = set(self._taken), [*self._updates], [*self._later]
        other.replays = {}
        return other

    def instructed(self, message: Message) -> None:
        """Take note of new instructions."""
        wire = self._transformer.instructions(message.text)
        if wire is None:
            self._updates.append(UPDATE.format(message.text))
        else:
            self._later.append(wire)

    def heard(self) -> list[str]:
        """The notes that the person's turn begins with."""
        notes = [self._cut, *self._updates] if self._cut else self._updates
        self._cut, self._updates, self.open = "", [], True
        return notes

    def due(self) -> list[Wire]:
        """The instructions that stand after what was just said, and before the answer to it."""
        later, self._later = (self._later, []) if self.open else ([], self._later)
        return later

    def answered(self, message: Message, at: int, readable: Readable) -> Replay:
        """Take note of an answer; gives how it goes. What goes back as it came has its calls under their own ids.

        Some servers begin to count at "call_0" with every answer; a turn that repeats ids goes out under ours.
        """
        self._cut = _cut_note(message.state)
        self.own, self.open = {}, False
        model = self._transformer.model
        if not is_own(message, model):
            return replay(message, model, unique=False)
        calls = message.calls
        ids = {call.native_id for call in calls}
        unique = all(ids) and len(ids) == len(calls) and self._taken.isdisjoint(ids)
        how = replay(message, model, readable=readable(message, at), unique=unique)
        self._taken |= ids
        if how.way != "projected":
            self.own = {call.id: call.native_id for call in calls}
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
