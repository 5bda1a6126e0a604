"""The model picker: a list under the prompt that narrows as one types, and is gone when a model is chosen."""

import contextlib
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, VerticalAlign, Window
from prompt_toolkit.layout.processors import AfterInput, BeforeInput, ConditionalProcessor
from prompt_toolkit.utils import get_cwidth

from modules.chat.command import ChatContext
from modules.chat.input.completer import every_model, rank
from modules.chat.output.layout import cut
from modules.chat.terminal.panel import Panel
from modules.chat.wording.model_summary import columns, describe, mark
from modules.errors import UsageError
from modules.llm.models import Choice, Model
from modules.text.sanitize import clean

MAX_ROWS = 12
OTHER_LINES = 4  # the filter, what the chosen model is, the keys, and one line of the conversation
WINDOW = 0  # the column after the name; its numbers stand below each other
KEYS = ("Enter chooses", "Esc cancels", "Up and Down move", "PgUp and PgDn turn the page")
STREWN = 4  # the rank from which a match is only letters strewn over the name


async def pick_model(context: ChatContext) -> Choice | None:
    """Let a person choose a model, with what there is to know of it.

    None where they would rather not, or the terminal cannot show a list.
    """
    if context.ask is None:
        context.screen.say('This terminal cannot show the list. /models prints it, "/model NAME" chooses.')
        return None
    with contextlib.suppress(EOFError):  # the terminal is gone; the line will notice
        choice: Choice | None = await context.ask(ModelPicker(context))
        return choice
    return None


@dataclass(frozen=True)
class _Row:
    """A model as the list shows it; `label` stands for its cells where it is not in the catalogue."""

    model: Model
    has_key: bool
    listed: bool | None
    label: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        name, window, price, takes, key = map(clean, columns(self.model, self.has_key, self.listed))
        # A narrow list shows no key: why a model may not answer stands where its price would.
        return name, window, mark(self.model, self.listed) or price, takes, key

    @property
    def names(self) -> tuple[str, ...]:
        return (self.model.full_name, self.model.id, *self.model.aliases)


class _Choices:
    """The rows that fit what was typed, and the one the pointer is at."""

    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self.current = context.conversation.model
        models = {model.full_name: model for model in (*every_model(context.models), self.current)}
        rows = [self._row(model) for model in models.values()]
        self.all = sorted(rows, key=lambda row: not row.has_key)
        self.narrow("")

    def narrow(self, typed: str) -> None:
        """Show what fits: models whose key is set first, each group best first; the pointer goes to the top."""
        self.hint = ""
        self._offered = Choice(self.current)
        self.at = 0
        words = typed.split()
        if not words:
            self.shown = self.all
            self.at = next(at for at, row in enumerate(self.all) if row.model.full_name == self.current.full_name)
            return
        fits = [(fit, row) for row in self.all if (fit := _fit(words, row)) is not None]
        self.shown = [row for _, row in sorted(fits, key=lambda pair: pair[0])]
        if not self.shown:
            self._offer(typed.strip())

    def move(self, by: int) -> None:
        self.at = max(0, min(self.at + by, len(self.shown) - 1))

    @property
    def selected(self) -> _Row | None:
        return self.shown[self.at] if self.shown else None

    def choice(self, row: _Row) -> Choice:
        """What was found by a name that no row has keeps the note on how it was found."""
        return self._offered if row.model == self._offered.model else self._context.models.choice(row.model)

    def _row(self, model: Model, label: str = "") -> _Row:
        models, config = self._context.models, self._context.config
        return _Row(model, config.has_key(model.provider.key_variable), models.lists(model), label)

    def _offer(self, typed: str) -> None:
        """A model that the list does not show but that the registry understands, or what it says instead."""
        if not typed.isprintable() or " " in typed:
            self.hint = "No model matches."
            return
        try:
            choice = self._context.models.find(typed)
        except UsageError as error:
            self.hint = str(error)
            return
        label = "" if choice.model.known else f"use {choice.model.full_name} (limits unknown)"
        self.shown, self.hint, self._offered = [self._row(choice.model, label)], choice.note, choice


def _fit(words: Iterable[str], row: _Row) -> tuple[bool, bool, bool, tuple[int, int, int]] | None:
    """How well the row fits all the words, least is best; a key does not make up for letters strewn over the name.

    What may not answer comes behind what will.
    """
    worst = (0, 0, 0)
    for word in words:
        ranks = [fit for name in row.names if (fit := rank(word, name)) is not None]
        if not ranks:
            return None
        worst = max(worst, min(ranks))
    return worst[0] >= STREWN, not row.has_key, bool(mark(row.model, row.listed)), worst


class ModelPicker(Panel[Choice | None]):
    """The choices with a filter line, the list, the model in one line, and the keys."""

    def __init__(self, context: ChatContext) -> None:
        self._choices = _Choices(context)
        self._size = context.screen.size
        table = zip(*(row.cells for row in self._choices.all), strict=True)
        self._widths = [max(map(get_cwidth, column)) for column in table]
        self._top = 0
        self._filter = Buffer(multiline=False, on_text_changed=lambda buffer: self._choices.narrow(buffer.text))
        container = self._container()
        super().__init__(container, self._filter_window, self._bindings())

    def _container(self) -> HSplit:
        empty = Condition(lambda: not self._filter.text)
        processors = [
            BeforeInput("Model: ", "class:label"),
            ConditionalProcessor(AfterInput("type to filter", "class:quiet"), empty),
        ]
        # The cursor stays in the top line: erasing from there gets the lines below, however a resize wrapped them.
        self._filter_window = Window(BufferControl(self._filter, input_processors=processors), height=1)
        windows = [
            self._filter_window,
            Window(FormattedTextControl(self._list), height=lambda: self._height),
            Window(FormattedTextControl(self._detail), height=1),
            Window(FormattedTextControl(self._help), height=1),
        ]
        return HSplit(windows, align=VerticalAlign.TOP)

    @property
    def _height(self) -> int:
        """How many rows the list has; it stays while one types, so that nothing jumps."""
        return max(1, min(MAX_ROWS, self._size()[1] - OTHER_LINES, len(self._choices.all)))

    @property
    def _width(self) -> int:
        return self._size()[0] - 1  # the last column would make some terminals wrap

    @property
    def _room(self) -> int:
        """Columns beside the pointer and the mark."""
        return max(1, self._width - 3)

    def _list(self) -> StyleAndTextTuples:
        at, height = self._choices.at, self._height
        last = max(0, len(self._choices.shown) - height)
        self._top = min(max(self._top, at - height + 1), at, last)
        lines: StyleAndTextTuples = []
        for number, row in enumerate(self._choices.shown[self._top : self._top + height], self._top):
            lines += [*self._line(row, number == at), ("", "\n")]
        hint = textwrap.wrap(clean(self._choices.hint), self._room)
        return [*lines, *(("class:quiet", f"   {line}\n") for line in hint)]

    def _line(self, row: _Row, selected: bool) -> StyleAndTextTuples:
        current = row.model.full_name == self._choices.current.full_name
        style = "class:current" if current else ""
        style += " class:selected" if selected else "" if row.has_key else " class:nokey"
        text = clean(row.label) or self._cells(row)
        return [
            (style, ">" if selected else " "),
            (f"{style} class:mark", "•" if current else " "),
            (style, f" {(_fill if selected else cut)(text, self._room)}"),
        ]

    def _cells(self, row: _Row) -> str:
        """The columns that there is room for, from the left."""
        name, *others = row.cells
        text = _fill(name, self._name_width)
        for number, (cell, width) in enumerate(zip(others, self._widths[1:], strict=True)):
            if get_cwidth(text) + 2 + width > self._room:
                break
            text += "  " + (cell.rjust(width) if number == WINDOW else _fill(cell, width))
        return text.rstrip()

    @property
    def _name_width(self) -> int:
        """Names as long as those that providers list may not push the other columns out."""
        return min(self._widths[0], max(30, self._width // 2))

    def _detail(self) -> StyleAndTextTuples:
        row = self._choices.selected
        if row is None:
            return []
        parts = describe(row.model, row.has_key, row.listed).split(" · ")
        name = [f"{row.cells[0]} ·"] if get_cwidth(row.cells[0]) > self._name_width else []
        # The columns show the first parts already; the last, the key, is what a narrow list leaves out.
        first = 1 if mark(row.model, row.listed) else 0  # why it may not answer stays as long as anything does
        while len(parts) > first + 1 and get_cwidth(" ".join([*name, " · ".join(parts)])) > self._room:
            del parts[first]
        return [("class:quiet", "   " + cut(" ".join([*name, clean(" · ".join(parts))]), self._room))]

    def _help(self) -> StyleAndTextTuples:
        shown = len(self._choices.shown)
        count = f"{self._choices.at + 1} of {shown}" if shown else "none"
        lines = [" · ".join((*KEYS[:number], count)) for number in range(len(KEYS), 1, -1)] + [" · ".join(KEYS[:2])]
        text = next((line for line in lines if get_cwidth(line) <= self._room), lines[-1])
        return [("class:quiet", "   " + cut(text, self._room))]

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        def bind(names: str, act: Callable[[], object]) -> None:
            for name in names.split():
                keys.add(name)(lambda event: act() and None)

        bind("up c-p", lambda: self._choices.move(-1))
        bind("down c-n", lambda: self._choices.move(1))
        bind("pageup", lambda: self._choices.move(-self._height))
        bind("pagedown", lambda: self._choices.move(self._height))
        bind("home", lambda: self._choices.move(-len(self._choices.all)))
        bind("end", lambda: self._choices.move(len(self._choices.all)))
        bind("enter", self._choose)
        bind("escape c-c c-d", lambda: self.close(None))
        bind("tab s-tab c-z c-q", lambda: None)  # the last two would write control characters

        @keys.add("<bracketed-paste>")
        def _(event: KeyPressEvent) -> None:
            self._filter.insert_text(" ".join(event.data.split()))

        return keys

    def _choose(self) -> None:
        if row := self._choices.selected:
            self.close(self._choices.choice(row))


def _fill(text: str, width: int) -> str:
    text = cut(text, width)
    return text + " " * (width - get_cwidth(text))
