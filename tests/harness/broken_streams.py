"""Streams of all dialects, broken in any way: their bytes, their fields, their order; and what must hold even so."""

import copy
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from typing import Any

import msgspec

from modules.config import Key
from modules.llm.base import BaseService, ChatRequest
from modules.llm.http.http_service import Body
from modules.llm.ledger.ledger import Ledger
from modules.llm.message import Message, closing, user
from modules.llm.models import Model
from modules.llm.parts import Refusal as Refused
from modules.llm.parts import Text, Wire
from tests.conftest import Outcome, make_service, take
from tests.harness.cases import NAMES, TOOLS
from tests.harness.transformer_harness import FOUR, REQUESTS, facts_of, wire_name
from tests.llm.stream_chat_test import BODIES as CHAT_BODIES
from tests.llm.stream_dialects_test import ANSWERS
from tests.wire import Answer, Call, Reasoning, Refusal
from tests.wire.as_they_are import ONE_CALL, TWO_CALLS, Script
from tests.wire.facts import Dialect
from tests.wire.rulebook import broken_rules
from tests.wire.server import RENDER
from tests.wire.sse import Context

ODD: tuple[Any, ...] = (
    None, "a", "", 7, -1, 10**30, 1.5, True, False, [], {}, [[]], [None], {"a": 1}, "\ud83c", "null", "{}", [7], "🎉"
)  # fmt: skip
PIECES = (
    b"\n\n",
    b"data: ",
    b"{",
    b"}",
    b'"',
    b"\xff",
    b"\x00",
    b"[DONE]",
    b"\r",
    b"event: error\n",
    b"null",
    b",",
    b"<think>",
)
ANSWERED = (
    Answer(Reasoning("Hm. So."), "Let me look.", Call("weather", {"city": "Bern"}), Call("clock")),
    Answer("One two three."),
    Answer(Refusal("I will not.")),
    Answer("Cut", stop="max_tokens"),
)
KEY = Key("sk-test-4f7b0c2d9e81", "a test")


def recorded(name: Dialect) -> list[bytes]:
    """Streams to begin with: those of the strict server, and those of servers as they are."""
    model = FOUR[name]
    body = REQUESTS[model.provider.dialect](ChatRequest(model, (user("Hello"),), tools=TOOLS, ledger=Ledger())).body
    context = Context(name, facts_of(model), body, 100, "reasoning" if name == "groq" else "reasoning_content")
    strict = [b"".join(event.encode() for event in RENDER[name](answer, context)) for answer in ANSWERED]
    scripts: list[Script] = [*ONE_CALL.values(), *TWO_CALLS.values(), *CHAT_BODIES.values(), *ANSWERS.values()]
    dialect = "chat" if name == "groq" else name
    return [*strict, *(script.body for script in scripts if script.dialect == dialect)]


def broken(stream: bytes, choose: random.Random) -> bytes:
    """The stream with one to four changes."""
    for _ in range(choose.randint(1, 4)):
        change: Callable[[bytes, random.Random], bytes] = choose.choice((_field, _field, _field, _bytes, _order, _cut))
        stream = change(stream, choose)
    return stream


def _bytes(stream: bytes, choose: random.Random) -> bytes:
    at = choose.randrange(len(stream) + 1)
    return stream[:at] + choose.choice(PIECES) + stream[at + choose.choice((0, 0, 1, 9)) :]


def _cut(stream: bytes, choose: random.Random) -> bytes:
    return stream[: choose.randrange(len(stream) + 1)] if choose.random() < 0.3 else stream


def _order(stream: bytes, choose: random.Random) -> bytes:
    events = stream.split(b"\n\n")
    one = choose.randrange(len(events))
    if choose.random() < 0.5:
        events.insert(choose.randrange(len(events) + 1), events[one])
    else:
        del events[one]
    return b"\n\n".join(events)


def _field(stream: bytes, choose: random.Random) -> bytes:
    """One field of one event gets a value of another type, another name, or goes."""
    events = stream.split(b"\n\n")
    at = choose.randrange(len(events))
    head, mark, data = events[at].rpartition(b"data: ")
    try:
        value = json.loads(data)
    except ValueError:
        return stream
    events[at] = head + mark + json.dumps(_changed(value, choose)).encode()
    return b"\n\n".join(events)


def _changed(value: Any, choose: random.Random) -> Any:
    value = copy.copy(value)
    keys: Sequence[Any] = (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    if not keys:
        return choose.choice(ODD)
    key = choose.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and choose.random() < 0.75:
        value[key] = _changed(value[key], choose)
    elif isinstance(value, dict) and choose.random() < 0.2:
        del value[key]
    else:
        value[key] = choose.choice(ODD)
    return value


def pieces(stream: bytes, choose: random.Random) -> list[bytes]:
    """The stream as it may come from a socket."""
    cuts = sorted(choose.randrange(len(stream) + 1) for _ in range(choose.choice((0, 1, 3, 9))))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@cache
def service_at(name: Dialect) -> BaseService:
    """One service for all examples: to make one takes longer than an example does. It is never connected."""
    return make_service(FOUR[name].provider, KEY)


async def read_without_socket(name: Dialect, chunks: Sequence[bytes], content_type: str) -> Outcome:
    """The real service from its body on: all that reads, and no HTTP."""
    model, service = FOUR[name], service_at(name)

    class Given:
        async def __aenter__(self) -> Body:
            return Body(content_type, self.chunks())

        async def __aexit__(self, *raised: object) -> None:
            return None

        async def chunks(self) -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

    service.open = lambda body: Given()  # type: ignore[attr-defined]  # in place of the network
    return await take(service.reply(ChatRequest(model, (user("Hello"),), tools=TOOLS, ledger=Ledger())))


def check(outcome: Outcome) -> None:
    """It can be stored, and everyone can be sent it."""
    message = outcome.message
    again = msgspec.json.decode(msgspec.json.encode(message), type=Message)
    assert again == message
    kept = "".join(part.text for part in message.parts if isinstance(part, Text | Refused))
    assert _letters(outcome.shown) <= _letters(kept), (outcome.shown, message)
    if outcome.error is not None:
        assert outcome.error.message
        assert KEY.value not in str(outcome.error)
    history = [user("Hello"), message]
    if (results := closing(message)) is not None:
        history.append(results)
    history.append(user("Go on."))
    for name in NAMES:
        model: Model = FOUR[name]
        request = ChatRequest(model, tuple(history), tools=TOOLS, ledger=Ledger())
        body: Wire = REQUESTS[model.provider.dialect](request).body
        broken_by_us = [r for r in broken_rules(wire_name(model), body, facts_of(model)) if not is_theirs(r)]
        assert not broken_by_us, (name, broken_by_us, message)


def is_theirs(rule: str) -> bool:
    """What only the provider knows: seals and ids that belong together, which recovery sees to, and newer kinds."""
    return rule.startswith(("E2:", "E4:", "E6:", "E7:", "E12:", "C6:"))


def _letters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))
