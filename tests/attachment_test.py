"""Names of files that are attached, as they are typed, dropped and given to the program (row G)."""

import json
from pathlib import Path

import pytest

from tests.home import Home

NAMES = [" lead.txt", "trail.txt ", "  both  ", "it's.txt", '"quoted".txt', "back\\slash.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_an_argument_names_exactly_the_file_that_is_there(home: Home, name: str) -> None:
    folder = home.folder / "files"
    folder.mkdir()
    (folder / name.strip()).write_text("another")
    (folder / name).write_text("the one that is meant")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", name, cwd=folder)
    assert done.returncode == 0
    assert "the one that is meant" in json.dumps(home.groq.chats[-1].body)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("lead.txt", " lead.txt"),
        ('" lead.txt"', " lead.txt"),
        ("trail.txt", "trail.txt "),
        ("with\\ blank.txt", "with blank.txt"),
        ("'with blank.txt'", "with blank.txt"),
        ("\\ lead.txt", " lead.txt"),
    ],
)
def test_a_typed_or_dropped_name_finds_the_file_with_its_blanks(home: Home, typed: str, name: str) -> None:
    folder = home.folder / "files"
    folder.mkdir()
    (folder / name).write_text("the one that is meant")
    terminal = home.open("-m", "groq:gpt-oss-120b", cwd=folder)
    terminal.prompt().enter(f"/attach {typed}").sees("Attached to the next message").prompt()
    terminal.enter("What is in it?").sees("Answer 1 from groq.").prompt()
    assert "the one that is meant" in json.dumps(home.groq.chats[-1].body)


def test_a_name_that_fits_two_files_is_not_guessed(home: Home, tmp_path: Path) -> None:
    for name in (" lead.txt", "lead.txt "):
        (home.folder / name).write_text("one of two")
    done = home.run("-p", "What?", "-m", "groq:gpt-oss-120b", "-a", "lead.txt")
    assert done.returncode == 1
    assert "lead.txt cannot be read: No such file or directory." in done.stderr
