"""What each model is given of a conversation, and what was counted of that: made when it is asked for, and kept."""

from collections.abc import Sequence

from msgspec.structs import replace

from modules.llm.history import Message
from modules.llm.models import Model
from modules.session.message_tree import MessageTree
from modules.session.node import Node
from modules.session.path_estimate import PathEstimate
from modules.session.prices import is_dated
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
        known = self._nodes.get(model.full_name)
        if known is None or known[0] != tree.head:
            spoken = [one for one in views if tree.is_spoken(one.place)]
            given = tree.path if view is None else nodes_with(view, tree.path)
            known = self._nodes[model.full_name] = tree.head, [_counted(node, model, view, spoken) for node in given]
        return known[1]

    def estimate(self, view: View | None) -> PathEstimate:
        """What has been counted of the messages for those that have this view; sums of another would be wrong."""
        return self._estimates.setdefault(None if view is None else view.number, PathEstimate())

    def forget(self) -> None:
        """A view was made or undone."""
        self._nodes.clear()
        self._estimates.clear()


def _counted(node: Node, model: Model, view: View | None, views: Sequence[View]) -> Node:
    """The node, whose usage goes where it is of another request than one that begins as the next does."""
    if node.role != "assistant" or node.message.usage is None or _counts(node.id, node.message, model, view, views):
        return node
    return Node(node.id, node.parent, replace(node.message, usage=None), node.created)


def _counts(id: int, answer: Message, model: Model, view: View | None, views: Sequence[View]) -> bool:
    given = [one for one in views if one.was_given_at(id)]
    if answer.origin is not None and answer.origin.issuer == model.issuer and is_dated(answer.origin.model, model.id):
        own = max((one.number for one in given if one.model == model.full_name), default=0)
        return own == (0 if view is None else view.number)
    return view is None and not any(one.model != model.full_name for one in given)
