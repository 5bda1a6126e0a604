"""What Gemini's own API answers: signed parts, blocked prompts, errors in a good stream, and bodies of other kinds."""

import json
from typing import Any

import pytest

from modules import errors
from modules.llm.events import ToolCallDelta, Usage
from modules.llm.message import Message, user
from modules.llm.parts import Opaque, Reasoning, Text, ToolResult
from tests.conftest import Answered, Connect, Wired, take
from tests.harness.cases import TOOLS
from tests.wire import Answer, Status

JSON = {"content-type": "application/json; charset=UTF-8"}
CALL = {"functionCall": {"name": "clock", "args": {}, "id": "a1"}, "thoughtSignature": "c2ln"}


def chunk(*parts: Any, stop: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": stop} if stop else {})], "modelVersion": "g", **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"text": words, **more}


def events(*chunks: Any) -> Answer:
    return Answer.raw(b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in chunks))


async def asked(wired: Wired, *chunks: Any, **options: Any) -> Answered:
    return await wired.ask(answer=events(*chunks), tools=TOOLS, **options)


async def sent_back(wired: Wired, message: Message) -> list[dict[str, Any]]:
    """The parts in which an answer goes back."""
    results = Message("tool", tuple(ToolResult(call.id, (Text("noon"),)) for call in message.calls))
    await wired.ask(user("Hello"), message, results if message.calls else user("And?"), tools=TOOLS)
    parts: list[dict[str, Any]] = wired.last.body["contents"][1]["parts"]
    return parts


async def test_what_is_signed_goes_back_where_it_came_and_is_joined_with_nothing(connect: Connect) -> None:
    wired = await connect("gemini", rules=False)
    done = await asked(
        wired,
        chunk(text("Hm", thought=True)),
        chunk(text(".", thought=True)),
        chunk(text("One ")),
        chunk(text("two")),
        chunk(text(" three", thoughtSignature="c2ln")),
        chunk(text(" four.")),
        chunk(text("", thoughtSignature="ZW5k"), stop="STOP"),
    )
    assert (done.text, done.thought) == ("One two three four.", "Hm.")
    assert done.message.parts == (Reasoning("Hm."), Text("One two three four.")), "cut nowhere for anyone else"
    assert await sent_back(wired, done.message) == [
        text("Hm.", thought=True),
        text("One two"),
        text(" three", thoughtSignature="c2ln"),
        text(" four."),
        text("", thoughtSignature="ZW5k"),
    ]


async def test_calls_side_by_side_come_whole_and_only_the_first_is_signed(connect: Connect) -> None:
    wired = await connect("gemini", rules=False)
    other = {"functionCall": {"name": "weather", "args": {"city": "Zürich"}, "id": "b2"}}
    done = await asked(wired, chunk(CALL), chunk(other, stop="STOP"))
    assert done.finished.stop == "tool_use"
    assert [event for event in done.events if isinstance(event, ToolCallDelta)] == [
        ToolCallDelta(0, "clock", ""),
        ToolCallDelta(1, "weather", ""),
        ToolCallDelta(1, "", '{"city": "Zürich"}'),
    ]
    assert await sent_back(wired, done.message) == [CALL, other]
    results = [part["functionResponse"] for part in wired.last.body["contents"][2]["parts"]]
    assert [(one["id"], one["name"]) for one in results] == [("a1", "clock"), ("b2", "weather")]


async def test_a_call_that_came_without_an_id_is_answered_without_one(connect: Connect) -> None:
    wired = await connect("gemini", rules=False)
    calls = [{"functionCall": {"name": name, "args": {}}} for name in ("clock", "clock")]
    done = await asked(wired, chunk({**calls[0], "thoughtSignature": "c2ln"}, calls[1], stop="STOP"))
    assert await sent_back(wired, done.message) == [{**calls[0], "thoughtSignature": "c2ln"}, calls[1]]
    results = [part["functionResponse"] for part in wired.last.body["contents"][2]["parts"]]
    assert results == [{"name": "clock", "response": {"output": "noon"}}] * 2


async def test_a_tool_that_is_meant_by_another_name_is_called_by_its_own_from_then_on(connect: Connect) -> None:
    wired = await connect("gemini", rules=False)
    odd = {"functionCall": {"name": "default_api:clock", "args": {}, "id": "a1"}, "thoughtSignature": "c2ln"}
    done = await asked(wired, chunk(odd, stop="STOP"))
    assert done.message.calls[0].name == "clock"
    assert await sent_back(wired, done.message) == [CALL]


@pytest.mark.parametrize("feedback", [{"blockReason": "PROHIBITED_CONTENT"}, {"blockReason": "SAFETY", "x": []}])
async def test_a_blocked_prompt_is_a_refusal_and_is_not_asked_again(connect: Connect, feedback: Any) -> None:
    wired = await connect("gemini")
    done = await asked(
        wired, {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 4}, "modelVersion": "g"}
    )
    assert (done.finished.stop, done.finished.word) == ("refusal", feedback["blockReason"])
    assert done.message.state == "refused"
    assert done.usage.input == 4
    await wired.ask(user("Harm"), done.message, user("Be kind."))
    assert "Harm" not in wired.last.raw.decode()


async def test_an_answer_that_is_declined_half_way_is_shown_and_refused(connect: Connect) -> None:
    done = await asked(await connect("gemini"), chunk(text("Well")), {"candidates": [{"finishReason": "RECITATION"}]})
    assert (done.text, done.finished.word, done.message.state) == ("Well", "RECITATION", "refused")


async def test_a_call_that_the_model_got_wrong_ends_the_answer_with_the_word(connect: Connect) -> None:
    candidate = {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "Malformed function call: print(clock())"}
    done = await asked(await connect("gemini"), chunk(text("I look.")), {"candidates": [candidate]})
    assert (done.finished.stop, done.finished.word) == ("aborted", "MALFORMED_FUNCTION_CALL")


@pytest.mark.parametrize("end", [[], [{"usageMetadata": {"promptTokenCount": 3}}]], ids=["cut", "only counts"])
async def test_a_stream_without_a_reason_to_end_is_a_cut_answer(connect: Connect, end: list[Any]) -> None:
    wired = await connect("gemini")
    wired.server.answer(events(chunk(text("Half")), *end))
    outcome = await take(wired.reply())
    assert type(outcome.error) is errors.AnswerIncomplete
    assert (outcome.shown, outcome.message.text, outcome.message.state) == ("Half", "Half", "incomplete")
    assert outcome.message.native is None


FULL = {"error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("wrapped", [FULL, [FULL]], ids=["object", "list"])
async def test_an_error_in_a_good_stream_is_told_as_one(connect: Connect, wrapped: Any, before: int) -> None:
    wired = await connect("gemini")
    wired.server.answer(events(*[chunk(text("Half"))] * before, wrapped))
    error = (await take(wired.reply())).error
    assert type(error) is errors.Overloaded
    assert error.exit_code == 75
    assert "The model is overloaded." in error.message


@pytest.mark.parametrize("wrapped", [FULL, [FULL]], ids=["object", "list"])
async def test_an_error_in_the_place_of_a_stream_is_told_too(connect: Connect, wrapped: Any) -> None:
    wired = await connect("gemini")
    wired.server.answer(Answer.raw(json.dumps(wrapped, indent=2).encode(), JSON))
    error = (await take(wired.reply())).error
    assert error is not None
    assert "The model is overloaded." in error.message


@pytest.mark.parametrize("indent", [None, 2])
async def test_a_gateway_that_sends_one_list_in_the_place_of_events_is_read(
    connect: Connect, indent: int | None
) -> None:
    wired = await connect("gemini")
    chunks = [chunk(text("One ")), chunk(text("two.")), chunk(text("", thoughtSignature="c2ln"), stop="STOP")]
    done = await wired.ask(answer=Answer.raw(json.dumps(chunks, indent=indent).encode(), JSON))
    assert done.text == done.message.text == "One two."


QUOTA = {
    "code": 429,
    "message": "You exceeded your current quota, please check your plan and billing details.",
    "status": "RESOURCE_EXHAUSTED",
    "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
         "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.8s"},
    ],
}  # fmt: skip
REFUSED: list[tuple[int, dict[str, Any], type[errors.ProviderError], int]] = [
    (429, QUOTA, errors.RateLimited, 75),
    (400, {"message": "API key not valid. Please pass a valid API key."}, errors.AuthenticationFailed, 76),
    (403, {"message": "Your project has been denied access."}, errors.PermissionDenied, 76),
    (404, {"message": "models/g is not found for API version v1beta"}, errors.ModelUnavailable, 77),
    (500, {"message": "An internal error has occurred."}, errors.ServerFailed, 75),
    (503, {"message": "The model is overloaded."}, errors.Overloaded, 75),
    (400, {"message": "Please ensure that function call turn comes immediately after a user turn."},
     errors.RequestRefused, 1),
]  # fmt: skip


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize(("status", "said", "kind", "code"), REFUSED, ids=lambda value: str(value)[:20])
async def test_a_refusal_means_what_it_means_elsewhere(
    connect: Connect, status: int, said: dict[str, Any], kind: type[errors.ProviderError], code: int, as_list: bool
) -> None:
    wired = await connect("gemini")
    body = {"error": {"code": status, **said}}
    wired.server.answer(Status(status, body=json.dumps([body] if as_list else body)))
    error = (await take(wired.reply())).error
    assert isinstance(error, errors.ProviderError)
    assert (type(error), error.exit_code) == (kind, code)
    assert error.retry_after == (12.8 if status == 429 else None)
    assert said["message"] in error.message


async def test_what_was_counted_is_read_chunk_by_chunk_with_what_the_cache_served(connect: Connect) -> None:
    counts = {"promptTokenCount": 1000, "cachedContentTokenCount": 900, "thoughtsTokenCount": 5}
    done = await asked(
        await connect("gemini"),
        chunk(text("Hm", thought=True), usageMetadata=counts),
        chunk(text("One")),
        chunk(text(" two"), usageMetadata={**counts, "candidatesTokenCount": 1}),
        chunk(
            stop="STOP",
            usageMetadata={"promptTokenCount": 1000, "candidatesTokenCount": 7, "toolUsePromptTokenCount": 20},
        ),
    )
    assert done.usage == Usage(1020, 12, cache_read=900, reasoning=5)


async def test_what_has_no_words_here_is_named_and_goes_back(connect: Connect) -> None:
    wired = await connect("gemini", rules=False)
    code = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c2ln"}
    done = await asked(wired, chunk(code, text("One.")), chunk(stop="STOP"))
    assert done.message.parts == (Opaque("executableCode", "executableCode"), Text("One."))
    assert await sent_back(wired, done.message) == [code, text("One.")]


async def test_words_after_the_end_are_shown_and_another_answer_beside_it_is_not(connect: Connect) -> None:
    beside = {"candidates": [{"content": {"parts": [text("Not this.")]}, "index": 1}]}
    done = await asked(
        await connect("gemini"), chunk(text("One"), stop="STOP"), beside, chunk(text(" two."), stop="STOP")
    )
    assert "".join(event.text for event in done.events if hasattr(event, "text")) == "One two."
    assert done.message.text == "One two."
