"""How the region of the prompt is divided: what is shown of the room there is, down to three rows and ten columns."""

from collections.abc import Callable
from functools import lru_cache

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.enums import SEARCH_BUFFER
from prompt_toolkit.filters import Condition, has_focus, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import (
    AnyContainer,
    BufferControl,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    VerticalAlign,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AppendAutoSuggestion,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    HighlightSelectionProcessor,
)
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth
from prompt_toolkit.widgets import SearchToolbar

from modules.chat.looks.theme import Theme
from modules.chat.output.layout import cut
from modules.chat.output.screen import MARK, MORE
from modules.chat.prompt.paste_blocks import ShownLine
from modules.chat.prompt.typed_line import TypedLine
from modules.text.sanitize import clean

MOST_LIVE = 10  # rows of an answer that are drawn again and again
MOST_MENU = 6
FEW_ROWS = 4  # in a window as low as this, there is the line and what runs, and nothing else


# Of the line and of all panels: attributes, and the name of a colour of the theme.
STYLES = {
    "bar": "dim",
    "quiet": "dim",
    "idle": "bold",
    "label": "bold",
    "mode": "bold",
    "selected": "reverse",
    "current": "bold",
    "found": "bold underline",
    "nokey": "dim",
    "paste-block": "reverse",
    "unsafe": "dim",
    # prompt_toolkit's own are a grey on white, a dark blue, and a yellow of the first sixteen.
    "completion-menu.completion.current": "fg:#000000 bg:#ffffff bold reverse",
    "control-character": "fg:default",
    "nbsp": "fg:default underline",
}
# Which role of the theme each class has. A suggestion has a hue: many people's own text is as grey as any grey that can
# be read. What is drawn at the prompt while nothing runs is bold in any theme.
ROLES = {
    "auto-suggestion": "suggestion", "mark": "accent", "added": "added", "removed": "removed", "warning": "warning",
    "bar": "quiet", "quiet": "quiet", "nokey": "quiet", "unsafe": "quiet", "idle": "prompt",
}  # fmt: skip


@lru_cache(maxsize=4)
def style_of(theme: Theme | None) -> Style:
    """What prompt_toolkit is told of the theme."""
    found = dict(STYLES)
    for name, role in ROLES.items() if theme is not None else ():
        if theme is not None and (words := theme.words(role)):
            # A colour of the theme's takes the place of faint; bold stays.
            found[name] = f"{found.get(name, '').replace('dim', '')} {words}".strip()
    return Style.from_dict(found)


class PromptLayout:
    """The parts of the region; `container` has all of them, and `around` a panel in the place of the line."""

    def __init__(
        self,
        line: TypedLine,
        bar: Callable[[int], StyleAndTextTuples],
        size: Callable[[], Size],
        working: Callable[[], bool],
        mode: Callable[[], str],
    ) -> None:
        self.hint = ""  # in the place of the bar
        buffer = line.buffer
        self._typed = line
        self._bar = bar
        self._size = size
        self._working = working
        self._mode = mode
        self._rows: StyleAndTextTuples = []
        self._status = ""
        search = SearchToolbar(Buffer(name=SEARCH_BUFFER), ignore_case=True)
        self._control = BufferControl(
            buffer,
            search_buffer_control=search.control,
            preview_search=True,
            include_default_input_processors=False,
            input_processors=[
                HighlightIncrementalSearchProcessor(),
                HighlightSelectionProcessor(),
                ShownLine(line.blocks),
                ConditionalProcessor(AppendAutoSuggestion(), has_focus(buffer)),
            ],
        )
        self._above_the_line: StyleAndTextTuples = []
        self._heights = {"above": 0, "line": 1, "menu": 0, "bar": 1}
        self.line = Window(self._control, height=self._height("line"), wrap_lines=True, get_line_prefix=self._prefix)
        above = Window(FormattedTextControl(lambda: self._above_the_line), height=self._height("above"))
        bar_window = Window(FormattedTextControl(self._bar_text), height=self._height("bar"))
        self._above = ConditionalContainer(above, Condition(lambda: self._heights["above"] > 0))
        parts: list[AnyContainer] = [
            self._above,
            self.line,
            Window(height=self._height("menu")),
            ConditionalContainer(search, is_searching),
            ConditionalContainer(bar_window, Condition(lambda: self._heights["bar"] > 0)),
        ]
        menu = Float(xcursor=True, ycursor=True, content=CompletionsMenu(MOST_MENU, 1, extra_filter=has_focus(buffer)))
        self.container = FloatContainer(HSplit(parts, align=VerticalAlign.TOP), [menu])

    def around(self, panel: AnyContainer) -> AnyContainer:
        """A panel, with the answer above it."""
        return HSplit([self._above, panel], align=VerticalAlign.TOP)

    def plan(self) -> None:
        """Divide the rows that there are, before each drawing.

        The line comes first, then what runs; a low window has not all of the rest. One row is left for what stands
        above the region.
        """
        columns, rows = self._size().columns, self._size().rows
        bar = int(rows > FEW_ROWS)
        wanted = self._control.preferred_height(columns, rows, True, self._prefix) or 1
        line = max(1, min(wanted, rows - 1 - bar))
        room = max(0, rows - 1 - line - bar)
        status = [self._status] if self._status and room else []
        state = self._typed.buffer.complete_state
        menu = 0 if state is None else min(len(state.completions), MOST_MENU, room - len(status))
        room -= len(status) + menu
        queue = [clean(self._typed.blocks.labelled(row)) for row in self._typed.queue.rows()][:room]
        live = _last(self._rows, min(MOST_LIVE, room - len(queue))) if self._rows else []
        quiet: StyleAndTextTuples = [("class:quiet", "\n".join(self._fitted(row) for row in (*status, *queue)))]
        pieces = [piece for piece in (live, quiet if status or queue else []) if piece]
        self._above_the_line = [*pieces[0], ("", "\n"), *pieces[1]] if len(pieces) > 1 else [*pieces, []][0]
        above = sum(text.count("\n") for _, text, *_ in self._above_the_line) + 1 if pieces else 0
        self._heights = {"above": above, "line": line, "menu": menu, "bar": bar}

    def _height(self, part: str) -> Callable[[], Dimension]:
        return lambda: Dimension.exact(self._heights[part])

    def show_rows(self, rows: StyleAndTextTuples) -> bool:
        """Take the rows of an answer that still change; False where they are there already."""
        changed, self._rows = rows != self._rows, rows
        return changed

    def show_status(self, words: str, ending: str) -> bool:
        """Take what is said of what runs; False where that is there already."""
        columns = max(1, self._size().columns - 1)
        room = columns - get_cwidth(ending)
        status = f"{cut(words, room)}{ending}" if words and room > 1 else cut(words, columns)
        changed, self._status = status != self._status, status
        return changed

    # What stands in them.

    def _prefix(self, number: int, wrapped: int) -> StyleAndTextTuples:
        if wrapped:
            return []
        if number:
            return [("", MORE)]
        return [("" if self._working() else "class:idle", MARK)]

    def _bar_text(self) -> StyleAndTextTuples:
        mode = f"{mark} " if (mark := self._mode()) else ""
        if self.hint:
            return [("class:bar", self._fitted(mode + self.hint))]
        return [*([("class:mode", mode)] if mode else []), *self._bar(max(1, self._size().columns - len(mode)))]

    def _fitted(self, text: str) -> str:
        return cut(text, max(1, self._size().columns - 1))


def _last(pieces: StyleAndTextTuples, rows: int) -> StyleAndTextTuples:
    """The last rows of a text, so many at most."""
    over = sum(text.count("\n") for _, text, *_ in pieces) + 1 - rows
    kept: StyleAndTextTuples = []
    for style, text, *_ in pieces:
        while over > 0 and "\n" in text:
            text = text.partition("\n")[2]
            over -= 1
        if over <= 0:
            kept.append((style, text))
    return kept
