"""A line that may be a prompt of one's own: a slash, its name, and what is typed behind it."""

import os
import re
from pathlib import Path

from modules.chat.command import COMMAND_LINE, ChatContext, CommandLine
from modules.daemon_thread import in_thread
from modules.errors import UnknownCommand
from modules.prompts.places import origin
from modules.prompts.prompt_shelf import Found, PromptShelf

_COLONS = re.compile(r"/([A-Za-z0-9_][\w.-]*(?::[\w.-]+)+)(?:\s+(.*))?", re.S)


def shelf_of(chat: ChatContext) -> PromptShelf:
    """The prompts, which are looked for from now on: nothing of them is read before somebody wants one."""
    if chat.prompts is None:
        folder = Path(chat.conversation.folder or os.path.realpath(os.getcwd()))
        taken = [name for command in chat.commands for name in (command.name, *command.aliases)]  # plugins' too
        chat.prompts = PromptShelf(origin(chat.config, folder), taken)
    return chat.prompts


async def found_in(chat: ChatContext, line: CommandLine) -> Found | None:
    """The prompt that the line names; None for none. Raises UnknownCommand where it can be nothing else."""
    shelf = shelf_of(chat)
    found: Found | None = await in_thread(shelf.find, typed=line.name)
    if found is not None:
        return found
    text = f"/{line.name}"
    if COMMAND_LINE.fullmatch(text):
        chat.commands.get(line.name, await in_thread(shelf.names))
    elif _COLONS.fullmatch(text):
        raise UnknownCommand(
            f'There is no prompt "{text}".', cure="/prompts lists them. To send it as a message, put a space before it."
        )
    return None
