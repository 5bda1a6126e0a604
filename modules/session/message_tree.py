"""The tree of messages: everything that was ever said, of which one path is spoken; nothing in it is ever deleted."""

import time
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from modules.llm.history import Message
from modules.session.node import Node

MOST_PLACES_LEFT = 1000
LONGEST_TITLE_CHARS = 120


class Place(NamedTuple):
    """Which of the messages in one place this is, as "2 of 3": `number` counts from 1, the oldest first."""

    number: int
    of: int


class MessageTree:
    """Messages by the ids of their nodes, which count from 1; a node comes after its parent.

    `head` is the message that was said last on the spoken path, 0 where nothing is said. To say something costs the
    same however large the tree is; what looks at all of it looks once at each message.

    A question that nobody has answered, and instructions that nobody has read, stay in `nodes` as all else does. No
    way leads there any more, so they are no child, sibling or end of anything, unless they stand on the spoken path.
    """

    def __init__(self, nodes: Iterable[Node] = (), head: int = 0) -> None:
        self.nodes: list[Node] = list(nodes)
        self.head = 0
        self._path: list[Node] = []
        self._left: deque[int] = deque(maxlen=MOST_PLACES_LEFT)  # where the head was before it went back
        # By the id of a node: its newest child, the child of the same parent before it (0 for none), and whether an
        # answer is there or below. Made when they are first asked for: a conversation is opened without them.
        self._newest_child, self._older, self._goes_on = array("q", [0]), array("q", [0]), bytearray(1)
        self.go_to(head)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, id: int) -> Node:
        """The node of that id, which counts from 1."""
        return self.nodes[id - 1]

    @property
    def path(self) -> Sequence[Node]:
        """The spoken path, oldest first; it is not to be changed."""
        return self._path

    def append(self, message: Message) -> Node:
        """Say something at the head."""
        node = Node(len(self.nodes) + 1, self.head, message, time.time())
        self.nodes.append(node)
        self._path.append(node)
        self.head = node.id
        return node

    def go_to(self, head: int) -> None:
        """Speak on from another message of the tree; 0 is before the first."""
        path, id = [], head
        while id:  # not by `_up`: a conversation of thousands is opened so
            path.append(node := self.nodes[id - 1])
            id = node.parent
        self.head, self._path = head, path[::-1]

    def go_back(self, head: int) -> None:
        """The same, for a message on the spoken path; `forward` finds back to where the head is now."""
        if self.head and (not self._left or self._left[-1] != self.head):
            self._left.append(self.head)
        self.go_to(head)

    def forward(self) -> int | None:
        """Where it goes on from the head: the place that was left last, of those below the head, or the newest end.

        What was said meanwhile has begun a branch of its own, and no place that was left is below that. None where
        nothing follows.
        """
        for place in reversed(self._left):
            if place != self.head and self.is_above(self.head, place):
                return place
        newest = self.newest_below(self.head)
        return newest if newest != self.head else None

    def is_above(self, id: int, other: int) -> bool:
        """Whether the path to `other` leads through this message; 0 is above all of them."""
        while other > id:  # a parent's id is smaller, always
            other = self[other].parent
        return other == id

    def _up(self, id: int) -> Iterator[Node]:
        while id:
            node = self[id]
            yield node
            id = node.parent

    def question(self, n: int = 1) -> Node | None:
        """The last question of the person on the spoken path, the one before it for n = 2, and so on."""
        for node in reversed(self._path):
            if node.is_question:
                n -= 1
                if n == 0:
                    return node
        return None

    def answer_at(self, id: int) -> str:
        """The text of all answers from the last question of the person up to this message; "" where there is none."""
        texts: list[str] = []
        continues = False
        for node in self._up(id):
            if node.is_question:
                break
            message = node.message
            if message.role == "assistant" and message.text:
                texts += [message.text] if continues or not texts else ["\n\n", message.text]
            continues = message.continues
        return "".join(reversed(texts))

    def fork(self, *, of_answer: bool = False) -> Node | None:
        """The last message on the spoken path that has siblings; with `of_answer` only below the last question."""
        self._index()
        for node in reversed(self._path):
            if of_answer and node.is_question:
                return None
            if not self._older[self._newest_child[node.parent]]:  # as of most
                continue
            if next(islice(self._alive(node.parent), 1, None), None) is not None:
                return node
        return None

    # What is beside, and what is below.

    def children(self, id: int) -> tuple[int, ...]:
        """What was said next after this message, oldest first; 0 gives the first messages of all."""
        return tuple(self._alive(id))[::-1]

    def _alive(self, id: int) -> Iterator[int]:
        """The same, newest first."""
        self._index()
        child = self._newest_child[id]
        while child:
            if self._goes_on[child] or self.is_spoken(child):
                yield child
            child = self._older[child]

    def siblings(self, id: int) -> tuple[int, ...]:
        """All that was said in the place of this message, itself included: other answers, or edited questions."""
        return self.children(self[id].parent)

    def place(self, id: int) -> Place:
        """Which of its siblings this message is."""
        siblings = self.siblings(id)
        return Place(siblings.index(id) + 1, len(siblings)) if id in siblings else Place(1, 1)

    def newest_below(self, id: int) -> int:
        """The end of the branch that was spoken last of those through this message; itself where nothing follows."""
        newest = id
        below = bytearray(len(self.nodes) + 1)
        below[id] = 1
        for node in self.nodes[id:]:
            if below[node.parent]:
                below[node.id] = 1
                if _is_said_by_a_model(node):
                    newest = node.id
        return newest

    def turns_below(self) -> Sequence[int]:
        """By id, how many questions of the person come below a message; at 0, how many there are in all."""
        self._index()
        turns = array("q", bytes(8 * (len(self.nodes) + 1)))
        for node in reversed(self.nodes):
            if node.is_question and (self._goes_on[node.id] or self.is_spoken(node.id)):
                turns[node.parent] += 1
            turns[node.parent] += turns[node.id]
        return turns

    def ends(self) -> tuple[int, ...]:
        """The ids of the messages that end a branch, oldest first; that of the head is one, wherever it stands."""
        going_on = bytearray(len(self.nodes) + 1)
        found = []
        for node in reversed(self.nodes):
            if going_on[node.id] or _is_said_by_a_model(node) or node.id == self.head:
                going_on[node.parent] = 1
                if not going_on[node.id] or node.id == self.head:
                    found.append(node.id)
        return tuple(found[::-1])

    def _index(self) -> None:
        """Take note of the nodes that were added since."""
        known = len(self._older) - 1
        new = len(self.nodes) - known
        if not new:
            return
        for one in (self._newest_child, self._older, self._goes_on):
            one.extend([0] * new)
        for node in self.nodes[known:]:
            self._older[node.id] = self._newest_child[node.parent]
            self._newest_child[node.parent] = node.id
            id = node.id if _is_said_by_a_model(node) else 0
            while id and not self._goes_on[id]:
                self._goes_on[id] = 1
                id = self[id].parent

    def is_spoken(self, id: int) -> bool:
        """Whether this message stands on the spoken path."""
        at = bisect_left(self._path, id, key=lambda node: node.id)
        return at < len(self._path) and self._path[at].id == id


def _is_said_by_a_model(node: Node) -> bool:
    """Whether this is an answer, or what its calls came to: a branch may end there."""
    return node.role in ("assistant", "tool")


def words_of(message: Message) -> str:
    """The beginning of what a person said, in one line; "" for anybody else's message."""
    return (
        " ".join(message.text[: 4 * LONGEST_TITLE_CHARS].split())[:LONGEST_TITLE_CHARS] if message.is_question else ""
    )
