"""`parlance show`: one saved conversation for people and for scripts, in a pipe and at a terminal."""

import json
import os
from pathlib import Path

import pytest

from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from tests.harness.home import Home
from tests.harness.store_helpers import MODEL, answer

EVIL = "red \x1b[31m \x1b]0;title\x07 \u202e \x9b2J"


def keep(home: Home, id: str, *words: str, folder: Path | None = None) -> Conversation:
    """A conversation that was saved earlier."""
    store = Store(place(home))
    talk = Conversation(MODEL, id=id, journal=store, folder=str(folder or ""))
    for question, text in zip(words[::2], words[1::2], strict=True):
        talk.extend([user(question), answer(text)])
    store.close()
    assert store.news() == []
    return talk


def place(home: Home) -> Path:
    found = home.run("-p", "Hello", "-m", "groq:gpt-oss-20b")
    assert found.returncode == 0
    (path,) = home.folder.rglob(FILE)
    return path


@pytest.mark.parametrize(
    ("option", "beginning", "end"),
    [
        ("--md", "# Eins\n", "\n\nUno.\n"),
        ("--txt", "Eins\n====\n", ":\n\nUno.\n"),
        ("--html", "<!doctype html>\n", "</html>\n"),
        ("--json", '{\n "format": "parlance",\n', "}\n"),
    ],
)
def test_each_format_comes_whole_and_alone(home: Home, option: str, beginning: str, end: str) -> None:
    keep(home, "aaaa000000000001", "Eins", "Uno.")
    done = home.run("show", "aaaa", option)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith(beginning)
    assert done.stdout.endswith(end)


def test_without_an_id_it_is_the_last_of_this_folder(home: Home, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    keep(home, "aaaa000000000001", "Eins", "Uno.", folder=Path(os.path.realpath(here)))
    keep(home, "bbbb000000000002", "Zwei", "Due.", folder=Path(os.path.realpath(there)))
    for words in (("show",), ("show", "--last")):
        assert "Uno." in home.run(*words, cwd=here).stdout
        assert "Due." in home.run(*words, cwd=there).stdout


def test_what_is_not_there_or_not_clear_is_said_with_a_cure(home: Home) -> None:
    keep(home, "aaaa000000000001", "Eins", "Uno.")
    keep(home, "aaaa000000000002", "Zwei", "Due.")
    for words, said in (
        (("show", "ffff"), 'No conversation\'s id begins with "ffff".'),
        (("show", "aaaa"), '"aaaa" could be aaaa0000 or aaaa0000. Give more of it.'),
        (("show", "aaaa", "--last"), "An id and --last name two conversations."),
    ):
        done = home.run(*words)
        assert (done.stdout, done.returncode) == ("", 2)
        assert said in done.stderr
    assert "sessions lists them." in home.run("show", "ffff").stderr


def test_where_nothing_is_saved_that_is_said(home: Home) -> None:
    done = home.run("show")
    assert (done.stdout, done.returncode) == ("", 2)
    assert "No conversation of this folder is saved." in done.stderr


@pytest.mark.parametrize("option", ["--md", "--txt", "--html", "--json"])
def test_a_terminal_obeys_nothing_of_what_was_said(home: Home, option: str) -> None:
    keep(home, "aaaa000000000001", EVIL, EVIL)
    raw = home.run("show", "aaaa", option).stdout
    assert not any(char in raw for char in "\x1b\x07\u202e\x9b")
    if option == "--json":
        assert json.loads(raw)["messages"][1]["parts"][0]["text"] == EVIL
    shown = home.open("show", "aaaa", option)
    assert shown.exit_code() == 0
    assert b"\x1b]0" not in shown.raw
    assert b"\x1b[31m" not in shown.raw


def test_a_pipe_that_is_closed_early_is_no_error(home: Home) -> None:
    keep(home, "aaaa000000000001", *(["Eins", "Uno. " * 20_000] * 10))
    with home.start("show", "aaaa") as running:
        assert running.stdout is not None
        assert running.stdout.read(7) == b"# Eins\n"
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
    assert running.returncode == 128 + 13


def test_a_stream_that_holds_only_ascii_gets_the_same_json_and_page(home: Home) -> None:
    keep(home, "aaaa000000000001", "Grüße 🎉", "世界")
    env = {"PYTHONIOENCODING": "ascii"}
    value = json.loads(home.run("show", "aaaa", "--json", env=env).stdout)
    assert value["messages"][0]["parts"][0]["text"] == "Grüße 🎉"
    assert "Gr&#252;&#223;e &#127881;" in home.run("show", "aaaa", "--html", env=env).stdout


def test_branches_come_along_with_tree(home: Home) -> None:
    path = place(home)
    store = Store(path)
    talk = Conversation(MODEL, id="aaaa000000000001", journal=store)
    talk.extend([user("Eins"), answer("Uno.")])
    talk.go_to(1)
    talk.append(answer("Due."))
    store.close()
    assert "Uno." not in home.run("show", "aaaa").stdout
    assert "Uno." in home.run("show", "aaaa", "--tree").stdout


def test_looking_changes_nothing_in_the_file(home: Home) -> None:
    keep(home, "aaaa000000000001", "Eins", "Uno.")
    (path,) = home.folder.rglob(FILE)
    before = path.read_bytes()
    assert home.run("show", "aaaa").returncode == 0
    assert path.read_bytes() == before
