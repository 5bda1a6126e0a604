"""A tool runs, and the program is asked to end: the tool ends with it, and the conversation goes on in the next run."""

import json
import signal
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from tests.harness.home import Home
from tests.harness.mcp_home import SCRIPT
from tests.harness.store_helpers import bodies
from tests.harness.terminal import CTRL_C, CTRL_D, Terminal
from tests.wire import Answer, Call, Fault, Request, WireServer

OSS = ("-m", "groq:gpt-oss-120b", "--yes")
END = 3.0  # seconds that a tool's processes may outlive the wish to leave


class Marked:
    """Tools whose processes can be told from all others by a number in their command lines."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.mark = f"61.{uuid.uuid4().int % 10**9}"

    @property
    def left(self) -> list[str]:
        """The command lines of what still runs."""
        found = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline", "status"])]
        return [line for line in found if self.mark in line]

    @property
    def command(self) -> str:
        """A command with a child in the background and one in a session of its own."""
        return f"sleep {self.mark} & setsid sleep {self.mark} & echo begun; sleep {self.mark}"

    @property
    def deaf(self) -> str:
        """A command that does not listen when it is asked to end."""
        return f"trap '' TERM HUP INT; echo begun; while :; do sleep 0.2; : {self.mark}; done"

    def begin(self, call: Call, *args: str) -> Terminal:
        """Start the program and have the model make this call; it runs now."""
        self.home.groq.answer(Answer("Let me see.", call, Call("current_time")))
        terminal = self.home.open(*OSS, *args).prompt()
        terminal.enter("Look.").sees("begun")
        assert self.left
        return terminal

    def gone(self, since: float) -> None:
        """Wait until nothing of it is left, and not for long."""
        while self.left:
            assert time.monotonic() - since < END, self.left
            time.sleep(0.02)

    @property
    def results(self) -> list[str]:
        """What the file has of the last results, in call order."""
        found = bodies(self.home.folder / "data" / "conversations.db", "role = 'tool' ORDER BY rowid")
        parts = json.loads(found[-1])["parts"]
        return ["".join(piece.get("text", "") for piece in part["parts"]) for part in parts]

    def goes_on(self, *others: str) -> None:
        """Another run goes on from there with Claude, and one more with each of the others."""
        for name in ("anthropic:sonnet", *others):
            server: WireServer = self.home.servers[name.partition(":")[0]]
            done = self.home.run("-c", "-m", name, "-p", "Go on.")
            assert (done.returncode, done.stderr) == (0, "")
            assert_sound(server.chats[-1])
        assert "Interrupted by the user after" in json.dumps(self.home.anthropic.chats[0].body)


def assert_sound(request: Request) -> None:
    assert request.broken == []


@pytest.fixture
def marked(home: Home) -> Iterator[Marked]:
    found = Marked(home)
    yield found
    for process in psutil.process_iter(["cmdline"]):
        if found.mark in " ".join(process.info["cmdline"] or ()):
            process.kill()


WAYS: dict[str, tuple[Callable[[Terminal], Any], int]] = {
    "SIGTERM": (lambda terminal: terminal.signal(signal.SIGTERM), 128 + signal.SIGTERM),
    "SIGHUP": (lambda terminal: terminal.signal(signal.SIGHUP), 128 + signal.SIGHUP),
    "the window is closed": (lambda terminal: terminal.hang_up(), 128 + signal.SIGHUP),
    "Ctrl+C and Ctrl+D": (lambda terminal: terminal.type(CTRL_C).prompt().type(CTRL_D), 0),
    "Ctrl+D and Ctrl+C": (lambda terminal: terminal.type(CTRL_D + CTRL_C), 0),
}


class TestARunningCommand:
    @pytest.mark.parametrize("way", WAYS)
    def test_ends_with_the_program_and_its_result_says_interrupted(self, marked: Marked, way: str) -> None:
        leave, code = WAYS[way]
        terminal = marked.begin(Call("run_command", {"command": marked.command}))
        began = time.monotonic()
        leave(terminal)
        assert terminal.exit_code() == code
        marked.gone(began)
        interrupted, whole = marked.results
        assert interrupted.startswith("Interrupted by the user after")
        assert interrupted.endswith("Until then it said:\nbegun")
        assert whole[:2] == "20", "the result that was there is kept"
        marked.goes_on(*("openai:gpt-6.1-sol", "groq:gpt-oss-120b", "ollama:llama3.1") if way == "SIGTERM" else ())

    def test_that_does_not_listen_is_gone_all_the_same(self, marked: Marked) -> None:
        terminal = marked.begin(Call("run_command", {"command": marked.deaf}))
        began = time.monotonic()
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 128 + signal.SIGTERM
        marked.gone(began)
        assert marked.results[0].startswith("Interrupted by the user after")

    def test_that_does_not_listen_holds_up_nobody_who_presses_ctrl_c_twice(self, marked: Marked) -> None:
        terminal = marked.begin(Call("run_command", {"command": marked.deaf}))
        began = time.monotonic()
        terminal.type(CTRL_C)
        time.sleep(0.3)  # it has been asked to end by now, and has two seconds for that
        terminal.type(CTRL_C).prompt()
        assert time.monotonic() - began < 1.8
        marked.gone(began)
        terminal.enter("Go on.").sees("Answer 2").prompt()
        assert_sound(marked.home.groq.chats[1])

    def test_is_not_ended_by_ctrl_d_alone_which_leaves_when_the_answer_is_there(self, marked: Marked) -> None:
        marked.home.groq.answer(Answer(Call("run_command", {"command": "echo begun; sleep 1; echo done"})), "Fine.")
        terminal = marked.home.open(*OSS).prompt()
        terminal.enter("Look.").sees("begun").type(CTRL_D)
        assert terminal.exit_code() == 0
        assert marked.results == ["begun\ndone\n[exit code 0]"]
        assert "Fine." in terminal.text

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_ends_with_a_program_that_has_no_terminal(self, marked: Marked, number: signal.Signals) -> None:
        marked.home.groq.answer(Answer(Call("run_command", {"command": marked.command})))
        running = marked.home.start(*OSS, "-p", "Look.")
        while not marked.left:
            time.sleep(0.02)
        began = time.monotonic()
        running.send_signal(number)
        assert running.wait(20) == {signal.SIGTERM: 143, signal.SIGINT: 130}[number]
        marked.gone(began)
        marked.goes_on()


class TestARunningToolOfAnotherKind:
    def test_in_a_file_of_ones_own_ends_with_the_program(self, marked: Marked) -> None:
        folder = marked.home.folder / "tools"
        folder.mkdir(mode=0o700)
        marked.home.folder.chmod(0o700)
        code = f"""
            import subprocess, time
            from modules.tools.tool import tool
            @tool
            def dig() -> str:
                "Dig."
                subprocess.Popen(["sleep", "{marked.mark}"])
                print("begun", flush=True)
                time.sleep(60)
                return "dug"
        """
        (folder / "dig.py").write_text(textwrap.dedent(code))
        (folder / "dig.py").chmod(0o600)
        terminal = marked.begin(Call("dig"))
        began = time.monotonic()
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 143
        marked.gone(began)
        assert marked.results[0].startswith("Interrupted by the user after")
        marked.goes_on()

    def test_of_an_mcp_server_ends_with_the_program_and_so_does_the_server(self, marked: Marked) -> None:
        marked.home.folder.chmod(0o700)
        arguments = ["-S", "-E", SCRIPT, str(marked.home.folder / marked.mark), "ignores"]
        entry = {"command": sys.executable, "args": arguments}
        (marked.home.folder / "mcp.json").write_text(json.dumps({"mcpServers": {"faulty": entry}}))
        (marked.home.folder / "mcp.json").chmod(0o600)
        marked.home.groq.answer(Answer(Call("faulty__hang"), Call("current_time")))
        terminal = marked.home.open(*OSS).prompt()
        terminal.enter("Look.").sees("faulty__hang")
        began = time.monotonic()
        terminal.signal(signal.SIGHUP)
        assert terminal.exit_code() == 129
        while marked.left:
            assert time.monotonic() - began < 5, "a server has a second to end by itself and one to obey"
            time.sleep(0.02)
        assert marked.results[0].startswith("Interrupted by the user after")
        marked.goes_on()


def test_what_a_kill_leaves_is_closed_by_the_next_run(marked: Marked) -> None:
    terminal = marked.begin(Call("run_command", {"command": marked.command}))
    terminal.signal(signal.SIGKILL)
    terminal.exit_code()
    done = marked.home.run("-c", "-m", "anthropic:sonnet", "-p", "Go on.")
    assert done.returncode == 0
    assert_sound(marked.home.anthropic.chats[0])
    told = json.dumps(marked.home.anthropic.chats[0].body)
    assert told.count("The program ended before a result was there.") == 2


def test_ctrl_c_while_the_arguments_of_a_call_arrive_leaves_no_call(home: Home) -> None:
    call = Call("run_command", {"command": "echo " + "x" * 200}, deltas=20)
    home.openai.answer(Answer("Let me see.", call, pace=0.05, fault=Fault.stall(after=14)))
    terminal = home.open("-m", "openai:gpt-6.1-sol", "--yes").prompt()
    terminal.enter("Look.").sees("writes run_command").type(CTRL_C).sees("nterrupted").prompt()
    terminal.enter("Go on.").sees("Answer 2").prompt()
    assert "function_call" not in json.dumps(home.openai.chats[1].body["input"])
    assert_sound(home.openai.chats[1])
