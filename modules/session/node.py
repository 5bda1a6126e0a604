"""One message in its place in the tree; one that was saved is decoded when it is wanted, and let go again."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, overload

from modules.llm.history import History, Message, Role

_REFUSED, _CONTINUES, _CALLS, _PICTURES = 1, 2, 4, 8  # what is remembered of a message, in one number
_UNKNOWN = -1


class Saved(Protocol):
    """Messages that were saved, by the ids of their nodes."""

    def read(self, id: int, role: Role) -> Message:
        """The message, equal each time, and the same one for as long as anybody has it."""

    def held(self, id: int) -> Message | None:
        """The message where anybody has it; none is decoded for that."""


class Node:
    """A message in the tree. `id` counts from 1 in the order of saying; `parent` is 0 for a first message.

    `created` is when it was said, in seconds since 1970; 0 where that is not known. `role` is the message's own, and is
    known without decoding it. A saved message is None: `saved` gives it by its id, and its row has `size` bytes.
    """

    __slots__ = ("_about", "_message", "_saved", "created", "id", "parent", "role", "size")

    def __init__(
        self,
        id: int,
        parent: int,
        message: Message | None,
        created: float = 0.0,
        role: Role = "user",
        saved: Saved | None = None,
        size: int = 0,
    ) -> None:
        self.id = id
        self.parent = parent
        self.created = created
        self.role: Role = role if message is None else message.role
        self.size = size
        self._message = message
        self._saved = saved
        self._about = _UNKNOWN

    @property
    def is_decoded(self) -> bool:
        """Whether to ask for the message costs nothing."""
        return self._message is not None

    @property
    def message(self) -> Message:
        if self._message is not None:
            return self._message
        assert self._saved is not None
        message = self._saved.read(self.id, self.role)
        if self._about < 0:
            self._about = _about(message)
        return message

    def is_of(self, message: Message) -> bool:
        """Whether this very message is the node's; none is decoded for it."""
        return message is (self._saved.held(self.id) if self._saved is not None else self._message)

    @property
    def is_question(self) -> bool:
        """Whether the person asked this; what others said is not decoded for it, and no question twice."""
        return self.role == "user" and not self.known & _CONTINUES

    @property
    def is_refused(self) -> bool:
        """Whether a model refused this; no message is decoded for it twice."""
        return bool(self.known & _REFUSED)

    @property
    def has_calls(self) -> bool:
        """Whether the message calls tools; what a model did not say is not decoded for it, and no answer twice."""
        return self.role == "assistant" and bool(self.known & _CALLS)

    @property
    def pictures(self) -> int:
        """How many pictures the message holds; none is decoded for it twice."""
        return self.known // _PICTURES

    @property
    def known(self) -> int:
        """What is remembered of the message once it was decoded, in one number."""
        if self._about < 0:
            self._about = _about(self.message)
        return self._about

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        mine, others = (self.id, self.parent, self.created), (other.id, other.parent, other.created)
        return mine == others and self.message == other.message

    __hash__ = None  # type: ignore[assignment]  # equal ones may be two, and none is ever a key

    def __repr__(self) -> str:
        return f"Node({self.id}, {self.parent}, {self.message!r}, {self.created})"


def _about(message: Message) -> int:
    refused = _REFUSED if message.state == "refused" else 0
    calls = _CALLS if message.calls else 0
    return refused | calls | (_CONTINUES if message.continues else 0) | _PICTURES * len(message.images)


class Messages(History):
    """The messages of some nodes, as they stand now: what is added to the nodes later is not among them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._count = len(nodes)

    def is_refused(self, at: int) -> bool:
        return self._nodes[at].is_refused

    def pictures(self, at: int) -> int:
        return self._nodes[at].pictures

    def with_calls(self) -> Iterator[Message]:
        return (node.message for node in islice(self._nodes, self._count) if node.has_calls)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Message]:
        return (self._nodes[at].message for at in range(self._count))

    @overload
    def __getitem__(self, key: int) -> Message: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[Message, ...]: ...

    def __getitem__(self, key: int | slice) -> Any:
        places = range(self._count)[key]
        return (
            self._nodes[places].message if isinstance(places, int) else tuple(self._nodes[at].message for at in places)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # its messages may not have one

    def __repr__(self) -> str:
        return repr(tuple(self))
