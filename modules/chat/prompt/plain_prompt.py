"""The line where the terminal wants no escape sequences: the terminal itself edits and echoes it, line by line."""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import time
import tty
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from modules.chat.input.shell_line import parse_shell
from modules.chat.output.screen import MARK, TerminalScreen
from modules.chat.prompt.line_bursts import LineBursts
from modules.chat.prompt.message_queue import MessageQueue, lines_of
from modules.chat.terminal.interrupts import Running, handled
from modules.chat.terminal.terminal_signs import Signs
from modules.chat.wording.phrases import count
from modules.text.sanitize import clean

T = TypeVar("T")
TWICE_SECONDS = 2.0  # within which a second Ctrl+C leaves


class PlainPrompt:
    """Does for such a terminal what `Prompt` does for others; what came back is said, since no line can hold it."""

    edited: "Callable[[str], Coroutine[Any, Any, str]] | None" = None  # the terminal is not lent
    from_clipboard: "Callable[[], Coroutine[Any, Any, str]] | None" = None  # no key asks for it; /paste does
    given_up: Callable[[], None] = lambda: None  # no line is ever cleared
    ask: "Callable[[Any], Coroutine[Any, Any, Any]] | None" = None  # there are no panels

    def __init__(self, screen: TerminalScreen) -> None:
        self.queue = MessageQueue()
        self.running = Running()
        self.signs = Signs()
        self._screen = screen
        self._mark = "You: " if screen.spoken else MARK
        self._stops = False  # Ctrl+C stops what asks, as it does while anything runs
        self._bursts = LineBursts(self._take)
        self._pasted: list[str] = []  # lines that came at once, and wait for an Enter of their own
        self._asks = False  # whether the line that is awaited answers a question
        self._awaited: asyncio.Future[str] | None = None
        self._keys: asyncio.Future[None] | None = None
        self._prompted = ""  # what the awaited line stands behind
        self._pressed = ""  # and not looked at yet
        self._wants_keys = False
        self._ended = False
        self._interrupted_at = -TWICE_SECONDS

    @contextlib.asynccontextmanager
    async def alive(self, ready: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        """Lines are read while this is open."""
        loop, source = asyncio.get_running_loop(), sys.stdin.fileno()
        loop.add_reader(source, self._read, source)
        loop.call_soon(ready)
        try:
            with handled(signal.SIGINT, self.interrupt):
                yield
        finally:
            loop.remove_reader(source)

    async def next(self) -> str:
        """The next line to act on. Raises EOFError at the end."""
        if (line := self.queue.next()) is not None:
            return line
        while (held := self.queue.next_held()) is not None:
            self._screen.say(f"Not sent: {held}")
        return await self._line(self._mark)

    async def line(self, prompt: str) -> str:
        """One line, typed after this. Raises EOFError at the end."""
        self._asks = True
        try:
            return await self._line(prompt)
        finally:
            self._asks = False

    async def _line(self, prompt: str) -> str:
        if self._ended:
            raise EOFError
        self._screen.write(prompt)
        self._prompted = prompt
        self._awaited = asyncio.get_running_loop().create_future()
        return await self._awaited

    async def answer(self, question: str) -> str:
        """A line that answers a question, while something runs that Ctrl+C stops. Raises EOFError at the end."""
        self._stops = True
        try:
            return (await self.line(f"{clean(question)} ")).strip()
        finally:
            self._stops = False

    async def keys(self) -> str:
        """The keys of one moment, without a line around them and unseen. Raises EOFError at the end."""
        with self._unseen():
            return await self._moment()

    async def secret(self, question: str) -> str | None:
        """A line that is not shown; None where the person would rather not. Raises EOFError at the end."""
        text = ""
        with self._unseen():
            self._screen.write(f"{clean(question)} (it is not shown; Enter takes it, Esc leaves) ")
            try:
                while True:
                    pressed = await self._moment()
                    if pressed.endswith(("\x1b", "\x04")):
                        return None
                    if pressed[0] == "\x1b":  # a key such as an arrow
                        continue
                    for key in pressed:
                        if key in "\r\n":
                            return text or None
                        if key in "\x7f\b":
                            text = text[:-1]
                        elif key in "\x15\x17":
                            text = ""
                        elif key.isprintable():
                            text += key
            finally:
                self._screen.write("\n")

    @contextlib.contextmanager
    def _unseen(self) -> Iterator[None]:
        """Keys come one by one, and the terminal does not echo them."""
        if self._ended:
            raise EOFError
        self._bursts.settle()
        source = sys.stdin.fileno()
        before = termios.tcgetattr(source)
        tty.setcbreak(source, termios.TCSANOW)
        self._wants_keys = True
        try:
            yield
        finally:
            self._wants_keys, self._pressed = False, ""
            termios.tcsetattr(source, termios.TCSANOW, before)

    async def _moment(self) -> str:
        """What was pressed since this was asked last, at least one key."""
        if not self._pressed:
            self._keys = asyncio.get_running_loop().create_future()
            await self._keys
        pressed, self._pressed = self._pressed, ""
        return pressed

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """The terminal is somebody else's while this is open."""
        loop, source = asyncio.get_running_loop(), sys.stdin.fileno()
        loop.remove_reader(source)
        try:
            yield
        finally:
            if not self._ended:
                loop.add_reader(source, self._read, source)

    async def confirm(self, question: str) -> bool | None:
        """Whether the person says yes; None where they left it, or are gone. What was typed before is no answer."""
        try:
            line = await self.line(
                f"{clean(question)} {'Type y or n; Enter is no: ' if self._screen.spoken else 'y/N '}"
            )
        except EOFError:
            return None
        return line.strip().lower() in ("y", "yes")

    def hold(self, *, surprising: bool = False) -> None:
        """Nothing that is queued follows by itself."""
        self.queue.hold()

    def hold_for_question(self) -> None:
        """The same before a question that whoever typed has not seen."""
        self.queue.hold_for_question()

    def give_back(self, line: str) -> None:
        """Tell of a line that was acted on and wants to be entered again."""
        self.queue.give_back(line)

    def stop(self) -> None:
        """Stop what runs. What was queued does not follow."""
        self.queue.hold()
        self.running.stop()

    def interrupt(self) -> None:
        """Ctrl+C: stop what runs, leave a question, or else the program when it comes twice."""
        if self._stops or self._awaited is None or self._awaited.done():
            self.stop()
        elif self._asks:
            self._screen.write("\nNo answer.\n")
            self._awaited.set_exception(EOFError())
        elif self._pasted:
            self._screen.write(f"\nNot sent: {count(len(self._pasted), 'line')}.\n{self._mark}")
            self._pasted.clear()
        elif time.monotonic() - self._interrupted_at < TWICE_SECONDS:
            self._awaited.set_exception(EOFError())
        else:
            self._interrupted_at = time.monotonic()
            self._screen.write(f"\nPress Ctrl+C again, or Ctrl+D, to leave.\n{self._mark}")

    def _read(self, source: int) -> None:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        if self._wants_keys:
            self._pressed += data.decode(errors="replace")
            if self._keys is not None and not self._keys.done():
                self._keys.set_result(None)
            return
        self._bursts.feed(data)

    def _take(self, lines: list[str]) -> None:
        """Lines of one moment. Several were pasted, and nobody has entered them: Enter alone does."""
        awaited = self._awaited is not None and not self._awaited.done()
        if len(lines) == 1 and (not self._pasted or (awaited and self._asks)):
            self._deliver(lines[0])
        elif lines == [""]:
            text, self._pasted = "\n".join(self._pasted), []
            if parse_shell(text) is not None:  # only what was typed is run
                self._tell(f"Not run, since it came with other lines: {clean(text)}")
            else:
                for line in lines_of(text):
                    self._deliver(line)
        else:
            self._pasted += lines
            number = count(len(self._pasted), "line")
            self._tell(f"{number} came at once. Enter alone sends them as one message, Ctrl+C drops them.")

    def _deliver(self, line: str) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(line)
        elif line.strip():
            self.queue.add(line)

    def _tell(self, text: str) -> None:
        """Say something while a line may be awaited; what was pasted last may still stand in the row."""
        awaits = self._awaited is not None and not self._awaited.done()
        self._screen.write(f"\n{text}\n{self._prompted if awaits else ''}")

    def _end(self) -> None:
        self._bursts.settle()
        self._ended = True
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        if self._screen.spoken and self._awaited is not None and not self._awaited.done():
            self._screen.say("Leaving.")
        for one in (self._awaited, self._keys):
            if one is not None and not one.done():
                one.set_exception(EOFError())
