"""What one release keeps and how fast, by itself: run by bench/storage.py in the folder of that release.

Prints one JSON object: bytes of the file for each byte said, milliseconds for each message until it is on the disk, and
seconds to read a long conversation. The conversation of `--long` is left in the file for others to open.
"""

import argparse
import asyncio
import importlib.util
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

SHIPPED = ("anthropic:claude-sonnet-5.5", "openai:gpt-6.1-sol", "groq:gpt-oss-120b", "gemini:")
SWITCHES = (0, 1, 2, 3, 0, 1)


def words_of(place: Path) -> ModuleType:
    """The words of this release, said to another one's program."""
    spec = importlib.util.spec_from_file_location("said_at_length", place / "tests" / "harness" / "said_at_length.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def size_after_checkpoint(path: Path) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


def ratio(words: ModuleType, models: list[Any], turns: int) -> float:
    """Bytes of the file for each byte said."""
    from modules.session.conversation import Conversation
    from modules.session.storage.store import FILE, Store

    said, speaker = 0, words.Speaker()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        for _ in range(4):
            store = Store(path)
            conversation = Conversation(models[0], "You are helpful.", journal=store)
            said += words.among(conversation, speaker, models, turns, thoughts=True)
            assert store.close(60)
        return size_after_checkpoint(path) / said


async def commits(words: ModuleType, model: Any, turns: int) -> float:
    """Median milliseconds of a message, with what is frozen of its request, until it is on the disk."""
    from modules.session.conversation import Conversation
    from modules.session.storage.store import FILE, Store

    took, speaker = [], words.Speaker()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / FILE)
        conversation = Conversation(model, "You are helpful.", journal=store)
        for _ in range(turns):
            words.talk(conversation, speaker, 1, thoughts=True)
            began = time.perf_counter()
            await store.settled()
            took.append((time.perf_counter() - began) * 500)  # a question and an answer
        store.close(60)
    return statistics.median(took)


def long_file(words: ModuleType, model: Any, path: Path, turns: int) -> str:
    """A file with one long conversation; gives its id."""
    from modules.session.conversation import Conversation
    from modules.session.storage.store import Store

    store = Store(path)
    conversation = Conversation(model, "You are helpful.")
    words.talk(conversation, words.Speaker(), turns)
    conversation.journal = store
    conversation.changed()
    asyncio.run(store.settled())  # as long as it takes: what is not written then is waited for again
    while store.held or not path.exists():
        asyncio.run(store.settled())
    asyncio.run(store.settled())
    assert store.close(120)
    return conversation.id


def reading(path: Path, id: str, model: Any) -> dict[str, float]:
    """Seconds until the conversation is there, and until the next request is built of it."""
    from modules.llm.models import ModelRegistry
    from modules.session.storage.store import Store
    from modules.session.turns.ask import request_for
    from tests.harness.transformer_harness import REQUESTS

    took = []
    for _ in range(5):
        store = Store(path)
        began = time.perf_counter()
        conversation = store.load(id, ModelRegistry([model]), model)
        there = time.perf_counter() - began
        sent = REQUESTS[model.provider.dialect](request_for(conversation, model)).messages
        assert sent is not None
        len(list(sent))
        took.append((there, time.perf_counter() - began))
        store.close()
    return {"read": min(one for one, _ in took), "request": min(one for _, one in took)}


def main() -> None:
    """Measure the release in the folder that this is run in."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", type=Path, required=True, help="the folder of the release whose words are said")
    parser.add_argument("--long", type=Path, required=True, help="where the file with the long conversation goes")
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--long-turns", type=int, default=5000)
    args = parser.parse_args()
    sys.path.insert(0, str(Path.cwd()))
    import tests.harness.home  # noqa: F401  # what the others lean on is imported in its order
    from modules.config import ROOT
    from modules.llm.catalogue.catalogue_loader import load

    words = words_of(args.words)
    catalogue = load(ROOT / "models.yaml", None, lambda _: "")
    models = [next(one for one in catalogue if one.full_name.startswith(name)) for name in SHIPPED]
    id = long_file(words, models[0], args.long, args.long_turns)
    found = {
        "one": ratio(words, models[:1], args.turns),
        "five": ratio(words, [models[at] for at in SWITCHES], args.turns),
        "commit": asyncio.run(commits(words, models[0], args.turns * 3)),
        **reading(args.long, id, models[0]),
        "long": size_after_checkpoint(args.long),
        "id": id,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
