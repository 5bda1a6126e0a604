"""A window that is too small, at the real program: a question with the ways on, and nothing lost with any of them."""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from modules.llm.message import user
from tests.harness.home import Home
from tests.harness.saved_chats import answered, chat, put
from tests.harness.terminal import CTRL_C, ESC, Terminal
from tests.wire import Answer, Call, Request, Usage, Window

LARGE, SMALL = "openai:gpt-6.1-sol", "groq:small"
DUMB = {"TERM": "dumb"}
SENTENCE = "Because of this and that. "
WHO = "choose · Esc"  # stands below a question for as long as it is asked
AGAIN = 0.5  # seconds after which a key was not taken
DOWN = "\x1b[B"
SUMMARY = "The goal: to know why."


@pytest.fixture
def home(home: Home) -> Home:
    """With a model of 8k tokens whose provider refuses more, and one that writes summaries."""
    addresses: dict[str, object] = {name: {"base_url": server.base_url} for name, server in home.servers.items()}
    models = {"small": {"id": "small", "window": 8000, "price": {"input": 1, "output": 2}}}
    addresses["groq"] = {"base_url": home.groq.base_url, "models": models}
    home.overlay(addresses)
    (home.folder / "settings.toml").write_text(f'[models]\nrefresh = false\n[compact]\nmodel = "{LARGE}"\n')
    home.groq.limit = Window(8000)
    return home


def long(home: Home, *, turns: int = 12) -> Sequence[str]:
    """Save a conversation of some 18,000 tokens; its id."""
    words = [text for n in range(turns) for text in (f"Question {n}?", f"Answer {n}. " + SENTENCE * 240)]
    conversation = chat(folder=str(home.folder))
    for at, text in enumerate(words):
        conversation.append(replace(answered(text), usage=None) if at % 2 else user(text))
    return put(home, [conversation])


def opened(home: Home, *args: str, columns: int = 100, rows: int = 60, plain: bool = False) -> Terminal:
    long(home)
    return home.open("-c", "-m", LARGE, *args, columns=columns, rows=rows, env=DUMB if plain else {}).prompt()


def choose(terminal: Terminal, key: str) -> Terminal:
    """Press a key once the question takes any: not in the moment in which it comes."""
    asked, before = terminal.sees(WHO).text.count(WHO), terminal.text
    return pressed(
        terminal, key, lambda: terminal.text.count(WHO) < asked or (terminal.dumb and terminal.text != before)
    )


def pressed(terminal: Terminal, key: str, done: Callable[[], bool]) -> Terminal:
    """Press a key, and again where it came too early to count."""
    last = 0.0
    while not done():
        if time.monotonic() - last > AGAIN:
            terminal.type(key)
            last = time.monotonic()
        time.sleep(0.02)
        assert not terminal.ended, terminal.text
    return terminal


def said(request: Request) -> str:
    return json.dumps(request.body)


class TestASwitch:
    @pytest.mark.parametrize(("columns", "plain"), [(40, False), (200, False), (80, True)])
    def test_enter_takes_the_cheapest_and_the_large_model_sees_all_of_it_again(
        self, home: Home, columns: int, plain: bool
    ) -> None:
        home.openai.answer(SUMMARY)
        terminal = opened(home, columns=columns, plain=plain).enter(f"/model {SMALL}")
        terminal.until(
            lambda: "1 Give it a summary of 11 turns, then 1 turn word for word" in terminal.words, "it"
        ) if (not plain) else terminal.sees("1 Give it a summary")
        choose(terminal, "\r").prompt()
        terminal.until(lambda: "a summary of 11 turns" in terminal.words.split("→")[-1], "the switch line")
        terminal.enter("And now?").sees("from groq.").prompt()
        (request,) = home.groq.chats
        assert SUMMARY in said(request)
        assert "Question 3?" not in said(request)
        assert "Question 11?" in said(request)
        terminal.enter(f"/model {LARGE}").until(lambda: "it sees all of it again" in terminal.words, "that").prompt()
        terminal.enter("And here?").sees("Answer 2 from openai.").prompt()
        assert "Question 3?" in said(home.openai.chats[-1])
        assert SUMMARY not in said(home.openai.chats[-1])
        terminal.enter("/model -").prompt()
        assert terminal.text.count(WHO) == (1 if plain else 0), "one that has a view is not asked about"

    def test_without_room_for_all_one_answer_at_a_time_is_there_whole(self, home: Home) -> None:
        terminal = opened(home, columns=40, rows=10).enter(f"/model {SMALL}").sees("1 of 2 · Down")
        terminal.sees("tokens; about $0.").until(lambda: "stay with" not in terminal.words, "one of them")
        time.sleep(0.5)  # in which no key counts
        terminal.type("\x1b[B").sees(f"2 stay with {LARGE}").sees("2 of 2").type("\r").sees(
            f"Still on {LARGE}."
        ).prompt()
        assert not home.groq.requests

    @pytest.mark.parametrize("key", [ESC, CTRL_C, "2"])
    def test_staying_changes_nothing(self, home: Home, key: str) -> None:
        terminal = opened(home).enter(f"/model {SMALL}").sees(f"2 stay with {LARGE}")
        choose(terminal, key).sees(f"Still on {LARGE}.").prompt()
        terminal.enter("Well?").sees("Answer 1 from openai.").prompt()
        assert not home.groq.requests

    def test_a_summary_that_fails_leaves_the_model_before(self, home: Home) -> None:
        home.openai.answer(Answer(""))
        terminal = opened(home).enter(f"/model {SMALL}")
        choose(terminal, "1").sees("the answer is empty").prompt()
        terminal.enter("Well?").sees("Answer 2 from openai.").prompt()
        assert not home.groq.requests

    def test_a_summary_that_is_stopped_leaves_the_model_before_and_says_so(self, home: Home) -> None:
        home.openai.answer(Answer("Word upon word. " * 200, pace=0.1))
        terminal = opened(home).enter(f"/model {SMALL}")
        choose(terminal, "1").sees("Ctrl+C stops it.")
        terminal.until(lambda: bool(home.openai.requests), "the writer")
        terminal.type(CTRL_C).sees(f"Stopped. Still on {LARGE}.").prompt()
        terminal.enter("Well?").sees("Answer 2 from openai.").prompt()
        assert "Question 3?" in said(home.openai.chats[-1])
        assert not home.groq.requests

    def test_keys_on_their_way_to_the_line_are_no_answer(self, home: Home) -> None:
        terminal = opened(home).enter(f"/model {SMALL}").type("so").sees(WHO)
        choose(terminal, ESC).prompt("so")
        assert not home.openai.requests


class TestAQuestion:
    @pytest.mark.parametrize("line", [f"@{SMALL} And now?", f"/retry {SMALL}"])
    def test_to_a_small_model_is_asked_about_and_comes_back_unsent(self, home: Home, line: str) -> None:
        terminal = opened(home).enter(line).sees("2 send nothing")
        choose(terminal, ESC).sees(f"Nothing was sent: the conversation does not fit {SMALL}.")
        terminal.prompt(line if line.startswith("@") else "")
        assert not home.groq.requests
        home.openai.answer(SUMMARY)
        terminal.type(CTRL_C).prompt() if line.startswith("@") else None
        terminal.enter(line)
        choose(terminal, "\r").sees("from groq.").prompt()
        assert SUMMARY in said(home.groq.chats[0])
        cure = f"/compact --undo {SMALL}"
        terminal.sees(f"{cure} takes this back.").enter(cure).sees(f"{SMALL} is given the whole conversation again")
        terminal.prompt()

    def test_a_conversation_taken_up_again_is_asked_about_at_once(self, home: Home) -> None:
        home.openai.answer(SUMMARY)
        (id,) = long(home)
        terminal = home.open("-r", id, "-m", SMALL, columns=100, rows=50)
        choose(terminal, "\r").sees("is given a summary of 11 turns").prompt()
        terminal.enter("And now?").sees("from groq.").prompt()
        assert terminal.leave() == 0
        again = home.open("-r", id, "-m", SMALL, columns=100, rows=50).prompt()
        again.enter("And then?").until(lambda: again.text.count("from groq.") == 2, "it").prompt()
        assert [SUMMARY in said(request) for request in home.groq.chats] == [True, True]

    def test_left_as_it_is_it_is_asked_about_again_before_anything_is_sent(self, home: Home) -> None:
        long(home)
        terminal = home.open("-c", "-m", SMALL, columns=100, rows=50).sees("leave it as it is for now")
        choose(terminal, ESC).sees("You are asked again before something is sent.").prompt()
        terminal.enter("And now?").sees("2 send nothing")
        choose(terminal, ESC).prompt("And now?")
        assert not home.groq.requests

    def test_what_the_provider_refuses_is_asked_again_with_what_fits(self, home: Home) -> None:
        home.openai.limit = Window(8000, how="stream")
        home.openai.answer("Good.")
        settings = home.folder / "settings.toml"
        settings.write_text(settings.read_text().replace(LARGE, "anthropic:claude-haiku-5.5"))
        home.anthropic.answer(SUMMARY)
        terminal = opened(home).enter("And now?").sees(f"{LARGE} says that this is too long")
        choose(terminal, "\r").sees("Good.").prompt()
        assert len(home.openai.chats) == 2
        assert SUMMARY in said(home.openai.chats[1])


def test_a_loop_of_tools_goes_on_where_the_window_was_full(home: Home) -> None:
    desk = Path(tempfile.mkdtemp(dir=home.folder.parent))  # not among the program's own files
    calls = [Answer(Call("read_file", {"path": f"{n}.txt"})) for n in range(5)]
    for n in range(5):
        (desk / f"{n}.txt").write_text(f"File {n}\n" + f"{SENTENCE}\n" * 300)
    home.groq.answer(*calls)
    terminal = home.open("-m", SMALL, columns=100, rows=60, cwd=desk).prompt().enter("Read them.")
    choose(terminal, "1")
    terminal.until(lambda: "from groq." in terminal.text or WHO in terminal.text, "the end")
    while "from groq." not in terminal.text:
        choose(terminal, "1")
        terminal.until(lambda: "from groq." in terminal.text or WHO in terminal.text, "the end")
    terminal.prompt()
    assert terminal.words.count("read_file") >= 5
    assert "of 0 turns" not in terminal.words, "what is summed up is a part of the only turn"
    assert all(request.tokens <= 8000 for request in home.groq.chats)


def test_an_answer_that_the_full_window_cut_is_gone_on_with(home: Home) -> None:
    long(home, turns=3)
    home.groq.limit = None
    home.groq.answer(Answer("Half of it", stop="model_length", usage=Usage(7900, 90)))
    terminal = home.open("-c", "-m", SMALL, columns=100, rows=60).prompt().enter("All of it, please.")
    terminal.sees("the context window is full").sees("/continue makes room, and asks for the rest").prompt()
    home.openai.answer(SUMMARY)
    terminal.enter("/continue")
    choose(terminal, "1").sees("Answer 2 from groq.").prompt()
    assert SUMMARY in said(home.groq.chats[-1])
    assert "Half of it" in said(home.groq.chats[-1])


class TestInGoodTime:
    @pytest.fixture
    def filling(self, home: Home) -> Terminal:
        settings = home.folder / "settings.toml"
        settings.write_text(f"{settings.read_text()}at = 0.5\n")
        long(home, turns=3)
        return home.open("-c", "-m", SMALL, columns=100, rows=60).prompt()

    def test_a_no_goes_on_as_it_is_and_is_remembered(self, home: Home, filling: Terminal) -> None:
        filling.enter("And now?").sees(f"The window of {SMALL} is").sees("go on as it is")
        choose(filling, ESC).sees("Answer 1 from groq.").prompt()
        filling.enter("And then?").sees("Answer 2 from groq.").prompt()
        assert not home.openai.requests

    def test_a_yes_makes_room_and_the_footer_is_of_the_answer_alone(self, home: Home, filling: Terminal) -> None:
        home.openai.answer(Answer(SUMMARY, usage=Usage(99_000, 900)))
        filling.enter("And now?")
        choose(filling, "1").sees("Answer 1 from groq.").prompt()
        filling.sees(f"/compact --undo {SMALL} takes this back.")
        assert "99k in" not in filling.text
        assert SUMMARY in said(home.groq.chats[0])

    def test_done_by_itself_it_is_no_question(self, home: Home) -> None:
        settings = home.folder / "settings.toml"
        settings.write_text(f'{settings.read_text()}at = 0.5\nauto = "always"\n')
        long(home, turns=3)
        home.openai.answer(SUMMARY)
        terminal = home.open("-c", "-m", SMALL, columns=100, rows=60).prompt().enter("And now?")
        terminal.sees("is given a summary of 3 turns").sees("Answer 1 from groq.").prompt()
        assert WHO not in terminal.words


class TestInAPipe:
    def test_a_chat_asks_and_takes_no_wish_beforehand(self, home: Home) -> None:
        terminal = home.open("--fit", "trim").sees("--fit goes with a question")
        assert terminal.exit_code() == 2

    def test_refuse_is_the_usual_and_the_cure_names_what_helps(self, home: Home) -> None:
        long(home)
        done = home.run("-c", "-p", "And now?", "-m", SMALL)
        assert (done.returncode, done.stdout) == (1, "")
        assert "--fit compact makes room" in done.stderr
        assert "/compact" not in done.stderr
        assert len(home.groq.chats) == 1

    def test_compact_does_it_and_says_so_in_one_line(self, home: Home) -> None:
        long(home)
        home.openai.answer(SUMMARY)
        done = home.run("-c", "-p", "And now?", "-m", SMALL, "--fit", "compact")
        assert (done.returncode, done.stdout) == (0, "Answer 1 from groq.\n")
        (line,) = (line for line in done.stderr.splitlines() if "no longer in models.yaml" not in line)
        assert line.startswith(f"parlance: Context: {SMALL} is given a summary of 11 turns, then 1 turn word for word")
        assert f"By {LARGE}, $0." in line
        assert "/compact" not in line
        assert SUMMARY in said(home.groq.chats[0])
        more = home.run("-c", "-p", "More?", "-m", SMALL, "--fit", "compact")
        assert (more.returncode, "Context" in more.stderr) == (0, False)

    def test_nobody_reads_the_conversation_who_has_not_read_it_before(self, home: Home) -> None:
        (home.folder / "settings.toml").write_text("")
        long(home)
        home.groq.answer(SUMMARY)
        done = home.run("-c", "-p", "And now?", "-m", SMALL, "--fit", "compact")
        assert done.returncode == 0
        assert len(home.groq.chats) > 1
        assert not any(server.requests for server in (home.openai, home.anthropic, home.ollama))

    def test_files_go_before_a_summary_is_paid_for(self, home: Home) -> None:
        (home.folder.parent / "terms.txt").write_text("A term like any other. " * 1200)
        attached = ("--attach-text", str(home.folder.parent / "terms.txt"))
        assert home.run("-p", "Fair?", "-m", LARGE, *attached).returncode == 0
        done = home.run("-c", "-p", "And now?", "-m", SMALL, "--fit", "compact")
        assert "Context: 1 file left out for" in done.stderr
        assert "A term like" not in said(home.groq.chats[0])
        assert len(home.openai.chats) == 1

    def test_trim_alone_may_not_be_enough(self, home: Home) -> None:
        long(home)
        done = home.run("-c", "-p", "And now?", "-m", SMALL, "--fit", "trim", "--json")
        assert done.returncode == 1
        error = json.loads(done.stdout)["error"]
        assert error["kind"] == "DoesNotFit"
        assert "--fit compact" in error["cure"]
        assert not home.groq.requests

    def test_a_refusal_in_a_loop_of_tools_is_met_once_and_no_call_runs_twice(self, home: Home, tmp_path: Path) -> None:
        desk = Path(tempfile.mkdtemp(dir=home.folder.parent))
        for n in range(4):
            (desk / f"{n}.txt").write_text(f"File {n}\n" + f"{SENTENCE}\n" * 300)
        home.anthropic.limit = Window(5000)
        home.anthropic.answer(*(Answer(Call("read_file", {"path": f"{n}.txt"})) for n in range(4)), Answer("Read."))
        args = (
            "-p",
            "Read them.",
            "-m",
            "anthropic:claude-haiku-5.5",
            "--tools",
            "read_file",
            "--fit",
            "trim",
            "--json",
        )
        done = home.run(*args, cwd=desk)
        told = json.loads(done.stdout)
        assert (done.returncode, told["text"]) == (0, "Read."), done.stderr
        assert len(told["tools"]) == 4
        assert all("left out for" in notice for notice in told["notices"])
        assert told["notices"]
