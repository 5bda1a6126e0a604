"""`parlance sessions`: old conversations go for good, after a question, and no others."""

import json
import sqlite3
import time
from pathlib import Path

from tests.harness.home import Home

OSS = ("-m", "groq:gpt-oss-120b")
YEAR_SECONDS = 365 * 86_400.0


def file_of(home: Home) -> Path:
    return home.folder / "data" / "conversations.db"


def titles(home: Home) -> list[str]:
    return [str(one["title"]) for one in json.loads(home.run("sessions", "--all", "--json").stdout)]


def grow_old(home: Home, title: str, seconds: float) -> None:
    connection = sqlite3.connect(file_of(home))
    with connection:
        connection.execute("UPDATE conversation SET updated = ? WHERE first_words = ?", (time.time() - seconds, title))
    connection.close()


def said(home: Home, *questions: str) -> None:
    for question in questions:
        assert home.run(*OSS, "-p", question).returncode == 0


def test_what_is_older_is_shown_asked_about_and_deleted(home: Home) -> None:
    said(home, "An old secret", "A new one")
    grow_old(home, "An old secret", 2 * YEAR_SECONDS)
    terminal = home.open("sessions", "--prune", "--older-than", "1y", columns=120)
    terminal.sees("An old secret").sees("Delete 1 conversation, about 0.0 MB for good? y/N").type("n\r")
    assert terminal.exit_code() == 1
    assert sorted(titles(home)) == ["A new one", "An old secret"]
    terminal = home.open("sessions", "--prune", "--older-than", "1y", columns=120)
    terminal.sees("y/N").type("y\r").sees("Deleted 1 conversation")
    assert terminal.exit_code() == 0
    assert titles(home) == ["A new one"]
    for path in file_of(home).parent.iterdir():
        assert b"An old secret" not in path.read_bytes(), path.name
    assert home.run("search", "secret").returncode == 1


def test_nothing_goes_where_nobody_can_be_asked(home: Home) -> None:
    said(home, "One")
    grow_old(home, "One", 2 * YEAR_SECONDS)
    refused = home.run("sessions", "--prune", "--older-than", "1y")
    assert (refused.returncode, titles(home)) == (2, ["One"])
    assert "Nobody is there to ask. --yes deletes without a question." in refused.stderr
    assert home.run("sessions", "--prune", "--older-than", "1y", "--yes").returncode == 0
    assert titles(home) == []


def test_a_size_leaves_the_one_used_last(home: Home) -> None:
    said(home, "One", "Two", "Three")
    assert home.run("sessions", "--prune", "--down-to", "0kb", "--yes").returncode == 0
    assert titles(home) == ["Three"]


def test_one_is_deleted_by_the_beginning_of_its_id(home: Home) -> None:
    said(home, "One", "Two")
    newest, oldest = home.ids()
    assert home.run("sessions", "--delete", oldest[:6], "--yes").returncode == 0
    assert home.ids() == [newest]
    missing = home.run("sessions", "--delete", oldest[:6], "--yes")
    assert (missing.returncode, "No conversation's id begins with" in missing.stderr) == (2, True)


def test_what_is_open_stays_and_is_named(home: Home) -> None:
    said(home, "One")
    (id,) = home.ids()
    terminal = home.open("-r", id).prompt()
    refused = home.run("sessions", "--delete", id, "--yes")
    assert refused.returncode == 1
    assert f"{id[:8]} is open in another window, and stays." in refused.stdout
    assert terminal.leave() == 0
    assert home.ids() == [id]


def test_without_an_age_or_a_size_nothing_goes(home: Home) -> None:
    said(home, "One")
    refused = home.run("sessions", "--prune", "--yes")
    assert (refused.returncode, titles(home)) == (2, ["One"])
    for wrong in (("--older-than", "soon"), ("--down-to", "many")):
        assert home.run("sessions", "--prune", *wrong, "--yes").returncode == 2
