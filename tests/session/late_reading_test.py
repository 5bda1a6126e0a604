"""A saved conversation takes little memory: what was decoded is let go again, and comes back equal."""

import gc
import threading
import tracemalloc
import weakref
from pathlib import Path

import pytest

from modules.chat.background.load_ahead import look_through
from modules.llm.message import user
from modules.session.conversation import Conversation
from modules.session.storage.late_reading import KEPT_DECODED
from modules.session.storage.store import FILE
from modules.session.turns.ask import request_for
from tests.harness.said_at_length import Speaker, talk
from tests.harness.store_helpers import BIG, MODEL, answer, loaded, saved
from tests.harness.transformer_harness import REQUESTS

MESSAGES = 6 * KEPT_DECODED


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one long conversation, in which something was refused and something shown."""
    place = tmp_path_factory.mktemp("long") / "data" / FILE
    saved(place, change=say)
    return place


def say(conversation: Conversation) -> None:
    conversation.append(user("See", BIG))
    conversation.append(answer("Seen."))
    talk(conversation, Speaker(), MESSAGES // 2 - 1)


def test_what_is_let_go_is_read_again_and_equal_though_the_file_is_gone(path: Path, tmp_path: Path) -> None:
    place = tmp_path / "data" / FILE
    before = saved(place, change=say)
    back = loaded(place)
    for file in place.parent.iterdir():
        file.unlink()
    for _ in range(2):
        assert all(one == other for one, other in zip(back, before, strict=True))
    assert [node.role for node in back.nodes] == [message.role for message in before]


def test_few_messages_stay_decoded_and_each_is_one_object_for_as_long_as_anybody_has_it(path: Path) -> None:
    conversation = loaded(path)
    known = [weakref.ref(message) for message in conversation]
    first = conversation.nodes[0].message
    gc.collect()
    assert sum(one() is not None for one in known) <= KEPT_DECODED + 1
    assert all(conversation.nodes[-1].message for _ in range(2))
    for _ in conversation:
        pass
    assert conversation.nodes[0].message is first
    assert first in conversation
    assert user("See", BIG) not in conversation, "another object that is equal"


def test_several_threads_that_want_a_message_at_once_get_the_same(path: Path) -> None:
    conversation = loaded(path)
    found: list[list[int]] = []
    messages = [*conversation.messages[:50]]
    threads = [
        threading.Thread(target=lambda: found.append([id(node.message) for node in conversation.nodes[:50]]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[id(message) for message in messages]] * 4


def test_a_conversation_that_goes_on_takes_less_memory_than_what_was_said_in_it(path: Path) -> None:
    loaded(path)  # what is imported and cached once
    gc.collect()
    tracemalloc.start()
    try:
        conversation = loaded(path)
        look_through(conversation)
        conversation.append(user("And now?"))
        sent = REQUESTS[MODEL.provider.dialect](request_for(conversation, MODEL)).messages
        assert sent is not None
        conversation.ledger_for(MODEL).commit(sent.pending)
        conversation.tokens()
        del sent
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    said = sum(len(message.text.encode()) for message in conversation)
    assert taken < 3.3 * said  # of which those that stay decoded are a sixth


def test_once_it_was_looked_through_the_next_request_decodes_nothing_old(path: Path) -> None:
    conversation = loaded(path)
    look_through(conversation)
    assert conversation.ledger_for(MODEL).is_ready
    known = [weakref.ref(message) for message in conversation]
    for node in conversation.nodes[-KEPT_DECODED:]:  # all others go
        _ = node.message
    gc.collect()
    conversation.append(user("And now?"))
    request = request_for(conversation, MODEL)
    assert not request.is_long
    assert REQUESTS[MODEL.provider.dialect](request).json.count(b'"role"') == MESSAGES + 1
    assert not any(one() is not None for one in known[:-KEPT_DECODED])
