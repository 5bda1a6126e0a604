"""What the tests of imports share: files in each format, what is read out of them, and the database they go into."""

import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modules.config import ROOT
from modules.llm.parts import File, Image, Opaque, Reasoning, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.importing.imported import ImportedConversation, Missed
from modules.session.importing.importer import Importer
from modules.session.storage.bulk import Brought, BulkWriter
from tests.harness.store_helpers import MODEL

DATA = ROOT / "tests/data/imports"
SAMPLES = (
    "chatgpt.json", "claude.json", "claude_code.jsonl", "codex.jsonl", "codex_2025.jsonl", "llm.sql", "messages.json",
    "messages_lines.jsonl", "messages_object.json", "pi.jsonl",
)  # fmt: skip


def sample(name: str, folder: Path) -> Path:
    """A file in one of the formats, as its program leaves it."""
    if not name.endswith(".sql"):
        return Path(shutil.copy(DATA / name, folder))
    path = folder / name.replace(".sql", ".db")
    connection = sqlite3.connect(path)
    connection.executescript((DATA / name).read_text())
    connection.close()
    return path


def zipped(path: Path, members: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def read(*paths: Path) -> tuple[list[ImportedConversation], Missed, list[tuple[Path, str]]]:
    """The conversations of some files, what could not be taken, and what failed."""
    missed = Missed()
    importer = Importer(missed)
    return [found.conversation for path in paths for found in importer.conversations(path)], missed, importer.failed


def bring(database: Path, *paths: Path) -> list[Brought]:
    """Import into a database."""
    with BulkWriter(database, MODEL) as writer:
        brought = [writer.write(one) for one in read(*paths)[0]]
        writer.flush()
    return brought


def outline(found: ImportedConversation) -> list[str]:
    """Each message in one line, below its parent by as many points as it is deep."""
    depth = {"": -1}
    for one in found.messages:
        depth[one.id] = depth[one.parent] + 1
    here = {one.id: " <" if one.id == found.head else "" for one in found.messages}
    return [
        f"{depth[one.id]} {one.message.role}: {' | '.join(map(said, one.message.parts))}{here[one.id]}"
        for one in found.messages
    ]


def said(part: Any) -> str:
    match part:
        case Text(text):
            return text.replace("\n", "/")
        case Reasoning(text):
            return f"({text})".replace("\n", "/")
        case Image():
            return "<image>"
        case File():
            return f"<{part.name}>"
        case Opaque():
            return f"<{part.summary}>"
        case ToolCall():
            return f"{part.name}{part.arguments}"
        case ToolResult():
            return f"{'failed ' if part.is_error else ''}= {' | '.join(map(said, part.parts))}"
    raise AssertionError(part)


def leaves(conversation: Conversation) -> Iterator[int]:
    """The messages that nothing follows."""
    parents = {node.parent for node in conversation.nodes}
    return (node.id for node in conversation.nodes if node.id not in parents)
