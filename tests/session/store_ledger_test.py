"""What was sent to whom, in the file: a restart changes no byte of the next request."""

from pathlib import Path
from typing import Any

import pytest

from modules.anthropic.transformer import AnthropicTransformer
from modules.llm.conversion.wire_json import encoded
from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.message import Message, user
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from tests.harness.store_helpers import BIG, MODEL, MODELS, OTHER, answer, loaded, rows, saved, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def exchange(conversation: Conversation, question: Message, reply: str) -> bytes:
    """One turn of what the program does with a ledger; gives what was sent."""
    conversation.append(question)
    ledger = conversation.ledger_for(MODEL)
    sent = ledger.build(AnthropicTransformer(MODEL), conversation.messages, conversation.path, "seed")
    ledger.commit(sent.pending)
    conversation.append(answer(reply, [{"type": "text", "text": reply, "extra": {"z": 1, "a": 2}}]))
    conversation.ledger_changed(MODEL)
    return encoded(sent.listed())


def state(ledger: Ledger) -> list[Any]:
    names = ("entries", "digests", "path", "prefix_digest", "reasoning_from", "drops_unreadable_reasoning", "saved")
    return [getattr(ledger, name) for name in names]


def test_what_was_sent_comes_back_and_the_next_request_extends_it(path: Path) -> None:
    def talk(conversation: Conversation) -> None:
        for word in ("One", "Two", "Three"):
            exchange(conversation, user(word, BIG), word.lower())

    before = saved(path, change=talk)
    after = loaded(path)
    key = ledger_key(MODEL)
    assert state(after.ledgers[key]) == state(before.ledgers[key])
    assert after.ledgers[key].saved == len(after.ledgers[key].entries) > 0
    assert after.ledgers[key].digests
    assert exchange(after, user("Four"), "four") == exchange(before, user("Four"), "four")


def test_what_is_cut_off_or_stripped_of_a_ledger_is_cut_off_in_the_file(path: Path) -> None:
    def talk(conversation: Conversation) -> None:
        for word in ("One", "Two", "Three"):
            exchange(conversation, user(word), word.lower())
        conversation.undo()
        conversation.undo()
        exchange(conversation, user("Other"), "other")

    before = saved(path, change=talk)
    after = loaded(path)
    key = ledger_key(MODEL)
    assert state(after.ledgers[key]) == state(before.ledgers[key])
    assert after.ledgers[key].path == (1, 2, 7)[: len(after.ledgers[key].path)]
    store = Store(path)
    again = store.load(before.id, MODELS, OTHER)
    ledger = again.ledger_for(MODEL)
    ledger.drops_unreadable_reasoning = True
    ledger.strip(2)
    exchange(again, user("After"), "after")
    store.close()
    assert state(loaded(path).ledgers[key]) == state(ledger)
    assert ledger.reasoning_from == 2


def test_a_ledger_that_lost_an_entry_begins_anew_and_keeps_what_it_must_not_send(path: Path) -> None:
    def talk(conversation: Conversation) -> None:
        conversation.ledger_for(MODEL).strip(1)
        for word in ("One", "Two"):
            exchange(conversation, user(word), word.lower())

    saved(path, change=talk)
    write(path, "DELETE FROM frozen WHERE seq = 1")
    ledger = loaded(path).ledgers[ledger_key(MODEL)]
    assert ([*ledger.entries], ledger.path, ledger.saved, ledger.reasoning_from) == ([], (), 0, 1)


def test_a_picture_is_on_the_disk_once_and_in_memory_once(path: Path) -> None:
    def show(conversation: Conversation) -> None:
        for _ in range(3):
            exchange(conversation, user("See", BIG), "seen")

    saved(path, change=show)
    assert rows(path, "SELECT count(*), sum(length(data)) FROM blob") == [(1, len(BIG.base64))]
    nothing = path.with_name("nothing.db")
    saved(nothing, user("See"), answer("seen"))
    assert path.stat().st_size < 3 * len(BIG.base64) + nothing.stat().st_size
    back = loaded(path)
    first, *others = [image.base64 for message in back for image in message.images]
    sent = [entry.wire["content"][1]["source"]["data"] for entry in back.ledger_for(MODEL).entries[::2]]
    assert len(sent) == 3
    assert all(text is first for text in others + sent)
