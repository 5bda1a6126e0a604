"""How much of a conversation Ollama is asked to keep: enough, in steps, within what the model can."""

import pytest

from modules.errors import ContextOverflow
from modules.llm.message import user
from modules.llm.models import Profile
from modules.ollama.context_size import context_size, tokens_in
from tests.conftest import Connect, Wired
from tests.harness.cases import PICTURE, TOOLS
from tests.harness.transformer_harness import Dry, model_at
from tests.wire import Answer, Status

PROSE = "The quick brown fox jumps over the lazy dog and reads on. "
TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the"
    " context length in settings, or use a model with a longer context length"  # ollama/ollama, llm/llama_server.go
)


def asked_for(wired: Wired) -> list[int]:
    return [request.body["options"]["num_ctx"] for request in wired.server.chats]


@pytest.mark.parametrize(
    ("read", "size"), [(1, 8192), (6000, 8192), (6200, 16384), (12_000, 16384), (30_000, 65536), (200_000, 262144)]
)
def test_the_size_is_a_power_of_two_with_room_for_the_answer(read: int, size: int) -> None:
    assert context_size(model_at("ollama"), read) == size


def test_the_size_ends_at_what_the_model_can_and_is_what_a_person_fixed() -> None:
    assert context_size(model_at("ollama", window=40_960), 100_000) == 40_960
    assert context_size(model_at("ollama", window=2048), 1) == 2048
    assert context_size(model_at("ollama", profile=Profile(context=12_345)), 100_000) == 12_345


@pytest.mark.parametrize(
    ("text", "least"),
    [
        (PROSE * 100, 1200),
        ("漢字かな交じり文。" * 100, 900),
        ("    return [item.name for item in self._items if item]\n" * 100, 1300),
    ],
    ids=["prose", "japanese", "code"],
)
def test_tokens_are_rather_counted_too_many_than_too_few(text: str, least: int) -> None:
    assert least <= tokens_in({"role": "user", "content": text}) <= 4 * least


def test_a_picture_counts_as_tokens_and_not_as_text() -> None:
    wire = {"role": "user", "content": "", "images": [PICTURE.base64 * 10_000]}
    assert 500 < tokens_in(wire) < 3000


async def test_a_long_conversation_is_given_the_room_that_it_needs(connect: Connect) -> None:
    """D4: untold, Ollama keeps 2,048 or 4,096 tokens (ollama#8099, ollama#10368)."""
    wired = await connect("ollama")
    await wired.ask(user("Hello"), session="s")
    await wired.ask(user(PROSE * 1200), session="s")
    await wired.ask(user("Hello"), session="s")
    await wired.ask(user("Hello"), session="another")
    assert asked_for(wired) == [8192, 32768, 32768, 8192]
    assert all(request.body["truncate"] is request.body["shift"] is False for request in wired.server.chats)


async def test_more_room_is_asked_for_where_the_server_counts_more(connect: Connect) -> None:
    wired = await connect("ollama")
    wired.server.answer(Status(400, message=TOO_LONG))
    assert (await wired.ask(answer=Answer("There."), session="s")).text == "There."
    assert asked_for(wired) == [8192, 16384]
    await wired.ask(session="s")
    assert asked_for(wired)[-1] == 16384
    wired.server.forget()
    said = "request (30000 tokens) exceeds the available context size (16384 tokens), try increasing it"
    wired.server.answer(Status(400, message=said), Answer("There."))
    assert (await wired.ask(session="s")).text == "There."
    assert asked_for(wired)[-1] == 65536


async def test_what_the_model_cannot_hold_is_refused_in_words(connect: Connect) -> None:
    wired = await connect("ollama")
    wired.server.answer(*[Status(400, message=TOO_LONG)] * 5)
    with pytest.raises(ContextOverflow):
        await wired.ask(model=wired.but(window=8192))
    assert asked_for(wired) == [8192]


async def test_a_refusal_of_another_kind_is_not_asked_again(connect: Connect) -> None:
    wired = await connect("ollama")
    with pytest.raises(Exception, match="out of memory"):
        await wired.ask(answer=Status(500, message="out of memory"))
    assert len(wired.server.chats) == 1


def test_the_size_says_nothing_of_what_was_sent_before() -> None:
    dry = Dry(model_at("ollama"), tools=TOOLS)
    first = dry.body()
    assert dry.body() == first
