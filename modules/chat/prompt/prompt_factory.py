"""The prompt that suits the terminal, with what it shows and completes of the chat."""

import os
from functools import partial
from typing import TYPE_CHECKING

from modules.chat.command import ChatContext
from modules.chat.output.screen import TerminalScreen
from modules.chat.prompt.status_bar import bar
from modules.chat.terminal.terminal_state import TerminalState

if TYPE_CHECKING:
    from prompt_toolkit.history import History

    from modules.chat.pictures.ways import Way
    from modules.chat.prompt.plain_prompt import PlainPrompt
    from modules.chat.prompt.prompt import Prompt


def prompt_of(context: ChatContext, screen: TerminalScreen, state: TerminalState) -> "Prompt | PlainPrompt":
    """A line that stays below all that is written, or, where the terminal is a dumb one, what it can do itself.

    `state` puts back what is asked of the terminal, where the program ends in no good way.
    """
    if screen.plain:
        from modules.chat.prompt.plain_prompt import PlainPrompt

        return PlainPrompt(screen)
    from prompt_toolkit.history import InMemoryHistory

    from modules.chat.input.completer import ChatCompleter
    from modules.chat.prompt.prompt import Prompt
    from modules.chat.terminal.live_region import terminal
    from modules.chat.terminal.terminal_input import terminal_input
    from modules.chat.terminal.terminal_modes import TerminalModes
    from modules.chat.terminal.terminal_reports import Report
    from modules.chat.terminal.terminal_signs import TerminalSigns

    def write(data: bytes) -> None:
        screen.out.flush()
        os.write(screen.out.fileno(), data)

    get = context.config.get
    term = get("TERM") or ""
    history = _history(context) if context.saves else InMemoryHistory()

    def take_report(report: Report) -> None:
        modes.take_report(report)
        signs.take_report(report)

    keys = terminal_input(take_report)
    screen.themes.reported = lambda: modes.background
    modes = TerminalModes(write, getattr(keys, "listen", lambda seconds: False), term, state.owe, state.settle)
    signs = TerminalSigns(
        write, lambda: context.config.settings.notify, lambda: modes.name, get, state.owe, state.settle
    )

    def picture_way() -> "Way":
        from modules.chat.pictures.ways import way_of  # with the first picture

        wish = context.config.settings.screen.pictures
        return way_of(wish, modes.name, modes.attributes, get, color=screen.color)

    screen.picture_way = picture_way
    screen.true_color = get("COLORTERM") in ("truecolor", "24bit")
    return Prompt(
        screen,
        keys,
        terminal(screen.out, screen.size, term),
        modes,
        partial(bar, context),
        ChatCompleter(context),
        history,
        lambda name: get(name) or "",
        lambda: context.config.settings.keys,
        signs,
    )


def _history(context: ChatContext) -> "History":
    """What was typed in earlier runs; a line with a key in it is there for this run, and not written down."""
    from modules.chat.input.api_key_check import found_in, keys_of
    from modules.chat.prompt.line_history import LineHistory

    own = partial(keys_of, context.config, context.models.providers.values())
    words = {"--remove", *context.models.providers}

    def keep(line: str) -> bool:
        may_hold_key = line.startswith("/key ") and not words.issuperset(line.split()[1:])
        return not may_hold_key and not found_in(line, own())

    history = LineHistory(context.config.state_folder / "history", keep)
    if history.trouble:
        context.screen.say(history.trouble)
    return history
