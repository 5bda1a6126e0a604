"""The line that a person types: its keys, its history, its completions, and the bar below it."""

import signal
from functools import partial

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import completion_is_selected, emacs_mode, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from modules.chat.abilities import compact
from modules.chat.clean import clean
from modules.chat.command import ChatContext
from modules.chat.completer import ChatCompleter
from modules.chat.interrupt import Keyboard, nothing_of, stop
from modules.chat.keys_in_text import found_in, keys_of
from modules.chat.line_history import LineHistory
from modules.chat.words import dollars

STYLE = Style.from_dict({"bottom-toolbar": "noreverse", "bottom-toolbar.text": "noreverse", "prompt": "bold"})


class Leaving(Exception):
    """Ctrl+C at an empty prompt."""


class Prompt:
    """Reads what is typed. Ctrl+C empties the line; at an empty one it raises Leaving, and Ctrl+D EOFError."""

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._session: PromptSession[str] = PromptSession(
            multiline=True,
            key_bindings=_keys(),
            history=_history(context) if context.saves else InMemoryHistory(),
            completer=ChatCompleter(context),
            auto_suggest=AutoSuggestFromHistory(),
            enable_open_in_editor=True,
            tempfile_suffix=".md",
            interrupt_exception=Leaving,
            bottom_toolbar=self._bar,
            style=STYLE,
            prompt_continuation=lambda width, number, wrapped: "" if wrapped else "· ".rjust(width),
            reserve_space_for_menu=6,
        )
        # A terminal that does not say where its cursor is works well enough; nobody needs to be warned of it.
        self._session.app.renderer.cpr_not_supported_callback = lambda: None

    @property
    def app(self) -> Application[str]:
        return self._session.app

    async def read(self, text: str = "") -> str:
        """One message or command. `text` stands in the line already."""
        # prompt_toolkit's own exception handler would take over the screen and swallow a line.
        return await self._session.prompt_async("> ", default=text, set_exception_handler=False)

    async def confirms(self, question: str) -> bool:
        """Whether the person says yes; Enter alone, Ctrl+C and Ctrl+D say no. What was typed before it is no answer."""
        session: PromptSession[str] = PromptSession(interrupt_exception=Leaving, key_bindings=nothing_of(KeyBindings()))
        with Keyboard(self.app.input).lent_alone():
            try:
                line = await session.prompt_async(f"{question} y/N ", set_exception_handler=False)
            except (Leaving, EOFError):
                return False
        return line.strip().lower() in ("y", "yes")

    def _bar(self) -> StyleAndTextTuples:
        """Model, window used, cost; what does not fit is left out from the right."""
        conversation = self._context.conversation
        model = conversation.model
        parts = [clean(model.full_name)]
        used = conversation.tokens()
        if model.window:
            parts.append(f"{compact(used)} of {compact(model.window)} ({100 * used // model.window}%)")
        elif used:
            parts.append(f"{compact(used)} tokens")
        cost = conversation.cost()
        if cost != 0:
            parts.append(dollars(cost))
        if conversation.reasoning:
            parts.append(f"reasoning {conversation.reasoning}")
        if not self._context.tooling.enabled:
            parts.append("tools off")
        if self._context.attachments:
            parts.append(f"{len(self._context.attachments)} attached")
        columns = self._session.app.output.get_size().columns
        while len(parts) > 1 and get_cwidth(" · ".join(parts)) >= columns:
            parts.pop()
        return [("class:bottom-toolbar dim", " · ".join(parts)[: max(1, columns - 1)])]


def _history(context: ChatContext) -> History:
    """What was typed in earlier runs; a line with a key in it is there for this run, and not written down."""
    own = partial(keys_of, context.config, context.models.providers.values())
    history = LineHistory(context.config.state_folder / "history", lambda line: not found_in(line, own()))
    if history.trouble:
        context.screen.say(history.trouble)
    return history


def _keys() -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)  # without it these keys would also act inside the Ctrl+R search

    @keys.add("enter", filter=typing & ~completion_is_selected)
    def send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("enter", filter=typing & completion_is_selected)
    def take_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("escape", "enter", filter=typing & emacs_mode)
    @keys.add("c-j", filter=typing)
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-g", filter=typing)
    def editor(event: KeyPressEvent) -> None:
        event.current_buffer.open_in_editor()

    @keys.add("c-c", filter=typing)
    def clear(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text:
            buffer.append_to_history()  # cleared is not lost: Up brings it back
            buffer.reset()
        else:
            event.app.exit(exception=Leaving())

    @keys.add("c-z")
    def suspend(event: KeyPressEvent) -> None:
        if hasattr(signal, "SIGTSTP"):
            run_in_terminal(stop)

    return keys
