"""Servers that take long to start (E4), and what is loaded ahead for them."""

import json
import sys
import time
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.mcp_home import SCRIPT
from tests.harness.terminal import Terminal
from tests.wire.answers import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")
GUIDE = ("-m", "offline:guide")


def equip(home: Home, *modes: str, **more: object) -> Path:
    """A server that misbehaves in these ways; returns the file that lets one go on that waits."""
    arguments = ["-S", "-E", SCRIPT, str(home.folder / "faulty"), *modes]
    entry = {"command": sys.executable, "args": arguments, **more}
    (home.folder / "mcp.json").write_text(json.dumps({"mcpServers": {"faulty": entry}}))
    (home.folder / "mcp.json").chmod(0o600)
    return home.folder / "faulty.go"


def test_the_chat_goes_on_without_a_slow_server_whose_tools_join_later(home: Home) -> None:
    go = equip(home, "waits", startup_timeout=600)
    terminal = home.open(*OSS, "--yes").prompt()
    home.groq.answer(Answer("Without tools of it."))
    terminal.enter("Go").sees("waits for the MCP server faulty")
    terminal.sees('The MCP server "faulty" is still starting, for at most 600 seconds.').sees("Without tools of it.")
    terminal.prompt()
    go.touch()
    while "ready" not in terminal.ask("/servers"):
        pass
    home.groq.answer(Answer(Call("faulty__echo", {"text": "hi"})), Answer("Done."))
    terminal.enter("Again").sees("Done.").prompt()
    first, second = (json.dumps(chat.body.get("tools")) for chat in home.groq.chats[:2])
    assert ("faulty__echo" in first, "faulty__echo" in second) == (False, True)
    terminal.sees('The MCP server "faulty" is there now. Its tools have joined: 10.')
    assert terminal.leave() == 0


def test_a_question_without_the_chat_waits_for_a_slow_server_and_says_so(home: Home) -> None:
    go = equip(home, "waits")
    home.groq.answer(Answer(Call("faulty__echo", {"text": "hi"})), Answer("Done."))
    running = home.start("-p", "Go", "--yes", *OSS)
    assert running.stderr is not None
    said = iter(running.stderr.readline, b"")
    assert any(line == b"parlance: Waiting for the MCP server faulty to start.\n" for line in said)
    go.touch()
    out, _ = running.communicate()
    assert (out.decode(), running.returncode) == ("Done.\n", 0)
    assert "faulty__echo" in json.dumps(home.groq.chats[0].body["tools"])


def test_a_question_without_the_chat_goes_on_when_the_limit_of_a_server_is_over(home: Home) -> None:
    equip(home, "silent", startup_timeout=0.5)
    done = home.run("-p", "Go", "--yes", *OSS)
    assert (done.stdout, done.returncode) == ("Answer 1 from groq.\n", 0)
    assert 'The MCP server "faulty" does not run: it was not ready within 0.5 seconds (startup_timeout' in done.stderr


def test_a_tool_that_is_named_and_not_there_because_its_server_is_not_is_told_with_why(home: Home) -> None:
    equip(home, "silent", startup_timeout=0.5)
    done = home.run("-p", "Go", "--tools", "faulty__echo", *OSS)
    assert done.returncode == 2
    assert 'The MCP server "faulty" does not run: it was not ready within 0.5 seconds' in done.stderr
    assert 'There is no tool "faulty__echo".' in done.stderr


class TestWithoutTheExtra:
    """The SDK is not installed: a package in its place says so, as Python itself would."""

    @pytest.fixture
    def lacking(self, home: Home) -> dict[str, str]:
        equip(home)
        (home.folder / "lacking").mkdir()
        missing = """raise ModuleNotFoundError("No module named 'mcp'", name="mcp")"""
        (home.folder / "lacking/mcp.py").write_text(missing)
        return {"PYTHONPATH": str(home.folder / "lacking")}

    def test_a_question_is_answered_and_what_to_install_is_said_once(self, home: Home, lacking: dict[str, str]) -> None:
        done = home.run("-p", "Go", "--yes", *OSS, env=lacking)
        assert (done.stdout, done.returncode) == ("Answer 1 from groq.\n", 0)
        (said,) = [line for line in done.stderr.splitlines() if "does not run" in line]
        assert "is not installed (mcp). Install it with: python -m pip install" in said
        assert "[mcp]" in said

    def test_the_chat_starts_without_a_word_and_says_it_where_a_server_is_wanted(
        self, home: Home, lacking: dict[str, str]
    ) -> None:
        terminal = home.open(*OSS, "--yes", env=lacking, cold=True).prompt()
        terminal.enter("Go").sees("is not installed (mcp)").sees("Answer 1 from groq.").prompt()
        terminal.enter("/mcp restart faulty").sees("is not installed (mcp)").prompt()
        assert "Traceback" not in terminal.text
        assert terminal.leave() == 0


needs_proc = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="what is loaded is seen in /proc")


def loaded(terminal: Terminal) -> bool:
    """Whether the program has loaded what only the SDK of MCP needs."""
    return "cryptography" in Path(f"/proc/{terminal.pid}/maps").read_text()


@needs_proc
def test_the_sdk_is_loaded_ahead_where_there_is_a_server(home: Home) -> None:
    equip(home)
    terminal = home.open(*GUIDE, cold=True).prompt()
    while not loaded(terminal):  # nothing on the screen tells of it
        time.sleep(0.02)
    assert not (home.folder / "faulty").exists(), "no server is started"
    assert terminal.leave() == 0


@needs_proc
@pytest.mark.parametrize("disabled", [True, False])
def test_nothing_is_loaded_ahead_where_there_is_none(home: Home, disabled: bool) -> None:
    if disabled:
        equip(home, disabled=True)
    terminal = home.open(*GUIDE, cold=True).prompt()
    terminal.enter("hello").sees("offline:guide").prompt()
    assert not loaded(terminal)
    assert terminal.leave() == 0
