"""What was typed in earlier runs, readable by this user only."""

import os
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from modules.chat.command import ChatContext
from modules.chat.keys_in_text import found_in, keys_of


class _WithoutKeys(FileHistory):
    """Lines that hold a key are there for this run, and not written down."""

    def __init__(self, path: Path, context: ChatContext) -> None:
        super().__init__(str(path))
        self._context = context

    def store_string(self, string: str) -> None:
        if not found_in(string, keys_of(self._context.config, self._context.models.providers.values())):
            super().store_string(string)


def line_history(context: ChatContext) -> History:
    """The history of a conversation that is saved; for this run only where the folder cannot be written."""
    folder = context.config.state_folder
    path = folder / "history"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return _WithoutKeys(path, context)
