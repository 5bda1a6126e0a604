"""A question on the screen: page by page under the conversation, answered by a key, and gone when it is answered."""

import asyncio
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    FormattedTextControl,
    HSplit,
    VerticalAlign,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput

from modules.chat.dialogs.approval_text import Row, lasting, permission_for, rows, takes_prefix, title
from modules.chat.output.layout import cut
from modules.chat.terminal.panel import Panel
from modules.tools.approval import Decision, Permission, Question

GUARD_SECONDS = 0.3  # without a key before one is an answer: it may have been on its way to something else
TURNING = (" ", Keys.PageDown, Keys.PageUp, Keys.Down, Keys.Up)  # keys that only show
UNREAD = "There is more below. Space shows it."
WHY, ALWAYS = "why", "always"  # what can be typed
HELP = {
    WHY: ("Enter declines, and tells the model this", "Esc goes back"),
    ALWAYS: ("Enter allows it", "Esc goes back", "shorten it, or end it with *, to cover more"),
}


def answers(question: Question) -> tuple[str, ...]:
    """The keys and what they mean."""
    in_folder = "" if question.plan.apart else "f always in this folder"
    return tuple(filter(None, ("y yes", "n no", "r no, and why", lasting(question), in_folder, "Ctrl+C no, and stop")))


def always(question: Question) -> Permission | None:
    """What "always" covers at once; None where the person says it: a command, or its beginning."""
    if question.plan.line and takes_prefix(question.plan):
        return None
    return Permission(question.tool.name, question.plan.line)


class KeyGuard:
    """Whether keys count: not before there were none for a while, and none of those that are pasted."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._since: float | None = None
        self._over = False
        self._pasted = False

    def begin(self) -> None:
        """The question is on the screen now."""
        if self._since is None:
            self._since = self._clock()

    def too_early(self, key: Keys | str, *, with_others: bool) -> bool:
        """Asked with every key. Several at once are not pressed but pasted, and then there is a wait once more."""
        now = self._clock()
        if key is Keys.BracketedPaste or (with_others and key not in TURNING):
            self._since, self._over, self._pasted = now, False, True
        elif not self._over:
            self._over = self._since is not None and now - self._since >= GUARD_SECONDS
            self._since = self._since if self._pasted else now
        return not self._over


class QuestionPanel(Panel[Decision | None]):
    """The title or a line to type in, the rows of a page, and the keys. It is None where a person would rather stop."""

    def __init__(self, question: Question, folder: Path, size: Callable[[], tuple[int, int]]) -> None:
        self._question = question
        self._folder = folder
        self._size = size
        self._patience = KeyGuard()
        self._columns = 0
        self._rows: list[Row] = []
        self._top = 0
        self._shown = 0  # rows that were on the screen, from the first on
        self._read = False  # the last row was on the screen, and all before it
        self._typing = ""  # what is being typed
        self._notice = ""
        self._lasts = False  # in this folder, and not in this session only
        self._line = Buffer(multiline=False)
        container = self._container()
        super().__init__(container, self._title_window, self._bindings())

    def shown(self) -> None:
        self._patience.begin()

    # What is shown.

    def _container(self) -> HSplit:
        typing = Condition(lambda: bool(self._typing))
        line = BufferControl(self._line, input_processors=[BeforeInput(self._prompt, "class:label")])
        self._line_window = Window(line, height=1)
        # The cursor stays in the top line: erasing from there gets the lines below, however a resize wrapped them.
        self._title_window = Window(
            FormattedTextControl(self._title, focusable=True, show_cursor=False), height=1, wrap_lines=False
        )
        parts = [
            ConditionalContainer(self._line_window, typing),
            ConditionalContainer(self._title_window, ~typing),
            Window(FormattedTextControl(self._page), height=lambda: self._frame()[0]),
            Window(FormattedTextControl(self._below), dont_extend_height=True),
        ]
        return HSplit(parts, align=VerticalAlign.TOP)

    @property
    def _width(self) -> int:
        return max(2, self._size()[0] - 1)  # the last column would make some terminals wrap

    def _lay_out(self) -> None:
        """Cut the rows anew where the window has another width; the page stays at its line."""
        if self._columns != self._width:
            line = self._rows[self._top].line if self._rows else 0
            self._columns = self._width
            self._rows = rows(self._question, self._folder, self._columns)
            self._top = self._shown = next((at for at, row in enumerate(self._rows) if row.line == line), 0)

    def _frame(self) -> tuple[int, list[tuple[str, str]]]:
        """How many rows a page has, and the lines below it; a title and a row to spare are there too."""
        self._lay_out()
        below = self._words()
        room = self._size()[1] - 2 - len(below)
        if room < len(self._rows) and not self._typing:
            height = max(1, room - len(_wrapped(self._place(len(self._rows)), self._width)))
            return height, [*(("class:quiet", row) for row in _wrapped(self._place(height), self._width)), *below]
        return max(1, min(room, len(self._rows))), below

    def _title(self) -> StyleAndTextTuples:
        return [("class:label", cut(title(self._question), self._width))]

    def _prompt(self) -> StyleAndTextTuples:
        return [("class:label", "No, because: " if self._typing == WHY else "Always: ")]

    def _page(self) -> StyleAndTextTuples:
        height, _ = self._frame()
        self._top = min(self._top, self._last_top)
        if self._size()[1] > height:  # else there is no room for it below the title
            self._shown = max(self._shown, self._top + height)
        self._read = self._read or self._shown >= len(self._rows)
        page = self._rows[self._top : self._top + height]
        return _fragments((f"class:{row.style}" if row.style else "", row.text) for row in page)

    def _below(self) -> StyleAndTextTuples:
        return _fragments(self._frame()[1])

    def _place(self, height: int) -> str:
        top = max(
            0, min(self._top, len(self._rows) - height)
        )  # the page has yet to be drawn, and ends with the last row
        return f"lines {top + 1}-{top + height} of {len(self._rows)} · Space shows more, PgUp goes back"

    def _words(self) -> list[tuple[str, str]]:
        """What the keys do, and what has to be said about them."""
        texts = [("class:warning", self._notice)] if self._notice else []
        if self._typing == ALWAYS:
            permission, covers = permission_for(self._question, self._line.text)
            texts.append(("" if permission else "class:warning", covers))
        texts.append(("class:quiet", " · ".join(HELP.get(self._typing) or answers(self._question))))
        return [(style, row) for style, text in texts for row in _wrapped(text, self._width)]

    # What the keys do.

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()
        asking = Condition(lambda: not self._typing)

        @keys.add("c-c", filter=asking)
        def stop(event: KeyPressEvent) -> None:
            self.close(None)

        @keys.add("escape", filter=asking)
        def decline(event: KeyPressEvent) -> None:
            self.close(Decision())

        @keys.add(Keys.Any, filter=asking)
        def answer(event: KeyPressEvent) -> None:
            pressed = event.key_sequence
            others = any(key.key is not Keys.CPRResponse for key in event.key_processor.input_queue)
            if self._patience.too_early(pressed[0].key, with_others=others):
                self.early += pressed
            else:
                self._answer(str(getattr(pressed[0].key, "value", pressed[0].key)))

        @keys.add("enter", filter=~asking)
        def done(event: KeyPressEvent) -> None:
            self._take_line()

        @keys.add("c-c", filter=~asking)
        @keys.add("escape", filter=~asking)
        def back(event: KeyPressEvent) -> None:
            self._type("", "")

        @keys.add("c-z", filter=~asking)
        @keys.add("c-q", filter=~asking)
        def nothing(event: KeyPressEvent) -> None:
            """They would write control characters."""

        return keys

    def _answer(self, key: str) -> None:
        self._notice = ""
        match key:
            case "y" | "Y" | "a" | "A" | "f" | "F" if not self._read:
                self._notice = UNREAD
            case "y" | "Y":
                self.close(Decision(allowed=True))
            case "n" | "N" | "c-m":
                self.close(Decision())
            case "c-d":
                self.close(None)
            case "r" | "R":
                self._type(WHY, "")
            case "a" | "A" | "f" | "F" if lasting(self._question):
                self._lasts = key in "fF" and not self._question.plan.apart
                if permission := always(self._question):
                    self.close(Decision(allowed=True, permission=permission, lasts=self._lasts))
                else:
                    self._type(ALWAYS, self._question.plan.line)
            case " " | "pagedown":  # never past what was on the screen
                self._top = min(self._top + self._frame()[0], self._shown, self._last_top)
            case "down":
                self._top = min(self._top + 1, self._shown, self._last_top)
            case "pageup":
                self._top = max(0, self._top - self._frame()[0])
            case "up":
                self._top = max(0, self._top - 1)

    @property
    def _last_top(self) -> int:
        return max(0, len(self._rows) - self._frame()[0])

    def _type(self, what: str, text: str) -> None:
        self._typing, self._notice = what, ""
        self._line.text = text
        self._line.cursor_position = len(text)
        get_app().layout.focus(self._line_window if what else self._title_window)

    def _take_line(self) -> None:
        if self._typing == WHY:
            self.close(Decision(reason=self._line.text.strip()))
        elif permission := permission_for(self._question, self._line.text)[0]:
            self.close(Decision(allowed=True, permission=permission, lasts=self._lasts))


def _fragments(lines: Iterable[tuple[str, str]]) -> StyleAndTextTuples:
    """Styled lines, one below the other."""
    pieces: StyleAndTextTuples = []
    for line in lines:
        pieces += [("", "\n")] if pieces else []
        pieces.append(line)
    return pieces


def _wrapped(text: str, columns: int) -> list[str]:
    """The text in rows; what stands between two dots stays together where a row can hold it."""
    pieces = text.split(" · ")
    if len(pieces) > 1:
        pieces = [piece.replace(" ", "\xa0") if len(piece) <= columns else piece for piece in pieces]
    held = " · ".join(pieces)
    return [row.replace("\xa0", " ") for row in textwrap.wrap(held, columns, break_on_hyphens=False)] or [""]
