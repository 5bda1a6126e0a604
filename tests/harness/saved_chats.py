"""Conversations in a person's file, made quickly and in any number: what was said, when, in which folder."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from modules.llm.events import Usage
from modules.llm.message import Message, Origin, user
from modules.llm.models import Model
from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.storage.store import FILE, Store
from tests.harness.home import Home
from tests.harness.store_helpers import MODEL, OTHER


def answered(text: str, model: Model = OTHER) -> Message:
    """An answer of a model that the catalogue has."""
    origin = Origin(model.provider.dialect, model.issuer, model.id)
    return Message("assistant", (Text(text),), origin, usage=Usage(input=900, output=90))


def chat(
    *words: str, title: str = "", folder: str = "", one_shot: bool = False, model: Model = OTHER, id: str = ""
) -> Conversation:
    """A conversation in which the person and the model speak by turns."""
    conversation = Conversation(model, id=id, folder=folder)
    conversation.title, conversation.one_shot = title, one_shot
    for at, text in enumerate(words):
        conversation.append(answered(text, model) if at % 2 else user(text))
        if at % 2:
            conversation.spent.append(Spent(model, Usage(input=900, output=90), time.time()))
    return conversation


def put(home: Home, conversations: Iterable[Conversation]) -> Sequence[str]:
    """Save them, the one to be used last at the end; their ids."""
    return put_in(home.folder / "data", conversations)


def put_in(folder: Path, conversations: Iterable[Conversation]) -> Sequence[str]:
    ids = []
    for some in batched(conversations):
        store = Store(folder / FILE)
        for conversation in some:
            conversation.journal = store
            conversation.changed()
            ids.append(conversation.id)
        for _ in range(20):  # it waits some seconds each time, and no longer than it has to
            asyncio.run(store.settled())
        assert store.close()
    return ids


def batched(conversations: Iterable[Conversation]) -> Iterator[list[Conversation]]:
    left = iter(conversations)
    while some := list(islice(left, 200)):
        yield some


__all__ = ["MODEL", "OTHER", "answered", "chat", "put", "put_in"]
