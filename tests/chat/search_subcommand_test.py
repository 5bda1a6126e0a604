"""`parlance search` at the real program: what it prints for people and for scripts, and the index of a running chat."""

import json
import stat
import time
from pathlib import Path

from modules.llm.message import user
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import Search
from modules.session.storage.store import FILE
from tests.harness.home import Home
from tests.harness.store_helpers import answer, saved

PATIENCE = 25.0


def data(home: Home) -> Path:
    return home.folder / "data" / FILE


def test_a_search_prints_where_it_was_said_and_by_whom(home: Home) -> None:
    conversation = saved(data(home), user("Where do penguins live?"), answer("In the south, the penguins."))
    done = home.run("search", "penguin")
    assert (done.returncode, done.stderr) == (0, "")
    blocks = done.stdout.split("\n\n")
    assert len(blocks) == 2
    for block, who, words in zip(
        sorted(blocks, reverse=True),
        ("you", "anthropic:claude-sonnet-5-5"),
        ("Where do penguins live?", "In the south, the penguins."),
        strict=True,
    ):
        first, second = block.strip("\n").split("\n")
        assert first.split(" · ")[1:] == [conversation.id[:8], "Where do penguins live?", who]
        assert second == f"    {words}"


def test_nothing_found_is_code_1_and_no_words(home: Home) -> None:
    saved(data(home), user("Penguins"))
    done = home.run("search", "ostrich")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    (home.folder / "data" / FILE).unlink()
    assert home.run("search", "penguins").returncode == 1


def test_json_is_a_line_for_each_hit(home: Home) -> None:
    conversation = saved(data(home), user("Pingüinos y más"), user("Nada"), user("pinguinos"))
    done = home.run("search", "--json", "--limit", "1", "pinguinos", "-más")
    (line,) = done.stdout.splitlines()
    hit = json.loads(line)
    assert (hit["conversation"], hit["message"], hit["role"], hit["title"]) == (
        conversation.id,
        3,
        "user",
        "Pingüinos y más",
    )
    assert [hit["snippet"][start:end] for start, end in hit["marks"]] == ["pinguinos"]
    assert abs(hit["when"] - time.time()) < 60
    assert [
        json.loads(line)["message"] for line in home.run("search", "--json", "in:title", "mas").stdout.splitlines()
    ] == [0]


def test_quotes_minus_and_words_that_look_like_options_can_be_given(home: Home) -> None:
    saved(data(home), user("use the --json option"), user("json option"), user("-h is help"))
    assert "use the" in home.run("search", "--", "--json").stdout
    assert home.run("search", '"json option"', "-use").stdout.count("    ") == 1
    for wrong in (["--jsno", "x"], ["--limit", "0", "x"], ["--limit"], ["role:nobody", "x"], ["since:x"], []):
        done = home.run("search", *wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
    assert "since:7d" in home.run("search", "--help").stdout


def test_words_are_marked_on_a_terminal_only_and_foreign_text_cannot_touch_it(home: Home) -> None:
    saved(data(home), user("The \x1b[41mred penguin\x07 swims."))
    assert "\x1b" not in home.run("search", "penguin").stdout
    terminal = home.open("search", "penguin")
    terminal.sees("penguin␇ swims.").sees("-r ID")
    assert terminal.exit_code() == 0
    assert b"\x1b[1mpenguin\x1b[0m" in terminal.raw
    assert b"\x1b[41m" not in terminal.raw
    plain = home.open("search", "penguin", env={"NO_COLOR": "1"})
    plain.sees("penguin␇ swims.")
    assert plain.exit_code() == 0
    assert b"\x1b[1m" not in plain.raw


def test_the_index_is_made_while_a_chat_is_open_and_what_is_said_there_is_found(home: Home) -> None:
    saved(data(home), user("Penguins of an earlier day"))
    terminal = home.open()
    terminal.prompt()
    index = data(home).with_name(INDEX)
    deadline = time.monotonic() + PATIENCE
    search = Search(data(home), index)
    while not search.find("penguins").hits and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(search.find("penguins").hits) == 1
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    terminal.ask("Do penguins fly?")
    assert "Do penguins fly?" in home.run("search", "fly", "role:me").stdout
    assert terminal.leave() == 0


def test_a_chat_that_saves_nothing_makes_no_index(home: Home) -> None:
    saved(data(home), user("Penguins of an earlier day"))
    terminal = home.open("--no-save")
    terminal.prompt()
    time.sleep(6.0)  # longer than the program waits before it begins
    assert not data(home).with_name(INDEX).exists()
    assert terminal.leave() == 0


def test_an_index_that_cannot_be_written_is_said_and_what_is_there_is_found(home: Home) -> None:
    saved(data(home), user("Penguins"))
    assert home.run("search", "penguins").returncode == 0
    index = data(home).with_name(INDEX)
    index.unlink()
    index.mkdir()
    done = home.run("search", "penguins")
    assert done.returncode == 1
    assert "search.db" in done.stderr
