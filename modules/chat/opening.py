"""Going on with another saved conversation, in the middle of a chat."""

from modules.chat.command import ChatContext
from modules.chat.input.fit_question import fit_opened
from modules.chat.output.resume_preview import preview_at, preview_of_last_turns
from modules.chat.start.startup import answerable, close_calls, go_on_in, take_unanswered
from modules.daemon_thread import in_thread
from modules.errors import BadKey, MissingKey, SendingForbidden, UsageError
from modules.llm.models import Choice
from modules.llm.parts import Attached
from modules.session.conversation import Conversation


async def open_conversation(chat: ChatContext, id: str, message: int = 0) -> None:
    """Go on with a saved conversation; the last turns are shown, or the turn of a message where one is given.

    A message on the spoken path moves nothing; for one on another branch the conversation stands at that branch's end.

    The one before stays saved as it is. Raises UsageError where there is none of that id, FileProblem where the file
    cannot be read.
    """
    before = chat.conversation
    store = chat.store
    if store is None:
        raise UsageError("Nothing is saved in this chat (--no-save).", cure="Start another one to open a conversation.")
    if id != before.id:
        store.leave(before)
        await store.settled()  # what was said last is there for whoever opens it next
        opened = await in_thread(lambda: store.load(id, chat.models, before.model, before.learned))
        opened.weights = before.weights
        chat.conversation = opened
    conversation = chat.conversation
    asked_for = message if 0 < message <= len(conversation.nodes) else 0
    was_spoken = asked_for in conversation.path
    if asked_for:
        go_to_message(conversation, asked_for)
    chat.edited = None
    _show(chat, before, asked_for, was_spoken=was_spoken)
    if conversation is not before:
        await fit_opened(chat)


def go_to_message(conversation: Conversation, message: int) -> None:
    """Stand where the answer to this message has ended, on its newest branch, or at the message itself."""
    if message not in conversation.path:
        conversation.go_to(conversation.tree.newest_below(message))


def _show(chat: ChatContext, before: Conversation, message: int, *, was_spoken: bool) -> None:
    conversation = chat.conversation
    if conversation is not before:
        chat.unanswered, chat.draft = None, ""
        chat.attachments.clear()
        conversation.one_shot = False
        moved = go_on_in(conversation, before.folder)
        for text in filter(None, (moved, _who_answers(chat, before))):
            chat.screen.say(text)
    question = take_unanswered(conversation)
    waiting = close_calls(conversation)
    columns = chat.screen.size()[0]
    shown, place = preview_of_last_turns(conversation, columns), ""
    if message in conversation.path:
        shown, place = preview_at(conversation, message, columns), _place(conversation, message, was_spoken=was_spoken)
    for text in [*shown, *filter(None, [place, waiting])]:
        chat.screen.say(text)
    if question is not None:
        chat.draft, chat.unanswered = question.text, question
        chat.attachments[:0] = [part for part in question.parts if isinstance(part, Attached)]


def _who_answers(chat: ChatContext, before: Conversation) -> str:
    """Let the model from before answer where the conversation's own has no key any more, and say so."""
    try:
        return answerable(chat.conversation, chat.services, Choice(before.model))
    except (MissingKey, BadKey, SendingForbidden) as error:
        return str(error)


def _place(conversation: Conversation, message: int, *, was_spoken: bool) -> str:
    """Where the conversation stands after it was opened at a message, and how to come to another place."""
    if not was_spoken:
        return "You stand at the end of this branch, which is not the one that was spoken last. /tree goes there."
    if any(node.id > message and node.is_question for node in conversation.tree.path):
        return "You stand at that end. To go on from here instead, choose this message in /tree."
    return ""
