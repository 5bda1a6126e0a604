"""What a call leaves on the screen: one line, its output folded, and a live line while it runs."""

import re

import pytest
from msgspec.structs import replace

from modules.chat.looks.theme import colored
from modules.chat.looks.themes import Themes
from modules.chat.output.tool_lines import FAILED, NOT_RUN, brief, folded, mark_of
from modules.llm.parts import Image, Text, ToolCall, ToolResult
from modules.session.turns.tool_calls import DECLINED
from tests.harness.fake_tools import equip
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C
from tests.wire import Answer, Call, Usage

USUAL = Themes(lambda: ("auto", "auto"), None, lambda name: "").current
OSS = ("-m", "groq:gpt-oss-120b")


@pytest.fixture
def equipped(home: Home) -> Home:
    return equip(home)


class TestACall:
    def test_is_one_line_with_its_number_and_folded_output(self, equipped: Home) -> None:
        equipped.groq.answer(Answer("Look.", Call("add", {"a": 2, "b": 3}), Call("lines", {"count": 20})), "Done.")
        equipped.groq.answer(Answer(Call("boom")), Answer("Again done."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("Done.").prompt()
        rows = terminal.rows
        at = rows.index("✓ #1 add  2 b=3")
        assert rows[at - 2 : at + 2] == ["Look.", "", "✓ #1 add  2 b=3", "  5"]
        terminal.sees("✓ #2 lines 20 line 1 line 2 line 3 … 17 more lines, /tool 2 shows all")
        terminal.enter("Go on").sees("✗ #3 boom It went wrong.").sees("Again done.").prompt()

    def test_that_changed_a_file_leaves_the_difference_on_the_screen(self, equipped: Home) -> None:
        for new in ("one", "\n".join(f"row {n}" for n in range(100))):
            call = Call("edit_file", {"path": "a.py", "new": new})
            equipped.groq.answer(Answer(call), Answer(f"Done {len(new)}."))
        terminal = equipped.open(*OSS, "--allow", "edit_file").prompt()
        terminal.enter("Go").sees("✓ #1 edit_file a.py changed @@ -1 +1 @@ -old +one Done 3.").prompt()
        terminal.enter("Go on").sees("-old +row 0 +row 1").sees("+row 57 … 42 more lines, /tool 2 shows all").prompt()
        assert "+row 99" not in terminal.text
        terminal.enter("/tool 2").sees("+row 98 +row 99").prompt()
        assert colored("  +one", "added", USUAL).encode() in terminal.raw
        assert colored("  -old", "removed", USUAL).encode() in terminal.raw

    def test_keeps_its_number_when_the_conversation_goes_on_later(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("add", {"a": 1, "b": 1})), Answer("Two."))
        equipped.groq.answer(Answer(Call("add", {"a": 2, "b": 2})), Answer("Four."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("Two.").prompt()
        assert terminal.leave() == 0
        terminal = equipped.open("-c").prompt()
        assert "\n> Go\n\n✓ #1 add  1 b=1\n\nTwo.\n" in terminal.text, "and is recalled where it stood"
        terminal.enter("Go on").sees("✓ #2 add 2 b=2").sees("Four.").prompt()

    @pytest.mark.parametrize("columns", [40, 80, 200])
    def test_fits_a_line_at_any_width(self, equipped: Home, columns: int) -> None:
        text = "日本 word " * 100
        equipped.groq.answer(Answer(Call("lines", {"count": 9, "text": text})), Answer(Call("linse")), Answer("Done."))
        terminal = equipped.open(*OSS, columns=columns).prompt()
        terminal.enter("Go").sees("Done.").prompt()
        rows = terminal.rows
        at = next(at for at, row in enumerate(rows) if row.startswith("✓ #1 lines"))
        assert rows[at + 4].startswith("  … 6 more lines, /tool 1 shows all"[: columns - 2])
        assert all(row.startswith("  ") for row in rows[at + 1 : at + 5])
        terminal.sees('✗ #2 linse There is no tool "linse". Did you mean lines?')  # why it failed is not cut

    def test_that_runs_is_told_in_a_live_line_that_leaves_no_trace(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("slow", {"seconds": 1.6}), Call("slow", {"seconds": 1.2})), Answer("Done."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("2 tools run: slow 1 s · half way · Ctrl+C stops").sees("Done.").prompt()
        assert "Ctrl+C stops" not in terminal.text
        assert re.search(r"#1 slow  1.6  1\.\d s[\s\S]*#2 slow  1.2  1\.\d s", terminal.text), "as they were called"

    def test_that_is_interrupted_says_so_and_the_turn_goes_on_with_continue(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("slow", {"seconds": 60}), Call("boom")), Answer("I see."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("half way").type(CTRL_C)
        terminal.sees("Interrupted by the user after").sees("The results are kept. /continue goes on").prompt()
        terminal.enter("/continue").sees("I see.").prompt()
        roles = [message["role"] for message in equipped.groq.chats[1].body["messages"]]
        assert roles == ["user", "assistant", "tool", "tool"]

    def test_that_is_being_written_is_only_waited_for(self, equipped: Home) -> None:
        call = Call("lines", {"count": 1, "text": "x" * 40}, deltas=12)
        equipped.openai.answer(Answer(call, pace=0.1), Answer("Done."))
        terminal = equipped.open("-m", "openai:gpt-6.1-sol").prompt()
        terminal.enter("Go").sees("writes lines …").sees("Done.").prompt()
        assert "writes lines" not in terminal.text

    def test_cannot_touch_the_terminal(self, equipped: Home) -> None:
        evil = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b2J\u202eevil"
        equipped.groq.answer(Answer(Call("lines", {"count": 2, "text": evil})), Answer("Done."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("Done.").prompt().enter("/tool 1").sees("Result:").prompt()
        for forbidden in (b"\x1b]52", b"\x1b[2J", b"\x9b2J", "\u202e".encode(), b"\x07"):
            assert forbidden not in terminal.raw

    def test_holds_no_escape_sequence_where_none_is_wanted(self, equipped: Home) -> None:
        equipped.groq.answer(Answer("ALPHA", Call("add", {"a": 1, "b": 1}), Call("boom")), Answer("OMEGA"))
        terminal = equipped.open(*OSS, env={"TERM": "dumb"}).prompt()
        terminal.enter("Go").sees("✓ #1 add").sees("✗ #2 boom").sees("OMEGA").prompt()
        assert b"\x1b" not in terminal.raw[terminal.raw.index(b"ALPHA") : terminal.raw.index(b"OMEGA")]

    def test_is_recalled_as_it_came_out_and_many_are_counted(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("add", {"a": 0, "b": 0})), "Zero.")
        equipped.groq.answer(Answer("I look.", Call("boom"), Call("run_command", {"command": "date"})))
        equipped.groq.answer(Answer(*(Call("add", {"a": n, "b": n}) for n in range(9))), "All done.", "Bye.")
        for at, said in enumerate(("Zero", "Go", "Leave")):  # nobody is there to ask, so the command is declined
            assert equipped.run(*("-c",) * bool(at), "-p", said, *OSS, "--tools", "all").returncode == 0
        terminal = equipped.open("-r", equipped.ids()[0], columns=40).prompt()
        rows = terminal.rows
        at = rows.index("I look.")
        assert rows[at - 2 : at + 12] == [
            "> Go", "", "I look.", "", "✗ #2 boom", "– #3 run_command  date  declined",
            *(f"✓ #{n + 4} add  {n} b={n}" for n in range(4)), "… 5 more calls, up to #12", "", "All done.", "",
        ]  # fmt: skip
        assert "#1 add" not in terminal.text, "an earlier turn is not recalled, and counts all the same"


class TestATurn:
    def test_is_summed_in_one_line(self, equipped: Home) -> None:
        equipped.groq.answer(
            Answer(Call("add", {"a": 1, "b": 1}), usage=Usage(1000, 10)), Answer("Two.", usage=Usage(2000, 20))
        )
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("1 tool call · 3k in, 30 out").prompt()

    def test_that_pauses_says_why_and_how_it_goes_on_with_any_model(self, equipped: Home) -> None:
        (equipped.folder / "settings.toml").write_text("[tools]\nsteps = 1\n")
        equipped.groq.answer(Answer(Call("add", {"a": 1, "b": 1})))
        equipped.openai.answer(Answer("Two."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("asked 1 times in this turn. /continue goes on, with any model.").prompt()
        terminal.enter("/model openai:gpt-6.1-sol").sees("1 tool call carry over").prompt()
        terminal.enter("/continue").sees("Two.").prompt()

    def test_is_taken_back_whole(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("add", {"a": 1, "b": 1})), Answer("Two."), Answer("Fine."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("Two.").prompt().enter("/undo").sees("Taken back.").prompt("Go")
        terminal.type("\r").sees("Fine.").prompt()
        assert len(equipped.groq.chats[2].body["messages"]) == 1

    def test_whose_second_request_fails_keeps_the_results(self, equipped: Home) -> None:
        from tests.wire import Status

        equipped.groq.answer(Answer(Call("add", {"a": 1, "b": 1})), Status(400, message="No."), Answer("Two."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").sees("says: No.").sees("The results are kept. /continue goes on").prompt()
        terminal.enter("What now?").sees("Two.").prompt()
        assert equipped.groq.chats[2].body["messages"][-1]["content"] == "What now?"


def test_a_call_in_brief_is_one_clean_line() -> None:
    assert brief(ToolCall("c", "t", '{"path": "a\\nb", "deep": {"x": ["é", 1]}}')) == 'a b deep={"x": ["é", 1]}'
    assert brief(ToolCall("c", "t", '{"all": true, "one": null, "text": ""}')) == 'all=true one=null text=""'
    assert brief(ToolCall("c", "t", '{"at": 2, "b": 1.5}')) == "2 b=1.5"
    many = brief(ToolCall("c", "t", f'{{"edits": {[*range(999)]}, "path": "a.py"}}'))
    assert many.startswith("edits=[0, 1, 2, ")
    assert many.endswith("… path=a.py"), "what follows a long list is seen"
    assert len(many) < 100
    assert brief(ToolCall("c", "t", "not\njson\x1b")) == "not json␛"
    assert brief(ToolCall("c", "t", "")) == ""


def test_of_a_failure_the_last_lines_are_shown() -> None:
    failure = ToolResult("c", (Text("\n".join(map(str, range(1, 10)))),), is_error=True)
    assert folded(failure, 4) == ["… 6 lines before, /tool 4 shows all", "7", "8", "9"]


def test_one_line_more_is_shown_rather_than_counted() -> None:
    result = ToolResult("c", (Text("1\n2\n3\n4\n"), Image("image/png", "")))
    assert folded(ToolResult("c", (Text("1\n2\n3\n4\n"),)), 1) == ["1", "2", "3", "4"]
    assert folded(result, 7)[-1] == "… 2 more lines, /tool 7 shows all"
    assert folded(ToolResult("c", ()), 1) == []


def test_a_tool_that_ran_cannot_say_that_it_did_not() -> None:
    said = ToolResult("call_1", (Text(f"{DECLINED} The user says: never"),), is_error=True)
    assert (mark_of(replace(said, ran=False)), mark_of(said)) == (NOT_RUN, FAILED)
