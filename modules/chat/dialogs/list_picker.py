"""A list under the prompt that narrows as one types: what all lists share, whatever their rows are."""

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, Filter
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    FormattedTextControl,
    HSplit,
    VerticalAlign,
    VSplit,
    Window,
)
from prompt_toolkit.layout.processors import AfterInput, BeforeInput, ConditionalProcessor
from prompt_toolkit.utils import get_cwidth

from modules.chat.dialogs.list_frame import BAR, POINTER_COLUMNS, Frame
from modules.chat.dialogs.list_line import Line
from modules.chat.output.layout import cut
from modules.chat.terminal.panel import Panel
from modules.text.sanitize import clean

Row = TypeVar("Row")
Result = TypeVar("Result")


class _Question(Struct):
    """What is asked in the place of the filter, and what to do with the answer."""

    label: str
    done: Callable[[str], None]


class ListPicker(Panel[Result | None], ABC, Generic[Row, Result]):
    """A filter line, the rows with a pointer, what there is to know of the row at the pointer, and the keys.

    Whoever extends it sets in `narrow` the `rows` that fit what was typed, where the pointer is, and a `hint` below
    them. A `notice` stands in the place of the keys until the next one is pressed; `progress` behind them
    says how far something has come.
    """

    label = ""
    placeholder = "type to filter"
    keys_line: Sequence[str] = ("Enter chooses", "Esc cancels", "Up and Down move", "PgUp and PgDn turn the page")
    cancel_keys = "escape c-c c-d"

    def __init__(self, frame: Frame, typed: str = "") -> None:
        self.rows: Sequence[Row] = ()
        self.at = 0
        self.hint = ""
        self.notice = ""
        self.progress = ""
        self.frame = frame
        self._top = 0
        self._is_drawn = False
        self._question: _Question | None = None
        self._answer = Buffer(multiline=False)
        self._filter = Buffer(multiline=False, on_text_changed=lambda _: self._narrowed())
        self._filter.text = typed
        self._filter.cursor_position = len(typed)
        if not typed:
            self.narrow("")
        container = self._container()
        super().__init__(container, self._filter_window, self._bindings())

    # What a list says of itself.

    @property
    @abstractmethod
    def total(self) -> int:
        """How many rows there are where nothing is typed: the list keeps that height, so that nothing jumps."""

    @abstractmethod
    def narrow(self, typed: str) -> None:
        """Set the rows that fit what was typed."""

    @abstractmethod
    def line(self, row: Row) -> Line:
        """A row, in `frame.columns` columns."""

    def about(self, row: Row, columns: int, lines: int) -> list[StyleAndTextTuples]:
        """What there is to know of the row at the pointer, in so many lines at most."""
        return []

    @abstractmethod
    def choose(self, row: Row) -> None:
        """Act on Enter."""

    def bind(self, on: Callable[[str, Callable[[], object]], None]) -> None:
        """Add keys of its own: `on` takes their names, and what they do while a row is to be chosen."""

    # What can be done with it.

    @property
    def typed(self) -> str:
        return self._filter.text

    @property
    def selected(self) -> Row | None:
        """The row at the pointer."""
        return self.rows[self.at] if self.at < len(self.rows) else None

    @property
    def visible(self) -> Sequence[Row]:
        """The rows on the screen."""
        return self.rows[self._top : self._top + self.page]

    @property
    def page(self) -> int:
        """How many rows the screen has room for."""
        return self.frame.page(self.total)

    def move(self, by: int) -> None:
        """Move the pointer, as far as there are rows."""
        self.at = max(0, min(self.at + by, len(self.rows) - 1))

    def move_cursor(self, by: int) -> None:
        """Move the cursor in the filter."""
        self._filter.cursor_position = max(0, min(self._filter.cursor_position + by, len(self._filter.text)))

    def narrow_again(self) -> None:
        """Narrow once more by what stands in the filter, after rows have changed; the pointer stays about there."""
        at = self.at
        self.narrow(self.typed)
        self.at = max(0, min(at, len(self.rows) - 1))
        self.draw()

    def ask(self, label: str, text: str, done: Callable[[str], None]) -> None:
        """Ask for a line in the place of the filter; Esc and Ctrl+C go back to the list, and nothing is done."""
        self._question = _Question(clean(label), done)
        self._answer.text = text
        self._answer.cursor_position = len(text)
        get_app().layout.focus(self._answer_window)

    def shown(self) -> None:
        self._is_drawn = True

    # How it is drawn.

    def _container(self) -> HSplit:
        empty = Condition(lambda: not self._filter.text)
        asking, wide = Condition(lambda: self._question is not None), Condition(lambda: self.frame.is_wide)
        processors = [
            BeforeInput(self.label, "class:label"),
            ConditionalProcessor(AfterInput(self.placeholder, "class:quiet"), empty),
        ]
        # The cursor stays in the top line: erasing from there gets the lines below, however a resize wrapped them.
        self._filter_window = Window(BufferControl(self._filter, input_processors=processors), height=1)
        question = BeforeInput(lambda: self._question.label if self._question else "", "class:label")
        self._answer_window = Window(BufferControl(self._answer, input_processors=[question]), height=1)
        listed = FormattedTextControl(self._list)
        parts = [
            ConditionalContainer(self._answer_window, asking, self._filter_window),
            VSplit(
                [
                    Window(listed, height=lambda: self.frame.lines(self.total), width=lambda: self.frame.list_width),
                    ConditionalContainer(Window(FormattedTextControl(self._about_beside)), wide),
                ]
            ),
            ConditionalContainer(
                Window(FormattedTextControl(self._about_below), height=lambda: self.frame.below),
                ~wide & Condition(lambda: self.total > 0),
            ),
            Window(FormattedTextControl(self._help), height=1),
        ]
        return HSplit(parts, align=VerticalAlign.TOP)

    def _list(self) -> StyleAndTextTuples:
        page = self.page
        last = max(0, len(self.rows) - page)
        self._top = min(max(self._top, self.at - page + 1), self.at, last)
        columns = self.frame.columns
        lines: StyleAndTextTuples = []
        for number, row in enumerate(self.visible, self._top):
            line = self.line(row)
            lines += [*line.drawn(columns, is_selected=number == self.at), ("", "\n")]
            if self.frame.lines_each > 1:
                lines += [("", " " * POINTER_COLUMNS), *line.below, ("", "\n")]
        hint = textwrap.wrap(clean(self.hint), columns)
        return [*lines, *(("class:quiet", f"   {line}\n") for line in hint)]

    def _about_beside(self) -> StyleAndTextTuples:
        lines, columns = self.frame.lines(self.total), self.frame.beside_columns
        row = self.selected
        about = [] if row is None else self.about(row, columns, lines)[:lines]
        about += [[] for _ in range(lines - len(about))]
        return [piece for line in about for piece in (("class:quiet", BAR), *line, ("", "\n"))]

    def _about_below(self) -> StyleAndTextTuples:
        row = self.selected
        about = [] if row is None else self.about(row, self.frame.columns, self.frame.below)
        return [piece for line in about for piece in (("", " " * POINTER_COLUMNS), *line, ("", "\n"))]

    def _help(self) -> StyleAndTextTuples:
        room = max(1, self.frame.width - POINTER_COLUMNS)
        if self.notice:
            return [("class:warning", "   " + cut(clean(self.notice), room))]
        keys = self.keys_line
        count = f"{self.at + 1} of {len(self.rows)}" if self.rows else "none"
        if self._question is not None:
            keys, count = ("Enter says so",), "Esc goes back"
        elif self.progress:
            count = f"{count} · {self.progress}"
        lines = [" · ".join((*keys[:number], count)) for number in range(len(keys), 1, -1)] + [" · ".join(keys[:2])]
        text = next((line for line in lines if get_cwidth(line) <= room), lines[-1])
        return [("class:quiet", "   " + cut(text, room))]

    # What the keys do.

    def _narrowed(self) -> None:
        self.notice = ""
        self.narrow(self._filter.text)

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()
        choosing = Condition(lambda: self._question is None)

        def on(names: str, act: Callable[[], object]) -> None:
            def pressed(event: KeyPressEvent) -> None:
                self.notice = ""
                act()

            for name in names.split():
                keys.add(name, filter=choosing)(pressed)

        on("up c-p", lambda: self.move(-1))
        on("down c-n", lambda: self.move(1))
        on("pageup", lambda: self.move(-self.page))
        on("pagedown", lambda: self.move(self.page))
        on("home", lambda: self.move(-len(self.rows)))
        on("end", lambda: self.move(len(self.rows)))
        on("enter", self._choose)
        on(self.cancel_keys, lambda: self.close(None))
        self.bind(on)
        self._bind_line(keys, asking=~choosing)
        return keys

    def _bind_line(self, keys: KeyBindings, asking: Filter) -> None:
        """The keys of the line, whether it is the filter or an answer."""

        @keys.add("enter", filter=asking)
        def done(event: KeyPressEvent) -> None:
            question, text = self._question, self._answer.text
            self._go_back()
            if question is not None:
                question.done(text)

        @keys.add("escape", filter=asking)
        @keys.add("c-c", filter=asking)
        def back(event: KeyPressEvent) -> None:
            self._go_back()

        @keys.add("tab")
        @keys.add("s-tab")
        @keys.add("c-z")
        @keys.add("c-q")
        def nothing(event: KeyPressEvent) -> None:
            """The last two would write control characters."""

        @keys.add("<bracketed-paste>")
        def paste(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(" ".join(event.data.split()))

    def _go_back(self) -> None:
        self._question = None
        get_app().layout.focus(self._filter_window)

    def _choose(self) -> None:
        row = self.selected
        if row is not None and self._is_drawn:  # an Enter that comes before is meant for something else
            self.choose(row)
