"""The index survives what may happen to a file: kills, damage, other programs, other releases, and hostile text."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.errors import ConfigError, FileProblem
from modules.llm.message import user
from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import Found, Search
from modules.session.storage import database, statements
from modules.session.storage.location import Locks
from modules.session.storage.store import FILE
from tests.harness.store_helpers import MODEL, rows, saved, write

PATIENCE = 25.0
INDEXER = """
import sys
from pathlib import Path
from modules.session.search.search import Search
path = Path(sys.argv[1])
Search(path, path.with_name("search.db")).catch_up(lambda *counts: print(*counts, flush=True), pause=float(sys.argv[2]))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def search_in(path: Path) -> Search:
    return Search(path, path.with_name(INDEX))


def found(path: Path, typed: str, limit: int = 20) -> Found:
    search = search_in(path)
    assert search.catch_up()
    return search.find(typed, limit)


def many(path: Path, conversations: int = 60, messages: int = 50) -> None:
    """Conversations in which every message holds "penguin" and its own number."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    locks = Locks(path.with_suffix(".lock"))
    with closing(database.connect(path, locks)) as file:
        file.execute("BEGIN")
        for number in range(conversations):
            conversation = Conversation(MODEL)
            conversation.extend(user(f"penguin n{number}x{at} " + "straw " * 20) for at in range(messages))
            for statement, values in statements.everything(conversation).make():
                file.execute(statement, values)
        file.execute("COMMIT")
    locks.close()


def indexing(path: Path, pause: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", INDEXER, str(path), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_after_a_kill_at_any_moment_a_search_finds_everything(path: Path) -> None:
    many(path)
    chance = random.Random(5)
    for _ in range(6):
        with indexing(path, 0.0) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.2))  # wherever it is by then
            process.send_signal(signal.SIGKILL)
        search_in(path).find("penguin")
    there = found(path, "penguin", 5000)
    assert (len(there.hits), there.indexed, there.total) == (3000, 3000, 3000)
    assert len({(hit.conversation, hit.message) for hit in there.hits}) == 3000
    for number, at in ((0, 0), (31, 7), (59, 49)):
        assert len(found(path, f"n{number}x{at}").hits) == 1
        assert len(found(path, f"{number}x{at}").hits) > 0


def test_of_two_programs_one_indexes_and_both_find_what_there_is(path: Path) -> None:
    many(path)
    with indexing(path, 0.02) as other:
        assert other.stdout is not None
        other.stdout.readline()
        halfway = search_in(path).find("penguin", 5000)
        assert 0 < len(halfway.hits) == halfway.indexed
        assert search_in(path).catch_up()
        assert len(search_in(path).find("penguin", 5000).hits) == 3000
        assert other.wait(PATIENCE) == 0
    assert found(path, "penguin", 5000).indexed == 3000


def test_threads_of_one_program_may_search_and_index_at_once(path: Path) -> None:
    many(path, 20)
    search, failed = search_in(path), []

    def work(at: int) -> None:
        try:
            if at % 2:
                search.catch_up()
            for _ in range(5):
                search.find("penguin straw n1")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failed == []
    assert len(found(path, "penguin", 5000).hits) == 1000


def test_the_file_of_conversations_is_never_locked_or_written(path: Path) -> None:
    many(path, 5)
    stop = threading.Event()
    thread = threading.Thread(target=lambda: search_in(path).catch_up(pause=0.05, stop=stop))
    with closing(sqlite3.connect(path, 0.0, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")  # a program that writes for long
        writer.execute("UPDATE conversation SET used = used + 100")
        assert len(found(path, "penguin", 500).hits) == 250
        thread.start()
        writer.execute("COMMIT")
        for _ in range(20):  # with no patience at all
            writer.execute("UPDATE conversation SET used = used + 1")
    thread.join(PATIENCE)
    assert len(found(path, "penguin", 500).hits) == 250


@pytest.mark.parametrize("schema", ["conversation_parlance_5.sql", "conversation_parlance_6.sql"])
def test_a_file_of_an_earlier_release_is_searched_and_stays_as_it_is(path: Path, schema: str) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((ROOT / "tests" / "data" / schema).read_text())
        connection.execute("PRAGMA journal_mode = WAL")
    before = path.read_bytes()
    texts = [
        json.loads(row[0])["parts"][0].get("text", "")
        for row in rows(path, "SELECT body FROM message WHERE role = 'user'")
    ]
    word = next(word for text in texts for word in text.split() if word.isalpha() and len(word) > 3)
    assert any(word in hit.snippet for hit in found(path, word).hits)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*backup*"))


def test_a_file_of_a_newer_release_is_left_alone(path: Path) -> None:
    saved(path, user("Penguins"))
    write(path, "PRAGMA user_version = 99")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with pytest.raises(ConfigError):
        search_in(path).catch_up()
    with pytest.raises(ConfigError):
        search_in(path).find("penguins")


@pytest.mark.parametrize("spoiled", ["no database", "cut", "holes", "another version", "somebody else's", "empty"])
def test_an_index_that_is_of_no_use_is_made_anew(path: Path, spoiled: str) -> None:
    many(path, 4)
    index = path.with_name(INDEX)
    assert len(found(path, "penguin", 500).hits) == 200
    data = index.read_bytes()
    match spoiled:
        case "no database":
            index.write_bytes(b"not a database at all " * 1000)
        case "cut":
            index.write_bytes(data[: len(data) // 2])
        case "holes":
            index.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
        case "another version":
            write(index, "PRAGMA user_version = 77")
        case "somebody else's":
            index.unlink()
            write(index, "CREATE TABLE words (mine TEXT)")
        case _:
            index.write_bytes(b"")
    search_in(path).find("penguin")  # not an error, whatever it finds
    many(path, 1)
    there = found(path, "penguin", 500)
    assert (len(there.hits), there.indexed) == (250, 250)
    assert len(list(path.parent.glob(f"{INDEX}*"))) <= 3


def test_what_stands_in_the_place_of_the_index_is_named(path: Path) -> None:
    saved(path, user("Penguins"))
    path.with_name(INDEX).mkdir()
    with pytest.raises(FileProblem, match=r"search\.db"):
        search_in(path).catch_up()


def test_conversations_that_cannot_be_read_are_named_and_not_the_index(path: Path) -> None:
    many(path, 4)
    assert len(found(path, "penguin", 500).hits) == 200
    data = path.read_bytes()
    path.write_bytes(data[:4096] + bytes(len(data) - 4096))
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    with pytest.raises(FileProblem, match=r"conversations\.db"):
        search_in(path).catch_up()


HOSTILE = (
    'NEAR("a" "b", 5)', "text : x", "^start", "a AND", "OR OR OR", "(((((", "{text role}: x", "a NOT", "words*",
    '"""', "-", "--", "-- x",
    "\0", "\x1b[31mred", "a\ud800b", "'; DROP TABLE words", "%_", "\\", "role", "model", "rowid:1",
    "http://x.y/z?a=b", "since", "“quoted",
    "+a", "a+b", "😀", "\u202e", "x" * 5000, "( a ) b", "*", "a*", "🏳️‍🌈", "ﷺ", "\U000e0041",
)  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_whatever_is_typed_is_never_an_error_of_the_database(path: Path, typed: str) -> None:
    saved(path, user("start a b x words red quoted"))
    search = search_in(path)
    search.catch_up()
    search.find(f"{typed} a")
    search.find(f"-{typed} a")
    search.find(f'"{typed}" a')


def test_hostile_messages_are_indexed_and_harm_nothing(path: Path) -> None:
    texts = [
        *(f"{text} penguin" for text in HOSTILE),
        "\0penguin\0",
        "penguin " + "\u0301" * 10_000,
        "penguin" + " \x07" * 5000,
    ]
    saved(path, *(user(Text(text)) for text in texts))
    assert len(found(path, "penguin", 500).hits) == len(texts)
    write(path, "UPDATE message SET body = '{broken' WHERE id = 1")
    write(path, "UPDATE message SET body = x'ff00fe' WHERE id = 2")
    write(path, "UPDATE conversation SET title = x'ffff', used = used + 1")
    path.with_name(INDEX).unlink()
    assert len(found(path, "penguin", 500).hits) == len(texts) - 2


def test_a_message_of_ten_megabytes_is_found_by_what_stands_at_its_end(path: Path) -> None:
    long = "word and wörter " * 600_000 + "needle in the end. " + "A" * 500_000
    saved(path, user(long), user("x" * 200))
    hit = found(path, "needle").hits[0]
    assert "needle in the end" in hit.snippet
    assert [hit.message for hit in found(path, "x" * 150).hits] == [2]
    assert path.with_name(INDEX).stat().st_size < 10_000_000


def test_the_index_grows_while_a_conversation_is_deleted_in_another_program(path: Path) -> None:
    many(path, 30)
    ids = [row[0] for row in rows(path, "SELECT id FROM conversation")]
    with indexing(path, 0.05) as other:
        assert other.stdout is not None
        other.stdout.readline()
        search_in(path).forget(ids[:3])
        with closing(sqlite3.connect(path, PATIENCE)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executemany("DELETE FROM conversation WHERE id = ?", ((id,) for id in ids[:3]))
        assert other.wait(PATIENCE) == 0
    there = found(path, "penguin", 5000)
    assert {hit.conversation for hit in there.hits} == set(ids[3:])
    assert there.indexed == there.total == len(there.hits) == 27 * 50
