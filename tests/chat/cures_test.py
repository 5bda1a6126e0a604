"""What is advised after an error (C7, C15, G): true when it is shown, followed to the letter, and looked at."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from modules import errors
from modules.chat.commands import COMMANDS
from modules.chat.wording.cures import Left, Situation, in_chat, in_pipe
from modules.chat.wording.retry_time import time_of
from modules.chat.wording.shell_advice import COMMAND, NAMES, without_commands
from modules.errors import ParlanceError, ProviderError
from modules.llm.models import Model, Provider
from tests.harness.cases import PNG
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Fault, Reasoning, Request, Status

OSS = ("-m", "groq:gpt-oss-120b")
NOBODY = "http://127.0.0.1:9/v1"  # where nothing listens
LEFT: tuple[Left, ...] = ("nothing", "question", "before", "part", "results")
# What a provider may answer, by what stands on the screen then.
REFUSALS = {
    "refused the request": Status(400, message="That is odd."),
    "refused the key": Status(401),
    "no credit": Status(402),
    "does not allow": Status(403),
    "has no model": Status(404, code="model_not_found", message="no such model"),
    "no such API": Status(404, message="Not here."),
    "too large": Status(413),
    "limits the rate": Status(429, retry_after="7200"),
    "does not fit the window": Status(400, code="context_length_exceeded", message="Please reduce the length."),
}


def provider(name: str = "groq", title: str = "Groq") -> Provider:
    return Provider(
        name=name, title=title, dialect="openai-chat", base_url="https://x.example/v1", key_variable="X", note="/a b."
    )


HERE = Model(name="here", id="here", provider=provider(), window=1000)
OTHER = Model(name="big", id="big", provider=provider("other"), window=9000, vision=True, documents=True)


def all_errors(kind: type[ParlanceError] = ParlanceError) -> Iterator[type[ParlanceError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from all_errors(below)


ALL = [kind for kind in all_errors() if kind.__module__ == "modules.errors"]
FROM_PROVIDERS = [kind for kind in ALL if issubclass(kind, ProviderError)]
SLASHED = "Look there, or /model to go on elsewhere. /retry asks again, /undo takes the turn back."


class TestTheTable:
    @pytest.mark.parametrize("left", LEFT)
    @pytest.mark.parametrize("kind", ALL)
    def test_advises_no_command_of_the_chat_outside_it(self, kind: type[ParlanceError], left: Left) -> None:
        for others in ((), (OTHER,)):
            said = in_pipe(kind("It failed.", cure=SLASHED), Situation(HERE, left, True, True, others))
            assert said.startswith("Look there.")
            assert not COMMAND.search(said)
            assert not COMMAND.search(in_pipe(kind("It failed."), Situation(HERE, left, others=others)))

    @pytest.mark.parametrize("left", LEFT)
    @pytest.mark.parametrize("kind", FROM_PROVIDERS)
    def test_names_only_commands_that_there_are(self, kind: type[ParlanceError], left: Left) -> None:
        said = in_chat(kind("It failed.", cure=SLASHED), Situation(HERE, left, True, True, (OTHER,)))
        assert "/undo" not in said
        for name in COMMAND.findall(said):
            COMMANDS.get(name)
        assert left == "nothing" or "asks" in said

    @pytest.mark.parametrize("kind", FROM_PROVIDERS)
    def test_says_something_to_a_person_whose_question_came_back(self, kind: type[ParlanceError]) -> None:
        assert in_chat(kind("It failed."), Situation(HERE, "question", others=(OTHER,)))

    def test_names_the_model_that_is_recommended_first(self) -> None:
        at = Situation(replace(HERE, successor="next"), "question", others=(OTHER,))
        error = errors.ModelUnavailable("Gone.")
        assert in_chat(error, at).startswith(f"After Ctrl+C, /retry {HERE.provider.name}:next asks the model that")
        assert in_pipe(error, at).startswith(f"-m {HERE.provider.name}:next asks the model that")

    def test_knows_a_command_from_a_path_and_an_address(self) -> None:
        assert {name for one in COMMANDS for name in (one.name, *one.aliases) if len(name) > 1} == set(NAMES)
        for command in COMMANDS:
            for name in (command.name, *command.aliases):
                assert len(name) < 2 or without_commands(f"It is so. /{name} helps.") == "It is so."
        for text in (
            "Check KEY in /home/me/.env.",
            "Keys come from https://x.example/keys.",
            "Read a/b or ~/c.",
            "No /data.",
        ):
            assert without_commands(text) == text

    def test_takes_the_half_of_a_note_that_holds_anywhere(self) -> None:
        said = without_commands('Start it with "ollama serve"; "/models --refresh" lists what it holds.')
        assert said == 'Start it with "ollama serve".'

    @pytest.mark.parametrize(
        ("seconds", "said"),
        [
            (None, ""),
            (5, ""),
            (60, ""),
            (61, "Again at 14:02"),
            (3600, "Again at 15:00"),
            (3600.5, "Again at 15:01"),
            (10 * 3600, "Again on Sunday 29 November at 00:00"),
            (40 * 24 * 3600, "Again on Thursday 7 January at 14:00"),
            (1e12, ""),
            (-5, ""),
            (float("inf"), ""),
            (float("nan"), ""),
        ],
    )
    def test_tells_a_wait_as_a_time_of_day(self, seconds: float | None, said: str) -> None:
        error = errors.DailyLimit("Enough.", retry_after=seconds)
        assert time_of(error, datetime(2026, 11, 28, 14, 0, 0)) == said


def opened(home: Home, *answers: Answer | Status | str, args: tuple[str, ...] = OSS) -> Terminal:
    """A chat in which one turn was good, and these are what comes next."""
    home.groq.answer("Good.", *answers)
    terminal = home.open(*args, columns=160, rows=50).prompt()
    return terminal.enter("First?").sees("Good.").prompt()


def said(request: Request) -> list[str]:
    body = request.body
    told = [(one["role"], one["content"]) for one in body.get("messages", body.get("input")) if "role" in one]
    flat = [
        (role, text if isinstance(text, str) else "".join(one.get("text", "") for one in text)) for role, text in told
    ]
    return [text for role, text in flat if role in ("user", "assistant")]


class TestInTheChat:
    @pytest.mark.parametrize("failure", REFUSALS)
    def test_a_refused_question_is_asked_again_by_enter_and_the_turn_before_stays(
        self, home: Home, failure: str
    ) -> None:
        """C7: what is advised must not take the good turn back."""
        terminal = opened(home, REFUSALS[failure]).enter("Second?").sees(failure).prompt("Second?")
        assert "/undo" not in terminal.words
        terminal.type("\r").sees("Answer 3 from groq.").prompt()
        assert said(home.groq.chats[-1]) == ["First?", "Good.", "Second?"]

    @pytest.mark.parametrize("failure", REFUSALS)
    def test_a_refused_question_goes_to_the_model_that_is_named(self, home: Home, failure: str) -> None:
        del home.keys["OPENAI_API_KEY"]
        terminal = opened(home, REFUSALS[failure]).enter("Second?").sees("After Ctrl+C, ").prompt("Second?")
        command = re.search(r"/retry anthropic:[\w.-]+", terminal.words)
        assert command
        terminal.type(CTRL_C).prompt().enter(command[0]).sees("Answer 1 from anthropic.").prompt()
        assert said(home.anthropic.chats[-1]) == ["First?", "Good.", "Second?"]

    def test_a_first_question_goes_to_the_model_that_is_named(self, home: Home) -> None:
        home.groq.answer(Status(400, message="That is odd."))
        terminal = home.open(*OSS, columns=160).prompt().enter("Hm?").sees("After Ctrl+C, /retry").prompt("Hm?")
        terminal.type(CTRL_C).prompt().enter("/retry").sees("Answer 2 from groq.").prompt()
        assert said(home.groq.chats[-1]) == ["Hm?"]

    def test_a_full_window_is_left_behind_with_the_question(self, home: Home) -> None:
        terminal = opened(home, REFUSALS["does not fit the window"]).enter("Second?").sees("does not fit")
        terminal.sees("asks one with a larger window, /new keeps the question and nothing else.").prompt("Second?")
        terminal.type(CTRL_C).prompt().enter("/new").sees("A new conversation").prompt("Second?").type("\r")
        terminal.sees("Answer 3 from groq.").prompt()
        assert said(home.groq.chats[-1]) == ["Second?"]

    def test_a_picture_that_the_model_cannot_see_is_taken_off_or_shown_to_another(self, home: Home) -> None:
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG))
        terminal = opened(home).enter("/attach red.png").sees("Attached").prompt()
        terminal.enter("Look.").sees("After Ctrl+C").prompt("Look.")
        command = re.search(
            r"After Ctrl\+C, (/retry \S+) asks one that sees, /attach - and /retry ask without it", terminal.words
        )
        assert command
        terminal.type(CTRL_C).prompt().enter(command[1]).sees("Answer 1 from anthropic.").prompt()
        assert '"image"' in home.anthropic.chats[-1].raw.decode()

    def test_a_model_that_has_refused_pictures_is_not_named_as_one_that_sees(self, home: Home) -> None:
        """C7: seen with llama-server under two names, each of which was advised after the other."""
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG))
        blind = Status(
            500, message="image input is not supported - hint: if this is unexpected, you may need the mmproj"
        )
        named = []
        for server, model in ((home.anthropic, "anthropic:claude-sonnet-5.5"), (home.openai, "openai:gpt-6.1-sol")):
            server.answer(blind)
            done = home.run("-m", model, "-a", "red.png", "-p", "Look.")
            found = re.search(r"-m (\S+) asks one that sees", done.stderr)
            named.append(found[1] if found else "")
        assert named[0].startswith("openai:")
        assert named[1] not in ("", "anthropic:claude-sonnet-5.5")

    def test_a_picture_is_taken_off_and_the_question_asked_without_it(self, home: Home) -> None:
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG))
        terminal = opened(home).enter("/attach red.png").sees("Attached").prompt()
        terminal.enter("Look.").sees("/attach - and /retry ask without it").prompt("Look.").type(CTRL_C).prompt()
        terminal.enter("/attach -").sees("Nothing is attached.").prompt()
        terminal.enter("/retry").sees("Answer 2 from groq.").prompt()
        assert said(home.groq.chats[-1]) == ["First?", "Good.", "Look."]

    def test_a_question_for_another_model_comes_back_as_it_was_typed(self, home: Home) -> None:
        home.anthropic.answer(Status(400, message="That is odd."))
        terminal = opened(home)
        line = "@anthropic:claude-sonnet-5.5 And you?"
        terminal.enter(line).sees("That is odd.").prompt(line).type("\r").sees("Answer 2 from anthropic.").prompt()
        assert said(home.anthropic.chats[-1]) == ["First?", "Good.", "And you?"]

    def test_a_cut_answer_goes_on_or_is_asked_for_again(self, home: Home) -> None:
        cut = Answer("One two three four five six.", fault=Fault.cut_mid_event(5))
        terminal = (
            opened(home, cut, "seven", cut).enter("Count.").sees("/continue asks for the rest, /retry asks again.")
        )
        terminal.prompt().enter("/continue").sees("seven").prompt()
        assert said(home.groq.chats[-1])[2] == "Count."
        terminal.enter("Count on.").sees("Count on.").until(lambda: terminal.words.count("/retry asks again.") == 2)
        terminal.prompt().enter("/retry").sees("Answer 5 from groq.").prompt()
        assert said(home.groq.chats[-1])[-1] == "Count on."

    def test_a_retry_that_fails_leaves_the_answer_and_can_be_tried_again(self, home: Home) -> None:
        slow = Status(429, retry_after="7200")
        terminal = opened(home, slow, slow).enter("/retry").sees("Again ").sees("The answer before stays.").prompt()
        home.groq.answer(Answer("Better."))
        terminal.enter("/retry").until(lambda: terminal.words.count("The answer before stays.") == 2).prompt()
        terminal.enter("/retry").sees("Better.").prompt()
        assert said(home.groq.chats[-1]) == said(home.groq.chats[-2]) == said(home.groq.chats[-3])

    def test_results_that_nobody_answered_are_answered_elsewhere(self, home: Home) -> None:
        (home.folder / "a.txt").write_text("Letters.")
        del home.keys["OPENAI_API_KEY"]
        answers = (Answer(Call("read_file", {"path": "a.txt"})), Status(400, message="That is odd."))
        terminal = opened(home, *answers, args=(*OSS, "--yes"))
        terminal.enter("Read a.txt").sees("The results are kept.").prompt()
        named = re.search(r"/continue anthropic:\S+(?= asks another model)", terminal.words)
        assert named
        terminal.enter(named[0]).sees("goes on from the results above.").sees("Answer 1 from anthropic.")
        assert "Letters." in home.anthropic.chats[-1].raw.decode()

    def test_an_empty_answer_is_asked_for_again(self, home: Home) -> None:
        """A6."""
        terminal = opened(home, Answer(Reasoning("Hm."))).enter("Second?").sees("empty").sees("asks again")
        terminal.until(lambda: terminal.line.startswith(">"), "the prompt")
        terminal.type(CTRL_C).prompt() if "Second?" in terminal.line else None
        terminal.enter("/retry").sees("Answer 3 from groq.").prompt()
        assert said(home.groq.chats[-1]) == ["First?", "Good.", "Second?"]

    def test_a_declined_question_is_asked_elsewhere(self, home: Home) -> None:
        terminal = opened(home, Answer("I would", stop="refusal")).enter("Second?").sees("asks another model.").prompt()
        named = re.search(r"/retry anthropic:[\w.-]+", terminal.words)
        assert named
        terminal.enter(named[0]).sees("Answer 1 from anthropic.").prompt()
        assert said(home.anthropic.chats[-1]) == ["First?", "Good.", "Second?"]

    def test_a_list_that_cannot_be_had_is_not_said_to_be_asked_for_again_by_retry(self, home: Home) -> None:
        home.overlay({"groq": {"base_url": NOBODY}})
        terminal = home.open(*OSS, columns=160).prompt().enter("/models groq --refresh").sees("refused the connection")
        terminal.prompt()
        assert "/retry" not in terminal.words


class TestInAPipe:
    @pytest.mark.parametrize("failure", REFUSALS)
    def test_a_refused_question_is_told_without_commands_of_the_chat(self, home: Home, failure: str) -> None:
        home.groq.answer(REFUSALS[failure])
        done = home.run("-p", "Hm?", *OSS)
        assert failure in done.stderr
        assert done.stderr.count("\n") == 1
        assert not COMMAND.search(done.stderr)

    def test_a_refused_question_goes_to_the_model_that_is_named(self, home: Home) -> None:
        home.groq.answer("Good.", Status(400, message="That is odd."))
        assert home.run("-p", "First?", *OSS).returncode == 0
        done = home.run("-c", "-p", "Second?")
        named = re.search(r"-m (anthropic:\S+) asks another model", done.stderr)
        assert named
        assert home.run("-c", "-p", "Second?", "-m", named[1]).stdout == "Answer 1 from anthropic.\n"
        assert said(home.anthropic.chats[-1]) == ["First?", "Good.", "Second?"]

    def test_when_to_come_back_is_told(self, home: Home) -> None:
        """C15."""
        home.groq.answer(Status(429, retry_after="7200"))
        done = home.run("-p", "Hm?", *OSS, "--json")
        told = json.loads(done.stdout)["error"]
        assert done.returncode == 75
        assert told["retry_after"] == 7200
        assert re.search(r"Again (on \w+ \d+ \w+ )?at \d\d:\d\d\.", told["cure"])
        assert told["cure"] in done.stderr

    def test_each_kind_of_too_much_has_its_own_advice(self, home: Home) -> None:
        """C12: a large request, a limit of the minute, one of the day, and a full window are four things."""
        tpm = "on tokens per minute (TPM): Limit 8000,"
        kinds = {
            Status(413, message=f"Request too large for model x {tpm} Requested 9588"): "Send less at once.",
            Status(429, message=f"Rate limit reached {tpm} Used 7000, Requested 2000", retry_after="90"): "Again ",
            Status(429, message="Rate limit reached on tokens per day (TPD): Limit 1, Used 1"): "starts anew",
            Status(400, code="context_length_exceeded", message="Please reduce the length."): "larger window",
        }
        told = []
        for status, advice in kinds.items():
            home.groq.answer(status)
            told.append(home.run("-p", "Hm?", *OSS).stderr)
            assert advice in told[-1]
            assert sum(other in told[-1] for other in kinds.values()) == 1
        assert len(set(told)) == len(home.groq.chats) == 4, "none of them is asked again by itself"

    def test_what_is_left_out_on_the_way_is_told_and_listed(self, home: Home) -> None:
        home.groq.answer(Status(400, message="Unknown parameter: 'stream_options'"), "Good.")
        done = home.run("-p", "Hm?", *OSS, "--json")
        notices = json.loads(done.stdout)["notices"]
        assert notices
        assert all(f"parlance: {notice}\n" in done.stderr for notice in notices)

    def test_a_model_that_is_not_there_is_looked_up_as_the_advice_says(self, home: Home) -> None:
        done = home.run("-p", "Hm?", "-m", "zzzz")
        assert done.stderr == 'parlance: No model is called "zzzz". --list-models lists what there is.\n'
        assert home.run("--list-models").returncode == 0

    def test_a_server_that_does_not_run_is_started_as_its_note_says(self, home: Home) -> None:
        home.overlay({"ollama": {"base_url": NOBODY}})
        done = home.run("-p", "Hm?", "-m", "ollama:llama3.1")
        assert done.returncode == 75
        assert "ollama serve" in done.stderr
        assert not COMMAND.search(done.stderr)

    def test_a_tool_that_is_not_there_is_told_without_commands(self, home: Home) -> None:
        done = home.run("-p", "Hm?", *OSS, "--tools", "zzzz")
        assert done.returncode == 2
        assert not COMMAND.search(done.stderr)

    def test_a_conversation_that_does_not_fit_is_told_without_commands(self, home: Home, tmp_path: Path) -> None:
        (tmp_path / "long.txt").write_text("word " * 300_000)
        home.run("-p", "Read.", "-m", "anthropic:claude-opus-5.5", "-a", str(tmp_path / "long.txt"))
        done = home.run("-c", "-p", "And?", *OSS)
        assert "does not fit" in done.stderr
        assert not COMMAND.search(done.stderr)
