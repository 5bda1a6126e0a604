"""Any bytes at all end in an answer or in one of our errors, and what came can be kept and sent (rows A17, A23)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Connect, take
from tests.harness.broken_streams import broken, check, pieces, read_without_socket, recorded
from tests.harness.cases import NAMES, TOOLS
from tests.wire import Answer
from tests.wire.facts import Dialect

TYPES = ("text/event-stream", "text/event-stream", "application/json", "", "application/x-ndjson")


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
async def test_a_broken_stream_ends_in_an_answer_or_in_words(name: Dialect, seed: int) -> None:
    choose = random.Random(seed)
    stream = broken(choose.choice(recorded(name)), choose)
    check(await read_without_socket(name, pieces(stream, choose), choose.choice(TYPES)))


@pytest.mark.parametrize("name", NAMES)
async def test_a_broken_stream_from_a_socket_ends_in_an_answer_or_in_words(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    choose = random.Random(name)
    for _ in range(40):
        stream = broken(choose.choice(recorded(name)), choose)
        wired.server.answer(Answer.raw(stream, {"content-type": choose.choice(TYPES)}))
        check(await take(wired.reply(tools=TOOLS)))
