"""The shell that a person has: how it runs a command, where, and with which variables."""

import os
import shutil
from pathlib import Path

from modules.chat.command import ChatContext


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
