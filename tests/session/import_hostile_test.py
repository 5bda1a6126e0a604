"""Files that are damaged, or made to do harm: each is named, the rest is taken, and nothing is written beside it."""

import base64
import json
import os
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.config import ROOT
from modules.llm.parts import Image
from tests.harness.cases import PNG
from tests.harness.import_helpers import DATA, read, sample, zipped

TALK = json.dumps([{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello."}])


def failures(*paths: Path) -> list[str]:
    return [why for _, why in read(*paths)[2]]


def test_a_file_that_is_cut_short_gives_what_is_whole_of_it(tmp_path: Path) -> None:
    whole = (DATA / "claude.json").read_text()
    path = tmp_path / "cut.json"
    path.write_text(whole[: whole.index("c1a0de00-0002") + 40])
    found, missed, failed = read(path)
    assert [one.title for one in found] == ["Tide tables"]
    assert missed.counts["files that are cut short"] == 1
    assert not failed
    lines = (DATA / "pi.jsonl").read_text()
    path.write_text(lines[:-30])
    found, missed, _ = read(path)
    assert len(found[0].messages) == 12
    assert missed.counts["lines that are no JSON"] == 1


def test_a_mark_and_other_encodings_are_read(tmp_path: Path) -> None:
    for number, encoding in enumerate(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")):
        path = tmp_path / f"{number}.json"
        path.write_bytes((DATA / "claude_code.jsonl").read_text().encode(encoding))
        assert [one.title for one in read(path)[0]] == ["Pruning the apple tree"]


def test_a_bomb_in_an_archive_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("conversations.json", "w", force_zip64=True) as member:
            member.write(b"[")
            for _ in range(300):
                member.write(b" " * 1_000_000)
        archive.writestr("more.json", TALK)
    found, _, failed = read(path)
    assert len(found) == 1
    assert [(name.name, why) for name, why in failed] == [
        ("conversations.json", "300 MB are packed into almost nothing")
    ]


def test_an_archive_that_lists_too_many_files_is_refused_before_its_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 100_000_000, 4, 0)
    path.write_bytes(b"PK\x03\x04" + end)
    assert failures(path) == ["it lists too many files"]


def test_paths_out_of_an_archive_and_links_in_it_lead_nowhere(tmp_path: Path) -> None:
    export = json.loads((DATA / "chatgpt.json").read_text())
    inner = tmp_path / "inner"
    inner.mkdir()
    path = zipped(
        inner / "export.zip",
        {"../../conversations.json": json.dumps(export), "../file-DRAWN1.png": base64.b64decode(PNG)},
    )
    link = zipfile.ZipInfo("file_00000000abcd.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    found = read(path)[0]
    assert found[0].pictures == 1
    assert not any(isinstance(part, Image) for part in found[0].messages[0].message.parts)
    assert sorted(tmp_path.rglob("*")) == [inner, path]


def test_pictures_that_are_none_are_replaced_by_a_note(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,bm8gcGljdHVyZQ=="}}
    damaged = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG[:60]}}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"role": "user", "content": [image, damaged, {"type": "text", "text": "See?"}]}]))
    (found,), missed, _ = read(path)
    assert found.pictures == 0
    assert found.messages[0].message.text.endswith("See?")
    assert missed.counts["pictures and documents that cannot be read"] == 2


def test_a_damaged_archive_and_an_encrypted_one_are_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"conversations.json": (DATA / "chatgpt.json").read_text()})
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    assert failures(path)
    path.write_bytes(data[:-40])
    assert failures(path) == ["the archive is damaged: File is not a zip file"]
    locked = zipped(tmp_path / "locked.zip", {"conversations.json": TALK})
    data = bytearray(locked.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(data)
    assert len(failures(locked)) == 1
    assert "encrypted" in failures(locked)[0]


def test_what_is_no_conversation_is_named_where_it_was_asked_for_and_counted_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"some": "settings"}')
    (tmp_path / "list.json").write_text("[1, 2, 3]")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "photo.png").write_bytes(base64.b64decode(PNG))
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE a (b)").connection.close()
    (tmp_path / "talk.json").write_text(TALK)
    found, missed, failed = read(tmp_path)
    assert len(found) == 1
    assert missed.counts == {"files in which no conversation was recognised": 4}
    assert not failed
    assert (
        failures(tmp_path / "notes.json", tmp_path / "photo.png", tmp_path / "other.db")
        == ["no conversation was recognised in it"] * 3
    )
    assert failures(tmp_path / "missing.json") == ["No such file or directory"]


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "secret.json").write_text(TALK)
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "deep/loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.json")
    found, missed, failed = read(folder)
    assert not found
    assert missed.counts == {"links, which are not followed": 2}
    assert [(path.name, why) for path, why in failed] == [("pipe.json", "it is a pipe")]


def test_a_database_with_views_in_the_place_of_tables_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE responses (id TEXT, conversation_id TEXT, prompt TEXT, response TEXT);"
        "CREATE VIEW conversations AS"
        " WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n"
    )
    connection.close()
    found, _, failed = read(path)
    assert not found
    assert not failed


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    path = sample("llm.sql", tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])
    assert len(failures(path)) == 1


def test_no_path_that_a_file_names_is_opened(tmp_path: Path) -> None:
    path = sample("llm.sql", tmp_path)
    secret = tmp_path / "secret.png"
    secret.write_bytes(base64.b64decode(PNG))
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE attachments SET path = ? WHERE id = 'att2'", (str(secret),))
    connection.close()
    assert [one.pictures for one in read(path)[0]] == [1, 1, 1]


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [[]], {"type": 7}, {"a": [1]}, True, 1e308])
def test_any_value_in_the_place_of_any_field_is_survived(value: object, tmp_path: Path) -> None:
    """Each field of each sample is replaced in turn."""
    path = tmp_path / "a.json"
    for name in ("chatgpt.json", "claude.json", "claude_code.jsonl", "codex.jsonl", "messages.json", "pi.jsonl"):
        text = (DATA / name).read_text()
        lines = [json.loads(line) for line in text.splitlines()] if name.endswith("l") else json.loads(text)
        for change in _changes(lines, value):
            with path.open("w") as file:
                if name.endswith("l"):
                    file.writelines(json.dumps(line) + "\n" for line in change)
                else:
                    json.dump(change, file)
            read(path)


def _changes(whole: Any, value: object) -> Iterator[Any]:
    """The whole with one of its fields replaced: every third of them, since each takes a file."""
    places: list[tuple[Any, Any]] = []

    def walk(one: Any) -> None:
        if isinstance(one, dict | list):
            for key in list(one) if isinstance(one, dict) else range(len(one)):
                places.append((one, key))
                walk(one[key])

    walk(whole)
    for holder, key in places[::3]:
        before, holder[key] = holder[key], value
        yield whole
        holder[key] = before


MEASURED = """
import pathlib, resource, sys
from modules.session.importing.imported import Missed
from modules.session.importing.importer import Importer
from modules.session.storage.bulk import BulkWriter
from tests.harness.store_helpers import MODEL
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with BulkWriter(pathlib.Path(sys.argv[2]), MODEL) as writer:
    found = Importer(Missed()).conversations(pathlib.Path(sys.argv[1]))
    count = sum(writer.write(one.conversation).is_new for one in found)
    writer.flush()
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.timeout(300)
def test_ten_thousand_conversations_go_in_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    words = "word " * 400
    with path.open("w") as file:
        file.write("[")
        for number in range(10_000):
            nodes = {
                f"{at}": {
                    "id": f"{at}",
                    "parent": f"{at - 1}" if at else None,
                    "message": {
                        "author": {"role": "assistant" if at % 2 else "user"},
                        "create_time": 1.7e9 + number,
                        "content": {"content_type": "text", "parts": [f"{number} {at} {words}"]},
                    },
                }
                for at in range(4)
            }
            file.write("," * bool(number) + json.dumps({"id": f"{number}", "title": "T", "mapping": nodes}))
        file.write("]")
    assert path.stat().st_size > 80_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, path, tmp_path / "conversations.db"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, kilobytes = map(int, done.stdout.split())
    assert count == 10_000
    assert kilobytes < 60_000
