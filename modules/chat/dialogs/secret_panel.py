"""A line that nobody sees: what is typed or pasted is counted on the screen, and kept nowhere else."""

from collections.abc import Callable

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, VerticalAlign, Window

from modules.chat.output.layout import wrapped
from modules.chat.terminal.panel import Panel
from modules.chat.wording.phrases import count
from modules.text.sanitize import clean

MOST_MARKS = 8  # one for each character; a key is longer than many windows are wide
MOST_CHARS = 4096


class SecretPanel(Panel[str | None]):
    """What it asks for, marks for what is there, and the keys. It is None where the person would rather not.

    It is no buffer of prompt_toolkit: what is deleted in one can be brought back in another.
    """

    def __init__(self, question: str, size: Callable[[], tuple[int, int]]) -> None:
        self._question = clean(question)
        self._size = size
        self._text = ""
        line = Window(
            FormattedTextControl(self._line, focusable=True, show_cursor=False),
            wrap_lines=True,
            dont_extend_height=True,
        )
        below = Window(FormattedTextControl(self._keys), dont_extend_height=True)
        super().__init__(HSplit([line, below], align=VerticalAlign.TOP), line, self._bindings())

    def _line(self) -> StyleAndTextTuples:
        marks = "*" * min(len(self._text), MOST_MARKS)
        much = f" {count(len(self._text), 'character')}" if self._text else ""
        return [("class:label", f"{self._question} "), ("", marks), ("class:quiet", much)]

    def _keys(self) -> StyleAndTextTuples:
        rows = wrapped("Paste it; it is not shown. Enter takes it · Esc leaves", max(8, self._size()[0] - 1))
        return [("class:quiet", "\n".join(rows))]

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def take(event: KeyPressEvent) -> None:
            self.close(self._text or None)

        @keys.add("escape", eager=True)
        @keys.add("c-c")
        @keys.add("c-d")
        def leave(event: KeyPressEvent) -> None:
            self.close(None)

        @keys.add("backspace")
        def shorter(event: KeyPressEvent) -> None:
            self._text = self._text[:-1]

        @keys.add("c-u")
        @keys.add("c-w")
        def empty(event: KeyPressEvent) -> None:
            self._text = ""

        @keys.add(Keys.BracketedPaste)
        def paste(event: KeyPressEvent) -> None:
            self._add("".join(event.data.split()))  # a key that was copied over two rows is one all the same

        @keys.add(Keys.Any)
        def type_(event: KeyPressEvent) -> None:
            self._add(event.data)

        return keys

    def _add(self, text: str) -> None:
        self._text = (self._text + "".join(filter(str.isprintable, text)))[:MOST_CHARS]
