"""What the tests of saving share: a conversation that is said, its file, and the next run that finds it."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from modules.llm.message import Message, Origin
from modules.llm.models import ModelRegistry, Profile
from modules.llm.parts import Image, Text
from modules.session.conversation import Conversation
from modules.session.storage.packed_text import unpacked
from modules.session.storage.store import Store
from tests.harness.cases import ENDPOINTS

MODEL = replace(
    ENDPOINTS["anthropic"].full_model("https://api.anthropic.com"),
    profile=Profile(thinking="adaptive", mid_system=True),
)
OTHER = ENDPOINTS["groq"].full_model("https://api.groq.com")
MODELS = ModelRegistry([MODEL, OTHER])
BIG = Image("image/png", "iVBORw0K" * 1024, "big.png")
ORIGIN = Origin("anthropic-messages", "anthropic api.anthropic.com anthropic", "claude-sonnet-5-5")


def answer(text: str, native: Any = None) -> Message:
    return Message("assistant", (Text(text),), ORIGIN, native)


def saved(path: Path, *messages: Message, change: Callable[[Conversation], None] = lambda _: None) -> Conversation:
    """A conversation that has been said and is on the disk."""
    store = Store(path)
    conversation = Conversation(MODEL, "Be brief.", journal=store)
    conversation.extend(messages)
    change(conversation)
    store.close()
    assert store.news() == []
    return conversation


def loaded(path: Path, id: str = "", models: ModelRegistry = MODELS) -> Conversation:
    """The conversation as another run of the program finds it."""
    store = Store(path)
    conversation = store.load(id or store.latest() or "", models, OTHER)
    store.close()
    return conversation


def rows(path: Path, question: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def bodies(path: Path, where: str = "1") -> list[str]:
    """The JSON texts of messages, whatever form they stand in."""
    found = rows(path, f"SELECT CAST(body AS BLOB) FROM message WHERE {where}")
    return [unpacked(body).decode() for (body,) in found]


def write(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
