"""How long an answer is waited for (rows A19, A20): pings are no content, and a near server may read for long."""

import asyncio

import pytest

from modules import errors
from modules.errors import ProviderError
from modules.llm.base import Reply
from modules.llm.events import Silence, StreamEvent
from modules.llm.http.timeouts import Patience
from modules.llm.models import Provider, at
from modules.llm.network.local_endpoints import is_near
from modules.session.recovery.retries import retry_delay
from tests.conftest import Connect
from tests.harness.cases import ENDPOINTS, NAMES
from tests.harness.home import Home
from tests.wire import Answer, Fault
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)


@every_endpoint
async def test_pings_alone_end_in_words_after_a_word_before(connect: Connect, name: Dialect) -> None:
    """A19: told at half the time, given up at its end, and not asked again by itself."""
    wired = await connect(name)
    wired.service.content_timeout = 0.6
    after = 2 if name == "gemini" else 5
    wired.server.answer(Answer("One two three four five six.", fault=Fault.ping_forever(after=after, every=0.05)))
    events: list[StreamEvent] = []
    reply = wired.reply()
    with pytest.raises(errors.TimedOut, match="silent for too long") as caught:
        await listen(reply, events)
    assert retry_delay(caught.value, 1) is None
    told = [event for event in events if isinstance(event, Silence)]
    assert len(told) == 1
    assert 0.3 <= told[0].seconds < told[0].limit == 0.6
    wired.server.wait_for_disconnect()


def test_the_limit_of_the_settings_holds(home: Home) -> None:
    """A19: told on standard error, and the exit code is that of a passing failure."""
    (home.folder / "settings.toml").write_text("[network]\ncontent_timeout = 1\n")
    home.groq.answer(Answer("One two.", fault=Fault.ping_forever(after=0, every=0.05)))
    done = home.run("-p", "Count", "-m", "groq:gpt-oss-120b")
    assert done.returncode == 75
    assert "has sent nothing but signs of life" in done.stderr
    assert "silent for too long" in done.stderr
    assert len(home.groq.chats) == 1


async def listen(reply: Reply, events: list[StreamEvent]) -> None:
    async for event in reply:
        events.append(event)


@every_endpoint
async def test_a_near_server_that_takes_long_for_its_first_byte_is_waited_for(connect: Connect, name: Dialect) -> None:
    """A20: silence between bytes has its limit, but not the silence before the first."""
    wired = await connect(name, idle_timeout=0.2)
    assert (await wired.ask(answer=Answer("Here.", fault=Fault.slow_headers(0.8)))).text == "Here."


async def test_a_provider_may_say_how_long_its_first_byte_takes(connect: Connect) -> None:
    """A20: `first_byte_timeout` in models.yaml."""
    wired = await connect("chat", first_byte=0.2)
    wired.server.answer(Answer("Here.", fault=Fault.slow_headers(30)))
    with pytest.raises(errors.TimedOut) as caught:
        await asyncio.wait_for(anext(aiter(wired.reply())), 20)
    assert isinstance(caught.value, ProviderError)
    assert retry_delay(caught.value, 1) is None


PLACES = [
    ("http://localhost:11434/v1", True),
    ("http://127.0.0.1:8080", True),
    ("http://[::1]:8080", True),
    ("http://192.168.1.20:1234/v1", True),
    ("http://10.0.0.5/v1", True),
    ("http://100.101.102.103/v1", True),
    ("http://attic.local:8000/v1", True),
    ("http://ollama:11434/v1", True),
    ("https://box.tail1234.ts.net/v1", True),
    ("https://api.openai.com/v1", False),
    ("https://8.8.8.8/v1", False),
    ("https://local.example.com", False),
    ("http://[bad", False),
]


@pytest.mark.parametrize(("base_url", "near"), PLACES)
def test_what_is_near_is_known_by_its_address(base_url: str, near: bool) -> None:
    assert is_near(base_url) is near


def provider(base_url: str) -> Provider:
    return at(ENDPOINTS["chat"].provider("http://127.0.0.1"), base_url)


def test_a_far_server_has_five_minutes_for_its_first_byte_and_a_near_one_has_any_time() -> None:
    """A20."""
    assert Patience(provider("https://api.example.com"), 300.0, 600.0, lambda: 0.0).seconds == 300.0
    assert Patience(provider("http://192.168.1.20"), 300.0, 600.0, lambda: 0.0).seconds is None
