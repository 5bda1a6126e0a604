"""The prompt that suits the terminal, with what it shows and completes of the chat."""

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
    from prompt_toolkit.input import create_input

    from modules.chat.completer import ChatCompleter
    from modules.chat.line_history import line_history
    from modules.chat.live_region import terminal
    from modules.chat.prompt import Prompt

    history = line_history(context) if context.saves else InMemoryHistory()
    output = terminal(screen.out, screen.size, context.config.get("TERM") or "")
    return Prompt(screen, create_input(), output, partial(bar, context), ChatCompleter(context), history)
