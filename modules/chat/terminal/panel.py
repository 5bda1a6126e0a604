"""A panel: what stands in the place of the input line while a person decides, with keys of its own."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import AnyContainer, BufferControl, Window
from prompt_toolkit.layout.layout import FocusableElement
from prompt_toolkit.layout.processors import BeforeInput

from modules.text.sanitize import clean

T = TypeVar("T")

YES = ("y", "yes")
ANSWERS = ("", "n", "no", *YES)


class Panel(Generic[T]):
    """What to show, where the keys go first, and what they do. It is over when `close` was called."""

    def __init__(self, container: AnyContainer, focus: FocusableElement, keys: KeyBindings) -> None:
        self.container = container
        self.focus = focus
        self.keys = keys
        self.early: list[KeyPress] = []  # typed before anybody can have read the panel; it belongs into the line
        self.result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.gone: Callable[[], None] = lambda: None  # this and the next are set by whoever shows it
        self.draw: Callable[[], None] = lambda: None  # has it drawn anew, after what it shows has changed by itself

    def shown(self) -> None:
        """Called when the panel is on the screen."""

    def close(self, result: T) -> None:
        """End with this. The key that is next goes to the line again."""
        if not self.result.done():
            self.result.set_result(result)
            self.gone()


class YesNo(Panel[bool | None]):
    """A question in one line: y and Enter say yes, anything else no; Esc and Ctrl+C leave it without an answer.

    Words that are no answer were meant for the line: they wait there for an Enter of their own.
    """

    def __init__(self, question: str) -> None:
        self._line = Buffer(multiline=False)
        control = BufferControl(self._line, input_processors=[BeforeInput(f"{clean(question)} y/N ", "class:label")])
        window = Window(control, wrap_lines=True, dont_extend_height=True)
        super().__init__(window, window, self._bindings())

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def answer(event: KeyPressEvent) -> None:
            said = self._line.text.strip()
            if said.lower() not in ANSWERS:
                self.early += [KeyPress(Keys.BracketedPaste, said), KeyPress(Keys.Enter, "\r")]
            self.close(said.lower() in YES)

        @keys.add("escape")
        @keys.add("c-c")
        @keys.add("c-d")
        def leave(event: KeyPressEvent) -> None:
            self.close(None)

        @keys.add("c-z")
        @keys.add("c-q")
        def nothing(event: KeyPressEvent) -> None:
            """They would write control characters."""

        return keys
