"""Scenarios of tool calls: every call has its one result, at once and in order, whatever ids and names it came with."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from modules.errors import ProviderError
from modules.llm.message import INTERRUPTED_CALL, Message
from modules.llm.models import Profile
from modules.llm.parts import Text, ToolCall, ToolResult, mint_call_id
from tests.harness.cases import NAMES, PICTURE, TOOLS, TWO_CALLS
from tests.harness.conversation_machine import MODELS
from tests.harness.many_providers import GROQ, MISTRAL, STRICT, Stage
from tests.harness.transformer_harness import FOUR, Dry, extends, model_at
from tests.wire import Answer, Call, Fault, Reasoning, Status
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)
NOON = (Text("noon"),)


def asked(name: Dialect, *parts: Any) -> tuple[Dry, Message]:
    """A question, and an answer with these parts."""
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("How late?")
    return dry, dry.answer(*parts)


def sound_everywhere(dry: Dry) -> None:
    for model in (dry.model, *FOUR.values(), *MODELS.values()):
        assert dry.broken(model) == [], model.full_name


def results_in(entries: list[Any]) -> list[tuple[str, str]]:
    """Id and text of each result in a request, in order."""
    found = []
    for entry in entries:
        blocks = entry.get("content") if isinstance(entry.get("content"), list) else []
        found += [(b["tool_use_id"], json.dumps(b.get("content"))) for b in blocks if b.get("type") == "tool_result"]
        if entry.get("type") == "function_call_output":
            found.append((entry["call_id"], json.dumps(entry["output"])))
        if entry.get("role") == "tool":
            found.append((entry["tool_call_id"], json.dumps(entry["content"])))
        told = [part["functionResponse"] for part in entry.get("parts", ()) if "functionResponse" in part]
        found += [(one["id"], json.dumps(one["response"])) for one in told]
    return found


@every_endpoint
def test_T35_a_call_that_was_interrupted_is_closed_before_the_person_speaks(name: Dialect) -> None:
    dry, message = asked(name, TWO_CALLS[1])
    dry.tell()
    dry.say("Never mind.")
    for model in FOUR.values():
        ((_, told),) = results_in(dry.entries(model))
        assert INTERRUPTED_CALL in told
    sound_everywhere(dry)
    assert message.calls


@every_endpoint
def test_T35_a_call_that_nothing_closed_is_closed_on_the_way(name: Dialect) -> None:
    dry, _ = asked(name, TWO_CALLS[1])
    dry.say("Never mind.")
    assert INTERRUPTED_CALL in json.dumps(dry.entries())
    sound_everywhere(dry)


@every_endpoint
def test_T36_one_result_of_three_is_told_and_the_others_are_said_to_be_interrupted(name: Dialect) -> None:
    dry, message = asked(name, Call("clock"), Call("weather", {"city": "Z"}), Call("clock"))
    dry.tell(ToolResult(message.calls[1].id, NOON))
    dry.say("Never mind.")
    for model in FOUR.values():
        told = [text for _, text in results_in(dry.entries(model))]
        assert [INTERRUPTED_CALL in text for text in told] == [True, False, True]
    sound_everywhere(dry)


@every_endpoint
@pytest.mark.parametrize("events", [4, 6, 8, 10])
def test_T37_a_call_that_was_cut_is_dropped_and_the_text_stays(name: Dialect, events: int) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("How late?")
    message = dry.answer("Let me look.", Call("weather", {"city": "Z"}), state="incomplete", events=events)
    assert message.calls == ()
    dry.say("Go on.")
    assert not results_in(dry.entries())
    assert message.text in json.dumps(dry.entries())
    sound_everywhere(dry)


@every_endpoint
def test_T38_a_result_of_no_call_is_dropped(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.turn("Hello")
    dry.conversation.append(Message("tool", (ToolResult(mint_call_id(), (Text("orphan"),)),)))
    dry.say("Go on.")
    assert "orphan" not in json.dumps(dry.entries())
    sound_everywhere(dry)


@every_endpoint
def test_T39_of_two_results_of_one_call_the_first_is_told(name: Dialect) -> None:
    dry, message = asked(name, TWO_CALLS[1])
    call = message.calls[0]
    double = (ToolResult(call.id, (Text("first"),)), ToolResult(call.id, (Text("second"),)))
    dry.conversation.append(Message("tool", double))
    for model in FOUR.values():
        ((_, told),) = results_in(dry.entries(model))
        assert "first" in told
        assert "second" not in told
    sound_everywhere(dry)


@every_endpoint
def test_T40_a_result_that_comes_after_the_person_went_on_is_too_late(name: Dialect) -> None:
    dry, message = asked(name, TWO_CALLS[1])
    dry.say("Never mind.")
    dry.answer("Fine.")
    dry.conversation.append(Message("tool", (ToolResult(message.calls[0].id, (Text("too late"),)),)))
    dry.say("Go on.")
    assert "too late" not in json.dumps(dry.entries())
    assert INTERRUPTED_CALL in json.dumps(dry.entries())
    sound_everywhere(dry)


@every_endpoint
def test_T41_results_stand_before_what_was_typed_while_the_tools_ran(name: Dialect) -> None:
    dry, message = asked(name, TWO_CALLS[1])
    dry.tell(ToolResult(message.calls[0].id, NOON))
    dry.say("Typed in between.")
    for model in FOUR.values():
        text = json.dumps(dry.entries(model))
        assert text.index("noon") < text.index("Typed in between.")
    sound_everywhere(dry)


@every_endpoint
def test_T42_instructions_in_a_tool_loop_stand_after_the_results(name: Dialect) -> None:
    dry, message = asked(name, TWO_CALLS[1])
    dry.conversation.instruct("Be long.")
    dry.conversation.append(Message("tool", (ToolResult(message.calls[0].id, NOON),)))
    sound_everywhere(dry)
    dry.answer("Noon.")
    dry.say("And now?")
    for model in FOUR.values():
        text = json.dumps(dry.entries(model))
        assert text.count("Be long.") == 1
        assert text.index("noon") < text.index("Be long.")
    sound_everywhere(dry)


@every_endpoint
def test_T43_a_call_in_an_answer_that_the_limit_cut_is_closed_or_gone(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("How late?")
    whole = dry.answer("Let me look.", Call("weather", {"city": "Z"}), stop="max_tokens")
    dry.say("Go on.")
    sound_everywhere(dry)
    broken = dry.answer("Again.", Call("weather", '{"city": "Z'), stop="max_tokens")
    assert broken.calls == ()
    dry.say("Go on.")
    sound_everywhere(dry)
    assert whole.stop == "max_tokens"


@pytest.mark.parametrize("name", ["groq", "chat"])
def test_T44_what_is_there_decides_and_not_the_word_it_ended_with(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("How late?")
    assert dry.answer(TWO_CALLS[1], stop="end_turn").stop == "tool_use"
    dry.tell()
    assert dry.answer("Noon.", stop="tool_use").calls == ()
    dry.say("Go on.")
    sound_everywhere(dry)


def test_T45_nothing_stands_after_the_last_call_for_claude() -> None:
    for name in NAMES:
        dry, message = asked(name, Reasoning("one"), "Before.", TWO_CALLS[1], Reasoning("two"), "After.", TWO_CALLS[0])
        dry.tell(*(ToolResult(call.id, NOON) for call in message.calls))
        sound_everywhere(dry)
        dry, message = asked(name, TWO_CALLS[1], "After.")
        dry.tell(*(ToolResult(call.id, NOON) for call in message.calls))
        sound_everywhere(dry)
        assert "After." in json.dumps(dry.entries(FOUR["anthropic"]))


@every_endpoint
def test_T46_ids_that_begin_anew_with_every_answer_stay_apart(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    for number in range(4):
        dry.say(f"{number}?")
        twice = [Call("clock", id="call_0"), Call("clock", id="call_0" if number == 2 else "call_1")]
        message = dry.answer(Reasoning("Hm."), *twice)
        dry.tell(*(ToolResult(call.id, (Text(f"result {number} {at}"),)) for at, call in enumerate(message.calls)))
        dry.answer("So.")
    dry.say("Go on.")
    for model in FOUR.values():
        told = results_in(dry.entries(model))
        assert [text.strip('"[]{} ') for _, text in told if "result" in text] != []
        assert len(told) == 8
        assert len({id for id, _ in told}) == 8
    sound_everywhere(dry)


@pytest.mark.parametrize("id", ["functions.ls:0", "call|1", "a b", "ü", "x" * 40])
def test_T47_a_foreign_id_in_letters_of_its_own_is_never_seen_elsewhere(id: str) -> None:
    dry, message = asked("chat", Call("clock", id=id))
    dry.tell(ToolResult(message.calls[0].id, NOON))
    for name in ("anthropic", "openai", "groq"):
        assert json.dumps(id)[1:-1] not in json.dumps(dry.entries(FOUR[name]))
    sound_everywhere(dry)


def test_T48_a_very_long_id_goes_home_alone() -> None:
    dry, message = asked("openai", Call("clock", id="c" * 64))
    dry.tell(ToolResult(message.calls[0].id, NOON))
    for model in MODELS.values():
        if model.provider.dialect != "openai-responses":
            assert "c" * 64 not in json.dumps(dry.entries(model))
    first = dry.entries(FOUR["chat"])
    assert dry.entries(FOUR["chat"]) == first
    sound_everywhere(dry)


async def test_T49_mistral_gets_nine_letters_and_digits_for_each_of_200_calls() -> None:
    async with Stage() as stage:
        m, g = stage.add("M", "chat", profile=MISTRAL), stage.add("G", "groq", profile=GROQ)
        for _ in range(20):
            message = await stage.say(g, "How late?", Answer(*[Call("clock")] * 10))
            await stage.tell(g, *[NOON] * len(message.calls))
        await stage.say(m, "So?")
        ids = [call["id"] for entry in stage.entries(m) for call in entry.get("tool_calls", ())]
        assert len(set(ids)) == 200
        assert all(len(id) == 9 and id.isalnum() and id.isascii() for id in ids)
        assert [id for id, _ in results_in(stage.entries(m))] == ids
        own = await stage.say(m, "How late?", Answer(TWO_CALLS[1]))
        await stage.tell(m, NOON)
        assert results_in(stage.entries(m))[-1][0] == own.calls[0].native_id
        assert stage.extends(m)


def test_T50_two_ids_that_begin_alike_stay_two() -> None:
    dry, message = asked("chat", Call("clock", id="call_A|first"), Call("clock", id="call_A|second"))
    dry.tell(*(ToolResult(call.id, (Text(text),)) for call, text in zip(message.calls, ("1st", "2nd"), strict=True)))
    for model in FOUR.values():
        told = results_in(dry.entries(model))
        assert len({id for id, _ in told}) == 2
        assert ["1st" in told[0][1], "2nd" in told[1][1]] == [True, True]
    sound_everywhere(dry)


async def test_T51_kimi_has_its_own_ids_back() -> None:
    async with Stage() as stage:
        k, a = stage.add("K", "chat"), stage.add("A", "anthropic")
        await stage.say(k, "How late?", Answer(Call("clock", id="functions.clock:0")))
        await stage.tell(k, NOON)
        await stage.say(a, "Sure?", Answer(TWO_CALLS[1]))
        await stage.tell(a, NOON)
        await stage.say(k, "And you?")
        assert results_in(stage.entries(k))[0][0] == "functions.clock:0"
        assert "functions.clock:0" not in stage.last(a)
        assert stage.extends(k)


@every_endpoint
@pytest.mark.parametrize("bad", ["", "a\x00b", "n" * 9654, "a b", "ls.files", "ü"])
def test_T52_a_name_that_no_tool_can_have_does_not_end_the_conversation(name: Dialect, bad: str) -> None:
    dry, message = asked(name, Call(bad, {"v": 1}), Call("clock", id=" "))
    assert len(message.calls) == 2
    dry.tell(*(ToolResult(call.id, NOON) for call in message.calls))
    sound_everywhere(dry)
    dry.answer("Noon.")
    dry.say("Go on.")
    sound_everywhere(dry)


@every_endpoint
def test_T53_a_tool_of_the_longest_name_goes_everywhere(name: Dialect) -> None:
    longest = replace_name(TOOLS[0], "n" * 64)
    dry = Dry(FOUR[name], tools=(longest,))
    dry.say("?")
    message = dry.answer(Call("n" * 64))
    dry.tell(ToolResult(message.calls[0].id, NOON))
    sound_everywhere(dry)
    for model in FOUR.values():
        assert "n" * 64 in json.dumps(dry.entries(model))


def replace_name(tool: Any, name: str) -> Any:
    return type(tool)(name, tool.description, tool.parameters)


@every_endpoint
@pytest.mark.parametrize("given", ['{"city": "Z', "[1, 2]", "null", '"text"', "not json", "[" * 5000])
def test_T54_arguments_that_are_no_object_go_on_inside_one(name: Dialect, given: str) -> None:
    if name == "gemini":
        pytest.skip("arguments are no text there, so none can be broken")
    dry, message = asked(name, "Let me look.", Call("weather", given))
    assert message.calls[0].arguments == given
    dry.tell(ToolResult(message.calls[0].id, (Text("bad arguments"),), is_error=True))
    for model in FOUR.values():
        assert "_invalid_json" in json.dumps(dry.entries(model))
    sound_everywhere(dry)


@every_endpoint
def test_T55_a_result_that_failed_says_so_once_everywhere(name: Dialect) -> None:
    dry, message = asked(name, TWO_CALLS[1])
    dry.tell(ToolResult(message.calls[0].id, (Text("it broke"),), is_error=True))
    block = dry.entries(FOUR["anthropic"])[2]["content"][0]
    assert block["is_error"] is True
    assert results_in(dry.entries(FOUR["openai"]))[0][1] == '"[tool error]\\nit broke"'
    assert results_in(dry.entries(FOUR["groq"]))[0][1] == '"Error: it broke"'
    dry.answer("Oh.")
    dry.say("Go on.")
    for model in FOUR.values():
        assert json.dumps(dry.entries(model)).count("it broke") == 1


@every_endpoint
def test_T56_pictures_from_two_tools_stand_after_both_results(name: Dialect) -> None:
    dry, message = asked(name, *TWO_CALLS)
    dry.tell(*(ToolResult(call.id, (Text("see"), PICTURE)) for call in message.calls))
    roles = [entry["role"] for entry in dry.entries(FOUR["chat"])]
    assert roles == ["user", "assistant", "tool", "tool", "user"]
    assert json.dumps(dry.entries(FOUR["chat"])[-1]).count(PICTURE.base64) == 2
    assert json.dumps(dry.entries(FOUR["anthropic"])[-1]).count(PICTURE.base64) == 2
    sound_everywhere(dry)
    dry.say("What is it?")
    sound_everywhere(dry)


@every_endpoint
def test_T57_tools_may_be_switched_off_after_they_were_used(name: Dialect) -> None:
    dry, message = asked(name, "Let me look.", TWO_CALLS[1])
    dry.tell(ToolResult(message.calls[0].id, NOON))
    dry.answer("Noon.")
    dry.say("And now?")
    before = dry.entries()
    dry.tools = ()
    assert extends(dry.entries(), before)
    sound_everywhere(dry)
    body = dry.body(FOUR["anthropic"])
    assert [tool["name"] for tool in body["tools"]] == ["clock"]
    assert body["tool_choice"] == {"type": "none"}


def test_T57_thinking_without_tools_is_bound_to_the_tools_that_the_history_needs() -> None:
    dry = Dry(FOUR["anthropic"], tools=())
    dry.turn("?", Reasoning("first"), "So.")
    dry.conversation.switch(FOUR["groq"])
    dry.tools = TOOLS
    dry.say("How late?")
    dry.tell(ToolResult(dry.answer(TWO_CALLS[1]).calls[0].id, NOON))
    dry.answer("Noon.")
    dry.tools = ()
    dry.conversation.switch(FOUR["anthropic"])
    dry.say("And now?")
    assert dry.broken() == []


@every_endpoint
def test_T58_a_model_without_tools_reads_a_plain_transcript(name: Dialect) -> None:
    dry, message = asked(name, "Let me look.", TWO_CALLS[1])
    dry.tell(ToolResult(message.calls[0].id, NOON))
    dry.say("So?")
    plain = replace(FOUR["chat"], tools=False)
    assert {entry["role"] for entry in dry.entries(plain)} <= {"user", "assistant"}
    assert "[called clock(" in json.dumps(dry.entries(plain))
    assert "[result of clock] noon" in json.dumps(dry.entries(plain))
    strict = model_at("chat", tools=False, profile=STRICT, vision=False, documents=False)
    assert dry.broken(strict) == []


def test_T58_a_transcript_names_the_tool_even_if_the_call_was_told_before() -> None:
    plain = replace(FOUR["chat"], tools=False)
    dry = Dry(plain)
    dry.turn("One?")
    call = ToolCall(mint_call_id(), "clock", "{}")
    dry.conversation.append(Message("user", (Text("How late?"),)))
    dry.conversation.append(Message("assistant", (Text("Look."), call)))
    asked_at = dry.conversation.head
    dry.turn("Never mind?")
    assert f"[result of clock failed] {INTERRUPTED_CALL}" in json.dumps(dry.entries())
    dry.conversation.go_to(asked_at)
    dry.conversation.append(Message("tool", (ToolResult(call.id, NOON),)))
    assert "[result of clock] noon" in json.dumps(dry.entries())


GENERATIONS = {
    "tagged": '<function=weather>{"city": "Z", "n": 1.0}</function>',
    "tagged-without-end": '<function=weather{"city": "Z", "n": 1.0}</function>',
    "round-brackets": '<function(weather)>{"city": "Z", "n": 1.0}</function>',
    "json": '{"name": "weather", "arguments": {"city": "Z", "n": 1.0}}',
    "parameters": '{"type": "function", "name": "weather", "parameters": {"city": "Z", "n": 1.0}}',
    "list": '[{"name": "weather", "parameters": {"city": "Z", "n": 1.0}}]',
    "tool-call": '<tool_call>\n{"name": "weather", "arguments": {"city": "Z", "n": 1.0}}\n</tool_call>',
}


def failed(generation: str) -> Answer:
    """What Groq answers where it cannot read a call."""
    error = {
        "message": "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        "type": "invalid_request_error",
        "code": "tool_use_failed",
        "failed_generation": generation,
    }
    return Answer.raw(f"event: error\ndata: {json.dumps({'error': error})}\n\n".encode())


@pytest.mark.parametrize("generation", GENERATIONS.values(), ids=GENERATIONS)
async def test_T44_a_call_that_groq_could_not_read_is_read_here(generation: str) -> None:
    async with Stage() as stage:
        g, a = stage.add("G", "groq", profile=GROQ), stage.add("A", "anthropic")
        message = await stage.say(g, "How warm?", failed(generation))
        (call,) = message.calls
        assert (call.name, call.parsed()) == ("weather", {"city": "Z", "n": 1.0})
        assert message.stop == "tool_use"
        await stage.tell(a, NOON)
        await stage.say(g, "Sure?")


async def test_T44_words_that_groq_took_for_a_failed_call_are_the_answer() -> None:
    async with Stage() as stage:
        g = stage.add("G", "groq", profile=GROQ)
        message = await stage.say(g, "How warm?", failed("It is 12 degrees."))
        assert message.text == stage.shown == "It is 12 degrees."
        assert len(stage.chats(g)) == 1
        await stage.say(g, "Sure?")


async def test_T44_a_failed_call_with_nothing_to_read_is_an_error() -> None:
    async with Stage() as stage:
        g = stage.add("G", "groq", profile=GROQ)
        with pytest.raises(ProviderError):
            await stage.say(g, "How warm?", failed(" "))
        with pytest.raises(ProviderError):
            await stage.say(g, "How warm?", Status(400, message="Failed to call a function.", code="tool_use_failed"))


async def test_T37_an_interrupt_inside_a_call_leaves_a_conversation_that_goes_on_everywhere() -> None:
    async with Stage() as stage:
        a, g = stage.add("A", "anthropic"), stage.add("G", "groq", profile=GROQ)
        slow = Answer("Let me look.", Call("weather", {"city": "Z" * 50}, deltas=50), pace=0.01)
        task = asyncio.ensure_future(stage.say(a, "How warm?", slow))
        while len(stage.events) < 6:
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stage.conversation.messages[-1].calls == ()
        await stage.say(g, "Go on.")
        await stage.say(a, "Go on.")
        assert "The user interrupted" in stage.last(a)


async def test_T43_a_break_after_the_calls_leaves_none_of_them_open() -> None:
    async with Stage() as stage:
        c, a = stage.add("C", "chat", profile=Profile()), stage.add("A", "anthropic")
        with pytest.raises(ProviderError):
            await stage.say(c, "?", Answer("Let me look.", *TWO_CALLS, fault=Fault.cut_mid_event(9)))
        await stage.say(a, "Go on.")
        await stage.say(c, "Go on.")
