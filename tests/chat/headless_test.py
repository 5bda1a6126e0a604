"""One question without the chat: what goes to standard output, what to standard error, and the exit code."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.harness.cases import PNG
from tests.harness.home import Home
from tests.harness.terminal import PATIENCE
from tests.wire import Answer, Fault, Reasoning, Status, Usage
from tests.wire.as_they_are import chat, chunk

OSS = ("-m", "groq:gpt-oss-120b")


def asked(home: Home) -> list[tuple[str, object]]:
    return [(message["role"], message["content"]) for message in home.groq.chats[-1].body["messages"]]


class TestAQuestion:
    def test_as_an_argument_is_answered_on_standard_output_and_nothing_else_is(self, home: Home) -> None:
        home.groq.answer(Answer(Reasoning("Ponder."), "**Forty** two.\n\n- as it is"))
        done = home.run("-p", "What is it?", *OSS)
        assert (done.stdout, done.stderr, done.returncode) == ("**Forty** two.\n\n- as it is\n", "", 0)
        assert asked(home) == [("user", "What is it?")]

    def test_through_a_pipe_is_answered(self, home: Home) -> None:
        done = home.run(*OSS, given="What is it?\n")
        assert (done.stdout, done.stderr, done.returncode) == ("Answer 1 from groq.\n", "", 0)
        assert asked(home) == [("user", "What is it?")]

    def test_as_an_argument_comes_before_what_is_piped_in(self, home: Home) -> None:
        done = home.run("-p", "Sum up.", *OSS, given="\ufeffLine one\nLine two — ö\n")
        assert done.returncode == 0
        assert asked(home) == [("user", "Sum up.\n\nLine one\nLine two — ö")]

    def test_takes_instructions_and_a_model_and_attachments(self, home: Home, tmp_path: Path) -> None:
        import base64

        (tmp_path / "red.png").write_bytes(base64.b64decode(PNG))
        (tmp_path / "notes.txt").write_text("Some notes.")
        args = ("-p", "Look.", "-s", "Be brief.", "-m", "groq:qwen", "-a", "red.png", "-a", "notes.txt")
        done = home.run(*args)
        assert done.returncode == 0
        assert home.groq.chats[0].body["model"] == "qwen/qwen3.8-27b"
        (_, system), (_, content) = asked(home)
        assert system == "Be brief."
        assert isinstance(content, list)
        assert [piece["type"] for piece in content] == ["text", "image_url", "text"]
        assert "Some notes." in content[2]["text"]

    def test_as_json_gives_one_object(self, home: Home) -> None:
        home.groq.answer(Answer(Reasoning("Ponder."), 'Say "ö".', usage=Usage(1000, 100), model="openai/gpt-oss-120b"))
        done = home.run("-p", "Hm?", *OSS, "--json")
        assert (done.stderr, done.returncode) == ("", 0)
        assert json.loads(done.stdout) == {
            "text": 'Say "ö".',
            "model": "groq:gpt-oss-120b",
            "answered_by": "openai/gpt-oss-120b",
            "stop_reason": "end_turn",
            "usage": {"input": 1000, "output": 100, "cache_read": 0, "cache_write": 0, "reasoning": 0},
            "cost": pytest.approx(0.00021),
            "tools": [],
            "pictures": [],
            "searches": [],
            "citations": [],
            "notices": [],
            "error": None,
        }
        assert done.stdout.count("\n") == 1

    def test_costs_what_the_provider_says_it_charged(self, home: Home) -> None:
        """D2: OpenRouter's `usage.cost`, and not what the tokens would cost by the catalogue."""
        charged = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cost": 0.5}
        last = {"id": "c", "choices": [], "usage": charged}
        home.groq.answer(*[chat(chunk({"content": "Yes."}), chunk(stop="stop"), last).answer] * 2)
        assert json.loads(home.run("-p", "Hm?", *OSS, "--json").stdout)["cost"] == 0.5
        assert json.loads(home.run("-p", "And?", "-c", "--json").stdout)["cost"] == 1.0, "it is kept with the session"

    def test_that_fails_is_still_one_object_of_json(self, home: Home) -> None:
        home.groq.answer(Status(400, message="No."))
        done = home.run("-p", "Hm?", *OSS, "--json")
        assert done.returncode == 1
        got = json.loads(done.stdout)
        assert (got["text"], got["stop_reason"], got["usage"]) == ("", "failed", None)
        assert got["error"]["kind"] == "RequestRefused"
        assert got["error"]["message"] == "Groq refused the request (400). Groq says: No."
        assert "refused the request" in done.stderr

    def test_that_fails_or_is_declined_is_not_told_in_json_with_the_words_of_an_answer_before(self, home: Home) -> None:
        home.groq.answer("Good.", Status(400, message="No."), Answer("I would", stop="refusal"))
        assert home.run("-p", "First?", *OSS).stdout == "Good.\n"
        failed = json.loads(home.run("-c", "-p", "Second?", "--json").stdout)
        assert (failed["text"], failed["stop_reason"]) == ("", "failed")
        declined = json.loads(home.run("-c", "-p", "Third?", "--json").stdout)
        assert (declined["text"], declined["stop_reason"]) == ("I would", "refusal")

    def test_that_breaks_off_is_told_in_json_with_what_came(self, home: Home) -> None:
        home.groq.answer(Answer("One two three four five six.", fault=Fault.cut_mid_event(4)))
        told = json.loads(home.run("-p", "Count.", *OSS, "--json").stdout)
        assert told["text"].startswith("One")
        assert told["stop_reason"] == "incomplete"
        assert told["error"]["kind"] in ("AnswerIncomplete", "ConnectionFailed")

    def test_that_cannot_be_asked_at_all_is_still_one_object_of_json(self, home: Home) -> None:
        home.keys.clear()
        done = home.run("-p", "Hm?", "--json")
        assert done.returncode == 76
        assert json.loads(done.stdout)["error"]["kind"] == "MissingKey"

    def test_with_no_key_at_all_is_not_answered_by_the_guide(self, home: Home) -> None:
        home.keys.clear()
        done = home.run("-p", "hello")
        assert (done.stdout, done.returncode) == ("", 76)
        assert done.stderr.count("\n") == 1
        assert "Put ANTHROPIC_API_KEY, OPENAI_API_KEY or GROQ_API_KEY into" in done.stderr
        assert str(home.folder / ".env") in done.stderr

    @pytest.mark.parametrize("way", ["-m", "PARLANCE_MODEL"])
    def test_with_no_key_at_all_is_answered_by_the_guide_where_that_was_asked_for(self, home: Home, way: str) -> None:
        home.keys.clear()
        args = ("-m", "offline:guide") if way == "-m" else ()
        done = home.run("-p", "hello", *args, env={"PARLANCE_MODEL": "offline:guide"} if not args else {})
        assert (done.stderr, done.returncode) == ("", 0)
        assert "scripted" in done.stdout

    def test_is_tried_again_when_the_provider_is_busy(self, home: Home) -> None:
        home.groq.answer(Status(503, retry_after="0.05"))
        done = home.run("-p", "Hm?", *OSS)
        assert (done.stdout, done.returncode) == ("Answer 2 from groq.\n", 0)
        assert "Trying again" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_loads_neither_a_prompt_nor_a_renderer(self, home: Home) -> None:
        done = home.run("-p", "hello", "-m", "offline:guide", python=("-X", "importtime"))
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import")}
        packages = {name.partition(".")[0] for name in loaded}
        assert not packages & {"prompt_toolkit", "rich", "pygments", "markdown_it", "anthropic", "openai", "groq"}


class TestTheExitCode:
    @pytest.mark.parametrize(
        ("answer", "code", "said"),
        [
            (Status(400, message="No."), 1, "refused the request"),
            (Status(429, retry_after="3600"), 75, "limits the rate"),
            (Status(401), 76, "GROQ_API_KEY"),
            (Status(404, code="model_not_found", message="no such model"), 77, "has no model"),
        ],
        ids=["400", "429", "401", "404"],
    )
    def test_says_what_failed(self, home: Home, answer: Status, code: int, said: str) -> None:
        home.groq.answer(answer)
        done = home.run("-p", "Hm?", *OSS)
        assert (done.stdout, done.returncode) == ("", code)
        assert said in done.stderr
        assert done.stderr.startswith("parlance: ")
        assert done.stderr.count("\n") == 1
        assert home.keys["GROQ_API_KEY"] not in done.stderr

    def test_of_a_cut_answer_is_that_of_a_failure_and_what_came_is_printed(self, home: Home) -> None:
        home.groq.answer(Answer("One two three four five six.", fault=Fault.cut_mid_event(4)))
        done = home.run("-p", "Hm?", *OSS)
        assert done.returncode == 75
        assert done.stdout.startswith("One")
        assert done.stdout.endswith("\n")
        assert "six" not in done.stdout

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("-p", ""), "no question"),
            (("-p", "Hm?", "-m", "gtp-oss-120b"), "Did you mean groq:gpt-oss-120b"),
            (("-p", "Hm?", "--no-such-option"), "unrecognized arguments"),
        ],
        ids=["no-question", "unknown-model", "unknown-option"],
    )
    def test_of_wrong_usage_is_2(self, home: Home, args: tuple[str, ...], said: str) -> None:
        done = home.run(*args)
        assert (done.stdout, done.returncode) == ("", 2)
        assert said in done.stderr

    def test_of_json_without_a_question_at_a_terminal_is_2(self, home: Home) -> None:
        terminal = home.open("--json")
        assert terminal.exit_code() == 2
        terminal.sees("--json goes with a question: python")
        assert 'main.py "question" --json' in terminal.text.replace("\n", "")

    def test_of_a_missing_file_is_1(self, home: Home) -> None:
        done = home.run("-p", "Hm?", "-a", "gone.png", *OSS)
        assert (done.stdout, done.returncode) == ("", 1)
        assert "gone.png cannot be read: No such file or directory. Paths are read from" in done.stderr

    def test_of_a_missing_key_is_76(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        done = home.run("-p", "Hm?", "-m", "openai:gpt-6.1-sol")
        assert (done.stdout, done.returncode) == ("", 76)
        assert "OPENAI_API_KEY is not set" in done.stderr

    def test_of_bytes_that_are_no_text_is_2(self, home: Home) -> None:
        done = home.run("-p", "Hm?", *OSS, given=b"\x89PNG\x00\x00")
        assert (done.stdout, done.returncode) == ("", 2)
        assert "not text" in done.stderr
        assert not home.groq.requests

    def test_of_a_broken_catalogue_is_2_and_names_file_and_line(self, home: Home) -> None:
        (home.folder / "models.yaml").write_text("providers:\n  groq:\n    basic_url: x\n")
        done = home.run("-p", "Hm?")
        assert (done.stdout, done.returncode) == ("", 2)
        assert "models.yaml:3" in done.stderr

    def test_of_an_interrupt_is_130_and_what_came_stays(self, home: Home) -> None:
        home.groq.answer(Answer(" ".join(f"word{n}" for n in range(300)), pace=0.01))
        running = home.start("-p", "Count", *OSS)
        assert running.stdout is not None
        assert os.read(running.stdout.fileno(), 5) == b"word0"
        running.send_signal(signal.SIGINT)
        rest, said = running.communicate(timeout=PATIENCE)
        assert running.returncode == 130
        assert rest.endswith(b"\n")
        assert b"word299" not in rest
        assert b"Traceback" not in said
        home.groq.wait_for_disconnect()

    @pytest.mark.parametrize("when", ["first", "waiting"])
    def test_of_an_interrupt_before_any_answer_is_130_and_quiet(self, home: Home, when: str) -> None:
        home.groq.answer(Status(429, retry_after="30") if when == "waiting" else Answer(fault=Fault.slow_headers(30)))
        running = home.start("-p", "Count", *OSS)
        home.groq.wait_for(1)
        if when == "waiting":
            assert running.stderr is not None
            assert running.stderr.readline().startswith(b"parlance: ")
        running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=PATIENCE) == (b"", b"")
        assert running.returncode == 130

    def test_of_a_reader_that_has_seen_enough_is_that_of_a_closed_pipe_and_nothing_is_said(self, home: Home) -> None:
        home.groq.answer(Answer(" ".join(f"word{n}" for n in range(2000)), pace=0.002))
        running = home.start("-p", "Count", *OSS)
        assert running.stdout is not None
        assert os.read(running.stdout.fileno(), 5) == b"word0"
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
        assert running.wait(10) == 128 + signal.SIGPIPE
        home.groq.wait_for_disconnect()

    def test_of_a_full_disk_is_1(self, home: Home) -> None:
        if not os.path.exists("/dev/full"):
            pytest.skip("no /dev/full here")
        with open("/dev/full", "wb") as full:
            running = home.start("-p", "Hm?", *OSS, stdout=full)
            _, said = running.communicate(timeout=PATIENCE)
        assert running.returncode == 1
        assert b"No space left" in said
        assert b"Traceback" not in said


class TestTheLists:
    def test_of_models_names_every_one_and_whether_its_key_is_set(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        done = home.run("--list-models")
        assert (done.stderr, done.returncode) == ("", 0)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        status = {row[0]: row[-1] for row in rows}
        assert status["groq:gpt-oss-120b"] == "key set"
        assert status["openai:gpt-6.1-sol"] == "needs OPENAI_API_KEY: /key openai"
        assert status["ollama:llama3.1"] == "no key needed"
        assert status["offline:guide"] == "no key needed"

    def test_of_models_may_be_cut_by_its_reader(self, home: Home) -> None:
        running = home.start("--list-models")
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
        running.wait(10)

    def test_of_options_names_the_exit_codes(self, home: Home) -> None:
        done = home.run("--help")
        assert done.returncode == 0
        assert "75 try later" in " ".join(done.stdout.split())

    def test_a_version_is_printed_at_once(self, home: Home) -> None:
        began = time.monotonic()
        done = home.run("--version")
        assert time.monotonic() - began < 5
        assert done.stdout.startswith("Parlance ")


def test_closed_standard_streams_are_no_accident(home: Home) -> None:
    program = home.argv("-p", "Hm?", *OSS)
    for closing in ("<&-", ">&-", "2>&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {closing}', "sh", *program],
            env=home.env(),
            cwd=home.folder,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert b"Traceback" not in done.stderr, closing
        assert done.returncode in (0, 1), closing
