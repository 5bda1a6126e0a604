"""Going on with a conversation in another run of the program, after any kind of end."""

import json
import re
import signal
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from tests.harness.home import Home
from tests.harness.store_helpers import bodies
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Fault, Request

OSS = ("-m", "groq:gpt-oss-120b")
WORDS = 400
LONG = Answer(" ".join(f"word{n}" for n in range(WORDS)), pace=0.01)
AT_MOST_BEHIND = 1.0  # seconds


def said(request: Request) -> list[tuple[str, str]]:
    """Role and text of each message of a Chat Completions request."""
    return [(message["role"], message["content"]) for message in request.body["messages"]]


def file_of(home: Home) -> Path:
    return home.folder / "data" / "conversations.db"


def rows(home: Home, question: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(file_of(home))
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def talk(home: Home, *lines: str) -> Terminal:
    """Have a conversation, and leave."""
    terminal = home.open(*OSS).prompt()
    for line in lines:
        terminal.ask(line)
    assert terminal.leave() == 0
    return terminal


class TestGoingOn:
    def test_the_last_conversation_goes_on_as_if_there_had_been_no_end(self, home: Home) -> None:
        home.groq.answer("First answer.", "Second answer.", "Third answer.", "Fourth answer.")
        talk(home, "One", "Two", "Three")
        terminal = home.open("-c").prompt()
        terminal.sees("groq:gpt-oss-120b").sees("> Two").sees("Second answer.").sees("> Three").sees("Third answer.")
        assert "First answer." not in terminal.text, "only the last two turns are recalled"
        terminal.ask("Four")
        before, after = (json.dumps(request.body["messages"])[:-1] for request in home.groq.chats[2:])
        assert after.startswith(before)
        assert [text for _, text in said(home.groq.chats[3])][::2] == ["One", "Two", "Three", "Four"]

    def test_leaving_says_how_to_go_on_and_the_short_id_is_enough(self, home: Home) -> None:
        first = talk(home, "One")
        found = re.search(r"Continue with: \S+ \S*main.py -c, or -r ([0-9a-f]{8})$", first.text, re.M)
        assert found
        talk(home, "Another")
        terminal = home.open("-r", found[1]).prompt().sees("> One")
        terminal.ask("Two")
        assert [text for role, text in said(home.groq.chats[2]) if role == "user"] == ["One", "Two"]

    def test_leaving_without_a_word_says_nothing_and_leaves_nothing(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        assert terminal.leave() == 0
        assert "Continue with" not in terminal.text
        assert not file_of(home).exists()

    def test_model_instructions_and_level_go_on_and_the_command_line_overrules_them(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.ask("/system Be brief.")
        terminal.ask("One")
        terminal.ask("/reasoning high")
        assert terminal.leave() == 0
        terminal = home.open("-c").prompt().sees("reasoning high")
        terminal.ask("Two")
        assert said(home.groq.chats[1])[0] == ("system", "Be brief.")
        assert home.groq.chats[1].body["reasoning_effort"] == "high"
        assert terminal.leave() == 0
        terminal = home.open("-c", "-m", "groq:qwen3.8-27b", "-s", "Be long.").prompt()
        terminal.ask("Three")
        assert said(home.groq.chats[2])[0] == ("system", "Be long.")
        assert "qwen" in home.groq.chats[2].body["model"]

    def test_a_branch_that_was_taken_back_stays_taken_back(self, home: Home) -> None:
        terminal = home.open(*OSS).prompt()
        terminal.ask("One")
        terminal.ask("Two")
        terminal.enter("/undo").prompt("Two").type(CTRL_C).prompt()
        assert terminal.leave() == 0
        terminal = home.open("-c").prompt()
        assert "> Two" not in terminal.text
        assert len(rows(home, "SELECT * FROM message")) == 4

    def test_without_a_conversation_there_is_a_new_one(self, home: Home) -> None:
        terminal = home.open("-c", *OSS).prompt().sees("There is no earlier conversation")
        terminal.ask("One")
        assert terminal.leave() == 0  # all is written by then
        assert len(rows(home, "SELECT * FROM message")) == 2

    def test_a_model_without_its_key_leaves_the_answer_to_another(self, home: Home) -> None:
        talk(home, "One")
        del home.keys["GROQ_API_KEY"]
        terminal = home.open("-c").prompt().sees("GROQ_API_KEY is not set").sees("anthropic:claude-sonnet-5.5 answers.")
        terminal.ask("Two")
        assert len(home.anthropic.chats[0].body["messages"]) == 3

    def test_one_that_is_open_elsewhere_goes_on_as_a_copy(self, home: Home) -> None:
        first = home.open(*OSS).prompt()
        first.ask("One")
        second = home.open("-c").prompt().sees("open in another window")
        second.ask("Mine")
        first.ask("Yours")
        assert [text for role, text in said(home.groq.chats[1]) if role == "user"] == ["One", "Mine"]
        assert [text for role, text in said(home.groq.chats[2]) if role == "user"] == ["One", "Yours"]
        assert (first.leave(), second.leave()) == (0, 0)
        counts = rows(home, "SELECT count(*) FROM message GROUP BY conversation")
        assert counts == [(4,), (4,)]


class TestWithoutTheChat:
    def test_a_question_goes_on_with_the_last_conversation(self, home: Home) -> None:
        assert home.run(*OSS, "-p", "One").returncode == 0
        done = home.run("-c", "-p", "Two")
        assert (done.returncode, done.stderr) == (0, "")
        assert [text for role, text in said(home.groq.chats[1]) if role == "user"] == ["One", "Two"]
        (id,) = rows(home, "SELECT id FROM conversation")
        assert home.run("-r", id[0][:6], "-p", "Three").returncode == 0
        assert len(said(home.groq.chats[2])) == 5

    def test_an_id_that_is_not_there_is_refused_with_a_cure(self, home: Home) -> None:
        done = home.run("-r", "nothing", "-p", "Two")
        assert done.returncode == 2
        assert "-c continues the last one" in done.stderr
        assert home.run("-c", "--no-save", "-p", "Two").returncode == 2

    def test_a_newer_file_is_refused_untouched_and_no_save_goes_past_it(self, home: Home) -> None:
        home.run(*OSS, "-p", "One")
        connection = sqlite3.connect(file_of(home))
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = file_of(home).read_bytes()
        for args in ((), ("-c",)):
            done = home.run(*OSS, *args, "-p", "Two")
            assert done.returncode == 2
            assert str(file_of(home)) in done.stderr
            assert "--no-save" in done.stderr
        assert home.run(*OSS, "--no-save", "-p", "Two").returncode == 0
        assert file_of(home).read_bytes() == before

    def test_a_folder_that_cannot_be_made_is_told_and_the_answer_is_there(self, home: Home) -> None:
        (home.folder / "data").write_text("in the way")
        done = home.run(*OSS, "-p", "One")
        assert done.returncode == 0
        assert "Answer 1" in done.stdout
        assert done.stderr.count("saved") == 1


class TestKeepingNothing:
    def test_no_save_touches_no_file(self, home: Home) -> None:
        home.run(*OSS, "--no-save", "-p", "One")
        terminal = home.open(*OSS, "--no-save").prompt()
        terminal.ask("Two")
        terminal.ask("/new")
        terminal.ask("Three")
        assert terminal.leave() == 0
        assert "Continue with" not in terminal.text
        assert not (home.folder / "data").exists()
        assert not (home.folder / "state" / "history").exists()

    def test_what_is_kept_is_for_this_user_only(self, home: Home) -> None:
        talk(home, "One")
        for name in (home.folder / "data").iterdir():
            assert stat.S_IMODE(name.stat().st_mode) == 0o600
        assert stat.S_IMODE((home.folder / "data").stat().st_mode) == 0o700


def last_word(terminal: Terminal) -> int:
    return max((int(number) for number in re.findall(r"word(\d+)\b", terminal.text)), default=-1)


class TestAfterASuddenEnd:
    @pytest.mark.parametrize("after", [0.7, 1.3, 2.4])
    def test_what_was_on_the_screen_a_second_before_is_there(self, home: Home, after: float) -> None:
        home.groq.answer("First answer.", LONG)
        terminal = home.open(*OSS).prompt()
        terminal.ask("One")
        terminal.enter("Count").sees("word0")
        seen: list[tuple[float, int]] = []
        until = time.monotonic() + after
        while time.monotonic() < until:
            seen.append((time.monotonic(), last_word(terminal)))
            time.sleep(0.02)
        terminal.signal(signal.SIGKILL)
        killed = time.monotonic()
        terminal.exit_code()
        shown = max((word for at, word in seen if at <= killed - AT_MOST_BEHIND), default=-1)
        assert rows(home, "PRAGMA integrity_check") == [("ok",)]
        home.groq.answer("Fine.")
        terminal = home.open("-c").prompt().sees("> Count")
        terminal.ask("Go on")
        *before, (_, part), (_, last) = said(home.groq.chats[2])
        assert [text for _, text in before] == ["One", "First answer.", "Count"]
        assert part.split()[: shown + 1] == [f"word{n}" for n in range(shown + 1)]
        assert last == "[The connection broke during the answer above; it is not complete.]\n\nGo on"

    def test_a_question_that_found_no_answer_is_in_the_prompt_again(self, home: Home) -> None:
        home.groq.answer(Answer("Late", fault=Fault.slow_headers(30)))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Are you there?")
        home.groq.wait_for(1)
        assert "Are you there?" in bodies(file_of(home))[0], "stored before it was sent"
        terminal.signal(signal.SIGKILL)
        terminal.exit_code()
        terminal = home.open("-c").prompt("Are you there?").type("\r").sees("Answer 2").prompt()
        assert said(home.groq.chats[1]) == [("user", "Are you there?")]

    def test_a_call_that_was_running_is_closed_and_another_model_goes_on(self, home: Home) -> None:
        home.groq.answer(Answer("Let me see.", Call("run_command", {"command": "echo begun; sleep 60"})))
        terminal = home.open(*OSS).prompt()
        terminal.enter("Look.").sees("y yes").sees("sleep 60")
        time.sleep(0.4)  # the question takes no key in its first moment
        terminal.type("y").sees("begun")
        terminal.signal(signal.SIGKILL)
        terminal.exit_code()
        terminal = home.open("-c").prompt().sees("/continue goes on, with any model.")
        terminal.sees("> Look. Let me see. ✗ #1 run_command echo begun; sleep 60 Results of tools are waiting.")
        terminal.ask("/model anthropic:sonnet")
        home.anthropic.answer("It was cut short.")
        assert "It was cut short." in terminal.ask("/continue")
        (result,) = home.anthropic.chats[0].body["messages"][-1]["content"]
        assert result["is_error"]
        assert "The program ended before a result was there." in result["content"][0]["text"]

    def test_a_lock_of_a_program_that_was_killed_holds_nobody(self, home: Home) -> None:
        first = home.open(*OSS).prompt()
        first.ask("One")
        first.until(lambda: len(rows(home, "SELECT * FROM message")) == 2, "the answer in the file")
        first.signal(signal.SIGKILL)
        first.exit_code()
        home.open("-c").prompt().ask("Two")
        assert len(rows(home, "SELECT * FROM conversation")) == 1

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_the_part_that_came_is_kept_when_the_program_is_asked_to_go(
        self, home: Home, number: signal.Signals
    ) -> None:
        home.groq.answer(LONG)
        terminal = home.open(*OSS).prompt()
        terminal.enter("Count").sees("word20").signal(number)
        assert terminal.exit_code() == 128 + number
        (body,) = bodies(file_of(home), "role = 'assistant'")
        assert "word20" in body
        assert "interrupted" in body

    def test_a_damaged_file_is_told_of_and_the_program_goes_on(self, home: Home) -> None:
        talk(home, "One")
        file_of(home).write_bytes(b"This is not a database. " * 400)
        terminal = home.open("-c", *OSS).prompt().sees("damaged").sees("corrupt-")
        terminal.ask("Two")
        assert terminal.leave() == 0  # all is written by then
        assert len(rows(home, "SELECT * FROM message")) == 2
