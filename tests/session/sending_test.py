"""One more turn of a long conversation: only what is new is converted, nothing kept twice; the bytes are the SDK's."""

import base64
import json
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any, SupportsIndex, overload

import msgspec
import pytest
from msgspec.structs import replace

from modules.llm.base import ChatRequest
from modules.llm.conversion.wire_json import encoded
from modules.llm.http.http_service import AT_ONCE_BYTES, HttpService
from modules.llm.ledger.wire_log import WireLog
from modules.llm.message import Message, user
from modules.llm.parts import Wire
from modules.session.conversation import Conversation
from modules.session.turns.ask import request_for
from tests.conftest import Connect
from tests.harness import said_at_length
from tests.harness.big_history import long_conversation
from tests.harness.cases import NAMES, PICTURE, TOOLS, TWO_CALLS, Case, Step, tool_loop
from tests.harness.said_at_length import Speaker
from tests.harness.sdk_requests import HISTORY, create
from tests.harness.transformer_harness import FOUR, REQUESTS, TRANSFORMERS
from tests.wire import Answer, Reasoning, Request
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)
LONG = 2_000
NEW = 3  # messages of one more turn: the answer before it, the question, and the answer to that
TALK = Case(
    [
        Step(user("What is it?", PICTURE), Answer(Reasoning("Red."), "Red: \u6f22\u5b57 \U0001f389 \u2028.")),
        *tool_loop(Reasoning("Two tools."), "Let me look.", *TWO_CALLS),
    ],
    "Be brief.",
    TOOLS,
)
# Headers that say how the SDK was called; the time that bytes may take is for us to measure, so the SDK is given none.
OF_THE_WAY = ("content-length", "x-stainless-raw-response", "x-stainless-timeout", "x-stainless-read-timeout")


class Watched(tuple[Message, ...]):
    """The messages of a request, and how many of them were looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[Message]:
        self.looked_at += len(self)
        return super().__iter__()

    @overload
    def __getitem__(self, key: SupportsIndex) -> Message: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[Message, ...]: ...

    def __getitem__(self, key: Any) -> Any:
        self.looked_at += len(range(len(self))[key]) if isinstance(key, slice) else 1
        return super().__getitem__(key)


def history_of(body: Wire) -> list[Wire]:
    """The messages or items of a request, without the instructions that Chat Completions puts among them."""
    messages: list[Wire] = body.get("input") or body.get("contents") or body["messages"]
    return messages[1:] if messages[0]["role"] == "system" else messages


def asked(talk: Conversation, question: str) -> ChatRequest:
    """The request of one more turn."""
    talk.append(user(question, PICTURE))
    return request_for(talk, talk.model, TOOLS)


def turn(talk: Conversation, question: str) -> tuple[Watched, Wire]:
    """One more turn: the messages as they were looked at, and the body."""
    request = asked(talk, question)
    messages = Watched(request.messages)
    sent = REQUESTS[talk.model.provider.dialect](replace(request, messages=messages))
    assert sent.messages is not None
    talk.ledger_for(talk.model).commit(sent.messages.pending)
    talk.append(talk.messages[-2])
    return messages, sent.body


@every_endpoint
def test_of_a_long_history_only_the_new_messages_are_looked_at(name: Dialect) -> None:
    talk = long_conversation(FOUR[name], LONG, TOOLS)
    turn(talk, "One more?")
    for question in ("And one more?", "And yet one?"):
        messages, _ = turn(talk, question)
        assert len(messages) > LONG
        assert messages.looked_at <= 4 * NEW, "each new message when it is converted and when it is frozen"


@every_endpoint
def test_what_was_sent_is_kept_as_it_is_and_never_copied(name: Dialect) -> None:
    talk = long_conversation(FOUR[name], LONG, TOOLS)
    turn(talk, "One more?")
    kept = [encoded(entry.wire) for entry in talk.ledger_for(talk.model).entries]
    tracemalloc.start()
    try:
        for question in ("And one more?", "And yet one?"):
            before = kept
            turn(talk, question)
            taken, _ = tracemalloc.get_traced_memory()
            kept = [encoded(entry.wire) for entry in talk.ledger_for(talk.model).entries]
            assert len(kept) > len(before) >= LONG - 1
            assert kept[: len(before)] == before
            assert taken < sum(map(len, kept)) / 5
            del before
            tracemalloc.clear_traces()
    finally:
        tracemalloc.stop()


@every_endpoint
def test_what_a_model_said_and_showed_is_in_memory_once(name: Dialect) -> None:
    talk = long_conversation(FOUR[name], 400, TOOLS)
    turn(talk, "One more?")
    entries = talk.ledger_for(talk.model).entries
    size = sum(len(encoded(entry.wire)) for entry in entries)
    tracemalloc.start()
    try:
        again = WireLog(entries)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert again == entries
    assert taken < size / 2, "what was said is packed"


def test_a_picture_that_was_shown_is_in_memory_once() -> None:
    talk = long_conversation(FOUR["anthropic"], 40, TOOLS)
    large = replace(PICTURE, base64=base64.b64encode(random.Random(1).randbytes(20_000)).decode())
    talk.append(user("And this?", large))
    sent = REQUESTS[talk.model.provider.dialect](request_for(talk, talk.model, TOOLS))
    assert sent.messages is not None
    talk.ledger_for(talk.model).commit(sent.messages.pending)
    entries = talk.ledger_for(talk.model).entries
    assert any(value is large.base64 for entry in entries for value in _values(entry.wire))
    assert large.base64.encode() in sent.json


@every_endpoint
def test_nothing_done_to_what_is_handed_out_changes_the_history_or_the_next_request(name: Dialect) -> None:
    talk = long_conversation(FOUR[name], 40, TOOLS)
    prepare = REQUESTS[talk.model.provider.dialect]
    request = asked(talk, "One more?")
    stored, sent = msgspec.json.encode([*request.messages]), prepare(request)
    assert sent.messages is not None
    converted = TRANSFORMERS[talk.model.provider.dialect](talk.model).convert(request.messages)
    for handed_out in (sent.body, [*sent.messages], [*reversed(sent.messages)], converted):
        assert _spoiled(handed_out) > 100
    assert msgspec.json.encode([*request.messages]) == stored
    assert prepare(request).json == sent.json
    talk.ledger_for(talk.model).commit(sent.messages.pending)
    _spoiled([*sent.messages])
    assert history_of(prepare(request).body) == history_of(sent.body)


def _spoiled(value: Any) -> int:
    """How many places of a JSON value were overwritten, or filled with something new: all of them."""
    match value:
        case dict() | list():
            places = list(value) if isinstance(value, dict) else range(len(value))
            spoiled = sum(_spoiled(value[place]) for place in places)
            for place in places:
                if not isinstance(value[place], dict | list):
                    value[place] = "spoiled"
            if isinstance(value, dict):
                value["spoiled"] = True
            else:
                value.append("spoiled")
            return spoiled + len(value)
    return 0


def _values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _values(inner)


# Google's methods take no body as it is, and Ollama's SDK knows no ids of calls.
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("gemini", "ollama")])
async def test_our_request_is_to_the_byte_what_the_sdk_makes_of_the_same_history(
    connect: Connect, name: Dialect
) -> None:
    wired = await connect(name)
    service = wired.service
    assert isinstance(service, HttpService)
    history = await wired.play(TALK)
    request = wired.request(*history, user("So?"), system=TALK.system, tools=TOOLS)
    body = service.prepare(request).body
    await wired.ask(*request.messages, system=TALK.system, tools=TOOLS)
    for given in ((), HISTORY):
        async with create(service, body, *given) as response:
            await response.read()
    ours, *theirs = wired.server.chats[-3:]
    told = _compact(body["input" if name == "openai" else "messages"])
    for other in theirs:
        assert told in ours.raw
        assert told in other.raw
        assert ours.body == other.body
        assert _headers(ours) == _headers(other)


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name not in OF_THE_WAY}


@every_endpoint
async def test_a_long_request_goes_out_in_pieces_and_is_to_the_byte_the_same(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    talk = Conversation(wired.model, "Be brief.")
    said_at_length.talk(talk, Speaker(), 150)
    talk.append(user("So?"))
    request = request_for(talk, wired.model)
    sent = wired.service.prepare(request).json
    assert len(sent) > AT_ONCE_BYTES
    wired.server.answer(Answer("Yes."), Answer("Yes."))
    for _ in range(2):  # the second on the connection of the first
        async for _ in wired.service.reply(request):
            pass
        got = wired.server.chats[-1]
        assert got.raw == sent
        assert got.headers["content-length"] == str(len(sent))
        assert "transfer-encoding" not in got.headers
