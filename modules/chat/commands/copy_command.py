"""The command that copies: an answer, a block of code out of one, or all that was spoken."""

from collections.abc import Iterator, Sequence

from modules.chat.command import Ask, ChatContext, command
from modules.chat.commands.clipboard import copy_text
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.session.conversation import Conversation
from modules.session.turns.continuation import whole_answers

CODE, ALL = "code", "all"
OFFERED = 9  # answers that completion names


def complete_copy(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    """What there is to copy."""
    from modules.session.export.wording import short  # where somebody completes, and not before

    answers = answers_of(chat.conversation)
    yield CODE, "the last block of code, without its fence"
    yield ALL, "the whole conversation as Markdown"
    for number, text in enumerate(answers[:OFFERED], 1):
        yield str(number), short(text)


@command("/copy [n|code|all]", complete=complete_copy)
async def copy(chat: ChatContext, args: str) -> Ask | None:
    """Copy the last answer, as Markdown.

    "/copy 2" copies the answer before it. "/copy code" copies the last block of code without its fence, "/copy code 2"
    the one before it. "/copy all" copies all that is spoken. It goes to the clipboard, over SSH and in tmux through the
    terminal.
    """
    words = args.lower().split()
    if words == [ALL]:
        text, what = await _everything(chat), "The conversation"
    elif words[:1] == [CODE]:
        text, what = _nth(await _code(chat.conversation), words[1:], "block of code", args), "The block of code"
    else:
        text, what = _nth(answers_of(chat.conversation), words, "answer", args), "The answer"
    chat.screen.say(await copy_text(chat, text, what))
    return None


def answers_of(conversation: Conversation) -> list[str]:
    """What was answered on the spoken path, the last first; one that was gone on with is one answer."""
    texts = [text for _, text in whole_answers(conversation.messages)]
    return [text for text in reversed(texts) if text.strip()]


async def _code(conversation: Conversation) -> list[str]:
    """The blocks of code that were answered, the last first."""
    from modules.session.export.contained_markdown import blocks_of_code  # a parser, which is loaded when it is needed

    answers = answers_of(conversation)
    found: list[str] = await in_thread(lambda: [code for text in answers for code in reversed(blocks_of_code(text))])
    return [code for code in found if code.strip()]


async def _everything(chat: ChatContext) -> str:
    if not chat.conversation.path:
        raise UsageError("There is nothing to copy.", cure="Ask something first.")
    from modules.session.export.as_markdown import as_markdown

    text: str = await in_thread(as_markdown, conversation=chat.conversation)
    return text


def _nth(texts: Sequence[str], words: list[str], what: str, typed: str) -> str:
    """The one of that number, counted from the last. Raises UsageError for what is no number, and where there is none.

    `texts` begin with the last.
    """
    if len(words) > 1 or (words and not (words[0].isascii() and words[0].isdigit() and int(words[0][:9]))):
        raise UsageError(
            f'"/copy {typed}" is not understood.', cure="It is /copy, /copy 2, /copy code, /copy code 2 or /copy all."
        )
    if not texts:
        raise UsageError(f"There is no {what} to copy.", cure="Ask something first.")
    number = int(words[0][:9]) if words else 1
    if number > len(texts):
        raise UsageError(f"There is no {what} {number}: the last is 1, the first {len(texts)}.", cure="Give another.")
    return texts[number - 1]
