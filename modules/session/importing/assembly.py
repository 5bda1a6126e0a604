"""From the records of a foreign conversation to a tree of messages that any provider takes.

Foreign trees have what ours never has: records twice, parents that are missing, cycles, one record for each piece of
an answer, results on branches of their own. Here each answer becomes one message, each round of calls is followed by
one message with all results, and whatever cannot be so is counted.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from modules.llm.history import Message, closing
from modules.llm.parts import Part, Text, ToolCall, ToolResult
from modules.session.importing.fields import tool_name
from modules.session.importing.imported import (
    Entry,
    ImportedMessage,
    Missed,
    Result,
    call_id,
    origin,
)
from modules.session.importing.record_order import distinct, parents_first, without_siblings


class Assembled(Struct):
    """A tree of messages, parents first, with the message at which the conversation stood, and its instructions."""

    messages: list[ImportedMessage]
    head: str
    system: str


class _Turn(Struct):
    """A message being put together; the results of its calls are on the way to their own message."""

    entry: Entry
    parent: int
    parts: list[Part] = field(default_factory=list)
    results: dict[str, list[Result]] = field(default_factory=dict)  # by the id of the call, as it is here
    calls: list[str] = field(default_factory=list)
    is_tool: bool = False
    tool: int = -1  # the place of the message with the results


def assemble(entries: Iterable[Entry], head: str, source: str, missed: Missed, *, goes_on: bool = True) -> Assembled:
    """The messages of a conversation; `head` is the record at which it stood.

    With `goes_on`, a record whose parent is missing goes on from the record before it, else it begins a branch.
    """
    known = distinct(entries, missed)
    builder = _Builder(source, missed, set(known))
    ordered = list(parents_first(known, missed, goes_on))
    alone = without_siblings(ordered)
    for entry in ordered:
        builder.add(entry, entry.id in alone)
    return builder.assembled(head)


class _Builder:
    def __init__(self, source: str, missed: Missed, ids: set[str]) -> None:
        self._source = source
        self._missed = missed
        self._ids = ids
        self._turns: list[_Turn] = []
        self._place: dict[str, int] = {}  # of a record, among the turns; -1 before the first
        self._groups: dict[str, int] = {}
        self._expected: dict[
            str, dict[int, deque[str]]
        ] = {}  # by foreign ids: answers, and their calls without a result
        self._given: dict[str, tuple[str, int]] = {}  # by foreign ids: the call that had its result last
        self._system = ""

    def add(self, entry: Entry, is_alone: bool) -> None:
        parent = self._place.get(entry.parent, -1)
        if entry.role == "system" and parent < 0 and not self._turns and not self._system:
            self._system = "\n\n".join(part.text for part in entry.parts if isinstance(part, Text)).strip()
            self._place[entry.id] = -1
            return
        for result in entry.results:
            parent = self._give(entry, result, parent)
        if entry.parts:
            parent = self._say(entry, parent, is_alone)
        self._place[entry.id] = parent

    def _say(self, entry: Entry, parent: int, is_alone: bool) -> int:
        """Where these words stand: in an answer that they are a piece of, or in a message of their own."""
        at = self._groups.get(entry.group, -1) if entry.group else -1
        if at < 0 and entry.joins and is_alone and parent >= 0:
            before = self._turns[parent]
            # Words come before calls; what is said after them has read their results.
            joins = not before.calls or all(isinstance(part, ToolCall) for part in entry.parts)
            at = parent if joins and before.entry.role == "assistant" and not before.is_tool else -1
        if at < 0:
            at = self._new(_Turn(entry, parent))
            if entry.group:
                self._groups[entry.group] = at
        turn = self._turns[at]
        turn.parts += self._with_ids(entry, at)
        turn.entry.model = turn.entry.model or entry.model
        turn.entry.stop, turn.entry.state = entry.stop or turn.entry.stop, entry.state
        return at if parent < 0 or not self._is_below(parent, at) else parent

    def _with_ids(self, entry: Entry, at: int) -> Iterator[Part]:
        """The parts with ids of ours for the calls: foreign ones may be missing, illegal, or there twice."""
        for number, part in enumerate(entry.parts):
            if isinstance(part, ToolCall):
                id = call_id(self._source, entry.id, str(number))
                self._turns[at].calls.append(id)
                self._expected.setdefault(part.id, {}).setdefault(at, deque()).append(id)
                part = ToolCall(id, part.name, part.arguments)
            yield part

    def _is_below(self, at: int, answer: int) -> bool:
        """Whether this is the message with the results of that answer: what comes next goes on from there."""
        return self._turns[at].is_tool and self._turns[at].parent == answer

    def _new(self, turn: _Turn) -> int:
        self._turns.append(turn)
        return len(self._turns) - 1

    def _give(self, entry: Entry, result: Result, parent: int) -> int:
        """The place of the message that holds this result."""
        id, caller = self._call_of(entry, result, parent)
        turn = self._turns[caller]
        if turn.tool < 0:
            closed = Entry(self._id(f"{turn.entry.id}/results"), turn.entry.id, "tool", created=entry.created)
            turn.tool = self._new(_Turn(closed, caller, is_tool=True))
        if id in turn.results and result.call:
            self._missed.count("results that were given twice")
        else:
            turn.results.setdefault(id, []).append(result)
        return turn.tool

    def _call_of(self, entry: Entry, result: Result, parent: int) -> tuple[str, int]:
        """Our id of the call that this is the result of, and the place of its answer. One that nobody made is made."""
        if result.call:
            if answers := self._expected.get(result.call):
                at = next(reversed(answers))  # ids come again in later answers
                id = answers[at].popleft()
                if not answers[at]:
                    del answers[at]
                self._given[result.call] = id, at
                return id, at
            if result.call in self._given:
                return self._given[result.call]
        elif parent >= 0:
            at = self._turns[parent].parent if self._turns[parent].is_tool else parent
            if calls := self._turns[at].calls:
                return calls[-1], at
        name = tool_name(result.name)
        made = Entry(self._id(f"{entry.id}/call"), entry.parent, "assistant", (ToolCall(result.call, name, "{}"),))
        made.created, made.model = entry.created, entry.model
        at = self._new(_Turn(made, parent))
        self._turns[at].parts += self._with_ids(made, at)
        return self._turns[at].calls[0], at

    def _id(self, wanted: str) -> str:
        """An id for a message that the file has none for, the same at each import."""
        while wanted in self._ids:
            wanted += "+"
        self._ids.add(wanted)
        return wanted

    def assembled(self, head: str) -> Assembled:
        place = self._place.get(head, -1)
        if place < 0:
            place = len(self._turns) - 1
        self._close_calls()
        issuer = self._source.partition(":")[0]
        messages: list[ImportedMessage] = []
        for at in self._in_order():
            turn = self._turns[at]
            parent = self._turns[turn.parent].entry.id if turn.parent >= 0 else ""
            messages.append(ImportedMessage(turn.entry.id, parent, self._message(turn, issuer), turn.entry.created))
        if place >= 0 and self._turns[place].tool >= 0:
            place = self._turns[place].tool
        return Assembled(messages, self._turns[place].entry.id if place >= 0 else "", self._system)

    def _close_calls(self) -> None:
        """Give each answer with calls its one message of results, below which all that goes on from it stands."""
        for at in range(len(self._turns)):
            turn = self._turns[at]
            if turn.calls and turn.tool < 0:
                id = self._id(f"{turn.entry.id}/results")
                closed = Entry(id, turn.entry.id, "tool", created=turn.entry.created)
                turn.tool = self._new(_Turn(closed, at, is_tool=True))
        for turn in self._turns:
            if not turn.is_tool and turn.parent >= 0 and (tool := self._turns[turn.parent].tool) >= 0:
                turn.parent = tool

    def _in_order(self) -> Iterator[int]:
        """The places of the turns, parents first, else as they came."""
        done = [False] * len(self._turns)
        for at in range(len(self._turns)):
            waiting = []
            while at >= 0 and not done[at]:
                done[at] = True
                waiting.append(at)
                at = self._turns[at].parent
            yield from reversed(waiting)

    def _message(self, turn: _Turn, issuer: str) -> Message:
        entry = turn.entry
        if turn.is_tool:
            asked = self._turns[turn.parent]
            results = [_joined(id, given) for id, given in asked.results.items()]
            answer = Message("assistant", tuple(asked.parts))
            return closing(answer, results) or Message("tool", ())
        if entry.role == "assistant":
            made_by = origin(issuer, entry.model)
            return Message("assistant", tuple(turn.parts), made_by, state=entry.state, stop=entry.stop)
        return Message("system" if entry.role == "system" else "user", tuple(turn.parts))


def _joined(id: str, given: list[Result]) -> ToolResult:
    """What came for one call, in one result."""
    parts = tuple(part for one in given for part in one.parts)
    return ToolResult(id, parts, is_error=any(one.is_error for one in given))
