"""A conversation's tree as rows from above to below: a straight line of turns stays straight, only forks step in."""

from msgspec import Struct

from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.message_tree import MessageTree
from modules.session.node import Node


class TreeRow(Struct, frozen=True):
    """A message. `depth` is how many forks it stands beside the main line, `is_first` whether a branch begins here.

    `turns` are the person's questions below it, `others` how many were said in its place, itself included: it is the
    `number`-th of them. `on_path` is whether it is on the spoken path, `is_here` whether one stands there.
    """

    id: int
    depth: int
    is_first: bool
    turns: int
    number: int
    others: int
    names: tuple[str, ...]
    on_path: bool
    is_here: bool
    is_folded: bool


class TreeRows:
    """The rows of a conversation; what calls and their results say is a part of the answer that they belong to.

    Of the branches at a fork the main one comes last and goes on straight: the spoken one, or else the one that was
    spoken last. The others stand above it, stepped in. Nothing here calls itself, so the deepest tree is drawn.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.tree = conversation.tree
        self.folded: set[int] = set()
        self.parents: dict[int, int] = {}
        self._path = {node.id for node in self.tree.path}
        self._turns = self.tree.turns_below()
        self._newest = _newest_below(self.tree)
        self._children: dict[int, list[int]] = {}
        self._here = self._shown(self.tree.head)
        self._names: dict[int, list[str]] = {}
        for name, id in conversation.branch_names.items():
            self._names.setdefault(self._shown(id), []).append(name)

    def rows(self) -> list[TreeRow]:
        """All rows that no fold hides."""
        found: list[TreeRow] = []
        waiting = self._below(0, 0)
        while waiting:
            id, depth, is_first, number, others = waiting.pop()
            found.append(
                TreeRow(
                    id, depth, is_first, self._turns[id], number, others, tuple(self._names.get(id, ())),
                    id in self._path, id == self._here, id in self.folded,
                )
            )  # fmt: skip
            if id not in self.folded:
                waiting += self._below(id, depth)
        return found

    def _below(self, id: int, depth: int) -> list[tuple[int, int, bool, int, int]]:
        """What follows a message, the main branch first: what is put last is drawn first."""
        children = self.children(id)
        if len(children) < 2:  # nearly always
            return [(child, depth, False, 1, 1) for child in children]
        main = next((child for child in children if child in self._path), None)
        main = main or max(children, key=lambda child: self._newest[child])
        of = len(children)
        beside = [(child, depth + 1, True, at, of) for at, child in enumerate(children, 1) if child != main]
        return [(main, depth, False, children.index(main) + 1, of), *beside[::-1]]

    def children(self, id: int) -> list[int]:
        """The messages that follow and have a row, oldest first."""
        known = self._children.get(id)
        if known is None:
            known, waiting = [], [*self.tree.children(id)[::-1]]
            while waiting:
                child = waiting.pop()
                if self._is_part(self.tree[child]) and (below := self.tree.children(child)):
                    waiting += below[::-1]
                else:
                    known.append(child)
                    self.parents[child] = id
            self._children[id] = known
        return known

    def beginning(self, id: int) -> int:
        """Where the branch begins that leads to this message from the last fork before it."""
        id = self.parents.get(id, 0) or id
        while (above := self.parents.get(id, 0)) and len(self.children(above)) < 2:
            id = above
        return id

    def beside(self, id: int) -> int:
        """The next of the messages in the place of this one; behind the last comes the first."""
        siblings = self.children(self.parents.get(id, 0))
        return siblings[(siblings.index(id) + 1) % len(siblings)]

    def _is_part(self, node: Node) -> bool:
        """Whether a message has no row of its own."""
        message = node.message
        match message.role:
            case "tool":
                return True
            case "user":
                return message.continues
            case "assistant":
                return not any(isinstance(part, Text) and part.text.strip() for part in message.parts)
            case "system":
                return False

    def _shown(self, id: int) -> int:
        """The row that a message belongs to; 0 for none."""
        while id and self.tree.children(id) and self._is_part(self.tree[id]):
            id = self.tree[id].parent
        return id


def place_of(tree: MessageTree, id: int) -> int:
    """Where one stands after choosing a message: at an answer there, at a question at the newest end below it.

    An answer with calls ends with what its model said to their results.
    """
    if tree[id].message.role != "assistant":
        return tree.newest_below(id)
    while tree[id].message.calls or tree[id].message.role == "tool":
        further = [child for child in tree.children(id) if not tree[child].is_question]
        if not further:
            break
        id = further[-1]
    return id


def _newest_below(tree: MessageTree) -> list[int]:
    """By id, the message that was said last of it and of all below it."""
    newest = list(range(len(tree) + 1))
    for node in reversed(tree.nodes):
        newest[node.parent] = max(newest[node.parent], newest[node.id])
    return newest
