"""The one history that all providers share, as values: messages, and what makes any history well formed."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, assert_never

from msgspec import Struct

from modules.llm.events import StopReason, Usage
from modules.llm.parts import Image, Part, Refusal, Text, ToolCall, ToolResult, call_as_text, safe_name, visible_text

Role = Literal["user", "assistant", "tool", "system"]
State = Literal["complete", "interrupted", "incomplete", "refused"]

INTERRUPTED_CALL = "Interrupted by the user before a result was there."


class Origin(Struct, frozen=True):
    """Who made an assistant message. What may be given back depends on `issuer`, see Provider.issuer_of.

    `made_under` is the digest of all that the model had read (see ledger.py), where its reasoning is bound to that.
    """

    dialect: str
    issuer: str
    model: str
    made_under: str = ""


_WORDS = (Text, Refusal)


class Message(Struct, frozen=True, weakref=True):
    """One entry of the history.

    An assistant message has an `origin` and, where it may be given back to that origin as it came, its `native`
    content: the wire's own JSON values, unknown keys included. `state` says whether the answer is whole. `continues`
    marks a user message that is not the person's: the program's own words between a cut answer and the rest of it.
    """

    role: Role
    parts: tuple[Part, ...]
    origin: Origin | None = None
    native: Any = None
    state: State = "complete"
    stop: StopReason | None = None
    usage: Usage | None = None
    continues: bool = False

    @property
    def is_question(self) -> bool:
        """Whether the person said it."""
        return self.role == "user" and not self.continues

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])  # a list is a third quicker

    @property
    def results(self) -> tuple[ToolResult, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolResult))

    @property
    def images(self) -> tuple[Image, ...]:
        own = [part for part in self.parts if isinstance(part, Image)]
        inner = [part for result in self.results for part in result.parts if isinstance(part, Image)]
        return tuple(own + inner)


class History(Sequence[Message]):
    """Messages that are decoded when they are wanted, of which some things are known without that."""

    @abstractmethod
    def is_refused(self, at: int) -> bool:
        """Whether a model refused what stands at this position."""

    @abstractmethod
    def pictures(self, at: int) -> int:
        """How many pictures the message at this position holds."""

    @abstractmethod
    def with_calls(self) -> Iterator[Message]:
        """The messages that call tools, oldest first."""


def is_refused(history: Sequence[Message], at: int) -> bool:
    """Whether a model refused what stands at this position."""
    return history.is_refused(at) if isinstance(history, History) else history[at].state == "refused"


def pictures(history: Sequence[Message], at: int) -> int:
    """How many pictures the message at this position holds."""
    return history.pictures(at) if isinstance(history, History) else len(history[at].images)


def with_calls(history: Sequence[Message]) -> Iterator[Message]:
    """The messages that call tools, oldest first."""
    if isinstance(history, History):
        return history.with_calls()
    return (message for message in history if message.calls)


def user(*parts: str | Part) -> Message:
    """A message from the person; strings are text parts."""
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def closing(message: Message, results: Iterable[ToolResult] = ()) -> Message | None:
    """The tool message that closes an assistant message: one result per call, in call order.

    A call without a result gets one that says it was interrupted. None where there are no calls.
    """
    if not message.calls:
        return None
    by_call: dict[str, ToolResult] = {}
    for result in results:
        by_call.setdefault(result.call_id, result)
    return Message("tool", tuple(by_call.get(call.id) or interrupted_result(call) for call in message.calls))


def interrupted_result(call: ToolCall) -> ToolResult:
    return ToolResult(call.id, (Text(INTERRUPTED_CALL),), is_error=True, ran=False)


def refused_turns(history: Sequence[Message], since: int = 0, until: int | None = None) -> frozenset[int]:
    """The positions of all that belongs to a turn which a model refused, from the question to the refusal.

    A refused question would be refused with every later one: Anthropic's page on streaming refusals says to take it
    out of the context. Instructions stay. Only refusals from position `since` on, and before `until`, are looked for.
    """
    left_out: set[int] = set()
    for end in range(since, len(history) if until is None else until):
        if is_refused(history, end):
            start = next((at for at in range(end, -1, -1) if history[at].role == "user"), 0)
            left_out.update(at for at in range(start, end + 1) if history[at].role != "system")
    return frozenset(left_out)


def with_refused(history: Iterable[Message]) -> Iterator[tuple[int, Message, bool]]:
    """Each position and its message, and whether it belongs to such a turn; no message is looked at twice."""
    turn: list[tuple[int, Message, bool]] = []
    for at, message in enumerate(history):
        if message.role == "user":
            yield from turn
            turn = []
        turn.append((at, message, False))
        if message.state == "refused":
            turn = [(place, one, one.role != "system") for place, one, _ in turn]
    yield from turn


def closed(
    history: Iterable[Message], before: Message | None = None, start: int = 0, without: Collection[int] = ()
) -> Iterator[tuple[Message, int]]:
    """The history with every tool call answered right where it was made, and nothing that no provider would take.

    Empty messages and the positions in `without` are left out, results without a call are dropped: whatever happened
    before, the next request is well formed. With each message comes the position after it; `history` begins at
    position `start` and `before` is the message there.
    """
    open_turn = before if before is not None and before.role == "assistant" and before.calls else None
    at = start
    for at, message in enumerate(history, start + 1):
        if message.role == "system":  # waits for the next turn, so it may stand between calls and results
            yield message, at
            continue
        left_out = at - 1 in without
        if open_turn is not None:
            results = message.results if message.role == "tool" and not left_out else ()
            answer = closing(open_turn, results)
            open_turn = None
            if answer is not None:
                yield answer, at
        if left_out or message.role == "tool" or message.state == "refused" or not says_something(message):
            continue
        yield message, at
        if message.role == "assistant" and message.calls:
            open_turn = message
    if open_turn is not None and (answer := closing(open_turn)):
        yield answer, at


def as_transcript(
    history: Iterable[tuple[Message, int]], before: Message | None = None
) -> Iterator[tuple[Message, int]]:
    """The history for a model that takes no tools: calls and results as text, nothing else changed.

    `before` is the message that the history goes on from.
    """
    names = {call.id: safe_name(call) for call in before.calls} if before is not None else {}
    for message, at in history:
        if message.role == "tool":
            yield Message("user", tuple(_results_as_text(message, names))), at
        elif message.calls:
            names.update((call.id, safe_name(call)) for call in message.calls)
            as_text = tuple(Text(call_as_text(part)) if isinstance(part, ToolCall) else part for part in message.parts)
            yield Message("assistant", as_text, message.origin, None, message.state), at
        else:
            yield message, at


def _results_as_text(message: Message, names: dict[str, str]) -> Iterator[Part]:
    for result in message.results:
        failed = " failed" if result.is_error else ""
        yield Text(f"[result of {names.get(result.call_id, 'a tool')}{failed}] {result.text}")
        yield from (part for part in result.parts if not isinstance(part, Text))


def is_cut(state: State) -> bool:
    """Whether there may be more of an answer than what came."""
    match state:
        case "interrupted" | "incomplete":
            return True
        case "complete" | "refused":
            return False
        case _:
            assert_never(state)


def says_something(message: Message) -> bool:
    """Whether any provider would take this message: it holds more than blanks and reasoning."""
    match message.role:
        case "user":
            return any(map(_is_no_blank, message.parts))
        case "assistant" | "tool" | "system":
            return bool(message.calls or visible_text(message.parts))
        case _:
            assert_never(message.role)


def _is_no_blank(part: Part) -> bool:
    return bool(part.text.strip()) if isinstance(part, _WORDS) else True
