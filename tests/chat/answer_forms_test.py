"""The forms in which one answer leaves: as words of a command line ask, as lines of JSON, as code, into a file."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.harness.home import Home
from tests.wire import Answer, Call, Reasoning, Usage

OSS = ("-m", "groq:gpt-oss-120b")
TWO_BLOCKS = "Here:\n\n```python\nprint('one')\n```\n\nand\n\n```sh\nls\n```\n"


def asked(home: Home) -> list[object]:
    return [body["messages"][-1]["content"] for body in (chat.body for chat in home.groq.chats)]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class TestWordsThatStandAlone:
    @pytest.mark.parametrize(
        "args",
        [("What is it?", *OSS), (*OSS, "What", "is", "it?"), ("What", *OSS, "is it?"), ("-p", *OSS, "What is it?")],
        ids=["in-quotes", "behind-an-option", "around-one", "with-p"],
    )
    def test_are_the_question(self, home: Home, args: tuple[str, ...]) -> None:
        done = home.run(*args)
        assert (done.stdout, done.stderr, done.returncode) == ("Answer 1 from groq.\n", "", 0)
        assert asked(home) == ["What is it?"]

    def test_that_begin_with_a_dash_stand_behind_two(self, home: Home) -> None:
        assert home.run(*OSS, "--", "-1 + 2?").returncode == 0
        assert asked(home) == ["-1 + 2?"]

    def test_are_asked_at_a_terminal_too_and_the_program_leaves(self, home: Home) -> None:
        terminal = home.open("What is it?", *OSS)
        terminal.sees("Answer 1 from groq.")
        assert terminal.exit_code() == 0

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("serch",), '"serch" is no subcommand; did you mean "search"? To ask it, put -p before it'),
            (("-p", "One?", "Two?"), "there are two questions"),
            (("What?", "--such"), "unrecognized arguments: --such"),
        ],
        ids=["nearly-a-subcommand", "two-questions", "unknown-option"],
    )
    def test_that_may_be_meant_otherwise_are_not_sent(self, home: Home, args: tuple[str, ...], said: str) -> None:
        done = home.run(*args, *OSS)
        assert (done.stdout, done.returncode) == ("", 2)
        assert said in " ".join(done.stderr.split())
        assert asked(home) == []

    def test_that_are_nearly_a_subcommand_are_asked_behind_p(self, home: Home) -> None:
        assert home.run("-p", "serch", *OSS).returncode == 0
        assert asked(home) == ["serch"]


class TestLinesOfJson:
    def test_say_what_happens_as_it_happens_and_in_the_end_all_of_it(self, home: Home) -> None:
        home.groq.answer(
            Answer(Reasoning("Ponder."), "Let me see. ", Call("calculate", {"expression": "6*7"}), usage=Usage(10, 5)),
            Answer("It is 42.", usage=Usage(20, 6)),
        )
        done = home.run("Six times seven?", *OSS, "--tools", "calculate", "--json-stream")
        told = lines(done.stdout)
        kinds = [line["type"] for line in told]
        assert (kinds[0], kinds[-1], done.returncode) == ("start", "end", 0)
        assert told[0]["model"] == "groq:gpt-oss-120b"
        assert "".join(line["text"] for line in told if line["type"] == "reasoning") == "Ponder."
        assert "".join(line["text"] for line in told if line["type"] == "text") == "Let me see. It is 42."
        call, result = (next(line for line in told if line["type"] == kind) for kind in ("call", "result"))
        assert (call["name"], call["arguments"]) == ("calculate", {"expression": "6*7"})
        assert (result["id"], result["error"], result["text"]) == (call["id"], False, "42")
        assert [line["usage"]["output"] for line in told if line["type"] == "usage"] == [5, 6]
        assert (told[-1]["text"], told[-1]["stop_reason"], told[-1]["usage"]["input"]) == ("It is 42.", "end_turn", 30)

    def test_name_the_conversation_to_go_on_with(self, home: Home) -> None:
        first = lines(home.run("One?", *OSS, "--json-stream").stdout)[0]["conversation"]
        assert lines(home.run("-r", first, "-p", "Two?", *OSS, "--json-stream").stdout)[0]["conversation"] == first
        assert lines(home.run("One?", *OSS, "--json-stream", "--no-save").stdout)[0]["conversation"] is None

    def test_of_a_call_that_nobody_allows_say_why(self, home: Home) -> None:
        home.groq.answer(Answer(Call("run_command", {"command": "ls"})), Answer("Then not."))
        told = lines(home.run("List.", *OSS, "--tools", "run_command", "--json-stream").stdout)
        refused = next(line for line in told if line["type"] == "refused")
        assert (refused["name"], refused["arguments"]) == ("run_command", {"command": "ls"})
        assert next(line for line in told if line["type"] == "result")["error"]

    def test_of_a_run_that_fails_end_with_the_error(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        done = home.run("Hm?", "-m", "openai:gpt-6.1-sol", "--json-stream")
        assert done.returncode == 76
        assert lines(done.stdout)[-1]["error"]["kind"] == "MissingKey"


class TestTheFirstBlockOfCode:
    def test_is_all_that_is_printed(self, home: Home) -> None:
        home.groq.answer(Answer(TWO_BLOCKS))
        done = home.run("Code?", *OSS, "-x")
        assert (done.stdout, done.stderr, done.returncode) == ("print('one')\n", "", 0)

    def test_that_is_not_there_is_exit_code_1_with_the_reason(self, home: Home) -> None:
        home.groq.answer(Answer("No code here."))
        done = home.run("Code?", *OSS, "-x")
        assert (done.stdout, done.returncode) == ("", 1)
        assert "The answer has no block of code. Without -x all of it is printed." in done.stderr

    def test_of_an_answer_that_is_cut_is_printed_and_said_to_be_of_one(self, home: Home) -> None:
        home.groq.answer(Answer("```\nprint(", stop="length"))
        done = home.run("Code?", *OSS, "-x")
        assert (done.stdout, done.returncode) == ("print(\n", 1)
        assert "The answer is cut" in done.stderr


class TestAFile:
    def test_holds_the_answer_and_nothing_is_printed(self, home: Home) -> None:
        done = home.run("Hm?", *OSS, "--output", "answer.md")
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
        assert (home.folder / "answer.md").read_text() == "Answer 1 from groq.\n"

    def test_is_replaced_and_keeps_its_mode(self, home: Home) -> None:
        file = home.folder / "answer.md"
        file.write_text("before")
        file.chmod(0o640)
        assert home.run("Hm?", *OSS, "--output", "answer.md").returncode == 0
        assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("Answer 1 from groq.\n", 0o640)

    def test_stays_as_it_was_where_the_answer_is_not_whole_which_is_printed(self, home: Home) -> None:
        (home.folder / "answer.md").write_text("before")
        home.groq.answer(Answer("Half an", stop="length"))
        done = home.run("Hm?", *OSS, "--output", "answer.md")
        assert (done.stdout, done.returncode) == ("Half an\n", 1)
        assert "answer.md stays as it was" in done.stderr
        assert (home.folder / "answer.md").read_text() == "before"

    def test_holds_code_alone_or_json(self, home: Home) -> None:
        home.groq.answer(Answer(TWO_BLOCKS), Answer("Words."))
        assert home.run("Hm?", *OSS, "-x", "--output", "one.py").returncode == 0
        assert home.run("Hm?", *OSS, "--json", "--output", "one.json").returncode == 0
        assert (home.folder / "one.py").read_text() == "print('one')\n"
        assert json.loads((home.folder / "one.json").read_text())["text"] == "Words."

    @pytest.mark.parametrize(
        "name", ["gone/answer.md", ".", "", "pipe", "~nobody-here/answer.md"],
        ids=["no-folder", "a-folder", "nothing", "a-pipe", "nobodys-home"],
    )  # fmt: skip
    def test_that_cannot_be_written_is_told_before_anything_is_sent(self, home: Home, name: str) -> None:
        os.mkfifo(home.folder / "pipe")
        done = home.run("Hm?", *OSS, "--output", name)
        assert (done.stdout, done.returncode) == ("", 2)
        assert "--output" in done.stderr
        assert "Traceback" not in done.stderr
        assert asked(home) == []

    @pytest.mark.parametrize("option", ["--output", "--schema", "-t", "-r", "-m", "-a", "--attach-text"])
    def test_with_an_option_that_says_nothing_is_not_asked(self, home: Home, option: str) -> None:
        home.run("First.", *OSS)
        done = home.run("Hm?", *OSS, option, " ")
        assert (done.stdout, done.returncode) == ("", 2)
        assert f"{option}" in done.stderr
        assert "there is nothing in it" in done.stderr
        assert asked(home) == ["First."]

    def test_goes_with_a_question_only(self, home: Home, tmp_path: Path) -> None:
        terminal = home.open("--output", "answer.md")
        assert terminal.exit_code() == 2
        terminal.sees("--output goes with a question")
