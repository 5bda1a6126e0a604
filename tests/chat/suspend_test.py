"""The program under a shell with job control: Ctrl+Z stops it at the prompt, and no stop breaks the terminal."""

import os
import shlex
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.harness.fake_tools import equip, ran
from tests.harness.home import Home
from tests.harness.terminal import CTRL_D, Terminal
from tests.wire import Answer, Call

SHELL = "SHELL$"
CTRL_Z = "\x1a"
QUIET = 0.5  # seconds without a key, after which one is an answer


@pytest.fixture
def shell(home: Home) -> Iterator[Terminal]:
    equip(home)
    env = home.env(PS1=f"{SHELL} ", PROMPT_COMMAND="")
    terminal = Terminal(["/bin/bash", "--norc", "--noprofile", "-i"], env, home.folder, cold=True)
    terminal.sees(SHELL).type(shlex.join(home.argv("-m", "groq:gpt-oss-120b")) + "\r").prompt()
    yield terminal
    terminal.close()


def stop_and_go_on(terminal: Terminal) -> None:
    """Stop the program from elsewhere, use the shell, and go back to the program."""
    (program,) = psutil.Process(terminal.pid).children()
    os.kill(program.pid, signal.SIGTSTP)
    terminal.until(lambda: terminal.line.startswith(SHELL), "the shell")
    go_on(terminal)


def go_on(terminal: Terminal) -> None:
    # Ctrl+U: what the terminal answers to a program that is stopped by then, where its cursor is, the shell has read.
    terminal.type("\x15fg\r").until(lambda: not terminal.line.startswith(SHELL) and terminal.modes() == (False, False))


def test_a_program_that_was_stopped_goes_on_where_it_was(home: Home, shell: Terminal) -> None:
    slow = Call("slow", {"seconds": 1.5})
    home.groq.answer(Answer(Call("run_command", {"command": "git status"})), Answer(slow), Answer("Finished."))
    shell.type("abc").prompt("abc")
    stop_and_go_on(shell)
    shell.prompt("abc").type("\r").sees("Allow run_command?")
    stop_and_go_on(shell)
    shell.until(lambda: shell.text.rpartition("fg")[2].count("│ git status") == 1, "the question once more")
    assert ran(home) == []
    time.sleep(QUIET)
    shell.type("y").sees("half way")
    stop_and_go_on(shell)
    shell.sees("Finished.").prompt()
    assert ran(home) == [["git status"]]
    shell.type(CTRL_D).until(lambda: shell.line.startswith(SHELL), "the shell")


def test_ctrl_z_at_the_prompt_leaves_it_to_the_shell_and_what_was_typed_stays(home: Home, shell: Terminal) -> None:
    shell.type("ab").prompt("ab").type(CTRL_Z).until(lambda: shell.line.startswith(SHELL), "the shell")
    go_on(shell)
    shell.prompt("ab").type("c\r").sees("Answer 1").prompt()
    assert shell.text.rpartition("fg")[2].count("> abc") == 1
    (program,) = psutil.Process(shell.pid).children()
    shell.type(CTRL_Z).until(lambda: shell.line.startswith(SHELL), "the shell")
    shell.type("\x15stty -a | grep -qe -icanon || echo sa''ne\r").sees("sane")
    assert program.status() == psutil.STATUS_STOPPED


def test_ctrl_z_does_nothing_while_a_turn_runs(home: Home, shell: Terminal) -> None:
    slow = Call("slow", {"seconds": 1.5})
    home.groq.answer(Answer(Call("run_command", {"command": "git status"})), Answer(slow), Answer("Finished."))
    shell.type("ab").prompt("ab").type("\r").sees("Allow run_command?")
    time.sleep(QUIET)
    shell.type(CTRL_Z)
    time.sleep(QUIET)
    assert ran(home) == []
    shell.type("r").sees("No, because:").type(f"no{CTRL_Z}t so\r").sees("half way")
    shell.type(f"c{CTRL_Z}d").sees("Finished.").prompt("cd")
    assert shell.text.count(SHELL) == 1
    messages = home.groq.chats[-1].body["messages"]
    assert [message["content"] for message in messages if message["role"] == "user"] == ["ab"]
    assert "The user says: not so" in str(messages)
