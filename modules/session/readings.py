"""What each model is given of a conversation, and what was counted of that: made when it is asked for, and kept."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from modules.llm.history import Message, Role
from modules.llm.models import Model
from modules.session.counting.path_estimate import PathEstimate
from modules.session.counting.prices import is_dated
from modules.session.message_tree import MessageTree
from modules.session.node import Node
from modules.session.views.view import View, nodes_with


class Readings:
    """The spoken path by the model that is given it. Where no model has a view it is the path itself, for all."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[int, list[Node]]] = {}  # by model, for the head that they lead to
        self._estimates: dict[int | None, PathEstimate] = {}  # by the number of a view

    def nodes(self, model: Model, view: View | None, views: Sequence[View], tree: MessageTree) -> Sequence[Node]:
        """The nodes of what `model` is given, which is `view`; `views` are all that the conversation has.

        An answer whose provider has counted something else than what is given here has no usage.
        """
        if not views:
            return tree.path
        head, nodes = self._nodes.get(model.full_name, (0, []))
        if head == tree.head and nodes:
            return nodes
        spoken = [one for one in views if tree.is_spoken(one.place)]
        if nodes and tree.is_spoken(head):  # as after most messages: no view says anything of what came since
            given: Iterable[Node] = tree.path[bisect_right(tree.path, head, key=lambda node: node.id) :]
        else:
            nodes, given = [], tree.path if view is None else nodes_with(view, tree.path)
        nodes = [*nodes, *(_counted(node, model, view, spoken) for node in given)]
        self._nodes[model.full_name] = tree.head, nodes
        return nodes

    def estimate(self, view: View | None) -> PathEstimate:
        """What has been counted of the messages for those that have this view; sums of another would be wrong."""
        return self._estimates.setdefault(None if view is None else view.number, PathEstimate())

    def forget(self) -> None:
        """A view was made or undone."""
        self._nodes.clear()
        self._estimates.clear()


def _counted(node: Node, model: Model, view: View | None, views: Sequence[View]) -> Node:
    """The node, whose usage goes where it is of another request than one that begins as the next does.

    Nothing is decoded of what was said before any view was made, which may be thousands of messages.
    """
    if node.role != "assistant":
        return node
    if view is None and not any(one.was_given_at(node.id) for one in views):
        return node
    if view is not None and not view.was_given_at(node.id) and not node.is_decoded:
        return Node(node.id, node.parent, None, node.created, node.role, _Uncounted(node), node.size)
    if node.message.usage is None or _counts(node.id, node.message, model, view, views):
        return node
    return Node(node.id, node.parent, replace(node.message, usage=None), node.created)


class _Uncounted:
    """An answer without its usage, made of the one that was said when it is wanted."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, id: int, role: Role) -> Message:
        return replace(self._node.message, usage=None)

    def held(self, id: int) -> Message | None:
        return None  # it is another one than anybody has


def _counts(id: int, answer: Message, model: Model, view: View | None, views: Sequence[View]) -> bool:
    given = [one for one in views if one.was_given_at(id)]
    if answer.origin is not None and answer.origin.issuer == model.issuer and is_dated(answer.origin.model, model.id):
        own = max((one.number for one in given if one.model == model.full_name), default=0)
        return own == (0 if view is None else view.number)
    return view is None and not any(one.model != model.full_name for one in given)
