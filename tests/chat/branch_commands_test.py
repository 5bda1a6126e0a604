"""Back, forward, aside and on: the commands that move in the tree of what was said, typed at the real program."""

import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.harness.cases import PNG
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Fault, Request, Status

OSS = ("-m", "groq:gpt-oss-120b")
SMALL = "groq:gpt-oss-20b"


def said(request: Request) -> list[str]:
    return [message["content"] for message in request.body["messages"]]


def opened(home: Home, *questions: str, args: tuple[str, ...] = OSS, **how: Any) -> Terminal:
    """A chat in which so many questions were answered."""
    terminal = home.open(*args, columns=100, rows=50, **how).prompt()
    for number, question in enumerate(questions, 1):
        terminal.enter(question).sees(f"Answer {number} from groq.").prompt()
    return terminal


def editor(folder: Path, script: str) -> dict[str, str]:
    path = folder / "edit.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"EDITOR": str(path)}


class TestUndoAndRedo:
    def test_take_back_as_many_as_wished_and_go_forward_step_by_step(self, home: Home) -> None:
        terminal = opened(home, "One", "Two", "Three")
        terminal.enter("/undo 2").sees("Taken back (2 questions). 1 question before it. /redo goes forward again.")
        terminal.prompt("Two").type(CTRL_C).prompt().type("/undo\r").sees("0 questions before it").prompt("One")
        terminal.type(CTRL_C).prompt().type("/redo\r").sees("Forward again. 1 question up to here.").prompt()
        terminal.type("/redo\r").sees("Forward again. 3 questions up to here.").prompt()
        terminal.type("/redo\r").sees("There is nothing to go forward to.").prompt()
        terminal.enter("Four").sees("Answer 4").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two", "Three", "Four"]

    def test_what_is_said_between_is_a_branch_and_the_one_that_was_left_is_beside_it(self, home: Home) -> None:
        terminal = opened(home, "One", "Two").type("/undo\r").prompt("Two").type(" too\r").sees("Answer 3").prompt()
        terminal.type("/redo\r").sees("There is nothing to go forward to. /prev goes to the answer before.").prompt()
        terminal.type("/prev\r").sees("Question 1 of 2.").sees("> Two Answer 2 from groq.").prompt()
        terminal.type("Further\r").sees("Answer 4").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two", "Further"]

    def test_a_failed_question_after_an_undo_leaves_the_way_forward(self, home: Home) -> None:
        terminal = opened(home, "One", "Two").type("/undo\r").prompt("Two").type(CTRL_C).prompt()
        home.groq.answer(Status(400, message="No."))
        terminal.enter("Else").sees("says: No.").prompt("Else").type(CTRL_C).prompt()
        terminal.type("/redo\r").sees("Forward again. 2 questions").prompt().type("/redo\r").sees(
            "nothing to go forward"
        )

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ("/undo 3", "There are only 2 questions here. It is a number from 1 to 2."),
            ("/undo 0", '"0" is no number of questions.'),
            ("/undo two", '"two" is no number of questions.'),
            ("/edit 99999999999", '"99999999999" is no number of questions.'),
            ("/redo", "There is nothing to go forward to. What was said last is the end."),
            ("/next", "There is no other answer. /retry asks for one, and both stay."),
            ("/branch -d no", 'There is no branch "no". /branch lists them.'),
            ("/branch -x", "A branch needs a name."),
            ("/continue", "There is nothing to go on with."),
        ],
    )
    def test_what_cannot_be_is_said_and_nothing_moves(self, two: Terminal, typed: str, told: str) -> None:
        assert told in " ".join(two.ask(typed).split())

    def test_nothing_can_be_taken_back_where_nothing_is_said(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt().type("/undo\r").sees("There is nothing to take back. Ask something first.")
        terminal.prompt().type("/edit\r").sees("There is nothing to edit.").prompt()
        terminal.enter("/branch here").sees("Nothing is said here yet.").prompt()
        terminal.type("/continue\r").sees("There is nothing to go on with. Ask something first.").prompt()

    def test_after_a_restart_it_goes_to_the_end_of_the_newest_branch(self, home: Home) -> None:
        terminal = opened(home, "One", "Two").enter("/undo 1").prompt("Two").type(CTRL_C)
        assert terminal.leave() == 0
        terminal = home.open("-c", columns=100).prompt().type("/redo\r").sees("Forward again. 2 questions").prompt()
        terminal.enter("Three").sees("Answer 3").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two", "Three"]

    def test_where_all_was_taken_back_c_finds_the_conversation_and_redo_the_way_forward(self, home: Home) -> None:
        terminal = opened(home, "One").type("/undo\r").prompt("One").type(CTRL_C)
        assert terminal.leave() == 0
        terminal = home.open("-c", columns=100).prompt().type("/redo\r").sees("Forward again. 1 question").prompt()
        terminal.enter("Two").sees("Answer 2").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two"]

    def test_a_command_that_was_queued_while_an_answer_came_acts_on_that_answer(self, home: Home) -> None:
        home.groq.answer(Answer("Slow.", fault=Fault.stall(3, 1.0)))
        terminal = home.open(*OSS, columns=100).prompt().enter("One").type("/undo\r").sees("Taken back.").prompt("One")
        terminal.type(CTRL_C).prompt().type("/redo\r").sees("Forward again. 1 question").prompt()


def test_an_edit_that_was_queued_while_an_answer_came_waits_above_what_was_typed_since(home: Home) -> None:
    home.groq.answer("First.", Answer("Slow.", fault=Fault.stall(3, 1.5)))
    terminal = home.open(*OSS, columns=100).prompt().enter("One").sees("First.").prompt()
    terminal.enter("Two").sees("Slow").type("/edit 2\r").sees("queued: /edit 2").type("Something else")
    terminal.sees("Question 1 of 2 is in the line.").prompt("Something else").type(CTRL_C).prompt("One")
    terminal.type("!\r").sees("Answer 3").prompt()
    assert said(home.groq.chats[-1]) == ["One!"]


@pytest.fixture
def two(home: Home) -> Terminal:
    return opened(home, "One", "Two")


class TestRetry:
    def test_keeps_both_answers_to_one_question_and_says_which_this_is(self, home: Home) -> None:
        terminal = opened(home, "One").enter(f"/retry {SMALL}").sees("groq:gpt-oss-20b · 2 of 2 ·").prompt()
        terminal.type("/retry\r").sees("groq:gpt-oss-120b · 3 of 3 ·").prompt()
        terminal.type("/prev\r").sees(f"Answer 2 of 3, from {SMALL}. Answer 2 from groq.").prompt()
        terminal.type("/prev\r").sees("Answer 1 of 3, from groq:gpt-oss-120b. Answer 1 from groq.").prompt()
        terminal.type("/prev\r").sees("This is answer 1 of 3, the first one. /next goes to the one after.").prompt()
        terminal.enter("Two").sees("Answer 4").prompt()
        assert said(home.groq.chats[-1]) == ["One", "Answer 1 from groq.", "Two"]
        terminal.type("/next\r").sees("Answer 2 of 3").prompt().type("/next\r").sees("Answer 3 of 3").prompt()
        terminal.type("/next\r").sees("This is answer 3 of 3, the last one. /prev goes to the one before.").prompt()
        terminal.type("/prev\r").prompt().type("/prev\r").sees("1 more question below, up to the end of this branch.")

    def test_stands_in_the_saved_file_and_is_stepped_to_after_a_restart(self, home: Home) -> None:
        assert opened(home, "One").enter(f"/retry {SMALL}").sees("2 of 2").leave() == 0
        terminal = home.open("-c", columns=100).prompt().type("/prev\r").sees("Answer 1 of 2, from groq:gpt-oss-120b.")
        terminal.prompt().enter("Two").sees("Answer 3").prompt()
        assert said(home.groq.chats[-1]) == ["One", "Answer 1 from groq.", "Two"]

    def test_that_is_cut_off_by_a_kill_loses_neither_question_nor_answer(self, home: Home) -> None:
        terminal = opened(home, "One")
        home.groq.answer(Answer("Never.", fault=Fault.slow_headers(60.0)))
        terminal.type("/retry\r").until(lambda: len(home.groq.chats) == 2, "the second request")
        os.kill(terminal.pid, 9)
        terminal.exit_code()
        terminal = home.open("-c", columns=100).prompt("One").type(CTRL_C).prompt()
        terminal.type("/redo\r").sees("Forward again. 1 question").prompt().enter("Two").sees("Answer 3").prompt()
        assert said(home.groq.chats[-1]) == ["One", "Answer 1 from groq.", "Two"]

    @pytest.mark.parametrize(
        ("env", "shown"),
        [
            ({"NO_COLOR": "1"}, "The [-quick-]{+slow+} fox [-jumps-]{+sleeps+}."),
            ({}, "The quickslow fox jumpssleeps."),
        ],
    )
    def test_shows_what_differs(self, home: Home, env: dict[str, str], shown: str) -> None:
        home.groq.answer("The quick fox jumps.", "The slow fox sleeps.")
        terminal = home.open(*OSS, columns=100, env=env).prompt().enter("Go").sees("jumps.").prompt()
        terminal.enter("/retry --diff").sees("2 of 2").sees(f"The answer before and this one: {shown}").prompt()
        if not env:
            assert re.search(rb"\x1b\[9mquick\x1b\[0m", terminal.raw)
            assert re.search(rb"\x1b\[4mslow\x1b\[0m", terminal.raw)

    def test_takes_a_model_before_and_behind_the_option(self, home: Home) -> None:
        terminal = opened(home, "One").enter(f"/retry {SMALL} --diff").sees("The answer before and this one:").prompt()
        terminal.enter(f"/retry --diff {SMALL}").sees("3 of 3").prompt()
        assert [request.body["model"] for request in home.groq.chats] == [
            "openai/gpt-oss-120b",
            *["openai/gpt-oss-20b"] * 2,
        ]


class TestEdit:
    def test_makes_a_branch_beside_the_question_and_nothing_moves_before(self, home: Home) -> None:
        terminal = opened(home, "One", "Two", "Three").enter("/edit 2").sees("Question 2 of 3 is in the line.")
        terminal.prompt("Two").sees("edits a question").type(" too\r").sees("This begins a branch beside the other.")
        terminal.sees("Answer 4").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two too"]
        terminal.type("/prev\r").sees("Question 1 of 2.").sees("1 more question below").prompt()
        terminal.enter("Four").sees("Answer 5").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two", "Three", "Four"]

    @pytest.mark.parametrize("way", ["clear", "redo"])
    def test_that_is_given_up_leaves_everything_as_it_is(self, two: Terminal, home: Home, way: str) -> None:
        two.enter("/edit 2").prompt("One").type(CTRL_C)
        two.sees("Question 1 of 2 stays as it is, and so does what follows it.").prompt()
        if way == "redo":
            two.type("/redo\r").sees("There is nothing to go forward to.").prompt()
        two.enter("Three").sees("Answer 3").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two", "Three"]

    def test_that_fails_comes_back_and_is_a_branch_when_it_is_sent_again(self, two: Terminal, home: Home) -> None:
        home.groq.answer(Status(400, message="No."))
        two.enter("/edit 2").prompt("One").type("!\r").sees("says: No.").prompt("One!").type("\r").sees("Answer 4")
        two.prompt()
        assert said(home.groq.chats[-1]) == ["One!"]
        two.type("/prev\r").sees("Question 1 of 2.").prompt()

    def test_that_fails_is_a_branch_too_where_another_model_is_asked_as_the_cure_says(
        self, two: Terminal, home: Home
    ) -> None:
        home.groq.answer(Status(400, message="No."))
        two.enter("/edit 2").prompt("One").type("!\r").sees("After Ctrl+C, /retry anthropic:claude-sonnet-5.5 asks")
        two.prompt("One!").type(CTRL_C).sees("Question 1 of 2 stays as it is").prompt()
        two.enter(f"/retry {SMALL}").sees("Answer 4").prompt()
        assert said(home.groq.chats[-1]) == ["One!"]
        two.type("/prev\r").sees("Question 1 of 2.").prompt()

    def test_brings_what_was_attached(self, home: Home) -> None:
        (home.folder / "cat.png").write_bytes(base64.b64decode(PNG))
        terminal = home.open("-m", "anthropic:claude-sonnet-5.5", columns=100).prompt()
        terminal.enter("/attach cat.png").sees("Attached").prompt().enter("One").sees("Answer 1").prompt()
        terminal.type("/edit\r").prompt("One").sees("1 attached").type("!\r").sees("Answer 2").prompt()
        content = home.anthropic.chats[-1].body["messages"][-1]["content"]
        assert [block["type"] for block in content] in (["image", "text"], ["text", "image"])

    def test_in_the_editor_sends_what_is_saved(self, home: Home) -> None:
        env = editor(home.folder, 'printf "One, edited." > "$1"')
        terminal = opened(home, "One", "Two", env=env).enter("/edit -e 2").sees("Answer 3").prompt()
        assert said(home.groq.chats[-1]) == ["One, edited."]
        terminal.type("/prev\r").sees("Question 1 of 2.").prompt()

    @pytest.mark.parametrize(
        ("script", "told"),
        [
            ("true", "Nothing was changed or sent."),
            (': > "$1"', "Nothing was sent: the text is empty."),
            ("exit 3", "left with code 3."),
        ],
    )
    def test_in_the_editor_without_a_change_spends_nothing(self, home: Home, script: str, told: str) -> None:
        terminal = opened(home, "One", env=editor(home.folder, script))
        terminal.enter("/edit --editor").sees(told).prompt().enter("Two").sees("Answer 2").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Two"]

    def test_where_the_terminal_takes_no_escape_sequences_the_next_line_is_the_branch(self, home: Home) -> None:
        terminal = home.open(*OSS, env={"TERM": "dumb"}).prompt().enter("One").sees("Answer 1").prompt()
        terminal.enter("/edit -e").sees("No editor can be opened here.").prompt()
        terminal.type("/edit\r").sees("is in the line").prompt().enter("Uno").sees("Answer 2").prompt()
        assert said(home.groq.chats[-1]) == ["Uno"]


class TestBranch:
    def test_names_a_place_and_comes_back_to_it_also_after_a_restart(self, home: Home) -> None:
        terminal = opened(home, "One").enter("/branch the  start").sees('This place is "the start".').prompt()
        terminal.enter("Two").sees("Answer 2").prompt()
        assert terminal.leave() == 0
        terminal = home.open("-c", columns=100, rows=50).prompt().enter("/branch the start")
        terminal.sees('At "the start": 1 question up to here. /redo goes on to the newest end below it.').prompt()
        terminal.enter("Else").sees("Answer 3").prompt()
        assert said(home.groq.chats[-1])[::2] == ["One", "Else"]
        listed = terminal.type("/branch\r").sees("Last question").prompt().text
        assert re.search(r"the start\s+1\s+\d{4}-\d\d-\d\d \d\d:\d\d\s+groq:gpt-oss-120b\s+One", listed)
        assert re.search(r"^ +2\s.*Two$", listed, re.M)
        assert re.search(r"^→ +2\s.*Else$", listed, re.M)
        terminal.enter("/branch -d the start").sees('The name "the start" is gone.').prompt()
        terminal.type("/branch\r").until(lambda: terminal.words.count("Last question") == 2).prompt()
        assert "the start" not in terminal.words.rpartition("Last question")[2]

    def test_shows_a_hostile_name_without_its_power(self, home: Home) -> None:
        terminal = opened(home, "One")
        terminal.paste("/branch a\x1b]0;owned\x07b").type("\r").sees("This place is").prompt()
        assert b"\x1b]0;owned" not in terminal.raw
        terminal.enter(f"/branch {'x' * 61}").sees("A name has at most 60 characters.").prompt()


class TestContinue:
    def test_lets_another_model_finish_and_tells_every_model_whose_words_they_are(self, home: Home) -> None:
        home.groq.answer(Answer("One two", stop="length"))
        home.anthropic.answer(" three.")
        terminal = home.open(*OSS, columns=100, rows=50).prompt().enter("Count").sees("/continue asks for the rest")
        terminal.prompt().enter("/continue anthropic:claude-sonnet-5.5").sees(
            "anthropic:claude-sonnet-5.5 goes on with the answer above, which is not complete: it reached the model's"
            " output limit."
        )
        terminal.sees("three.").prompt().enter("And?").sees("Answer 2 from groq.").prompt()
        told = home.anthropic.chats[-1].body["messages"][-1]["content"]
        words = told if isinstance(told, str) else told[-1]["text"]
        assert (
            words.startswith(
                "[The answer above, by openai/gpt-oss-120b, is not complete: it reached the model's output limit. "
                "claude-sonnet-5-5 goes on with it: it writes the rest and nothing else, from exactly where it stopped."
            )
            or "goes on with it" in words
        )
        assert said(home.groq.chats[-1]) == ["Count", "One two", words, " three.", "And?"]
        terminal.enter("/undo 2").sees("0 questions before it.").prompt("Count")

    def test_tells_an_interruption_once(self, home: Home) -> None:
        home.groq.answer(Answer("One two three.", fault=Fault.cut_mid_event(4)))
        terminal = home.open(*OSS, columns=100).prompt().enter("Count").sees("/continue asks for the rest").prompt()
        terminal.type("/continue\r").sees("not complete: the connection broke.").sees("Answer 2").prompt()
        seam = said(home.groq.chats[-1])[-1]
        assert seam.count("not complete") == 1
        assert seam.startswith(
            "[The answer above, by openai/gpt-oss-120b, is not complete: the connection broke. Write"
        )

    def test_that_fails_leaves_the_part_and_no_words_of_the_program_in_the_line(self, home: Home) -> None:
        home.groq.answer(Answer("One two", stop="length"), Status(400, message="No."))
        terminal = home.open(*OSS, columns=100).prompt().enter("Count").sees("/continue asks").prompt()
        terminal.type("/continue\r").sees("says: No.").sees("What is there of the answer stays.").prompt()
        terminal.type("/continue\r").sees("Answer 3 from groq.").prompt()
        assert len(said(home.groq.chats[-1])) == 3

    def test_from_results_asks_the_model_that_is_named(self, home: Home) -> None:
        (home.folder / "a.txt").write_text("Letters.")
        home.groq.answer(Answer(Call("read_file", {"path": "a.txt"})), Status(400, message="No."))
        terminal = home.open(*OSS, "--yes", columns=100).prompt().enter("Read").sees("The results are kept.").prompt()
        terminal.enter(f"/continue {SMALL}").sees(f"{SMALL} goes on from the results above.").sees("Answer 3").prompt()
        assert home.groq.chats[-1].body["model"] == "openai/gpt-oss-20b"


class TestARefusal:
    def test_offers_to_take_the_question_back_and_that_takes_it_out_of_the_context(self, home: Home) -> None:
        home.anthropic.answer("Good.", Answer("I would", stop="refusal"))
        terminal = home.open("-m", "anthropic:claude-sonnet-5.5", columns=100).prompt()
        terminal.enter("First?").sees("Good.").prompt()
        terminal.enter("Second?").sees("/undo takes the question back.").prompt()
        terminal.type("/continue\r").sees("The model declined to answer: /undo takes the question back.").prompt()
        terminal.type("/undo\r").sees("Taken back.").prompt("Second?").type(CTRL_C).prompt()
        terminal.enter("Third?").sees("Answer 3").prompt()
        sent = json.dumps(home.anthropic.chats[-1].body["messages"])
        assert "Second?" not in sent
        assert "First?" in sent

    def test_of_a_rest_takes_only_the_rest_out_of_the_context_and_says_so(self, home: Home) -> None:
        home.anthropic.answer(Answer("I would", stop="length"), Answer("not", stop="refusal"))
        terminal = home.open("-m", "anthropic:claude-sonnet-5.5", columns=100).prompt()
        terminal.enter("First?").sees("/continue asks").prompt().type("/continue\r").sees(
            "/undo takes the question back."
        )
        assert "Context: the rest of the answer is left out of what models read from now on." in terminal.words
        terminal.prompt().enter("Second?").sees("Answer 3").prompt()
        sent = json.dumps(home.anthropic.chats[-1].body["messages"])
        assert "First?" in sent
        assert '"not"' not in sent
