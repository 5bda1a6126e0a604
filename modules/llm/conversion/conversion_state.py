"""What the conversion of a history carries from one message to the next: ids, notes, and instructions for later."""

from copy import copy
from typing import assert_never

from modules.llm.conversion.replay import AS_IS, PROJECTED, LeftOut, Replay, is_own, replay, sees
from modules.llm.history import Message, State
from modules.llm.models import Model
from modules.llm.parts import Image, Wire, safe_name

UPDATE = "<system-update>\n{}\n</system-update>"


class ConversionState:
    """What one message leaves for the next: native ids for results, notes and instructions that wait for their place.

    `awaiting_answer`: whether anything was said since the last answer. `covers_until`: how many messages of the
    history it knows. `replays`: how those messages go to the model, by position; `left_out`: what stays behind of them.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._taken: set[str] = set()
        self._cut = ""
        self._updates: list[str] = []
        self._later: list[Wire] = []
        self._pictures: tuple[Image, ...] = ()  # of answers, for the person's next message
        self.native_call_ids: dict[str, str] = {}
        self.tool_names: dict[str, str] = {}  # by the ids of the calls of the last answer
        self.awaiting_answer = False
        self.covers_until = 0
        self.replays: dict[int, Replay] = {}
        self.left_out = LeftOut()

    def copy(self) -> "ConversionState":
        """The same, to go on from here and to leave this one as it is; `replays` begins anew."""
        other = copy(self)
        other._taken, other._updates, other._later = set(self._taken), [*self._updates], [*self._later]
        other.replays = {}
        return other

    def count(self, at: int, how: Replay) -> None:
        """Take note of how the message at this position goes."""
        self.replays[at] = how
        if how is not AS_IS and how is not PROJECTED:  # of most messages nothing stays behind
            self.left_out = self.left_out.plus(how)

    def add_instructions(self, text: str, wire: Wire | None) -> None:
        """Take note of new instructions: as `wire`, or in the person's next message where the dialect has none."""
        if wire is None:
            self._updates.append(UPDATE.format(text))
        else:
            self._later.append(wire)

    def take_notes(self, *, continues: bool = False) -> list[str]:
        """The notes that the person's turn begins with; one that `continues` an answer says itself that it is cut."""
        notes = [self._cut, *self._updates] if self._cut and not continues else self._updates
        self._cut, self._updates, self.awaiting_answer = "", [], True
        return notes

    def take_pictures(self) -> tuple[Image, ...]:
        """The pictures of answers that the person's turn begins with."""
        pictures, self._pictures = self._pictures, ()
        return pictures

    def pop_instructions(self) -> list[Wire]:
        """The instructions that stand after what was just said, and before the answer to it."""
        later, self._later = (self._later, []) if self.awaiting_answer else ([], self._later)
        return later

    def forget_instructions(self) -> None:
        """Those that wait have gone out: they never wait longer than for the end of a request."""
        self._later = []

    def note_answer(self, message: Message, *, readable: bool) -> Replay:
        """Take note of an answer; gives how it goes. What goes back as it came has its calls under their own ids.

        `readable` says whether its reasoning is still good. Some servers begin to count at "call_0" with every answer;
        a turn that repeats ids goes out under ours.
        """
        self._cut = _cut_note(message.state)
        self.native_call_ids, self.awaiting_answer = {}, False
        calls = message.calls
        self.tool_names = {call.id: safe_name(call) for call in calls} if calls else {}
        how = self._how(message, readable=readable)
        if how.way == "projected" and sees(self._model):
            self._pictures += message.images
        return how

    def _how(self, message: Message, *, readable: bool) -> Replay:
        """How an answer goes; the ids of its calls are taken from now on."""
        calls = message.calls
        if not is_own(message, self._model):
            return replay(message, self._model, unique=False)
        if not calls:  # as of most answers
            return replay(message, self._model, readable=readable)
        ids = {call.native_id for call in calls}
        unique = all(ids) and len(ids) == len(calls) and self._taken.isdisjoint(ids)
        how = replay(message, self._model, readable=readable, unique=unique)
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
