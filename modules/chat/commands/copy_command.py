"""The command that copies: an answer, a block of code out of one, or all that was spoken."""

from collections.abc import Iterator

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.clipboard import copy_text
from modules.chat.commands.what_was_answered import Answered, answered, complete_answered
from modules.daemon_thread import in_thread
from modules.errors import UsageError

ALL = "all"


def complete_copy(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What there is to copy."""
    yield from complete_answered(chat)
    yield ALL, "the whole conversation as Markdown"


@command("/copy [n|code|answer|all]", complete=complete_copy)
async def copy(chat: ChatContext, args: str) -> Ask | None:
    """Copy the last answer, as Markdown.

    "/copy 2" copies the block of code that has this number on the screen, "/copy code" the last one, both without their
    fences. "/copy answer 2" copies the answer before the last. "/copy all" copies all that is spoken. It goes to the
    clipboard, over SSH and in tmux through the terminal.
    """
    words = args.split()
    found = await _everything(chat) if args.lower() == ALL else await answered(chat, words)
    if found is None:
        raise UsageError(
            f'"/copy {args}" is not understood.', cure="It is /copy, /copy 2, /copy code, /copy answer 2 or /copy all."
        )
    chat.screen.say(await copy_text(chat, found.text, found.what))
    return None


async def _everything(chat: ChatContext) -> Answered:
    if not chat.conversation.path:
        raise UsageError("There is nothing to copy.", cure="Ask something first.")
    from modules.session.export.as_markdown import as_markdown

    text: str = await in_thread(as_markdown, conversation=chat.conversation)
    return Answered(text, "The conversation")
