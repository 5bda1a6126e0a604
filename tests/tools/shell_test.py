"""run_command: what a program wrote and how it ended comes back, and nothing of it is left, however it ends."""

import asyncio
import os
import subprocess
import sys
import time
import tracemalloc
import uuid
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from modules.config import ROOT
from modules.errors import ToolFailed
from modules.llm.message import user
from modules.session.turns.tool_calls import ToolProgress
from modules.session.turns.turn import run_turn
from modules.tools.approval import Approval, Question
from modules.tools.programs.capture import Capture, settled
from modules.tools.programs.shell import run_command
from modules.tools.tool import Output, Plan, ToolContext, as_output
from tests.harness.engine_harness import Talk
from tests.harness.home import Home
from tests.harness.tool_helpers import NO, Person, tooling
from tests.wire import Answer, Call


class Runner:
    """Runs command lines in a folder. `mark` is a variable of their environment, by which they are found again."""

    def __init__(self, folder: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.lines: list[str] = []
        environment = {"PATH": os.environ["PATH"], "MARK": self.mark, "HOME": str(folder)}
        self.context = ToolContext(folder, folder / "private", environment=environment, tell=self.lines.append)

    async def plan(self, command: str, timeout: float = 20) -> Plan:
        return await run_command.prepare({"command": command, "timeout": timeout}, self.context)

    async def output(self, command: str, timeout: float = 20) -> Output:
        return as_output(await (await self.plan(command, timeout)).do(self.context))

    async def text(self, command: str, timeout: float = 20) -> str:
        (part,) = (await self.output(command, timeout)).parts
        return str(getattr(part, "text", ""))

    @property
    def left(self) -> list[str]:
        """The processes of these commands that are there now."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.environ().get("MARK") == self.mark and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(one.cmdline()))
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    until = time.monotonic() + 5  # what has been killed still needs a moment of its own to be gone
    while runner.left and time.monotonic() < until:
        time.sleep(0.01)
    assert runner.left == []


async def test_output_and_errors_come_in_their_order_with_the_exit_code(shell: Runner) -> None:
    assert await shell.text("echo one; echo two >&2; echo three") == "one\ntwo\nthree\n[exit code 0]"


async def test_an_exit_code_other_than_0_is_an_error(shell: Runner) -> None:
    output = await shell.output("printf half; exit 3")
    assert output.is_error
    assert await shell.text("printf half; exit 3") == "half\n[exit code 3]"


async def test_a_command_that_a_signal_ended_says_which(shell: Runner) -> None:
    assert await shell.text("kill -SEGV $$") == "[ended by signal SIGSEGV]"


async def test_every_command_asks_and_is_its_own_permission(shell: Runner) -> None:
    plan = await shell.plan("ls  -l", timeout=7)
    assert (plan.asks, plan.line, plan.preview) == ("runs a program", "ls  -l", "")
    assert plan.patience > 7


async def test_it_runs_in_the_working_folder_with_only_the_environment_it_is_given(shell: Runner) -> None:
    os.environ["SECRET_KEY"] = "sk-secret"
    try:
        told = await shell.text("pwd; env")
    finally:
        del os.environ["SECRET_KEY"]
    assert told.startswith(f"{shell.context.folder}\n")
    assert "SECRET" not in told
    assert "TERM=dumb" in told
    assert "GIT_TERMINAL_PROMPT=0" in told


async def test_new_files_have_the_modes_that_the_person_wants(shell: Runner) -> None:
    shell.context = replace(shell.context, umask=0o027)
    await shell.text("touch made")
    assert (shell.context.folder / "made").stat().st_mode & 0o777 == 0o640


async def test_nobody_is_at_the_keyboard(shell: Runner) -> None:
    told = await shell.text("read line || echo nothing to read; tty; (: < /dev/tty) || echo no terminal")
    assert "nothing to read\nnot a tty\n" in told
    assert "no terminal" in told


@pytest.mark.parametrize("command", ["", "  \n "])
async def test_an_empty_command_is_not_run(shell: Runner, command: str) -> None:
    with pytest.raises(ToolFailed, match="empty"):
        await shell.plan(command)


@pytest.mark.parametrize("timeout", [0, -1, 4000])
async def test_a_limit_that_makes_no_sense_is_told(shell: Runner, timeout: float) -> None:
    with pytest.raises(ToolFailed, match="timeout"):
        await shell.plan("ls", timeout)


@pytest.mark.parametrize("command", ["echo a\0b", "echo " + "a" * 200_000])
async def test_what_cannot_be_started_is_an_error_in_words(shell: Runner, command: str) -> None:
    with pytest.raises(ToolFailed, match=r"NUL|could not be started"):
        await shell.output(command)


def test_what_looks_up_processes_is_not_loaded_before_a_program_runs() -> None:
    code = "import sys, modules.tools.built_in, modules.mcp.transport.stdio; print('psutil' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def test_a_working_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "gone")
    with pytest.raises(ToolFailed, match="gone"):
        await runner.output("ls")


@pytest.mark.parametrize("command", ["-x", "+x", "-- ls"])
async def test_a_command_is_never_taken_for_an_option_of_the_shell(shell: Runner, command: str) -> None:
    assert "[exit code 127]" in await shell.text(command)


@pytest.mark.parametrize(
    "command",
    [
        "sleep 60",
        "sleep 60 | cat",
        "sleep 60 & sleep 60 & wait",
        "timeout 60 sleep 60",  # moves to a process group of its own
        "setsid -w sleep 60",  # and this to a session
        "(setsid sh -c 'sleep 60; :') | cat",
    ],
)
async def test_what_takes_too_long_ends_with_everything_it_started(shell: Runner, command: str) -> None:
    began = time.monotonic()
    told = await shell.text(f"echo begun; {command}", timeout=0.4)
    assert told.startswith("begun\n")
    assert told.endswith("\n[stopped after 0.4 seconds, which was the limit]")
    assert time.monotonic() - began < 2
    assert shell.left == []


async def test_what_does_not_listen_is_ended_all_the_same(shell: Runner) -> None:
    began = time.monotonic()
    assert "which was the limit" in await shell.text("trap '' TERM; while :; do sleep 1; done", timeout=0.3)
    assert 2 < time.monotonic() - began < 5


async def test_what_listens_may_clean_up(shell: Runner) -> None:
    command = "trap 'echo cleaned > done; exit' TERM; echo ready; while :; do sleep 0.05; done"
    await shell.text(command, timeout=0.4)
    assert (shell.context.folder / "done").read_text() == "cleaned\n"


async def test_what_is_left_in_the_background_does_not_hold_up_the_result_and_is_stopped(shell: Runner) -> None:
    began = time.monotonic()
    told = await shell.text("sleep 60 & echo hi")
    assert told == "hi\n[still running in the background, and stopped: sleep]\n[exit code 0]"
    assert time.monotonic() - began < 2
    told = await shell.text("sleep 60 >/dev/null 2>&1 & yes & sleep 0.2; echo hi >&2")
    assert "stopped: sleep, yes]" in told


async def test_the_end_of_a_pipeline_may_come_a_moment_later(shell: Runner) -> None:
    told = await shell.text("bash -c 'echo a > >(cat; sleep 0.03; echo z)'")
    assert told == "a\nz\n[exit code 0]"


async def test_a_cancelled_command_ends_at_once_with_everything_it_started(shell: Runner) -> None:
    running = asyncio.ensure_future(shell.output("echo begun; sleep 60 & timeout 60 sleep 60"))
    while not shell.lines:
        await asyncio.sleep(0.02)
    assert len(shell.left) >= 3
    running.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 2
    assert shell.left == []


async def test_who_cancels_twice_does_not_wait(shell: Runner) -> None:
    running = asyncio.ensure_future(shell.output("trap '' TERM; echo begun; while :; do sleep 1; done"))
    while not shell.lines:
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.sleep(0.1)
    running.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 1.8


async def test_a_flood_is_counted_and_not_kept(shell: Runner) -> None:
    tracemalloc.start()
    try:
        told = await shell.text("yes", timeout=0.5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(told) < 10_001_000
    assert "bytes were not kept" in told
    assert told.endswith("y\n[stopped after 0.5 seconds, which was the limit]")
    assert peak < 80_000_000


async def test_both_ends_of_long_output_are_kept(shell: Runner) -> None:
    told = await shell.text("echo first; head -c 20000000 /dev/zero | tr '\\0' a; echo; echo last")
    assert told.startswith("first\naaa")
    assert told.endswith("aaa\nlast\n[exit code 0]")
    assert "[… 10000012 of 20000012 bytes were not kept …]" in told


async def test_bytes_that_are_no_text_are_replaced(shell: Runner) -> None:
    assert await shell.text(r"printf 'a\377\200b'") == "a\ufffd\ufffdb\n[exit code 0]"


async def test_progress_is_told_now_and_then_by_its_last_line(shell: Runner) -> None:
    told = await shell.text(r"i=0; while [ $i -lt 300 ]; do i=$((i+1)); printf '\r%d%%' $i; done; echo; sleep 0.3")
    assert told == "300%\n[299 times a line was painted over; only its last state is here]\n[exit code 0]"
    assert shell.lines == ["300%"]


def test_only_lines_that_were_painted_over_are_shortened() -> None:
    assert settled("a\r\nb\r\n") == ("a\r\nb\r\n", 0)
    assert settled("1%\r2%\r\nend") == ("2%\r\nend", 1)
    assert settled("\rdone\n\r") == ("done\n\r", 0)


async def test_a_capture_never_waits_for_who_else_holds_the_pipe() -> None:
    source, sink = os.pipe()
    os.set_blocking(source, False)
    try:
        os.write(sink, b"so far")
        capture = Capture(source, print)
        capture.drain()
        capture.stop()
        assert capture.text == "so far"
    finally:
        os.close(source)
        os.close(sink)


async def test_a_model_runs_a_command_and_the_same_one_again_when_it_is_allowed(home: Home, tmp_path: Path) -> None:
    for command in ("echo one", "echo two; exit 1"):
        home.anthropic.answer(Answer(Call("run_command", {"command": command})))
    home.anthropic.answer(Answer("Done."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, run_command))
        await person.say("Go.")
        assert [question.plan.line for question in person.asked] == ["echo one", "echo two; exit 1"]
        assert [(one.text, one.is_error) for one in talk.conversation.messages[2].results] == [
            ("one\n[exit code 0]", False)
        ]
        assert talk.conversation.messages[4].results[0].is_error


async def test_a_declined_command_does_not_run(home: Home, tmp_path: Path) -> None:
    home.anthropic.answer(Answer(Call("run_command", {"command": "touch made"})), Answer("I see."))
    async with Talk(home) as talk:
        await Person(talk, tooling(tmp_path, run_command), lambda question: NO).say("Go.")
    assert not (tmp_path / "made").exists()


async def test_a_turn_that_is_left_stops_its_command_and_keeps_what_it_said(home: Home, tmp_path: Path) -> None:
    mark = f"60.{uuid.uuid4().int % 10**9}"
    home.anthropic.answer(Answer(Call("run_command", {"command": f"echo half way; sleep {mark}"})))
    tools = tooling(tmp_path, run_command, approval=Approval(everything=True))
    async with Talk(home) as talk:
        model = talk.conversation.model
        async with aclosing(run_turn(talk.conversation, talk.services, user("Go."), model, tools)) as turn:
            async for event in turn:
                assert not isinstance(event, Question)
                if isinstance(event, ToolProgress):
                    break
        result = talk.conversation.messages[-1].results[0]
    assert result.is_error
    assert result.text.endswith("half way")
    assert not [one for one in psutil.process_iter(["cmdline"]) if mark in (one.info["cmdline"] or ())]
