"""The line that a person types in: alive from the first moment to the last, whatever runs meanwhile.

From above to below the region shows the rows of an answer that still change, what runs, what was entered meanwhile, the
line itself with its menu, and the bar.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from prompt_toolkit.completion import Completer
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import Layout
from prompt_toolkit.output import Output
from prompt_toolkit.search import SearchDirection, start_search
from prompt_toolkit.styles import DynamicStyle

from modules.chat.output.live_rows import fragments
from modules.chat.output.screen import TerminalScreen
from modules.chat.prompt.bound_keys import BoundKeys, bound_keys
from modules.chat.prompt.prompt_keys import bindings, leave_selection
from modules.chat.prompt.prompt_layout import PromptLayout, style_of
from modules.chat.prompt.typed_line import TypedLine
from modules.chat.terminal.interrupts import Running, handled, suspend
from modules.chat.terminal.live_region import LiveRegion
from modules.chat.terminal.panel import Panel, YesNo
from modules.chat.terminal.paste import pasted
from modules.chat.terminal.reflow import rewrapping
from modules.chat.terminal.terminal_hold import TerminalHold, leave_behind
from modules.chat.terminal.terminal_modes import TerminalModes
from modules.chat.terminal.terminal_signs import Signs
from modules.chat.wording.phrases import count
from modules.errors import ParlanceError
from modules.settings.declarations import KeySettings

if TYPE_CHECKING:
    from modules.chat.markdown.wrap import Row

T = TypeVar("T")

# The marks that readline has for its modes, as (ins) and (cmd), in fewer columns.
MODES = {InputMode.INSERT: "[I]", InputMode.INSERT_MULTIPLE: "[I]", InputMode.NAVIGATION: "[N]"}
MODES |= {InputMode.REPLACE: "[R]", InputMode.REPLACE_SINGLE: "[R]"}
CTRL_C = KeyPress(Keys.ControlC, "\x03")
TWICE_SECONDS = 2.0  # within which a second Ctrl+C at an empty line leaves


class ByKey(str):
    """A command that a key stands for: it is run as if it was entered, and not shown as entered."""

    __slots__ = ()


class Prompt:
    """Reads lines for as long as the program runs, and shows what runs above them."""

    answer: "Callable[[str], Coroutine[Any, Any, str]] | None" = None  # panels ask

    def __init__(
        self,
        screen: TerminalScreen,
        keys: Input,
        output: Output,
        modes: TerminalModes,
        bar: Callable[[int], StyleAndTextTuples],
        completer: Completer,
        history: History,
        variable: Callable[[str], str],
        settings: Callable[[], KeySettings],
        signs: Signs,
    ) -> None:
        self._screen = screen
        self.signs = signs
        self._modes = modes
        self._variable = variable
        self.running = Running()
        self.from_clipboard: Callable[[], Awaitable[str]] | None = None  # attaches a picture; gives text
        self.given_up: Callable[[], None] = lambda: None  # when a line is cleared and no other waits
        # Where there is no colour, a suggestion could not be told from what was typed.
        self.line = TypedLine(completer, history, lambda: self._hint(""), suggests=screen.color)
        self._parts = PromptLayout(self.line, bar, output.get_size, lambda: self.working, lambda: self._mode())
        self._settings = settings
        self._keys = bindings(self, self._bound)
        self.region = LiveRegion(
            self._layout(None),
            self._keys,
            DynamicStyle(lambda: style_of(screen.theme)),
            keys,
            output,
            color=screen.color,
            true_color=bool(screen.theme and screen.theme.true_color),
            rewrapping=lambda: rewrapping(self._modes.name, self._variable),
        )
        self._hold = TerminalHold(self.region, modes, signs)
        self._entered: asyncio.Future[str] | None = None
        self._alive: asyncio.Future[None] | None = None
        self._panel: Panel[Any] | None = None
        self._leaving = False
        self._bound_as: dict[str, str] = {}
        self._bound_keys = bound_keys({})
        self._refused_at = -TWICE_SECONDS
        self.region.before_render += lambda _: self._prepare()
        self.region.after_render += lambda _: self._shown()

    # What runs, and what is shown of it.

    @contextlib.asynccontextmanager
    async def alive(self, ready: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        """The line is on the screen, and takes keys, while this is open; `ready` is called with each drawing."""
        self.region.after_render += lambda _: ready()
        with self._hold.held():
            self._alive = asyncio.ensure_future(
                # prompt_toolkit's own exception handler would take over the screen and swallow a line.
                self.region.run_async(set_exception_handler=False, handle_sigint=False)
            )
            self._alive.add_done_callback(lambda _: self._gone())
            self._screen.region = self
            try:
                with handled(signal.SIGINT, self.interrupt):
                    yield
            finally:
                self._screen.region = None
                if self.region.is_running and not self._alive.done():
                    self.region.exit()
                with contextlib.suppress(EOFError, OSError, asyncio.CancelledError):
                    await self._alive

    @property
    def working(self) -> bool:
        """Whether something runs, so that what is entered has to wait."""
        return self._entered is None or self._entered.done()

    async def next(self) -> str:
        """The next line to act on: one that was queued, or else what is entered now. Raises EOFError at the end."""
        if self._alive is not None and self._alive.done():
            raise EOFError
        line = self.line.queue.next()
        if line is None:
            if self._leaving:
                raise EOFError
            self._entered = asyncio.get_running_loop().create_future()
            self.line.offer_held()
            self.region.invalidate()
            line = await self._entered
        if not isinstance(line, ByKey):
            self._screen.echo(self.line.blocks.shown(line))
        return self.line.entered(line)

    def hold(self, *, surprising: bool = False) -> None:
        """Nothing that is queued follows by itself: what ran did not come to a good end."""
        self.line.hold(surprising=surprising)

    def hold_for_question(self) -> None:
        """The same before a question that whoever typed has not seen."""
        self.line.queue.hold_for_question()

    def give_back(self, line: str) -> None:
        """Let a line that was acted on stand in the prompt again, or wait above what stands there by now."""
        self.line.give_back(line)

    def above(self, text: str) -> None:
        """Write whole rows above the region, for good."""
        self.region.above(text)

    def live(self, rows: "list[Row]") -> None:
        """Show rows of an answer that still change."""
        if self._parts.show_rows(fragments(rows, self._screen.theme) if rows else []):
            self.region.invalidate()

    def status(self, words: str, ending: str) -> None:
        """Say in one row what runs."""
        if self._parts.show_status(words, ending):
            self.region.invalidate()

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""
        self.region.renderer.clear()
        self.region.invalidate()

    async def ask(self, panel: Panel[T]) -> T:
        """Show a panel in the place of the line until it is answered. Raises EOFError where nobody is there."""
        before = self._panel
        panel.gone, panel.draw = lambda: self._put_away(panel, before), self.region.invalidate
        self._show(panel)
        try:
            ends: list[asyncio.Future[Any]] = [panel.result]
            ends += [self._alive] if self._alive is not None else []
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not panel.result.done():
                raise EOFError
            return panel.result.result()
        finally:
            if self._panel is panel:
                self._put_away(panel, before)

    async def confirm(self, question: str) -> bool | None:
        """Whether the person says yes; None where they left it without an answer."""
        try:
            return await self.ask(YesNo(question))
        except EOFError:
            return None

    # What the keys do.

    def enter(self) -> None:
        """Act on the line, or queue it; an empty one does nothing."""
        self.region.vi_state.input_mode = InputMode.INSERT
        if self.line.buffer.text.strip():
            for line in self.line.taken():
                self._deliver(line)

    def interrupt(self) -> None:
        """Ctrl+C: stop what runs, else clear the line; at an empty one a second time leaves."""
        if self._panel is not None:
            self.region.key_processor.feed(CTRL_C)
            self.region.key_processor.process_keys()
        elif self.working:
            self.stop()
        elif self.line.buffer.text:
            self.line.empty()
            self.line.offer_held()
            if not self.line.buffer.text:  # else what was brought back waited behind it, and comes now
                self.given_up()
        elif time.monotonic() - self._refused_at < TWICE_SECONDS:
            self.leave()
        else:
            self._refused_at = time.monotonic()
            self._hint("Press Ctrl+C again, or Ctrl+D, to leave.")

    def stop(self) -> None:
        """Stop what runs. What was queued waits for the person."""
        self.line.hold(surprising=True)
        self.running.stop()

    def leave(self) -> None:
        """Ctrl+D at an empty line: leave, after what runs, however it ends."""
        self._leaving = True
        if not self.working and self._entered is not None:
            self._entered.set_exception(EOFError())
        self._hint("Leaves after this.")

    def up(self) -> None:
        """Take back what was queued last, or go a row up, or to the line before in the history."""
        if not self.line.take_last() and not self.line.move_row(-1, self.region.output.get_size().columns):
            self.line.buffer.auto_up()

    def down(self) -> None:
        """Go a row down, or to the next line in the history."""
        if not self.line.move_row(1, self.region.output.get_size().columns):
            self.line.buffer.auto_down()

    def paste(self, text: str, removed: int) -> None:
        """Take a paste; `removed` is how many control characters it came with, which no model needs."""
        leave_selection(self.line.buffer)
        self.line.paste(text)
        if removed:
            self._hint(f"{count(removed, 'control character')} left out of the paste.")

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """The terminal is somebody else's while this is open; then the line stands in a row of its own again."""
        async with self._hold.lent():
            try:
                yield
            finally:
                self._screen.out.write(leave_behind(self.region.output.get_size().columns))
                self._screen.out.flush()

    def paste_clipboard(self) -> None:
        """Ctrl+V, where the terminal passes it on: a picture is attached, text is pasted."""
        self.region.create_background_task(self._paste_clipboard())

    async def _paste_clipboard(self) -> None:
        if self.from_clipboard is None:
            return
        try:
            if text := await self.from_clipboard():
                found = pasted(text.encode(errors="replace"), "utf-8")
                self.paste(found.data, found.removed)
                self.region.invalidate()
        except ParlanceError as error:
            self._screen.error(error)

    async def edited(self, text: str) -> str:
        """A text as the person leaves it in the editor. Raises UsageError, FileProblem."""
        from modules.chat.terminal.editor import edit  # only where it is wanted

        async with self._hold.lent():
            return await edit(text, self._variable)

    def command(self, line: str) -> None:
        """Run a command beside the line, after what runs; what it says is told, and not that it was run."""
        self._deliver(ByKey(line))

    def search(self) -> None:
        """Search what was typed before."""
        start_search(direction=SearchDirection.BACKWARD)

    def edit(self) -> None:
        """Have the line edited in the person's editor."""
        self.region.create_background_task(self._edit())

    async def _edit(self) -> None:
        try:
            self.line.put(await self.edited(self.line.whole))
        except ParlanceError as error:
            self._screen.error(error)

    def suspend(self) -> None:
        """Leave the terminal to the shell until it has the program go on. An answer could not wait for its person."""
        if hasattr(signal, "SIGTSTP") and not self.working:
            self.region.create_background_task(self._suspend())

    async def _suspend(self) -> None:
        async with self._hold.lent():
            suspend()

    # Inside.

    def _hint(self, text: str) -> None:
        self._parts.hint = text
        self.region.invalidate()

    def _deliver(self, text: str) -> None:
        self._parts.hint = ""
        if self.working or self._entered is None:
            self.line.queue.add(text)
        else:
            self._entered.set_result(text)
        self.region.invalidate()

    def _mode(self) -> str:
        """How the line is edited as in vi; "" where it is not."""
        state = self.region.vi_state
        return MODES.get(state.input_mode, "") if self._settings().vi else ""

    def _layout(self, panel: Panel[Any] | None) -> Layout:
        if panel is None:
            return Layout(self._parts.container, self._parts.line)
        return Layout(self._parts.around(panel.container), panel.focus)

    def _prepare(self) -> None:
        """Before each drawing. In a list or a question one types as anywhere, whatever the line is edited like."""
        as_in_vi = self._settings().vi and self._panel is None
        self.region.editing_mode = EditingMode.VI if as_in_vi else EditingMode.EMACS
        self._parts.plan()

    def _bound(self) -> BoundKeys:
        """What keys do, by the settings as they are now."""
        if self._bound_as is not (wished := self._settings().bind):
            self._bound_as, self._bound_keys = wished, bound_keys(wished)
        return self._bound_keys

    def _shown(self) -> None:
        if self._panel is not None:
            self._panel.shown()

    def _show(self, panel: Panel[Any] | None) -> None:
        self._panel = panel
        self.region.layout = self._layout(panel)
        self.region.key_bindings = self._keys if panel is None else panel.keys
        self.region.invalidate()

    def _put_away(self, panel: Panel[Any], before: Panel[Any] | None) -> None:
        self._show(before)
        self.line.take_early(panel.early)

    def _gone(self) -> None:
        """Nobody is there any more."""
        if self._entered is not None and not self._entered.done():
            self._entered.set_exception(EOFError())
        else:
            self.running.stop()
