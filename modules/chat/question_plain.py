"""A question where the terminal wants no escape sequences: printed, page by page, and answered by a key."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPress
from prompt_toolkit.keys import Keys

from modules.chat.approval import lasting, permission_for, rows, title
from modules.chat.interrupt import FLUSH, Keyboard, nothing_of
from modules.chat.question_view import Patience, always, answers
from modules.chat.screen import TerminalScreen
from modules.tools.approval import Decision, Question

OTHER_ROWS = 4  # of a page: the title, and what the keys do


class _Back(Exception):
    """Ctrl+C in a line that is typed for the question."""


async def ask(question: Question, folder: Path, keyboard: Keyboard, screen: TerminalScreen) -> Decision | None:
    """What the person decides; None where they would rather stop altogether."""
    return await _Printed(question, folder, keyboard, screen).answer()


class _Printed:
    def __init__(self, question: Question, folder: Path, keyboard: Keyboard, screen: TerminalScreen) -> None:
        self._question = question
        self._keyboard = keyboard
        self._screen = screen
        self._patience = Patience()
        columns, height = screen.size()
        self._page = max(1, height - OTHER_ROWS)
        self._rows = [row.text for row in rows(question, folder, columns - 1)]
        self._at = 0

    async def answer(self) -> Decision | None:
        """Show the first page and take keys until one of them, or a line typed, is an answer."""
        self._screen.say(title(self._question))
        self._turn_page()
        self._patience.begin()
        while True:
            with _keys(self._keyboard) as waiting:
                pressed = await self._awaited(waiting)
            key = str(getattr(pressed.key, "value", pressed.key)).lower()
            match key:
                case "c-c" | "c-d":
                    return None
                case "y" | "a" if self._at < len(self._rows):
                    self._screen.say("There is more. Space shows it.")
                case "y":
                    return Decision(allowed=True)
                case "n" | "c-m" | "escape":
                    return Decision()
                case " " | "pagedown" if self._at < len(self._rows):
                    self._turn_page()
                case "r" | "a" if key == "r" or lasting(self._question):
                    if decision := await self._typed(key):
                        return decision
                    self._screen.say(" · ".join(answers(self._question)))

    def _turn_page(self) -> None:
        first, self._at = self._at, min(len(self._rows), self._at + self._page)
        self._screen.write("".join(f"{row}\n" for row in self._rows[first : self._at]))
        if len(self._rows) > self._page:
            more = " · Space shows more" if self._at < len(self._rows) else ""
            self._screen.say(f"lines {first + 1}-{self._at} of {len(self._rows)}{more}")
        self._screen.say(" · ".join(answers(self._question)))

    async def _awaited(self, waiting: "asyncio.Queue[KeyPress]") -> KeyPress:
        """The next key that counts. Ctrl+C and Esc, which only decline, always do."""
        while True:
            pressed = await waiting.get()
            if pressed.key in (Keys.ControlC, Keys.Escape):
                return pressed
            if not self._patience.too_early(pressed.key, with_others=not waiting.empty()):
                return pressed
            self._keyboard.keep([pressed])

    async def _typed(self, key: str) -> Decision | None:
        """What is typed on a line: a reason, or what a lasting permission is to cover. None goes back."""
        if key == "a" and (permission := always(self._question)):
            return Decision(allowed=True, permission=permission)
        session: PromptSession[str] = PromptSession(interrupt_exception=_Back, key_bindings=nothing_of(KeyBindings()))
        with suppress(_Back, EOFError):
            if key == "r":
                line = await session.prompt_async("No, because: ", set_exception_handler=False)
                return Decision(reason=line.strip())
            self._screen.say("Enter allows it. Shorten it, or end it with *, to cover more.")
            line = await session.prompt_async("Always: ", default=self._question.plan.line, set_exception_handler=False)
            permission, covers = permission_for(self._question, line)
            self._screen.say(covers)
            if permission is not None:
                return Decision(allowed=True, permission=permission)
        return None


@contextmanager
def _keys(keyboard: Keyboard) -> "Iterator[asyncio.Queue[KeyPress]]":
    """The keys as they are pressed; those that nobody took are there for whoever reads next."""
    waiting: asyncio.Queue[KeyPress] = asyncio.Queue()
    loop, keys = asyncio.get_running_loop(), keyboard.input

    def take(pressed: list[KeyPress]) -> None:
        for key in pressed:
            waiting.put_nowait(key)

    def ready() -> None:
        take(keys.read_keys())
        loop.call_later(FLUSH, lambda: take(keys.flush_keys()))

    take(get_typeahead(keys))
    with keys.raw_mode(), keys.attach(ready):
        try:
            yield waiting
        finally:
            left = [waiting.get_nowait() for _ in range(waiting.qsize())]
            store_typeahead(keys, left)
