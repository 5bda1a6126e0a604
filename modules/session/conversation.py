"""A conversation: a tree of messages of which one path is spoken, the model that answers next, and what it all cost."""

import os
from collections.abc import Iterable, Iterator

from msgspec import Struct

from modules.llm.events import Usage
from modules.llm.message import Message
from modules.llm.models import Level, Model


class Spent(Struct, frozen=True):
    """One request's tokens, and the model that took them."""

    model: Model
    usage: Usage

    @property
    def cost(self) -> float | None:
        """Dollars; None where the price is unknown. What needs no key costs nothing."""
        if self.model.price is not None:
            return self.model.price.of(self.usage)
        return 0.0 if self.model.provider.key_variable is None else None


class Place:
    """A message and the one it follows: a place in the tree. Messages are shared between branches, never copied."""

    __slots__ = ("message", "parent")

    def __init__(self, message: Message, parent: "Place | None") -> None:
        self.message = message
        self.parent = parent


class Conversation:
    """What is said, and to whom. Nothing is ever deleted: undo moves the head, and the next message starts a branch.

    `model` answers next and `previous` is what `/model -` goes back to; `reasoning` is None for a model's own default.
    """

    def __init__(self, model: Model, system: str = "") -> None:
        self.id = os.urandom(8).hex()
        self.model = model
        self.previous: Model | None = None
        self.system = system
        self.reasoning: Level | None = None
        self.spent: list[Spent] = []
        self._head: Place | None = None

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __contains__(self, message: Message) -> bool:
        return any(own is message for own in self.messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The spoken path, oldest first."""
        path: list[Message] = []
        node = self._head
        while node is not None:
            path.append(node.message)
            node = node.parent
        return tuple(reversed(path))

    @property
    def place(self) -> Place | None:
        """Where the conversation stands, for `go_to`; None at its beginning."""
        return self._head

    def go_to(self, place: Place) -> None:
        """Stand at a place of this conversation again."""
        self._head = place

    @property
    def turns(self) -> int:
        """How many times the person has spoken."""
        return sum(message.role == "user" for message in self.messages)

    @property
    def last_answer(self) -> Message | None:
        """The newest assistant message that says something."""
        return next((m for m in reversed(self.messages) if m.role == "assistant" and m.text.strip()), None)

    def append(self, message: Message) -> None:
        """Say something at the head."""
        self._head = Place(message, self._head)

    def extend(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.append(message)

    def undo(self) -> Message | None:
        """Step back to before the person's last message, and return that message; None where there is none."""
        node = self._head
        while node is not None and node.message.role != "user":
            node = node.parent
        if node is None:
            return None
        self._head = node.parent
        return node.message

    def switch(self, model: Model) -> None:
        """Let another model answer from now on."""
        if model != self.model:
            self.previous, self.model = self.model, model

    def tokens(self) -> int:
        """About how many tokens the next request reads: the last answer's own count, or four characters to a token."""
        counted = 0
        for message in reversed(self.messages):
            if message.role == "assistant" and message.usage and message.usage.input:
                return counted + message.usage.input + message.usage.output - message.usage.reasoning
            counted += _estimate(message)
        return counted + len(self.system) // 4

    def cost(self) -> float | None:
        """Dollars spent so far; None where a price is unknown."""
        costs = [spent.cost for spent in self.spent]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


IMAGE_TOKENS = 1200
OVERHEAD = 4


def _estimate(message: Message) -> int:
    text = len(message.text) + sum(len(call.arguments) + len(call.name) for call in message.calls)
    text += sum(len(result.text) for result in message.results)
    return text // 4 + OVERHEAD + IMAGE_TOKENS * len(message.images)
