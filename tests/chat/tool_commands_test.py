"""The commands and flags about tools, typed at the real program."""

import json
import sys
from pathlib import Path

import pytest

from modules.tools.approval import Permission, permission_from
from tests.harness.fake_tools import equip, ran
from tests.harness.home import Home
from tests.harness.mcp_home import SCRIPT
from tests.harness.terminal import CTRL_C
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")


@pytest.fixture
def equipped(home: Home) -> Home:
    return equip(home)


def offered(home: Home, at: int = -1) -> list[str]:
    return [tool["function"]["name"] for tool in home.groq.chats[at].body.get("tools", [])]


class TestTools:
    def test_are_listed_and_switched_by_name_and_star(self, equipped: Home) -> None:
        terminal = equipped.open(*OSS).prompt()
        shown = terminal.ask("/tools").splitlines()
        assert shown[1:3] == ["built in:", "on  add          read, never asks"]
        assert "on  run_command  execute, asks in some cases" in shown
        terminal.enter("/tools off *_*").sees("Off: note_text, run_command, edit_file.").prompt()
        terminal.enter("Hello").sees("Answer 1").prompt()
        assert offered(equipped) == ["add", "lines", "slow", "boom"]
        terminal.enter("/tools on edit_file").sees("On: edit_file.").prompt()
        terminal.enter("/tools on nothing").sees('There is no tool "nothing".').prompt()
        terminal.enter("/tools maybe").sees("is not understood").prompt()
        terminal.enter("Hello").sees("Answer 2").prompt()
        assert "edit_file" in offered(equipped)

    def test_are_off_all_at_once_and_the_bar_says_so(self, equipped: Home) -> None:
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("/tools off").sees("Tools are off.").prompt()
        terminal.until(lambda: terminal.text.endswith("tools off"), "the bar")
        terminal.enter("Hello").sees("Answer 1").prompt()
        assert offered(equipped) == []
        terminal.enter("/tools on").sees("Tools are on.").prompt().enter("Hello").sees("Answer 2").prompt()
        assert "add" in offered(equipped)

    def test_of_ones_own_are_read_again(self, equipped: Home) -> None:
        folder = equipped.folder / "tools"
        folder.mkdir(mode=0o700)
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("/tools").sees("on add").prompt()
        code = 'from modules.tools.tool import tool\n\n@tool\ndef mine() -> str:\n    """Mine."""\n    return "mine"\n'
        (folder / "mine.py").write_text(code)
        (folder / "mine.py").chmod(0o600)
        assert "mine.py: execute, always asks\non  mine" in terminal.ask("/tools reload")

    def test_stand_in_the_next_request_as_wire_shows_it(self, equipped: Home) -> None:
        terminal = equipped.open(*OSS, rows=60).prompt()
        assert '"run_command"' in terminal.ask("/wire")

    def test_that_do_not_ask_with_yes_are_listed_so_and_a_narrow_terminal_cuts_nothing(self, home: Home) -> None:
        text = home.open(*OSS, columns=40, rows=60).prompt().ask("/tools")
        about = "read, asks outside this folder, and\n    for secrets"
        assert f"on  read_file\n    {about}\non  list_files\n    {about}\n" in text
        assert "\non  edit_file     write, always asks\n" in text
        assert "…" not in text
        text = home.open(*OSS, "--yes").prompt().ask("/tools")
        assert "on  edit_file     write, never asks\n" in text
        assert "always" not in text

    def test_that_are_all_off_are_listed_so_and_come_back_as_the_settings_say(self, equipped: Home) -> None:
        (equipped.folder / "settings.toml").write_text('[tools]\non = ["add", "boom"]\n')
        terminal = equipped.open(*OSS, "--tools", "none").prompt()
        shown = terminal.ask("/tools")
        assert "\non " not in shown, "no row says that a tool is offered"
        assert shown.endswith("/tools on switches them on, but not\nlines, slow, note_text and 2 more.")
        terminal.enter("/tools on").sees("Tools are on.").prompt().enter("Hello").sees("Answer 1").prompt()
        assert offered(equipped) == ["add", "boom"]

    @pytest.mark.parametrize(
        ("args", "names"),
        [(("--tools", "add,boom"), ["add", "boom"]), (("--tools", "none"), [])],
    )
    def test_are_chosen_by_a_flag(self, equipped: Home, args: tuple[str, ...], names: list[str]) -> None:
        terminal = equipped.open(*OSS, *args).prompt()
        terminal.enter("Hello").sees("Answer 1").prompt()
        assert offered(equipped) == names

    def test_run_unasked_with_yes_which_is_said_and_as_far_as_allowed(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("run_command", {"command": "one"})), Answer("Done."))
        terminal = equipped.open(*OSS, "--yes").prompt()
        terminal.sees("Every tool may do everything").enter("Go").sees("Done.").prompt()
        equipped.groq.answer(
            Answer(Call("run_command", {"command": "git log -3"}), Call("run_command", {"command": "two"}))
        )
        terminal = equipped.open(*OSS, "--allow", "run_command:git log *").prompt()
        terminal.enter("Go").sees("│ two").type(CTRL_C).sees("Interrupted.").prompt()
        assert ran(equipped) == [["one"]]


class TestAWrongName:
    def test_in_a_flag_is_told_once_when_the_tools_are_known(self, equipped: Home) -> None:
        equipped.groq.answer("One.", "Two.")
        terminal = equipped.open(*OSS, "--tools", "add,bom", "--allow", "run_comand").prompt()
        terminal.enter("Go").sees('There is no tool "bom". Did you mean boom?').sees('There is no tool "run_comand".')
        terminal.prompt().enter("Go on").sees("Two.").prompt()
        assert terminal.text.count('There is no tool "bom".') == 1

    def test_in_the_settings_is_told_too_and_not_only_in_the_chat(self, equipped: Home) -> None:
        (equipped.folder / "settings.toml").write_text('[tools]\non = ["ad"]\n')
        said = 'settings.toml: There is no tool "ad". Did you mean add?'
        equipped.groq.answer("One.", "Two.")
        equipped.open(*OSS).prompt().enter("Go").sees(said).prompt()
        assert said in equipped.run("-p", "Go", *OSS, "--allow", "add").stderr


class TestTool:
    def test_shows_a_call_whole(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("lines", {"count": 6, "text": "a  b"})), Answer("Done."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("Done.").prompt()
        shown = terminal.ask("/tool").splitlines()
        assert shown[1:11] == ["#1 lines", "count: 6", "text: a  b", "Result:", *(f"a  b {n}" for n in range(1, 7))]
        terminal.enter("/tool 2").sees("numbered from 1 to 1").prompt()

    def test_shows_what_the_model_was_not_given(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("lines", {"count": 9000})), Answer("Done."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("Done.").prompt().enter("/tool 1").sees("line 9000").sees("The whole is in").prompt()
        assert "line 5000" in terminal.text

    def test_has_nothing_to_show_at_first(self, equipped: Home) -> None:
        terminal = equipped.open(*OSS).prompt().enter("/tool").sees("No tool has been called here.").prompt()
        assert terminal.leave() == 0
        assert not equipped.groq.chats


class TestContinue:
    def test_asks_for_the_rest_of_an_answer_that_was_cut(self, equipped: Home) -> None:
        equipped.groq.answer(Answer("Half", stop="length"), Answer("and half."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("cut:").prompt().enter("/continue").sees("and half.").prompt()
        told = equipped.groq.chats[1].body["messages"][-1]["content"]
        assert told.startswith("[The answer above, by openai/gpt-oss-120b, is not complete: it reached the model's out")
        terminal.enter("/go").sees("There is nothing to go on with.").prompt()

    def test_of_results_can_fail_and_be_tried_again(self, equipped: Home) -> None:
        from tests.wire import Status

        no = Status(400, message="No.")
        equipped.groq.answer(Answer(Call("add", {"a": 1, "b": 1})), no, no, Answer("Two."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("The results are kept.").prompt().enter("/continue").sees("No.").prompt()
        terminal.enter("/continue").sees("Two.").prompt()


class TestServers:
    def add(self, home: Home, *modes: str) -> None:
        entry = {"command": sys.executable, "args": ["-S", "-E", SCRIPT, str(home.folder / "faulty"), *modes]}
        (home.folder / "mcp.json").write_text(json.dumps({"mcpServers": {"faulty": entry}}))
        (home.folder / "mcp.json").chmod(0o600)

    def test_never_seen_are_waited_for_by_name(self, equipped: Home) -> None:
        silent = {"command": "sleep", "args": ["60"]}
        (equipped.folder / "mcp.json").write_text(json.dumps({"mcpServers": {"silent": silent}}))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("waits for the MCP server silent … 1 s · Ctrl+C stops").type(CTRL_C).prompt("Go")
        assert "waits for" not in terminal.text
        assert not equipped.groq.chats

    def test_are_not_there_at_first(self, equipped: Home) -> None:
        equipped.open(*OSS).prompt().enter("/mcp").sees("There are no MCP servers.").prompt()

    def test_are_listed_started_and_asked_about(self, equipped: Home) -> None:
        self.add(equipped)
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("/mcp").sees("faulty not started tools not known yet").prompt()
        assert not (equipped.folder / "faulty").exists(), "looking starts nothing"
        terminal.enter("/mcp restart faulty").sees("faulty ready").prompt()
        terminal.enter("/tools").sees('MCP server "faulty": execute, always asks on faulty__echo').prompt()
        equipped.groq.answer(Answer(Call("faulty__echo", {"text": "hi"})), Answer("Done."))
        terminal.enter("Go").sees("Allow faulty__echo?").sees('of the MCP server "faulty" │ text: hi')
        terminal.type(CTRL_C).sees("Interrupted.").prompt()
        terminal.enter("/mcp log faulty").prompt().enter("/mcp nonsense").sees("is not understood").prompt()
        terminal.enter("/mcp restart other").sees('There is no MCP server "other"').prompt()
        assert terminal.leave() == 0
        shown = equipped.open(*OSS, columns=40).prompt().ask("/servers").splitlines()
        assert shown[1:3] == ["faulty  not started", f"{'':8}10 tools when last seen"], "nothing is cut"

    def test_offer_prompts_and_resources(self, equipped: Home) -> None:
        self.add(equipped)
        terminal = equipped.open(*OSS).prompt()
        terminal.type("Sum up @faulty:").prompt("Sum up @faulty:")
        assert not (equipped.folder / "faulty").exists(), "completion starts nothing"
        terminal.type(CTRL_C).prompt().enter("/mcp restart faulty").sees("faulty ready").prompt()
        terminal.type("Sum up @faulty:").sees("note://1 A note").type("\t").prompt("Sum up @faulty:note://1 ")
        terminal.type("now\r").sees("Answer 1").prompt()
        assert "Remember the milk." in json.dumps(equipped.groq.chats[0].body["messages"])
        terminal.enter("/mcp prompt").sees("faulty greet who= Greets.").prompt()
        terminal.enter("/mcp resources").sees("@faulty:note://1 A note").prompt()
        terminal.enter("/mcp prompt faulty greet who=Ann").sees("Greet Ann.").type(CTRL_C).prompt()
        terminal.paste("/mcp prompt faulty greet 'who=A\U000e0041\u00adda'").type("\r").sees("Greet Ada.")
        terminal.type(CTRL_C).prompt()
        terminal.enter("@faulty:note://1 What is it?").sees("Answer 2").prompt()
        assert json.dumps(equipped.groq.chats[1].body["messages"]).count("Remember the milk.") == 2
        assert terminal.leave() == 0

    def test_that_change_their_tools_are_trusted_after_the_difference_was_shown(self, equipped: Home) -> None:
        self.add(equipped, "changes")
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("/mcp restart faulty").sees("ready").prompt()
        terminal.enter("/mcp restart faulty").sees("faulty has changed echo").prompt()
        terminal.enter("/mcp accept faulty").sees("and to someone else").sees("typed again").prompt()
        terminal.enter("/mcp accept faulty").sees("Trusted: echo.").prompt()
        assert terminal.leave() == 0


class TestHeadless:
    def test_offers_tools_only_when_told_to(self, equipped: Home) -> None:
        equipped.run("-p", "Hi", *OSS)
        assert offered(equipped) == []
        equipped.run("-p", "Hi", *OSS, "--tools", "add")
        assert offered(equipped) == ["add"]

    def test_denies_what_asks_and_tells_the_model_why(self, equipped: Home) -> None:
        equipped.groq.answer(Answer("First.", Call("run_command", {"command": "ls"}), Call("add", {"a": 1, "b": 2})))
        equipped.groq.answer(Answer("Second."))
        done = equipped.run("-p", "Go", *OSS, "--tools", "all")
        assert (done.stdout, done.returncode) == ("First.\n\nSecond.\n", 0)
        assert "--allow run_command allows it" in done.stderr
        assert "– #1 run_command  ls  declined" in done.stderr
        assert "✓ #2 add  1 b=2" in done.stderr
        told = [message["content"] for message in equipped.groq.chats[1].body["messages"] if message["role"] == "tool"]
        assert "Nobody is there to ask" in told[0]
        assert ran(equipped) == []

    def test_runs_what_is_allowed_and_lists_the_calls_as_json(self, equipped: Home) -> None:
        equipped.groq.answer(
            Answer(Call("run_command", {"command": "git log -1"}), Call("run_command", {"command": "rm x"})),
            Answer("Done."),
        )
        done = equipped.run("-p", "Go", *OSS, "--allow", "run_command:git log *", "--json")
        told = json.loads(done.stdout)
        assert [(call["name"], call["arguments"], call["error"]) for call in told["tools"]] == [
            ("run_command", {"command": "rm x"}, True),
            ("run_command", {"command": "git log -1"}, False),
        ]
        assert told["text"] == "Done."
        assert ran(equipped) == [["git log -1"]]

    def test_with_yes_warns(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("run_command", {"command": "ls"})), Answer("Done."))
        done = equipped.run("-p", "Go", *OSS, "--yes")
        assert "Every tool may do everything without asking (--yes)." in done.stderr
        assert ran(equipped) == [["ls"]]

    def test_refuses_a_tool_that_is_not_there(self, equipped: Home) -> None:
        done = equipped.run("-p", "Go", *OSS, "--allow", "run_comand")
        assert (done.returncode, done.stdout) == (2, "")
        assert 'There is no tool "run_comand". Did you mean run_command' in done.stderr

    def test_that_pauses_says_so_and_fails(self, equipped: Home) -> None:
        (equipped.folder / "settings.toml").write_text("[tools]\nsteps = 1\n")
        equipped.groq.answer(Answer(Call("add", {"a": 1, "b": 1})))
        done = equipped.run("-p", "Go", *OSS, "--tools", "add", "--json")
        assert done.returncode == 1
        assert json.loads(done.stdout)["error"]["kind"] == "Paused"


def test_a_permission_is_read_as_it_is_written(tmp_path: Path) -> None:
    assert permission_from("add") == Permission("add")
    assert permission_from("run_command:git status") == Permission("run_command", "git status")
    assert permission_from("run_command:git log *") == Permission("run_command", "git log", prefix=True)
