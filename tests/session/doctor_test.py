"""A file of conversations is looked over, made right, read out where it is damaged; a kill meanwhile loses nothing."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modules.config import ROOT
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage import examination, salvage
from modules.session.storage.examination import Report
from modules.session.storage.location import Locks
from modules.session.storage.store import FILE, Store
from tests.harness.home import Home
from tests.harness.said_at_length import Speaker, among
from tests.harness.store_helpers import BIG, MODEL, OTHER, answer, loaded, rows, saved, write
from tests.session.storage_size_test import as_an_earlier_release_wrote_it, wires

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def examined(path: Path, *, fix: bool = False) -> Report:
    locks = Locks(path.with_suffix(".lock"))
    try:
        report = examination.examine(path, locks)
        if fix:
            examination.fix(path, report, locks)
        return report
    finally:
        locks.close()


def talked(path: Path, turns: int = 12) -> Conversation:
    def talk(conversation: Conversation) -> None:
        among(conversation, Speaker(), [MODEL, OTHER, MODEL], turns, thoughts=True)
        conversation.append(user("See", BIG))

    return saved(path, change=talk)


def test_a_sound_file_is_said_to_be_sound_and_not_a_byte_of_it_changes(path: Path) -> None:
    assert examined(path).findings == []
    talked(path)
    before = path.read_bytes()
    report = examined(path)
    assert report.findings == []
    assert report.counts == {"conversation": 1, "message": 25, "blob": 1}
    assert path.read_bytes() == before


FAULTS: dict[str, tuple[str, str]] = {
    "head": ("UPDATE conversation SET head = 99", "end at a message that is not there"),
    "parent": ("UPDATE message SET parent = id WHERE id = 5", "answer a later one"),
    "entry": ("DELETE FROM frozen WHERE seq = 2", "What was sent to models"),
    "wire": ("UPDATE frozen SET wire = x'01aabbccdd00' WHERE seq = 2", "What was sent to models"),
    "last message": ("UPDATE ledger SET last_message = 77", "What was sent to models"),
    "branch": ("INSERT INTO branch_name SELECT id, 'x', 99 FROM conversation", "names for branches"),
    "orphans": ("INSERT INTO declared VALUES ('nobody', '[]')", "1 rows of the table declared"),
    "blob": ("INSERT INTO blob VALUES ('ab', 'x')", "not what they were"),
    "unowned": (
        "INSERT INTO blob VALUES ('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', x'78')",
        "are in no conversation any more",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said_in_words_and_what_is_safe_is_made_right(path: Path, fault: str) -> None:
    before = talked(path)
    statement, words = FAULTS[fault]
    write(path, statement)
    report = examined(path, fix=True)
    assert any(words in one.text and one.cure and one.is_fault for one in report.findings), report.findings
    after = examined(path)
    assert after.faults == []
    assert loaded(path).messages == before.messages
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_messages_and_pictures_that_are_gone_are_counted(path: Path) -> None:
    talked(path)
    write(path, "UPDATE message SET body = x'0100' WHERE id IN (3, 4)")
    write(path, "DELETE FROM message WHERE id = 7")
    write(path, "DELETE FROM blob")
    said = " ".join(one.text for one in examined(path).faults)
    assert "3 messages of 1 conversation" in said
    assert "gaps where messages were" in said


def test_an_index_that_does_not_agree_with_its_table_is_made_anew(path: Path) -> None:
    before = talked(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX conversation_used ON conversation (head)'"
                           " WHERE name = 'conversation_used'")  # fmt: skip
        connection.commit()
    report = examined(path, fix=True)
    assert "index" in report.faults[0].text
    assert examined(path).faults == []
    assert loaded(path).messages == before.messages


def test_what_lies_beside_the_file_is_named_and_its_modes_are_made_right(path: Path) -> None:
    talked(path)
    path.chmod(0o644)
    for name in ("backup-schema-2", "corrupt-20260101-000000", "backup-schema-2.unfinished"):
        path.with_name(f"{FILE}.{name}").write_text("words")
        path.with_name(f"{FILE}.{name}").chmod(0o600)
    report = examined(path, fix=True)
    assert [one.is_fault for one in report.findings] == [True, True, False, False]
    assert f"--salvage {path}.corrupt-20260101-000000" in report.findings[-1].cure
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_name(f"{FILE}.backup-schema-2.unfinished").exists()
    assert path.with_name(f"{FILE}.backup-schema-2").exists()
    assert examined(path).faults == []


# Damage, and what is left of it.


def leaves(path: Path, table: str) -> list[int]:
    return [
        number for (number,) in rows(path, f"SELECT pageno FROM dbstat WHERE name = '{table}' AND pagetype = 'leaf'")
    ]


def overwrite(path: Path, page: int, count: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xee" * PAGE * count)


def many(path: Path) -> list[Conversation]:
    made = [talked(path, 9) for _ in range(6)]
    return [*made, saved(path, user("The last one"), answer("word " * 4000))]


def damage_one_leaf(path: Path) -> None:
    found = leaves(path, "message")
    overwrite(path, found[len(found) // 2])


def damage_half_of_the_leaves(path: Path) -> None:
    for page in leaves(path, "message")[::2]:
        overwrite(path, page)


def damage_the_root(path: Path) -> None:
    overwrite(path, rows(path, "SELECT rootpage FROM sqlite_master WHERE name = 'message'")[0][0])


def damage_the_beginning(path: Path) -> None:
    overwrite(path, 1)


def damage_the_beginning_and_more(path: Path) -> None:
    overwrite(path, 1, 3)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 3 // 4 // PAGE * PAGE)


DAMAGES: dict[Callable[[Path], None], float] = {  # and how much of what was said is there at least
    damage_one_leaf: 0.9,
    damage_half_of_the_leaves: 0.3,
    damage_the_root: 0.99,
    damage_the_beginning: 0.99,
    damage_the_beginning_and_more: 0.6,
    cut_off: 0.3,
}


def recovered(path: Path, made: list[Conversation]) -> float:
    """The share of messages that are there as they were; there is none that nobody said."""
    there = total = 0
    ids = {id for (id,) in rows(path, "SELECT id FROM conversation")}
    assert ids <= {one.id for one in made}
    for one in made:
        total += len(one.nodes)
        if one.id in ids:
            found = {node.id: node.message for node in loaded(path, one.id).nodes}
            there += sum(found.get(node.id) == node.message for node in one.nodes)
    return there / total


@pytest.mark.parametrize("how", DAMAGES, ids=lambda how: how.__name__)
def test_what_is_readable_is_read_out_of_a_damaged_file(path: Path, how: Callable[[Path], None]) -> None:
    made = many(path)
    how(path)
    before = path.read_bytes()
    report = examined(path)
    assert any("--salvage" in one.cure for one in report.faults), report.findings
    found = salvage.salvage(path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    assert rows(found.path, "PRAGMA integrity_check") == [("ok",)]
    assert [one.text for one in examined(found.path).faults if "cannot be read" not in one.text
            and "gaps" not in one.text and "not what they were" not in one.text] == []  # fmt: skip
    assert recovered(found.path, made) >= DAMAGES[how]
    if DAMAGES[how] < 0.99:
        assert found.lost > 0 or found.conversations < len(made) or how is damage_one_leaf
    assert sorted(one.name for one in path.parent.iterdir() if "unfinished" in one.name) == []


def test_what_was_sent_is_there_to_the_byte_where_its_pages_are(path: Path) -> None:
    made = many(path)
    damage_one_leaf(path)
    new = salvage.salvage(path).path
    ids = {id for (id,) in rows(new, "SELECT id FROM conversation")}
    kept = [one for one in made if one.id in ids and loaded(new, one.id).messages == one.messages]
    assert len(kept) >= 4
    assert all(wires(loaded(new, one.id)) == wires(one) for one in kept)


def test_deleted_conversations_do_not_come_back(path: Path) -> None:
    made = many(path)
    store = Store(path)
    assert store.remove([made[0].id, made[1].id]).ids
    store.close()
    damage_the_beginning(path)
    new = salvage.salvage(path).path
    assert recovered(new, made[2:]) >= 0.99


def test_at_the_real_program_a_damaged_file_is_found_salvaged_and_gone_on_with(home: Home) -> None:
    assert home.run("-p", "First").returncode == 0
    path = home.folder / "data" / FILE
    sound = home.run("doctor")
    assert (sound.returncode, sound.stdout.splitlines()[-1].endswith("sound.")) == (0, True), sound.stdout
    damage_the_beginning(path)
    sick = home.run("doctor")
    assert sick.returncode == 1
    assert "--salvage" in sick.stdout
    done = home.run("doctor", "--salvage")
    assert "1 conversation and 2 messages could be read, none could not." in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    assert home.run("doctor").returncode == 0
    assert home.run("-c", "-p", "Second").returncode == 0
    assert len(list(path.parent.glob(f"{FILE}.corrupt-*"))) == 1


def test_each_cure_is_a_command_that_a_shell_takes_as_it_stands(home: Home, tmp_path: Path) -> None:
    place = tmp_path / "with a space"
    talked(place / "data" / FILE)
    shutil.copy(place / "data" / FILE, place / "data" / f"{FILE}.corrupt-1")
    os.chmod(place / "data" / FILE, 0o644)
    said = home.run("doctor", env={"PARLANCE_HOME": str(place)})
    assert said.returncode == 1
    cures = re.findall(r"(\S*python\S* \S*main\.py doctor .*?) (?:takes|reads)", said.stdout)
    assert len(cures) == 2, said.stdout
    for cure in cures:
        done = subprocess.run(
            cure, shell=True, env=home.env(PARLANCE_HOME=str(place)), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert stat.S_IMODE((place / "data" / FILE).stat().st_mode) == 0o600


def test_one_damaged_title_or_time_does_not_keep_the_list_from_being_read(home: Home) -> None:
    path = home.folder / "data" / FILE
    talked(path)
    for damage in ("title = CAST(x'ff41' AS TEXT)", "folder = CAST(x'ff41' AS TEXT)", "updated = 1e300", "head = 'q'"):
        write(path, f"UPDATE conversation SET {damage}")
        ((id,),) = rows(path, "SELECT id FROM conversation")
        for words in (("sessions",), ("sessions", "--json"), ("show", id)):
            done = home.run(*words)
            assert (done.returncode, done.stderr) == (0, ""), (damage, words)


@pytest.mark.parametrize("words", [("sessions",), ("-c", "-p", "Hello"), ("search", "word"), ("doctor",)])
def test_a_schema_of_bytes_that_are_no_text_is_damage_as_any_other(home: Home, words: tuple[str, ...]) -> None:
    path = home.folder / "data" / FILE
    talked(path)
    for name in (path, Path(f"{path}-wal")):
        if name.exists():
            data = name.read_bytes().replace(b"indexconversation_used", b"index\x8fonversation_used")
            name.write_bytes(data.replace(b"CREATE INDEX", b"\x8fREATE INDEX"))
    said = home.run(*words)
    assert "Traceback" not in said.stderr
    assert "damaged" in said.stdout + said.stderr or words[0] == "search"
    aside = [one for one in path.parent.glob("*.corrupt-*") if not one.name.endswith(("-wal", "-shm"))]
    found = home.run("doctor", "--salvage", *(str(one) for one in aside[:1]))
    assert "1 conversation and 25 messages could be read, none could not." in found.stdout, found.stderr


def test_what_was_set_aside_comes_back_to_the_file_in_use_beside_what_is_new(home: Home) -> None:
    assert home.run("-p", "First").returncode == 0
    path = home.folder / "data" / FILE
    damage_the_beginning(path)
    told = home.run("-p", "Second")
    (aside,) = path.parent.glob(f"{FILE}.corrupt-*")
    assert f"doctor --salvage {aside}" in told.stderr
    done = home.run("doctor", "--salvage", str(aside))
    assert "1 conversation that" in done.stdout, done.stdout + done.stderr
    said = " ".join(str(row) for row in rows(path, "SELECT first_words FROM conversation"))
    assert "Second" in said
    assert len(rows(path, "SELECT * FROM conversation")) == 2
    assert aside.exists()
    assert "0 conversations that" in home.run("doctor", "--salvage", str(aside)).stdout
    assert home.run("doctor").returncode == 0


def test_compacting_at_the_real_program(home: Home) -> None:
    path = home.folder / "data" / FILE
    before = talked(path)
    as_an_earlier_release_wrote_it(path, before)
    size = path.stat().st_size
    done = home.run("doctor", "--compact")
    assert f"{len(before.nodes)} messages and" in done.stdout, done.stdout + done.stderr
    assert path.stat().st_size < size
    assert home.run("doctor").returncode == 0


KILLED = """
import sys
from pathlib import Path
from modules.session.storage import compaction, salvage
from modules.session.storage.location import Locks
path = Path(sys.argv[2])
print("ready", flush=True)
if sys.argv[1] == "compact":
    compaction.compact(path, Locks(path.with_suffix(".lock")))
else:
    salvage.salvage(path)
print("done", flush=True)
"""


def killed(what: str, path: Path, after: float) -> bool:
    """Do it and be killed so many seconds later; whether it had come to its end."""
    command = [sys.executable, "-c", KILLED, what, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(after)
        os.kill(child.pid, signal.SIGKILL)
        return "done" in child.stdout.read()


def test_killed_while_it_compacts_nothing_is_lost_and_the_rest_is_done_the_next_time(path: Path) -> None:
    before = talked(path, 30)
    until, after, ended = time.monotonic() + 6, 0.0, 0
    while time.monotonic() < until or not ended:
        as_an_earlier_release_wrote_it(path, before)
        ended += killed("compact", path, after)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        back = loaded(path)
        assert back.messages == before.messages
        assert wires(back) == wires(before)
        after += 0.02


def test_killed_while_it_salvages_the_damaged_file_is_as_it_was_and_the_next_time_it_is_done(path: Path) -> None:
    made = many(path)
    damage_one_leaf(path)
    before = path.read_bytes()
    until, after, ended = time.monotonic() + 8, 0.0, 0
    while time.monotonic() < until or not ended:
        ended += killed("salvage", path, after)
        assert path.read_bytes() == before
        after += 0.02
    assert recovered(salvage.salvage(path).path, made) > 0.9
