"""Going on with another saved conversation, in the middle of a chat."""

from modules.chat.command import ChatContext
from modules.chat.output.resume_preview import preview_of_last_turns
from modules.chat.startup import close_calls, go_on_in, take_unanswered
from modules.chat.wording.phrases import too_long
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.llm.parts import Attached
from modules.session.conversation import Conversation


async def open_conversation(chat: ChatContext, id: str, message: int = 0) -> None:
    """Go on with a saved conversation, at one of its messages where one is given; the last turns are shown.

    The one before stays saved as it is. Raises UsageError where there is none of that id, FileProblem where the file
    cannot be read.
    """
    before = chat.conversation
    store = chat.store
    if store is None:
        raise UsageError("Nothing is saved in this chat (--no-save).", cure="Start another one to open a conversation.")
    if id != before.id:
        if before.journal is not None:
            await before.journal.settled()  # what was said last is there for whoever opens it next
        opened = await in_thread(lambda: store.load(id, chat.models, before.model, before.learned))
        opened.reasoning_shown = before.reasoning_shown
        chat.conversation = opened
    if message:
        go_to_message(chat.conversation, message)
    _show(chat, before)


def go_to_message(conversation: Conversation, message: int) -> None:
    """Stand where the answer to this message has ended, on its newest branch, or at the message itself."""
    if message not in conversation.path:
        conversation.go_to(conversation.newest_below(message))


def _show(chat: ChatContext, before: Conversation) -> None:
    conversation = chat.conversation
    if conversation is not before:
        chat.unanswered, chat.draft = None, ""
        chat.attachments.clear()
        conversation.one_shot = False
        moved = go_on_in(conversation, before.folder)
        for text in filter(
            None, (moved, too_long(conversation.tokens(), conversation.reader(conversation.model).window))
        ):
            chat.screen.say(text)
    question = take_unanswered(conversation)
    waiting = close_calls(conversation)
    columns = chat.screen.size()[0]
    for text in [*preview_of_last_turns(conversation, columns), *filter(None, [waiting])]:
        chat.screen.say(text)
    if question is not None:
        chat.draft, chat.unanswered = question.text, question
        chat.attachments[:0] = [part for part in question.parts if isinstance(part, Attached)]
