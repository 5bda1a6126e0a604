"""Blocks of code have numbers on the screen, and by these they are copied and saved, today and when one comes back."""

import json
import re
from pathlib import Path

import pytest

from modules.chat.markdown.code_blocks import code_blocks
from modules.chat.markdown.markdown_stream import MarkdownStream
from modules.config import ROOT
from tests.chat.markdown.markdown_test import CORPUS
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

REAL = ("-m", "groq:gpt-oss-120b")
TWO = "One:\n\n```python\nprint(1)\n```\n\n- In a list:\n\n  ```\n  two\n    deeper\n  ```\n"
THIRD = "Third:\n\n```sh\necho 3\n```\n"
EXAMPLES = [
    one["markdown"] for one in json.loads((ROOT / "tests/data/commonmark.json").read_text(encoding="utf-8"))["examples"]
]


def heads(terminal: Terminal) -> list[str]:
    """The heads of the blocks that are on the screen, in their order."""
    return re.findall(r"─── ((?:\w+ · )?\d+)$", terminal.text, re.MULTILINE)


@pytest.fixture
def chat(home: Home) -> Terminal:
    home.groq.answer(TWO, THIRD)
    chat = home.open(*REAL).prompt()
    chat.enter("Two blocks").sees("deeper").prompt()
    return chat.enter("One more").sees("echo 3").prompt()


def test_blocks_are_counted_from_the_first_answer_on(chat: Terminal) -> None:
    assert heads(chat) == ["python · 1", "2", "sh · 3"]


def test_the_count_goes_on_where_a_conversation_is_gone_on_with(home: Home, chat: Terminal) -> None:
    chat.leave()
    home.groq.answer(TWO)
    again = home.open("-c").prompt()
    again.enter("And more").sees("deeper").prompt()
    assert heads(again) == ["python · 4", "5"]
    again.enter("/save 3 echo.sh").sees("Written to")
    assert (home.folder / "echo.sh").read_text() == "echo 3\n"


def test_a_block_that_was_undone_leaves_its_number_to_the_next(home: Home, chat: Terminal) -> None:
    home.groq.answer("```js\nlet last\n```")
    chat.enter("/undo").prompt("One more").type("\x15").prompt()
    chat.enter("Another").sees("let last").prompt()
    assert heads(chat)[-1] == "js · 3"
    chat.enter("/save 3 last.js").sees("Written to")
    assert (home.folder / "last.js").read_text() == "let last\n"


def test_blocks_before_and_after_calls_of_a_turn_are_counted_on(home: Home) -> None:
    call = Call("calculator", {"expression": "1+1"})
    home.groq.answer(Answer("```\nbefore\n```", call), "```\nafter\n```\n\n```\nlast\n```")
    chat = home.open(*REAL).prompt()
    chat.enter("Go").sees("last").prompt()
    assert heads(chat) == ["1", "2", "3"]
    chat.enter("/save 2 second").sees("Written to")
    assert (home.folder / "second").read_text() == "after\n"


def test_without_the_setting_no_block_has_a_number_and_each_can_be_named_all_the_same(home: Home) -> None:
    (home.folder / "settings.toml").write_text("[answers]\ncode_numbers = false\n")
    home.groq.answer(TWO)
    chat = home.open(*REAL).prompt()
    chat.enter("Two").sees("deeper").prompt()
    assert not heads(chat)
    assert "─── python" in chat.text
    chat.enter("/save 2 two").sees("Written to")


def test_where_nobody_can_name_a_block_none_has_a_number(home: Home) -> None:
    home.groq.answer(TWO, TWO)
    assert " · 1" not in home.run(*REAL, "-p", "Two").stdout
    assert "─── 2" not in home.open(*REAL, "-p", "Two").sees("deeper").text


def test_what_is_counted_is_what_is_drawn() -> None:
    for text in [*CORPUS.values(), *EXAMPLES]:
        assert len(code_blocks(text)) == drawn(text), text


def drawn(text: str) -> int:
    """How many blocks get a number."""
    numbers: set[int] = set()

    def number(nth: int) -> int:
        numbers.add(nth)
        return nth

    stream = MarkdownStream(lambda rows: None, lambda: (80, 24), number=number)
    stream.feed(text)
    stream.finish()
    return len(numbers)


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("```py title=a\nx = 1\n\ny\n```", "py", "x = 1\n\ny"),
        ("> ~~~\n> quoted\n> ~~~\n", "", "quoted"),
        ("1. a\n\n   ```\n   x\n     y\n   ```", "", "x\n  y"),
        ("````markdown\n```sh\nls\n```\n````", "markdown", "```sh\nls\n```"),
        ("```\nleft open\n\tand a tab", "", "left open\n\tand a tab"),
    ],
)
def test_a_block_is_its_lines_without_the_fence_and_what_stands_before_it(text: str, language: str, code: str) -> None:
    assert code_blocks(text) == [(language, code)]


# Saving.


@pytest.mark.parametrize(
    ("typed", "name", "text"),
    [
        ("/save 1 run.py", "run.py", "print(1)\n"),
        ("/save 1", "block-1.py", "print(1)\n"),
        ("/save 2", "block-2.txt", "two\n  deeper\n"),
        ("/save code", "block-3.sh", "echo 3\n"),
        ("/save CODE 1 a b.py", "a b.py", "print(1)\n"),
        ("/save 3 sub", "sub/block-3.sh", "echo 3\n"),
        ("/save 3 ~/home.sh", "home.sh", "echo 3\n"),
        ("/save", "answer.md", THIRD),
        ("/save notes.md", "notes.md", THIRD),
        ("/save answer 2 two.md", "two.md", TWO),
        ("/save ./2", "2", THIRD),
    ],
)
def test_a_file_gets_what_was_named(home: Home, chat: Terminal, typed: str, name: str, text: str) -> None:
    (home.folder / "sub").mkdir()
    chat.enter(typed).sees("Written to").sees(f"{len(text)} bytes.")
    assert (home.folder / name).read_text() == text


def test_a_file_is_replaced_only_after_a_question_and_a_new_one_has_the_usual_mode(home: Home, chat: Terminal) -> None:
    file = home.folder / "mine.py"
    file.write_text("mine")
    file.chmod(0o640)
    chat.enter("/save 1 mine.py").sees("mine.py exists already. Replace it?").type("n\r").sees("Nothing was written.")
    assert file.read_text() == "mine"
    chat.prompt().enter("/save 1 mine.py").sees("Replace it? y/N").type("y\r")
    chat.sees("Written to").prompt()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("print(1)\n", 0o640)
    chat.enter("/save 1 new.py").until(lambda: chat.text.count("Written to") > 1).prompt()
    assert (home.folder / "new.py").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    """That of these tests, which the program is started with."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("Umask:")[2].split()[0], 8)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/save 9", "There is no block of code 9: the last is 3."),
        ("/save answer 9 x", "There is no answer 9: the last is 1, the first 2."),
        ("/save 1 no/such/file.py", "There is no folder"),
    ],
)
def test_what_cannot_be_saved_is_said(chat: Terminal, typed: str, said: str) -> None:
    assert said in " ".join(chat.ask(typed).split())


def test_completion_offers_the_blocks_and_then_files(home: Home, chat: Terminal) -> None:
    (home.folder / "there.txt").touch()
    chat.type("/save \t").sees("python: print(1)").sees("sh: echo 3").type("\x15").prompt()
    for line in ("/save th", "/save 2 th"):
        chat.type(f"{line}\t").sees("there.txt").type("\x15").prompt()
