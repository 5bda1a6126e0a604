"""When the file is not what it was, or cannot be written: the conversation goes on, and nothing said is lost."""

import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.errors import ConfigError, FileProblem
from modules.llm.message import Message, user
from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.store import FILE, Store
from tests.saving import BIG, MODEL, MODELS, ORIGIN, OTHER, answer, loaded, rows, saved, write

GARBAGE = b"This is not a database. " * 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE message SET body = '{\"role\": 7}' WHERE id = 2",
        "UPDATE message SET body = 'not json' WHERE id = 2",
        "UPDATE message SET body = CAST(x'fffe' AS TEXT) WHERE id = 2",
        "UPDATE message SET native = '[{' WHERE id = 2",
        "DELETE FROM message WHERE id = 2",
        "DELETE FROM blob",
    ],
)
def test_a_message_that_cannot_be_read_has_a_placeholder_and_the_rest_is_there(path: Path, damage: str) -> None:
    saved(path, user("One"), Message("assistant", (Text("seen"), BIG), ORIGIN, [{}]), user("Two"), answer("2"))
    write(path, damage)
    one, broken, two, second = loaded(path)
    assert (one, two, second) == (user("One"), user("Two"), answer("2"))
    assert "cannot be read" in broken.text


def test_a_path_that_would_never_end_ends(path: Path) -> None:
    saved(path, user("One"), answer("1"), user("Two"), answer("2"))
    write(path, "UPDATE message SET parent = 4 WHERE id = 2")
    write(path, "UPDATE conversation SET head = 99")
    assert [message.text for message in loaded(path)] == ["One", "1", "Two", "2"]


def damaged(path: Path, how: str) -> bytes:
    """Damage a file in which a conversation was saved, and give what it holds then."""
    saved(path, *[answer("word " * 1000) for _ in range(20)])
    data = path.read_bytes()
    data = {"garbage": GARBAGE, "cut": data[: len(data) // 2], "rotten": data[:4096] + b"\xee" * (len(data) - 4096)}[
        how
    ]
    path.write_bytes(data)
    return data


def moved_aside(path: Path) -> Path:
    (aside,) = (name for name in path.parent.glob(f"{FILE}.corrupt-*") if not name.name.endswith(("-wal", "-shm")))
    return aside


@pytest.mark.parametrize("how", ["garbage", "cut", "rotten"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(path: Path, how: str) -> None:
    data = damaged(path, how)
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.extend([user("One"), answer("1")])
    store.close()
    (told,) = store.news()
    aside = moved_aside(path)
    assert str(aside) in told
    assert aside.read_bytes() == data
    assert loaded(path).messages == (user("One"), answer("1"))


@pytest.mark.parametrize("how", ["garbage", "cut", "rotten"])
def test_a_damaged_file_is_told_of_when_it_is_to_be_read(path: Path, how: str) -> None:
    data = damaged(path, how)
    store = Store(path)
    with pytest.raises(FileProblem, match="damaged"):
        store.load("an id", MODELS, OTHER)
    aside = moved_aside(path)
    assert aside.read_bytes() == data
    assert store.latest() is None


def test_what_belongs_to_a_damaged_file_goes_with_it(path: Path) -> None:
    path.parent.mkdir()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").write_bytes(GARBAGE)
    saved_again = Store(path)
    Conversation(MODEL, journal=saved_again).append(user("One"))
    saved_again.close()
    names = sorted(name.name for name in path.parent.iterdir() if "corrupt" in name.name)
    assert [name[-4:] for name in names[1:]] == ["-shm", "-wal"]


async def test_a_file_that_goes_away_meanwhile_is_written_again_whole(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, "Be brief.", journal=store)
    conversation.extend([user("One"), answer("1")])
    await store.settled()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()
    conversation.append(user("Two"))
    await store.settled()
    assert len(rows(path, "SELECT * FROM message")) == 3
    (told,) = store.news()
    assert "removed or replaced" in told
    conversation.append(answer("2"))
    store.close()
    assert loaded(path).messages == conversation.messages


async def test_a_file_that_is_damaged_meanwhile_is_written_again_whole(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, "Be brief.", journal=store)
    conversation.extend([user("One"), answer("1")])
    await store.settled()
    Path(f"{path}-shm").write_bytes(b"\xee" * 32768)
    Path(f"{path}-wal").write_bytes(b"")
    path.write_bytes(GARBAGE)
    conversation.append(user("Two"))
    await store.settled()
    conversation.append(answer("2"))
    store.close()
    assert "damaged" in store.news()[0]
    assert loaded(path).messages == conversation.messages


def test_the_file_of_a_newer_release_is_left_as_it_is(path: Path) -> None:
    saved(path, user("One"))
    write(path, "PRAGMA user_version = 99")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    store = Store(path)
    for use in (store.check, store.latest, lambda: store.load("x", MODELS, OTHER)):
        with pytest.raises(ConfigError, match="newer Parlance") as caught:
            use()
        assert str(path) in caught.value.message
        assert "--no-save" in caught.value.cure
    Conversation(MODEL, journal=store).append(user("Two"))
    store.close()
    assert "newer Parlance" in store.news()[0]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [name.name for name in path.parent.glob(f"{FILE}*")] == [FILE]


async def test_a_busy_file_is_waited_for_off_the_loop_and_written_when_it_is_free(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("One"))
    await store.settled()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    conversation.append(answer("1"))
    waiting = asyncio.ensure_future(store.settled())
    longest, last = 0.0, time.perf_counter()
    while not waiting.done():
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert store.trouble == "another program is using the file"
    conversation.append(user("Two"))
    began = time.perf_counter()
    await store.settled()
    assert time.perf_counter() - began < 2, "once it is known, nobody waits so long again"
    assert longest < 0.5
    assert len(store.news()) == 1, "told once"
    other.execute("ROLLBACK")
    other.close()
    conversation.append(answer("2"))
    await store.settled()
    assert store.trouble is None
    assert len(rows(path, "SELECT * FROM message")) == 4
    store.close()


FULL = """
import asyncio, resource, sys
from pathlib import Path
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.store import Store
from tests.saving import MODEL, BIG, answer

async def main(path):
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.extend([user("One"), answer("1")])
    await store.settled()
    size = Path(f"{path}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
    for text in ("Two " * 9000, "Three " * 9000):
        conversation.append(user(text))
        await store.settled()
        print(store.trouble, len(store.news()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    conversation.append(user("Four"))
    await store.settled()
    print(store.trouble, len(store.news()))
    store.close()

asyncio.run(main(Path(sys.argv[1])))
"""


def child(script: str, path: Path) -> list[str]:
    """The lines that a script prints in a process of its own."""
    command = [sys.executable, "-B", "-c", script, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again(path: Path) -> None:
    first, second, third = child(FULL, path)
    assert first in ("the disk is full 1", "the disk did not take it 1")
    assert second.endswith(" 0")
    assert third == "None 0"
    assert [message.text.split()[0] for message in loaded(path)] == ["One", "1", "Two", "Three", "Four"]


LOCKED_AWAY = """
import asyncio, os, sys
from pathlib import Path
from modules.llm.message import user
from modules.session import reading, writer  # later its files might be out of reach
from modules.session.store import Store
from tests.saving import MODELS, OTHER

async def main(path):
    if os.geteuid() == 0:
        os.setuid(65534)
    store = Store(path)
    store.check()
    conversation = store.load(store.latest(), MODELS, OTHER)
    conversation.append(user("Two"))
    await store.settled()
    print(len(conversation.messages), store.trouble)
    print(*store.news(), sep="\\n")
    store.close()

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_in_a_place_that_cannot_be_written_conversations_are_read_and_go_on_unsaved(open_place: Path) -> None:
    path = open_place / "data" / FILE
    saved(path, user("One"))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    before = path.read_bytes()
    said, *told = child(LOCKED_AWAY, path)
    assert said == "2 the place cannot be written"
    assert "cannot be written" in told[0]
    assert path.read_bytes() == before
    path.parent.chmod(0o755)


def test_a_pipe_or_a_folder_in_the_place_of_the_file_does_not_hold_the_program_up(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    store = Store(path)
    store.check()
    Conversation(MODEL, journal=store).append(user("One"))
    store.close()
    assert "it is a pipe" in store.news()[0]
