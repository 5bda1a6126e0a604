"""One message in its place in the tree; one that was saved is decoded when it is first wanted."""

from collections.abc import Callable

from modules.llm.history import Message, Role


class Node:
    """A message in the tree. `id` counts from 1 in the order of saying; `parent` is 0 for a first message.

    `created` is when it was said, in seconds since 1970; 0 where that is not known. `role` is the message's own, and is
    known without decoding it. A saved message is None at first: `read` gives it by its id, the same one each time, and
    `size` is how many bytes its row has.
    """

    __slots__ = ("_message", "_read", "created", "id", "parent", "role", "size")

    def __init__(
        self,
        id: int,
        parent: int,
        message: Message | None,
        created: float = 0.0,
        role: Role = "user",
        read: Callable[[int], Message] | None = None,
        size: int = 0,
    ) -> None:
        self.id = id
        self.parent = parent
        self.created = created
        self.role: Role = role if message is None else message.role
        self.size = size
        self._message = message
        self._read = read

    @property
    def is_decoded(self) -> bool:
        """Whether to ask for the message costs nothing."""
        return self._message is not None

    @property
    def message(self) -> Message:
        if self._message is None:
            assert self._read is not None
            self._message = self._read(self.id)
        return self._message

    @property
    def is_question(self) -> bool:
        """Whether the person asked this; what others said is not decoded for it."""
        return self.role == "user" and self.message.is_question

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        mine, others = (self.id, self.parent, self.created), (other.id, other.parent, other.created)
        return mine == others and self.message == other.message

    __hash__ = None  # type: ignore[assignment]  # equal ones may be two, and none is ever a key

    def __repr__(self) -> str:
        return f"Node({self.id}, {self.parent}, {self.message!r}, {self.created})"
