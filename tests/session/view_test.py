"""A view stands in place of a part for one model; the conversation stays, and so do the bytes of everybody else."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from modules.llm.events import Usage
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from modules.session.switching.switch import scratch_request
from modules.session.views.view import View, next_number
from tests.harness.any_conversation import commit
from tests.harness.store_helpers import BIG, MODEL, OTHER, answer, loaded, write
from tests.harness.transformer_harness import REQUESTS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE


def exchange(talk: Conversation, question: Message, reply: str) -> None:
    """A question to the model, and its answer."""
    talk.append(question)
    commit(talk, MODEL)
    talk.append(answer(reply))
    talk.ledger_changed(MODEL)


def sent(talk: Conversation, model: Model) -> str:
    """The next request to this model."""
    return json.dumps(REQUESTS[model.provider.dialect](scratch_request(talk, model)).body)


def a_view(talk: Conversation, model: Model, **what: object) -> View:
    return View(
        number=next_number(talk.views),
        model=model.full_name,
        place=talk.head,
        made_after=len(talk.nodes),
        **what,  # type: ignore[arg-type]
    )


def spoken(talk: Conversation) -> Conversation:
    """Questions of a kind that each can be told by, with a tool, a picture and an answer."""
    exchange(talk, user("The first question"), "The first answer")
    talk.append(user("The second question", BIG))
    talk.append(Message("assistant", (ToolCall("call_1", "read_file", '{"path": "a"}'),)))
    talk.append(Message("tool", (ToolResult("call_1", (Text("long " * 9000), BIG)),)))
    talk.append(answer("The second answer"))
    exchange(talk, user("The third question"), "The third answer")
    return talk


def test_a_summary_stands_for_what_it_covers_and_only_for_its_model() -> None:
    talk = spoken(Conversation(MODEL))
    before = sent(talk, OTHER)
    talk.add_view(a_view(talk, MODEL, summary="They talked about two things.", summarized_until=6, made_by="a:model"))
    text = sent(talk, MODEL)
    assert "They talked about two things." in text
    assert "A summary by a:model" in text
    for gone, there in (("The first question", "The third question"), ("read_file", "The third answer")):
        assert gone not in text
        assert there in text
    assert sent(talk, OTHER) == before
    assert next(message.text for message in talk) == "The first question"


def test_what_stays_word_for_word_stands_after_the_summary() -> None:
    talk = spoken(Conversation(MODEL))
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6, verbatim=(1, 2)))
    text = sent(talk, MODEL)
    assert text.index("Short.") < text.index("The first question") < text.index("The third question")
    assert "The second question" not in text


def test_a_stub_says_what_was_there_and_that_the_tool_can_be_called_again() -> None:
    talk = spoken(Conversation(MODEL))
    talk.add_view(a_view(talk, MODEL, stubs=((3, 1), (5, 0))))
    text = sent(talk, MODEL)
    assert "[result of read_file, 45 kB, 1 picture, left out to save room; the tool can be called again]" in text
    assert "[image: big.png, left out: to save room]" in text
    assert BIG.base64 not in text
    assert "long long" not in text
    assert "The second question" in text


def test_each_request_under_a_view_extends_the_one_before_it_and_undone_all_is_as_it_was() -> None:
    talk = spoken(Conversation(MODEL))
    commit(talk, MODEL)
    talk.append(answer("Once more"))
    whole = sent(talk, MODEL)
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6))
    exchange(talk, user("The fourth question"), "The fourth answer")
    first = [entry.wire for entry in talk.ledger_for(MODEL).entries]
    exchange(talk, user("The fifth question"), "The fifth answer")
    assert [entry.wire for entry in talk.ledger_for(MODEL).entries][: len(first)] == first
    assert talk.undo_view(MODEL) is not None
    assert talk.view(MODEL) is None
    kept = whole[: whole.rindex('{"role": "user"')]
    assert sent(talk, MODEL).startswith(kept)


def test_a_view_holds_on_its_own_branch_and_comes_back_with_it() -> None:
    talk = spoken(Conversation(MODEL))
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6))
    talk.undo(2)
    assert talk.view(MODEL) is None
    assert "The first question" in sent(talk, MODEL)
    talk.redo()
    assert talk.view(MODEL) is not None


def test_a_newer_view_takes_the_place_of_an_older_one_until_it_is_undone() -> None:
    talk = spoken(Conversation(MODEL))
    talk.add_view(a_view(talk, MODEL, stubs=((5, 0),)))
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6))
    assert [view.number for view in talk.views] == [1, 2]
    assert talk.view(MODEL) == talk.views[1]
    talk.undo_view(MODEL)
    assert talk.view(MODEL) == talk.views[0]


def test_views_pins_and_what_was_sent_under_them_survive_a_restart(path: Path) -> None:
    store = Store(path)
    talk = spoken(Conversation(MODEL, journal=store))
    talk.pin(1)
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6, verbatim=(1, 2)))
    exchange(talk, user("The fourth question"), "The fourth answer")
    store.close()
    again = loaded(path)
    assert (again.views, again.pins) == (talk.views, {1})
    assert sent(again, MODEL) == sent(talk, MODEL)
    mine, theirs = talk.ledger_for(MODEL), again.ledger_for(MODEL)
    assert [entry.wire for entry in theirs.entries] == [entry.wire for entry in mine.entries]
    assert theirs.path == mine.path
    assert theirs.path[0] == -6


@pytest.mark.parametrize("body", ["", "{}", '{"number": 1}', "[]", "x'00'"])
def test_a_damaged_view_is_none_and_the_conversation_is_there(path: Path, body: str) -> None:
    store = Store(path)
    talk = spoken(Conversation(MODEL, journal=store))
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6))
    exchange(talk, user("The fourth question"), "The fourth answer")
    store.close()
    write(path, f"UPDATE view SET body = '{body.replace(chr(39), '')}'")
    write(path, "UPDATE conversation SET pins = 'nothing'")
    again = loaded(path)
    assert (again.views, again.pins, again.messages) == ([], set(), talk.messages)
    assert "The first question" in sent(again, MODEL)


def test_a_view_that_names_messages_which_are_not_there_is_none(path: Path) -> None:
    store = Store(path)
    talk = spoken(Conversation(MODEL, journal=store))
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=6))
    store.close()
    write(path, "UPDATE view SET body = replace(body, '\"summarized_until\":6', '\"summarized_until\":600')")
    assert loaded(path).views == []


def test_a_picture_that_was_refused_stays_out_under_a_view_and_later_ones_are_shown() -> None:
    talk = spoken(Conversation(MODEL))
    commit(talk, MODEL)
    talk.append(answer("Seen"))
    talk.ledger_for(MODEL).pictures_from = 5
    talk.add_view(a_view(talk, MODEL, summary="Short.", summarized_until=2))
    assert talk.known_ledger(MODEL).pictures_from == 4  # the summary, and the messages 3 to 5


def test_for_a_view_of_a_long_conversation_hardly_any_message_is_decoded(path: Path) -> None:
    store = Store(path)
    talk = Conversation(MODEL, journal=store)
    for number in range(200):
        talk.append(user(f"Question {number}"))
        talk.append(replace(answer(f"Answer {number}"), usage=Usage(900 + number, 3)))
    store.close()
    again = loaded(path)
    saved = again.nodes[0]._saved
    assert saved is not None
    again.add_view(a_view(again, MODEL, stubs=((1, 0),)))
    for number in range(3):
        again.append(user(f"And {number}?"))
        again.nodes_read_by(MODEL)
        again.nodes_read_by(OTHER)
    assert sum(saved.held(node.id) is not None for node in again.nodes[:400]) <= 2
    nodes = again.nodes_read_by(MODEL)
    assert [node.message.text for node in nodes] == [message.text for message in again]
    assert not any(node.message.usage for node in nodes)
    assert all(node.message.usage for node in again.nodes_read_by(OTHER) if node.role == "assistant")
