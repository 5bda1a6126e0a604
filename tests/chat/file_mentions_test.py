"""Files and folders that a message names behind an `@`: what is attached, what is sent, and what is asked first."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.sample_files import picture, sent
from tests.harness.terminal import PATIENCE, Terminal

MODEL = ("-m", "groq:gpt-oss-20b")
NUMBERED = "".join(f"line {number}\n" for number in range(1, 121))


def said(home: Home) -> str:
    return json.dumps(home.groq.chats[-1].body["messages"][-1])


def folder_of(home: Home, *names: str) -> Path:
    """A folder to work in, with these files."""
    folder = home.folder / "work"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}\n")
    return folder


def opened(home: Home, folder: Path, *args: str, columns: int = 120) -> Terminal:
    return home.open(*(args or MODEL), cwd=folder, columns=columns).prompt()


class TestAFile:
    @pytest.mark.parametrize(
        "line",
        [
            "@notes.txt what is missing?",
            "What is missing in @notes.txt?",
            "Look (@notes.txt), what is missing?",
            "What is in @./notes.txt, then?",
            'What is in @"notes.txt"?',
            "What is @notes.txt's point?",
        ],
    )
    def test_is_attached_told_and_the_message_goes_as_it_was_typed(self, home: Home, line: str) -> None:
        chat = opened(home, folder_of(home, "notes.txt"))
        chat.enter(line).sees("notes.txt.").sees("Answer 1 from groq.").prompt()
        assert "Attached: " in chat.words
        assert "this is notes.txt" in said(home)
        assert json.dumps(line)[1:-1] in said(home)

    @pytest.mark.parametrize("line", ["What is in @My\\ notes.txt?", 'What is in @"My notes.txt"?'])
    def test_may_have_blanks_in_its_name(self, home: Home, line: str) -> None:
        chat = opened(home, folder_of(home, "My notes.txt"))
        chat.enter(line).sees("Attached: My").sees("Answer 1 from groq.").prompt()
        assert "this is My notes.txt" in said(home)

    def test_alone_goes_with_the_next_message_and_nothing_is_sent(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "a.txt", "b.txt"))
        chat.enter("@a.txt @b.txt").sees("Attached to the next message: a.txt, b.txt.").prompt()
        assert not home.groq.requests
        chat.enter("Hm?").sees("Answer 1 from groq.").prompt()
        assert "this is a.txt" in said(home)
        assert "this is b.txt" in said(home)

    def test_goes_with_a_question_to_another_model(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "notes.txt"))
        chat.enter("@openai:gpt-6-luna what is in @notes.txt?").sees("Answer 1 from openai.").prompt()
        assert "this is notes.txt" in json.dumps(home.openai.chats[-1].body)
        assert not home.groq.requests

    def test_does_not_take_the_place_of_a_model_of_the_same_name(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "haiku"))
        chat.enter("@haiku what are you?").sees("Answer 1 from anthropic.").prompt()
        assert "this is haiku" not in json.dumps(home.anthropic.chats[-1].body)

    def test_is_a_picture_where_it_is_one(self, home: Home) -> None:
        folder = folder_of(home, "x")
        (folder / "shot.png").write_bytes(picture(20, 20))
        chat = opened(home, folder, "-m", "anthropic:claude-haiku-4.5")
        chat.enter("What is on @shot.png?").sees("Answer 1 from anthropic.").prompt()
        assert len(sent(home.anthropic.chats[-1])) == 1

    def test_with_the_name_of_a_secret_is_asked_about_and_the_line_comes_back_after_a_no(self, home: Home) -> None:
        chat = opened(home, folder_of(home, ".env"))
        chat.enter("Check @.env").sees("files of such names hold secrets. Attach and send it?").type("\r")
        chat.sees("Nothing was sent.").prompt("Check @.env")
        assert not home.groq.requests

    def test_in_a_long_paste_is_asked_about(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "notes.txt"))
        chat.paste("see @notes.txt\n" * 50).sees("[pasted 50 lines]").type("\r")
        chat.sees("This long text names notes.txt. Attach what is there, and send it?").type("\r")
        chat.sees("Nothing was sent.")
        assert not home.groq.requests

    def test_that_is_not_there_is_text(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "x/y"))
        chat.enter("mail me@x.org, use @property and @x").sees("Answer 1 from groq.").prompt()
        assert "Attached" not in chat.words

    def test_whose_name_could_touch_the_terminal_is_told_harmlessly(self, home: Home) -> None:
        folder = folder_of(home, "x")
        (folder / "a\u202eb.txt").write_text("words")
        chat = opened(home, folder)
        chat.type("What is @ab.t").sees(r"a\u{202e}b.txt").type("\t\r\r").sees(r"Attached: a\u{202e}b.txt.").prompt()
        assert "words" in said(home)


class TestARangeOfLines:
    @pytest.mark.parametrize(
        ("named", "first", "last"),
        [("a.py:10-40", 10, 40), ("a.py:10", 10, 10), ("a.py:110-", 110, 120), ("a.py#L10-L12", 10, 12)],
    )
    def test_is_all_that_is_attached_with_its_numbers(self, home: Home, named: str, first: int, last: int) -> None:
        folder = folder_of(home, "x")
        (folder / "a.py").write_text(NUMBERED)
        chat = opened(home, folder)
        chat.enter(f"What of @{named}?").sees(f"Attached: {named}.").sees("Answer 1 from groq.").prompt()
        text = said(home)
        assert f"[a.py: lines {first}-{last} of 120]" in text
        assert f"{first}\\tline {first}\\n" in text
        assert f"{last}\\tline {last}\\n" in text
        assert f"line {first - 1}\\n" not in text
        assert f"line {last + 1}\\n" not in text

    @pytest.mark.parametrize("lines", ["100-130", "121", "0", "40-10", "121-"])
    def test_that_the_file_does_not_have_is_an_error_and_nothing_is_sent(self, home: Home, lines: str) -> None:
        folder = folder_of(home, "x")
        (folder / "a.py").write_text(NUMBERED)
        chat = opened(home, folder)
        chat.enter(f"What of @a.py:{lines}").sees("a.py has 120 lines, and").prompt(f"What of @a.py:{lines}")
        assert not home.groq.requests

    def test_of_a_picture_is_an_error(self, home: Home) -> None:
        folder = folder_of(home, "x")
        (folder / "a.png").write_bytes(picture(4, 4))
        opened(home, folder).enter("See @a.png:1-2").sees("a.png has no lines.").prompt("See @a.png:1-2")

    def test_is_a_name_where_a_file_is_called_so(self, home: Home) -> None:
        folder = folder_of(home, "a.py:10")
        (folder / "a.py").write_text(NUMBERED)
        chat = opened(home, folder)
        chat.enter("What of @a.py:10").sees("Answer 1 from groq.").prompt()
        assert "this is a.py:10" in said(home)


class TestAFolder:
    def test_is_a_list_of_what_git_knows_in_it_with_sizes(self, home: Home) -> None:
        folder = folder_of(home, "src/a.py", "src/deep/b.py", "src/c.log", "src/.env", "other.txt")
        (folder / ".gitignore").write_text("*.log\n")
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        chat = opened(home, folder)
        chat.enter("What is in @src/?").sees("Attached: src/.").sees("Answer 1 from groq.").prompt()
        text = said(home)
        assert "[folder src: 2 files" in text
        assert "a.py  17 bytes\\ndeep/b.py  22 bytes\\n" in text
        assert "c.log" not in text
        assert ".env" not in text

    def test_without_git_leaves_out_what_the_rules_say(self, home: Home) -> None:
        folder = folder_of(home, "src/a.py", "src/c.log")
        (folder / "src/.gitignore").write_text("*.log\n")
        done = home.run("-p", "What?", *MODEL, "-a", "src", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "[folder src: 1 files" in said(home)
        assert "c.log" not in said(home)

    def test_that_is_large_is_told_by_how_much_is_where(self, home: Home) -> None:
        folder = folder_of(home, *(f"pkg/{one}/{two}.py" for one in range(20) for two in range(100)))
        done = home.run("-p", "What?", *MODEL, "-a", "pkg", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "[folder pkg: 2000 files" in said(home)
        assert "13/  100 files" in said(home)

    def test_runs_no_program_that_its_repository_names(self, home: Home) -> None:
        folder = folder_of(home, "src/a.py")
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / "evil").write_text(f"#!/bin/sh\ntouch {home.folder}/ran\n")
        (folder / "evil").chmod(0o755)
        subprocess.run(["git", "config", "core.fsmonitor", str(folder / "evil")], cwd=folder, check=True)
        subprocess.run(["git", "-c", "core.fsmonitor=", "add", "-A"], cwd=folder, check=True)
        chat = opened(home, folder)
        chat.enter("What is in @src/?").sees("Answer 1 from groq.").prompt()
        assert not (home.folder / "ran").exists()

    def test_without_its_slash_is_asked_about_at_the_beginning(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "src/a.py"))
        chat.enter("@src what is it?").sees('"src" is a folder; "@src/" attaches the list of its files.')


class TestTheMenu:
    def test_offers_files_by_some_of_their_letters_and_takes_them_as_they_are_quoted(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "src/deep/My notes.txt", "src/other.txt"))
        chat.type("See @mynot").sees("src/deep/My notes.txt").type("\t").line_with("See @src/deep/My\\ notes.txt")
        chat.type("\r\r").sees("Attached: src/deep/My").sees("Answer 1 from groq.").prompt()
        assert "this is src/deep/My notes.txt" in said(home)

    def test_leaves_out_what_git_ignores_until_its_name_is_typed(self, home: Home) -> None:
        folder = folder_of(home, "build.log", "build.py", ".env")
        (folder / ".gitignore").write_text("*.log\n.env\n")
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        chat = opened(home, folder)
        chat.type("See @build").sees("build.py")
        assert "build.log" not in chat.text
        chat.type(".l").sees("build.log")
        chat.type("\x15See @.e").line_with("See @.e")
        assert ".env" not in chat.text
        chat.type("n").sees(".env")

    def test_stands_beside_models_at_the_beginning_of_a_line(self, home: Home) -> None:
        chat = opened(home, folder_of(home, "haiku_notes.txt"))
        chat.type("@haiku").sees("anthropic:claude-haiku").sees("haiku_notes.txt")

    def test_knows_a_new_file_of_later(self, home: Home) -> None:
        folder = folder_of(home, "one.txt")
        chat = opened(home, folder)
        chat.type("See @one").sees("one.txt").type("\x15").line_with("")
        (folder / "two_new.txt").touch()
        deadline = time.monotonic() + PATIENCE
        while "two_new.txt" not in chat.text and time.monotonic() < deadline:
            chat.type("See @two").line_with("See @two").type("\x15").line_with("")
            chat.type("See @tw").line_with("See @tw")
            time.sleep(0.2)
            chat.type("\x15").line_with("") if "two_new.txt" not in chat.text else None
        assert "two_new.txt" in chat.text
