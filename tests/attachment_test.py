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


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("Grüße".encode("latin-1"), "its text is read as cp1252"),
        ("Grüße".encode("utf-16"), "its text is read as utf-16"),
        ("Grüße".encode("utf-8-sig"), ""),
    ],
)
def test_text_in_another_encoding_is_read_as_that_and_said(home: Home, data: bytes, note: str) -> None:
    (home.folder / "export.txt").write_bytes(data)
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", "export.txt")
    assert done.returncode == 0
    assert home.groq.chats[-1].body["messages"][-1]["content"].endswith("[file: export.txt]\nGrüße")
    assert (f"export.txt: {note}." if note else "") in done.stderr


def test_bytes_that_no_text_has_are_not_called_text(home: Home) -> None:
    (home.folder / "core.txt").write_bytes(b"a\0b")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", "core.txt")
    assert done.returncode == 1
    assert "core.txt holds bytes that no text has." in done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("~nobody-of-this-name.txt", "No such file or directory. Paths are read from"),
        (".", "Is a directory. Name a file in it."),
        ("there.txt/more", "Not a directory. Paths are read from"),
        ("x" * 300, "File name too long. Paths are read from"),
    ],
)
def test_a_name_that_leads_to_no_file_is_said_in_words_that_hold_in_a_pipe(home: Home, name: str, words: str) -> None:
    (home.folder / "there.txt").write_text("text")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", name)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "Tab" not in done.stderr


def test_a_name_that_begins_like_a_home_is_a_name(home: Home) -> None:
    (home.folder / "~draft.txt").write_text("the draft")
    done = home.run("-p", "What is in it?", "-m", "groq:gpt-oss-120b", "-a", "~draft.txt")
    assert done.returncode == 0
    assert "the draft" in str(home.groq.chats[-1].body)
