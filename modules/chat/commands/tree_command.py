"""The command that shows a conversation as a tree, and goes to any place in it."""

import contextlib

from modules.chat.command import Ask, ChatContext, command
from modules.chat.start.startup import close_calls
from modules.chat.wording.phrases import count

MOST_PRINTED = 60


@command("/tree [words]")
async def tree(chat: ChatContext, args: str) -> Ask | None:
    """Walk through the conversation's branches.

    The arrow keys move: Left folds what is below or goes to where a branch begins, Right unfolds or goes to the next
    branch. Typing looks for words. Enter goes there: at an answer you stand at its end, and what you ask next is a
    branch; at a question you stand at the newest end below it. The path that is spoken is marked with dots.
    """
    from modules.chat.dialogs.tree_picker import TreePicker, printed
    from modules.chat.dialogs.tree_rows import place_of

    conversation, columns = chat.conversation, chat.screen.size()[0]
    if chat.ask is None or not conversation.nodes:
        lines = printed(conversation, chat.models, columns - 1, MOST_PRINTED)
        chat.screen.show("\n".join(lines) if lines else "Nothing has been said yet.")
        if lines and conversation.tree.fork() is not None:
            chat.screen.say("/next and /prev step between answers; /branch lists the ends of all branches.")
        return None
    chosen: int | None = None
    with contextlib.suppress(EOFError):  # the terminal is gone; the line will notice
        chosen = await chat.ask(TreePicker(conversation, chat.models, chat.screen.size, args))
    if chosen is None or (place := place_of(conversation.tree, chosen)) == conversation.head:
        return None
    conversation.go_to(place)
    chat.edited = None
    waiting = close_calls(conversation)
    from modules.chat.output.resume_preview import preview_of_last_turns  # with what draws calls

    for text in preview_of_last_turns(conversation, columns):
        chat.screen.say(text)
    follows = conversation.tree.newest_below(place) != place
    more = " What follows stays; /redo goes on to the newest end of it." if follows else ""
    chat.screen.say(f"You stand here: {count(conversation.turns, 'question')} up to here.{more}")
    if waiting:
        chat.screen.say(waiting)
    return None
