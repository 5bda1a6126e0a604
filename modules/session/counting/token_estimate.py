"""About how many tokens the next request takes, part by part, and what a provider's own count teaches of that."""

from array import array
from collections.abc import Sequence
from operator import add
from typing import Protocol

from msgspec import Struct

from modules.llm.base import ChatRequest, ToolChoice, ToolSpec
from modules.llm.events import Usage
from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.tokens.amounts import NOTHING, is_same_for_all, of_message, of_request, tool_tokens
from modules.llm.tokens.learned_weights import LearnedWeights
from modules.llm.tokens.usual_weights import AMOUNTS
from modules.session.counting.path_estimate import (
    AT_ONCE_CHARS,
    FAR_BEYOND,
    LOOKED_AT,
    PathEstimate,
    counted_until,
    is_counted_by,
    tokens_of,
)
from modules.session.views.view import Reading

LEAST_COUNTED = 0.5  # of the estimate; a server that counts less has left out what it was sent
MOST_COUNTED = 2.0  # of the estimate; what is beyond belongs to what the server adds itself
MOST_MESSAGES = 2_000  # of which an answer teaches something: it is not to hold up the loop
_TOOLS = AMOUNTS.index("tools")


class RequestSize(Struct, frozen=True):
    """About how many tokens each part of a request takes. `measured` where an answer of this issuer was counted.

    `instructions` hold what any request takes besides; `tools` are by name, and `messages` in the order of the path.
    """

    instructions: int
    tools: dict[str, int]
    messages: tuple[int, ...]
    measured: bool

    @property
    def total(self) -> int:
        return self.instructions + sum(self.tools.values()) + sum(self.messages)


class Talk(Protocol):
    """What is asked here of a conversation."""

    system: str
    weights: LearnedWeights
    tools: tuple[ToolSpec, ...]
    cut_in_silence: set[str]

    def estimate(self, model: Model) -> PathEstimate: ...
    def read_by(self, model: Model) -> Reading: ...
    def reader(self, model: Model) -> Model: ...
    def declared(
        self, reader: Model, tools: tuple[ToolSpec, ...], choice: ToolChoice
    ) -> tuple[tuple[ToolSpec, ...], ToolChoice]: ...


def request_size(conversation: Talk, model: Model, tools: tuple[ToolSpec, ...] = ()) -> RequestSize:
    """What the next request to this model takes, part by part; all of it is looked at."""
    reader = conversation.reader(model)
    declared, _ = conversation.declared(reader, tools, "auto")
    reading, estimate, weights = (
        conversation.read_by(model),
        conversation.estimate(model),
        conversation.weights.of(reader),
    )
    messages = reading.messages
    amounts = estimate.amounts(messages, reading.path, reader)
    estimate.forget_guesses(reader)
    sizes = [tokens_of(amount, weights) for amount in amounts]
    instructions = tokens_of(of_request(conversation.system, (), reader), weights)
    by_tool = {tool.name: tool_tokens(tool, reader) * weights[_TOOLS] for tool in declared}
    # What an answer has counted is what was declared then; tools that were switched on or off since come or go.
    then = sum(tool_tokens(tool, reader) for tool in conversation.tools) * weights[_TOOLS] if reader.tools else 0.0
    anchor = None if reader.full_name in conversation.cut_in_silence else _anchor(messages, reader)
    is_counted = anchor is not None
    if not is_counted:
        anchor = _anchor(messages, None)
    if anchor is not None:
        answer = messages[anchor]
        counted = answer.usage.input if answer.usage else 0
        before = instructions + then + sum(sizes[:anchor])
        if not is_counted_by(answer, reader):
            if counted > FAR_BEYOND * before and all(map(is_same_for_all, messages[: anchor + 1])):
                share = 1 + (counted - before) / max(1, sum(sizes[:anchor]))
                sizes[:anchor] = [size * share for size in sizes[:anchor]]
        elif counted > before * LEAST_COUNTED:
            scale = min(counted / before, MOST_COUNTED)
            sizes[:anchor] = [size * scale for size in sizes[:anchor]]
            sizes[anchor] = counted_until(answer, amounts[anchor], weights) - counted
            by_tool = {name: size * scale for name, size in by_tool.items()}
            instructions = instructions * scale + counted - before * scale
    return RequestSize(
        instructions=round(instructions),
        tools={name: round(size) for name, size in by_tool.items()},
        messages=tuple(map(round, sizes)),
        measured=is_counted or conversation.weights.is_measured(reader),
    )


def learn(conversation: Talk, request: ChatRequest, usage: Usage) -> bool:
    """Learn from what the provider has counted of this request; whether it was a lesson.

    Only what came after the last answer that it counted is looked at: the rest is known.
    """
    model, messages, estimate = request.model, request.messages, conversation.estimate(request.model)
    if usage.input <= 0 or model.full_name in conversation.cut_in_silence:
        return False
    anchor = _anchor(messages, model, None if len(messages) <= MOST_MESSAGES else LOOKED_AT)
    since = 0 if anchor is None else anchor + 1
    if len(request.path) != len(messages) or len(messages) - since > MOST_MESSAGES:
        return False
    new, path = messages[since:], request.path[since:]
    if estimate.uncounted(new, path) > AT_ONCE_CHARS:
        return False
    known, amount = 0.0, of_request(request.system, request.declared, model)
    if anchor is not None:
        answer = messages[anchor]
        known = counted_until(answer, of_message(answer, model), conversation.weights.of(model))
        amount = NOTHING
    for one in estimate.amounts(new, path, model):
        amount = array("I", map(add, amount, one))
    return conversation.weights.learn(model, amount, round(usage.input - known), whole=anchor is None)


def _anchor(messages: Sequence[Message], model: Model | None, most: int | None = None) -> int | None:
    """The position of the last answer whose provider, the model's own or any, has counted what came before it.

    It is looked for among the last messages, `most` of them.
    """
    first = 0 if most is None else max(0, len(messages) - most)
    return next((at for at in reversed(range(first, len(messages))) if is_counted_by(messages[at], model)), None)
