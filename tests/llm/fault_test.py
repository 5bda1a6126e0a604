"""Every fault at every endpoint: our error, with what had arrived kept and the key in nobody's sight."""

import asyncio
import socket
import time
import traceback
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from modules import errors
from modules.config import Key
from modules.errors import ParlanceError, ProviderError
from modules.llm.base import Reply
from modules.llm.events import StreamEvent, TextDelta, ToolCallDelta
from modules.llm.message import user
from tests.conftest import KEY, Connect, Wired, make_service
from tests.harness.cases import ENDPOINTS, NAMES
from tests.wire import Answer, Call, Fault, Status
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)

WORDS = ["word0", *(f" word{number}" for number in range(1, 20))]
# So many events pass before the first word does.
HEAD = {"anthropic": 3, "openai": 4, "groq": 1, "chat": 1, "gemini": 0, "ollama": 0}
NO_STREAM: list[Fault] = [Fault.html_200(), Fault.json_error_200(), Fault.empty_200()]


class Failure:
    """A request that failed: the error, what had been shown and what is kept."""

    def __init__(self, error: ParlanceError, events: Sequence[StreamEvent], reply: Reply) -> None:
        self.error = error
        self.events = events
        self.message = reply.message("incomplete")
        self.shown = "".join(event.text for event in events if isinstance(event, TextDelta))
        self.kept = self.message.text


async def failure(wired: Wired, answer: Answer | Status, key: Key = KEY) -> Failure:
    """Ask, expect one of our errors, and look for the key in everything that could be printed of it."""
    wired.server.answer(answer)
    reply = wired.reply()
    events: list[StreamEvent] = []
    with pytest.raises(ParlanceError) as caught:
        await take(reply, events)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.cure
    assert key.value not in printed
    assert caught.value.cure
    return Failure(caught.value, events, reply)


async def take(reply: Reply, events: list[StreamEvent]) -> None:
    """Listen to the end, or to the error."""
    async for event in reply:
        events.append(event)


def words(fault: Fault, at: Dialect, after: int = 5) -> Answer:
    """An answer of twenty words that goes wrong after five of them."""
    return Answer("".join(WORDS), fault=replace(fault, after=HEAD[at] + after))


@every_endpoint
@pytest.mark.parametrize(
    "fault",
    [Fault.cut_mid_event(), Fault.clean_end(), Fault.clean_end(half=True), Fault.reset()],
    ids=["cut-inside-an-event", "ended-too-early", "ended-inside-an-event", "reset"],
)
async def test_a_broken_answer_is_an_error_and_what_came_is_kept(connect: Connect, name: Dialect, fault: Fault) -> None:
    failed = await failure(await connect(name), words(fault, name))
    assert isinstance(failed.error, errors.AnswerIncomplete | errors.ConnectionFailed)
    assert failed.error.retryable
    assert failed.shown == failed.kept
    assert failed.kept.startswith("word0 word1 word2")
    assert "word9" not in failed.kept


@every_endpoint
async def test_a_silent_connection_is_given_up_and_what_came_is_kept(connect: Connect, name: Dialect) -> None:
    wired = await connect(name, idle_timeout=0.1)
    failed = await failure(wired, words(Fault.stall(seconds=5), name))
    assert isinstance(failed.error, errors.TimedOut)
    assert failed.kept == failed.shown
    assert failed.kept.startswith("word0 word1 word2")
    wired.server.wait_for_disconnect()


@every_endpoint
async def test_a_server_that_never_begins_is_given_up(connect: Connect, name: Dialect) -> None:
    wired = await connect(name, first_byte=0.1)
    error = (await failure(wired, Answer("x", fault=Fault.slow_headers(5)))).error
    assert isinstance(error, errors.TimedOut)
    assert not error.retryable


@every_endpoint
async def test_pings_keep_a_slow_answer_alive(connect: Connect, name: Dialect) -> None:
    wired = await connect(name, idle_timeout=0.15)
    wired.server.answer(words(Fault.ping_forever(every=0.05), name))
    reply = wired.reply()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(take(reply, []), 0.35)
    assert reply.message("interrupted").text.startswith("word0")
    wired.server.wait_for_disconnect()


@every_endpoint
@pytest.mark.parametrize("fault", NO_STREAM, ids=[fault.what for fault in NO_STREAM])
async def test_a_good_status_without_a_stream_is_an_error(connect: Connect, name: Dialect, fault: Fault) -> None:
    failed = await failure(await connect(name), Answer("x", fault=fault))
    assert isinstance(failed.error, errors.ProtocolError)
    assert "<" not in failed.error.message
    if fault.what == "json_error_200":
        assert "upstream failed" in failed.error.message
    if fault.what == "html_200":
        assert "text/html" in failed.error.message


STYLES: list[tuple[Dialect, str]] = [
    ("anthropic", ""),
    ("openai", "flat"),
    ("openai", "nested"),
    ("openai", "failed"),
    ("groq", ""),
    ("chat", ""),
]


@pytest.mark.parametrize(("name", "style"), STYLES)
@pytest.mark.parametrize("after", [0, 5])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", errors.Overloaded),
        ("rate_limit_error", errors.RateLimited),
        ("insufficient_quota", errors.QuotaExhausted),
        ("context_length_exceeded", errors.ContextOverflow),
        ("something_new", errors.ServerFailed),
    ],
)
async def test_an_error_inside_the_stream_is_known_for_what_it_is(
    connect: Connect, name: Dialect, style: str, after: int, kind: str, expected: type[ProviderError]
) -> None:
    fault = Fault.error_event(kind=kind, style=style, message="It went wrong")
    failed = await failure(await connect(name), words(fault, name, after))
    assert type(failed.error) is expected
    assert "It went wrong" in failed.error.message
    assert failed.kept == failed.shown == "".join(WORDS[:after])


async def test_an_error_that_groq_hides_in_a_chunk_is_found(connect: Connect) -> None:
    failed = await failure(await connect("groq"), words(Fault.error_event(style="x_groq", message="gone"), "groq"))
    assert isinstance(failed.error, errors.ServerFailed)
    assert "gone" in failed.error.message


STATUSES: list[tuple[Status, type[ProviderError], bool]] = [
    (Status(400), errors.RequestRefused, False),
    (Status(401), errors.AuthenticationFailed, False),
    (Status(402), errors.QuotaExhausted, False),
    (Status(403), errors.PermissionDenied, False),
    (Status(408), errors.ServerFailed, True),
    (Status(409), errors.RequestRefused, False),
    (Status(413), errors.RequestTooLarge, False),
    (Status(422), errors.RequestRefused, False),
    (Status(425), errors.RequestRefused, False),
    (Status(429), errors.RateLimited, True),
    (Status(498), errors.Overloaded, True),
    (Status(500), errors.ServerFailed, True),
    (Status(502, html=True), errors.ServerFailed, True),
    (Status(503), errors.Overloaded, True),
    (Status(504, html=True), errors.ServerFailed, True),
    (Status(529), errors.Overloaded, True),
]


@every_endpoint
@pytest.mark.parametrize(("status", "expected", "again"), STATUSES, ids=[str(row[0].status) for row in STATUSES])
async def test_every_status_is_its_own_kind_of_error(
    connect: Connect, name: Dialect, status: Status, expected: type[ProviderError], again: bool
) -> None:
    wired = await connect(name)
    error = (await failure(wired, status)).error
    assert type(error) is expected
    assert isinstance(error, ProviderError)
    assert (error.status, error.retryable) == (status.status, again)
    assert len(wired.server.chats) == 1  # asking again is for those who can show it
    assert "<" not in error.message
    if not status.html:
        assert error.request_id
        assert error.request_id.startswith("req_")


@every_endpoint
async def test_words_of_a_server_end_in_a_full_stop_before_the_cure(connect: Connect, name: Dialect) -> None:
    error = (await failure(await connect(name), Status(400, message="that is odd"))).error
    assert error.cure
    assert str(error).endswith(f"that is odd. {error.cure}")


@every_endpoint
@pytest.mark.parametrize(
    ("said", "understood"),
    [("30", 30.0), ("20.5", 20.5), ("3600", 3600.0), ("1e400", None), ("-5", None), ("nan", None), ("soon", None)],
)
async def test_the_wait_that_a_server_asks_for_is_passed_on_and_not_waited_for(
    connect: Connect, name: Dialect, said: str, understood: float | None
) -> None:
    start = time.monotonic()
    error = (await failure(await connect(name), Status(429, retry_after=said))).error
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == understood
    assert time.monotonic() - start < 10


QUOTA: list[tuple[Dialect, Status]] = [
    ("openai", Status(429, kind="insufficient_quota", code="insufficient_quota", retry_after="5")),
    ("chat", Status(429, code="insufficient_quota")),
    ("groq", Status(429, code="insufficient_quota")),
    ("anthropic", Status(400, kind="billing_error", message="Your credit balance is too low.")),
]


@pytest.mark.parametrize(("name", "status"), QUOTA)
async def test_an_empty_account_is_not_a_rate_limit(connect: Connect, name: Dialect, status: Status) -> None:
    error = (await failure(await connect(name), status)).error
    assert isinstance(error, errors.QuotaExhausted)
    assert not error.retryable


OVERFLOWS: list[tuple[Dialect, Status]] = [
    ("anthropic", Status(400, message="prompt is too long: 208310 tokens > 200000 maximum")),
    ("openai", Status(400, code="context_length_exceeded", message="Your input exceeds the context window.")),
    ("groq", Status(400, code="context_length_exceeded", message="Please reduce the length of the messages.")),
    ("chat", Status(400, message="This model's maximum context length is 4096 tokens. You requested 5000 tokens.")),
    ("chat", Status(413, message="the request exceeds the available context size, context length 4096")),
]


@pytest.mark.parametrize(("name", "status"), OVERFLOWS)
async def test_a_full_window_is_known_in_every_wording(connect: Connect, name: Dialect, status: Status) -> None:
    assert isinstance((await failure(await connect(name), status)).error, errors.ContextOverflow)


async def test_too_many_tokens_in_a_minute_is_not_a_full_window(connect: Connect) -> None:
    status = Status(429, message="Too many tokens, please wait before trying again.", retry_after="3")
    assert isinstance((await failure(await connect("chat"), status)).error, errors.RateLimited)


@every_endpoint
async def test_a_model_that_is_not_there_is_told_from_an_address_that_is_not(connect: Connect, name: Dialect) -> None:
    wired = await connect(name, models=["another"])
    error = (await failure(wired, Status(500))).error
    assert isinstance(error, errors.ModelUnavailable)
    assert wired.model.id in error.message
    lost = await connect(name)
    lost.model = ENDPOINTS[name].full_model(f"{lost.server.origin}/nowhere")
    lost.service = make_service(lost.model.provider)
    error = (await failure(lost, Status(500))).error
    await lost.service.close()
    assert isinstance(error, errors.EndpointNotFound)
    assert lost.model.provider.base_url in error.message


@every_endpoint
async def test_a_page_that_is_not_there_is_no_missing_model(connect: Connect, name: Dialect) -> None:
    assert isinstance((await failure(await connect(name), Status(404, html=True))).error, errors.EndpointNotFound)


@every_endpoint
async def test_a_wrong_key_says_which_one_and_where_to_get_another(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    wrong = Key("sk-wrong-99aa88bb77cc", "WRONG_KEY in a test")
    wired.service = make_service(wired.model.provider, wrong)
    error = (await failure(wired, Status(401, message=f"bad key {wrong.value}"), wrong)).error
    await wired.service.close()
    assert isinstance(error, errors.AuthenticationFailed)
    assert "WRONG_KEY in a test" in error.cure
    assert "https://keys.example" in error.cure


@every_endpoint
async def test_a_key_that_the_server_repeats_is_taken_out(connect: Connect, name: Dialect) -> None:
    for status in (400, 401, 403, 500):
        error = (await failure(await connect(name), Status(status, message=f"I got {KEY.value} from you"))).error
        assert "I got … from you" in error.message
    await failure(await connect(name), Answer(fault=Fault.json_error_200(f"I got {KEY.value}")))
    await failure(await connect(name), words(Fault.error_event(message=f"I got {KEY.value}"), name))


@every_endpoint
async def test_a_key_that_no_header_can_carry_is_not_shown(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    for bad in (
        Key("sk-test-line\nend-0123", "a test"),
        Key("sk-test-blank-0123 ", "a test"),
        Key("sk-ü-01", "a test"),
    ):
        wired.service = make_service(wired.model.provider, bad)
        failed = await failure(wired, Answer("x"), bad)
        assert bad.value.strip() not in str(failed.error)
        await wired.service.close()


@every_endpoint
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_nothing_follows_a_server_that_points_elsewhere(connect: Connect, name: Dialect, status: int) -> None:
    elsewhere = await connect(name)
    wired = await connect(name)
    failed = await failure(wired, Answer(fault=Fault.redirect(elsewhere.server.base_url, status)))
    assert isinstance(failed.error, errors.ProtocolError)
    assert elsewhere.server.requests == []
    assert elsewhere.server.connections == 0


@every_endpoint
@pytest.mark.parametrize(
    "fault",
    [Fault.unknown_events(), Fault.unnamed_events(), Fault.crlf(), Fault.huge_event(500_000)],
    ids=lambda f: f.what,
)
async def test_what_is_merely_unusual_changes_nothing(connect: Connect, name: Dialect, fault: Fault) -> None:
    wired = await connect(name)
    done = await wired.ask(answer=Answer("漢字 🎉 ", "and more.", fault=fault))
    assert done.message.text == "漢字 🎉 and more."
    assert done.finished.stop == "end_turn"


@every_endpoint
async def test_a_character_may_arrive_in_pieces(connect: Connect, name: Dialect) -> None:
    done = await (await connect(name)).ask(answer=Answer("漢🎉", fault=Fault.byte_by_byte()))
    assert done.text == done.message.text == "漢🎉"


@every_endpoint
@pytest.mark.parametrize("fault", [Fault.bad_json_event(), Fault.bad_utf8_event()], ids=lambda f: f.what)
async def test_an_event_that_cannot_be_read_ends_the_answer(connect: Connect, name: Dialect, fault: Fault) -> None:
    failed = await failure(await connect(name), words(fault, name))
    assert isinstance(failed.error, errors.ProtocolError)
    assert failed.kept == failed.shown == "".join(WORDS[:5])


@every_endpoint
async def test_an_event_without_end_is_refused_before_it_fills_the_memory(connect: Connect, name: Dialect) -> None:
    failed = await failure(await connect(name), words(Fault.huge_event(9_000_000), name))
    assert isinstance(failed.error, errors.ProtocolError)
    assert "8 MB" in failed.error.message


@every_endpoint
async def test_an_answer_is_done_when_it_is_done_and_not_when_the_server_hangs_up(
    connect: Connect, name: Dialect
) -> None:
    wired = await connect(name)
    start = time.monotonic()
    done = await wired.ask(answer=Answer("All said.", fault=Fault.linger(30)))
    assert time.monotonic() - start < 10
    assert done.text == "All said."
    assert done.usage.input
    assert (await wired.ask(answer=Answer("Again."))).text == "Again."


ODD_SHAPES: dict[Dialect, list[str]] = {
    "anthropic": [
        '{"type":"message_start","message":[1]}',
        '{"type":"message_start","message":{"usage":7}}',
        '{"type":"content_block_start","index":[0],"content_block":{"type":"text"}}',
        '{"type":"content_block_start","index":"x","content_block":{"type":"text","text":""}}',
        '{"type":"content_block_start","index":0,"content_block":7}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}',
        '{"type":"content_block_delta","index":9,"delta":{"type":"text_delta","text":"x"}}',
        '{"type":"message_delta","delta":[],"usage":[1]}',
        '{"type":"message_delta","delta":{"stop_reason":{}}}',
        '{"type":["message_stop"]}',
    ],
    "openai": [
        '{"type":"response.output_item.done","output_index":[0],"item":{"type":"message"}}',
        '{"type":"response.output_item.done","output_index":0,"item":[1]}',
        '{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[7]}}',
        '{"type":"response.output_item.added","output_index":0,"item":"x"}',
        '{"type":"response.output_text.delta","delta":7}',
        '{"type":"response.function_call_arguments.delta","delta":{}}',
        '{"type":"response.completed","response":[1]}',
        '{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":"x"}}',
        '{"type":"response.failed","response":"x"}',
    ],
    "gemini": [
        '{"candidates":7}',
        '{"candidates":[7]}',
        '{"candidates":[{"content":"x"}]}',
        '{"candidates":[{"content":{"parts":"x"}}]}',
        '{"candidates":[{"content":{"parts":[7]}}]}',
        '{"candidates":[{"content":{"parts":[{"text":{}}]}}]}',
        '{"candidates":[{"content":{"parts":[{"functionCall":7}]}}]}',
        '{"candidates":[{"content":{"parts":[{"functionCall":{"name":7,"args":"x","id":[]}}]}}]}',
        '{"candidates":[{"content":{"parts":[{"text":"x","thoughtSignature":7,"thought":"x"}]}}]}',
        '{"usageMetadata":7,"modelVersion":[],"promptFeedback":"x"}',
        '{"error":"just words"}',
    ],
    "chat": [
        '{"choices":null}',
        '{"choices":[7]}',
        '{"choices":[{"delta":null}]}',
        '{"choices":[{"delta":{"content":7}}]}',
        '{"choices":[{"delta":{"tool_calls":7}}]}',
        '{"choices":[{"delta":{"tool_calls":[{"function":"x"}]}}]}',
        '{"choices":[{"delta":{"tool_calls":[{"index":"x","function":{"arguments":{"a":1}}}]}}]}',
        '{"choices":[{"delta":{},"finish_reason":["stop"]}]}',
        '{"choices":[],"usage":{"prompt_tokens_details":7}}',
        '{"error":"just words"}',
    ],
    "ollama": [
        '{"message":7,"done":false}',
        '{"message":{"content":{"a":1}},"done":false}',
        '{"message":{"content":"x","thinking":[1]},"done":false}',
        '{"message":{"tool_calls":7},"done":false}',
        '{"message":{"tool_calls":[{"function":"x"}]},"done":false}',
        '{"message":{"tool_calls":[{"function":{"arguments":{}}}]},"done":false}',
        '{"message":{"tool_calls":[{"function":{"name":["x"]}}]},"done":false}',
        '{"done":"no","message":null,"error":"out of memory"}',
        '{"error":"just words"}',
    ],
}


@pytest.mark.parametrize(("name", "event"), [(name, event) for name, rows in ODD_SHAPES.items() for event in rows])
async def test_an_event_of_the_wrong_shape_is_left_out_or_ends_the_answer_but_breaks_nothing(
    connect: Connect, name: Dialect, event: str
) -> None:
    wired = await connect(name)
    wired.server.answer(Answer.raw(f"data: {event}\n\n".encode()))
    reply = wired.reply()
    with pytest.raises(ProviderError):
        await take(reply, [])
    reply.message("incomplete")
    reply.message("interrupted")


@every_endpoint
async def test_what_follows_the_end_cannot_spoil_the_answer(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    for rubbish in (b"data: {nonsense\n\n", b'data: {"error":{"message":"late"},"type":"error"}\n\n', b"\xff" * 99):
        done = await wired.ask(answer=Answer.raw(_complete(name) + rubbish))
        assert done.text == "Whole."


def _complete(name: Dialect) -> bytes:
    match name:
        case "anthropic":
            events = [
                '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
                '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Whole."}}',
                '{"type":"message_delta","delta":{"stop_reason":"end_turn"}}',
                '{"type":"message_stop"}',
            ]
        case "openai":
            events = [
                '{"type":"response.output_text.delta","delta":"Whole."}',
                '{"type":"response.completed","response":{}}',
            ]
        case "gemini":
            events = ['{"candidates":[{"content":{"parts":[{"text":"Whole."}]},"finishReason":"STOP"}]}']
        case "ollama":
            events = ['{"message":{"content":"Whole."},"done":true,"done_reason":"stop"}']
        case _:
            events = ['{"choices":[{"delta":{"content":"Whole."},"finish_reason":"stop"}]}']
    return "".join(f"data: {event}\n\n" for event in events).encode()


@every_endpoint
async def test_a_refused_connection_names_the_address(connect: Connect, name: Dialect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await _unreachable(name, f"http://127.0.0.1:{port}/v1")
    assert f"127.0.0.1:{port} refused" in error.message
    assert "Is the server running?" in error.cure
    assert error.tries == 1  # C13: what does not run on this machine does not run a second later either


@every_endpoint
async def test_an_unknown_host_is_named(name: Dialect) -> None:
    error = await _unreachable(name, "http://no-such-host.invalid/v1")
    assert "no-such-host.invalid cannot be found" in error.message


async def _unreachable(name: Dialect, base_url: str) -> errors.ConnectionFailed:
    model = ENDPOINTS[name].full_model(base_url)
    service = make_service(model.provider)
    wired = Wired(None, service, model)  # type: ignore[arg-type]  # there is no server: that is the point
    with pytest.raises(errors.ConnectionFailed) as caught:
        await wired.ask(user("Hello"))
    await service.close()
    assert KEY.value not in "".join(traceback.format_exception(caught.value))
    return caught.value


@every_endpoint
async def test_a_server_that_hangs_up_without_a_word_is_a_failed_connection(connect: Connect, name: Dialect) -> None:
    error = (await failure(await connect(name), Answer(fault=Fault.no_reply()))).error
    assert isinstance(error, errors.ConnectionFailed)


@every_endpoint
async def test_what_is_no_http_is_not_asked_again(connect: Connect, name: Dialect) -> None:
    error = (await failure(await connect(name), Answer(fault=Fault.not_http()))).error
    assert isinstance(error, errors.ProtocolError)
    assert "is no HTTP server" in error.message
    assert not error.retryable


@every_endpoint
async def test_a_cancelled_answer_hangs_up_at_once_and_the_next_one_works(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    wired.server.answer(words(Fault.stall(seconds=5), name))
    reply = wired.reply()

    task = asyncio.create_task(take(reply, []))
    while not reply.message("interrupted").parts:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    wired.server.wait_for_disconnect(timeout=1)
    assert reply.message("interrupted").text.startswith("word0")
    assert (await wired.ask()).text


@every_endpoint
async def test_a_listener_who_leaves_early_hangs_up(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    wired.server.answer(words(Fault.stall(seconds=5), name))
    async with aclosing(wired.reply()) as reply:
        async for _ in reply:
            break
    wired.server.wait_for_disconnect(timeout=1)


@every_endpoint
async def test_a_call_that_was_cut_is_not_kept(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    call = Call("weather", {"city": "a" * 60}, deltas=20)
    if name == "gemini":
        pytest.skip("a call comes whole there, with the reason to stop")
    inside = {"anthropic": 12, "openai": 16, "groq": 5, "chat": 10, "ollama": 4}[name]  # two send it whole
    failed = await failure(wired, Answer("Let me see.", call, fault=Fault.clean_end(after=inside)))
    assert any(isinstance(event, ToolCallDelta) for event in failed.events)
    assert failed.message.calls == ()
    assert isinstance(failed.error, errors.AnswerIncomplete)
    assert failed.kept == "Let me see."


@pytest.mark.parametrize("name", ["groq", "chat"])
async def test_a_server_that_names_no_reason_is_complete_at_its_end_marker(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    assert (await wired.ask(answer=Answer("Done.", fault=Fault.no_finish()))).text == "Done."
    done = await wired.ask(answer=Answer(Call("clock"), fault=Fault.no_finish()))
    assert done.finished.stop == "tool_use"
    assert [call.name for call in done.message.calls] == ["clock"]
