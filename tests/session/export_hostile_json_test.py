"""JSON that says it is ours and was written by anybody: nothing in it ends the program, and a cure is named."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modules.llm.message import user
from modules.llm.parts import File, Text, ToolCall, ToolResult
from modules.llm.service_manager import prepare
from modules.session.conversation import Conversation
from modules.session.export import own_json
from modules.session.export.as_json import as_json
from modules.session.export.formats import FORMATS, exported
from modules.session.export.taken_in import take_in
from modules.session.storage.bulk import BulkWriter
from modules.session.storage.codec import UNREADABLE
from modules.session.storage.saved_conversations import SavedConversations
from modules.session.switching.switch import scratch_request
from tests.harness.any_conversation import REGISTRY, SIX, commit, conversations, values

Change = Callable[[dict[str, Any]], object]


def an_export() -> dict[str, Any]:
    """Two questions with a call, and what a model was sent of them."""
    talk = Conversation(SIX[0], "Be brief.", id="0123456789abcdef")
    talk.append(user("One"))
    commit(talk, SIX[0])
    talk.extend([user("Two"), user("Three")])
    talk.branch_names["here"] = 2
    value: dict[str, Any] = json.loads(as_json(talk))
    return value


def read(value: Any) -> Conversation:
    return own_json.read(value, REGISTRY, SIX[0])


def holds(talk: Conversation) -> None:
    """The conversation can be spoken on with every model, exported in every format, and read again."""
    for model in SIX:
        prepare(scratch_request(talk, model)).json  # noqa: B018 - made when it is asked for
    for format in FORMATS:
        exported(talk, format, tree=True)
    assert as_json(read(as_json(talk))) == as_json(talk)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "It is no JSON: line 1"),
        (b"\xff\xfe\x00", "It is no text in UTF-8."),
        (b"[" * 100_000, "It is nested too deeply."),
        (b'{"format": "parlance", "version": 1, "messages": [' + b"9" * 5_000 + b"]}", "too many digits"),
        (b"[]", 'It is no conversation of ours: it does not say "format": "parlance".'),
        (b'{"format": "chat"}', "It is no conversation of ours"),
        (b'{"format": "parlance"}', 'Its "version" is no number'),
        (b'{"format": "parlance", "version": true}', 'Its "version" is no number'),
        (b'{"format": "parlance", "version": 2}', "this release reads 1. A newer release reads it."),
        (b'{"format": "parlance", "version": 1, "messages": {}}', 'It has no list of "messages".'),
    ],
)
def test_what_is_none_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match="It") as raised:
        read(data)
    assert words in str(raised.value)


def cycle(value: dict[str, Any]) -> None:
    value["messages"][0]["parent"], value["messages"][1]["parent"] = 2, 1


def itself(value: dict[str, Any]) -> None:
    value["messages"][2]["parent"] = 3


def far(value: dict[str, Any]) -> None:
    value["messages"][1]["id"] = 10**15
    value["head"] = 10**18


def twice(value: dict[str, Any]) -> None:
    for row in value["messages"]:
        row["id"] = 1


def words_for_numbers(value: dict[str, Any]) -> None:
    for row in value["messages"]:
        row |= {"id": "x", "parent": [], "created": "yesterday"}
    value["head"] = "the last"


@pytest.mark.parametrize("change", [cycle, itself, far, twice, words_for_numbers])
def test_ids_that_cannot_be_leave_a_tree_that_ends(change: Change) -> None:
    value = an_export()
    change(value)
    talk = read(value)
    assert [node.id for node in talk.nodes] == [1, 2, 3]
    assert all(0 <= node.parent < node.id for node in talk.nodes)
    assert [message.text for message in talk.messages][-1:] == ["Three"]
    holds(talk)


def test_messages_that_are_counted_otherwise_keep_their_tree() -> None:
    value = an_export()
    for row in value["messages"]:
        row["id"], row["parent"] = row["id"] * 100, row["parent"] * 100
    value["head"], value["branches"] = 200, {"here": 200}
    value["ledgers"] = {key: {**one, "last_message": 100} for key, one in value["ledgers"].items()}
    talk = read(value)
    assert (talk.path, talk.branch_names) == ((1, 2), {"here": 2})
    assert [ledger.path for ledger in talk.ledgers.values()] == [(1,)]


def test_a_message_that_does_not_decode_is_replaced_and_the_rest_stays() -> None:
    value = an_export()
    value["messages"][1] |= {"parts": [{"type": "hologram"}], "role": "user"}
    assert [message.text for message in read(value).messages] == ["One", UNREADABLE, "Three"]


def test_what_no_provider_would_take_of_a_message_is_replaced() -> None:
    value = an_export()
    talk = Conversation(SIX[0])
    talk.append(user("See", File("text/plain", "no base64", "a.txt")))
    value["messages"][0] = json.loads(as_json(talk))["messages"][0]
    call, result = ToolCall("../Ü id", "weather", "{}"), ToolResult("../Ü id", (Text("12"),))
    value["messages"][1] |= {"role": "assistant", "parts": [{"type": "tool_call", **fields(call)}]}
    value["messages"][2] |= {"role": "tool", "parts": [{"type": "tool_result", **fields(result)}]}
    first, second, third = read(value).messages
    assert first.parts == (Text("See"), Text(UNREADABLE))
    assert second.calls[0].id == third.results[0].call_id
    assert second.calls[0].id.isascii()


def fields(part: ToolCall | ToolResult) -> dict[str, Any]:
    if isinstance(part, ToolCall):
        return {"id": part.id, "name": part.name, "arguments": part.arguments}
    return {"call_id": part.call_id, "parts": [{"type": "text", "text": part.text}]}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("entries", None), ("entries", [1]), ("entries", [{"wire": {}, "covers_until": 99, "digest": None}]),
        ("entries", [{"wire": [], "covers_until": 1}]), ("prefix_digest", 5), ("last_message", 3),
        ("reasoning_from", -5), ("pictures_from", "all"),
    ],
)  # fmt: skip
def test_a_ledger_that_does_not_fit_begins_anew_or_is_bounded(name: str, wrong: Any) -> None:
    value = an_export()
    (key,) = value["ledgers"]
    value["ledgers"][key][name] = wrong
    ledger = read(value).ledgers[key]
    assert name.endswith("_from") or ([*ledger.entries], ledger.path) == ([], ())
    assert (ledger.reasoning_from, ledger.pictures_from) == (0, 0)


def test_a_model_that_is_gone_leaves_the_conversation_to_another() -> None:
    value = an_export()
    value["models"][0]["provider"]["name"] = "gone"
    value["models"][0]["name"] = "gone-1"
    value["models"].append("no model")
    value["previous"] = 1
    talk = read(value)
    assert (talk.model, talk.previous) == (SIX[0], None)


def test_no_address_of_the_file_is_ever_spoken_to() -> None:
    value = an_export()
    value["models"][0]["provider"]["base_url"] = "https://evil.example/v1"
    assert read(value).model.provider.base_url == SIX[0].provider.base_url


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as what holds it and its key there."""
    found: list[tuple[Any, Any]] = []
    left = [value]
    while left:
        one = left.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        found += [(one, key) for key in keys]
        left += [one[key] for key in keys]
    return found


def tried(text: str) -> Conversation | str:
    """What is read, or the words for why nothing is."""
    try:
        return read(text)
    except ValueError as error:
        return str(error)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(talk=conversations(), other=st.lists(values, min_size=1, max_size=4), seed=st.integers(0, 10**6))
def test_whatever_stands_in_any_place_the_conversation_goes_on(talk: Conversation, other: list[Any], seed: int) -> None:
    value, chance = json.loads(as_json(talk)), random.Random(seed)
    places = places_in(value)
    for wrong in other:
        holder, key = chance.choice(places)
        holder[key] = wrong if chance.random() < 0.6 else chance.choice(places)[0]
    try:
        text = json.dumps(value)
    except (ValueError, RecursionError):  # it holds itself
        return
    found = tried(text)
    if isinstance(found, str):
        assert found.startswith("It")
    else:
        holds(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value["messages"][0].update(created=10**400),
        lambda value: (
            value["models"][0]["provider"].update(service="\ud800"),
            value["spent"].append({"model": 0, "usage": {"input": 1}, "created": 1.0}),
        ),
        lambda value: value["ledgers"].update({"\ud800": next(iter(value["ledgers"].values()))}),
        lambda value: next(iter(value["ledgers"].values()))["entries"][0].update(digest="\ud800"),
        lambda value: next(iter(value["ledgers"].values())).update(prefix_digest="\ud800"),
        lambda value: value.update(id="none"),
    ],
)
def test_what_no_file_takes_is_replaced_and_a_second_import_adds_nothing(tmp_path: Path, change: Change) -> None:
    value, path = an_export(), tmp_path / "conversations.db"
    change(value)
    for messages in (3, 0):
        with BulkWriter(path, SIX[0]) as writer:
            brought = take_in(json.loads(json.dumps(value)), writer, SavedConversations(path), REGISTRY, SIX[0])
            writer.flush()
        assert len(brought.messages) == messages
