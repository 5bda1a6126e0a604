"""A line that begins with `!` or `!!`: run in the terminal, or run and kept for the next message."""

import os

from modules.chat.command import ChatContext
from modules.chat.input.shell_line import ShellLine
from modules.errors import UsageError

HELP = (
    "!COMMAND runs it in your shell, which has the terminal meanwhile: !git add -p. Nothing of it is sent.\n"
    "!!COMMAND runs it without a keyboard, and its output goes with the next message. /attach - takes it off again.\n"
    'A message that begins with "!" needs a blank before it.'
)


async def run(chat: ChatContext, line: ShellLine) -> bool:
    """Run what was typed; False where it did not come to a good end. Raises UsageError, ToolFailed."""
    if not line.command:
        chat.screen.say(HELP)
        return True
    if os.name == "nt":
        raise UsageError("Commands do not run from here on Windows.", cure="Use another window.")
    from modules.tools.programs.process_protection import shut  # as before any program of a tool

    shut()
    if line.kept:
        from modules.chat.shell.kept_output import run_kept

        return await run_kept(chat, line.command)
    if chat.lend is None:
        raise UsageError("The terminal cannot be lent to a command here.", cure="!! runs one without a keyboard.")
    from modules.chat.shell.lent_terminal import run_in_terminal

    return await run_in_terminal(chat, line.command)
