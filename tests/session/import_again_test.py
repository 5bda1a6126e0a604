"""A second import adds what is new and nothing else, whatever happened in between, here and there."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.config import ROOT
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage.bulk import BulkWriter
from modules.session.storage.database import connect
from modules.session.storage.location import Locks
from modules.session.storage.store import Store
from tests.harness.import_helpers import SAMPLES, bring, read, sample
from tests.harness.store_helpers import MODEL, MODELS, OTHER, answer, loaded, rows, saved

EVERYTHING = "SELECT * FROM conversation JOIN message ON conversation = conversation.id ORDER BY 1, message.id"


COPIED = "This conversation is open in another window; it goes on here as a copy."


@contextlib.contextmanager
def open_elsewhere(database: Path) -> Iterator[None]:
    """Have the only conversation open in another program."""
    opening = (
        "import sys, pathlib\n"
        "from modules.session.storage.store import Store\n"
        "from tests.harness.store_helpers import MODELS, OTHER\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "store.load(sys.argv[2], MODELS, OTHER)\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", opening, str(database), only(database)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        yield
        other.communicate()


def messages(*texts: str) -> list[dict[str, str]]:
    return [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(texts)]


def exported(path: Path, *texts: str, id: str = "one", **more: Any) -> Path:
    """A file with one conversation, which is said from the first text to the last."""
    path.write_text(json.dumps({"id": id, "messages": messages(*texts), **more}))
    return path


def only(database: Path) -> str:
    ((id,),) = rows(database, "SELECT id FROM conversation")
    return str(id)


def texts(database: Path) -> list[str]:
    return [message.text for message in loaded(database, only(database)).messages]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_second_import_adds_nothing(name: str, tmp_path: Path) -> None:
    database, path = tmp_path / "conversations.db", sample(name, tmp_path)
    first = bring(database, path)
    before = rows(database, EVERYTHING)
    assert all(one.is_new for one in first)
    again = bring(database, path)
    assert not any(one.messages or one.is_new for one in again)
    assert [one.known for one in again] == [len(one.messages) for one in first]
    assert rows(database, EVERYTHING) == before


@pytest.mark.parametrize("name", ["claude_code.jsonl", "codex.jsonl", "pi.jsonl"])
def test_a_session_that_grows_line_by_line_comes_in_as_if_it_came_at_once(name: str, tmp_path: Path) -> None:
    lines = sample(name, tmp_path).read_text().splitlines(keepends=True)
    database, whole, path = tmp_path / "grown.db", tmp_path / "whole.db", tmp_path / "growing.jsonl"
    for end in range(3, len(lines) + 1):
        path.write_text("".join(lines[:end]))
        bring(database, path)
    bring(whole, path)
    grown, expected = loaded(database, only(database)), loaded(whole, only(whole))
    assert {(m.role, m.parts) for m in (n.message for n in grown.nodes)} == {
        (m.role, m.parts) for m in (n.message for n in expected.nodes)
    }
    assert grown.messages == expected.messages
    assert (grown.title, grown.folder, grown.id) == (expected.title, expected.folder, expected.id)


def test_new_messages_of_a_known_conversation_are_added_where_they_belong(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    bring(database, exported(tmp_path / "a.json", "One?", "Yes.", "Two?", "No."))
    bring(database, exported(tmp_path / "b.json", "One?", "Yes.", "Three?", "Perhaps."))
    conversation = loaded(database, only(database))
    assert [node.parent for node in conversation.nodes] == [0, 1, 2, 3, 2, 5]
    assert texts(database) == ["One?", "Yes.", "Three?", "Perhaps."]


def test_a_conversation_that_went_on_here_stays_where_it_is(tmp_path: Path) -> None:
    database, path = tmp_path / "conversations.db", tmp_path / "a.json"
    bring(database, exported(path, "One?", "Yes.", title="Numbers"))
    store = Store(database)
    conversation = store.load(only(database), MODELS, OTHER)
    conversation.extend([user("Here?"), answer("Here.")])
    store.close()
    (brought,) = bring(database, exported(path, "One?", "Yes.", "There?", "There."))
    assert [one.message.text for one in brought.messages] == ["There?", "There."]
    assert texts(database) == ["One?", "Yes.", "Here?", "Here."]
    assert [node.parent for node in loaded(database, only(database)).nodes] == [0, 1, 2, 3, 2, 5]
    assert loaded(database, only(database)).title == "Numbers"


def test_a_conversation_that_is_open_in_another_program_is_left_alone(tmp_path: Path) -> None:
    database, path = tmp_path / "conversations.db", tmp_path / "a.json"
    bring(database, exported(path, "One?", "Yes."))
    with open_elsewhere(database):
        (brought,) = bring(database, exported(path, "One?", "Yes.", "Two?"))
        assert brought.is_open
    assert texts(database) == ["One?", "Yes."]
    (brought,) = bring(database, path)
    assert [one.message.text for one in brought.messages] == ["Two?"]


def test_a_copy_of_one_that_is_open_in_another_program_is_kept(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    bring(database, exported(tmp_path / "a.json", "One?", "Yes."))
    with open_elsewhere(database):
        store = Store(database)
        copy = store.load(only(database), MODELS, OTHER)
        copy.append(user("Here?"))
        assert store.close()
        assert (store.trouble, store.news()) == (None, [COPIED])
    assert [message.text for message in loaded(database, copy.id).messages] == ["One?", "Yes.", "Here?"]


def test_what_the_file_does_not_take_at_all_is_said_to_be_unsaved(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    bring(database, exported(tmp_path / "a.json", "One?", "Yes."))
    ((source,),) = rows(database, "SELECT source FROM conversation")
    store = Store(database)
    conversation = Conversation(MODEL, journal=store)
    conversation.source = source
    conversation.append(user("Two?"))
    asyncio.run(store.settled())
    assert store.trouble is not None
    store.close()
    assert "is not being saved" in store.news()[0]


def test_what_was_used_here_comes_before_what_was_imported_and_a_new_one_before_both(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    own = saved(database, user("Mine?"))
    path = tmp_path / "many.jsonl"
    times = {"newest": 1_900_000_000, "old": 1_500_000_000, "newer": 1_800_000_000}
    lines = [{"id": id, "messages": [{"role": "user", "content": id, "created_at": at}]} for id, at in times.items()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    bring(database, path)
    assert Store(database).latest() == own.id
    used = rows(database, "SELECT source FROM conversation ORDER BY used DESC")
    assert used == [(None,), ("messages:newest",), ("messages:newer",), ("messages:old",)]
    later = saved(database, user("Mine again?"))
    assert Store(database).latest() == later.id


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    found = read(exported(tmp_path / "a.json", "One?", "Yes."))[0]
    with BulkWriter(database, MODEL, dry=True) as writer:
        brought = [writer.write(one) for one in found]
        writer.flush()
    assert [one.is_new for one in brought] == [True]
    assert not database.exists()


def test_a_deleted_conversation_comes_in_again(tmp_path: Path) -> None:
    database, path = tmp_path / "conversations.db", exported(tmp_path / "a.json", "One?")
    bring(database, path)
    connection = connect(database, Locks(tmp_path / "lock"))
    connection.execute("DELETE FROM conversation")
    connection.close()
    assert [one.is_new for one in bring(database, path)] == [True]


IMPORTING = """
import pathlib, sys
from modules.session.importing.imported import Missed
from modules.session.importing.importer import Importer
from modules.session.storage import bulk
from tests.harness.store_helpers import MODEL
bulk.BATCH_STATEMENTS = 40
with bulk.BulkWriter(pathlib.Path(sys.argv[1]), MODEL) as writer:
    for number, found in enumerate(Importer(Missed()).conversations(pathlib.Path(sys.argv[2]))):
        writer.write(found.conversation)
        print(number, flush=True)
    writer.flush()
"""


@pytest.mark.parametrize("seen", [5, 60, 200])
def test_an_import_that_is_killed_leaves_whole_conversations_and_the_next_one_finishes(
    seen: int, tmp_path: Path
) -> None:
    path, database = tmp_path / "many.jsonl", tmp_path / "conversations.db"
    path.write_text(
        "".join(
            json.dumps({"id": f"{n}", "messages": messages(*(f"{n} {at}" for at in range(6)))}) + "\n"
            for n in range(400)
        )
    )
    running = subprocess.Popen([sys.executable, "-c", IMPORTING, database, path], cwd=ROOT, stdout=subprocess.PIPE)
    with running:
        assert running.stdout is not None
        for line in running.stdout:
            if int(line) == seen:
                break
        running.send_signal(signal.SIGKILL)
    counts = rows(
        database,
        "SELECT count(*) FROM conversation LEFT JOIN message ON conversation = conversation.id"
        " GROUP BY conversation.id",
    )
    assert {count for (count,) in counts} <= {6}
    assert len(counts) < 400
    bring(database, path)
    assert rows(database, "SELECT count(*) FROM conversation") == [(400,)]
    assert rows(database, "SELECT count(*) FROM message") == [(2400,)]
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    assert rows(database, "PRAGMA foreign_key_check") == []


def test_a_result_that_was_missing_at_the_first_import_is_there_after_the_second(tmp_path: Path) -> None:
    database, path = tmp_path / "conversations.db", tmp_path / "a.json"
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    said: list[dict[str, Any]] = [{"role": "user", "content": "Look."}, {"role": "assistant", "tool_calls": [call]}]
    path.write_text(json.dumps(said))
    bring(database, path)
    assert not loaded(database, only(database)).messages[-1].results[0].ran
    path.write_text(json.dumps([*said, {"role": "tool", "tool_call_id": "c1", "content": "seen"}]))
    (brought,) = bring(database, path)
    assert (brought.messages, brought.changed) == ([], 1)
    assert loaded(database, only(database)).messages[-1].results[0].text == "seen"
    assert [one.changed for one in bring(database, path)] == [0]


def test_one_of_ours_comes_in_as_it_was_and_later_with_what_it_lacks(tmp_path: Path) -> None:
    home, fresh = tmp_path / "home.db", tmp_path / "fresh.db"
    own = saved(home, user("One?"), answer("1", native=[{"type": "text", "text": "1"}]))
    for _ in range(2):
        with BulkWriter(fresh, MODEL) as writer:
            brought = writer.write_own(loaded(home, own.id))
            writer.flush()
    assert brought.messages == []
    again = loaded(fresh, own.id)
    assert (again.messages, again.id, again.system) == (own.messages, own.id, own.system)
    again.journal = None
    again.extend([user("Two?"), answer("2")])
    for database in (fresh, home):
        with BulkWriter(database, MODEL) as writer:
            assert len(writer.write_own(again).messages) == 2
            writer.flush()
        assert loaded(database, own.id).messages == again.messages


def test_one_of_ours_that_was_imported_elsewhere_under_another_id_does_not_stop_the_rest(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    bring(database, exported(tmp_path / "a.json", "One?"))
    other = Conversation(MODEL)
    other.source = "messages:one"
    other.append(user("Other?"))
    with BulkWriter(database, MODEL) as writer:
        assert writer.write_own(other).is_new
        writer.flush()
    assert rows(database, "SELECT count(*), count(source) FROM conversation") == [(2, 1)]


def test_the_last_conversation_of_a_folder_is_none_that_was_imported_from_nowhere(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    bring(database, exported(tmp_path / "a.json", "Of no folder?"), sample("pi.jsonl", tmp_path))
    store = Store(database)
    assert store.latest("/home/ada/elsewhere") is None
    held = rows(database, "SELECT id FROM conversation WHERE folder = '/home/ada/bakery'")
    assert [(store.latest("/home/ada/bakery"),)] == held
