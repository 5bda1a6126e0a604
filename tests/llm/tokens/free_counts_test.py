"""Counting that costs nothing, at the endpoints that have it: asked through the real SDKs, refused by no server."""

import pytest

from modules.errors import ProviderError
from modules.llm.base import ChatRequest
from modules.llm.message import Message, user
from modules.llm.parts import Text
from tests.conftest import Connect
from tests.harness.cases import PICTURE, TOOLS
from tests.wire import counting
from tests.wire.facts import Dialect

SAID = (user("How is the weather? " * 40), Message("assistant", (Text("Fine."),)), user("And tomorrow?"))


async def counted(connect: Connect, name: Dialect, counter: counting.Counter = "", *more: Message) -> int | None:
    """What the endpoint says of a conversation with tools; that is what a request would hold, and none was asked."""
    wired = await connect(name)
    wired.server.counts = counter
    request = ChatRequest(wired.model, (*SAID, *more), "Be brief.", tools=TOOLS)
    found = await wired.service.count_tokens(request)
    assert wired.server.chats == []
    return found


@pytest.mark.parametrize("name", ["anthropic", "openai", "gemini"])
async def test_the_apis_that_count_are_asked_with_all_that_would_be_sent(connect: Connect, name: Dialect) -> None:
    found = await counted(connect, name)
    assert found is not None
    assert found > len("How is the weather? ") * 40 // 4 + 100, "messages, instructions and tools"


async def test_vllm_counts_the_conversation(connect: Connect) -> None:
    found = await counted(connect, "chat", "vllm")
    assert found is not None
    assert found > 200


async def test_llamacpp_makes_a_prompt_of_the_conversation_and_counts_that(connect: Connect) -> None:
    found = await counted(connect, "chat", "llamacpp")
    assert found is not None
    assert found > 200


async def test_llamacpp_is_not_believed_where_there_is_a_picture(connect: Connect) -> None:
    assert await counted(connect, "chat", "llamacpp", user("Look.", PICTURE)) is None


@pytest.mark.parametrize("name", ["chat", "groq", "ollama"])
async def test_other_servers_do_not_count(connect: Connect, name: Dialect) -> None:
    assert await counted(connect, name) is None


async def test_a_key_that_is_refused_is_told(connect: Connect) -> None:
    wired = await connect("anthropic")
    wired.server.key = "another"
    with pytest.raises(ProviderError):
        await wired.service.count_tokens(ChatRequest(wired.model, SAID))
