"""When the file is not what it was, or cannot be written: the conversation goes on, and nothing said is lost."""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.errors import ConfigError, FileProblem
from modules.llm.message import Message, user
from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from tests.harness.home import Home
from tests.harness.store_helpers import BIG, MODEL, MODELS, ORIGIN, OTHER, answer, loaded, rows, saved, write
from tests.harness.terminal import CTRL_D

OSS = ("-m", "groq:gpt-oss-120b")
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


def overwritten(path: Path, *, at: int = 0, keep: bool = True) -> None:
    with path.open("r+b") as file:
        size = len(file.read())
        file.seek(at)
        file.write(b"\xee" * (size - at))
        if not keep:
            file.truncate(at)


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(GARBAGE)
    other.replace(path)


def replaced_by_a_database(path: Path) -> None:
    other = path.parent / "other" / FILE
    saved(other, user("Somebody else's"), answer("Yes."))
    other.replace(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(GARBAGE),
    "overwritten": overwritten,
    "all but the first page": lambda path: overwritten(path, at=4096),
    "cut in two": lambda path: os.truncate(path, path.stat().st_size // 8192 * 4096),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": os.unlink,
    "all removed": lambda path: shutil.rmtree(path.parent),
    "replaced": replaced,
    "replaced by another database": replaced_by_a_database,
    "log removed": lambda path: os.unlink(f"{path}-wal"),
    "log overwritten": lambda path: overwritten(Path(f"{path}-wal")),
}


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


HOLDING = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
other.execute("ROLLBACK")
print("free", flush=True)
"""


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Another program has the file, until this is called."""
    command = [sys.executable, "-c", HOLDING, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        def let_go() -> None:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == "free\n"

        yield let_go
        other.stdin.close()


async def until(test: Callable[[], object]) -> None:
    async with asyncio.timeout(25):
        while not test():
            await asyncio.sleep(0.02)


async def test_a_file_that_another_program_has_is_waited_for_by_nobody_and_written_when_it_is_free(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("One"))
    await store.settled()
    with held(path) as let_go:
        longest, waited, last = 0.0, 0.0, time.perf_counter()
        for number in range(5):
            conversation.append(answer(str(number)))
            began = time.perf_counter()
            waiting = asyncio.ensure_future(store.settled())
            while not waiting.done():
                await asyncio.sleep(0.01)
                longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
            waited = max(waited, time.perf_counter() - began)
        assert waited < 3
        assert longest < 0.5, "and nothing else stands still meanwhile"
        assert store.held
        await until(lambda: store.trouble)
        assert store.trouble == "another program is using the file"
        conversation.append(answer("6"))
        await store.settled()
        assert len(store.news()) == 1, "told once"
        let_go()
    await until(lambda: store.trouble is None and not store.held)
    assert len(rows(path, "SELECT * FROM message")) == 7, "without another word"
    store.close()


def test_a_file_that_another_program_has_at_the_end_is_waited_for(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("One"))
    asyncio.run(store.settled())
    with held(path) as let_go:
        conversation.append(answer("1"))
        asyncio.run(store.settled())
        assert store.held
        letting = threading.Timer(4.0, let_go)  # longer than the last writes are given
        letting.start()
        assert store.close(60)
        letting.join()
    assert loaded(path).messages == (user("One"), answer("1"))


async def test_whoever_does_not_wait_at_the_end_is_told_what_is_not_saved(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("One"))
    await store.settled()
    with held(path):
        conversation.append(answer("1"))
        await store.settled()
        said: list[str] = []
        ending = asyncio.ensure_future(store.end(said.append))
        await until(lambda: said)
        assert said[0].startswith(f"Another program has {path}; what was said last waits for it.")
        ending.cancel()
        await asyncio.wait([ending])
    assert store.news()[-1].startswith("What was said last is not saved: ")


def test_a_turn_while_another_program_has_the_file_is_like_any_other_and_kept(home: Home) -> None:
    """The whole program: the answer comes, the end waits until the other lets go, and all is there."""
    assert home.run("-p", "First", *OSS).returncode == 0
    with held(home.folder / "data" / FILE) as let_go:
        chat = home.open(*OSS).prompt()
        chat.enter("Second").sees("Answer 2 from groq.").prompt()
        chat.enter("Third").sees("Answer 3 from groq.").prompt()
        chat.type(CTRL_D).sees("what was said last waits for it")
        let_go()
        assert chat.exit_code() == 0
    assert home.run("-c", "-p", "Fourth").returncode == 0
    said = [message["content"] for message in home.groq.chats[-1].body["messages"]]
    assert said == ["Second", "Answer 2 from groq.", "Third", "Answer 3 from groq.", "Fourth"]


async def test_a_folder_in_the_place_of_an_open_file_is_told_and_costs_nothing_once_it_is_gone(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("One"))
    await store.settled()
    path.unlink()
    path.mkdir()
    conversation.append(answer("1"))
    await store.settled()
    assert store.trouble == "it is a folder"
    path.rmdir()
    conversation.append(user("Two"))
    await until(lambda: store.trouble is None)
    store.close()
    assert loaded(path).messages == conversation.messages


@pytest.mark.parametrize("how", DAMAGES)
async def test_whatever_is_done_to_an_open_file_is_noticed_and_all_is_written_anew(path: Path, how: str) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, "Be brief.", journal=store)
    for number in range(40):  # so many that a part is in the file, and a part in the log beside it
        conversation.extend([user(f"Question {number}"), answer(os.urandom(100_000).hex())])
        await store.settled()
    DAMAGES[how](path)
    conversation.append(user("Two"))
    await store.settled()
    conversation.append(answer("2"))
    await store.settled()
    assert store.trouble is None
    told = store.news()
    assert len(told) == (2 if how == "replaced" else 1), told  # and what it was replaced by is no database
    assert "damaged" in told[-1] or "removed or replaced" in told[-1]
    # As after a kill: by what is on the disk, and not by what closing would tidy up.
    copy = path.with_name("copied")
    copy.mkdir()
    for one in path.parent.glob(f"{FILE}*"):
        if "corrupt" not in one.name:
            shutil.copy(one, copy)
    assert loaded(copy / FILE).messages == conversation.messages
    store.close()
    assert loaded(path).messages == conversation.messages
    if how == "replaced by another database":
        assert len(rows(path, "SELECT * FROM conversation")) == 2, "what is in the other one stays"


async def test_damage_in_the_middle_of_a_large_file_is_noticed_too(path: Path) -> None:
    store = Store(path)
    conversation = Conversation(MODEL, "Be brief.", journal=store)
    for number in range(12):
        conversation.extend([user(f"Question {number}"), answer(os.urandom(4_000_000).hex())])
        await store.settled()
    assert path.stat().st_size > 70_000_000
    with path.open("r+b") as file:
        file.seek(40_960_000)
        file.write(b"\xee" * 4096)
    conversation.append(user("Two"))
    await store.settled()
    await store.settled()
    told = " ".join(store.news())  # a slow disk may have been told of too
    assert "parlance doctor --salvage" in told
    assert str(moved_aside(path)) in told
    store.close()
    assert loaded(path).messages == conversation.messages


FULL = """
import asyncio, resource, sys
from pathlib import Path
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage.store import Store
from tests.harness.home import Home
from tests.harness.store_helpers import MODEL, BIG, answer

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
from modules.session.storage import conversation_loader
from modules.session.storage import writer  # later its files might be out of reach
from modules.session.storage.store import Store
from tests.harness.home import Home
from tests.harness.store_helpers import MODELS, OTHER

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
