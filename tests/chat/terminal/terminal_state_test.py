"""However the program ends, the terminal is as it was before, and what came of an answer is kept."""

import os
import re
import signal
import subprocess
import sys
import termios
from typing import Any

import pytest

from modules.config import ROOT
from tests.harness.fake_tools import equip
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")
ENDS = [signal.SIGQUIT, signal.SIGABRT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM, signal.SIGXCPU]
SLOW = Answer(" ".join(f"word{n}" for n in range(3000)), pace=0.01)


def untouched() -> list[Any]:
    """The modes of a terminal that no program has been in."""
    master, slave = os.openpty()
    try:
        return termios.tcgetattr(master)
    finally:
        os.close(slave)
        os.close(master)


def is_as_before(terminal: Terminal) -> None:
    """Its modes, its cursor, and whatever the program has turned on."""
    assert termios.tcgetattr(terminal._master) == untouched()
    assert not terminal.screen.cursor.hidden
    for mode, before in ((25, b"h"), (7, b"h"), (2004, b"l"), (2026, b"l"), (1004, b"l")):
        turned = re.findall(rb"\x1b\[\?%d([hl])" % mode, terminal.raw)
        assert not turned or turned[-1] == before, mode
    assert terminal.raw.count(b"\x1b[>1u") <= terminal.raw.count(b"\x1b[<u"), "each set of keys was popped"


def kept(home: Home) -> str:
    """What the next question tells a model of the answer before."""
    home.groq.answer(Answer("Yes."))
    assert home.run("-c", "-p", "And?").returncode == 0
    return str(home.groq.chats[-1].body["messages"])


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_in_an_answer_leaves_the_terminal_as_it_was_and_keeps_what_came(home: Home, number: int) -> None:
    home.groq.answer(SLOW)
    chat = home.open(*OSS).prompt()
    chat.enter("Count").sees("word9")
    chat.signal(number)
    assert chat.exit_code() == 128 + number
    assert "Traceback" not in chat.text
    is_as_before(chat)
    assert "word0 word1" in kept(home)


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGABRT, signal.SIGTERM])
@pytest.mark.parametrize("where", ["prompt", "question", "tool"])
def test_a_signal_anywhere_else_leaves_the_terminal_as_it_was(home: Home, where: str, number: int) -> None:
    equip(home)
    call = Call("run_command", {"command": "git status"}) if where == "question" else Call("slow", {"seconds": 60})
    home.groq.answer(Answer(call))
    chat = home.open(*OSS).prompt()
    if where == "prompt":
        chat.type("abc").prompt("abc")
    else:
        chat.enter("Do it").sees("Allow run_command?" if where == "question" else "half way")
    chat.signal(number)
    assert chat.exit_code() == 128 + number
    is_as_before(chat)


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_question_at_a_terminal_leaves_it_as_it_was_and_keeps_what_came(home: Home, number: int) -> None:
    home.groq.answer(SLOW)
    asked = home.open("-p", "Count", *OSS).sees("word9")
    asked.signal(number)
    assert asked.exit_code() == 128 + number
    is_as_before(asked)
    assert "word0 word1" in kept(home)


def test_two_signals_at_once_are_as_one(home: Home) -> None:
    home.groq.answer(SLOW)
    chat = home.open(*OSS).prompt()
    chat.enter("Count").sees("word9")
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
        chat.signal(number)
    assert chat.exit_code() in (128 + signal.SIGHUP, 128 + signal.SIGTERM)
    is_as_before(chat)
    assert "word0 word1" in kept(home)


@pytest.mark.parametrize("args", [(), ("-p", "Count")])
def test_a_terminal_that_goes_away_without_a_signal_ends_the_program_and_what_came_is_kept(
    home: Home, args: tuple[str, ...]
) -> None:
    home.groq.answer(SLOW)
    argv = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *home.argv(*OSS, *args)]
    chat = Terminal(argv, home.env(), home.folder, cold=True)
    if not args:
        chat.prompt().enter("Count")
    chat.sees("word9").hang_up()
    chat.exit_code()  # no time is set for it: what goes round and round does not end
    chat.close()
    home.groq.wait_for_disconnect()
    assert "word0 word1" in kept(home)


def test_what_was_told_to_ignore_a_hangup_goes_on_to_the_end_of_its_answer(home: Home) -> None:
    home.groq.answer(Answer(" ".join(f"word{n}" for n in range(50)), pace=0.01))
    command = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *home.argv("-p", "Count", *OSS)]
    how: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "cwd": home.folder}
    with subprocess.Popen(command, env=home.env(), **how) as running:
        assert running.stdout is not None
        assert os.read(running.stdout.fileno(), 5) == b"word0"
        running.send_signal(signal.SIGHUP)
        assert running.stdout.read().endswith(b"word49\n")
        assert running.wait() == 0


STUCK = """
import asyncio, os, sys
from modules.chat.end_signals import Leaving

async def main():
    leaving = Leaving(asyncio.current_task(), lambda: os.write(1, b"restored"), grace=0.2)
    leaving.listen()
    os.write(1, b"ready ")
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            os.write(1, b"cancelled ")

asyncio.run(main())
"""


def test_what_hangs_at_the_end_is_left_where_it_hangs() -> None:
    command = [sys.executable, "-c", STUCK]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.read(6) == b"ready "
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == b"cancelled restored"
        assert running.wait() == 128 + signal.SIGTERM


def test_a_fault_of_the_program_itself_leaves_the_terminal_as_it_was(home: Home) -> None:
    """A folder of the program is gone while it runs: the next import of it fails, where nothing is caught."""
    home.own_program()
    (home.program / "modules" / "chat" / "interactive.py").write_text("raise ZeroDivisionError('a fault')\n")
    chat = home.open(*OSS, cold=True)
    assert chat.exit_code() == 1
    assert "ZeroDivisionError" in chat.text
    is_as_before(chat)


def test_a_terminal_without_escape_sequences_is_sent_none_at_its_end(home: Home) -> None:
    asked = home.open("-p", "Hm?", *OSS, env={"TERM": "dumb"})
    assert asked.exit_code() == 0
    assert b"\x1b" not in asked.raw
