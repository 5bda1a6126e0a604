"""`parlance import`, typed at the real program: what it says, what it keeps, and going on with what came in."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.harness.import_helpers import sample
from tests.wire import Answer


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


def test_a_folder_of_exports_comes_in_with_an_account_of_it(home: Home, exports: Path) -> None:
    for name in ("chatgpt.json", "claude_code.jsonl", "llm.sql"):
        sample(name, exports)
    done = home.run("import", str(exports))
    assert done.returncode == 0
    assert done.stderr == ""
    assert "ChatGPT's account export: took 2 conversations, 16 messages, 3 tool calls and 0 pictures." in done.stdout
    assert "Claude Code's sessions: took 1 conversation, 6 messages, 2 tool calls and 1 picture." in done.stdout
    assert "llm's logs.db: took 3 conversations, 19 messages, 3 tool calls and 3 pictures." in done.stdout
    assert "      1  recordings" in done.stdout
    listed = json.loads(home.run("sessions", "--json").stdout)
    assert {"Hives", "Pruning the apple tree", "Garden", "Old bridge"} <= {one["title"] for one in listed}
    again = home.run("import", str(exports))
    assert "2 conversations were here already." in again.stdout
    assert len(json.loads(home.run("sessions", "--json").stdout)) == len(listed)


def test_a_dry_run_says_what_would_come_and_writes_nothing(home: Home, exports: Path) -> None:
    done = home.run("import", "--dry-run", str(sample("pi.jsonl", exports)))
    assert "pi's sessions: would take 1 conversation, 13 messages, 2 tool calls and 1 picture." in done.stdout
    assert json.loads(home.run("sessions", "--json").stdout) == []


def test_what_failed_is_named_and_the_rest_comes_in(home: Home, exports: Path) -> None:
    (exports / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    (exports / "none.json").write_text("{}")
    good = sample("codex.jsonl", exports)
    done = home.run("import", str(exports / "broken.zip"), str(exports / "none.json"), str(good), "nowhere")
    assert done.returncode == 1
    assert "Codex's sessions: took 1 conversation" in done.stdout
    assert "broken.zip: the archive is damaged" in done.stderr
    assert "none.json: no conversation was recognised in it." in done.stderr
    assert "nowhere: No such file or directory." in done.stderr
    assert home.run("import").returncode == 2
    assert home.run("import", "--nonsense", str(good)).returncode == 2


def test_nothing_that_a_file_says_reaches_the_terminal_as_it_is(home: Home, exports: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J"
    kind = {"type": evil, "id": "1", "parentId": None}
    header = {"type": "session", "version": 3, "id": "x", "timestamp": "2026-03-01T12:00:00Z", "cwd": evil}
    said = {"type": "message", "id": "2", "parentId": "1", "message": {"role": "user", "content": evil}}
    name = {"type": "session_info", "id": "3", "parentId": "2", "name": evil}
    path = exports / "evil\x1b[31m.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, kind, said, name)))
    bad = exports / "bad\x1b[31m.json"
    bad.write_text("{}")
    screen = home.open("import", str(path), str(bad))
    screen.sees("recognised in it")
    assert "took 1 conversation" in screen.text
    done = home.run("import", str(path), str(bad))
    listed = home.run("sessions")
    for text in (done.stdout, done.stderr, listed.stdout):
        assert "\x1b" not in text
        assert "\x07" not in text


def test_an_imported_conversation_is_opened_shown_and_goes_on(home: Home, exports: Path) -> None:
    home.run("import", str(sample("claude_code.jsonl", exports)), str(sample("pi.jsonl", exports)))
    database = sqlite3.connect(next(home.folder.rglob("conversations.db")))
    ((id,),) = database.execute("SELECT id FROM conversation WHERE source = 'pi:p1-0001'").fetchall()
    database.close()
    home.groq.answer(Answer("Crumbs."))
    screen = home.open("-m", "groq:gpt-oss-120b", "-r", id)
    screen.sees("Nothing.").prompt()
    screen.enter("And now?").sees("Crumbs.").prompt()
    assert screen.leave() == 0
    body = str(home.groq.chats[-1].body)
    assert "Bread and cake were made." in body
    assert "What is left?" in body
    assert "I look." not in body
