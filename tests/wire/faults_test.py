"""Every fault, as the real SDKs meet it: what they raise, and what they silently take for an answer."""

import asyncio
import json
import time
from typing import Any

import anthropic
import groq
import httpx
import httpx2
import openai
import pytest

from tests.wire import Answer, Call, Fault, Text, WireServer
from tests.wire.facts import Dialect
from tests.wire.sdk_client import Heard, ask, client_for

DIALECTS: list[Dialect] = ["anthropic", "openai", "groq", "chat"]
TEXT = "One two three four five six."
BROKEN = (httpx.TransportError, httpx2.TransportError, openai.APIConnectionError)
UNANSWERED = (anthropic.APIConnectionError, openai.APIConnectionError, groq.APIConnectionError)


async def listen(
    dialect: Dialect, fault: Fault | None, heard: Heard | None = None, timeout: float = 5.0, **more: Any
) -> Heard:
    """Ask once, with this fault in the answer."""
    with WireServer(dialect) as server:
        server.answer(Answer(TEXT, fault=fault, **more))
        async with client_for(dialect, server.base_url, timeout=timeout) as client:
            return await ask(dialect, client, heard)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("after", [0, 6])
@pytest.mark.parametrize("fault", [Fault.cut_mid_event, Fault.reset], ids=["cut_mid_event", "reset"])
async def test_a_cut_connection_raises_after_the_text_that_came(dialect: Dialect, fault: Any, after: int) -> None:
    heard = Heard()
    with pytest.raises(BROKEN):
        await listen(dialect, fault(after), heard)
    assert not heard.ended
    assert TEXT.startswith(heard.text)
    assert bool(heard.text) == (after > 0)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.clean_end(),
        Fault.clean_end(half=True),
        Fault.clean_end(after=0),
        Fault.html_200(),
        Fault.json_error_200(),
        Fault.empty_200(),
    ],
    ids=lambda fault: f"{fault.what}-{fault.after}-{fault.half}",
)
async def test_an_answer_that_ends_too_soon_raises_nothing(dialect: Dialect, fault: Fault) -> None:
    heard = await listen(dialect, fault)
    assert not heard.ended
    assert heard.text != TEXT


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_stalled_stream_times_out_and_pings_prevent_that(dialect: Dialect) -> None:
    with pytest.raises((*BROKEN, openai.APITimeoutError)):
        await listen(dialect, Fault.stall(), timeout=0.15)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.0):
            await listen(dialect, Fault.ping_forever(every=0.02), timeout=1.5)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_inside_the_stream_raises_with_its_message(dialect: Dialect) -> None:
    heard = Heard()
    fault = Fault.error_event(after=6, kind="overloaded_error", message="Too busy.")
    if dialect == "openai":  # the flat form is no exception but an event
        heard = await listen(dialect, fault)
        assert heard.events[-1].type == "error"
        assert heard.events[-1].message == "Too busy."
        return
    with pytest.raises((anthropic.APIError, openai.APIError, groq.APIError)) as raised:
        await listen(dialect, fault, heard)
    assert "Too busy." in str(raised.value)
    assert heard.text
    if dialect != "groq":
        assert getattr(raised.value, "type", None) == "overloaded_error"


async def test_responses_reports_an_error_in_two_more_ways() -> None:
    failed = await listen("openai", Fault.error_event(kind="server_error", message="Sorry.", style="failed"))
    assert failed.stop == "failed"
    assert failed.events[-1].response.error.message == "Sorry."
    with pytest.raises(openai.APIError, match=r"Sorry\."):
        await listen("openai", Fault.error_event(message="Sorry.", style="nested"))


async def test_groq_can_hide_an_error_in_a_chunk() -> None:
    heard = await listen("groq", Fault.error_event(message="Sorry.", style="x_groq"))
    assert heard.events[-1].x_groq.error == "Sorry."


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_sdk_follows_a_redirect_with_the_whole_conversation(dialect: Dialect) -> None:
    with WireServer(dialect, key=None) as other, WireServer(dialect) as server:
        server.answer(Answer(fault=Fault.redirect(to=other.origin + _path(dialect))))
        async with client_for(dialect, server.base_url) as client:
            assert (await ask(dialect, client)).text == f"Answer 1 from {dialect}."
        assert "authorization" not in other.chats[0].headers
        assert other.chats[0].body == server.chats[0].body


def _path(dialect: Dialect) -> str:
    paths = {"anthropic": "/v1/messages", "openai": "/v1/responses", "chat": "/v1/chat/completions"}
    return paths.get(dialect, "/openai/v1/chat/completions")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_body_left_open_holds_some_sdks_after_the_end(dialect: Dialect) -> None:
    start = time.monotonic()
    heard = await listen(dialect, Fault.linger(1.5))
    waited = time.monotonic() - start > 1.4
    assert heard.text == TEXT
    assert heard.ended
    assert waited == (dialect != "chat")  # only a [DONE] lets an SDK go


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.bad_json_event(6), json.JSONDecodeError), (Fault.bad_utf8_event(6), UnicodeDecodeError)],
    ids=["json", "utf8"],
)
async def test_an_event_that_is_no_json_or_no_text_raises_a_bare_value_error(
    dialect: Dialect, fault: Fault, error: type[Exception]
) -> None:
    heard = Heard()
    with pytest.raises(error):
        await listen(dialect, fault, heard)
    assert not heard.ended


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.unknown_events(),
        Fault.byte_by_byte(),
        Fault.crlf(),
        Fault.huge_event(1_000_000),
        Fault.slow_headers(0.05),
    ],
    ids=lambda fault: str(fault.what),
)
async def test_odd_but_legal_streams_give_the_same_text(dialect: Dialect, fault: Fault) -> None:
    with WireServer(dialect) as server:
        server.answer(Answer(Text(deltas=["漢字", "🎉", " é"]), fault=fault))
        async with client_for(dialect, server.base_url) as client:
            heard = await ask(dialect, client)
            assert heard.text == "漢字🎉 é"
            assert heard.ended


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_halves_of_a_character_may_come_in_two_deltas(dialect: Dialect) -> None:
    with WireServer(dialect) as server:
        server.answer(Answer(Text(deltas=["a\ud83d", "\ude00b"])))
        async with client_for(dialect, server.base_url) as client:
            assert (await ask(dialect, client)).text == "a\ud83d\ude00b"


async def test_events_without_a_name_are_invisible_to_the_anthropic_sdk() -> None:
    assert (await listen("anthropic", Fault.unnamed_events())).events == []
    assert (await listen("openai", Fault.unnamed_events())).text == TEXT


@pytest.mark.parametrize("dialect", ["groq", "chat"])
async def test_a_stream_may_lack_its_finish_reason(dialect: Dialect) -> None:
    heard = await listen(dialect, Fault.no_finish())
    assert heard.text == TEXT
    assert heard.stop is None


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", [Fault.no_reply(), Fault.not_http()], ids=["no_reply", "not_http"])
async def test_no_answer_at_all_is_a_connection_error(dialect: Dialect, fault: Fault) -> None:
    with pytest.raises(UNANSWERED):
        await listen(dialect, fault)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_broken_arguments_arrive_as_they_are(dialect: Dialect) -> None:
    with WireServer(dialect) as server:
        server.answer(Answer(Call("ls", '{"path": "a')))
        async with client_for(dialect, server.base_url) as client:
            assert (await ask(dialect, client)).arguments == '{"path": "a'
