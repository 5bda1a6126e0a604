"""How the region of the prompt is divided: what is shown of the room there is, down to three rows and ten columns."""

from collections.abc import Callable

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

from modules.chat.clean import clean
from modules.chat.layout import cut
from modules.chat.message_queue import MessageQueue
from modules.chat.paste_blocks import PasteBlocks, ShownLine
from modules.chat.screen import MARK, MORE

# Of the line and of all panels. Without colour prompt_toolkit draws the same in bold, dim and reverse only.
STYLE = Style.from_dict(
    {
        "bar": "dim",
        "quiet": "dim",
        "idle": "bold",
        "label": "bold",
        "selected": "reverse",
        "current": "bold",
        "nokey": "dim",
        "mark": "ansigreen",
        "added": "ansigreen",
        "removed": "ansired",
        "warning": "ansiyellow",
        "paste-block": "reverse",
        "unsafe": "dim",
    }
)
MOST_LIVE = 10  # rows of an answer that are drawn again and again
MOST_MENU = 6
FEW_ROWS = 4  # in a window as low as this, there is the line and what runs, and nothing else


class PromptLayout:
    """The parts of the region; `container` has all of them, and `around` a panel in the place of the line."""

    def __init__(
        self,
        buffer: Buffer,
        queue: MessageQueue,
        bar: Callable[[int], str],
        size: Callable[[], Size],
        working: Callable[[], bool],
        blocks: PasteBlocks,
    ) -> None:
        self.hint = ""  # in the place of the bar
        self._buffer = buffer
        self._queue = queue
        self._bar = bar
        self._size = size
        self._working = working
        self._rows: StyleAndTextTuples = []
        self._status = ""
        search = SearchToolbar(Buffer(name=SEARCH_BUFFER))
        self._control = BufferControl(
            buffer,
            search_buffer_control=search.control,
            preview_search=True,
            include_default_input_processors=False,
            input_processors=[
                HighlightIncrementalSearchProcessor(),
                HighlightSelectionProcessor(),
                ShownLine(blocks),
                ConditionalProcessor(AppendAutoSuggestion(), has_focus(buffer)),
            ],
        )
        self.line = Window(
            self._control,
            height=lambda: _exactly(self._line_rows()),
            wrap_lines=True,
            get_line_prefix=self._prefix,
        )
        menu = Float(xcursor=True, ycursor=True, content=CompletionsMenu(MOST_MENU, 1, extra_filter=has_focus(buffer)))
        below_the_line = Window(height=lambda: _exactly(self._menu_rows()))
        self._above = [
            _text(lambda: self._rows, lambda: self._live_rows()),
            _text(lambda: [("class:quiet", self._fitted(self._status))], lambda: int(bool(self._status))),
            _text(self._queued, lambda: len(self._queue_rows())),
        ]
        bar_window = _text(lambda: [("class:bar", self._bar_text())], lambda: int(self._size().rows > FEW_ROWS))
        self.container = FloatContainer(
            HSplit(
                [
                    *self._above,
                    self.line,
                    below_the_line,
                    ConditionalContainer(search, is_searching),
                    bar_window,
                ],
                align=VerticalAlign.TOP,
            ),
            [menu],
        )

    def around(self, panel: AnyContainer) -> AnyContainer:
        """A panel, with the answer above it."""
        return HSplit([self._above[0], panel], align=VerticalAlign.TOP)

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

    # How many rows each part has. The line comes first, then what runs; a low window has not all of the rest.

    def _line_rows(self) -> int:
        columns, rows = self._size().columns, self._size().rows
        wanted = self._control.preferred_height(columns, rows, True, self._prefix) or 1
        return max(1, min(wanted, rows - 2 if rows > FEW_ROWS else rows - 1))

    def _room(self) -> int:
        """Rows beside the line and what is always there with it; one is left for what stands above the region."""
        rows = self._size().rows
        return max(0, rows - self._line_rows() - int(bool(self._status)) - 1 - int(rows > FEW_ROWS))

    def _menu_rows(self) -> int:
        state = self._buffer.complete_state
        return 0 if state is None else min(len(state.completions), MOST_MENU, self._room())

    def _queue_rows(self) -> list[str]:
        room = self._room() - self._menu_rows()
        return list(self._queue.rows())[: max(0, room)]

    def _live_rows(self) -> int:
        wanted = sum(text.count("\n") for _, text, *_ in self._rows) + 1 if self._rows else 0
        return max(0, min(wanted, MOST_LIVE, self._room() - self._menu_rows() - len(self._queue_rows())))

    # What stands in them.

    def _prefix(self, number: int, wrapped: int) -> StyleAndTextTuples:
        if wrapped:
            return []
        if number:
            return [("", MORE)]
        return [("" if self._working() else "class:idle", MARK)]

    def _queued(self) -> StyleAndTextTuples:
        return [("class:quiet", "\n".join(map(self._fitted, map(clean, self._queue_rows()))))]

    def _bar_text(self) -> str:
        return self._fitted(self.hint) if self.hint else self._bar(self._size().columns)

    def _fitted(self, text: str) -> str:
        return cut(text, max(1, self._size().columns - 1))


def _exactly(rows: int) -> Dimension:
    return Dimension.exact(rows)


def _text(text: Callable[[], StyleAndTextTuples], rows: Callable[[], int]) -> ConditionalContainer:
    """A window of exactly so many rows, the last ones of the text."""
    window = Window(_Last(text, rows), height=lambda: _exactly(rows()), wrap_lines=False)
    return ConditionalContainer(window, Condition(lambda: rows() > 0))


class _Last(FormattedTextControl):
    """The last rows of a text."""

    def __init__(self, text: Callable[[], StyleAndTextTuples], rows: Callable[[], int]) -> None:
        super().__init__(lambda: _last(text(), rows()))


def _last(pieces: StyleAndTextTuples, rows: int) -> StyleAndTextTuples:
    total = sum(text.count("\n") for _, text, *_ in pieces) + 1
    over = total - rows
    kept: StyleAndTextTuples = []
    for style, text, *_ in pieces:
        while over > 0 and "\n" in text:
            text = text.partition("\n")[2]
            over -= 1
        if over <= 0:
            kept.append((style, text))
    return kept
