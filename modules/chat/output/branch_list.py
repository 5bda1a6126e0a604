"""The places of a conversation that have a name, and the ends of its branches, as rows of a table."""

from collections.abc import Iterable
from datetime import datetime

from modules.chat.wording.maker import maker
from modules.llm.models import Model
from modules.session.conversation import Conversation, words_of
from modules.session.message_tree import MessageTree, Node

MOST_ENDS = 30  # without a name that are shown, the newest
SHOWN_CHARS = 60  # of a question


def branches(conversation: Conversation, models: Iterable[Model]) -> list[tuple[str, ...]]:
    """A row for each: a mark where one stands, the name, how many questions, when, from whom, the last question."""
    tree, models = conversation.tree, list(models)
    names: dict[int, list[str]] = {}
    for name, id in conversation.branch_names.items():
        names.setdefault(id, []).append(name)
    unnamed = [id for id in tree.ends() if id not in names]
    shown = sorted({*names, *unnamed[-MOST_ENDS:], *([tree.head] if tree.head else [])})
    rows: list[tuple[str, ...]] = []
    for id in shown:
        path = _questions_to(tree, id)
        created = tree[id].created
        when = datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M") if created else ""
        words = words_of(path[-1].message)[:SHOWN_CHARS] if path else ""
        mark, name = ("→" if id == tree.head else ""), ", ".join(names.get(id, ()))
        rows.append((mark, name, str(len(path)), when, _from(tree, id, models), words))
    if len(unnamed) > MOST_ENDS:
        rows.append(("", f"and {len(unnamed) - MOST_ENDS} more", "", "", "", ""))
    return rows


def _questions_to(tree: MessageTree, id: int) -> list[Node]:
    found = []
    while id:
        node = tree[id]
        if node.message.is_question:
            found.append(node)
        id = node.parent
    return found[::-1]


def _from(tree: MessageTree, id: int, models: list[Model]) -> str:
    """Who made the last answer up to there."""
    while id and tree[id].message.role != "assistant":
        id = tree[id].parent
    return maker(tree[id].message, models) if id else ""
