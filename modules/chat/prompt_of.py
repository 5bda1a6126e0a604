"""The prompt that suits the terminal, with what it shows and completes of the chat."""

import os
from functools import partial
from typing import TYPE_CHECKING

from modules.chat.bar import bar
from modules.chat.command import ChatContext
from modules.chat.screen import TerminalScreen

if TYPE_CHECKING:
    from modules.chat.plain_prompt import PlainPrompt
    from modules.chat.prompt import Prompt


def prompt_of(context: ChatContext, screen: TerminalScreen) -> "Prompt | PlainPrompt":
    """A line that stays below all that is written, or, where the terminal is a dumb one, what it can do itself."""
    if screen.plain:
        from modules.chat.plain_prompt import PlainPrompt

        return PlainPrompt(screen)
    from prompt_toolkit.history import InMemoryHistory

    from modules.chat.completer import ChatCompleter
    from modules.chat.line_history import line_history
    from modules.chat.live_region import terminal
    from modules.chat.prompt import Prompt
    from modules.chat.terminal_input import terminal_input
    from modules.chat.terminal_modes import TerminalModes

    def write(data: bytes) -> None:
        screen.out.flush()
        os.write(screen.out.fileno(), data)

    term = context.config.get("TERM") or ""
    history = line_history(context) if context.saves else InMemoryHistory()
    keys = terminal_input(lambda report: modes.heard(report))
    modes = TerminalModes(write, getattr(keys, "listen", lambda seconds: False), term)
    return Prompt(
        screen,
        keys,
        terminal(screen.out, screen.size, term),
        modes,
        partial(bar, context),
        ChatCompleter(context),
        history,
        lambda name: context.config.get(name) or "",
    )
