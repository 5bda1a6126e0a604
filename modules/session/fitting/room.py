"""How much room a model has: what a request to it may take, and about what one would take under a view."""

from collections.abc import Sequence
from functools import cached_property

from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.tokens.amounts import of_message, of_request, of_text
from modules.llm.tool_spec import ToolSpec
from modules.session.conversation import Conversation
from modules.session.counting.path_estimate import tokens_of
from modules.session.counting.token_estimate import LEAST_COUNTED, MOST_COUNTED, RequestSize, request_size
from modules.session.node import Node
from modules.session.views.view import View, nodes_with

ANSWER_TOKENS = 4096  # that an answer needs, thinking included
ANSWER_SHARE = 4  # and of a small window its fourth part
UNMEASURED_SHARE = 0.85  # of the rest that may be filled while no answer has shown how a model counts


def room(reader: Model, *, measured: bool = False) -> int | None:
    """How many tokens a request may have: the window less what an answer needs; None where the window is unknown.

    While nothing was `measured` there is a margin for an estimate that is too small.
    """
    if reader.window is None:
        return None
    left = reader.window - min(ANSWER_TOKENS, reader.max_output or ANSWER_TOKENS, reader.window // ANSWER_SHARE)
    return left if measured else int(left * UNMEASURED_SHARE)


def room_of(conversation: Conversation, model: Model) -> int | None:
    """The same for a model as it turned out to be, by what is known of how it counts."""
    reader = conversation.reader(model)
    return room(reader, measured=conversation.weights.is_measured(reader))


def fits(conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = ()) -> bool:
    """Whether the next request to this model has room in its window, as far as that is known."""
    size, reader = request_size(conversation, model, tools), conversation.reader(model)
    there = room(reader, measured=size.measured)
    return there is None or size.total <= there


def tokens_with(conversation: Conversation, model: Model, view: View | None, tools: tuple[ToolSpec, ...] = ()) -> int:
    """About how many tokens the next request to this model would take under a view."""
    return Counter(conversation, model, tools).with_view(view)


class Counter:
    """Counts tokens as one model is thought to count them, by what its answers have shown."""

    def __init__(self, conversation: Conversation, model: Model, tools: tuple[ToolSpec, ...] = ()) -> None:
        self._conversation = conversation
        self._model = model
        self._tools = tools
        self._reader = conversation.reader(model)
        self._weights = conversation.weights.of(self._reader)

    def with_view(self, view: View | None) -> int:
        """The next request, if the model had this view."""
        path, now = self._conversation.tree.path, self._conversation.view(self._model)
        if now == view:
            return self._size.total
        nodes = path if view is None else [*nodes_with(view, path)]
        return self.beside + sum(self.messages(nodes))

    @property
    def beside(self) -> int:
        """What of a request is none of what was said: the instructions and the tools."""
        return round(self._beside * self._scale)

    def messages(self, nodes: Sequence[Node]) -> list[int]:
        """Each of these messages; none where a turn was refused, which nobody is given."""
        return [round(size * self._scale) for size in self._unscaled(nodes)]

    def message(self, message: Message) -> int:
        """One that may stand nowhere."""
        return round(tokens_of(of_message(message, self._reader), self._weights) * self._scale)

    def text(self, text: str) -> int:
        """A text in a message."""
        return round(tokens_of(of_text(text), self._weights)) + 1

    @cached_property
    def _size(self) -> RequestSize:
        return request_size(self._conversation, self._model, self._tools)

    @cached_property
    def _beside(self) -> float:
        declared, _ = self._conversation.declared(self._reader, self._tools, "auto")
        return tokens_of(of_request(self._conversation.system, declared, self._reader), self._weights)

    @cached_property
    def _scale(self) -> float:
        """What the server has counted of this conversation, as a share of what was thought before."""
        thought = self._beside + sum(self._unscaled(self._conversation.nodes_read_by(self._model)))
        return min(MOST_COUNTED, max(LEAST_COUNTED, self._size.total / thought)) if thought else 1.0

    def _unscaled(self, nodes: Sequence[Node]) -> list[float]:
        estimate = self._conversation.estimate(self._model)
        messages, path = [node.message for node in nodes], [node.id for node in nodes]
        return [tokens_of(amount, self._weights) for amount in estimate.amounts(messages, path, self._reader)]
