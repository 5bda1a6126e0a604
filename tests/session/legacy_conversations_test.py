"""Conversations that release 0.1.0 saved go on with the bytes that they had (B3).

data/conversation_0_1_0.sql is a file of that release: three providers and a gateway, tools, thinking, a picture, a
picture refused, an answer taken back. The .json beside it holds what that release would have sent next.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.conversion.replay import sees
from modules.llm.models import Model, ModelRegistry
from modules.llm.service_manager import prepare
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from modules.session.switching.switch import handover, scratch_request
from tests.harness.cases import TOOLS
from tests.harness.transformer_harness import history_in

DATA = ROOT / "tests" / "data"
SENT: dict[str, Any] = json.loads((DATA / "conversation_0_1_0.json").read_text())


@pytest.fixture
def models() -> ModelRegistry:
    return load(ROOT / "models.yaml", None, lambda _: "")


def opened(folder: Path, models: ModelRegistry) -> Conversation:
    path = folder / FILE
    if not path.exists():
        connection = sqlite3.connect(path)
        connection.executescript((DATA / "conversation_0_1_0.sql").read_text())
        connection.close()
    store = Store(path)
    conversation = store.load(store.latest() or "", models, next(iter(models)), LearnedFacts())
    store.close()
    assert store.news() == []
    return conversation


def as_it_was_then(conversation: Conversation, name: str) -> Model:
    """The model with the facts that its release had."""
    found = (one.model for one in conversation.spent if one.model.full_name == SENT[name]["model"])
    return next(found)


@pytest.mark.parametrize("name", SENT)
def test_what_was_sent_is_sent_again_byte_for_byte(tmp_path: Path, models: ModelRegistry, name: str) -> None:
    conversation = opened(tmp_path, models)
    model = as_it_was_then(conversation, name)
    body = prepare(scratch_request(conversation, model, TOOLS)).body
    assert body is not None
    before, now = SENT[name]["history"], history_in(body)
    frozen = SENT[name]["frozen"] + (before[0].get("role") == "system")  # the instructions are no part of the ledger
    assert frozen > 10
    assert json.dumps(now[:frozen]) == json.dumps(before[:frozen])


def test_claude_gets_all_of_its_thinking_back(tmp_path: Path, models: ModelRegistry) -> None:
    conversation = opened(tmp_path, models)
    model = as_it_was_then(conversation, "anthropic")
    told = handover(conversation, model, TOOLS)
    back = [how.way for at, how in told.replays.items() if conversation.messages[at].role == "assistant"]
    assert back.count("as_is") == 3, "two answers of the first turn, and the last"
    assert json.dumps(prepare(scratch_request(conversation, model, TOOLS)).body).count('"signature"') == 3


def test_who_spoke_is_known_by_the_name_of_the_entry(tmp_path: Path, models: ModelRegistry) -> None:
    conversation = opened(tmp_path, models)
    issuers = {message.origin.issuer for message in conversation if message.origin}
    assert issuers == {
        "anthropic api.anthropic.com anthropic",
        "openai api.openai.com openai",
        "groq api.groq.com openai",
        "openrouter openrouter.ai/api z-ai",
    }


def test_a_picture_that_was_refused_then_is_not_sent_now(tmp_path: Path, models: ModelRegistry) -> None:
    conversation = opened(tmp_path, models)
    refused, other = as_it_was_then(conversation, "openrouter"), models.find("openrouter:other/model").model
    assert not sees(conversation.reader(refused))
    assert sees(conversation.reader(other)), "what one model refused says nothing of its neighbours (B4)"


def test_what_is_adopted_is_written_under_its_new_name(tmp_path: Path, models: ModelRegistry) -> None:
    path = tmp_path / FILE
    opened(tmp_path, models)
    store = Store(path)
    conversation = store.load(store.latest() or "", models, next(iter(models)), LearnedFacts())
    model = as_it_was_then(conversation, "groq")
    frozen = [entry.wire for entry in conversation.ledger_for(model).entries]
    conversation.ledger_changed(model)
    store.close()
    again = opened(tmp_path, models)
    assert [entry.wire for entry in again.ledger_for(model).entries] == frozen
