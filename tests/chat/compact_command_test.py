"""A summary or stubs in place of what is older, typed at the real program: for one model, and to be taken back."""

import signal
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, Terminal
from tests.wire import Answer, Call, Reasoning, Request, Status, Usage

OSS = ("-m", "groq:gpt-oss-120b")
SUMMARY_END = "lakes.\n\n"  # the question that follows is in the same message: here none may follow another
WRITES = "Summary by gpt-oss-120b …"
SLOW = Answer(" ".join(f"word{n}" for n in range(200)), pace=0.03, usage=Usage(900, 200))


@pytest.fixture
def home(home: Home) -> Home:
    (home.folder / "settings.toml").write_text("[models]\nrefresh = false\n[compact]\nkeep = 20\n")
    return home


def editor(folder: Path, script: str) -> dict[str, str]:
    path = folder / "my-editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"EDITOR": str(path)}


def talked(home: Home, *questions: str, env: dict[str, str] | None = None) -> Terminal:
    """A conversation with an answer to each of these."""
    home.groq.answer(*[f"About {question}" for question in questions])
    terminal = home.open(*OSS, columns=100, env=env).prompt()
    for question in questions:
        terminal.ask(question)
    return terminal


def compacted(home: Home, terminal: Terminal, summary: str = "They spoke of lakes.", line: str = "/compact") -> str:
    """Have it summed up, and give what was said of it."""
    home.groq.answer(summary)
    terminal.prompt().enter(line).sees("? y/N").type("y\r").sees("--undo takes this back.").prompt()
    return terminal.words.rpartition("> /compact")[2]


def said_in(request: Request) -> list[str]:
    """What the messages of a Chat Completions request say, but for the instructions; a summary is apart."""
    texts = [str(message["content"]) for message in request.body["messages"] if message["role"] != "system"]
    summary, found, question = texts[0].rpartition(SUMMARY_END)
    return [summary + found, question.strip(), *texts[1:]] if found else texts


def answer(home: Home, terminal: Terminal, question: str, reply: str = "Good.") -> list[str]:
    """Ask something, and give what was sent."""
    home.groq.answer(reply)
    terminal.ask(question)
    return said_in(home.groq.chats[-1])


def test_a_summary_stands_for_what_is_older_and_is_taken_back(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?", "Ladoga?")
    whole = said_in(home.groq.chats[-1])
    line = compacted(home, terminal, line="/compact the depths")
    assert "2 questions would be summed up by groq:gpt-oss-120b" in line
    assert "2 questions summed up by groq:gpt-oss-120b (" in line
    assert "for itself alone: about " in line
    assert "Word for word: the last question. The conversation itself is kept whole, and other models see all" in line
    assert "above all: the depths" in said_in(home.groq.chats[-1])[0]
    sent = answer(home, terminal, "Which is deepest?")
    assert "They spoke of lakes." in sent[0]
    assert sent[1:] == ["Ladoga?", "About Ladoga?", "Which is deepest?"]
    assert "is given the whole conversation again" in terminal.ask("/compact --undo")
    sent = answer(home, terminal, "And oldest?")
    assert sent[: len(whole)] == whole
    assert sent[-3:] == ["Which is deepest?", "Good.", "And oldest?"]
    assert "is given the whole conversation already" in terminal.ask("/compact --undo")
    assert terminal.leave() == 0


def test_the_summary_and_the_pins_are_there_after_a_restart_and_other_models_see_all(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?", "Ladoga?")
    assert "Question 1 of 3 and its answer stay word for word" in terminal.ask("/pin 3")
    assert "pinned already" in terminal.ask("/pin 3")
    assert [row.split() for row in terminal.ask("/pins").splitlines()[-1:]] == [["3", "Baikal?"]]
    line = compacted(home, terminal)
    assert "1 question summed up" in line
    assert "Word for word: the last question, 1 pinned." in line
    assert terminal.leave() == 0
    terminal = home.open("-c", columns=100).prompt()
    sent = answer(home, terminal, "Which is deepest?")
    assert "They spoke of lakes." in sent[0]
    assert sent[1:] == ["Baikal?", "About Baikal?", "Ladoga?", "About Ladoga?", "Which is deepest?"]
    terminal.ask("@groq:gpt-oss-20b And you?")
    assert said_in(home.groq.chats[-1])[:3] == ["Baikal?", "About Baikal?", "Onega?"]
    assert "is pinned no longer: Baikal?" in terminal.ask("/unpin")
    assert "Nothing is pinned" in terminal.ask("/pins")
    assert terminal.leave() == 0
    assert "Onega?" in home.run("show", home.ids()[0]).stdout


def test_a_branch_from_before_has_no_summary_and_the_way_forward_has_it_again(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?", "Ladoga?")
    compacted(home, terminal)
    terminal.enter("/undo 2").prompt("Onega?").type(CTRL_C).prompt()
    assert answer(home, terminal, "Victoria?") == ["Baikal?", "About Baikal?", "Victoria?"]
    terminal.ask("/prev")
    sent = answer(home, terminal, "Which is deepest?")
    assert "They spoke of lakes." in sent[0]
    assert terminal.leave() == 0


def test_from_keeps_all_from_that_question_on(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?", "Ladoga?")
    assert "Word for word: the last 2 questions." in compacted(home, terminal, line="/compact --from 2")
    assert answer(home, terminal, "So?")[1:] == ["Onega?", "About Onega?", "Ladoga?", "About Ladoga?", "So?"]
    assert terminal.leave() == 0


def test_old_results_are_left_out_for_nothing_and_taken_back(
    home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    work = tmp_path_factory.mktemp("work")
    (work / "notes.txt").write_text("A note on lakes. " * 200)
    home.groq.answer(Answer(Call("read_file", {"path": "notes.txt"})), "Read.", "Fine.")
    terminal = home.open(*OSS, "--allow", "read_file", columns=100, cwd=work).prompt()
    terminal.ask("Read notes.txt")
    assert "nothing to leave out" in terminal.ask("/compact --trim")
    terminal.ask("Well?")
    asked = len(home.groq.chats)
    said = " ".join(terminal.ask("/compact --trim").split())
    assert "1 result left out for groq:gpt-oss-120b alone" in said
    assert "at no cost" in said
    assert len(home.groq.chats) == asked
    sent = answer(home, terminal, "And?")
    assert "[result of read_file, 2 kB, left out to save room; the tool can be called again]" in sent[2]
    terminal.ask("/compact --undo")
    assert "A note on lakes." in answer(home, terminal, "Again?")[2]
    assert terminal.leave() == 0


def test_the_summary_is_changed_in_the_editor_and_an_empty_one_gives_it_up(home: Home) -> None:
    env = editor(home.folder, 'sed -i "s/lakes/deep lakes/" "$1"')
    terminal = talked(home, "Baikal?", "Onega?", env=env)
    compacted(home, terminal, line="/compact --edit")
    assert "They spoke of deep lakes." in answer(home, terminal, "So?")[0]
    editor(home.folder, ': > "$1"')
    home.groq.answer("Another.")
    terminal.prompt().enter("/compact --edit").sees("? y/N").type("y\r").sees("Given up: the text is empty").prompt()
    assert "They spoke of deep lakes." in answer(home, terminal, "So what?")[0]
    assert terminal.leave() == 0


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (Answer("", usage=Usage(900, 7)), "sent no summary: the answer is empty."),
        (Answer("Half", stop="length", usage=Usage(900, 7)), "was cut before its end"),
        (Answer("I look first.", Call("read_file", {"path": "x"}), usage=Usage(900, 7)), "called a tool"),
        (Answer("Lake upon lake. " * 400, usage=Usage(900, 7)), "longer than what it would stand for: 1200 words"),
        (Status(401), "There is no summary, and nothing has changed."),
    ],
)
def test_a_summary_that_cannot_be_used_changes_nothing(home: Home, came: Answer | Status, words: str) -> None:
    terminal = talked(home, "Baikal?", "Onega?")
    home.groq.answer(came)
    terminal.enter("/compact").sees("? y/N").type("y\r").sees(words).sees("/compact --with MODEL").prompt()
    assert ("has cost $" in terminal.words) == isinstance(came, Answer)
    assert answer(home, terminal, "So?") == ["Baikal?", "About Baikal?", "Onega?", "About Onega?", "So?"]
    assert terminal.leave() == 0


def test_reasoning_that_is_bound_to_what_was_before_stays_behind_and_that_is_said(home: Home) -> None:
    home.anthropic.answer(
        *[Answer(Reasoning(f"Hm, {name}."), f"About {name}") for name in ("Baikal", "Onega", "Ladoga")]
    )
    terminal = home.open("-m", "anthropic:claude-sonnet-5.5", columns=100).prompt()
    for name in ("Baikal?", "Onega?", "Ladoga?"):
        terminal.ask(name)
    home.anthropic.answer("They spoke of lakes.")
    terminal.enter("/compact").sees("? y/N").type("y\r").sees("--undo takes this back.").prompt()
    assert "1 earlier piece of reasoning left out for it from now on." in terminal.words
    home.anthropic.answer("So.", "So it is.")
    assert "Context:" not in terminal.ask("So?")
    assert "Hm, Ladoga." not in str(home.anthropic.chats[-1].body)
    terminal.ask("/compact --undo")
    assert "Context:" not in terminal.ask("And so?")
    assert str(home.anthropic.chats[-1].body).count("Hm, ") == 3
    assert [request.broken for request in home.anthropic.chats] == [[]] * 6
    assert terminal.leave() == 0


def test_what_is_longer_than_a_window_is_summed_up_in_parts_and_then_fits(home: Home) -> None:
    models = {"gpt-oss-120b": {"window": 8000}}
    home.overlay({"groq": {"base_url": home.groq.base_url, "models": models}})
    words = " ".join(f"wave{n}" for n in range(1300))
    home.groq.answer(*[Answer(f"Lake {n}. {words}", usage=Usage(2500, 2600)) for n in range(6)])
    terminal = home.open("-m", "groq:gpt-oss-20b", columns=100).prompt()
    for n in range(6):
        terminal.ask(f"Lake {n}?")
    home.groq.answer(*[Answer(f"Part {n}.", pace=0.05) for n in range(1, 12)])
    terminal.enter("/compact --with groq:gpt-oss-120b").sees("requests").sees("? y/N").type("y\r").sees("(2 of ")
    terminal.sees("--undo takes this back.").prompt()
    parts = home.groq.chats[6:]
    told = [str(request.body["messages"][-1]["content"]) for request in parts]
    assert "This was part 1 of " in told[0]
    assert "part 1]\nPart 1." in told[-1]
    assert all(request.body["messages"][0]["content"].startswith("You write summaries") for request in parts)
    assert all(len(text) < 5100 * 4 for text in told)
    home.groq.forget()
    home.groq.answer("Good.")
    terminal.ask("So?")
    assert len(home.groq.chats[-1].raw) < 6000 * 4
    assert f"Part {len(parts)}." in said_in(home.groq.chats[-1])[0]
    assert terminal.leave() == 0


def test_no_is_asked_nobody_and_ctrl_c_stops_it(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?")
    asked = len(home.groq.chats)
    terminal.enter("/compact").sees("? y/N").type("\r").sees("Nothing was asked, and nothing has changed.").prompt()
    assert len(home.groq.chats) == asked
    home.groq.answer(SLOW)
    terminal.enter("/compact").sees("? y/N").type("y\r").sees(WRITES).sees("Ctrl+C stops it").sees("… 1")
    terminal.type(CTRL_C).sees("Stopped. Nothing has changed.").prompt()
    assert WRITES not in terminal.text
    assert answer(home, terminal, "So?") == ["Baikal?", "About Baikal?", "Onega?", "About Onega?", "So?"]
    assert terminal.leave() == 0


def test_killed_while_it_is_written_the_conversation_is_as_it_was(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?")
    home.groq.answer(SLOW)
    terminal.enter("/compact").sees("? y/N").type("y\r").sees(WRITES).sees("… 1")
    terminal.signal(signal.SIGKILL)
    terminal.exit_code()
    terminal = home.open("-c", columns=100).prompt()
    assert answer(home, terminal, "So?") == ["Baikal?", "About Baikal?", "Onega?", "About Onega?", "So?"]
    assert terminal.leave() == 0


def test_typed_while_an_answer_comes_it_waits_for_its_end(home: Home) -> None:
    terminal = talked(home, "Baikal?")
    home.groq.answer(Answer(" ".join(f"word{n}" for n in range(60)), pace=0.02), "They spoke of lakes.")
    terminal.enter("Onega?").sees("word5").type("/compact\r").sees("? y/N").type("y\r").sees("--undo takes this back.")
    assert "1 question summed up" in terminal.prompt().words
    assert terminal.leave() == 0


def test_a_model_that_costs_nothing_is_not_asked_about_and_writes_for_another(home: Home) -> None:
    terminal = talked(home, "Байкал?", "Онега?", "Ладога?")
    home.ollama.answer("Говорили об озёрах, lakes.")
    terminal.enter("/compact глубины --with ollama:llama3.1").sees("--undo takes this back.").prompt()
    assert "y/N" not in terminal.words
    assert "2 questions summed up by ollama:llama3.1 (no cost), for groq:gpt-oss-120b alone" in terminal.words
    told = str(home.ollama.chats[-1].body["messages"])
    assert "above all: глубины" in told
    assert "About Онега?" in told
    assert "in the language in which the person writes" in told
    sent = answer(home, terminal, "Так?")
    assert "A summary by ollama:llama3.1" in sent[0]
    assert "Говорили об озёрах, lakes." in sent[0]
    assert sent[1:] == ["Ладога?", "About Ладога?", "Так?"]
    assert terminal.leave() == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/compact --witch", 'has no option "--witch"'),
        ("/compact --with", "--with needs a model"),
        ("/compact --from many", '"many" is no number of a question'),
        ("/compact --from 9", "no question 9 from the end"),
        ("/compact --undo now", 'No model is called "now"'),
        ("/compact --undo groq:gpt-oss-20b", "groq:gpt-oss-20b is given the whole conversation already"),
        ("/compact --trim now", "--trim takes nothing else"),
        ("/compact --with offline:guide", "cannot write a summary"),
        ("/compact --edit --from 2", "nothing to sum up"),
        ("/pin 9", "only 2 questions here"),
        ("/unpin", "Nothing is pinned here"),
    ],
)
def test_what_cannot_be_is_said(home: Home, line: str, words: str) -> None:
    terminal = talked(home, "Baikal?", "Onega?")
    assert words in " ".join(terminal.ask(line).split())
    assert terminal.leave() == 0


def test_behind_two_dashes_all_words_are_what_to_keep_in_mind(home: Home) -> None:
    terminal = talked(home, "Baikal?", "Onega?")
    compacted(home, terminal, line="/compact the depths -- with --from in them")
    assert "the depths with --from in them" in str(home.groq.chats[-1].body)
    assert terminal.leave() == 0


@pytest.mark.parametrize("name", ["nosuch", "offline:guide"])
def test_a_writer_in_the_settings_that_is_none_is_told_at_the_start(home: Home, name: str) -> None:
    (home.folder / "settings.toml").write_text(f'[models]\nrefresh = false\n[compact]\nmodel = "{name}"\n')
    terminal = home.open(*OSS, columns=100).prompt()
    assert "[compact] model in settings.toml: " in terminal.words
    done = home.run("-p", "Baikal?", *OSS, "--fit", "compact")
    assert (done.returncode, "[compact] model in settings.toml: " in done.stderr) == (2, True)
    assert not home.groq.requests
    assert terminal.leave() == 0
