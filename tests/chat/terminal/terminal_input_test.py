"""The keyboard of a real pseudo-terminal, read by a real prompt of prompt_toolkit."""

import asyncio
import os
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput

from modules.chat.terminal.terminal_reports import Attributes, Report
from tests.harness.terminal import PATIENCE

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

from modules.chat.terminal.terminal_input import TerminalInput, terminal_input


class Keyboard:
    """A pseudo-terminal to type at, its other end read by a prompt."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self._stdin = open(slave)  # noqa: SIM115 - for as long as the keyboard is there
        self.reports: list[Report] = []
        self.input = TerminalInput(self._stdin, self.reports.append)
        self.pressed: list[str] = []
        bindings = KeyBindings()
        bindings.add("escape")(self._note("escape"))
        bindings.add("escape", Keys.Any)(lambda event: None)
        bindings.add("c-x", "c-e")(self._note("c-x c-e"))
        bindings.add("c-j")(lambda event: event.current_buffer.insert_text("\n"))
        self.session: PromptSession[str] = PromptSession(
            input=self.input, output=DummyOutput(), key_bindings=bindings, multiline=True
        )
        bindings.add("enter")(lambda event: event.current_buffer.validate_and_handle())

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    async def read(self, *steps: bytes | Callable[[], bool]) -> str:
        """Read one message, while this is typed and waited for."""
        prompt = asyncio.ensure_future(self.session.prompt_async())
        await until(lambda: prompt.done() or self.raw())
        for step in steps:
            if isinstance(step, bytes):
                self.type(step)
            else:
                await until(step)
        return await asyncio.wait_for(prompt, PATIENCE)

    def raw(self) -> bool:
        return not termios.tcgetattr(self._stdin)[3] & termios.ICANON

    def has(self, text: str) -> Callable[[], bool]:
        return lambda: self.session.default_buffer.text == text

    def noted(self, key: str, times: int = 1) -> Callable[[], bool]:
        return lambda: self.pressed.count(key) == times

    def hang_up(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        self.master = -1

    def close(self) -> None:
        self.hang_up()
        self._stdin.close()

    def _note(self, key: str) -> Callable[[KeyPressEvent], None]:
        return lambda event: self.pressed.append(key)


async def until(test: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not test():
            await asyncio.sleep(0.005)


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    keyboard = Keyboard()
    yield keyboard
    keyboard.close()


async def test_an_escape_acts_at_once_and_swallows_nothing_of_what_is_typed_next(keyboard: Keyboard) -> None:
    keyboard.session.app.timeoutlen = PATIENCE * 2  # what prompt_toolkit would wait for a second key
    assert await keyboard.read(b"\x1b", keyboard.noted("escape"), b"/abc\r") == "/abc"
    assert await keyboard.read(b"\x1b[27u", keyboard.noted("escape", 2), b"/abc\r") == "/abc"


async def test_alt_with_a_key_is_no_escape(keyboard: Keyboard) -> None:
    typed = b"one two\x1bbX\x1by\x1b[1;9C\x1b[I\x1b[?62;22c\x1b\rY\r"
    assert await keyboard.read(typed) == "one Xtwo\nY"
    assert keyboard.pressed == []
    assert Attributes((62, 22)) in keyboard.reports


async def test_keys_that_prompt_toolkit_waits_for_still_come_in_two(keyboard: Keyboard) -> None:
    assert await keyboard.read(b"\x18", b"\x05", keyboard.noted("c-x c-e"), b"a\r") == "a"


async def test_what_came_while_the_program_was_busy_is_no_silence(keyboard: Keyboard) -> None:
    def busy() -> bool:
        keyboard.type(b"\x1b")
        assert keyboard.input.read_keys() == []
        keyboard.type(b"[D")
        time.sleep(0.4)  # the loop stands still, past the time that an Escape is waited for
        return True

    assert await keyboard.read(b"ab", keyboard.has("ab"), busy, b"X\r") == "aXb"
    assert keyboard.pressed == []


async def test_a_paste_without_marks_is_one_message(keyboard: Keyboard) -> None:
    assert await keyboard.read(b"def f():\r\treturn 1\rend\r") == "def f():\n\treturn 1\nend"


async def test_a_paste_whose_end_is_lost_stands_in_the_line_after_a_second(keyboard: Keyboard) -> None:
    assert await keyboard.read(b"\x1b[200~abc", keyboard.has("abc"), b"d\r") == "abcd"


async def test_megabytes_are_one_key_and_what_follows_is_another(keyboard: Keyboard) -> None:
    text = "a line of text with é\n" * 200_000
    data = memoryview(b"\x1b[200~" + text.encode().replace(b"\n", b"\r") + b"\x1b[201~x")

    def write() -> None:
        at = 0
        while at < len(data):
            at += os.write(keyboard.master, data[at : at + 65536])

    keys: list[KeyPress] = []
    writer = threading.Thread(target=write)
    with keyboard.input.raw_mode(), keyboard.input.attach(lambda: keys.extend(keyboard.input.read_keys())):
        writer.start()
        await until(lambda: len(keys) == 2)
        writer.join()
    assert (keys[0].key, keys[1].key) == (Keys.BracketedPaste, "x")
    assert keys[0].data == text


async def test_a_terminal_that_goes_away_ends_the_prompt(keyboard: Keyboard) -> None:
    def gone() -> bool:
        keyboard.hang_up()
        return True

    with pytest.raises(EOFError):
        await keyboard.read(b"abc", keyboard.has("abc"), gone)
    assert keyboard.input.closed
    assert not keyboard.input.listen(PATIENCE)


async def test_keys_wait_while_somebody_else_has_the_terminal(keyboard: Keyboard) -> None:
    keys: list[KeyPress] = []
    with keyboard.input.raw_mode(), keyboard.input.attach(lambda: keys.extend(keyboard.input.read_keys())):
        keyboard.type(b"z\x1b")
        await until(lambda: len(keys) == 1)
        with keyboard.input.detach():
            keyboard.type(b"[A")
            await asyncio.sleep(0.3)
            assert len(keys) == 1
        await until(lambda: len(keys) == 2)
    assert keys[1].key is Keys.Up


async def test_keys_read_while_an_answer_was_listened_for_are_not_lost(keyboard: Keyboard) -> None:
    with keyboard.input.raw_mode():
        keyboard.type(b"abc\x1b[?1;2c\r")
        assert keyboard.input.listen(PATIENCE)
    assert keyboard.reports == [Attributes((1, 2))]
    assert await keyboard.read() == "abc"


def test_where_standard_input_is_no_terminal_prompt_toolkit_has_its_own(keyboard: Keyboard) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with open(reader) as stdin:
        assert not isinstance(terminal_input(keyboard.reports.append, stdin), TerminalInput)
