"""Chat Completions as servers really send them (rows A1 to A17): read by the real service over real sockets."""

import json
from typing import Any

import msgspec
import pytest

from modules import errors
from modules.errors import ProviderError
from modules.llm.events import StopReason
from modules.llm.message import user
from modules.llm.models import Profile
from modules.llm.parts import Reasoning, Text
from tests.conftest import Answered, Connect, take
from tests.harness.cases import TOOLS
from tests.wire import Answer, Call
from tests.wire.as_they_are import (
    JSON,
    NEVER_RUN,
    ONE_CALL,
    TWO_CALLS,
    WHOLE,
    Script,
    call,
    calls,
    chat,
    chunk,
    events,
    raw_lines,
    text_then,
)

pytestmark = pytest.mark.filterwarnings("error")


async def answered(connect: Connect, script: Script, **changes: Any) -> Answered:
    wired = await connect(script.dialect)
    options: dict[str, Any] = {"model": wired.but(**changes)} if changes else {}
    done = await wired.ask(answer=script.answer, tools=TOOLS, **options)
    assert done.text == done.message.text
    history = [user("Hello"), done.message]
    if done.message.calls or done.message.text:  # and whoever comes next can be sent it
        await wired.ask(*history, user("Go on."), tools=TOOLS, **options)
        assert wired.last.broken == []
    return done


def called(done: Answered) -> list[tuple[str, Any]]:
    return [(call.name, call.parsed()) for call in done.message.calls]


@pytest.mark.parametrize("script", ONE_CALL.values(), ids=list(ONE_CALL))
async def test_a_call_is_read_in_whichever_way_it_is_sent(connect: Connect, script: Script) -> None:
    done = await answered(connect, script)
    assert called(done) == [("weather", {"city": "Bern"})]
    assert done.text in ("", "Look.")
    assert (b"Look." in script.body) is (done.text == "Look.")
    assert done.finished.stop in ("tool_use", "unknown")


@pytest.mark.parametrize("script", TWO_CALLS.values(), ids=list(TWO_CALLS))
async def test_two_calls_stay_two_whatever_their_numbers_say(connect: Connect, script: Script) -> None:
    """A2: identity beats position."""
    done = await answered(connect, script)
    assert called(done) == [("weather", {"city": "Bern"}), ("clock", {})]


@pytest.mark.parametrize("given", NEVER_RUN.values(), ids=list(NEVER_RUN))
async def test_arguments_that_cannot_be_read_are_kept_and_are_no_object(connect: Connect, given: Any) -> None:
    """A3: they never become {}, so nothing runs with them."""
    done = await answered(connect, text_then(calls(call("weather", given, index=0, id="a1"))))
    assert called(done) == [("weather", None)]
    assert done.message.native is None


async def test_arguments_in_objects_that_contradict_each_other_are_none(connect: Connect) -> None:
    """A3: of two cities nobody can say which was meant."""
    pieces = [calls(call("weather", {"city": "Bern"}, index=0, id="a1")), calls(call(None, {"city": "Rome"}, index=0))]
    done = await answered(connect, text_then(*pieces))
    assert called(done) == [("weather", None)]
    assert done.message.native is None


PLACEHOLDERS = {
    "an empty object first": ["{}", '{"city":', '"Bern"}'],
    "the same object twice": ['{"city":"Bern"}', '{"city": ', '"Bern"}'],
}


@pytest.mark.parametrize("pieces", PLACEHOLDERS.values(), ids=list(PLACEHOLDERS))
async def test_arguments_behind_an_empty_object_or_themselves_are_one_object(
    connect: Connect, pieces: list[str]
) -> None:
    """A3: openai/openai-agents-js#712, microsoft/autogen#6843, mudler/cogito#66."""
    first, *more = pieces
    deltas = [call("weather", first, index=0, id="a1"), *({"index": 0, "function": {"arguments": m}} for m in more)]
    done = await answered(connect, chat(*(chunk({"tool_calls": [one]}) for one in deltas), chunk(stop="tool_calls")))
    assert called(done) == [("weather", {"city": "Bern"})]


async def test_an_end_with_nothing_before_it_is_an_empty_answer(connect: Connect) -> None:
    """A6: "[DONE]" alone, and usage alone, are whole answers that say nothing; they are not asked for again."""
    for chunks in ([], [{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 0}}]):
        wired = await connect("chat")
        wired.server.answer(chat(*chunks).answer)
        outcome = await take(wired.reply())
        assert outcome.error is None
        assert outcome.shown == ""


async def test_a_signature_stays_with_its_own_call(connect: Connect) -> None:
    """A2: Gemini sends whole calls, all of index 0, the first of them signed."""
    signed = {**WHOLE, "extra_content": {"google": {"thought_signature": "c2ln"}}}
    wired = await connect("chat")
    script = text_then(calls(signed), calls(call("clock", "{}", index=0, id="b2", type="function")))
    done = await wired.ask(answer=script.answer, tools=TOOLS)
    told = done.message.native["tool_calls"]
    assert [one["id"] for one in told] == ["a1", "b2"]
    assert ["extra_content" in one for one in told] == [True, False]


async def test_words_beside_reasoning_and_refusals_are_all_read(connect: Connect) -> None:
    """A1: a delta is not judged by how many keys it has."""
    done = await answered(connect, chat(chunk({"content": "Yes.", "reasoning": "Hm."}), chunk(stop="stop")))
    assert (done.text, done.thought) == ("Yes.", "Hm.")
    wired = await connect("chat")
    script = chat(chunk({"content": "I", "refusal": " will not."}), chunk(stop="stop"))
    done = await wired.ask(answer=script.answer)
    assert done.text == "I will not."
    assert done.finished.stop == done.message.stop == "refusal"


WORDS: list[tuple[Any, StopReason, str]] = [
    ("stop", "end_turn", ""),
    ("STOP", "end_turn", ""),
    ("eos_token", "end_turn", ""),
    ("length", "max_tokens", ""),
    ("MAX_TOKENS", "max_tokens", ""),
    ("model_length", "context_full", "model_length"),
    ("content_filter", "refusal", ""),
    ("content_filter: RECITATION", "refusal", "content_filter: RECITATION"),
    ("SAFETY", "refusal", "SAFETY"),
    ("insufficient_system_resource", "aborted", "insufficient_system_resource"),
    ("abort", "aborted", "abort"),
    ("error", "aborted", "error"),
    ("MALFORMED_FUNCTION_CALL", "aborted", "MALFORMED_FUNCTION_CALL"),
    ("contextLengthReached", "context_full", "contextLengthReached"),
    ("something_new", "unknown", "something_new"),
    ("tool_calls", "end_turn", ""),
]


@pytest.mark.parametrize(("word", "stop", "shown"), WORDS)
async def test_the_word_that_an_answer_ends_with_says_what_kind_of_end_it_is(
    connect: Connect, word: Any, stop: StopReason, shown: str
) -> None:
    """A5 (hermes-agent#83869): cut, refused and unknown ends are told apart, with the server's own word."""
    wired = await connect("chat")
    done = await wired.ask(answer=chat(chunk({"content": "Well."}), chunk(stop=word)).answer)
    assert (done.finished.stop, done.finished.word) == (stop, shown)
    assert done.message.stop == stop


NOT_YET = ["", "null", None, False]


@pytest.mark.parametrize("word", NOT_YET)
async def test_a_chunk_that_names_no_reason_does_not_end_the_answer(connect: Connect, word: Any) -> None:
    done = await answered(
        connect, chat(chunk({"content": "One "}, word), chunk({"content": "two."}, word), chunk(stop="stop"))
    )
    assert done.text == "One two."


SAME: dict[str, list[Any]] = {
    "in every delta": [
        {"reasoning": "So ", "reasoning_content": "So "},
        {"reasoning": "so.", "reasoning_content": "so."},
    ],
    "in some deltas": [{"reasoning": "So "}, {"reasoning": "so.", "reasoning_content": "so."}],
    "in the next delta": [
        {"reasoning": "So "},
        {"reasoning_content": "So "},
        {"reasoning": "so."},
        {"reasoning_content": "so."},
    ],
    "with details": [
        {"reasoning": "So so.", "reasoning_details": [{"type": "reasoning.text", "text": "So so.", "index": 0}]}
    ],
    "in details alone": [{"reasoning_details": [{"type": "reasoning.text", "text": "So so.", "index": 0}]}],
}


@pytest.mark.parametrize("deltas", SAME.values(), ids=list(SAME))
async def test_reasoning_that_comes_in_two_fields_is_shown_once(connect: Connect, deltas: list[Any]) -> None:
    """A8 (laravel/ai#813)."""
    done = await answered(connect, chat(*map(chunk, deltas), chunk({"content": "Yes."}), chunk(stop="stop")))
    assert done.thought == "So so."
    assert [part for part in done.message.parts if isinstance(part, Reasoning)] == [Reasoning("So so.")]


async def test_what_follows_the_finish_reason_is_shown_and_kept(connect: Connect) -> None:
    """A9."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    script = chat(
        chunk({"content": "One "}, "stop"), chunk({"content": "two."}), {"choices": [], "usage": usage}, done=True
    )
    done = await answered(connect, script)
    assert done.text == "One two."
    assert (done.usage.input, done.usage.output) == (7, 3)
    late = chat(chunk({"content": "Look."}, "stop"), chunk(calls(WHOLE), "tool_calls"))
    done = await answered(connect, late)
    assert done.finished.stop == "tool_use"
    assert called(done) == [("weather", {"city": "Bern"})]


FAILURES: dict[str, tuple[bytes, type[ProviderError]]] = {
    "an object called error": (
        events({"object": "error", "message": "The words.", "type": "rate_limit_error", "code": 429}),
        errors.RateLimited,
    ),
    "an event called error": (b'event: error\ndata: {"message": "The words."}\n\n', errors.ServerFailed),
    "an event called error with words alone": (b"event: error\ndata: The words.\n\n", errors.ServerFailed),
    "a string": (events({"error": "The words."}), errors.ServerFailed),
    "a flag": (events({"error": True, "message": "The words."}), errors.ServerFailed),
    "a code and words": (events({"code": 500, "message": "The words.", "type": "server_error"}), errors.ServerFailed),
    "a detail": (events({"detail": "The words."}), errors.ServerFailed),
    "a list": (events([{"error": {"code": 429, "message": "The words."}}]), errors.RateLimited),
    "a list of errors": (events({"success": False, "errors": [{"message": "The words."}]}), errors.ServerFailed),
    "a type": (
        events({"type": "error", "error": {"type": "overloaded_error", "message": "The words."}}),
        errors.Overloaded,
    ),
    "an error line": (
        b'error: {"code":503,"message":"The words.","type":"unavailable_error"}\n\n',
        errors.Overloaded,
    ),
    "MiniMax": (
        events({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "The words: insufficient balance"}}),
        errors.QuotaExhausted,
    ),
    "a choice": (
        events({"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 429, "message": "The words."}}]}),
        errors.RateLimited,
    ),
}


@pytest.mark.parametrize(("body", "kind"), FAILURES.values(), ids=list(FAILURES))
@pytest.mark.parametrize("before", [b"", events(chunk({"content": "Well"}))], ids=["at-once", "later"])
async def test_an_error_in_a_good_stream_is_told_in_the_servers_words(
    connect: Connect, body: bytes, kind: type[ProviderError], before: bytes
) -> None:
    """A10: vLLM, llama.cpp and others say it each in its own shape."""
    wired = await connect("chat")
    wired.server.answer(Script("chat", before + body).answer)
    outcome = await take(wired.reply())
    assert type(outcome.error) is kind
    assert "The words" in outcome.error.message
    assert outcome.message.text == outcome.shown == ("Well" if before else "")


THOUGHTS: dict[str, tuple[str, str, str]] = {
    "think": ("<think>So so.</think>\n\nYes.", "So so.", "Yes."),
    "thinking": ("<thinking>So so.</thinking>Yes.", "So so.", "Yes."),
    "blanks before": ("\n<think>\nSo so.\n</think>\nYes.", "\nSo so.\n", "Yes."),
    "Mistral": ("[THINK]So so.[/THINK]Yes.", "So so.", "Yes."),
    "gpt-oss": (
        "<|channel|>analysis<|message|>So so.<|end|><|start|>assistant<|channel|>final<|message|>Yes.",
        "So so.",
        "Yes.",
    ),
    "a tag later": ("A tag is <think>so</think> much.", "", "A tag is <think>so</think> much."),
    "almost a tag": ("<thin>so</thin>", "", "<thin>so</thin>"),
    "nothing thought": ("<think>\n\n</think>\n\nYes.", "\n\n", "Yes."),
    "a lone angle": ("<", "", "<"),
    "Gemma": ("<|channel>thought\nSo so.<channel|>Yes.", "\nSo so.", "Yes."),
    "an end alone": ("</think>\n\nYes.", "", "Yes."),
    "a tag in the answer": ("<think>So</think>Use <think> here.", "So", "Use <think> here."),
}


@pytest.mark.parametrize(("text", "thought", "answer"), THOUGHTS.values(), ids=list(THOUGHTS))
@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_thinking_between_tags_at_the_start_is_reasoning(
    connect: Connect, text: str, thought: str, answer: str, size: int
) -> None:
    """A11: shown as reasoning, given back as it came to its issuer, and told to nobody else."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    script = chat(*(chunk({"content": piece}) for piece in pieces), chunk(stop="stop"))
    done = await answered(connect, script)
    assert (done.thought, done.text) == (thought, answer)
    assert done.message.native["content"] == text
    other = await connect("anthropic")
    await other.ask(user("Hello"), done.message, user("Go on."))
    assert not thought.strip() or thought.strip() not in other.last.raw.decode()


async def test_thinking_that_never_ends_is_the_answer_where_there_is_no_other(connect: Connect) -> None:
    """A11: a model that ended by itself has said what it had to say; one that was cut was still thinking."""
    done = await answered(
        connect, chat(chunk({"content": "<think>It is "}), chunk({"content": "four."}), chunk(stop="stop"))
    )
    assert done.text == "It is four."
    wired = await connect("chat")
    done = await wired.ask(answer=chat(chunk({"content": "<think>It is"}), chunk(stop="length")).answer)
    assert (done.text, done.thought, done.finished.stop) == ("", "It is", "max_tokens")


async def test_a_signed_thought_in_pieces_goes_back_as_one(connect: Connect) -> None:
    """A12 (agno#8794): the signature holds for the whole text only."""
    kind = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    sealed = {"type": "reasoning.encrypted", "data": "c2VhbGVk", "id": "rs_1", "index": 1}
    pieces: list[Any] = [{**kind, "text": "Let"}, {**kind, "text": " me see."}, {**kind, "signature": "c2ln"}, sealed]
    script = chat(
        *(chunk({"reasoning_details": [one]}) for one in pieces), chunk({"content": "4."}), chunk(stop="stop")
    )
    wired = await connect("chat")
    model = wired.but(profile=Profile(replay=("reasoning_details",)))
    done = await wired.ask(answer=script.answer, model=model)
    assert done.thought == "Let me see."
    assert done.message.native["reasoning_details"] == [{**kind, "text": "Let me see.", "signature": "c2ln"}, sealed]


BODIES: dict[str, Script] = {
    "lines": Script("chat", raw_lines([chunk({"content": "One "}), chunk({"content": "two."}), chunk(stop="stop")])),
    "lines as ndjson": Script(
        "chat",
        raw_lines([chunk({"content": "One "}), chunk({"content": "two."}), chunk(stop="stop")]),
        content_type="application/x-ndjson",
    ),
    "lines without the last line end": Script(
        "chat", raw_lines([chunk({"content": "One "}), chunk({"content": "two."}), chunk(stop="stop")]).rstrip()
    ),
    "no blank line at the end": Script("chat", events(chunk({"content": "One two."}), chunk(stop="stop")).rstrip()),
    "no blank lines at all": Script(
        "chat",
        events(chunk({"content": "One "}), chunk({"content": "two."}), chunk(stop="stop")).replace(b"\n\n", b"\n"),
    ),
    "a completion as an event": chat(
        {"object": "chat.completion", "choices": [{"message": {"content": "One two."}, "finish_reason": "stop"}]}
    ),
    "a completion as json": Script(
        "chat",
        json.dumps({"choices": [{"message": {"content": "One two."}, "finish_reason": "stop"}]}).encode(),
        content_type=JSON,
    ),
    "delta and message": chat(
        *(
            {"choices": [{"index": 0, "delta": {"content": text}, "message": {"content": text}}]}
            for text in ("One ", "two.")
        ),
        chunk(stop="stop"),
    ),
    "the whole message once more": chat(
        chunk({"content": "One "}),
        chunk({"content": "two."}),
        {"choices": [{"index": 0, "message": {"content": "One two."}, "finish_reason": "stop"}]},
    ),
    "text": chat({"choices": [{"index": 0, "text": "One "}]}, {"choices": [{"text": "two.", "finish_reason": "stop"}]}),
    "a list of pieces": chat(chunk({"content": [{"type": "text", "text": "One "}, "two."]}), chunk(stop="stop")),
    "two choices": chat(
        {"choices": [{"index": 0, "delta": {"content": "One "}}, {"index": 1, "delta": {"content": "Uno "}}]},
        {"choices": [{"index": 1, "delta": {"content": "due."}}, {"index": 0, "delta": {"content": "two."}}]},
        chunk(stop="stop"),
    ),
    "no reason, and [DONE]": chat(chunk({"content": "One two."})),
    "no [DONE]": chat(chunk({"content": "One two."}), chunk(stop="stop"), done=False),
}


@pytest.mark.parametrize("script", BODIES.values(), ids=list(BODIES))
async def test_an_answer_is_read_from_whatever_body_it_comes_in(connect: Connect, script: Script) -> None:
    """A7 and its kind."""
    done = await answered(connect, script)
    assert done.text == "One two."
    assert done.finished.stop == "end_turn"


WRITTEN = [
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Bern"}}\n</tool_call>',
    '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Bern"}}]',
    '<function=weather>{"city": "Bern"}</function>',
    "<|tool_call|>call:weather{city: Bern}",
    '{"name": "weather", "arguments": {"city": "Bern"}}',
    '```json\n{"name": "weather", "parameters": {"city": "Bern"}}\n```',
]


@pytest.mark.parametrize("text", WRITTEN)
async def test_a_call_that_was_written_as_text_is_noticed(connect: Connect, text: str) -> None:
    """A16 (lmstudio-bug-tracker#2115)."""
    wired = await connect("chat")
    for words, tools, noticed in (
        (text, TOOLS, True),
        (text, (), False),
        ("I use `<tool_call>` for weather.", TOOLS, False),
    ):
        request = wired.request(user("Hello"), tools=tools)
        draft = wired.service.draft(request)
        wired.server.answer(chat(chunk({"content": words}), chunk(stop="stop")).answer)
        async for _ in wired.service.stream(wired.service.prepare(request), draft):
            pass
        assert draft.message("complete").text == words
        assert draft.unread_call is noticed


async def test_calls_of_the_strict_server_are_not_noticed_as_text(connect: Connect) -> None:
    wired = await connect("chat")
    done = await wired.ask(answer=text_then({"content": "Look."}, calls(WHOLE)).answer, tools=TOOLS)
    assert isinstance(done.message.parts[0], Text)
    assert Call("weather", {"city": "Bern"}).json == done.message.calls[0].arguments


async def test_a_word_for_the_end_may_be_explained_in_the_catalogue(connect: Connect) -> None:
    """A5: what nobody knows of an endpoint, its profile can say."""
    wired = await connect("chat")
    chunk = {"choices": [{"index": 0, "delta": {"content": "So."}, "finish_reason": "basta"}]}
    raw = b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n"
    assert (await wired.ask(answer=Answer.raw(raw))).finished.stop == "unknown"
    model = wired.but(profile=msgspec.structs.replace(wired.model.profile, stops=("basta=end_turn",)))
    done = await wired.ask(answer=Answer.raw(raw), model=model)
    assert (done.finished.stop, done.finished.word) == ("end_turn", "")
