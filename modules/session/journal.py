"""Journal: what saves a conversation as it happens."""

from typing import Protocol, TypeVar

from modules.llm.history import Message
from modules.llm.ledger.ledger import Ledger
from modules.session.counting.prices import Spent
from modules.session.node import Node

C = TypeVar("C", contravariant=True)  # the conversation, which itself knows of its journal


class Journal(Protocol[C]):
    """What saves a conversation as it happens: it gets every change, in order, before anything is sent."""

    def said(self, conversation: C, node: Node) -> None:
        """A message was added at the head."""

    def moved(self, conversation: C) -> None:
        """The head, the model, the instructions or the reasoning level changed."""

    def growing(self, conversation: C, message: Message) -> None:
        """An answer is arriving; `message` is as much of it as there is. Said about twice a second."""

    def paid(self, conversation: C, spent: Spent) -> None:
        """A request's tokens were counted."""

    def described(self, conversation: C) -> None:
        """The title or the name of a branch changed."""

    def declared(self, conversation: C) -> None:
        """Other tools were declared to a model than before."""

    def sent(self, conversation: C, key: str, ledger: Ledger) -> None:
        """What a ledger holds has changed: entries were frozen, cut off, or stripped."""

    def viewed(self, conversation: C) -> None:
        """What a model is given in place of a part of the path changed, or what stays word for word."""

    async def settled(self) -> None:
        """Wait until everything so far is kept, or it is known that it cannot be."""

    def news(self) -> list[str]:
        """Notices about saving that the person has not seen yet; each is given once."""
