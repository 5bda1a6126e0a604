"""The model picker: a list under the prompt that narrows as one types, and is gone when a model is chosen."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from modules.chat.command import ChatContext
from modules.chat.dialogs.list_frame import Frame
from modules.chat.dialogs.list_line import Line, fill
from modules.chat.dialogs.list_picker import ListPicker
from modules.chat.input.completer import every_model
from modules.chat.input.ranking import rank
from modules.chat.often_used import OftenUsed, in_front
from modules.chat.output.layout import cut
from modules.chat.wording.model_summary import columns, describe, mark
from modules.errors import ConfigError, UsageError
from modules.llm.models import Choice, Model
from modules.text.sanitize import clean

WINDOW = 0  # the column after the name; its numbers stand below each other
FAVOURITE, RECENT = "favourite", "used before"
STREWN = 4  # the rank from which a match is only letters strewn over the name


async def pick_model(context: ChatContext) -> Choice | None:
    """Let a person choose a model, with what there is to know of it.

    None where they would rather not, or the terminal cannot show a list.
    """
    if context.ask is None and context.answer is not None:
        return await _by_number(context)
    if context.ask is None:
        context.screen.say('This terminal cannot show the list. /models prints it, "/model NAME" chooses.')
        return None
    with contextlib.suppress(EOFError):  # the terminal is gone; the line will notice
        choice: Choice | None = await context.ask(ModelPicker(context))
        return choice
    return None


async def _by_number(context: ChatContext) -> Choice | None:
    """The same as numbered lines, where the terminal itself edits the line."""
    from modules.chat.dialogs.numbered_list import choose  # only where no list can be shown

    choices = _Choices(context)

    def matching(typed: str) -> Sequence[_Row]:
        choices.narrow(typed)
        if choices.hint:
            context.screen.say(choices.hint)
        return choices.shown

    def line(row: _Row) -> str:
        now = "in use" if row.model.full_name == choices.current.full_name else ""
        words = [row.cells[0], now, row.often, *describe(row.shown, row.has_key, row.listed).split(" · ")]
        return ", ".join(filter(None, words))

    with contextlib.suppress(EOFError):  # the terminal is gone; the line will notice
        row = await choose(context, matching, line)
        return None if row is None else choices.choice(row)
    return None


@dataclass(frozen=True)
class _Row:
    """A model, and as it is `shown`; `label` stands for its cells where it is not in the catalogue."""

    model: Model
    shown: Model
    has_key: bool
    listed: bool | None
    label: str = ""
    often: str = ""  # why it stands in front, in a word or two

    @property
    def cells(self) -> tuple[str, ...]:
        name, window, price, takes, key = map(clean, columns(self.shown, self.has_key, self.listed))
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
        self.often = OftenUsed(context)
        self._know_often()
        models = {model.full_name: model for model in (*every_model(context.models), self.current)}
        rows = [self._row(model) for model in in_front(list(models.values()), self.often)]
        self.all = sorted(rows, key=lambda row: (self._place(row), not row.has_key))
        self.narrow("")

    def mark(self, row: _Row) -> str:
        """Make a favourite of a model, or none of one that is; what to say of that."""
        try:
            is_one = self.often.mark(row.model)
        except ConfigError as error:
            return f"It cannot be kept: {error.message}"
        self._know_often()
        self.all = [self._row(one.model, one.label) for one in self.all]
        return f"{row.model.full_name} is {'a favourite' if is_one else 'no favourite any more'}."

    def _place(self, row: _Row) -> int:
        """Favourites, then those used last, and the model in use with them, so that the pointer is up there, too."""
        if row.often == FAVOURITE or not self._why:
            return 0
        return 1 if row.often or row.model.full_name == self.current.full_name else 2

    def _know_often(self) -> None:
        self._why = {model.full_name: RECENT for model in self.often.recent}
        self._why |= {model.full_name: FAVOURITE for model in self.often.favourites}

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
        # Of those that fit as well, what is used often comes first: it stands there already, and the order is kept.
        self.shown = [row for _, row in sorted(fits, key=lambda pair: pair[0])]
        if not self.shown:
            self._offer(typed.strip())

    def choice(self, row: _Row) -> Choice:
        """What was found by a name that no row has keeps the note on how it was found."""
        return self._offered if row.model == self._offered.model else self._context.models.choice(row.model)

    def _row(self, model: Model, label: str = "") -> _Row:
        models, config = self._context.models, self._context.config
        shown, why = models.shown(model), self._why.get(model.full_name, "")
        return _Row(model, shown, config.has_key(model.provider.key_variable), models.lists(model), label, why)

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


class ModelPicker(ListPicker[_Row, Choice]):
    """The choices, and the model at the pointer in one line."""

    label = "Model: "
    keys_line = ("Enter chooses", "Esc cancels", "Ctrl+F marks a favourite", "Up and Down move")

    def __init__(self, context: ChatContext) -> None:
        self._choices = _Choices(context)
        table = zip(*(row.cells for row in self._choices.all), strict=True)
        self._widths = [max(map(get_cwidth, column)) for column in table]
        super().__init__(Frame(context.screen.size))

    @property
    def total(self) -> int:
        return len(self._choices.all)

    def narrow(self, typed: str) -> None:
        self._choices.narrow(typed)
        self.rows, self.at, self.hint = self._choices.shown, self._choices.at, self._choices.hint

    def line(self, row: _Row) -> Line:
        is_current = row.model.full_name == self._choices.current.full_name
        style = "class:current" if is_current else "" if row.has_key or row is self.selected else "class:nokey"
        text = cut(clean(row.label) or self._cells(row), self.frame.columns)
        return Line([("", text)], "•" if is_current else "*" if row.often == FAVOURITE else " ", style)

    def _cells(self, row: _Row) -> str:
        """The columns that there is room for, from the left."""
        name, *others = row.cells
        text = fill(name, self._name_width)
        for number, (cell, width) in enumerate(zip(others, self._widths[1:], strict=True)):
            if get_cwidth(text) + 2 + width > self.frame.columns:
                break
            text += "  " + (cell.rjust(width) if number == WINDOW else fill(cell, width))
        return text.rstrip()

    @property
    def _name_width(self) -> int:
        """Names as long as those that providers list may not push the other columns out."""
        return min(self._widths[0], max(30, self.frame.width // 2))

    def about(self, row: _Row, columns: int, lines: int) -> list[StyleAndTextTuples]:
        parts = [*filter(None, [row.often]), *describe(row.shown, row.has_key, row.listed).split(" · ")]
        name = [f"{row.cells[0]} ·"] if get_cwidth(row.cells[0]) > self._name_width else []
        # The columns show the first parts already; the last, the key, is what a narrow list leaves out.
        # Why it may not answer stays as long as anything does, and why it stands in front.
        first = bool(row.often) + bool(mark(row.model, row.listed))
        while len(parts) > first + 1 and get_cwidth(" ".join([*name, " · ".join(parts)])) > columns:
            del parts[first]
        return [[("class:quiet", cut(" ".join([*name, clean(" · ".join(parts))]), columns))]]

    def bind(self, on: Callable[[str, Callable[[], object]], None]) -> None:
        on("c-f", self._mark)

    def _mark(self) -> None:
        if (row := self.selected) is not None:
            said = self._choices.mark(row)
            self.narrow_again()
            self.notice = said

    def choose(self, row: _Row) -> None:
        self.close(self._choices.choice(row))
