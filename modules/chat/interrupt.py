"""The keys while a turn runs: Ctrl+C and Esc stop it, a question may take them, and the rest waits for the prompt."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from prompt_toolkit.application.current import get_app_or_none
from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPress
from prompt_toolkit.keys import Keys

T = TypeVar("T")

STOPPING = (Keys.ControlC, Keys.Escape)
FLUSH = 0.05  # seconds after which an Esc is not the beginning of some other key
IGNORED = (Keys.CPRResponse, Keys.ControlZ)  # no prompt is to be given these
SENDING = (Keys.ControlM, Keys.ControlD)  # what a prompt would act on at once


def nothing_of(keys: KeyBindings) -> KeyBindings:
    """With Ctrl+Z as a key that does nothing, where a turn waits for its person: an answer could not wait as well."""
    keys.add("c-z")(lambda event: None)
    return keys


def stop() -> None:
    """Stop the program and whatever was started with it, as Ctrl+Z does; returns when the shell has it go on."""
    before = signal.signal(signal.SIGCONT, signal.SIG_IGN)  # whoever stops itself draws anew by itself, and not twice
    try:
        os.kill(0, signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGCONT, before)


@contextlib.contextmanager
def resuming(keys: Input) -> Iterator[None]:
    """While the terminal is in raw mode: a program that was stopped from elsewhere goes on in it, and draws anew.

    The shell has used the terminal meanwhile, and gives it back as it was before the program.
    """
    loop = asyncio.get_running_loop()

    def resume() -> None:
        app = get_app_or_none()
        if app is not None and app._running_in_terminal:  # an editor has the terminal, and went on with us
            return
        keys.raw_mode().__enter__()  # whoever is in it already puts back what was there before
        if app is not None and app.is_running:
            app.renderer.reset()
            app.renderer.request_absolute_cursor_position()
            app.invalidate()

    try:
        loop.add_signal_handler(signal.SIGCONT, resume)
    except (NotImplementedError, ValueError, AttributeError):  # not every platform has such signals
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCONT)


class Keyboard:
    """The keyboard of one turn. What is typed and not meant for it stands in the next prompt."""

    def __init__(self, keys: Input) -> None:
        self.input = keys
        self._ahead: list[KeyPress] = []
        self._task: asyncio.Future[None] | None = None

    async def run(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run `work`; False when the person stopped it. Its own errors are raised as they are.

        The terminal is in raw mode meanwhile: nothing typed is echoed into the answer.
        """
        task = self._task = asyncio.ensure_future(work)
        with self._listening(), _signals(task):
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError:  # the program is leaving: the answer goes first
                task.cancel()
                await asyncio.wait((task,))
                raise
        if task.cancelled():
            return False
        task.result()
        return True

    def stop(self) -> None:
        """End the turn, as Ctrl+C does."""
        if self._task is not None:
            self._task.cancel()

    def keep(self, pressed: Sequence[KeyPress]) -> None:
        """Let these keys wait for the next prompt."""
        self._ahead += [key for key in pressed if key.key not in (*IGNORED, *STOPPING)]

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """For a question that reads the keys itself. What was typed before it, sent or not, does not answer it.

        It comes back in the next prompt, as text and unsent: whoever typed it had not seen the question.
        """
        self._read_all()
        try:
            yield
        finally:
            self.keep(get_typeahead(self.input))
            self._ahead = _unsent(self._ahead)

    @contextlib.contextmanager
    def lent_alone(self) -> Iterator[None]:
        """The same while no turn runs."""
        self._ahead = get_typeahead(self.input)
        try:
            with self.lent():
                yield
        finally:
            store_typeahead(self.input, self._ahead)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        self._ahead = get_typeahead(self.input)

        def ready() -> None:
            if self.input.closed:  # the terminal is gone, and would be ready for ever
                loop.remove_reader(self.input.fileno())
                self.stop()
                return
            self._take(self.input.read_keys())
            loop.call_later(FLUSH, lambda: self._take(self.input.flush_keys()))

        with self.input.raw_mode(), self.input.attach(ready):
            try:
                yield
            finally:
                store_typeahead(self.input, self._ahead)

    def _take(self, pressed: Sequence[KeyPress]) -> None:
        if any(key.key in STOPPING for key in pressed):
            self.stop()
        self.keep(pressed)

    def _read_all(self) -> None:
        while pressed := self.input.read_keys() + self.input.flush_keys():
            self._take(pressed)


def _unsent(pressed: list[KeyPress]) -> list[KeyPress]:
    """The keys without those that send. One letter alone was an answer that came too early, and nothing to keep."""
    kept = [key for key in pressed if key.key not in SENDING]
    return kept if len(kept) > 1 else []


async def stoppable(work: Coroutine[Any, Any, T]) -> T | None:
    """Run what a command has to wait for: its result, or None where Ctrl+C, a signal to a command, stopped it."""
    task = asyncio.ensure_future(work)
    with _signals(task):
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:  # the program is leaving
            task.cancel()
            raise
    return None if task.cancelled() else task.result()


@contextlib.contextmanager
def _signals(task: "asyncio.Future[Any]") -> Iterator[None]:
    """`kill -INT` from elsewhere is Ctrl+C too. Not every platform lets a loop handle signals."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    except (NotImplementedError, ValueError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
