"""The line where the terminal wants no escape sequences: the terminal itself edits and echoes it, line by line."""

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

from modules.chat.output.screen import MARK, TerminalScreen
from modules.chat.prompt.message_queue import MessageQueue
from modules.chat.terminal.interrupts import Running, handled
from modules.chat.terminal.key_parser import BURST
from modules.chat.terminal.terminal_signs import Signs
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
        self._confirms = False  # a question is asked, which Ctrl+C leaves without an answer
        self._arrived = b""
        self._awaited: asyncio.Future[str] | None = None
        self._keys: asyncio.Future[None] | None = None
        self._pressed = ""  # and not looked at yet
        self._wants_keys = False
        self._ended = False
        self._more = False  # whether another line came with the last one
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
        return await self.line(self._mark)

    async def line(self, prompt: str) -> str:
        """One line, typed after this. Raises EOFError at the end."""
        if self._ended:
            raise EOFError
        self._screen.write(prompt)
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
        self._confirms = True
        try:
            line = await self.line(
                f"{clean(question)} {'Type y or n; Enter is no: ' if self._screen.spoken else 'y/N '}"
            )
        except EOFError:
            return None
        finally:
            self._confirms = False
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
        elif self._confirms:
            self._screen.write("\nNo answer.\n")
            self._awaited.set_exception(EOFError())
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
        *lines, self._arrived = (self._arrived + data).split(b"\n")
        for line in lines:
            # A terminal that edits its lines gives one with each read, so what came with it is still to come.
            before, self._more = self._more, bool(select.select([source], [], [], BURST)[0])
            alone = len(lines) == 1 and not before and not self._more
            text = line.decode(errors="replace").rstrip("\r")
            if alone or not text.startswith("!"):
                self._take(text)
            else:
                self._screen.say(f"Not run, since it came with other lines: {text}")

    def _take(self, line: str) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(line)
        elif line.strip():
            self.queue.add(line)

    def _end(self) -> None:
        self._ended = True
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        if self._screen.spoken and self._awaited is not None and not self._awaited.done():
            self._screen.say("Leaving.")
        for one in (self._awaited, self._keys):
            if one is not None and not one.done():
                one.set_exception(EOFError())
