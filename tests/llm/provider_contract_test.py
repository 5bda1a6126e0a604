"""What every provider's service promises, had with the real SDKs over real sockets."""

import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from modules.errors import DocumentsUnsupported, FormatError, ImagesUnsupported, ProviderError, ToolsUnsupported
from modules.llm import parts
from modules.llm.conversion.replay import documents
from modules.llm.events import StopReason, TextDelta
from modules.llm.message import Message, State, user
from modules.llm.models import Level, Profile
from modules.llm.parts import ToolResult
from tests.conftest import Connect
from tests.harness.cases import CASES, DOCUMENT, NAMES, PICTURE, TOOLS, TWO_CALLS, Case, Step, tool_loop
from tests.wire import Answer, Call, Fault, Reasoning, Refusal, Text, Usage
from tests.wire.facts import Dialect
from tests.wire.rules_common import json_object

every_endpoint = pytest.mark.parametrize("name", NAMES)
every_case = pytest.mark.parametrize("case", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])


@every_endpoint
@every_case
async def test_every_conversation_goes_through_and_comes_back_as_it_was_said(
    connect: Connect, name: Dialect, case: Case
) -> None:
    if name in ("groq", "ollama") and any(step.ask is not None and documents(step.ask) for step in case.steps):
        pytest.skip("no model there reads PDF; that it is refused is a test of its own")
    if name == "gemini" and not all(_is_sayable(step.answer) for step in case.steps):
        pytest.skip("arguments are no text there, so none can be broken")
    wired = await connect(name)
    history = await wired.play(case)
    answers = [message for message in history if message.role == "assistant"]
    for step, message in zip(case.steps, answers, strict=True):
        _as_said(step, message)
    assert [request.broken for request in wired.server.chats] == [[]] * len(case.steps)


def _is_sayable(answer: Answer) -> bool:
    return all(json_object(part.json) for part in answer.parts if isinstance(part, Call))


def _as_said(step: Step, message: Message) -> None:
    words = "".join(part.whole for part in step.answer.parts if isinstance(part, Text))
    calls = [(part.name, part.json) for part in step.answer.parts if isinstance(part, Call)]
    assert message.text.strip() == words.strip()
    assert [(call.name, _spelled(call.arguments or "{}")) for call in message.calls] == [
        (call, _spelled(arguments)) for call, arguments in calls
    ]
    assert message.stop == step.stop
    assert message.state == "complete"


def _spelled(arguments: str) -> str:
    """The arguments with no letter escaped, as they are where a provider sends them as an object."""
    try:
        return json.dumps(json.loads(arguments, parse_constant=float), ensure_ascii=False)
    except ValueError:
        return arguments


THOUGHT = "a thought of its own"
TOLD = Case(
    tool_loop(Reasoning(THOUGHT), "Let me look.", *TWO_CALLS, then=Answer(Reasoning(THOUGHT), "Noon.")), tools=TOOLS
)
MORE = Case(tool_loop(Reasoning("another mind"), "I look too.", *TWO_CALLS), tools=TOOLS)


@pytest.mark.parametrize("to", NAMES)
@pytest.mark.parametrize("origin", NAMES)
async def test_what_one_provider_began_another_goes_on_with(connect: Connect, origin: Dialect, to: Dialect) -> None:
    first, second = await connect(origin), await connect(to)
    history = await first.play(TOLD)
    native_ids = [call.native_id for message in history for call in message.calls]
    before = first.last.body
    history = await second.play(MORE, history)
    for request in second.server.chats:
        sent = request.raw.decode()
        assert THOUGHT not in sent
        assert not any(native_id in sent for native_id in native_ids)
        assert "Let me look." in sent
        assert "12 degrees" in sent
    history = await first.play(MORE, history)
    assert _turns(first.last.body)[: len(_turns(before))] == _turns(before)
    assert not any(request.broken for request in (*first.server.chats, *second.server.chats))


@every_endpoint
async def test_a_conversation_goes_round_all_of_them_with_open_calls_on_the_way(
    connect: Connect, name: Dialect
) -> None:
    start = NAMES.index(name)
    everyone = [await connect(at) for at in (*NAMES[start:], *NAMES[:start])]
    history: list[Message] = []
    for asker, answerer in zip(everyone, [*everyone[1:], everyone[0]], strict=True):
        history.append(user("How warm is it?"))
        asked = await asker.ask(*history, answer=Answer(Reasoning("Hm."), *TWO_CALLS), tools=TOOLS)
        history += [asked.message, TOLD.answered(asked.message.calls)]
        told = await answerer.ask(*history, answer=Answer(Reasoning("Ah."), "Noon."), tools=TOOLS)
        history.append(told.message)
    assert not any(request.broken for wired in everyone for request in wired.server.chats)


@every_endpoint
async def test_reasoning_goes_back_to_the_one_who_made_it(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    first = await wired.ask(user("Why?"), answer=Answer(Reasoning(THOUGHT), "Because."))
    assert first.thought == THOUGHT
    assert [part.text for part in first.message.parts if isinstance(part, parts.Reasoning)] == [THOUGHT]
    await wired.ask(user("Why?"), first.message, user("Really?"))
    assert THOUGHT in wired.last.raw.decode()


RAW: dict[Dialect, tuple[list[str], str]] = {
    "anthropic": (
        [
            '{"type":"message_start","message":{"model":"m","usage":{"input_tokens":1}}}',
            '{"type":"content_block_start","index":0,"content_block":{"zzz":{"b":1.0,"a":null},"type":"thinking",'
            '"signature":"","thinking":""}}',
            '{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"so "}}',
            '{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"so"}}',
            '{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}',
            '{"type":"content_block_stop","index":0}',
            '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","caller":{"type":"direct"},'
            '"id":"toolu_1","name":"clock","input":{}}}',
            '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}',
            '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"b\\":1.0,"}}',
            '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":" \\"a\\":2}"}}',
            '{"type":"content_block_stop","index":1}',
            '{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}}',
            '{"type":"message_stop"}',
        ],
        '{"role":"assistant","content":[{"zzz":{"b":1.0,"a":null},"type":"thinking","signature":"c2ln",'
        '"thinking":"so so"},{"type":"tool_use","caller":{"type":"direct"},"id":"toolu_1","name":"clock",'
        '"input":{"b":1.0,"a":2}}]}',
    ),
    "openai": (
        [
            '{"type":"response.output_item.done","output_index":0,"item":{"zzz":{"b":1.0,"a":null},"id":"rs_1",'
            '"type":"reasoning","summary":[],"encrypted_content":"ZW5j"}}',
            '{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"fc_1",'
            '"call_id":"call_1","arguments":"{\\"b\\": 1.0,\\"a\\":2 }","name":"clock","status":"completed"}}',
            '{"type":"response.completed","response":{"status":"completed","model":"m"}}',
        ],
        '{"zzz":{"b":1.0,"a":null},"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"ZW5j"},'
        '{"type":"function_call","id":"fc_1","call_id":"call_1","arguments":"{\\"b\\": 1.0,\\"a\\":2 }","name":"clock",'
        '"status":"completed"}',
    ),
    "groq": (
        [
            '{"choices":[{"delta":{"role":"assistant","reasoning":"so so"}}]}',
            '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"fc_1","type":"function","function":{"name":"clock",'
            '"arguments":"{\\"b\\": 1.0,\\"a\\":2 }"}}]}}]}',
            '{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}',
        ],
        '{"role":"assistant","content":null,"reasoning":"so so","tool_calls":[{"id":"fc_1","type":"function",'
        '"function":{"name":"clock","arguments":"{\\"b\\": 1.0,\\"a\\":2 }"}}]}',
    ),
    "gemini": (
        [
            '{"candidates":[{"content":{"parts":[{"text":"so ","thought":true}],"role":"model"},"index":0}]}',
            '{"candidates":[{"content":{"parts":[{"text":"so","thought":true}],"role":"model"},"index":0}]}',
            '{"candidates":[{"content":{"parts":[{"text":"Lo"}],"role":"model"},"index":0}],"modelVersion":"m"}',
            '{"candidates":[{"content":{"parts":[{"text":"ok."}],"role":"model"},"index":0}],"modelVersion":"m"}',
            '{"candidates":[{"content":{"parts":[{"zzz":{"b":1.0,"a":null},"functionCall":{"name":"clock","args":'
            '{"b":1.0,"a":2}},"thoughtSignature":"c2ln"}],"role":"model"},"index":0}]}',
            '{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"ZW5k"}],"role":"model"},'
            '"finishReason":"STOP","index":0}]}',
        ],
        '{"role":"model","parts":[{"text":"so so","thought":true},{"text":"Look."},{"zzz":{"b":1.0,"a":null},'
        '"functionCall":{"name":"clock","args":{"b":1.0,"a":2}},"thoughtSignature":"c2ln"},{"text":"",'
        '"thoughtSignature":"ZW5k"}]},{"role":"user","parts":[{"functionResponse":{"name":"clock",',
    ),
    "chat": (
        [
            '{"choices":[{"delta":{"role":"assistant","content":"Look."}}]}',
            '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","type":"function","extra_content":{"google":'
            '{"thought_signature":"c2ln","n":1.0}},"function":{"name":"clock","arguments":"{\\"b\\": 1.0,"}}]}}]}',
            '{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\\"a\\":2 }"}}]}}]}',
            '{"choices":[{"delta":{},"finish_reason":"stop"}]}',
        ],
        '{"role":"assistant","content":"Look.","tool_calls":[{"id":"x","type":"function","function":{"name":"clock",'
        '"arguments":"{\\"b\\": 1.0,\\"a\\":2 }"},"extra_content":{"google":{"thought_signature":"c2ln","n":1.0}}}]}',
    ),
    "ollama": (
        [
            '{"model":"m","message":{"role":"assistant","content":"","thinking":"so "},"done":false}',
            '{"model":"m","message":{"role":"assistant","content":"Look.","thinking":"so"},"done":false}',
            '{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"zzz":null,"id":"call_x","function":'
            '{"index":0,"name":"clock","arguments":{"b":1.0,"a":2}}}]},"done":false}',
            '{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}',
        ],
        '{"role":"assistant","content":"Look.","thinking":"so so","tool_calls":[{"zzz":null,"id":"call_x","function":'
        '{"index":0,"name":"clock","arguments":{"b":1.0,"a":2}}}]}',
    ),
}


@every_endpoint
async def test_a_turn_goes_back_letter_by_letter_with_what_nobody_here_understands(
    connect: Connect, name: Dialect
) -> None:
    events, expected = RAW[name]
    wired = await connect(name, rules=False)
    stream = "".join(f"data: {event}\n\n" for event in events).encode()
    first = await wired.ask(user("Late?"), answer=Answer.raw(stream), tools=TOOLS)
    assert first.finished.stop == "tool_use"
    assert [call.parsed() for call in first.message.calls] == [{"b": 1.0, "a": 2}]
    await wired.ask(user("Late?"), first.message, TOLD.answered(first.message.calls), tools=TOOLS)
    assert expected in json.dumps(wired.last.body, separators=(",", ":"))


@every_endpoint
async def test_every_request_extends_the_one_before_it(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    await wired.play(MORE, await wired.play(TOLD))
    bodies = [request.body for request in wired.server.chats]
    for shorter, longer in pairwise(bodies):
        assert _turns(longer)[: len(_turns(shorter))] == _turns(shorter)


def _turns(body: Any) -> list[str]:
    """The history in a request, entry by entry, as it was written."""
    return [json.dumps(entry) for entry in body.get("messages") or body.get("input") or body["contents"]]


@every_endpoint
async def test_a_model_without_tools_reads_what_the_tools_did(connect: Connect, name: Dialect) -> None:
    wired, other = await connect(name), await connect("chat")
    history = await wired.play(TOLD)
    history += await other.play(MORE)
    done = await wired.ask(*history, user("So?"), model=wired.but(tools=False))
    sent = wired.last.raw.decode()
    assert done.text
    assert "tools" not in wired.last.body
    assert "[called weather(" in sent
    assert "[result of weather] 12 degrees" in sent
    assert "tool_call" not in sent
    assert "function_call" not in sent
    assert "functionCall" not in sent
    await wired.ask(*history, user("And now?"), tools=TOOLS)
    assert "[called" not in wired.last.raw.decode()


@every_endpoint
async def test_a_model_that_sees_nothing_is_told_what_it_misses_and_the_next_one_sees_it(
    connect: Connect, name: Dialect
) -> None:
    wired = await connect(name)
    pictures = replace(TOLD, results=[(parts.Text("see"), PICTURE)])
    history = await wired.play(pictures, [user("Look.", PICTURE, DOCUMENT)])
    blind = wired.but(name="blind", vision=False, documents=False)
    await wired.ask(*history, user("So?"), model=blind, tools=TOOLS)
    sent = wired.last.raw.decode()
    assert PICTURE.base64 not in sent
    assert DOCUMENT.base64 not in sent
    assert "[image: red.png, left out: blind takes no images]" in sent
    assert "[file: terms.pdf, left out: blind takes no documents]" in sent
    await wired.ask(*history, user("So?"), tools=TOOLS)
    assert wired.last.raw.decode().count(PICTURE.base64) == 3
    assert wired.last.broken == []


@every_endpoint
async def test_what_a_model_cannot_take_is_refused_before_anything_is_sent(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    with pytest.raises(ImagesUnsupported):
        wired.reply(user("Look.", PICTURE), model=wired.but(vision=False))
    with pytest.raises(DocumentsUnsupported):  # B8
        wired.reply(user("Sum it up.", DOCUMENT), model=wired.but(documents=False))
    with pytest.raises(ToolsUnsupported):
        wired.reply(user("Look."), model=wired.but(tools=False), tools=TOOLS)
    told = Message("assistant", (parts.Text("Hello."),))
    orphan = Message("tool", (ToolResult("call_gone", (parts.Text("12"),)),))
    for nothing in ([told], [user(" \n")], [user("Hi"), told, user("")], [user("Hi"), told, orphan], [user()]):
        with pytest.raises(FormatError):
            wired.reply(*nothing)
    assert wired.server.requests == []


@every_endpoint
@pytest.mark.parametrize("state", ["interrupted", "incomplete"])
@pytest.mark.parametrize("cut", [("thinking", 6), ("text", 14), ("call", 24), ("almost", -1)], ids=lambda cut: cut[0])
async def test_after_a_cut_answer_every_provider_goes_on(
    connect: Connect, name: Dialect, state: State, cut: tuple[str, int]
) -> None:
    wired = await connect(name)
    parts = (Reasoning("one two three four five six"), "seven eight nine ten eleven", *TWO_CALLS)
    nearly_all = {"anthropic": 35, "openai": 46, "groq": 17, "chat": 28, "gemini": 13, "ollama": 13}
    after = cut[1] if cut[1] > 0 else nearly_all[name]
    wired.server.answer(Answer(*parts, fault=Fault.clean_end(after=after)))
    reply = wired.reply(user("Count."), tools=TOOLS)
    shown = ""
    with suppress(ProviderError):
        async for event in reply:
            shown += event.text if isinstance(event, TextDelta) else ""
    message = reply.message(state)
    assert message.text == shown
    assert message.state == state
    assert message.calls == ()
    for at in NAMES:
        other = wired if at == name else await connect(at)
        await other.ask(user("Count."), message, user("Go on."), tools=TOOLS)
        sent = other.last.raw.decode()
        assert shown in sent
        assert ("it is not complete" in sent) is bool(shown)
        assert other.last.broken == []


@every_endpoint
async def test_calls_that_never_got_a_result_are_closed_for_everyone(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    asked = await wired.ask(answer=Answer("Let me look.", *TWO_CALLS), tools=TOOLS)
    first = asked.message.calls[0]
    half = Message("tool", (ToolResult(first.id, (parts.Text("12 degrees"),)),))
    for at in NAMES:
        other = wired if at == name else await connect(at)
        for left in ([half], []):
            await other.ask(user("Hello"), asked.message, *left, user("Never mind."), tools=TOOLS)
            assert "Interrupted by the user" in other.last.raw.decode()
            assert other.last.broken == []


REFUSALS: dict[Dialect, Answer] = {
    "anthropic": Answer("I", stop="refusal"),
    "openai": Answer(Refusal("I will not.")),
    "groq": Answer("I", stop="refusal"),
    "chat": Answer(Refusal("I will not.")),
    "gemini": Answer("I", stop="refusal"),
    "ollama": Answer("I", stop="refusal"),
}


@every_endpoint
async def test_a_refused_answer_is_shown_and_never_sent_again(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    done = await wired.ask(user("Harm"), answer=REFUSALS[name])
    assert done.text.startswith("I")
    assert (done.finished.stop, done.message.state) == ("refusal", "refused")
    for at in NAMES:
        other = wired if at == name else await connect(at)
        await other.ask(user("Harm"), done.message, user("Be kind."))
        assert "I will not." not in other.last.raw.decode()
        assert other.last.broken == []


STOPS: list[tuple[Dialect, str, StopReason]] = [
    ("anthropic", "stop_sequence", "end_turn"),
    ("anthropic", "pause_turn", "paused"),
    ("anthropic", "model_context_window_exceeded", "context_full"),
    ("anthropic", "something_new", "unknown"),
    ("openai", "content_filter", "refusal"),
    ("openai", "max_tokens", "max_tokens"),
    ("groq", "max_tokens", "max_tokens"),
    ("chat", "content_filter", "refusal"),
    ("chat", "eos", "end_turn"),
    ("chat", "something_new", "unknown"),
    ("gemini", "STOP", "end_turn"),
    ("gemini", "MAX_TOKENS", "max_tokens"),
    ("gemini", "CONTINUATION", "max_tokens"),
    ("gemini", "SAFETY", "refusal"),
    ("gemini", "RECITATION", "refusal"),
    ("gemini", "BLOCKLIST", "refusal"),
    ("gemini", "PROHIBITED_CONTENT", "refusal"),
    ("gemini", "SPII", "refusal"),
    ("gemini", "LANGUAGE", "refusal"),
    ("gemini", "ESCALATION", "refusal"),
    ("gemini", "OTHER", "unknown"),
    ("gemini", "MALFORMED_FUNCTION_CALL", "aborted"),
    ("gemini", "UNEXPECTED_TOOL_CALL", "aborted"),
    ("gemini", "MISSING_THOUGHT_SIGNATURE", "aborted"),
    ("ollama", "max_tokens", "max_tokens"),
    ("ollama", "unload", "aborted"),
    ("ollama", "something_new", "unknown"),
]


@pytest.mark.parametrize(("name", "stop", "understood"), STOPS)
async def test_every_reason_to_stop_has_a_name(
    connect: Connect, name: Dialect, stop: str, understood: StopReason
) -> None:
    done = await (await connect(name)).ask(answer=Answer("Well.", stop=stop))
    assert done.finished.stop == done.message.stop == understood


@every_endpoint
async def test_calls_in_an_answer_that_the_limit_cut_cannot_break_the_next_request(
    connect: Connect, name: Dialect
) -> None:
    wired = await connect(name)
    for cut in (
        [Reasoning("Hm.")],
        [Reasoning("Hm."), "So"],
        ["So", Call("weather", '{"city": "Zü')],
        [*TWO_CALLS],
    ):
        done = await wired.ask(answer=Answer(*cut, stop="max_tokens"), tools=TOOLS)
        assert done.finished.stop == "max_tokens"
        for at in NAMES:
            other = wired if at == name else await connect(at)
            await other.ask(user("Hello"), done.message, user("Go on."), tools=TOOLS)
            assert other.last.broken == []


@every_endpoint
async def test_usage_counts_what_the_cache_served_as_read(connect: Connect, name: Dialect) -> None:
    counted = Usage(100, 20, cache_read=900, cache_write=50, reasoning=7)
    done = await (await connect(name)).ask(answer=Answer("Hi.", usage=counted))
    written = 50 if name in ("anthropic", "openai") else 0
    apart = (0, 0, 0) if name == "ollama" else (900, written, 7)  # which tells no more than the sums
    assert (done.usage.input, done.usage.output) == (1050, 20)
    assert (done.usage.cache_read, done.usage.cache_write, done.usage.reasoning) == apart
    assert done.message.usage == done.usage


@every_endpoint
async def test_the_model_that_answered_is_the_one_that_the_server_names(connect: Connect, name: Dialect) -> None:
    done = await (await connect(name)).ask(answer=Answer("Hi.", model="another-model-0815"))
    assert done.finished.model == "another-model-0815"
    assert done.message.origin is not None
    assert done.message.origin.model == "another-model-0815"


def _effort(body: dict[str, Any]) -> Any:
    level = body.get("generationConfig", {}).get("thinkingConfig", {}).get("thinkingLevel") or body.get("think")
    places = (body.get("output_config"), body.get("reasoning"), {"effort": body.get("reasoning_effort") or level})
    return next((place["effort"] for place in places if place and place.get("effort")), None)


@every_endpoint
@pytest.mark.parametrize("level", ["low", "medium", "high", None, "minimal", "none"])
async def test_a_reasoning_level_is_asked_for_where_the_model_has_it(
    connect: Connect, name: Dialect, level: Level | None
) -> None:
    wired = await connect(name)
    await wired.ask(reasoning=level)
    assert _effort(wired.last.body) == (level if level in wired.model.reasoning else None)
    assert "disabled" not in wired.last.raw.decode()


async def test_a_claude_that_can_stop_thinking_does_when_asked(connect: Connect) -> None:
    wired = await connect("anthropic")
    model = wired.but(id="claude-haiku-5-5", reasoning=("none", "low"))
    done = await wired.ask(answer=Answer(Reasoning("Hm."), "Yes."), reasoning="none", model=model)
    assert wired.last.body["thinking"] == {"type": "disabled"}
    assert done.thought == ""


async def test_a_claude_with_a_budget_thinks_unless_another_began_the_loop(connect: Connect) -> None:
    wired, other = await connect("anthropic"), await connect("openai")
    model = wired.but(id="claude-haiku-4-5", profile=Profile(thinking="manual"))
    history = [user("How warm is it?")]
    asked = await wired.ask(
        *history, answer=Answer(Reasoning("Hm."), *TWO_CALLS), model=model, reasoning="high", tools=TOOLS
    )
    assert wired.last.body["thinking"]["budget_tokens"] < wired.last.body["max_tokens"]
    assert asked.thought == "Hm."
    await wired.ask(
        *history, asked.message, TOLD.answered(asked.message.calls), model=model, reasoning="high", tools=TOOLS
    )
    assert wired.last.body["thinking"]["type"] == "enabled"
    asked = await other.ask(*history, answer=Answer(*TWO_CALLS), tools=TOOLS)
    await wired.ask(
        *history, asked.message, TOLD.answered(asked.message.calls), model=model, reasoning="high", tools=TOOLS
    )
    assert "thinking" not in wired.last.body


@every_endpoint
async def test_halves_of_a_character_in_two_deltas_are_joined(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    halves = ["a\ud83c", "\udf89b"]
    answer = Answer(Text(deltas=halves), Call("weather", '{"city": "\ud83c\udf89"}', deltas=13))
    done = await wired.ask(answer=answer, tools=TOOLS)
    assert done.text == done.message.text == "a🎉b"
    assert done.message.calls[0].parsed() == {"city": "🎉"}
    history = [user("Hello"), done.message, TOLD.answered(done.message.calls)]
    assert (await wired.ask(*history, tools=TOOLS)).text
    assert "🎉" in json.dumps(wired.last.body, ensure_ascii=False)


@every_endpoint
async def test_a_half_that_stays_alone_breaks_nothing(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    done = await wired.ask(answer=Answer(Text(deltas=["a\ud83c", "b", "\udf89", "c\ud83c"])))
    done.message.text.encode()
    done.text.encode()
    assert (await wired.ask(user("Hello"), done.message, user("Again"))).text


@every_endpoint
async def test_tools_and_instructions_may_change_in_the_middle(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    history = [*await wired.play(TOLD), user("So?")]
    for changed in ({"tools": TOOLS[:1]}, {"tools": ()}, {"tools": TOOLS, "system": "Be brief."}):
        assert (await wired.ask(*history, **changed)).text


SIBLINGS: dict[Dialect, dict[str, Any]] = {
    "anthropic": {"id": "claude-haiku-4-5", "profile": Profile(thinking="manual")},
    "openai": {"id": "gpt-4.1", "reasoning": ()},
    "groq": {"id": "llama-3.3-70b-versatile", "reasoning": (), "profile": Profile(), "vision": False},
    "chat": {"id": "plain", "reasoning": (), "profile": Profile()},
    "gemini": {"id": "gemini-2.5-flash", "reasoning": ("low",), "profile": Profile(thinking="budget")},
    "ollama": {"id": "llama3.2", "reasoning": (), "vision": False},
}


@every_endpoint
async def test_a_sibling_at_the_same_provider_goes_on(connect: Connect, name: Dialect) -> None:
    wired = await connect(name)
    history = await wired.play(TOLD)
    sibling = wired.but(**SIBLINGS[name])
    done = await wired.ask(*history, user("So?"), model=sibling, tools=TOOLS, answer=Answer(*TWO_CALLS))
    assert (THOUGHT in wired.last.raw.decode()) is (name in ("anthropic", "gemini"))
    history += [user("So?"), done.message, TOLD.answered(done.message.calls)]
    assert (await wired.ask(*history, tools=TOOLS)).text
    assert not any(request.broken for request in wired.server.chats)


@every_endpoint
async def test_a_server_without_keys_is_sent_none(connect: Connect, name: Dialect) -> None:
    wired = await connect(name, key=None)
    assert (await wired.ask()).text
    await wired.service.models()
    keys = {"authorization", "x-api-key", "x-goog-api-key"}
    assert not any(keys & request.headers.keys() for request in wired.server.requests)


@pytest.mark.parametrize("name", ["anthropic", "openai", "gemini"])
async def test_reasoning_that_the_provider_disowns_is_left_out_and_the_conversation_goes_on(
    connect: Connect, name: Dialect
) -> None:
    wired, account = await connect(name), await connect(name, issuer="another account")
    history = await account.play(TOLD)
    issuer = wired.model.issuer
    history = [replace_origin(message, issuer) for message in history]
    done = await wired.ask(*history, user("So?"), tools=TOOLS)
    assert done.text
    assert wired.server.chats[0].broken
    assert THOUGHT not in wired.last.raw.decode()
    assert "weather" in wired.last.raw.decode()


def replace_origin(message: Message, issuer: str) -> Message:
    """The same message as if it had been made there."""
    origin = message.origin
    return msgspec.structs.replace(message, origin=origin and msgspec.structs.replace(origin, issuer=issuer))


@every_endpoint
async def test_the_models_that_an_endpoint_names_can_be_listed(connect: Connect, name: Dialect) -> None:
    wired = await connect(name, models=["first-model", "second-model"])
    models = list(await wired.service.models())
    assert [model.id for model in models] == ["first-model", "second-model"]
    assert {model.known for model in models} == {name == "ollama"}  # which tells what each of them can
