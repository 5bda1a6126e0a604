"""The line while something runs: what is typed is seen and kept, and each entered line is sent by itself, or not."""

import signal
import socket
import time

import pytest

from tests.harness.fake_tools import equip, ran
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, ESC, PATIENCE, UP, Terminal
from tests.wire import Answer, Call, Fault, Status

OSS = ("-m", "groq:gpt-oss-120b")
FOREVER = Answer(" ".join(f"word{n}" for n in range(3000)), pace=0.01)
STUCK = Answer("It begins and", fault=Fault.stall(after=3))
REFUSED = Status(400, message="No.")
BUSY = Status(429, retry_after="40")
READS = 0.6  # seconds without a key, after which one is an answer
SILENT = Answer("Late", fault=Fault.slow_headers(60))


def asked(home: Home) -> list[str]:
    """The last words of the person in each request that the server saw."""
    told = (request.body["messages"] for request in home.groq.chats)
    return [next(one["content"] for one in reversed(each) if one["role"] == "user") for each in told]


def busy(home: Home, *answers: Answer | Status, shows: str, columns: int = 80, rows: int = 24) -> Terminal:
    """A question is on its way, and the server does these things one after another."""
    home.groq.answer(*answers)
    terminal = home.open(*OSS, columns=columns, rows=rows).prompt().enter("Count")
    home.groq.wait_for(1, PATIENCE)
    return terminal.sees(shows)


STATES: dict[str, tuple[list[Answer | Status], str]] = {
    "an-answer-streams": ([FOREVER], "word9"),
    "an-answer-is-stuck": ([STUCK], "It begins"),
    "nothing-came-yet": ([SILENT], "Ctrl+C stops"),
    "a-retry-counts-down": ([BUSY], "Again in"),
    "a-tool-runs": ([Answer(Call("slow", {"seconds": 60}))], "half way"),
}


@pytest.fixture(params=list(STATES))
def running(home: Home, request: pytest.FixtureRequest) -> Terminal:
    answers, shows = STATES[request.param]
    return busy(equip(home), *answers, shows=shows)


class TestWhateverRuns:
    def test_the_line_is_typed_edited_completed_and_pasted_into(self, home: Home, running: Terminal) -> None:
        running.type("one twwo").line_with("one twwo")
        running.type("\x1bb\x1bf\x7f\x7f\x7fwo").line_with("one two")
        running.type("\x01\x0b").line_with("").type("/mod").sees("/models List the models")
        running.type("\t\x15").line_with("").paste("a b").line_with("a b")
        running.type("\x17\x17").line_with("").type(UP).line_with("Count").type("\x15").line_with("")
        assert running.raw.count(b"\x1b[?2004l") == 0, "a paste is told from typing all the time"
        assert asked(home) == ["Count"]

    def test_what_is_entered_is_queued_shown_and_taken_back_last_first(self, home: Home, running: Terminal) -> None:
        for text in ("one", "two", "three", "four", "five"):
            running.type(text).line_with(text).type("\r").line_with("")
        running.sees("queued: one queued: two queued: three and 2 more")
        running.type(UP).line_with("five").sees("and 1 more")
        running.type("\x15").line_with("").type(UP).line_with("four").type("\x15").line_with("").type(UP)
        running.line_with("three").sees("queued: one queued: two")
        assert "queued: three" not in running.text
        assert asked(home) == ["Count"]

    def test_ctrl_c_stops_it_and_each_of_the_queue_wants_an_enter_of_its_own(
        self, home: Home, running: Terminal
    ) -> None:
        running.type("one\r").sees("queued: one").type("two\r").sees("queued: two").type(CTRL_C).sees("Interrupted.")
        first = "Count" if "had not answered yet" in running.text else "one"
        running.prompt(first)
        if first == "Count":
            running.sees("not sent: one not sent: two").type(CTRL_C).prompt("one")
        running.type("\r").sees("Answer 2").prompt("two").type("\r").sees("Answer 3").prompt()
        assert [text.rpartition("\n")[2] for text in asked(home)] == ["Count", "one", "two"]

    def test_esc_stops_it_and_what_stood_in_the_line_stays_there(self, home: Home, running: Terminal) -> None:
        running.type("half a thought").line_with("half a thought").type(ESC).sees("Interrupted.")
        running.prompt("half a thought")
        assert asked(home) == ["Count"]

    def test_esc_closes_an_open_menu_before_it_stops_anything(self, home: Home, running: Terminal) -> None:
        running.type("/mod").sees("/models List the models").type(ESC)
        running.until(lambda: "List the models" not in running.text, "a menu that is closed")
        running.type("x").line_with("/modx")
        assert "Interrupted" not in running.text
        assert asked(home) == ["Count"]

    def test_a_signal_from_elsewhere_ends_it_with_the_terminal_as_it_was(self, home: Home, running: Terminal) -> None:
        running.type("half").line_with("half").signal(signal.SIGTERM)
        assert running.exit_code() == 128 + signal.SIGTERM
        assert running.modes() == (True, True)
        assert not running.screen.cursor.hidden
        assert "Traceback" not in running.text
        assert asked(home) == ["Count"]


class TestWhatIsQueued:
    @pytest.mark.parametrize(
        "end",
        [
            REFUSED,
            Status(401),
            Status(404, code="model_not_found"),
            Answer("A b c d e f", fault=Fault.cut_mid_event(4)),
        ],
        ids=["refused", "no-key", "no-model", "cut-off"],
    )
    def test_is_not_sent_after_a_turn_that_fails(self, home: Home, end: Answer | Status) -> None:
        home.groq.answer(Answer(" ".join(f"word{n}" for n in range(100)), pace=0.01), end)
        terminal = home.open(*OSS).prompt().enter("Count").sees("word9")
        terminal.type("hi\r").sees("queued: hi").type("bye\r").sees("queued: hi queued: bye").sees("word99")
        home.groq.wait_for(2)
        kept = "incomplete" if isinstance(end, Answer) else ""
        terminal.sees(kept).prompt("bye" if kept else "hi")
        assert asked(home) == ["Count", "hi"]
        if not kept:
            terminal.sees("not sent: bye").type(CTRL_C).prompt("bye").type(CTRL_C).prompt()

    def test_is_not_sent_after_an_answer_that_was_cut_for_its_length(self, home: Home) -> None:
        text = " ".join(f"word{n}" for n in range(100))
        terminal = busy(home, Answer(text, pace=0.01, stop="max_tokens"), shows="word9")
        terminal.type("bye\r").sees("queued: bye").prompt("bye")
        assert asked(home) == ["Count"]

    def test_to_a_server_that_dies_is_glued_to_nothing(self, home: Home) -> None:
        with socket.create_server(("127.0.0.1", 0)) as dying:
            home.overlay({"groq": {"base_url": f"http://127.0.0.1:{dying.getsockname()[1]}"}})
            terminal = home.open(*OSS).prompt().enter("hi")
            reached, _ = dying.accept()
            terminal.type("bye\r").sees("queued: bye")
        reached.close()
        terminal.sees("not sent: bye").prompt("hi").type(CTRL_C).prompt("bye").type(CTRL_C).prompt()

    def test_is_two_commands_where_one_was_typed_twice_quickly(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        for n in (1, 2, 3):
            terminal.enter(f"Question {n}").sees(f"Answer {n}").prompt()
        terminal.type("/undo\r/undo\r").until(lambda: terminal.text.count("Taken back") == 2, "both").prompt(
            "Question 2"
        )
        assert len(asked(home)) == 3

    def test_does_not_follow_when_the_person_leaves_or_is_gone(self, home: Home) -> None:
        terminal = busy(home, FOREVER, shows="word9").type("more\r").sees("queued: more")
        terminal.hang_up()
        assert terminal.exit_code() == 128 + signal.SIGHUP
        assert asked(home) == ["Count"]


class TestAQuestionOfTheProgram:
    def question(self, home: Home, *before: str) -> Terminal:
        home.groq.answer(
            Answer(" ".join(f"word{n}" for n in range(100)), Call("run_command", {"command": "ls"}), pace=0.01),
            Answer("Finished."),
        )
        terminal = home.open(*OSS).prompt().enter("Go").sees("word9")
        for keys in before:
            terminal.type(keys).sees(keys.replace("\r", ""))
        return terminal.sees("Allow run_command?")

    def test_holds_what_was_queued_before_it(self, home: Home) -> None:
        terminal = self.question(equip(home), "one\r", "two\r")
        read_it()
        terminal.type("y").sees("Finished.").prompt("one").sees("not sent: two")
        assert ran(home) == [["ls"]]
        assert asked(home) == ["Go", "Go"]

    def test_of_a_command_keeps_all_keys_until_it_is_answered(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt().enter("My key is " + home.keys["GROQ_API_KEY"]).sees("y/N")
        terminal.type("what?\x1b[A\x1b[200~y\x1b[201~\r").sees("Nothing was sent.").prompt(
            "My key is " + home.keys["GROQ_API_KEY"]
        )
        assert not home.groq.requests


class TestTheHistory:
    def test_keeps_what_stood_in_the_line_that_was_left_for_an_older_one(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt().enter("older").sees("Answer 1").prompt()
        terminal.type("half a thought").prompt("half a thought").type(UP).prompt("older").type("\r").sees("Answer 2")
        terminal.prompt().type(UP).prompt("older").type(UP).prompt("half a thought")
        assert asked(home) == ["older", "older"]

    def test_keeps_what_was_changed_in_older_lines(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        for line in ("one", "two"):
            terminal.enter(line).sees("Answer").prompt()
        terminal.type(UP).prompt("two").type(" more").prompt("two more").type(UP).prompt("one").type("\r")
        terminal.sees("> one").prompt().type(UP).prompt("one").type(UP).prompt("two more")


def read_it() -> None:
    """A person reads first; an answer that comes sooner is none."""
    time.sleep(READS)
