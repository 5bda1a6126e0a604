"""A slash command: what it does is the function, its help the docstring."""

from parlance.chat.command import Ask, ChatContext, command
from parlance.errors import UsageError
from parlance.llm.message import user


@command("/shout [words]")
async def shout(chat: ChatContext, args: str) -> Ask | None:
    """Ask in capital letters.

    The words are sent to the current model, every letter of them large.
    """
    if not args:
        raise UsageError("There is nothing to shout.", cure='Give words, as in "/shout hello".')
    chat.screen.say(args.upper())
    return Ask(user(args.upper()))
