"""What fills a model's window with its next request: each thing that it reads, and how many tokens that takes."""

from collections.abc import Iterator, Mapping, Sequence
from operator import mul
from typing import Literal, assert_never

from msgspec import Struct

from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.parts import Attached, File, Image, Part, ToolCall, ToolResult
from modules.llm.tokens.amounts import of_message
from modules.llm.tokens.usual_weights import AMOUNTS
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.token_estimate import request_size
from modules.session.fitting.room import room
from modules.session.views.view import View

Kind = Literal["instructions", "tool", "summary", "question", "answer", "reasoning", "result", "attached"]
Weights = Sequence[float]
Piece = tuple[Kind, int, Part | None, float]  # what it is, the position of its part, its own part, and its weight
_REASONING = AMOUNTS.index("reasoning")


class Thing(Struct, frozen=True):
    """One thing in a window. `source` is where a tool comes from and `name` what it is called; the first
    instructions have their text as `name`.

    What was said has the id of its `message`, `said` as the model is given it, and the position of the `part` there.
    For a result, and what came with one, there is its `call`; `attached` is a picture or a file itself.
    """

    kind: Kind
    tokens: int
    message: int = 0
    part: int = 0
    said: Message | None = None
    call: ToolCall | None = None
    attached: Attached | None = None
    name: str = ""
    source: str = ""


class WindowUse(Struct, frozen=True):
    """All that the next request to `model` holds, under the `view` it is given: together the `things` take all of it.

    `model` is as it turned out to be. `room` is what a request may have, None where the window is unknown; beside it
    the window holds what is `kept` for the answer and a `margin` for the estimate, until an answer of its issuer was
    counted: then it is `measured`.
    """

    model: Model
    things: tuple[Thing, ...]
    view: View | None
    room: int | None
    margin: int
    measured: bool

    @property
    def total(self) -> int:
        return sum(thing.tokens for thing in self.things)

    @property
    def window(self) -> int | None:
        return self.model.window

    @property
    def kept(self) -> int | None:
        return None if self.window is None or self.room is None else self.window - self.room - self.margin

    @property
    def free(self) -> int | None:
        """What may still be added; 0 where it does not fit."""
        return None if self.room is None else max(0, self.room - self.total)

    @property
    def fits(self) -> bool:
        return self.room is None or self.total <= self.room

    def largest(self, most: int) -> list[Thing]:
        """The largest things, the largest first; the tools of one server are one, called by what all names fit."""
        others = [thing for thing in self.things if thing.kind != "tool"]
        return sorted([*others, *self._tools()], key=lambda thing: -thing.tokens)[:most]

    def _tools(self) -> Iterator[Thing]:
        tools = [thing for thing in self.things if thing.kind == "tool"]
        groups: dict[str, list[Thing]] = {}
        for tool in tools:
            server, mark, _ = tool.name.partition("__")
            groups.setdefault(f"{server}__*" if mark else tool.name, []).append(tool)
        for pattern, group in groups.items():
            if len(group) == len(tools) or len({tool.source for tool in group}) > 1:
                yield from group
            else:
                yield Thing("tool", sum(tool.tokens for tool in group), name=pattern, source=group[0].source)


def window_use(
    conversation: Conversation,
    model: Model,
    tools: tuple[ToolSpec, ...] = (),
    sources: Mapping[str, str] | None = None,
) -> WindowUse:
    """What would fill the window of `model`; `tools` would be declared to it, `sources` says where each comes from."""
    reader, view, reading = conversation.reader(model), conversation.view(model), conversation.read_by(model)
    size = request_size(conversation, model, tools)
    weights = conversation.weights.of(reader)
    things = [Thing("instructions", size.instructions, name=conversation.system)] if size.instructions else []
    known = sources or {}
    things += [Thing("tool", tokens, name=name, source=known.get(name, "")) for name, tokens in size.tools.items()]
    calls: dict[str, ToolCall] = {}
    for id, message, tokens in zip(reading.path, reading.messages, size.messages, strict=True):
        if message.role == "assistant":
            calls = {call.id: call for call in message.calls} or calls
        if tokens:
            things += _things(id, message, tokens, reader, weights, calls)
    there, most = room(reader, measured=size.measured), room(reader, measured=True)
    return WindowUse(reader, tuple(things), view, there, (most or 0) - (there or 0), size.measured)


def _things(
    id: int, message: Message, tokens: int, model: Model, weights: Weights, calls: Mapping[str, ToolCall]
) -> Iterator[Thing]:
    """The things in one message; together they take what it takes."""
    pieces = list(_pieces(id, message, model, weights))
    total = sum(weight for *_, weight in pieces)
    so_far, given = 0.0, 0
    for kind, at, part, weight in pieces:
        so_far += weight
        share = round(tokens * so_far / total) - given if total else tokens - given
        given += share
        result = message.parts[at] if message.role == "tool" else None
        call = calls.get(result.call_id) if isinstance(result, ToolResult) else None
        attached = part if isinstance(part, Image | File) else None
        if not share:
            continue
        yield Thing(kind, share, abs(id), at, message, call, attached)


def _pieces(id: int, message: Message, model: Model, weights: Weights) -> Iterator[Piece]:
    match message.role:
        case "system":
            yield "instructions", 0, None, 1
        case "user" if message.continues:  # the program's own words: a summary, or between two parts of one answer
            yield "summary" if id < 0 else "answer", 0, None, 1
        case "user":
            yield from _of_person(message, model, weights)
        case "assistant":
            yield from _of_answer(message, model, weights)
        case "tool":
            for at, part in enumerate(message.parts):
                yield from _of_result(at, part, model, weights)
        case _:
            assert_never(message.role)


def _of_person(message: Message, model: Model, weights: Weights) -> Iterator[Piece]:
    attached = [(at, part) for at, part in enumerate(message.parts) if isinstance(part, Image | File)]
    if not attached:
        yield "question", 0, None, 1
        return
    words = tuple(part for part in message.parts if not isinstance(part, Image | File))
    yield "question", 0, None, _weight(Message("user", words), model, weights) if words else 0
    for at, part in attached:
        yield "attached", at, part, _weight(Message("user", (part,)), model, weights)


def _of_answer(message: Message, model: Model, weights: Weights) -> Iterator[Piece]:
    if message.usage is None or not message.usage.reasoning:
        yield "answer", 0, None, 1
        return
    amount = of_message(message, model)
    reasoning = amount[_REASONING] * weights[_REASONING]
    yield "reasoning", 0, None, reasoning
    yield "answer", 0, None, sum(map(mul, weights, amount)) - reasoning


def _of_result(at: int, part: Part, model: Model, weights: Weights) -> Iterator[Piece]:
    """A result, and each picture or file that came with it."""
    attached = part.parts if isinstance(part, ToolResult) else ()
    inner = [one for one in attached if isinstance(one, Image | File)]
    words = _weight(Message("tool", (part,)), model, weights)
    taken = [_weight(Message("user", (one,)), model, weights) for one in inner]
    yield "result", at, None, max(0.0, words - sum(taken))
    for one, weight in zip(inner, taken, strict=True):
        yield "attached", at, one, weight


def _weight(message: Message, model: Model, weights: Weights) -> float:
    total: float = sum(map(mul, weights, of_message(message, model)))
    return total
