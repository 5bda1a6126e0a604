"""A question with several answers, under the conversation: a row for each, chosen by its number, or Enter for one."""

from collections.abc import Callable

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, VerticalAlign, Window

from modules.chat.command import Options
from modules.chat.dialogs.approval_dialog import KeyGuard
from modules.chat.output.layout import wrapped
from modules.chat.terminal.panel import Panel
from modules.text.sanitize import clean

POINTER, INDENT = "> ", "    "
OTHER_ROWS = 2  # of the screen: the bar, and one to spare


class ChoicePanel(Panel[int | None]):
    """The question, the answers with a pointer, and the keys. It is None where the person wants none of them."""

    def __init__(self, options: Options, size: Callable[[], tuple[int, int]]) -> None:
        self._options = options
        self._size = size
        self._at = 0
        self._patience = KeyGuard()
        # The cursor stays in the top line: erasing from there gets the lines below, however a resize wrapped them.
        title = Window(FormattedTextControl(self._title, focusable=True, show_cursor=False), dont_extend_height=True)
        parts = [
            title,
            Window(FormattedTextControl(self._rows), dont_extend_height=True),
            Window(FormattedTextControl(self._keys), dont_extend_height=True),
        ]
        super().__init__(HSplit(parts, align=VerticalAlign.TOP), title, self._bindings())

    def shown(self) -> None:
        self._patience.begin()

    @property
    def _answers(self) -> list[str]:
        return [*self._options.answers, self._options.none]

    def _wrapped(self, text: str, indent: str = "") -> list[str]:
        rows = wrapped(clean(text), max(8, self._size()[0] - 1 - len(indent)))
        return [rows[0], *(indent + row for row in rows[1:])]

    def _frame(self) -> tuple[list[str], list[tuple[str, list[str]]], list[str]]:
        """The rows of the question, of each answer with its style, and of the keys; no more than there is room for.

        Where not all of them have room, one answer at a time is shown, whole: it says what it costs.
        """
        title, last = self._wrapped(self._options.question), len(self._answers)
        answers = [self._answer(at) for at in range(last)]
        keys = self._wrapped(f"Enter takes {self._at + 1} · 1 to {last} choose · Esc takes {last}")
        room = self._size()[1] - OTHER_ROWS
        if len(title) + sum(len(rows) for _, rows in answers) + len(keys) > room:
            answers, keys = [answers[self._at]], self._wrapped(f"{self._at + 1} of {last} · Down · Enter · Esc")
            title = title[: max(1, room - len(answers[0][1]) - len(keys))]
        return title, answers, keys

    def _answer(self, at: int) -> tuple[str, list[str]]:
        mark, style = (POINTER, "class:selected") if at == self._at else (" " * len(POINTER), "")
        return style, self._wrapped(f"{mark}{at + 1} {self._answers[at]}", INDENT)

    def _title(self) -> StyleAndTextTuples:
        return [("class:label", "\n".join(self._frame()[0]))]

    def _rows(self) -> StyleAndTextTuples:
        pieces: StyleAndTextTuples = []
        for style, rows in self._frame()[1]:
            pieces += [*([("", "\n")] if pieces else []), (style, "\n".join(rows))]
        return pieces

    def _keys(self) -> StyleAndTextTuples:
        return [("class:quiet", "\n".join(self._frame()[2]))]

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        @keys.add("escape")
        def none(event: KeyPressEvent) -> None:
            self.close(None)

        @keys.add(Keys.Any)
        def pressed(event: KeyPressEvent) -> None:
            sequence = event.key_sequence
            others = any(key.key is not Keys.CPRResponse for key in event.key_processor.input_queue)
            if self._patience.too_early(sequence[0].key, with_others=others):
                self.early += sequence
            else:
                self._press(str(getattr(sequence[0].key, "value", sequence[0].key)))

        return keys

    def _press(self, key: str) -> None:
        last = len(self._answers)
        match key:
            case "c-m":
                self._choose(self._at)
            case "c-d":
                self.close(None)
            case "up" | "c-p":
                self._at = max(0, self._at - 1)
            case "down" | "c-n":
                self._at = min(last - 1, self._at + 1)
            case _ if key.isdecimal() and 1 <= int(key) <= last:
                self._choose(int(key) - 1)

    def _choose(self, at: int) -> None:
        self.close(at if at < len(self._options.answers) else None)
