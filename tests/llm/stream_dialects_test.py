"""Messages and Responses as proxies and third parties really send them (rows A10, A13, A14, A17, A23)."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modules import errors
from modules.errors import ProtocolError, ProviderError
from modules.llm.events import StopReason, TextDelta
from modules.llm.message import user
from tests.conftest import Answered, Connect, take
from tests.harness.cases import TOOLS
from tests.harness.transformer_harness import DRAFTS
from tests.wire.as_they_are import (
    CALL,
    JSON,
    MESSAGE_STOP,
    TEXT,
    WHERE,
    Script,
    block,
    completed,
    events,
    json_piece,
    message_delta,
    message_start,
    messages,
    responses,
    said,
    words,
)


async def answered(connect: Connect, script: Script) -> Answered:
    """The answer, which everyone can then be sent."""
    wired = await connect(script.dialect)
    done = await wired.ask(answer=script.answer, tools=TOOLS)
    if done.message.calls or done.message.text:
        await wired.ask(user("Hello"), done.message, user("Go on."), tools=TOOLS)
        assert wired.last.broken == []
    return done


def called(done: Answered) -> list[tuple[str, Any]]:
    return [(call.name, call.parsed()) for call in done.message.calls]


WORDS = block(0, TEXT, words("Look"), words("."))
ARGUMENTS = block(1, CALL, json_piece(WHERE[:5]), json_piece(WHERE[5:]))
END = [message_delta("tool_use", output_tokens=5), MESSAGE_STOP]
WHOLE_MESSAGE = {
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Look."}, {**CALL, "input": {"city": "Bern"}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 9, "output_tokens": 5},
}


def function_call(**more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": WHERE, **more}


def text_delta(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text, **more}


def item_done(index: int, item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


# Each says "Look." and calls `weather` in Bern.
ANSWERS: dict[str, Script] = {
    "A14 no message_stop": messages(message_start(), *WORDS, *ARGUMENTS, END[0]),
    "names only on the event line": messages(message_start(), *WORDS, *ARGUMENTS, *END, named=True),
    "no content_block_start": messages(message_start(), *WORDS[1:], *ARGUMENTS, *END),
    "no message_start": messages(*WORDS, *ARGUMENTS, *END),
    "all indices zero": messages(message_start(), *WORDS, *block(0, CALL, json_piece(WHERE)), *END),
    "all indices null": messages(
        message_start(), *block(None, TEXT, words("Look.")), *block(None, CALL, json_piece(WHERE)), *END
    ),
    "indices as strings": messages(
        message_start(), *block("0", TEXT, words("Look.")), *block("1", CALL, json_piece(WHERE)), *END
    ),
    "the text in the start": messages(message_start(), *block(0, {"type": "text", "text": "Look."}), *ARGUMENTS, *END),
    "A3 the input in the start": messages(
        message_start(), *WORDS, *block(1, {**CALL, "input": {"city": "Bern"}}), *END
    ),
    "A3 the input as an object in a delta": messages(
        message_start(), *WORDS, *block(1, CALL, json_piece({"city": "Bern"})), *END
    ),
    "A4 end_turn after a call": messages(message_start(), *WORDS, *ARGUMENTS, message_delta("end_turn"), MESSAGE_STOP),
    "A4 an unknown word": messages(message_start(), *WORDS, *ARGUMENTS, message_delta("new_word"), MESSAGE_STOP),
    "A15 a namespace before the name": messages(
        message_start(), *WORDS, *block(1, {**CALL, "name": "functions.weather"}, json_piece(WHERE)), *END
    ),
    "A7 a whole message as json": Script("anthropic", json.dumps(WHOLE_MESSAGE).encode(), content_type=JSON),
    "A7 a whole message as an event": messages(WHOLE_MESSAGE),
    "all in message_start": messages(message_start(content=WHOLE_MESSAGE["content"]), *END),
    "A13 nothing but deltas and the end": responses(text_delta("Look."), completed(said("Look."), function_call())),
    "A13 nothing but the end": responses(completed(said("Look."), function_call())),
    "A13 a call only in the end": responses(
        text_delta("Look.", output_index=0), item_done(0, said("Look.")), completed(said("Look."), function_call())
    ),
    "A13 an item without content": responses(
        text_delta("Look.", output_index=0),
        item_done(0, {"type": "message", "role": "assistant", "content": []}),
        item_done(1, function_call()),
        completed(),
    ),
    "A13 arguments in deltas alone": responses(
        text_delta("Look.", output_index=0),
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": function_call(arguments="", status="in_progress"),
        },
        *(
            {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": piece}
            for piece in (WHERE[:5], WHERE[5:])
        ),
        completed(),
    ),
    "A13 items by their ids": responses(
        text_delta("Look.", item_id="msg_1"),
        {"type": "response.output_item.done", "item": said("Look.", id="msg_1")},
        {"type": "response.output_item.done", "item": function_call(id="fc_1")},
        completed(said("Look.", id="msg_1"), function_call(id="fc_1")),
    ),
    "A13 response.done": responses(
        item_done(0, said("Look.")),
        item_done(1, function_call()),
        {"type": "response.done", "response": {"status": "completed"}},
    ),
    "A13 [DONE] and no end": responses(item_done(0, said("Look.")), item_done(1, function_call()), done=True),
    "names only on the event line, Responses": responses(
        item_done(0, said("Look.")), item_done(1, function_call()), completed(), named=True
    ),
    "A3 arguments as an object, Responses": responses(
        completed(said("Look."), function_call(arguments={"city": "Bern"}))
    ),
    "A15 a namespace, Responses": responses(completed(said("Look."), function_call(name="functions.weather"))),
    "A7 a whole response as json": Script(
        "openai", json.dumps(completed(said("Look."), function_call())["response"]).encode(), content_type=JSON
    ),
}


@pytest.mark.parametrize("script", ANSWERS.values(), ids=list(ANSWERS))
async def test_words_and_a_call_are_read_in_whichever_way_they_are_sent(connect: Connect, script: Script) -> None:
    done = await answered(connect, script)
    assert done.text == done.message.text == "Look."
    assert called(done) == [("weather", {"city": "Bern"})]
    assert done.finished.stop in ("tool_use", "end_turn", "unknown")


async def test_a_whole_answer_goes_back_as_it_came_and_one_in_pieces_as_its_parts(connect: Connect) -> None:
    """A13: native only where every item is whole."""
    whole = await answered(connect, ANSWERS["A13 nothing but the end"])
    assert [item["type"] for item in whole.message.native] == ["message", "function_call"]
    pieces = await answered(connect, ANSWERS["A13 arguments in deltas alone"])
    assert pieces.message.native is None


ENDS: list[tuple[Script, StopReason, str]] = [
    (messages(message_start(), *WORDS, message_delta("something_new"), MESSAGE_STOP), "unknown", "something_new"),
    (messages(message_start(), *WORDS, message_delta("max_tokens"), MESSAGE_STOP), "max_tokens", ""),
    (messages(message_start(), *WORDS, message_delta("guardrail_intervened")), "refusal", "guardrail_intervened"),
    (responses(completed(said("Look."), status="incomplete", incomplete_details={"reason": "new"})), "unknown", "new"),
    (
        responses(completed(said("Look."), status="incomplete", incomplete_details={"reason": "max_output_tokens"})),
        "max_tokens",
        "",
    ),
    (responses(completed(said("Look."), status="incomplete")), "unknown", "incomplete"),
    (responses(completed(said("Look."), status="cancelled")), "aborted", "cancelled"),
]


@pytest.mark.parametrize(("script", "stop", "word"), ENDS)
async def test_an_end_that_is_not_known_is_told_with_its_word(
    connect: Connect, script: Script, stop: StopReason, word: str
) -> None:
    """A5."""
    done = await answered(connect, script)
    assert (done.finished.stop, done.finished.word) == (stop, word)


FAILURES: list[tuple[Script, type[ProviderError]]] = [
    (
        Script("anthropic", b'event: error\ndata: {"code":500,"message":"The words.","type":"server_error"}\n\n'),
        errors.ServerFailed,
    ),
    (
        Script("anthropic", b'event: error\ndata: {"error":{"type":"overloaded_error","message":"The words."}}\n\n'),
        errors.Overloaded,
    ),
    (messages({"error": "The words."}), errors.ServerFailed),
    (messages({"detail": "The words."}), errors.ServerFailed),
    (responses({"type": "error", "code": "rate_limit_exceeded", "message": "The words."}), errors.RateLimited),
    (responses({"error": {"code": 429, "message": "The words."}}), errors.RateLimited),
    (
        responses(
            {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "The words."}}}
        ),
        errors.ServerFailed,
    ),
    (
        responses(completed(status="failed", error={"code": "server_error", "message": "The words."})),
        errors.ServerFailed,
    ),
]


@pytest.mark.parametrize(("script", "kind"), FAILURES)
async def test_an_error_in_a_stream_is_told_in_the_servers_words(
    connect: Connect, script: Script, kind: type[ProviderError]
) -> None:
    """A10: llama-server and proxies."""
    wired = await connect(script.dialect)
    with pytest.raises(kind, match="The words") as caught:
        await wired.ask(answer=script.answer)
    assert type(caught.value) is kind


async def test_a_block_of_no_shape_ends_in_words_or_an_answer_and_what_came_is_kept(connect: Connect) -> None:
    """A17."""
    wired = await connect("anthropic")
    odd = {"type": "content_block_start", "index": "a", "content_block": []}
    broken = {"type": "content_block_delta", "index": 0, "delta": [1]}
    wired.server.answer(messages(message_start(), *WORDS[:2], odd, broken, *END).answer)
    outcome = await take(wired.reply())
    assert isinstance(outcome.error, ProtocolError)
    assert outcome.message.text == outcome.shown == "Look"


STREAMS: dict[str, list[dict[str, Any]]] = {
    "anthropic-messages": [message_start(), *WORDS, *ARGUMENTS, *END],
    "openai-responses": [
        text_delta("Look.", output_index=0),
        item_done(0, said("Look.", id="msg_1")),
        item_done(1, function_call(id="fc_1")),
        completed(said("Look.", id="msg_1"), function_call(id="fc_1")),
    ],
}
ODD: tuple[Any, ...] = (None, "a", 7, [], {}, True, -1, [[]], {"a": 1}, 1e300)


def changed(value: Any) -> Iterator[Any]:
    """The value with one field of another type, for every field in it and every type."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for odd in ODD:
            other = copy.copy(value)
            other[key] = odd
            yield other
        for inner in changed(value[key]):
            other = copy.copy(value)
            other[key] = inner
            yield other
        if isinstance(value, dict):
            yield {name: one for name, one in value.items() if name != key}


@pytest.mark.parametrize("dialect", STREAMS)
async def test_one_field_of_another_type_is_read_or_refused_in_words(connect: Connect, dialect: Any) -> None:
    """A23: every field of every event, with every other type."""
    wired = await connect("anthropic" if dialect == "anthropic-messages" else "openai")
    request = wired.request(user("Hello"), tools=TOOLS)
    count = 0
    for at, event in enumerate(STREAMS[dialect]):
        for odd in changed(event):
            draft = DRAFTS[dialect](request, None)
            shown = ""
            for one in [*STREAMS[dialect][:at], odd, *STREAMS[dialect][at + 1 :]]:
                try:
                    told = draft.read(json.loads(json.dumps(one)))  # type: ignore[attr-defined]  # of all three
                except ProviderError:
                    break
                shown += "".join(piece.text for piece in told if isinstance(piece, TextDelta))
            draft.message("complete")
            assert shown in draft.message("incomplete").text or not shown.strip()
            count += 1
    assert count > 400


async def test_an_end_marker_behind_an_end_changes_nothing(connect: Connect) -> None:
    script = messages(message_start(), *WORDS, *END)
    done = await answered(connect, Script("anthropic", script.body + events(done=True)))
    assert (done.text, done.usage.output) == ("Look.", 5)
