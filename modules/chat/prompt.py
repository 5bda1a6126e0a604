"""The line that a person types in: alive from the first moment to the last, whatever runs meanwhile.

From above to below the region shows the rows of an answer that still change, what runs, what was entered meanwhile, the
line itself with its menu, and the bar.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from signal import SIGCONT, SIGINT
from typing import TYPE_CHECKING, Any, TypeVar

from prompt_toolkit.application import in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import Layout
from prompt_toolkit.output import Output

from modules.chat.command import parse_command
from modules.chat.live_region import LiveRegion
from modules.chat.live_rows import fragments
from modules.chat.message_queue import MessageQueue
from modules.chat.panel import Panel, YesNo
from modules.chat.paste_blocks import PasteBlocks, is_large
from modules.chat.prompt_keys import bindings
from modules.chat.prompt_layout import STYLE, PromptLayout
from modules.chat.rewrapping import rewraps
from modules.chat.screen import TerminalScreen
from modules.chat.stopping import Running, handled, suspend
from modules.chat.terminal_modes import TerminalModes
from modules.chat.words import count
from modules.errors import ParlanceError

if TYPE_CHECKING:
    from modules.chat.markdown.wrap import Row

T = TypeVar("T")

CTRL_C = KeyPress(Keys.ControlC, "\x03")
TWICE = 2.0  # seconds within which a second Ctrl+C at an empty line leaves
HASTE = 0.3  # seconds after which a person can have seen what came into the line by itself


class Prompt:
    """Reads lines for as long as the program runs, and shows what runs above them."""

    def __init__(
        self,
        screen: TerminalScreen,
        keys: Input,
        output: Output,
        modes: TerminalModes,
        bar: Callable[[int], str],
        completer: Completer,
        history: History,
        variable: Callable[[str], str],
    ) -> None:
        self._screen = screen
        self._modes = modes
        self._variable = variable
        self._blocks = PasteBlocks()
        self.queue = MessageQueue()
        self.running = Running()
        self.buffer = Buffer(
            name=DEFAULT_BUFFER,
            multiline=True,
            completer=completer,
            complete_while_typing=True,
            history=history,
            # Where there is no colour, it could not be told from what was typed.
            auto_suggest=AutoSuggestFromHistory() if screen.color else None,
            on_text_changed=lambda _: self._touched(),
        )
        self._parts = PromptLayout(
            self.buffer, self.queue, bar, output.get_size, working=lambda: self.working, blocks=self._blocks
        )
        self._keys = bindings(self)
        self.region = LiveRegion(
            self._layout(None), self._keys, STYLE, keys, output, color=screen.color, rewraps=self._rewraps
        )
        self._entered: asyncio.Future[str] | None = None
        self._alive: asyncio.Future[None] | None = None
        self._panel: Panel[Any] | None = None
        self._offered: tuple[str, float] | None = None  # what was put into the line and not touched yet, and when
        self._surprising = False
        self._leaving = False
        self._place = 0  # in the history
        self._refused_at = -TWICE
        self.region.before_render += lambda _: self._parts.plan()
        self.region.after_render += lambda _: self._shown()

    # What runs, and what is shown of it.

    @contextlib.asynccontextmanager
    async def alive(self, ready: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        """The line is on the screen, and takes keys, while this is open; `ready` is called with each drawing."""
        self.region.after_render += lambda _: ready()
        with self.region.input.raw_mode():
            self._modes.begin()
            self._alive = asyncio.ensure_future(
                # prompt_toolkit's own exception handler would take over the screen and swallow a line.
                self.region.run_async(set_exception_handler=False, handle_sigint=False)
            )
            self._alive.add_done_callback(lambda _: self._gone())
            self._screen.region = self
            try:
                with handled(SIGINT, self.interrupt), handled(SIGCONT, self._resume):
                    yield
            finally:
                self._screen.region = None
                if self.region.is_running and not self._alive.done():
                    self.region.exit()
                with contextlib.suppress(EOFError, OSError, asyncio.CancelledError):
                    await self._alive
                self._modes.end()

    @property
    def working(self) -> bool:
        """Whether something runs, so that what is entered has to wait."""
        return self._entered is None or self._entered.done()

    async def next(self) -> str:
        """The next line to act on: one that was queued, or else what is entered now. Raises EOFError at the end."""
        if self._alive is not None and self._alive.done():
            raise EOFError
        line = self.queue.next()
        if line is None:
            if self._leaving:
                raise EOFError
            self._entered = asyncio.get_running_loop().create_future()
            self._offer_held()
            self.region.invalidate()
            line = await self._entered
        self._screen.echo(self._blocks.shown(line))
        text = self._blocks.unfolded(line)
        self._blocks.keep(self.buffer.text, *self.queue.lines)
        return text

    def hold(self, *, surprising: bool = False) -> None:
        """Nothing that is queued follows by itself: what ran did not come to a good end.

        Where that is `surprising`, whoever types has not seen it yet.
        """
        self.queue.hold()
        self._surprising = surprising

    def give_back(self, line: str) -> None:
        """Let a line that was acted on stand in the prompt again, or wait above what stands there by now."""
        self.queue.give_back(self._blocks.folded(line))

    def above(self, text: str) -> None:
        """Write whole rows above the region, for good."""
        self.region.above(text)

    def live(self, rows: "list[Row]") -> None:
        """Show rows of an answer that still change."""
        if self._parts.show_rows(fragments(rows) if rows else []):
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
        panel.gone = lambda: self._put_away(panel, before)
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

    async def confirm(self, question: str) -> bool:
        """Whether the person says yes."""
        try:
            return await self.ask(YesNo(question))
        except EOFError:
            return False

    # What the keys do.

    def enter(self) -> None:
        """Act on the line, or queue it; an empty one does nothing."""
        text = self.buffer.text
        if not text.strip():
            return
        self._empty()
        lines = [line for line in text.split("\n") if line.strip()]
        # Commands that were typed ahead of a program that was busy stand below one another, and are not one.
        for line in lines if len(lines) > 1 and all(map(parse_command, lines)) else [text]:
            self._deliver(line)

    def interrupt(self) -> None:
        """Ctrl+C: stop what runs, else clear the line; at an empty one a second time leaves."""
        if self._panel is not None:
            self.region.key_processor.feed(CTRL_C)
            self.region.key_processor.process_keys()
        elif self.working:
            self.stop()
        elif self.buffer.text:
            self._empty()
            self._offer_held()
        elif time.monotonic() - self._refused_at < TWICE:
            self.leave()
        else:
            self._refused_at = time.monotonic()
            self._hint("Press Ctrl+C again, or Ctrl+D, to leave.")

    def stop(self) -> None:
        """Stop what runs. What was queued waits for the person."""
        self.queue.hold()
        self.running.stop()

    def leave(self) -> None:
        """Ctrl+D at an empty line: leave, after what runs, however it ends."""
        self._leaving = True
        if not self.working and self._entered is not None:
            self._entered.set_exception(EOFError())
        self._hint("Leaves after this.")

    def take_last(self) -> bool:
        """Up in an empty line: take the line that was entered last back to be edited; False where none waits."""
        if self.buffer.text or (line := self.queue.take_last()) is None:
            return False
        self._put(line)
        return True

    def typed(self, text: str) -> None:
        """Called before text is typed into the line: what has only just come there by itself makes room for it."""
        if self._offered is not None:
            line, since = self._offered
            unseen = self._surprising and time.monotonic() - since < HASTE
            if (unseen or text[:1] == "/") and self._untouched(line):  # nobody means a command to follow a question
                self.buffer.reset()
                self.queue.give_back(line)
        self._offered = None

    def paste(self, text: str, removed: int) -> None:
        """Take a paste; `removed` is how many control characters it came with, which no model needs."""
        self.typed("")
        self.buffer.insert_text(self._blocks.folded(text))
        if removed:
            self._hint(f"{count(removed, 'control character')} left out of the paste.")

    async def edit(self) -> None:
        """Have the line edited in the person's editor."""
        from modules.chat.editor import edit  # only where it is wanted

        before = self._blocks.unfolded(self.buffer.text)
        try:
            async with self._lent():
                text = await edit(before, self._variable)
        except ParlanceError as error:
            self._screen.error(error)
            return
        self._put(self._blocks.folded(text))

    async def suspend(self) -> None:
        """Leave the terminal to the shell until it has the program go on."""
        async with self._lent():
            suspend()

    # Inside.

    @contextlib.asynccontextmanager
    async def _lent(self) -> AsyncIterator[None]:
        """The terminal is somebody else's while this is open."""
        self._modes.end()
        try:
            async with in_terminal():
                yield
        finally:
            self._modes.begin()

    def _rewraps(self) -> bool:
        return rewraps(self._modes.name, self._variable)

    def _empty(self) -> None:
        """Empty the line. What stood there is not lost: Up brings it back."""
        self.buffer.history.append_string(self._blocks.unfolded(self.buffer.text))
        self.buffer.reset()

    def _hint(self, text: str) -> None:
        self._parts.hint = text
        self.region.invalidate()

    def _deliver(self, text: str) -> None:
        self._parts.hint = ""
        if self.working or self._entered is None:
            self.queue.add(text)
        else:
            self._entered.set_result(text)
        self.region.invalidate()

    def _offer_held(self) -> None:
        if not self.buffer.text and (line := self.queue.next_held()) is not None:
            self._put(line)
            self._offered = (line, time.monotonic())

    def _put(self, text: str) -> None:
        self.buffer.set_document(Document(text), bypass_readonly=True)

    def _untouched(self, line: str) -> bool:
        return self.buffer.text == line and self.buffer.cursor_position == len(line)

    def _touched(self) -> None:
        self._parts.hint = ""
        if self.buffer.working_index != self._place:  # a line from the history
            self._place = self.buffer.working_index
            if is_large(self.buffer.text):
                self._put(self._blocks.folded(self.buffer.text))

    def _layout(self, panel: Panel[Any] | None) -> Layout:
        if panel is None:
            return Layout(self._parts.container, self._parts.line)
        return Layout(self._parts.around(panel.container), panel.focus)

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
        if panel.early:
            self.buffer.insert_text(panel.early)

    def _resume(self) -> None:
        """Go on after the program was stopped from elsewhere: the shell has used the terminal meanwhile.

        It gives it back as it was before the program.
        """
        if not self.region._running_in_terminal:  # else an editor has the terminal, and went on with us
            self.region.input.raw_mode().__enter__()  # whoever is in it already puts back what was there before
            self._modes.end()
            self._modes.begin()
            self.region.renderer.reset()
            self.region.invalidate()

    def _gone(self) -> None:
        """Nobody is there any more."""
        if self._entered is not None and not self._entered.done():
            self._entered.set_exception(EOFError())
        else:
            self.running.stop()
