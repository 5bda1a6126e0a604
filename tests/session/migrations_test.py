"""A file of an earlier release becomes one of this release, whatever happens meanwhile, and nothing in it is lost."""

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modules.config import ROOT
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage import database
from modules.session.storage.location import VERSION, Locks
from modules.session.storage.store import FILE, Store
from tests.harness.store_helpers import MODELS, OTHER, answer, bodies, rows, saved, write

SAVED = ROOT / "tests" / "data" / "conversation_parlance_5.sql"  # of schema 1
ID = "98f0d82f5fdb3ad7"
RENAMED = {"told": "last_message", "seed": "prefix_digest", "stripped": "reasoning_from", "upto": "covers_until"}
# What later schemas have beside it, and what stands there for a conversation of before.
ADDED: dict[str, dict[str, Any]] = {
    "ledger": {"pictures_from": 0, "number": None},
    "conversation": {"folder": None, "kind": "chat", "source": None, "first_words": None, "pins": None},
    "spent": {"created": None},
}
NEW_TABLES = ("branch_name", "imported", "frozen", "blob_owner", "view")
RENAMED |= {"lenient": "drops_unreadable_reasoning", "without": "refused_features"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as the release before has left it."""
    path = tmp_path / "data" / FILE
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SAVED.read_text())
        connection.execute("PRAGMA journal_mode = WAL")
    path.chmod(0o600)
    return path


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, under the names of today."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in tables}
    return {
        table: [{RENAMED.get(str(name), str(name)): value for name, value in row.items()} for row in those]
        for table, those in found.items()
    }


def schema(path: Path) -> dict[str, list[Any]]:
    tables = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    described = {table: rows(path, f"PRAGMA table_info({table})") for table in tables}
    keys = {f"{table} keys": rows(path, f"PRAGMA foreign_key_list({table})") for table in tables}
    return {
        **described,
        **keys,
        "indexes": rows(path, "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name"),
    }


def version(path: Path) -> int:
    return int(rows(path, "PRAGMA user_version")[0][0])


def update(path: Path) -> None:
    locks = Locks(path.with_suffix(".lock"))
    database.connect(path, locks).close()
    locks.close()


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{FILE}.backup-*"))


def is_whole(path: Path, before: dict[str, list[dict[str, Any]]]) -> None:
    """The file is of one schema or the other, wholly, and has everything."""
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    now = contents(path)
    for table, columns in ADDED.items():
        for row in now[table]:
            known_before = {name for known in before[table] for name in known}
            for name in columns.keys() & row.keys() - known_before:
                assert row.pop(name) == columns[name]
    assert not any(now.pop(table, []) for table in NEW_TABLES if table not in before)
    assert now == before


@pytest.mark.parametrize("older", sorted(SAVED.parent.glob("conversation_parlance_*.sql")), ids=lambda path: path.stem)
def test_an_older_file_gets_the_schema_of_a_new_one_and_keeps_every_value(older: Path, tmp_path: Path) -> None:
    path = tmp_path / FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(older.read_text())
    before = contents(path)
    update(path)
    saved(tmp_path / "new" / FILE, user("One"))
    assert version(path) == VERSION
    assert schema(path) == schema(tmp_path / "new" / FILE)
    is_whole(path, before)


def test_the_file_as_it_was_is_kept_beside_it_for_this_user_only(path: Path) -> None:
    before = contents(path)
    with closing(sqlite3.connect(path)) as open_elsewhere:  # what is in the log only belongs to the copy
        open_elsewhere.execute("UPDATE conversation SET system = 'Be brief.'")
        open_elsewhere.commit()
        update(path)
    before["conversation"][0]["system"] = "Be brief."
    assert [copy.name for copy in copies(path)] == [f"{FILE}.backup-schema-1"]
    (copy,) = copies(path)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert version(copy) == 1
    is_whole(copy, before)


def test_a_copy_of_an_earlier_time_is_never_written_over(path: Path) -> None:
    earlier = path.with_name(f"{FILE}.backup-schema-1")
    earlier.write_text("kept")
    update(path)
    assert earlier.read_text() == "kept"
    assert version(path.with_name(f"{FILE}.backup-schema-1-2")) == 1


def test_a_half_written_copy_is_made_anew(path: Path) -> None:
    before = contents(path)
    path.with_name(f"{FILE}.backup-schema-1.unfinished").write_bytes(path.read_bytes()[:5000])
    update(path)
    (copy,) = copies(path)
    assert copy.name.endswith("backup-schema-1")
    is_whole(copy, before)


def test_what_two_meanings_of_one_column_said_stands_in_a_column_each(path: Path) -> None:
    keys = [key for (key,) in rows(path, "SELECT key FROM ledger ORDER BY key")]
    values = ('{"pictures_from": 3}', '["images"]', "no JSON")
    for key, value in zip(keys, values, strict=True):
        write(path, f"UPDATE ledger SET without = '{value}' WHERE key = '{key}'")
    update(path)
    assert rows(path, "SELECT refused_features, pictures_from FROM ledger ORDER BY key") == [
        ("[]", 3),
        ('["images"]', 0),
        ("no JSON", 0),
    ]


def test_reading_waits_for_no_copy_and_the_file_is_updated_behind_it(path: Path) -> None:
    store = Store(path)
    assert store.latest() == ID
    assert store.find(ID[:6]) == ID
    assert (version(path), copies(path)) == (1, [])
    conversation = store.load(ID, MODELS, OTHER)
    assert len(conversation.messages) == 14
    store.close()
    assert version(path) == VERSION
    assert len(copies(path)) == 1


# A program for each call of SQLite and of the system that the update makes, which kills itself when that has returned.
KILLED = """
import itertools, os, shutil, signal, sqlite3, sys
from pathlib import Path
from modules.session.storage import database
from modules.session.storage.location import Locks

def update(path, left):
    def count(frame, event, called):
        nonlocal left
        if event == "c_return" and (isinstance(called.__self__, sqlite3.Connection) or called.__module__ == "posix"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    locks = Locks(path.with_suffix(".lock"))
    sys.setprofile(count)
    database.connect(path, locks).close()
    os._exit(0)

path = Path(sys.argv[1])
if len(sys.argv) > 2:
    update(path, -1)
for at in itertools.count(1):
    one = path.parent / str(at) / path.name
    one.parent.mkdir()
    shutil.copy(path, one)
    if not (child := os.fork()):
        update(one, at)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
    print(at, flush=True)
"""


def test_killed_at_any_call_the_file_is_whole_and_the_next_program_goes_on(path: Path) -> None:
    before = contents(path)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    tried = done.stdout.split()
    assert len(tried) > 20, "it makes so many calls"
    found: set[int] = set()
    for at in tried:
        one = path.parent / at / FILE
        found.add(version(one))
        is_whole(one, before)
        update(one)
        assert version(one) == VERSION
        is_whole(one, before)
        is_whole(one.with_name(f"{FILE}.backup-schema-1"), before)
    assert found == set(range(1, VERSION + 1))


def test_killed_while_the_copy_is_written_the_file_is_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for number in range(60):
            connection.execute("INSERT INTO blob VALUES (?, ?)", (str(number), os.urandom(1_000_000)))
        connection.commit()
    before = contents(path)
    unfinished = path.with_name(f"{FILE}.backup-schema-1.unfinished")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), "alone"], cwd=ROOT, stdout=subprocess.PIPE
    ) as child:
        while child.poll() is None and not (unfinished.exists() and unfinished.stat().st_size):
            time.sleep(0.001)
        child.kill()
    is_whole(path, before)
    update(path)
    is_whole(path, before)
    for copy in copies(path):
        is_whole(copy, before)


GOES_ON = """
import sys
from pathlib import Path
from modules.llm.message import user
from modules.session.storage.store import Store
from tests.harness.store_helpers import MODELS, OTHER

store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
conversation = store.load("98f0d82f5fdb3ad7", MODELS, OTHER)
conversation.append(user(sys.argv[2]))
print(store.close(30.0), flush=True)
"""


def test_programs_that_come_at_once_all_keep_what_they_say_and_one_of_them_updates(path: Path) -> None:
    words = ["One", "Two", "Three", "Four"]
    command = [sys.executable, "-c", GOES_ON, str(path)]
    children = [
        subprocess.Popen([*command, word], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for word in words
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        assert child.communicate(timeout=50)[0] == "True\n"
    assert version(path) == VERSION
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    said = " ".join(bodies(path, "role = 'user'"))
    assert all(f'"text":"{word}"' in said for word in words)
    assert len(copies(path)) == 1


HOLDS = """
import sys
from pathlib import Path
from modules.session.storage.location import Locks
locks = Locks(Path(sys.argv[1]))
assert locks.take("a conversation")
print("taken", flush=True)
sys.stdin.readline()
"""


async def test_while_an_earlier_release_runs_the_file_is_read_and_updated_when_that_has_ended(path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(path.with_suffix(".lock"))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as earlier:
        assert earlier.stdout is not None
        assert earlier.stdout.readline() == "taken\n"
        store = Store(path)
        conversation = store.load(ID, MODELS, OTHER)
        conversation.append(user("And now?"))
        await store.settled()
        assert store.held, "as while any other program has the file"
        async with asyncio.timeout(25):
            while store.trouble is None:
                await asyncio.sleep(0.02)
        assert version(path) == 1
        assert "an earlier Parlance that uses it is still running" in (store.trouble or "")
        assert copies(path) == []
        earlier.communicate("\n")
    conversation.append(answer("Now it is saved."))
    async with asyncio.timeout(25):
        while store.held:
            await asyncio.sleep(0.02)
    assert store.trouble is None
    store.close()
    assert version(path) == VERSION
    assert "Now it is saved." in " ".join(bodies(path))


FULL = """
import asyncio, json, resource, sys
from pathlib import Path
from modules.llm.message import user
from modules.session.storage.store import Store
from tests.harness.store_helpers import MODELS, OTHER

async def main(path):
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, resource.RLIM_INFINITY))
    store = Store(path)
    conversation = store.load("98f0d82f5fdb3ad7", MODELS, OTHER)
    conversation.append(user("One more"))
    await store.settled()
    notices = [one for one in store.news() if "not being saved" in one]
    print(json.dumps([store.trouble, len(notices), sorted(one.name for one in path.parent.iterdir())]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    conversation.append(user("And one"))
    await store.settled()
    print(json.dumps(store.trouble))
    store.close()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_full_disk_is_told_once_and_the_file_stays_usable_until_there_is_room(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO blob VALUES ('x', ?)", (bytes(400_000),))
        connection.commit()
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    trouble, news, names = first
    assert trouble.startswith("the file is of an earlier release and cannot be updated yet, because no copy of it")
    assert news == 1
    assert not [name for name in names if "backup" in name]
    assert second is None
    assert version(path) == VERSION
    assert {"One more", "And one"} <= {
        part["text"] for body in bodies(path) for part in json.loads(body)["parts"]
        if part["type"] == "text"
    }  # fmt: skip


LOCKED_AWAY = """
import os, sys
from pathlib import Path
from modules.llm.message import user
from modules.session.storage import conversation_loader
from modules.session.storage import writer  # later its files might be out of reach
from modules.session.storage.store import Store
from tests.harness.home import Home
from tests.harness.store_helpers import MODELS, OTHER

if os.geteuid() == 0:
    os.setuid(65534)
store = Store(Path(sys.argv[1]))
store.check()
conversation = store.load("98f0d82f5fdb3ad7", MODELS, OTHER)
conversation.append(user("Unsaved"))
store.close()
print(len(conversation.messages), *store.news())
"""


def test_a_file_that_cannot_be_written_is_read_as_if_it_were_updated() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "data" / FILE
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SAVED.read_text())
        path.chmod(0o444)
        path.parent.chmod(0o555)
        before = path.read_bytes()
        command = [sys.executable, "-B", "-c", LOCKED_AWAY, str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
        path.parent.chmod(0o755)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("15 Nothing is saved: ")
        assert path.read_bytes() == before
        assert [one.name for one in path.parent.iterdir()] == [FILE]


def test_a_conversation_that_is_begun_updates_the_file_too(path: Path) -> None:
    store = Store(path)
    Conversation(OTHER, journal=store).append(user("Something new"))
    store.close()
    assert store.news() == []
    assert version(path) == VERSION
    assert len(rows(path, "SELECT id FROM conversation")) == 2
