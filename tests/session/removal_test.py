"""Deleting for good: no word of a conversation stays, what others share does, and a kill leaves all or nothing."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.errors import UsageError
from modules.llm.message import user
from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.storage import database, pruning, removal
from modules.session.storage.location import Locks
from modules.session.storage.removal import Removed
from modules.session.storage.store import FILE, Store
from tests.harness.store_helpers import BIG, MODEL, answer, loaded, rows, saved

SECRET = "XylophoneQuagmireZeppelin"
LONG = "".join(f"{SECRET} said it {number} times. " for number in range(900))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def remove(path: Path, *ids: str, **how: object) -> Removed:
    locks = Locks(path.with_suffix(".lock"))
    try:
        return removal.remove(path, ids, locks, **how)  # type: ignore[arg-type]
    finally:
        locks.close()


def stands_on_disk(path: Path, text: str) -> bool:
    """Whether any piece of it is in any file of the folder."""
    found = b"".join(one.read_bytes() for one in path.parent.iterdir() if one.is_file())
    return any(text[at : at + 100].encode() in found for at in range(0, len(text) - 100, 100))


def is_sound(path: Path) -> None:
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []


def test_of_a_deleted_conversation_no_row_and_no_byte_is_left_and_the_others_are_as_they_were(path: Path) -> None:
    kept = saved(path, user("What stays", BIG), answer("It stays."))
    noise = os.urandom(6_000).hex() + SECRET
    gone = saved(path, user(noise, BIG), answer(LONG, [{"type": "text", "text": LONG}]))
    before = path.stat().st_size
    assert stands_on_disk(path, noise), "it can be seen where it is kept plainly"
    removed = remove(path, gone.id)
    assert (removed.ids, removed.open_elsewhere, removed.in_log, removed.copies) == ((gone.id,), (), False, ())
    assert not stands_on_disk(path, noise)
    for table, column in [("conversation", "id"), *((table, "conversation") for table in CHILDREN)]:
        assert rows(path, f"SELECT count(*) FROM {table} WHERE {column} = '{gone.id}'") == [(0,)]
    assert len(rows(path, "SELECT * FROM blob")) == 1, "the picture is the other's too"
    assert loaded(path, kept.id).messages == kept.messages
    assert removed.freed_bytes == before - path.stat().st_size
    is_sound(path)


CHILDREN = (
    "message",
    "growing",
    "spent",
    "ledger",
    "entry",
    "declared",
    "branch_name",
    "imported",
    "blob_owner",
    "view",
)


def test_the_search_forgets_first_and_where_it_cannot_nothing_is_deleted(path: Path) -> None:
    gone = saved(path, user("One"))
    told: list[object] = []

    def forget(ids: Sequence[str]) -> None:
        told.append(ids)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        remove(path, gone.id, forget=forget)
    assert told == [(gone.id,)]
    assert loaded(path, gone.id).messages == gone.messages


def test_a_conversation_that_another_program_has_open_is_named_and_stays(path: Path) -> None:
    opened, other = saved(path, user("Open")), saved(path, user("Not open"))
    command = [sys.executable, "-c", HOLDS, str(path.with_suffix(".lock")), opened.id]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        removed = remove(path, opened.id, other.id)
        assert (removed.ids, removed.open_elsewhere) == ((other.id,), (opened.id,))
        holder.communicate("\n")
    assert loaded(path, opened.id).messages == opened.messages
    assert remove(path, opened.id).ids == (opened.id,)
    assert rows(path, "SELECT count(*) FROM message") == [(0,)]


HOLDS = """
import sys
from pathlib import Path
from modules.session.storage.location import Locks
locks = Locks(Path(sys.argv[1]))
assert locks.take(sys.argv[2])
print("taken", flush=True)
sys.stdin.readline()
"""


def test_the_conversation_that_is_open_here_is_refused_and_another_one_is_not(path: Path) -> None:
    other = saved(path, user("Other"))
    store = Store(path)
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user("Here"))
    with pytest.raises(UsageError, match="open here"):
        store.remove([conversation.id])
    assert store.remove([other.id]).ids == (other.id,)
    conversation.append(answer("Still here."))
    store.close()
    assert store.news() == []
    assert loaded(path, conversation.id).messages == conversation.messages


def test_a_blob_that_is_said_again_while_its_last_owner_goes_stays(path: Path) -> None:
    """Another program writes as fast as it can, the same long text each time; a reader never misses it."""
    for _ in range(5):
        saved(path, user(LONG))
    command = [sys.executable, "-c", SAYS, str(path), LONG]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        said: list[str] = []
        for _ in range(12):
            said.append(other.stdout.readline().strip())
            remove(path, *said[:-1], *[id for (id,) in rows(path, "SELECT id FROM conversation") if id not in said])
        other.communicate("\n")
    is_sound(path)
    for (id,) in rows(path, "SELECT id FROM conversation"):
        assert loaded(path, id).messages == (user(LONG),)


SAYS = """
import sys, threading
from pathlib import Path
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage.store import Store
from tests.harness.store_helpers import MODEL

done = threading.Thread(target=sys.stdin.readline, daemon=True)
done.start()
while done.is_alive():
    store = Store(Path(sys.argv[1]))
    conversation = Conversation(MODEL, journal=store)
    conversation.append(user(sys.argv[2]))
    assert store.close(30.0), store.news()
    print(conversation.id, flush=True)
"""


def test_what_earlier_releases_wrote_is_looked_through_before_a_blob_goes(path: Path) -> None:
    kept, gone = saved(path, user("Kept", BIG)), saved(path, user("Gone", BIG))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM blob_owner")
        connection.commit()
    remove(path, gone.id)
    assert loaded(path, kept.id).messages == kept.messages
    remove(path, kept.id)
    assert rows(path, "SELECT count(*) FROM blob") == [(0,)]


def test_copies_of_before_are_named_since_they_hold_the_words(path: Path) -> None:
    gone = saved(path, user(SECRET))
    names = [f"{FILE}.backup-schema-2", f"{FILE}.corrupt-20260101-000000"]
    for name in names:
        path.with_name(name).write_text(SECRET)
    assert [one.name for one in remove(path, gone.id).copies] == names
    assert all(path.with_name(name).exists() for name in names)


KILLED = """
import sys
from pathlib import Path
from modules.session.storage import removal
from modules.session.storage.location import Locks
path = Path(sys.argv[1])
print("ready", flush=True)
removal.remove(path, sys.argv[2:], Locks(path.with_suffix(".lock")))
print("done", flush=True)
"""


def test_killed_at_any_moment_all_of_them_are_there_or_none(path: Path) -> None:
    kept = saved(path, user("Kept", BIG), answer(LONG))
    until, rounds, outcomes = time.monotonic() + 12, 0, set[int]()
    while time.monotonic() < until or len(outcomes) < 2:
        assert rounds < 200, outcomes
        gone = [saved(path, *[user(f"{number} {LONG}") for number in range(20)]) for _ in range(3)]
        command = [sys.executable, "-c", KILLED, str(path), *[one.id for one in gone]]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rounds % 10 * 0.006)
            os.kill(child.pid, signal.SIGKILL)
        is_sound(path)
        left = rows(path, f"SELECT count(*) FROM conversation WHERE id != '{kept.id}'")[0][0]
        assert left in (0, 3), "all or none"
        for one in gone if left else []:
            assert loaded(path, one.id).messages == one.messages
        outcomes.add(left)
        remove(path, *[one.id for one in gone])
        rounds += 1
    assert loaded(path, kept.id).messages == kept.messages
    assert rounds > 5


def test_a_file_that_is_mostly_free_is_written_anew_and_another_program_in_it_is_waited_for(path: Path) -> None:
    kept = saved(path, user("Kept"))
    gone = [saved(path, user(os.urandom(400_000).hex())) for _ in range(4)]
    command = [sys.executable, "-c", HOLDS, str(path.with_suffix(".lock")), "somewhere"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert remove(path, gone[0].id, gone[1].id).freed_bytes == 0
        holder.communicate("\n")
    removed = remove(path, gone[2].id, gone[3].id)
    assert removed.freed_bytes > 3_000_000
    assert path.stat().st_size < 300_000
    assert loaded(path, kept.id).messages == kept.messages


def planned(path: Path, **how: float) -> pruning.Plan:
    connection, _ = database.open_to_read(path)
    with contextlib.closing(connection):
        return pruning.plan(connection, **how)  # type: ignore[arg-type]


def test_by_age_what_was_not_used_since_goes_the_oldest_first(path: Path) -> None:
    made = [saved(path, user(f"Number {number}")) for number in range(4)]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for number, one in enumerate(made):
            connection.execute("UPDATE conversation SET updated = ? WHERE id = ?", (1000.0 * number, one.id))
        connection.commit()
    plan = planned(path, used_before=1500.0)
    assert plan.ids == (made[0].id, made[1].id)
    assert [one.title for one in plan.conversations] == ["Number 0", "Number 1"]
    assert remove(path, *plan.ids).ids == plan.ids
    assert planned(path, used_before=1500.0).ids == ()


def test_by_size_single_questions_go_first_and_what_was_used_last_stays(path: Path) -> None:
    def once(conversation: Conversation) -> None:
        conversation.one_shot = True
        conversation.changed()

    noise = [os.urandom(50_000).hex() for _ in range(5)]
    first, second = saved(path, user(noise[0])), saved(path, user(noise[1]))
    single = saved(path, user(noise[2]), change=once)
    third, last = saved(path, user(noise[3])), saved(path, user(noise[4]))
    assert planned(path, bytes_kept=10_000_000).ids == ()
    assert planned(path, bytes_kept=320_000).ids == (single.id, first.id)
    plan = planned(path, bytes_kept=0)
    assert plan.ids == (single.id, first.id, second.id, third.id)
    assert 400_000 < plan.size < 450_000
    assert remove(path, *plan.ids).freed_bytes > 350_000
    assert loaded(path).id == last.id


def test_a_text_part_that_is_long_is_kept_once_however_often_it_is_said(path: Path) -> None:
    saved(path, user(LONG), answer(LONG, [{"type": "text", "text": LONG}]), user("Again", Text(LONG)))
    assert rows(path, "SELECT count(*) FROM blob") == [(1,)]
