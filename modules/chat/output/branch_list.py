"""The places of a conversation that have a name, and the ends of its branches, as rows of a table."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from modules.chat.wording.maker import maker
from modules.llm.models import Model
from modules.session.conversation import Conversation
from modules.session.message_tree import MessageTree, words_of

MOST_ENDS = 30  # without a name that are shown, the newest
SHOWN_CHARS = 60  # of a question


def branches(conversation: Conversation, models: Iterable[Model]) -> list[tuple[str, ...]]:
    """A row for each: a mark where one stands, the name, how many questions, when, from whom, the last question."""
    tree, models = conversation.tree, list(models)
    names: dict[int, list[str]] = {}
    for name, id in conversation.branch_names.items():
        names.setdefault(id, []).append(name)
    unnamed = [id for id in tree.ends() if id not in names]
    questions, last_question, last_answer = _on_the_way(tree)
    rows: list[tuple[str, ...]] = []
    for id in sorted({*names, *unnamed[-MOST_ENDS:], *([tree.head] if tree.head else [])}):
        created = tree[id].created
        when = datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M") if created else ""
        words = words_of(tree[last_question[id]].message)[:SHOWN_CHARS] if last_question[id] else ""
        by = maker(tree[last_answer[id]].message, models) if last_answer[id] else ""
        mark, name = ("→" if id == tree.head else ""), ", ".join(names.get(id, ()))
        rows.append((mark, name, str(questions[id]), when, by, words))
    if len(unnamed) > MOST_ENDS:
        rows.append(("", f"and {len(unnamed) - MOST_ENDS} more", "", "", "", ""))
    return rows


def _on_the_way(tree: MessageTree) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """By id, of the path that leads to a message: how many questions, and the ids of the last question and answer."""
    questions, last_question, last_answer = [0], [0], [0]
    for node in tree.nodes:
        asked, answered = node.is_question, node.message.role == "assistant"
        questions.append(questions[node.parent] + asked)
        last_question.append(node.id if asked else last_question[node.parent])
        last_answer.append(node.id if answered else last_answer[node.parent])
    return questions, last_question, last_answer
