"""What the program asks of a terminal, and that it is put back: a scripted terminal at a real pseudo-terminal."""

import os
import re
import select
import sys
import threading
import tty
from collections.abc import Callable, Iterator, Mapping

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.chat.terminal.terminal_modes import QUESTIONS, TerminalModes
from modules.chat.terminal.terminal_reports import Attributes, Colour, KeyboardFlags, Report, TerminalName
from tests.harness.terminal import PATIENCE

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

from modules.chat.terminal.terminal_input import TerminalInput

KEYBOARD, NAME, COLOUR, ATTRIBUTES = b"\x1b[?u", b"\x1b[>0q", b"\x1b]11;?\x1b\\", b"\x1b[c"
Answers = Mapping[bytes, bytes]
KITTY: Answers = {
    KEYBOARD: b"\x1b[?0u",
    NAME: b"\x1bP>|kitty(0.31.0)\x1b\\",
    COLOUR: b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    ATTRIBUTES: b"\x1b[?62;c",
}
XTERM: Answers = {
    NAME: b"\x1bP>|XTerm(390)\x1b\\",
    COLOUR: b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
    ATTRIBUTES: b"\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c",
}
TMUX: Answers = {NAME: b"\x1bP>|tmux 3.4\x1b\\", ATTRIBUTES: b"\x1b[?1;2;4c"}
VTE: Answers = {NAME: b"\x1bP>|VTE(7600)\x1b\\", ATTRIBUTES: b"\x1b[?65;1;9c", COLOUR: b"\x1b]11;rgb:30/0a/24\x07"}
APPLE: Answers = {ATTRIBUTES: b"\x1b[?1;2c"}
MUTE: Answers = {}


class Place:
    """A terminal that answers by a script, and the program's end of it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.late = b""  # what it answers only when it is listened to
        self.written = b""
        self._changed = threading.Condition()
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._stdin = open(slave)  # noqa: SIM115 - for as long as the place is there
        self.input = TerminalInput(self._stdin, lambda report: self.modes.take_report(report))
        self.modes = TerminalModes(lambda data: os.write(slave, data), self._listen, "xterm-256color")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def shows(self, written: bytes) -> None:
        """Wait until this has been written last."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.written.endswith(written), PATIENCE), self.written

    def listen_until(self, test: Callable[[], bool]) -> None:
        while not test():
            assert self.input.listen(PATIENCE)

    def _listen(self, seconds: float) -> bool:
        os.write(self._master, self.late)
        return self.input.listen(PATIENCE if self.late else seconds)

    @property
    def left(self) -> bool:
        """Whether anything is there to be read, which a shell would take for typed."""
        return bool(select.select([self._stdin], [], [], 0)[0])

    def close(self) -> None:
        self._stdin.close()
        self._reader.join(PATIENCE)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 1024)
            except OSError:
                return
            with self._changed:
                before, self.written = self.written, self.written + data
                self._changed.notify_all()
            for question in re.findall(b"|".join(map(re.escape, (KEYBOARD, NAME, COLOUR, ATTRIBUTES))), self.written):
                if question not in before and question in self._answers:
                    os.write(self._master, self._answers[question])


@pytest.fixture
def place() -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def made(*args: object, **more: object) -> Place:
        places.append(Place(*args, **more))  # type: ignore[arg-type]  # the fixture passes on what it is given
        return places[-1]

    yield made
    for one in places:
        one.close()


@pytest.mark.parametrize(
    ("answers", "on", "off", "name", "background"),
    [
        (KITTY, b"\x1b[>5u", b"\x1b[<u", "kitty(0.31.0)", "dark"),
        (XTERM, b"\x1b[>4;1m", b"\x1b[>4m", "XTerm(390)", "light"),
        (TMUX, b"\x1b[>4;1m", b"\x1b[>4m", "tmux 3.4", ""),
        (VTE, b"", b"", "VTE(7600)", "dark"),
        (APPLE, b"", b"", "", ""),
    ],
    ids=["kitty", "xterm", "tmux", "VTE", "Apple Terminal"],
)
def test_keys_are_told_apart_as_the_terminal_can_and_put_back_at_the_end(
    place: Callable[..., Place], answers: Answers, on: bytes, off: bytes, name: str, background: str
) -> None:
    terminal = place(answers)
    terminal.modes.begin()
    terminal.listen_until(lambda: terminal.modes.complete)
    terminal.shows(b"\x1b[?2004h" + QUESTIONS + on)
    assert (terminal.modes.name, terminal.modes.background) == (name, background)
    terminal.modes.end()
    terminal.shows(QUESTIONS + on + off + b"\x1b[?2004l")
    terminal.modes.begin()  # as after an editor: nothing is asked twice
    terminal.shows(off + b"\x1b[?2004l" + b"\x1b[?2004h" + on)
    terminal.modes.end()
    terminal.modes.end()
    terminal.shows(b"\x1b[?2004h" + on + off + b"\x1b[?2004l")
    assert not terminal.left


def test_an_answer_on_its_way_at_the_end_is_not_left_for_the_shell(place: Callable[..., Place]) -> None:
    terminal = place(MUTE)
    terminal.late = b"".join(XTERM.values())
    terminal.modes.begin()
    terminal.modes.end()
    assert terminal.modes.complete
    assert not terminal.left
    assert b"\x1b[>4" not in terminal.written


def test_a_terminal_that_never_answers_is_not_waited_for_for_long(place: Callable[..., Place]) -> None:
    terminal = place(MUTE)
    terminal.modes.begin()
    terminal.modes.end()
    terminal.shows(b"\x1b[?2004l")
    assert not terminal.modes.complete


@pytest.mark.parametrize(("term", "written"), [("dumb", b""), ("", b""), ("linux", b"\x1b[?2004h\x1b[?2004l")])
def test_a_terminal_that_cannot_is_not_asked(term: str, written: bytes) -> None:
    sent: list[bytes] = []
    modes = TerminalModes(sent.append, lambda seconds: True, term)
    modes.begin()
    modes.end()
    assert b"".join(sent) == written


def test_a_terminal_that_is_gone_is_no_error() -> None:
    def gone(data: bytes) -> None:
        raise OSError

    modes = TerminalModes(gone, lambda seconds: False, "xterm")
    modes.begin()
    modes.take_report(KeyboardFlags(0))
    modes.end()


def test_what_is_asked_leaves_no_sign_on_a_screen_that_does_not_know_it() -> None:
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    stream.feed(b"abc\x1b[?2004h" + QUESTIONS + b"d\x1b[?2004l")
    assert screen.display[0].rstrip() == "abcd"
    assert screen.buffer[0][3] == screen.buffer[0][0]._replace(data="d")


REPORTS: list[Report] = [KeyboardFlags(0), TerminalName("XTerm(390)"), Attributes((62,)), Colour(11, 0, 0, 0)]


@given(st.lists(st.sampled_from(["begin", "end", *REPORTS])))
def test_whatever_happens_in_whatever_order_all_is_put_back(steps: list[str | Report]) -> None:
    sent: list[bytes] = []
    modes = TerminalModes(sent.append, lambda seconds: False, "xterm")
    for step in steps:
        match step:
            case "begin":
                modes.begin()
            case "end":
                modes.end()
            case report:
                assert not isinstance(report, str)
                modes.take_report(report)
    modes.end()
    written = b"".join(sent)
    depth = 0
    for sign in re.findall(rb"\x1b\[(>5u|<u|>4;1m|>4m|\?2004h|\?2004l)", written):
        depth += 1 if sign in (b">5u", b">4;1m", b"?2004h") else -1
        assert 0 <= depth <= 2
    assert depth == 0
    assert written.count(QUESTIONS) <= 1
