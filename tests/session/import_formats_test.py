"""Files of other programs become our conversations, and each goes on with any model."""

import base64
import io
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from modules.chat.subcommands.progress_bar import ProgressBar
from modules.llm.parts import File, Image
from modules.session.importing.imported import Missed
from modules.session.importing.importer import Importer
from tests.harness.cases import PNG, TOOLS
from tests.harness.import_helpers import DATA, SAMPLES, bring, leaves, outline, read, sample, zipped
from tests.harness.store_helpers import loaded, rows
from tests.harness.transformer_harness import FOUR, Dry

OUTLINES = {
    "chatgpt.json": [
        [
            "0 user: [file: notes.txt, left out: it is not in the export] | [file: gone.pdf, left out: it is not in the"
            " export] | [image: file_00000000abcd, left out: it is not in the export] | How many frames are in this"
            " hive?",
            "0 user: How many frames fit into a hive?",
            "1 assistant: Ten.",
            '1 assistant: (Counting/I see red. I had better compute.) | python{"input": "print(2 * 5)"}',
            "2 tool: = 10/",
            "3 assistant: Ten frames.",
            "4 user: And who invented it?",
            '5 assistant: web_run{"search_query":[{"q":"hive inventor"}]}',
            "6 tool: = The hive/https://example.com/hive/Langstroth, 1852. | Two/https://example.com/two/Lorenzo"
            " Langstroth.",
            "7 assistant: Langstroth.",
            "7 assistant: Lorenzo Langstroth, in 1852.",
            "8 assistant: dalle_text2im{}",
            "9 tool: = [image: a hive, left out: it is not in the export]",
            "10 assistant: Here it is. <",
        ],
        ["0 user: Can you hear me?", "1 assistant: I can. <"],
    ],
    "claude.json": [
        [
            "0 user: <port.txt> | [file: chart.png, left out: it is not in the export] | When is high tide?",
            '1 assistant: (I need the table.) | I look it up. | web_search{"query": "Husum tide"}',
            "2 tool: = High tide 14:20",
            '3 assistant: repl{"code": "14*60+20"}',
            "4 tool: failed = 860",
            "5 assistant: At 14:20.",
            "1 assistant: At twenty past two.",
            "6 user: Thanks. <",
        ],
        ["0 user: Old form", "1 assistant: Older answer <"],
    ],
    "claude_code.jsonl": [
        [
            "0 user: How old is the tree?",
            '1 assistant: (I look at the rings.) | I count the rings. | Read{"file_path":'
            ' "/home/ada/orchard/rings.txt"}'
            ' | Bash{"command": "date"}',
            "2 tool: = forty rings | failed = no such command | <image>",
            "3 assistant: Forty years.",
            "0 user: This session is being continued: the tree is forty years old.",
            "1 assistant: I know that it is forty. <",
        ],
    ],
    "codex.jsonl": [
        [
            "0 user: Does the wheel turn? | <image>",
            '1 assistant: (**Looking at the wheel**) | exec_command{"cmd":"turn"} | apply_patch{"input": "*** Begin'
            ' Patch\\n*** End Patch"}',
            '2 tool: = it turns | = {"output":"Success","metadata":{"exit_code":0}}',
            "3 assistant: <web search: mill wheel> | It turns.",
            "4 user: Stop it.",
            "5 assistant: I will not.",
            "4 user: Slow it down.",
            "5 assistant: Done. <",
        ],
    ],
    "codex_2025.jsonl": [["0 user: Old rollout", "1 assistant: Old answer <"]],
    "llm.sql": [
        [
            "0 user: The bridge, 1890./What grows there? | <image>",
            '1 assistant: look{"at": "bed"}',
            "2 tool: = leeks",
            "3 assistant: Leeks.",
            "4 user: And beside?",
            "5 assistant: (Perhaps beans.) | Beans. <",
        ],
        [
            "0 user: The bridge, 1890./What grows there? | <image>",
            '1 assistant: look{"at": "bed"}',
            "2 tool: = leeks",
            "3 assistant: Leeks.",
            "4 user: And beside?",
            "5 assistant: Peas. <",
        ],
        [
            "0 user: How long is it?",
            '1 assistant: (I measure.) | measure{"what": "bridge"}',
            "2 tool: = 90",
            "3 assistant: Ninety metres.",
            "4 system: You know bridges.",
            "5 user: <image> | [file: bridge.png, left out: llm kept only where it was] | The bridge, 1890./Is this"
            " it?",
            "6 assistant: It is. <",
        ],
    ],
    "messages.json": [
        [
            "0 user: Is the lamp lit? | <image> | [image: https://example.com/lamp.png, left out: it is somewhere"
            " else]",
            '1 assistant: (I should look.) | look{"at":"lamp"} | look_twice{"input": "at the lamp"}',
            "2 tool: = lit | = it is lit",
            "3 assistant: It is lit.",
            "4 user: Good night. <",
        ],
    ],
    "messages_lines.jsonl": [[f"0 user: Question {n}", f"1 assistant: Answer {n} <"] for n in range(3)],
    "messages_object.json": [["0 user: How many moons?", "1 assistant: Two. <"]],
    "pi.jsonl": [
        [
            "0 user: Is the bread done? | <image>",
            '1 assistant: (I look.) | I look into the oven. | bash{"command": "cat oven"} | read{"path": "clock"}',
            "2 tool: = brown | failed = no clock",
            "3 assistant: It is done.",
            "4 user: And the rolls?",
            "5 assistant: They are",
            "4 user: [What was said on another branch, in short]//The rolls were asked about.",
            "5 user: And the cake?",
            "6 user: Ran `ls`/cake",
            "7 assistant: There is one.",
            "0 user: [What was said before, in short]//Bread and cake were made.",
            "1 user: What is left?",
            "2 assistant: Nothing. <",
        ],
    ],
}
ABOUT = {
    "chatgpt.json": ("chatgpt:68b9-hives", "Hives", "", "I keep bees.\n\nBe brief.", "gpt-5-thinking"),
    "claude.json": ("claude:c1a0de00-0001", "Tide tables", "", "", "unknown"),
    "claude_code.jsonl": (
        "claude-code:5e55-0001", "Pruning the apple tree", "/home/ada/orchard", "", "claude-opus-4-6",
    ),
    "codex.jsonl": ("codex:019a-c0de", "The mill", "/home/ada/mill", "", "gpt-5.2-codex"),
    "llm.sql": ("llm:01new", "Garden", "", "You keep a garden.", "claude-5-1"),
    "messages_object.json": (
        "messages:cb78a2a1ceb0f677f4aa8ab57f8cb2d8", "Two moons", "", "", "some-model",
    ),
    "pi.jsonl": ("pi:p1-0001", "The bakery", "/home/ada/bakery", "", "claude-sonnet-4-5"),
}  # fmt: skip


def test_the_samples_are_all_the_formats_that_are_read() -> None:
    assert set(OUTLINES) == set(SAMPLES) == {path.name for path in DATA.iterdir()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_becomes_conversations_with_their_trees_calls_and_results(name: str, tmp_path: Path) -> None:
    found, _, failed = read(sample(name, tmp_path))
    assert not failed
    assert [outline(one) for one in found] == OUTLINES[name]


@pytest.mark.parametrize("name", ABOUT)
def test_a_conversation_keeps_its_title_folder_instructions_and_models(name: str, tmp_path: Path) -> None:
    first = read(sample(name, tmp_path))[0][0]
    source, title, folder, system, model = ABOUT[name]
    assert (first.source, first.title, first.folder, first.system) == (source, title, folder, system)
    origins = [one.message.origin for one in first.messages if one.message.role == "assistant"]
    assert model in {origin.model for origin in origins if origin}
    assert {(origin.dialect, origin.issuer) for origin in origins if origin} == {("imported", source.split(":")[0])}


def test_what_could_not_be_taken_is_named_and_counted(tmp_path: Path) -> None:
    missed = read(*(sample(name, tmp_path) for name in SAMPLES))[1]
    assert missed.counts == {
        "pictures that are not there": 4,
        "attached files that are not there": 3,
        "remarks on how long was thought": 1,
        "recordings": 1,
        "conversations in which nothing is said": 1,
        'content of the kind "token_budget"': 1,
        "what Claude Code added by itself": 1,
        "messages of sub-agents": 1,
        "what Codex added by itself": 2,
        "reasoning that only its provider can read": 3,
        "labels": 1,
    }


def test_pictures_and_files_come_out_of_the_archive_by_their_ids(tmp_path: Path) -> None:
    picture = base64.b64decode(PNG)
    archive = zipped(
        tmp_path / "export.zip",
        {
            "export/conversations.json": (DATA / "chatgpt.json").read_text(),
            "export/user.json": "{}",
            "export/chat.html": "<html>",
            "export/file_00000000abcd-sanitized.png": picture,
            "export/file-NOTES1-notes.txt": "Ten frames were bought.",
            "export/dalle-generations/file-DRAWN1-0123.webp": picture,
            "__MACOSX/export/._conversations.json": "no JSON at all",
        },
    )
    found, missed, failed = read(archive)
    assert not failed
    first = found[0].messages[0].message
    assert [type(part) for part in first.parts[:1]] == [File]
    assert isinstance(first.parts[2], Image)
    assert found[0].pictures == 2
    assert missed.counts["attached files that are not there"] == 1
    assert missed.counts["pictures that are not there"] == 0


def test_an_unpacked_export_is_read_with_the_pictures_beside_it(tmp_path: Path) -> None:
    sample("chatgpt.json", tmp_path).rename(tmp_path / "conversations-000.json")
    (tmp_path / "user-1").mkdir()
    (tmp_path / "user-1/file_00000000abcd-0.png").write_bytes(base64.b64decode(PNG))
    found = read(tmp_path)[0]
    assert found[0].pictures == 1


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("endpoint", FOUR)
def test_an_imported_conversation_goes_on_with_every_model_from_each_of_its_ends(
    name: str, endpoint: str, tmp_path: Path
) -> None:
    database = tmp_path / "conversations.db"
    bring(database, sample(name, tmp_path))
    model = FOUR[endpoint]  # type: ignore[index]
    for (id,) in rows(database, "SELECT id FROM conversation"):
        conversation = loaded(database, id)
        dry = Dry(model, tools=TOOLS)
        dry.conversation = conversation
        conversation.journal = None
        conversation.switch(model)
        for end in (conversation.head, *leaves(conversation)):
            conversation.go_to(end)
            assert dry.broken() == []
            assert dry.broken(replace(model, tools=False, vision=False, documents=False)) == []
        dry.turn("And now?", "I go on.")
        assert dry.broken() == []


def test_reasoning_is_kept_and_never_sent(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    bring(database, sample("pi.jsonl", tmp_path))
    conversation = loaded(database, rows(database, "SELECT id FROM conversation")[0][0])
    conversation.journal = None
    conversation.go_to(4)
    dry = Dry(FOUR["anthropic"])
    dry.conversation = conversation
    for model in FOUR.values():
        body = str(dry.body(model))
        assert "I look into the oven." in body
        assert "(I look.)" not in body
        assert "'I look.'" not in body


def test_json_of_our_own_is_recognised_and_handed_on_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"format": "parlance", "version": 1, "messages": [{"role": "user", "content": "x"}]}')
    (found,) = Importer(Missed()).conversations(path)
    assert found.own["version"] == 1


def test_the_bar_says_how_much_is_read_and_goes_away() -> None:
    stream = io.StringIO()
    bar = ProgressBar(stream, 200, on=True)
    bar.show(50, 1234)
    bar.clear()
    assert stream.getvalue() == "\r[######------------------]  25%  1,234 conversations\r\x1b[K"
    silent = ProgressBar(stream, 200, on=False)
    silent.show(50, 1)
    silent.clear()
    assert stream.getvalue().count("%") == 1


def test_a_conversation_of_llm_that_went_on_in_the_newer_tables_is_whole_and_there_once(tmp_path: Path) -> None:
    """The thread repeats what was said before, as llm 0.36 does, and only the last question and answer are new."""
    path = sample("llm.sql", tmp_path)
    database = tmp_path / "conversations.db"
    bring(database, path)
    connection = sqlite3.connect(path)
    said = [
        ("user", "How long is it?"),
        ("assistant", "Ninety metres."),
        ("user", "And how high?"),
        ("assistant", "Ten."),
    ]
    with connection:
        for at, (role, words) in enumerate(said):
            parent = f"b2:m{at - 1}" if at else None
            connection.execute("INSERT INTO messages VALUES (?, ?, ?, NULL)", (f"b2:m{at}", parent, role))
            part = "INSERT INTO parts (message_hash, position, type, text) VALUES (?, 0, 'text', ?)"
            connection.execute(part, (f"b2:m{at}", words))
        connection.execute(
            "INSERT INTO threads VALUES ('01old', 'And how high?', 'b2:m3', NULL, '2026-09-01T10:00:00')"
        )
        turn = "INSERT INTO turns (id, thread_id, parent_message_hash, tip_message_hash, model) VALUES (?, ?, ?, ?, ?)"
        connection.execute(turn, ("01t9", "01old", "b2:m2", "b2:m3", "gpt-5.5"))
    connection.close()
    old = next(one for one in read(path)[0] if one.source == "llm:01old")
    assert old.title == "Old bridge"
    assert outline(old)[-3:] == ["6 assistant: It is.", "7 user: And how high?", "8 assistant: Ten. <"]
    assert [len(one.messages) for one in bring(database, path)] == [0, 0, 2]
