"""The rows at the end of the screen that are drawn anew; what stands above them is written once, and stays.

prompt_toolkit draws the region and takes the keys. It is told here how to write above itself, how the terminal re-wraps
its rows when it changes its width, and never to be higher than what it shows.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TextIO

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point, Size
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import Layout
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import Renderer
from prompt_toolkit.styles import BaseStyle

from modules.chat.terminal.reflow import Rewrapping

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"  # a synchronized update: no half-drawn frame is shown
SHORT_CHARS = 80  # that a terminal draws at once anyway
# Not one erase from the corner: tmux takes that for a clear screen and moves the rows to its history.
ERASE = "\x1b[K\x1b[C\x1b[J\r"
CLEAR = "\x1b[H\x1b[2J"
SETTLED_SECONDS = 0.4  # after a resize; tmux may report the next one a quarter of a second late


class _Terminal(Vt100_Output):
    """A terminal that shows each drawing at once and is never asked where its cursor is."""

    lost: Callable[[], object] = staticmethod(lambda: None)  # called when nobody can see it any more

    def flush(self) -> None:
        data = "".join(self._buffer)
        self._buffer = []
        try:  # through the stream, which knows what to write for letters that it has not
            self.stdout.write(f"{BEGIN}{data}{END}" if len(data) > SHORT_CHARS else data)
            self.stdout.flush()
        except OSError:
            self.lost()


def terminal(out: TextIO, size: Callable[[], tuple[int, int]], term: str) -> Output:
    """The output of a region that is drawn on `out`."""

    def measured() -> Size:
        columns, rows = size()
        return Size(rows=rows, columns=columns)

    return _Terminal(out, measured, term=term, enable_bell=False, enable_cpr=False)


class _Renderer(Renderer):
    """Draws the region, and what is to stand above it, in one go."""

    _above: list[str]

    def __init__(self, style: BaseStyle, output: Output, rewrapping: Callable[[], Rewrapping]) -> None:
        self.rewrapping = rewrapping
        self._above = []
        self._widths: dict[int, int] = {}  # the cells of each row that were ever written since all was erased
        super().__init__(style, output)
        self._bracketed_paste_enabled = self._cursor_key_mode_reset = (
            True  # what the terminal is asked stands elsewhere
        )

    def above(self, text: str) -> None:
        """Whole rows that will be written above the region when it is drawn next."""
        self._above.append(text)

    def render(self, app: Application[Any], layout: Layout, is_done: bool = False) -> None:
        if self._above or self._has_become_lower(layout):
            self._to_top()
            self._write_above()
        super().render(app, layout, is_done)
        if self.rewrapping() is Rewrapping.WRITTEN:
            for y, width in enumerate(self._shown()):
                self._widths[y] = max(self._widths.get(y, 0), width)

    def _shown(self) -> list[int]:
        """How many cells of each row are seen, the blank ones at its end left out."""
        screen = self._last_screen
        rows = [screen.data_buffer[y].items() for y in range(screen.height)] if screen is not None else []
        return [1 + max((x for x, cell in row if not cell.char.isspace()), default=-1) for row in rows]

    def _has_become_lower(self, layout: Layout) -> bool:
        """Whether rows would be left below, since the library keeps a region as high as it ever was."""
        if self._last_screen is None:
            return False
        size = self.output.get_size()
        return layout.container.preferred_height(size.columns, size.rows).preferred < self._last_screen.height

    def erase(self, leave_alternate_screen: bool = True) -> None:
        """Take the region off the screen; the cursor is where it began."""
        self._to_top()
        self._write_above()
        self.output.show_cursor()
        self.output.flush()

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""
        self._to_top()
        self.output.write_raw(CLEAR)

    def reset(self, _scroll: bool = False, leave_alternate_screen: bool = True) -> None:
        self._bracketed_paste_enabled = False  # so that it is not switched off with each drawing
        super().reset(_scroll, leave_alternate_screen)
        self._bracketed_paste_enabled = True

    def erase_resized(self, columns: int) -> None:
        """The same after the terminal has become so many columns wide, and perhaps wrapped the rows anew."""
        if self.rewrapping() is not Rewrapping.CUT and columns > 0:
            place = self._cursor_pos
            widths = [max(width, self._widths.get(y, 0)) for y, width in enumerate(self._shown())]
            before = sum(max(0, width - 1) // columns + 1 for width in widths[: place.y])
            self._cursor_pos = Point(x=place.x % columns, y=before + place.x // columns)
        self.erase()

    def _to_top(self) -> None:
        out = self.output
        if self._last_screen is not None:
            out.write_raw("\r")
            out.cursor_up(self._cursor_pos.y)
            out.reset_attributes()
            out.enable_autowrap()
            out.write_raw(ERASE)
        self._cursor_pos, self._last_screen, self._last_style = Point(0, 0), None, None
        self._widths.clear()

    def _write_above(self) -> None:
        if self._above:
            self.output.write_raw("".join(self._above))
            self._above.clear()


class LiveRegion(Application[None]):
    """The region with its keys; it runs for as long as there is someone to type."""

    renderer: _Renderer

    def __init__(
        self,
        layout: Layout,
        keys: KeyBindingsBase,
        style: BaseStyle,
        input: Input,
        output: Output,
        *,
        color: bool,
        true_color: bool = False,
        rewrapping: Callable[[], Rewrapping],
    ) -> None:
        super().__init__(
            layout=layout,
            key_bindings=keys,
            style=style,
            include_default_pygments_style=False,
            erase_when_done=True,
            color_depth=ColorDepth.DEPTH_1_BIT if not color else ColorDepth.DEPTH_24_BIT if true_color else None,
            input=input,
            output=output,
        )
        self.renderer = _Renderer(self._merged_style, output, rewrapping)
        if isinstance(output, _Terminal):
            output.lost = self._lose
        self._settling: asyncio.TimerHandle | None = None

    def above(self, text: str) -> None:
        """Write whole rows above the region, where they stay. It happens with the next drawing, which is soon."""
        self.renderer.above(text)
        self.invalidate()

    def _redraw(self, render_as_done: bool = False) -> None:
        if self._settling is None or render_as_done:
            super()._redraw(render_as_done)

    def _on_resize(self) -> None:
        """Take the region away at once, while it is known where it stands; draw it when the size has settled."""
        if self._running_in_terminal:
            return
        if self._settling is None:
            self.renderer.erase_resized(self.output.get_size().columns)
        else:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(SETTLED_SECONDS, self._settle)

    def _lose(self) -> None:
        if self.future is not None and not self.future.done():
            self.exit(exception=EOFError())

    def _settle(self) -> None:
        self._settling = None
        self.invalidate()

    def _request_absolute_cursor_position(self) -> None:
        """It is not needed: the region is as high as what it shows."""
