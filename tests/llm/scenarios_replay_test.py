"""Scenarios of exact replay: what a provider said goes back to it as it came, whoever spoke in between."""

import json
from dataclasses import replace

import pytest
from msgspec import structs

from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Image, Text, ToolCall, ToolResult
from tests.harness.cases import PICTURE, TWO_CALLS
from tests.harness.many_providers import CLAUDE, GEMINI, GROQ, MANUAL, OPENROUTER, OPUS, SONNET, Stage
from tests.harness.transformer_harness import FOUR, Dry
from tests.wire import Answer, Call, Fault, Reasoning
from tests.wire.facts import Dialect

DONE = ((Text("12 degrees"),), (Text("noon"),))
THINKS = Answer(Reasoning("Two tools, then."), "Let me look.", *TWO_CALLS)


def raw(*events: str) -> Answer:
    return Answer.raw("".join(f"data: {event}\n\n" for event in events).encode())


async def test_T01_claude_has_its_turns_back_after_gpt_spoke() -> None:
    async with Stage() as stage:
        a = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE)
        r = stage.add("R", "openai")
        own = await stage.say(a, "How warm?", THINKS)
        await stage.tell(a, *DONE, answer=Answer(Reasoning(""), "12 degrees."))
        await stage.say(r, "Sure?", Answer(Reasoning("I wonder."), "Quite."))
        await stage.say(a, "And you?")
        assert stage.extends(a)
        assert json.dumps(stage.entries(a)[1]["content"]) == json.dumps(own.native)
        assert [block["type"] for block in own.native] == ["thinking", "text", "tool_use", "tool_use"]
        assert "I wonder" not in stage.last(a)
        assert "Two tools, then." not in stage.last(r)


async def test_T02_gpt_has_its_items_back_after_another_spoke() -> None:
    async with Stage() as stage:
        r, c = stage.add("R", "openai", rules=False), stage.add("C", "chat")
        own = await stage.say(
            r,
            "How late?",
            raw(
                '{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning",'
                '"summary":[],"encrypted_content":"ZW5j"}}',
                '{"type":"response.output_item.done","output_index":1,"item":{"id":"msg_1","type":"message",'
                '"role":"assistant","status":"completed","phase":"commentary","content":[{"type":"output_text",'
                '"text":"I look.","annotations":[]}]}}',
                '{"type":"response.output_item.done","output_index":2,"item":{"id":"fc_1","type":"function_call",'
                '"call_id":"call_x","name":"clock","arguments":"{ }","status":"completed"}}',
                '{"type":"response.completed","response":{"status":"completed","model":"m"}}',
            ),
        )
        await stage.tell(r, DONE[1])
        await stage.say(c, "Sure?", "Quite.")
        await stage.say(r, "And you?")
        assert stage.extends(r)
        assert stage.entries(r)[1:4] == own.native
        assert [item.get("phase") for item in own.native] == [None, "commentary", None]
        assert {"type": "message", "role": "assistant", "content": "Quite."} in stage.entries(r)
        assert "call_x" not in stage.last(c)


async def test_T03_groq_has_its_reasoning_back_and_not_that_of_claude() -> None:
    async with Stage() as stage:
        g, a = stage.add("G", "groq", profile=GROQ), stage.add("A", "anthropic")
        await stage.say(g, "How warm?", THINKS)
        await stage.tell(g, *DONE)
        await stage.say(a, "Sure?", Answer(Reasoning("A's own."), "Quite."))
        await stage.say(g, "And you?")
        assert stage.extends(g)
        assert stage.entries(g)[1]["reasoning"] == "Two tools, then."
        assert "A's own." not in stage.last(g)


async def test_T04_a_switch_inside_a_tool_loop_leaves_both_able_to_go_on() -> None:
    async with Stage() as stage:
        a, r = stage.add("A", "anthropic"), stage.add("R", "openai")
        own = await stage.say(a, "How warm?", THINKS)
        await stage.tell(r, *DONE)
        await stage.say(a, "Sure?")
        assert stage.extends(a)
        question, turn, results = stage.entries(a)[:3]
        assert question["role"] == "user"
        assert turn["content"] == own.native
        assert [block["type"] for block in results["content"]] == ["tool_result", "tool_result"]
        assert [block["tool_use_id"] for block in results["content"]] == [call.native_id for call in own.calls]


@pytest.mark.parametrize("letter", ["A", "R", "G", "C"])
async def test_T05_an_answer_that_was_cut_goes_on_elsewhere_and_at_home(letter: str) -> None:
    async with Stage() as stage:
        models = {
            "A": stage.add("A", "anthropic"),
            "R": stage.add("R", "openai"),
            "G": stage.add("G", "groq", profile=GROQ),
            "C": stage.add("C", "chat"),
        }
        home = models[letter]
        await stage.say(home, "Hello", "Good morning.")
        cut = Answer(
            Reasoning("Ah."),
            "One two three four five six seven.",
            fault=Fault.cut_mid_event(14 if letter == "R" else 9),
        )
        with pytest.raises(Exception, match=r"ended before|broke"):
            await stage.say(home, "Count", cut)
        part = stage.conversation.messages[-1]
        assert part.state == "incomplete"
        for model in [*(m for m in models.values() if m is not home), home]:
            await stage.say(model, f"Go on, {model.name}.")
            assert part.text.strip() in stage.last(model)
            assert "The connection broke" in stage.last(model)
        assert stage.extends(home)


async def test_T08_claudes_of_one_endpoint_share_their_thinking() -> None:
    async with Stage() as stage:
        a = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE)
        other = replace(a, id=SONNET, name="A2")
        manual = replace(a, id=MANUAL, name="Am", profile=structs.replace(CLAUDE, thinking="manual", mid_system=False))
        for number, model in enumerate([a, other, a, manual, other, a], 1):
            await stage.say(model, "Why?", Answer(Reasoning(f"thought {number}"), "So."))
        await stage.say(a, "And?")
        thoughts = [b["thinking"] for m in stage.entries(a) for b in m["content"] if b["type"] == "thinking"]
        assert thoughts == ["thought 1", "thought 2", "thought 3", "thought 5", "thought 6"]  # manual: not asked to
        assert stage.recovered == []
        assert stage.extends(a)


async def test_T09_another_name_of_the_same_model_is_the_same_reader() -> None:
    async with Stage() as stage:
        a = stage.add("A", "anthropic", id=OPUS)
        dated = replace(a, id=f"{OPUS}-20261001", name="dated")
        await stage.say(a, "One?", Answer(Reasoning("Hm."), "One.", model=f"{OPUS}-20261001"))
        await stage.say(dated, "Two?", Answer(Reasoning("Hm."), "Two."))
        await stage.say(a, "Three?")
        assert len(stage.conversation.ledgers) == 1
        assert stage.extends(a)
        assert stage.last(a).count('"thinking":"Hm."') == 2


async def test_T10_two_endpoints_of_one_dialect_never_read_each_others_signatures() -> None:
    async with Stage() as stage:
        a, k = stage.add("A", "anthropic"), stage.add("K", "anthropic")
        r, other = stage.add("R", "openai"), stage.add("S", "openai")
        for model in (a, k, r, other, a, k, r, other):
            name = model.provider.name
            calls = await stage.say(model, "How late?", Answer(Reasoning(f"mind of {name}"), TWO_CALLS[1]))
            assert calls.calls
            await stage.tell(model, DONE[1])
        for model in (a, k, r, other):
            assert stage.extends(model)
            for someone in (a, k, r, other):
                assert (f"mind of {someone.provider.name}" in stage.last(model)) == (someone is model)


async def test_T11_another_account_keeps_its_thinking_until_the_provider_says_no() -> None:
    async with Stage() as stage:
        a = stage.add("A", "anthropic")
        await stage.say(a, "One?", Answer(Reasoning("of the first account"), "One."))
        await stage.services.close()  # as after a change of the key: a new service, the same conversation
        await stage.say(a, "Two?")
        assert "of the first account" in stage.last(a)


async def test_T12_keys_that_nobody_here_knows_go_home_and_nowhere_else() -> None:
    async with Stage() as stage:
        a = stage.add("A", "anthropic", rules=False)
        gem, c = stage.add("M", "chat", rules=False, profile=GEMINI), stage.add("C", "chat")
        await stage.say(
            a,
            "One?",
            raw(
                '{"type":"message_start","message":{"model":"m","usage":{"input_tokens":1}}}',
                '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"One.","zeta":{"b":1.0,"a":null}}}',
                '{"type":"content_block_stop","index":0}',
                '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}',
                '{"type":"message_stop"}',
            ),
        )
        await stage.say(
            gem,
            "Two?",
            raw(
                '{"choices":[{"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"x","type":"function",'
                '"extra_content":{"google":{"thought_signature":"c2ln"}},"function":{"name":"clock","arguments":"{}"}}]}}]}',
                '{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}',
            ),
        )
        await stage.tell(gem, DONE[1])
        for model in (a, gem, c):
            await stage.say(model, "Three?")
        assert '"zeta":{"b":1.0,"a":null}' in stage.last(a)
        assert '"extra_content":{"google":{"thought_signature":"c2ln"}}' in stage.last(gem)
        assert "zeta" not in stage.last(gem) + stage.last(c)
        assert "c2ln" not in stage.last(a) + stage.last(c)


@pytest.mark.parametrize("name", ["openai", "groq", "chat"])
def test_T13_arguments_go_everywhere_in_the_letters_they_were_written_in(name: Dialect) -> None:
    written = '{"b": 1.0,\n "a":2e3, "city":"Z\\u00fcrich" }'
    for home in (FOUR[name], *FOUR.values()):
        if home in (FOUR["ollama"], FOUR["gemini"]):  # they give them as an object
            continue
        dry = Dry(home)
        dry.say("?")
        call = dry.answer(Call("weather", written)).calls[0]
        assert call.arguments == written
        dry.tell(ToolResult(call.id, DONE[0]))
        dry.answer("12.")
        dry.say("Go on.")
        assert json.dumps(written) in json.dumps(dry.entries(FOUR[name]))
    dry = Dry(FOUR[name])
    dry.say("?")
    dry.tell(ToolResult(dry.answer(Call("weather", written)).calls[0].id, DONE[0]))
    (block,) = dry.entries(FOUR["anthropic"])[1]["content"]
    assert block["input"] == {"b": 1.0, "a": 2000.0, "city": "Zürich"}
    assert list(block["input"]) == ["b", "a", "city"]


@pytest.mark.parametrize("name", ["anthropic", "openai", "groq", "chat"])
def test_T14_no_null_is_invented_on_the_way(name: Dialect) -> None:
    dry = Dry(FOUR[name])
    dry.say("?")
    message = dry.answer(Reasoning("Hm."), "So.", *TWO_CALLS)
    known_nulls = {"anthropic": 0, "openai": 0, "groq": 0, "chat": 0}
    assert json.dumps(message.native).count("null") == known_nulls[name]
    assert all(field not in json.dumps(message.native) for field in ("toolset_name", "citations", "async_", "parsed"))


@pytest.mark.parametrize("name", ["anthropic", "openai", "groq", "chat"])
def test_T15_what_is_stored_is_not_touched_by_sending_it(name: Dialect) -> None:
    dry = Dry(FOUR[name], "Be brief.")
    dry.say("?", PICTURE)
    message = dry.answer(Reasoning("Hm."), "So.", *TWO_CALLS)
    dry.tell(*(ToolResult(call.id, DONE[0]) for call in message.calls))
    before = json.dumps(message.native)
    for model in FOUR.values():
        for entry in dry.entries(model):
            entry.clear()
    assert json.dumps(dry.conversation.messages[1].native) == before
    assert dry.broken() == []


BAD_NUMBERS = ['{"v": NaN}', '{"v": -Infinity}', '{"v": 1e400}', '{"v": [-1e999]}']


@pytest.mark.parametrize("arguments", BAD_NUMBERS)
async def test_T16_a_number_that_json_has_not_breaks_nothing(arguments: str) -> None:
    async with Stage() as stage:
        models = [
            stage.add("A", "anthropic"),
            stage.add("R", "openai"),
            stage.add("G", "groq", profile=GROQ),
            stage.add("C", "chat"),
        ]
        for model in models:
            call = (await stage.say(model, "?", Answer(Call("clock", arguments)))).calls[0]
            assert call.parsed() is None
            await stage.tell(model, DONE[1])
        for model in models:
            await stage.say(model, "Go on.")
            assert "_invalid_json" in stage.last(model)


def test_T16_a_huge_integer_stays_what_it_is() -> None:
    number = 10**40
    call = ToolCall("call_1", "clock", json.dumps({"v": number}))
    assert call.parsed() == {"v": number}
    for model in FOUR.values():
        dry = Dry(model)
        dry.say("?")
        dry.tell(ToolResult(dry.answer(Call("clock", {"v": number})).calls[0].id, DONE[0]))
        assert str(number) in json.dumps(dry.entries())
        assert dry.broken() == []


HALF = "half \ud83d of it"


async def test_T17_half_a_character_is_mended_where_it_comes_in() -> None:
    async with Stage() as stage:
        models = [
            stage.add("A", "anthropic"),
            stage.add("R", "openai"),
            stage.add("G", "groq", profile=GROQ),
            stage.add("C", "chat"),
        ]
        for model in models:
            told = await stage.say(
                model,
                user(HALF, Image("image/png", PICTURE.base64, HALF)),
                Answer(HALF, Call("clock", '{"v": "\\ud83d"}')),
            )
            assert told.text == "half \ufffd of it"
            await stage.tell(model, (Text(HALF),), answer=Answer(Reasoning(HALF), "Yes."))
        for model in models:
            await stage.say(model, "Go on.")
            json.loads(stage.last(model)).values()
            assert "\\ud83d" not in stage.last(model).replace("\\\\ud83d", "")


EXACT = "e\u0301 \u00e9 \u2028 \x00 \U0001f389 \u200f \ufb01"


async def test_T18_letters_are_neither_normalised_nor_lost() -> None:
    async with Stage() as stage:
        models = [stage.add("A", "anthropic"), stage.add("R", "openai"), stage.add("C", "chat")]
        for model in models:
            assert (await stage.say(model, EXACT, EXACT)).text == EXACT
        for model in models:
            await stage.say(model, "Go on.")
            assert json.dumps(json.loads(stage.last(model))).count(json.dumps(EXACT)[1:-1]) == 6


async def the_journey(stage: Stage) -> tuple[Model, Model, Model]:
    """A, B, A, C, A: thinking, two calls side by side and a picture in each turn."""
    a = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE)
    b, c = stage.add("R", "openai"), stage.add("G", "groq", profile=GROQ)
    for model in (a, b, a, c, a):
        name = model.provider.name
        await stage.say(
            model,
            user(f"What is it, {name}?", PICTURE),
            Answer(Reasoning(f"mind of {name}"), "Let me look.", *TWO_CALLS),
        )
        await stage.tell(
            model, (Text("see"), PICTURE), (Text("noon"),), answer=Answer(Reasoning(f"mind of {name}"), "Red.")
        )
    return a, b, c


async def test_T01_every_request_of_a_long_journey_extends_the_one_before_it() -> None:
    async with Stage("Be brief.") as stage:
        models = await the_journey(stage)
        for model in models:
            assert stage.extends(model)
        a = models[0]
        assert len(stage.chats(a)) == 6
        assert stage.last(a).count("mind of A") == 5
        assert stage.last(a).count(PICTURE.base64) == 10
        for model in models:
            for other in models:
                if other is not model:
                    assert f"mind of {other.provider.name}" not in stage.last(model)


async def test_T07_every_model_may_go_on_at_every_hop_and_come_back() -> None:
    async with Stage("Be brief.") as stage:
        a, b, c = await the_journey(stage)
        d = stage.add("D", "chat", profile=OPENROUTER)
        for model in (d, c, b, a, d, b):
            await stage.say(model, f"And {model.provider.name}?")
        for model in (a, b, c, d):
            assert stage.extends(model)


def test_T06_messages_are_values_that_can_be_kept() -> None:
    message = Message("assistant", (Text("a"),))
    assert message == Message("assistant", (Text("a"),))
    with pytest.raises(AttributeError):
        message.role = "user"  # type: ignore[misc]
