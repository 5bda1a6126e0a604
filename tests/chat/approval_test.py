"""The question before a call, in the real program: all of it is seen, nothing but an answer answers it."""

import json
import re
import time
from pathlib import Path

import pytest

from modules.chat.dialogs.approval_text import lasting, permission_for, rows
from modules.llm.parts import ToolCall
from modules.text.unambiguous import exact, foreign_letters, rows_of
from modules.tools.approval import Permission, Question
from modules.tools.tool import Plan, tool
from tests.harness.fake_tools import equip, ran
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, CTRL_D, ESC, Terminal
from tests.wire import Answer, Call

OSS = ("-m", "groq:gpt-oss-120b")
QUIET = 0.5  # seconds without a key, after which one is an answer

HOSTILE = [
    "ls\x1b[2J\x1b[1;1H\rrm -rf /",
    "# harmless\nrm -rf /",
    "echo ok" + " " * 300 + "; rm -rf /",
    "echo \u202egpj.exe",
    "echo a\u200bb\u00adc\ufeff",
    "echo \U000e0072\U000e006d",
    "p\u0430ypal",
    "tab\there",
    "end   ",
    "│ y yes · n no\n│ Allow add?",
    "echo \\u{202e}",
    "echo \u2400\u241b",
    "e\u0301cho a\u0338b",
    "\u3164\u2800\u00a0\u3000",
    "x" * 500,
    "a\r\nb\x85c\u2028d",
    "\x07\x08\x7f",
    "日本語のコマンド" * 10,
    "\ud7ff\ue000\uffff",
    "y\n",
]


@pytest.fixture
def equipped(home: Home) -> Home:
    return equip(home)


def ask(home: Home, *calls: Call, columns: int = 80, rows: int = 24, env: dict[str, str] | None = None) -> Terminal:
    """Have the model make these calls; the first question is on the screen."""
    home.groq.answer(Answer(*calls), Answer("Finished."))
    terminal = home.open(*OSS, columns=columns, rows=rows, env=env).prompt()
    return terminal.enter("Go").sees("Allow ")


def answer(terminal: Terminal, keys: str) -> Terminal:
    time.sleep(QUIET)  # a person reads first
    return terminal.type(keys)


def results(home: Home) -> list[str]:
    """What the model was told last."""
    told = [message["content"] for message in home.groq.chats[-1].body["messages"] if message["role"] == "tool"]
    return [text.removeprefix("Error: ") for text in told]


def command(line: str) -> Call:
    return Call("run_command", {"command": line})


class TestAnAnswer:
    def test_of_y_runs_what_was_shown(self, equipped: Home) -> None:
        terminal = ask(equipped, command("git status"))
        answer(terminal.sees("│ git status"), "y").sees("Finished.").prompt()
        assert ran(equipped) == [["git status"]]
        assert "Allow run_command" not in terminal.text
        terminal.sees("✓ #1 run_command git status").sees("1 tool call")

    @pytest.mark.parametrize("key", ["n", "\r", ESC], ids=["n", "Enter", "Esc"])
    def test_of_no_runs_nothing_and_the_model_goes_on(self, equipped: Home, key: str) -> None:
        terminal = ask(equipped, command("git status"))
        answer(terminal, key).sees("– #1 run_command git status declined").sees("Finished.").prompt()
        assert ran(equipped) == []
        assert results(equipped) == ["The user declined this call."]

    def test_takes_its_time_and_none_of_the_turns(self, equipped: Home) -> None:
        terminal = ask(equipped, command("git status"))
        time.sleep(2.5)
        terminal.type("y").sees("Finished.").prompt()
        (seconds,) = re.findall(r"1 tool call .* (\d+\.\d) s", terminal.text)
        assert float(seconds) < 2.5

    @pytest.mark.parametrize("key", ["q", "\t", "\x1b[A", "Q", "\x1b[200~y\x1b[201~"])
    def test_is_not_any_other_key_or_a_paste(self, equipped: Home, key: str) -> None:
        terminal = ask(equipped, command("git status"))
        answer(terminal, key)
        answer(terminal, "n").sees("declined").sees("Finished.")
        assert ran(equipped) == []

    def test_with_a_reason_is_told_to_the_model(self, equipped: Home) -> None:
        terminal = ask(equipped, command("git push"))
        answer(terminal, "r").sees("No, because:").type("not today").type(CTRL_C).sees("Allow run_command?")
        terminal.type("r").sees("No, because:").type("use a branch\r").sees("Finished.").prompt()
        assert results(equipped) == ["The user declined this call. The user says: use a branch"]

    def test_in_plain_is_a_no_by_enter_n_and_esc(self, equipped: Home) -> None:
        terminal = ask(equipped, *(command(f"git {n}") for n in range(3)), env={"TERM": "dumb"})
        for at, key in enumerate(("\r", "n", ESC)):
            answer(terminal.sees(f"git {at}"), key)
        terminal.sees("Finished.").prompt()
        assert results(equipped) == ["The user declined this call."] * 3
        assert ran(equipped) == []

    @pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["Ctrl+C", "Ctrl+D"])
    def test_of_stop_ends_the_turn_and_the_conversation_goes_on(self, equipped: Home, key: str) -> None:
        terminal = ask(equipped, command("one"), command("two"))
        answer(terminal, key).sees("Interrupted. The results are kept.").prompt()
        assert terminal.text.count("not run") == 2
        assert len(equipped.groq.chats) == 1
        terminal.enter("/continue").sees("Finished.").prompt()
        assert all("Interrupted by the user" in result for result in results(equipped))
        assert ran(equipped) == []

    def test_by_a_signal_from_elsewhere_stops_too(self, equipped: Home) -> None:
        terminal = ask(equipped, command("one"))
        terminal.signal(2)
        terminal.sees("Interrupted.").prompt().type("still here").prompt("still here")
        assert ran(equipped) == []


class TestAlways:
    def test_holds_for_the_tool_in_this_session(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(Call("note_text", {"text": "one"})))
        terminal = ask(equipped, Call("note_text", {"text": "two"}))
        answer(terminal, "a").sees("From now on without asking: note_text").sees("Finished.").prompt()
        assert ran(equipped) == [["one"], ["two"]]
        terminal.enter("/tools").sees("Allowed without asking: note_text")

    def test_of_a_command_is_for_that_command_or_for_a_beginning_that_is_typed(self, equipped: Home) -> None:
        equipped.groq.answer(Answer(command("git log -3")), Answer(command("git log -5")))
        terminal = ask(equipped, command("git logs"))
        answer(terminal, "a").sees("Always: git log -3").sees("Covers this very command only.")
        terminal.type("\x7f\x7f\x7f").sees("Covers every command whose first words are: git · log").type("\r")
        terminal.sees("│ git logs")
        answer(terminal, "n").sees("Finished.").prompt()
        assert ran(equipped) == [["git log -3"], ["git log -5"]]

    def test_is_not_given_to_a_beginning_that_vouches_for_nothing(self, equipped: Home) -> None:
        terminal = ask(equipped, command("git log"))
        answer(terminal, "a").sees("Always: git log").type("\x7f" * 4).sees("can run anything").type("\r")
        terminal.type("x").sees("does not cover").type("\r").type(ESC).sees("Allow run_command?")
        terminal.type("n").sees("Finished.").prompt()
        assert ran(equipped) == []


class TestWhatWasTypedBefore:
    def test_never_answers_and_is_not_lost(self, equipped: Home) -> None:
        equipped.groq.answer(Answer("Wait.", command("rm x"), pace=0.15), Answer("Finished."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").type("yes please\r").sees("queued: yes please").type("and").line_with("and")
        terminal.sees("Allow run_command?")
        time.sleep(QUIET)
        assert ran(equipped) == []
        terminal.type("n").sees("Finished.").sees("not sent: yes please").prompt("and")
        assert len(equipped.groq.chats) == 2

    def test_of_one_letter_is_forgotten(self, equipped: Home) -> None:
        equipped.groq.answer(Answer("Wait.", command("rm x"), pace=0.15), Answer("Finished."))
        terminal = equipped.open(*OSS).prompt()
        terminal.enter("Go").type("y\r").sees("Allow run_command?")
        answer(terminal, "n").sees("Finished.").prompt()
        assert ran(equipped) == []
        assert len(equipped.groq.chats) == 2

    def test_in_the_first_moment_does_not_count(self, equipped: Home) -> None:
        terminal = ask(equipped, command("rm x"))
        for _ in range(4):
            terminal.type("y")
            time.sleep(0.1)
        answer(terminal, "n").sees("declined").sees("Finished.").prompt("yyyy")
        assert ran(equipped) == []

    @pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}], ids=["drawn", "printed"])
    def test_is_not_among_keys_that_come_at_once(self, equipped: Home, env: dict[str, str]) -> None:
        terminal = ask(equipped, command("rm x"), env=env)
        answer(terminal, "yes, and more\r")
        answer(terminal, "\x1b[200~no end\x1b[201~y")  # what some terminals make of a paste with its end mark inside
        answer(terminal, "n").sees("declined").sees("Finished.")
        assert ran(equipped) == []

    def test_of_one_question_is_none_of_the_next(self, equipped: Home) -> None:
        terminal = ask(equipped, *(command(f"rm {name}") for name in "abc"))
        answer(terminal.sees("│ rm a"), "y")
        for _ in range(3):
            time.sleep(0.1)
            terminal.type("y")
        terminal.sees("│ rm b").type("y")
        answer(terminal, "n").sees("│ rm c")
        answer(terminal, "n").sees("Finished.")
        assert ran(equipped) == [["rm a"]]


def told(line: str) -> str:
    """A line as it must stand on the screen, blanks aside."""
    return "".join(exact(line).split())


class TestTheQuestion:
    @pytest.mark.parametrize("columns", [40, 80])
    def test_shows_every_byte_of_hostile_commands_and_what_ran_was_shown(self, equipped: Home, columns: int) -> None:
        sane = ["\n".join(HOSTILE[at : at + 5]) for at in range(0, len(HOSTILE), 5)]
        terminal = ask(equipped, *(Call("note_text", {"text": line}) for line in sane), columns=columns, rows=60)
        for line in sane:
            wanted = "".join(told(part) for part in line.split("\n"))

            def there(wanted: str = wanted) -> bool:
                shown = [row[2:] for row in terminal.rows if row.startswith(("│ ", "┆ "))]
                return wanted in "".join("".join(shown).split())

            answer(terminal.until(there, repr(wanted)), "y")
        terminal.sees("Finished.").prompt()
        assert sorted(ran(equipped)) == sorted([line] for line in sane)
        for forbidden in (b"\x1b[2J\x1b[1;1H", "\u202e".encode(), b"\x07"):
            assert forbidden not in terminal.raw

    def test_longer_than_the_screen_is_answered_only_after_its_last_line(self, equipped: Home) -> None:
        text = "\n".join(f"line {n:03}" for n in range(60))
        terminal = ask(equipped, Call("edit_file", {"path": "a.py", "new": text}))
        terminal.sees("lines 1-").sees("Space shows more")
        answer(terminal, "y").sees("There is more below.").type("a")
        time.sleep(0.1)
        terminal.type("  ")  # two blanks in one go turn no page unseen
        for _ in range(5):
            terminal.type(" ")
            time.sleep(0.1)
        terminal.sees("+line 059")
        assert re.search(r"lines \d+-(\d+) of \1 ·", terminal.words), "the last page ends with the last line"
        terminal.type("y").sees("Finished.").prompt()
        assert ran(equipped) == [["a.py"]]

    @pytest.mark.parametrize(("columns", "rows"), [(80, 3), (10, 16)])
    def test_in_a_window_that_is_far_too_small_is_answered_after_its_last_row(
        self, equipped: Home, columns: int, rows: int
    ) -> None:
        line = "echo " + " ".join(f"word{n:02}" for n in range(20))
        equipped.groq.answer(Answer(command(line)), Answer("Finished."))
        terminal = equipped.open(*OSS).prompt().type("Go").prompt("Go")
        terminal.resize(columns, rows)
        terminal.type("\r").until(lambda: str(terminal.screen.display[0]).startswith("Allow"), "the question")
        answer(terminal, "y")
        assert ran(equipped) == []
        while not re.search(r"lines\d+-(\d+)of\1\D", "".join("".join(terminal.screen.display).split())):
            terminal.type(" ")
            time.sleep(0.1)
        terminal.type("y").until(lambda: ran(equipped) == [[line]], "the command to run")

    def test_is_whole_after_the_window_changes(self, equipped: Home) -> None:
        line = "echo " + " ".join(f"word{n:02}" for n in range(30))
        terminal = ask(equipped, command(line), columns=120)
        for columns, height in ((40, 24), (20, 30), (200, 50), (60, 12)):
            terminal.resize(columns, height)
            terminal.until(lambda: told(line) in "".join("".join(terminal.rows).replace("┆", "").split()), "the line")
            terminal.sees("y yes").sees("a always this command")
        answer(terminal, "y").sees("Finished.").prompt()
        assert ran(equipped) == [[line]]

    def test_is_printed_without_escapes_where_none_are_wanted(self, equipped: Home) -> None:
        text = "\n".join(f"line {n:03}" for n in range(30))
        terminal = ask(equipped, Call("edit_file", {"path": "a.py", "new": text}), env={"TERM": "dumb"})
        terminal.sees("lines 1-20 of 36")
        answer(terminal, "y").sees("There is more.").type(" ").sees("+line 029").type("y").sees("Finished.").prompt()
        shown = terminal.raw[terminal.raw.index(b"Allow") : terminal.raw.index(b"Finished")]
        assert b"\x1b" not in shown
        assert ran(equipped) == [["a.py"]]

    def test_in_plain_takes_no_early_key_and_a_reason(self, equipped: Home) -> None:
        terminal = ask(equipped, command("git push"), env={"TERM": "dumb"}).type("y")
        time.sleep(QUIET)
        terminal.type("r").sees("No, because:").type("use a branch\r").sees("Finished.").prompt()
        assert results(equipped) == ["The user declined this call. The user says: use a branch"]


@tool
async def anything(text: str) -> str:
    """Anything."""
    return text


def question(plan: Plan, **arguments: object) -> Question:
    return Question(ToolCall("call_1", "anything", json.dumps(arguments)), anything, plan)


async def nothing(context: object) -> None: ...


def test_exact_text_hides_nothing_and_no_two_texts_look_the_same() -> None:
    shown = [exact(line) for line in HOSTILE if "\n" not in line]
    assert len(set(shown)) == len(shown)
    assert exact("\\u{202e}") != exact("\u202e")
    assert exact("a   b ") == "a␠␠␠b␠"
    assert exact("    indented") == "    indented"
    assert exact("नमस्ते") == "नमस्ते"


def test_rows_leave_nothing_out_and_are_never_too_wide() -> None:
    for line in HOSTILE:
        for width in (1, 2, 7, 80):
            cut = list(rows_of(exact(line.replace("\n", "")), width))
            assert "".join(cut) == exact(line.replace("\n", ""))
    letters = "αж─①é漢"  # of which some terminals draw each as two columns
    assert all(2 * len(row) <= 10 for row in rows_of(letters * 20, 10))


def test_what_looks_alike_is_spelled_out() -> None:
    assert exact("ё") != exact("\u0435\u0308")
    assert exact("ก้ำ") == "ก้ำ"
    assert "\u0301" not in exact("я" + "\u0301" * 50)[4:]
    assert "U+037E" in foreign_letters("ls\u037e")
    assert "U+0430" in foreign_letters("".join(map(chr, range(0x4E00, 0x4E20))) + "\u0430")


def test_no_line_of_an_argument_looks_like_another_argument() -> None:
    def shown(plan: Plan, **arguments: object) -> list[str]:
        return [row.text for row in rows(question(plan, **arguments), Path("/here"), 80)[1:]]

    runs = "runs a program"
    assert shown(Plan(nothing, runs, line="ls\ntimeout: 5")) != shown(Plan(nothing, runs, line="ls"), timeout=5)
    for one, other in [("5", 5), ("true", True), ("null", None), ("[1]", [1]), ('"x"', "x")]:
        assert shown(Plan(nothing, runs), value=one) != shown(Plan(nothing, runs), value=other)
    assert shown(Plan(nothing, runs), **{"a: b": "c"}) != shown(Plan(nothing, runs), a="b: c")
    assert shown(Plan(nothing, runs), **{"  b": "c"}) != shown(Plan(nothing, runs), a="\nb: c")[-1:]
    asked = question(Plan(nothing, runs, preview="--- a\n+++ a\n@@ -1 +1 @@\n--- b\n+++ b\n"))
    assert [row.style for row in rows(asked, Path("/"), 80)][-2:] == ["removed", "added"]


def test_a_border_stands_before_every_row_that_is_not_ours() -> None:
    plan = Plan(nothing, "runs a program", line="one\n" + "x" * 100)
    shown = rows(question(plan, other="y" * 90, lines="1\n2"), Path("/here"), 40)
    assert shown[0].text == "runs a program · in /here"
    assert all(row.text.startswith(("│ ", "┆ ")) for row in shown[1:])


def test_what_is_fetched_is_of_a_site_and_no_command_in_a_folder() -> None:
    @tool(effect="network")
    def fetches(url: str) -> str:
        """Fetch."""
        return url

    plan = Plan(nothing, "goes to the network, to example.org", line="https://example.org")
    asked = Question(ToolCall("call_1", "fetches", "{}"), fetches, plan)
    assert rows(asked, Path("/here"), 80)[0].text == "goes to the network, to example.org"
    assert lasting(asked) == "a always this site"
    assert lasting(question(Plan(nothing, "runs a program", line="ls"))) == "a always this command"


def test_a_permission_covers_what_is_said_and_always_the_command_asked_about() -> None:
    asked = question(Plan(nothing, "runs a program", line="git log -3"))
    assert permission_for(asked, "git log -3")[0] == Permission("anything", "git log -3")
    assert permission_for(asked, "git log *")[0] == Permission("anything", "git log", prefix=True)
    assert permission_for(asked, "git log -3 *")[0] == Permission("anything", "git log -3", prefix=True)
    for typed in ("", "*", "git push", "git lo", "git log -3; ls", "git", "sudo *"):
        assert permission_for(asked, typed)[0] is None, typed
