"""One message in its place in the tree; one that was saved is decoded when it is first wanted."""

from collections.abc import Callable

from modules.llm.history import Message, Role


class Node:
    """A message in the tree. `id` counts from 1 in the order of saying; `parent` is 0 for a first message.

    `created` is when it was said, in seconds since 1970; 0 where that is not known. `role` is the message's own, and is
    known without decoding it.
    """

    __slots__ = ("_message", "_read", "created", "id", "parent", "role")

    def __init__(self, id: int, parent: int, message: Message, created: float = 0.0) -> None:
        self.id = id
        self.parent = parent
        self.created = created
        self.role: Role = message.role
        self._message: Message | None = message
        self._read: Callable[[int], Message] | None = None

    @classmethod
    def saved(cls, id: int, parent: int, role: Role, created: float, read: Callable[[int], Message]) -> "Node":
        """A message that `read` gives, by its id, the same one each time."""
        node = cls.__new__(cls)
        node.id, node.parent, node.role, node.created = id, parent, role, created
        node._message, node._read = None, read
        return node

    @property
    def message(self) -> Message:
        if self._message is None:
            assert self._read is not None
            self._message = self._read(self.id)
        return self._message

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        mine, others = (self.id, self.parent, self.created), (other.id, other.parent, other.created)
        return mine == others and self.message == other.message

    __hash__ = None  # type: ignore[assignment]  # equal ones may be two, and none is ever a key

    def __repr__(self) -> str:
        return f"Node({self.id}, {self.parent}, {self.message!r}, {self.created})"
