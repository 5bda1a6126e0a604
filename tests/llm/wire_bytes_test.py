"""A conversation that was saved before the house was rebuilt goes on with exactly the bytes that would have gone out.

data/conversation_parlance_5.sql is a file of 28 November 2026: Claude, OpenAI and Groq with thinking, parallel tool
calls, a picture, an answer taken back and one that was interrupted. The .json beside it holds the next request to each,
as that program made it. data/conversation_parlance_6.sql is the same as the next release had it, in its schema, and
data/conversation_parlance_7.sql as the one after that had packed it.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.service_manager import prepare
from modules.session.storage.store import FILE, Store
from modules.session.switching.switch import scratch_request
from tests.harness.cases import TOOLS

SAVED = ROOT / "tests" / "data" / "conversation_parlance_5.sql"
NEXT: dict[str, Any] = json.loads(SAVED.with_suffix(".json").read_text())


@pytest.mark.parametrize("saved", sorted(SAVED.parent.glob("conversation_parlance_*.sql")), ids=lambda path: path.stem)
@pytest.mark.parametrize("name", NEXT)
def test_the_next_request_is_the_same_to_the_byte(tmp_path: Path, name: str, saved: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(saved.read_text())
    connection.close()
    models = load(ROOT / "models.yaml", None, lambda _: "")
    store = Store(tmp_path / FILE)
    conversation = store.load(store.latest() or "", models, next(iter(models)), LearnedFacts())
    store.close()
    model = next(one.model for one in conversation.spent if one.model.full_name == NEXT[name]["model"])
    assert json.dumps(prepare(scratch_request(conversation, model, TOOLS)).body) == json.dumps(NEXT[name]["body"])
