"""What `!` and `!!` run: the person's own shell, in the working folder, with their environment less the API keys."""

import os
import shutil
from pathlib import Path

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


def argv(chat: ChatContext, command: str) -> list[str]:
    """How the person's shell runs it, or sh where they have none."""
    shell = chat.config.get("SHELL")
    found = shell if shell and os.path.isabs(shell) and shutil.which(shell) else "/bin/sh"
    return [found, "-c", f" {command}" if command.startswith("-") else command]


def environment(chat: ChatContext) -> dict[str, str]:
    """All that the person's own shell would give it, but no key of a provider that the settings do not name."""
    providers = chat.models.providers.values()
    return chat.config.environment_without({one.key_variable for one in providers if one.key_variable})


def folder() -> Path:
    """The working folder, in which each command begins anew."""
    return Path.cwd()


def changes_folder(command: str) -> bool:
    """Whether it does nothing but go to another folder, which holds for that command alone."""
    return command.split()[0] in ("cd", "pushd", "popd") and not any(sign in command for sign in ";&|\n")
