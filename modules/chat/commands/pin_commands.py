"""Commands about what stays word for word beside a summary: pinned questions, each with its answer."""

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.branch_commands import nth_question, which_question
from modules.errors import UsageError
from modules.session.message_tree import words_of
from modules.session.node import Node


@command("/pin [n]")
async def pin(chat: ChatContext, args: str) -> Ask | None:
    """Keep a question and its answer word for word.

    A summary by /compact leaves it as it is, with its calls and results. With a number it is the n-th question from the
    end. /pins lists them, /unpin lets go of one.
    """
    conversation, question = chat.conversation, nth_question(chat, args, "pin")
    if question.id in conversation.pins:
        raise UsageError(f"{which_question(chat, question)} is pinned already.", cure="/pins lists what is.")
    conversation.pin(question.id)
    view = conversation.view(conversation.model)
    late = view is not None and question.id <= view.summarized_until and question.id not in view.verbatim
    chat.screen.say(
        f"{which_question(chat, question)} and its answer stay word for word when a summary is made: {_words(question)}"
        + (f"\n{conversation.model.full_name} is given a summary of it now; /compact makes another." if late else "")
    )
    return None


@command("/pins")
async def pins(chat: ChatContext, args: str) -> Ask | None:
    """List what is pinned.

    The number is that of /pin and /unpin: the n-th question from the end.
    """
    if not chat.conversation.pins:
        chat.screen.say("Nothing is pinned. /pin keeps the last question and its answer word for word in a summary.")
        return None
    numbers = {question.id: n for n, question in enumerate(_questions_here(chat), 1)}
    rows = []
    for id in sorted(chat.conversation.pins):
        number = str(numbers[id]) if id in numbers else "elsewhere"
        rows.append((number, _words(chat.conversation.tree[id])))
    chat.screen.table(rows, ("from the end", "question"))
    return None


@command("/unpin [n]")
async def unpin(chat: ChatContext, args: str) -> Ask | None:
    """Let a pinned question be summed up like others.

    With a number it is the n-th question from the end, as /pins shows it; without one the pinned question that was
    asked last.
    """
    conversation = chat.conversation
    pinned = [question for question in _questions_here(chat) if question.id in conversation.pins]
    if not pinned:
        raise UsageError("Nothing is pinned here.", cure="/pin keeps a question and its answer word for word.")
    question = nth_question(chat, args, "let go of") if args else pinned[0]
    if question.id not in conversation.pins:
        raise UsageError(f"{which_question(chat, question)} is not pinned.", cure="/pins lists what is.")
    conversation.unpin(question.id)
    chat.screen.say(f"{which_question(chat, question)} is pinned no longer: {_words(question)}")
    return None


def _questions_here(chat: ChatContext) -> list[Node]:
    """The questions of the spoken path, the newest first."""
    return [node for node in reversed(chat.conversation.tree.path) if node.is_question]


def _words(question: Node) -> str:
    return words_of(question.message) or "(no text)"
