"""Scenarios of reasoning: to the one who made it as it was, to nobody else in any form, and what a refusal leaves."""

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from modules.errors import ProviderError, RequestRefused
from modules.llm.models import Model, Profile
from modules.llm.parts import Text, ToolResult
from tests.harness.cases import NAMES, TWO_CALLS
from tests.harness.many_providers import CLAUDE, DEEPSEEK, GEMINI, GROQ, MANUAL, OPENROUTER, OPUS, Stage
from tests.harness.transformer_harness import FOUR, Dry, extends, model_at
from tests.wire import Answer, Call, Fault, Reasoning, Status
from tests.wire.facts import Dialect

DONE = ((Text("12 degrees"),), (Text("noon"),))
SECRET = "a thought that nobody else may read"


def raw(*events: str) -> Answer:
    return Answer.raw("".join(f"data: {event}\n\n" for event in events).encode())


def every(stage: Stage) -> list[Model]:
    return [
        stage.add("A", "anthropic", id=OPUS, profile=CLAUDE),
        stage.add("R", "openai"),
        stage.add("G", "groq", profile=GROQ),
        stage.add("C", "chat"),
        stage.add("M", "gemini"),
    ]


async def test_T19_thinking_that_is_hidden_goes_home_and_nowhere_else() -> None:
    async with Stage() as stage:
        a, r, g, c, m = every(stage)
        own = await stage.say(a, "Why?", Answer(Reasoning(SECRET, redacted=True), "Because."))
        hidden = own.native[0]["data"]
        for model in (r, g, c, m, a):
            await stage.say(model, "Really?")
        assert stage.entries(a)[1]["content"] == own.native
        assert not any(hidden in stage.last(model) for model in (r, g, c, m))


async def test_T20_thinking_without_words_is_whole_when_it_is_signed() -> None:
    async with Stage() as stage:
        a, r, *_ = every(stage)
        await stage.say(a, "Why?", Answer(Reasoning(""), "Because."))
        await stage.say(r, "Really?")
        await stage.say(a, "Sure?")
        block = stage.entries(a)[1]["content"][0]
        assert (block["type"], block["thinking"]) == ("thinking", "")
        assert block["signature"]


@pytest.mark.parametrize("events", range(3, 12))
def test_T21_thinking_that_was_cut_is_left_out_and_what_was_read_stays(events: int) -> None:
    dry = Dry(FOUR["anthropic"])
    dry.turn("One?", Reasoning("first"), "One.")
    dry.say("Why?")
    message = dry.answer(Reasoning("a long thought"), "Because of it.", state="interrupted", events=events)
    if not message.text.strip():
        dry.conversation.undo()
    dry.say("Go on.")
    assert dry.broken() == []
    assert message.text in json.dumps(dry.entries())
    for model in FOUR.values():
        assert dry.broken(model) == []


@pytest.mark.parametrize("to", NAMES)
async def test_T22_nobody_reads_the_reasoning_of_another_in_any_form(to: Dialect) -> None:
    async with Stage() as stage:
        models = every(stage)
        models.append(stage.add("L", "ollama"))
        reader = models[NAMES.index(to)]
        for model in models:
            if model is not reader:
                await stage.say(model, "Why?", Answer(Reasoning(SECRET), "Look.", *TWO_CALLS))
                await stage.tell(model, *DONE, answer=Answer(Reasoning(SECRET), "Because."))
        await stage.say(reader, "Really?")
        for trace in (SECRET, "<think", "thinking", "reasoning_content", "encrypted_content", "sig-", "enc-"):
            history = json.dumps(stage.entries(reader))
            assert trace not in history


async def test_T23_a_loop_that_another_began_is_gone_on_with_and_thinking_is_back_after_it() -> None:
    async with Stage() as stage:
        am = stage.add("Am", "anthropic", id=MANUAL, profile=Profile(thinking="manual"))
        r = stage.add("R", "openai")
        await stage.say(r, "How late?", Answer(Reasoning("R's"), TWO_CALLS[1]))
        stage.conversation.reasoning = "high"
        await stage.tell(am, DONE[1], answer=Answer(TWO_CALLS[1]))
        assert "thinking" not in stage.chats(am)[-1].body
        await stage.tell(am, DONE[1])
        assert "thinking" not in stage.chats(am)[-1].body
        await stage.say(am, "Why?", Answer(Reasoning("Am's"), TWO_CALLS[1]))
        assert stage.chats(am)[-1].body["thinking"]["type"] == "enabled"
        await stage.tell(am, DONE[1])
        assert stage.chats(am)[-1].body["thinking"]["type"] == "enabled"
        assert stage.extends(am)


async def test_T23_a_loop_whose_thinking_was_taken_out_is_gone_on_with() -> None:
    async with Stage() as stage:
        am = stage.add("Am", "anthropic", id=MANUAL, profile=Profile(thinking="manual"))
        await stage.say(am, "Hello")
        stage.conversation.reasoning = "high"
        await stage.say(am, "How late?", Answer(Reasoning("Am's"), TWO_CALLS[1]))
        refusal = Status(400, message="messages.3.content.0: Invalid `signature` in `thinking` block")
        stage.servers["Am"].answer(refusal)
        await stage.tell(am, DONE[1])
        assert len(stage.recovered) == 1
        assert "Am's" not in stage.last(am)


async def test_T24_nothing_is_stored_there_and_every_item_comes_back_in_order() -> None:
    async with Stage() as stage:
        r = stage.add("R", "openai")
        natives: list[Any] = []
        for number in range(3):
            own = await stage.say(r, f"{number}?", Answer(Reasoning(f"thought {number}"), "Look.", TWO_CALLS[1]))
            natives += own.native
            await stage.tell(r, DONE[1])
            natives += stage.conversation.messages[-1].native
        await stage.say(r, "So?")
        assert stage.extends(r)
        assert [item for item in stage.entries(r) if "id" in item] == natives
        for request in stage.chats(r):
            assert request.body["store"] is False
            assert request.body["include"] == ["reasoning.encrypted_content"]
            assert "previous_response_id" not in request.body


async def test_T25_an_item_never_has_an_id_that_the_endpoint_did_not_give_it() -> None:
    async with Stage() as stage:
        a, r, g, c, _ = every(stage)
        given: set[str] = set()
        for model in (a, r, g, c, r):
            own = await stage.say(model, "How late?", Answer(Reasoning("Hm."), "Look.", TWO_CALLS[1]))
            given |= {item["id"] for item in own.native if model is r}
            await stage.tell(model, DONE[1], answer="Noon.")
            given |= {item["id"] for item in stage.conversation.messages[-1].native if model is r}
        await stage.say(r, "So?")
        ids = {item["id"] for item in stage.entries(r) if "id" in item}
        assert ids == given
        assert len(ids) == 8


async def test_T26_a_model_that_does_not_reason_gets_no_reasoning_and_the_other_has_it_back() -> None:
    async with Stage() as stage:
        r = stage.add("R", "openai")
        plain = replace(r, id="gpt-4.1", name="Rn", reasoning=())
        own = await stage.say(r, "How late?", Answer(Reasoning(SECRET), "Look.", TWO_CALLS[1]))
        await stage.tell(r, DONE[1])
        before = stage.entries(r)
        await stage.say(plain, "Sure?")
        assert "rs_" not in stage.last(plain)
        assert "fc_" not in stage.last(plain)
        assert "reasoning" not in stage.chats(plain)[-1].body
        await stage.say(r, "And you?")
        assert extends(stage.entries(r), before)
        assert stage.entries(r)[1 : 1 + len(own.native)] == own.native


async def test_T27_several_pieces_of_reasoning_and_phases_keep_their_order() -> None:
    item = '{"type":"response.output_item.done","output_index":%d,"item":{%s}}'
    reasoning = '"type":"reasoning","id":"rs_%d","summary":[],"encrypted_content":"ZQ"'
    said = (
        '"type":"message","id":"msg_%d","role":"assistant","status":"completed","phase":"%s","content":'
        '[{"type":"output_text","text":"%s","annotations":[]}]'
    )
    call = (
        '"type":"function_call","id":"fc_%d","call_id":"call_%d","name":"clock","arguments":"{}","status":"completed"'
    )
    items = [
        reasoning % 1,
        said % (1, "commentary", "First."),
        reasoning % 2,
        call % (1, 1),
        call % (2, 2),
        said % (2, "final_answer", "Last."),
    ]
    async with Stage() as stage:
        r, c = stage.add("R", "openai", rules=False), stage.add("C", "chat")
        events = [item % (at, body) for at, body in enumerate(items)]
        await stage.say(r, "?", raw(*events, '{"type":"response.completed","response":{"status":"completed"}}'))
        await stage.tell(r, *DONE)
        await stage.say(c, "?")
        await stage.say(r, "?")
        assert stage.entries(r)[1:7] == [json.loads("{" + body + "}") for body in items]
        assert "rs_1" not in stage.last(c)


async def test_T28_reasoning_fields_go_to_the_endpoint_that_has_them_alone() -> None:
    async with Stage() as stage:
        g, c = stage.add("G", "groq", profile=GROQ), stage.add("C", "chat", profile=Profile())
        plain = replace(g, id="llama-3.3-70b-versatile", name="Gn", reasoning=(), profile=Profile())
        await stage.say(g, "How late?", Answer(Reasoning(SECRET), "Look.", TWO_CALLS[1]))
        await stage.tell(g, DONE[1])
        for model in (plain, c):
            await stage.say(model, "Sure?")
            assert SECRET not in stage.last(model)
            for field in ("reasoning", "reasoning_content", "executed_tools", "annotations", "channel"):
                assert f'"{field}"' not in stage.last(model)
        await stage.say(g, "And you?")
        assert stage.entries(g)[1]["reasoning"] == SECRET
        assert set(stage.entries(g)[1]) == {"role", "content", "reasoning", "tool_calls"}


async def test_T29_an_endpoint_that_demands_reasoning_with_calls_gets_its_own_or_the_words() -> None:
    async with Stage() as stage:
        d, a = stage.add("D", "chat", profile=DEEPSEEK), stage.add("A", "anthropic")
        await stage.say(d, "How late?", Answer(Reasoning("D's own"), TWO_CALLS[1]))
        await stage.tell(d, DONE[1])
        await stage.say(a, "And now?", Answer(Reasoning(SECRET), "I look.", TWO_CALLS[1]))
        await stage.tell(a, DONE[1])
        await stage.say(a, "And now?", Answer(Reasoning(SECRET), TWO_CALLS[1]))
        await stage.tell(a, DONE[1])
        await stage.say(d, "So?")
        assert stage.extends(d)
        with_calls = [entry["reasoning_content"] for entry in stage.entries(d) if "tool_calls" in entry]
        assert with_calls == ["D's own", "I look.", ""]
        assert SECRET not in stage.last(d)


async def test_T30_gemini_has_its_signatures_back_and_foreign_calls_carry_its_placeholder() -> None:
    signed = (
        '{"choices":[{"delta":{"role":"assistant","tool_calls":[{"index":%d,"id":"%s","type":"function",'
        '"extra_content":{"google":{"thought_signature":"c2ln%d"}},"function":{"name":"clock","arguments":"{}"}}]}}]}'
    )
    async with Stage() as stage:
        gem, a = stage.add("Gem", "chat", rules=False, profile=GEMINI), stage.add("A", "anthropic")
        end = '{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}'
        await stage.say(gem, "?", raw(signed % (0, "one", 1), signed % (1, "two", 2), end))
        await stage.tell(gem, *DONE)
        await stage.say(a, "?", Answer(TWO_CALLS[1]))
        await stage.tell(a, DONE[1])
        await stage.say(gem, "?")
        calls = [call for entry in stage.entries(gem) for call in entry.get("tool_calls", ())]
        signatures = [call["extra_content"]["google"]["thought_signature"] for call in calls]
        assert signatures == ["c2ln1", "c2ln2", "skip_thought_signature_validator"]
        assert "c2ln" not in stage.last(a)
        assert "thought_signature" not in stage.last(a)
        assert stage.extends(gem)


async def test_T31_openrouter_has_its_reasoning_details_back_and_groq_sees_none() -> None:
    detail = '{"type":"reasoning.encrypted","data":"ZW5j","id":"r1","format":"x","index":0}'
    async with Stage() as stage:
        o, g = stage.add("O", "chat", rules=False, profile=OPENROUTER), stage.add("G", "groq", profile=GROQ)
        await stage.say(
            o,
            "?",
            raw(
                '{"choices":[{"delta":{"role":"assistant","content":"","reasoning":"Hm.",'
                f'"reasoning_details":[{detail}]}}}}]}}',
                '{"choices":[{"delta":{"content":"So."}}]}',
                '{"choices":[{"delta":{},"finish_reason":"stop"}]}',
            ),
        )
        await stage.say(g, "?")
        await stage.say(o, "?")
        assert stage.entries(o)[1]["reasoning_details"] == [json.loads(detail)]
        assert stage.entries(o)[1]["reasoning"] == "Hm."
        assert "ZW5j" not in stage.last(g)
        assert "reasoning_details" not in stage.last(g)


BOUND = Status(400, message="messages.1.content.0: `thinking` block bound to a different conversation")
SEALED = Status(
    400, message="The encrypted content for item rs_1 could not be verified.", code="invalid_encrypted_content"
)


async def test_T32_thinking_that_is_refused_is_dropped_by_the_provider_first_and_then_by_us() -> None:
    async with Stage() as stage:
        a, *_ = every(stage)
        await stage.say(a, "One?", Answer(Reasoning(SECRET), "One."))
        await stage.say(a, "Two?", BOUND, BOUND, "Two.")
        first, second, third = stage.chats(a)[1:]
        assert len({request.raw for request in (first, second, third)}) == 3
        assert "block_binding" not in first.body["thinking"]
        assert second.body["thinking"]["block_binding"] == {"prefix_mismatch_behavior": "drop_block"}
        assert "thinking-binding" in second.headers["anthropic-beta"]
        assert SECRET in second.raw.decode()
        assert SECRET not in third.raw.decode()
        assert len(stage.recovered) == 2
        assert "1 earlier piece of reasoning" in stage.recovered[1]
        await stage.say(a, "Three?")
        assert len(stage.chats(a)) == 5


async def test_T32_a_refusal_that_no_step_cures_is_told() -> None:
    async with Stage() as stage:
        a, *_ = every(stage)
        await stage.say(a, "One?", Answer(Reasoning(SECRET), "One."))
        with pytest.raises(ProviderError, match="bound to a different"):
            await stage.say(a, "Two?", BOUND, BOUND, BOUND, BOUND)
        assert len(stage.chats(a)) == 4
        assert [message.text for message in stage.conversation.messages] == ["One?", "One."]
        stage.servers["A"]._script.clear()
        await stage.say(a, "Two?")


@pytest.mark.parametrize(
    "refusal",
    [
        SEALED,
        Status(400, message="Item 'rs_1' of type 'reasoning' was provided without its required following item."),
        Status(404, message="Item with id 'rs_1' not found. Items are not persisted when `store` is set to false."),
        Status(400, message="Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item"),
    ],
    ids=["not-verified", "no-follower", "not-found", "no-reasoning"],
)
async def test_T33_reasoning_that_openai_disowns_goes_with_the_ids_that_hang_on_it(refusal: Status) -> None:
    async with Stage() as stage:
        r = stage.add("R", "openai")
        await stage.say(r, "How late?", Answer(Reasoning(SECRET), "Look.", TWO_CALLS[1]))
        await stage.tell(r, DONE[1])
        await stage.say(r, "Sure?", refusal, "Quite.")
        assert len(stage.recovered) == 1
        assert "rs_" not in stage.last(r)
        assert not [item for item in stage.entries(r) if "id" in item]
        assert "Look." in stage.last(r)
        stripped = stage.entries(r)
        await stage.say(r, "And?", Answer(Reasoning("new"), "Yes."))
        await stage.say(r, "So?")
        assert stage.recovered == []
        assert extends(stage.entries(r), stripped)
        assert stage.last(r).count('"type":"reasoning"') == 1


async def test_T34_what_was_taken_out_stays_out_and_what_is_new_is_kept() -> None:
    async with Stage() as stage:
        a, r, *_ = every(stage)
        for number in range(3):
            await stage.say(a, "?", Answer(Reasoning(f"old {number}"), "So."))
        await stage.say(a, "?", BOUND, BOUND, Answer(Reasoning("new 0"), "So."))
        since = len(stage.chats(a)) - 1
        for number in range(1, 6):
            await stage.say(r, "?", Answer(Reasoning("R's"), "Hm."))
            await stage.say(a, "?", Answer(Reasoning(f"new {number}"), "So."))
        assert "old " not in stage.last(a)
        assert [f"new {number}" in stage.last(a) for number in range(6)] == [True] * 5 + [False]
        assert stage.extends(a, since=since)


UNKNOWN = {
    "groq": "'messages.1' : for 'role:assistant' the following must be satisfied"
    "[('messages.1' : property 'reasoning' is unsupported)]",
    "chat": "unknown field `reasoning_content`",
}


@pytest.mark.parametrize("name", ["groq", "chat"])
async def test_T34_a_field_that_is_refused_is_left_out_from_then_on(name: Dialect) -> None:
    async with Stage() as stage:
        model = stage.add("X", name)
        await stage.say(model, "One?", Answer(Reasoning(SECRET), "One."))
        await stage.say(model, "Two?", Status(400, message=UNKNOWN[name]), Answer(Reasoning(SECRET), "Two."))
        assert SECRET not in stage.last(model)
        assert len(stage.recovered) == 1
        await stage.say(model, "Three?")
        assert SECRET not in stage.last(model)
        assert stage.recovered == []


async def test_T34_a_refusal_of_something_else_is_not_recovered() -> None:
    async with Stage() as stage:
        g = stage.add("G", "groq", profile=GROQ)
        await stage.say(g, "One?", Answer(Reasoning(SECRET), "One."))
        with pytest.raises(RequestRefused):
            await stage.say(g, "Two?", Status(400, message="temperature must be at most 2"))
        assert len(stage.chats(g)) == 2


def test_T21_thinking_whose_letters_were_mended_is_not_given_back_under_its_signature() -> None:
    dry = Dry(FOUR["anthropic"])
    message = dry.turn("?", Reasoning("half \ud83d of it"), "So.")
    assert message.native is None
    dry.say("Go on.")
    assert dry.broken() == []
    whole = dry.answer(Reasoning("an \U0001f389"), "So.")
    assert whole.native is not None


def test_T26_reasoning_is_left_out_for_siblings_by_what_they_are_and_not_by_their_names() -> None:
    groq = model_at("groq")
    dry = Dry(groq)
    dry.turn("?", Reasoning(SECRET), "So.", Call("clock"))
    dry.tell(ToolResult(dry.conversation.messages[-1].calls[0].id, DONE[1]))
    dry.answer("Noon.")
    dry.say("Go on.")
    twin = replace(groq, id="qwen/qwen3.6-27b", name="twin")
    plain = replace(groq, id="llama-3.3-70b-versatile", reasoning=(), profile=structs.replace(GROQ, replay=()))
    assert SECRET in json.dumps(dry.entries(twin))
    assert SECRET not in json.dumps(dry.entries(plain))
    assert dry.broken(twin) == []
    assert dry.broken(plain) == []


async def test_T21_an_answer_cut_inside_its_thinking_leaves_nothing_behind() -> None:
    async with Stage() as stage:
        a, *_ = every(stage)
        await stage.say(a, "One?", Answer(Reasoning(SECRET), "One."))
        with pytest.raises(ProviderError):
            await stage.say(a, "Two?", Answer(Reasoning("a b c d e f g"), "Two.", fault=Fault.cut_mid_event(5)))
        assert len(stage.conversation.messages) == 2
        await stage.say(a, "Two?")
        assert stage.extends(a)


def test_T21_a_turn_that_ends_in_thinking_goes_back_without_that_end() -> None:
    dry = Dry(FOUR["anthropic"])
    message = dry.turn("?", Reasoning("before"), "So.", Reasoning("after"))
    assert [block["type"] for block in message.native] == ["thinking", "text"]
    dry.say("Go on.")
    assert dry.broken() == []


def test_T27_reasoning_that_nothing_follows_is_not_given_back() -> None:
    dry = Dry(FOUR["openai"])
    message = dry.turn("?", Reasoning("before"), "So.", Reasoning("after"))
    assert message.native is None
    dry.say("Go on.")
    assert dry.broken() == []
