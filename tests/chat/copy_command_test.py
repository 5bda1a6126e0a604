"""Copying: an answer by its number, code without its fence, all that was spoken."""

import os
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.terminal import Terminal

FIRST = "One:\n\n```python\nprint('first')\n```\n\nTwo:\n\n~~~~\n```\nsecond\n~~~~"
SECOND = "No code, *only* words."


@pytest.fixture
def chat(home: Home, tmp_path: Path) -> Terminal:
    """Two answers, and a clipboard that is a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "wl-copy").write_text(f'#!/bin/sh\ncat > "{tmp_path}/clipboard"\n')
    (folder / "wl-copy").chmod(0o755)
    home.groq.answer(FIRST, SECOND)
    path = f"{folder}:{os.environ.get('PATH', os.defpath)}"
    env = {"PATH": path, "WAYLAND_DISPLAY": "wayland-0"}
    chat = home.open("-m", "groq:gpt-oss-20b", columns=120, env=env).prompt()
    chat.enter("Code, please").sees("second").prompt()
    return chat.enter("And words").sees("only words.").prompt()


@pytest.mark.parametrize(
    ("typed", "copied"),
    [
        ("/copy", SECOND), ("/copy answer", SECOND), ("/copy answer 1", SECOND), ("/copy Answer 2", FIRST),
        ("/copy 1", "print('first')"), ("/copy 2", "```\nsecond"), ("/copy code", "```\nsecond"),
        ("/copy CODE 1", "print('first')"),
    ],
)  # fmt: skip
def test_what_was_named_is_on_the_clipboard(chat: Terminal, tmp_path: Path, typed: str, copied: str) -> None:
    assert f"Copied {len(copied)} characters with wl-copy." in chat.ask(typed)
    assert (tmp_path / "clipboard").read_text() == copied


def test_all_is_the_spoken_path_as_markdown(chat: Terminal, tmp_path: Path) -> None:
    assert "characters with wl-copy." in chat.ask("/copy all")
    text = (tmp_path / "clipboard").read_text()
    assert text.startswith("# Code, please\n")
    assert [line.split(" · ")[0] for line in text.splitlines() if line.startswith("## ")] == [
        "## You", "## groq:gpt-oss-20b", "## You", "## groq:gpt-oss-20b"
    ]  # fmt: skip
    assert FIRST in text
    assert SECOND in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/copy answer 3", "There is no answer 3: the last is 1, the first 2. Give another number."),
        (
            "/copy 3",
            'There is no block of code 3: the last is 2. Answers are counted from the last, as in "/copy answer 2".',
        ),
        ("/copy code 9", "There is no block of code 9: the last is 2."),
        ("/copy 0", '"/copy 0" is not understood. It is /copy, /copy 2, /copy code, /copy answer 2 or /copy all.'),
        ("/copy everything", '"/copy everything" is not understood.'),
        ("/copy all 2", '"/copy all 2" is not understood.'),
        ("/copy 1 2", '"/copy 1 2" is not understood.'),
    ],
)
def test_what_is_not_there_or_not_meant_is_said(chat: Terminal, tmp_path: Path, typed: str, said: str) -> None:
    assert said in " ".join(chat.ask(typed).split())
    assert not (tmp_path / "clipboard").exists()


def test_where_nothing_is_said_there_is_nothing_to_copy(home: Home) -> None:
    chat = home.open("-m", "groq:gpt-oss-20b").prompt()
    for typed, said in (
        ("/copy", "There is no answer yet. Ask something first."),
        ("/copy code", "There is no block of code yet. /copy copies the last answer."),
        ("/copy all", "There is nothing to copy. Ask something first."),
    ):
        assert said in " ".join(chat.ask(typed).split())


def test_completion_offers_what_there_is(chat: Terminal) -> None:
    chat.type("/copy \t").sees("code").sees("the whole conversation as Markdown").sees("One: ```python")
