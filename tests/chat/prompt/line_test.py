"""The line that stays: what is typed, pasted and entered while something runs, and what becomes of it."""

import time

import pytest

from tests.harness.fake_tools import equip, ran
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, CTRL_D, CTRL_J, ESC, UP, Terminal
from tests.wire import Answer, Call, Fault, Status

OSS = ("-m", "groq:gpt-oss-120b")
SLOW = Answer(" ".join(f"word{n}" for n in range(120)), pace=0.015)
LATE = Answer("Late", fault=Fault.slow_headers(30))
REPORTS = ("\x1b[?62;22c", "\x1b]11;rgb:0000/0000/0000\x07", "\x1b[I", "\x1b[<0;3;4M", "\x1b[?1u")
QUIET = 0.5  # seconds without a key, after which one is an answer


def asked(home: Home) -> list[str]:
    """The last message of every request that the server saw."""
    return [request.body["messages"][-1]["content"] for request in home.groq.chats]


def in_an_answer(home: Home, *after: Answer | Status, columns: int = 80) -> Terminal:
    """The program in the middle of a long answer to "Count"; `after` answers what is asked behind it."""
    home.groq.answer(SLOW, *after)
    return home.open(*OSS, columns=columns).prompt().enter("Count").sees("word9")


class TestWhileAnAnswerComes:
    def test_the_line_is_edited_completed_and_taken_from_the_history(self, home: Home) -> None:
        terminal = in_an_answer(home)
        terminal.type("helo\x1b[Dl").line_with("hello").type("\x01\x0b/mode").sees("/model Go on with")
        terminal.type("\x05\x15")
        terminal.line_with("").type(UP).line_with("Count").type("\x01\x0bover").line_with("over")
        terminal.sees("word119").prompt("over")
        assert asked(home) == ["Count"]
        assert [n for n in range(120) if terminal.words.count(f"word{n} ") != 1] == []

    def test_what_is_entered_is_queued_and_follows_in_its_order(self, home: Home) -> None:
        terminal = in_an_answer(home)
        for number in range(1, 6):
            terminal.enter(f"message {number}").line_with("")
        terminal.sees("queued: message 1 queued: message 2 queued: message 3 and 2 more")
        terminal.sees("Answer 6 from groq.").prompt()
        assert asked(home) == ["Count", *(f"message {number}" for number in range(1, 6))]
        assert "queued" not in terminal.text
        assert [terminal.rows.count(f"> message {number}") for number in range(1, 6)] == [1] * 5

    def test_up_takes_the_last_one_back(self, home: Home) -> None:
        terminal = in_an_answer(home)
        terminal.type("one\r").sees("queued: one").type("two\r").sees("queued: two")
        terminal.type(UP).line_with("two").type(" and a half\r").sees("queued: two and a half")
        terminal.type("draft").line_with("draft").type(UP).sees("queued: one queued: two and a half")
        terminal.sees("Answer 3 from groq.")
        assert asked(home) == ["Count", "one", "two and a half"]

    def test_a_paste_of_lines_is_one_message(self, home: Home) -> None:
        terminal = in_an_answer(home)
        terminal.paste("one\ntwo\r\nthree\rfour\nfive\n").sees("· five").type("\r").sees(
            "queued: one two three four five"
        )
        terminal.sees("Answer 2 from groq.").prompt()
        assert asked(home) == ["Count", "one\ntwo\nthree\nfour\nfive\n"]

    def test_a_paste_without_marks_is_one_message(self, home: Home) -> None:
        terminal = in_an_answer(home)
        terminal.type("def f():\r\treturn 1\rend\r").sees("Answer 2 from groq.").prompt()
        assert asked(home) == ["Count", "def f():\n\treturn 1\nend"]

    def test_a_new_line_is_a_new_line(self, home: Home) -> None:
        terminal = in_an_answer(home)
        for key in (CTRL_J, "\x1b\r", "\x1b[13;2u", "\x1b[27;2;13~"):
            terminal.type(f"x{key}")
        terminal.type("end").sees("> x · x · x · x · end").type("\r").sees("Answer 2").prompt()
        assert asked(home) == ["Count", "x\nx\nx\nx\nend"]

    def test_a_queued_command_is_a_command(self, home: Home) -> None:
        terminal = in_an_answer(home)
        terminal.type("/model groq:gpt-oss-20b\r").sees("queued: /model").type("And now?\r")
        terminal.sees("gpt-oss-120b → ").sees("Answer 2 from groq.").prompt()
        assert [request.body["model"] for request in home.groq.chats] == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]

    def test_a_queued_command_that_fails_holds_what_comes_behind_it(self, home: Home) -> None:
        terminal = in_an_answer(home)
        terminal.type("/modle x\r").sees("queued: /modle x").type("And now?\r")
        terminal.sees("There is no command").prompt("And now?")
        assert asked(home) == ["Count"]

    def test_ctrl_d_leaves_when_it_is_over(self, home: Home) -> None:
        terminal = in_an_answer(home).type(CTRL_D).sees("Leaves after this.")
        assert terminal.exit_code() == 0
        assert "word119" in terminal.text


class TestWhatIsStoppedOrFails:
    @pytest.mark.parametrize("key", [CTRL_C, ESC], ids=["Ctrl+C", "Esc"])
    def test_sends_nothing_that_was_queued_and_each_line_stands_by_itself(self, home: Home, key: str) -> None:
        terminal = in_an_answer(home)
        terminal.type("one\r").sees("queued: one").type("two\r").sees("queued: two")
        terminal.type(key).sees("Interrupted").sees("not sent: two").prompt("one")
        for _ in range(10):
            time.sleep(0.02)
        assert asked(home) == ["Count"]
        terminal.type("\r").sees("Answer 2 from groq.").prompt("two")
        assert asked(home)[1].endswith("one")
        terminal.type(CTRL_C).prompt()
        assert len(asked(home)) == 2

    @pytest.mark.parametrize(
        "answer", [Status(400, message="No."), Status(401), Answer(" ")], ids=["400", "401", "empty"]
    )
    def test_is_given_back_beside_what_was_queued(self, home: Home, answer: Answer | Status) -> None:
        home.groq.answer(Status(503, retry_after="1"), answer)
        terminal = home.open(*OSS).prompt().enter("hi").sees("Again in").type("bye\r").sees("queued: bye")
        terminal.sees("not sent: bye").prompt("hi").type(CTRL_C).prompt("bye").type("\r").sees("Answer 3").prompt()
        assert asked(home) == ["hi", "hi", "bye"]

    def test_at_a_dead_server_makes_no_question_of_two(self, home: Home) -> None:
        home.overlay({"ollama": {"base_url": "http://127.0.0.1:9/v1"}})
        terminal = home.open("-m", "ollama:llama3.1").prompt()
        terminal.type("hi\r").sees("> hi").type("bye\r")
        terminal.until(lambda: terminal.line in ("> hi", "> bye") and "Start" in terminal.text, "either in the line")
        assert "hibye" not in terminal.text.replace(" ", "")

    def test_leaves_what_is_being_typed_alone(self, home: Home) -> None:
        home.groq.answer(LATE)
        terminal = home.open(*OSS).prompt().enter("first")
        home.groq.wait_for(1)
        terminal.type("second").line_with("second").type(CTRL_C).sees("Interrupted.").sees("not sent: first")
        terminal.prompt("second").type("\r").sees("Answer 2 from groq.").prompt("first")
        assert asked(home) == ["first", "second"]

    def test_a_command_that_is_typed_at_once_does_not_follow_the_question(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        for word in ("One", "Two"):
            terminal.enter(word).sees("Answer").prompt()
        terminal.type("/undo\r/undo\r").sees("Taken back. 0 questions before it.").prompt("One")
        assert asked(home) == ["One", "Two"]
        terminal.type("/help undo").sees("> /help undo").sees("not sent: One").type("\r")
        terminal.sees("comes back to be edited").prompt("One")


class TestAQuestion:
    def test_takes_the_keys_and_what_was_typed_before_comes_back(self, home: Home) -> None:
        equip(home)
        home.groq.answer(Answer("Wait.", Call("run_command", {"command": "rm x"}), pace=0.15), Answer("Finished."))
        terminal = home.open(*OSS).prompt().enter("Go").type("half a th").line_with("half a th")
        terminal.sees("Allow run_command?")
        assert "half a th" not in terminal.rows[-6:]
        time.sleep(QUIET)
        terminal.type("n").sees("Finished.").prompt("half a th").type("ought").prompt("half a thought")
        assert ran(home) == []
        assert len(home.groq.chats) == 2


class TestALargePaste:
    def test_is_a_block_that_is_whole_when_it_is_sent_and_in_the_history(self, home: Home) -> None:
        text = "\n".join(f"line {n}" for n in range(12_000))
        terminal = home.open(*OSS).prompt().type("Read: ").prompt("Read: ").paste(text)
        terminal.until(lambda: terminal.line == "> Read: [pasted 12,000 lines]", "the block")
        terminal.type("\r").sees("Answer 1 from groq.").prompt()
        assert asked(home) == [f"Read: {text}"]
        assert "> Read: [pasted 12,000 lines]" in terminal.rows
        terminal.type(UP).until(lambda: "[pasted 12,000 lines]" in terminal.line, "the block").type(CTRL_C).prompt()

    def test_is_deleted_as_one(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt().type("a").paste("x\n" * 100)
        terminal.until(lambda: terminal.line == "> a[pasted 100 lines]", "the block").type("\x7f").prompt("a")

    def test_without_what_no_model_needs_says_so(self, home: Home) -> None:
        terminal = (
            home.open(*OSS).prompt().paste("a\x07b\x1b[31mc\x00d").sees("3 control characters left out of the paste.")
        )
        terminal.type("\r").sees("Answer 1").prompt()
        assert asked(home) == ["abcd"]

    def test_whose_end_mark_is_lost_holds_no_key(self, home: Home) -> None:
        terminal = in_an_answer(home).type("\x1b[200~abc").line_with("abc").type("d").line_with("abcd")
        terminal.type(CTRL_C).sees("Interrupted").prompt("abcd")


class TestAWindow:
    @pytest.mark.parametrize(("columns", "rows"), [(10, 3), (20, 4), (40, 6), (200, 60)])
    def test_of_any_size_has_a_line_and_an_answer(self, home: Home, columns: int, rows: int) -> None:
        home.groq.answer(Answer(" ".join(f"w{n}" for n in range(30)), pace=0.02), Answer("Fine."))
        terminal = home.open(*OSS, columns=columns, rows=rows).prompt().type("Hello").line_with("Hello").type("\r")
        terminal.sees("w5").type("next").line_with("next").sees("w29").prompt("next").type("\r").sees("Fine.").prompt()
        assert asked(home) == ["Hello", "next"]
        assert [n for n in range(30) if not 1 <= terminal.words.split().count(f"w{n}") <= 1] == []

    def test_lower_than_a_question_shows_it_whole_above(self, home: Home) -> None:
        lines = [f"line {n} of the question" for n in range(35)]
        terminal = home.open(*OSS, rows=12).prompt().paste("\n".join(lines))
        terminal.until(lambda: terminal.line.endswith(lines[-1]), "the last line").type("\r").sees("Answer 1").prompt()
        assert [terminal.rows.count(("· " if n else "> ") + line) for n, line in enumerate(lines)] == [1] * 35


class TestTheTerminal:
    def test_says_nothing_into_the_line(self, home: Home) -> None:
        terminal = in_an_answer(home)
        for report in REPORTS:
            terminal.type(f"a{report}b").line_with("ab").type("\x15").line_with("")
        terminal.sees("word119").prompt()
        for report in REPORTS:
            terminal.type(f"{report}c").prompt("c").type(f"{report}\x15").prompt()
        assert asked(home) == ["Count"]

    def test_tells_an_alt_key_from_esc(self, home: Home) -> None:
        terminal = in_an_answer(home).type("one two\x1bb\x1b[1;3D\x1b[1;9Cx").line_with("one xtwo")
        terminal.sees("word119").until(lambda: terminal.line == "> one xtwo", "the line")

    def test_swallows_nothing_behind_a_mark(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt().type("one ").prompt("one ").type("\x00two").prompt("one two")
        terminal.type("\x1b[1;2D\x1b[1;2Dx").until(
            lambda: terminal.line == "> one tx", "what was selected to be replaced"
        )

    def test_swallows_nothing_after_esc(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt().type(ESC)
        time.sleep(0.3)
        terminal.type("/help").sees("> /help")
