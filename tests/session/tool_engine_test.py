"""A turn with tools: calls are asked about, run side by side, answered in their order, and the model goes on."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_spec

from modules.llm.catalogue.price import Price
from modules.session.turns.ask import Notice
from modules.session.turns.tool_calls import ToolStarted
from modules.session.turns.tooling import Limits
from modules.session.turns.turn import Paused
from modules.tools.tool import Tool, tool
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, Talk
from tests.harness.home import Home
from tests.harness.tool_helpers import NO, Person, tooling
from tests.wire import Answer, Call, Usage


@tool(effect="read", free=True)
async def add(a: int, b: int) -> str:
    """Add two numbers.

    Args:
        a: the one
        b: the other
    """
    return str(a + b)


@tool
async def slow(seconds: float) -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    return f"waited {seconds}"


async def test_a_model_calls_a_tool_and_answers_from_its_result(home: Home, tmp_path: Path) -> None:
    home.anthropic.answer(Answer("Let me see.", Call("add", {"a": 2, "b": 3})), Answer("It is 5."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, add))
        await person.say("2 + 3?")
        assert person.asked == []
        assert person.results == ["5"]
        assert [message.role for message in talk.conversation] == ["user", "assistant", "tool", "assistant"]
        assert home.anthropic.chats[1].body["tools"][0]["input_schema"]["required"] == ["a", "b"]


async def test_calls_run_side_by_side_and_are_answered_in_call_order(home: Home, tmp_path: Path) -> None:
    calls = Call("slow", {"seconds": 0.2}), Call("slow", {"seconds": 0.0})
    home.anthropic.answer(Answer(*calls), Answer("Both."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, slow))
        await person.say("Wait twice.")
        assert len(person.asked) == 2
        started = [at for at, event in enumerate(person.events) if isinstance(event, ToolStarted)]
        assert started[1] - started[0] == 1
        assert person.results == ["waited 0.0", "waited 0.2"]
        assert [result.text for result in talk.conversation.messages[2].results] == ["waited 0.2", "waited 0.0"]


async def test_a_call_that_the_person_declines_does_not_run(home: Home, tmp_path: Path) -> None:
    home.anthropic.answer(Answer(Call("slow", {"seconds": 5})), Answer("I see."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, slow), lambda question: NO)
        await person.say("Wait.")
        assert person.results == ["The user declined this call."]
        assert person.ended[0].seconds is None


async def test_the_third_identical_call_in_a_row_does_not_run_and_the_turn_pauses(home: Home, tmp_path: Path) -> None:
    for _ in range(3):
        home.anthropic.answer(Answer(Call("add", {"a": 1, "b": 1})))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, add))
        await person.say("Again.")
        assert isinstance(person.events[-1], Paused)
        assert person.results[:2] == ["2", "2"]
        assert "three" in person.results[2] or "3 times" in person.results[2]
        home.anthropic.answer(Answer("Enough."))
        await person.say(None)
        assert talk.conversation.messages[-1].text == "Enough."


async def test_a_turn_pauses_after_25_requests_and_goes_on_when_told_to(home: Home, tmp_path: Path) -> None:
    home.ollama.answer(*(Answer(Call("add", {"a": n, "b": 1})) for n in range(26)), Answer("Done."))
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, add))
        await person.say("Count.")
        assert person.events[-1] == Paused("The model was asked 25 times in this turn.")
        assert len(home.ollama.chats) == 25
        assert talk.conversation.messages[-1].results[0].text == "25"
        await person.say(None)
        assert talk.conversation.messages[-1].text == "Done."
    assert len(home.ollama.chats) == 27
    assert all(request.broken == [] for request in home.ollama.chats)


async def test_a_turn_pauses_when_it_has_cost_what_it_may(home: Home, tmp_path: Path) -> None:
    usage = Usage(input=100_000, output=1_000)
    home.anthropic.answer(*(Answer(Call("add", {"a": n, "b": 1}), usage=usage) for n in range(9)))
    async with Talk(home) as talk:
        model = replace(talk.model(ANTHROPIC), price=Price(input=2, output=10))
        talk.conversation.switch(model)
        person = Person(talk, tooling(tmp_path, add, limits=Limits(dollars=0.5)))
        await person.say("Count.")
        assert person.events[-1] == Paused("This turn has cost $0.63.")
        assert len(home.anthropic.chats) == 3
        await person.say(None)  # the next turn has its own budget
        assert len(home.anthropic.chats) == 6


async def test_a_turn_pauses_when_it_has_taken_its_tokens_whatever_they_cost(home: Home, tmp_path: Path) -> None:
    usage = Usage(input=900, output=100)
    home.groq.answer(*(Answer(Call("add", {"a": n, "b": 1}), usage=usage) for n in range(9)))
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, add, limits=Limits(tokens=2_000)))
        await person.say("Count.")
        assert person.events[-1] == Paused("This turn has taken 2000 tokens.")
        assert len(home.groq.chats) == 2


async def test_calls_that_change_are_no_repetition(home: Home, tmp_path: Path) -> None:
    pairs = [(1, 1), (1, 1), (1, 2), (1, 1), (1, 1), (2, 1)]
    home.ollama.answer(*(Answer(Call("add", {"a": a, "b": b})) for a, b in pairs), Answer("Done."))
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, add))
        await person.say("Count.")
        assert person.results == ["2", "2", "3", "2", "2", "3"]
        assert talk.conversation.messages[-1].text == "Done."


async def test_three_identical_calls_in_one_answer_are_a_repetition(home: Home, tmp_path: Path) -> None:
    home.ollama.answer(Answer(*[Call("add", {"a": 1, "b": 1})] * 3, Call("add", {"a": 2, "b": 1})))
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, add))
        await person.say("Count.")
        texts = [result.text for result in talk.conversation.messages[2].results]
        assert texts == ["2", "2", "Not run: the same call came 3 times in a row.", "3"]
        assert person.events[-1] == Paused("add was called 3 times in a row with the same arguments.")


async def test_limits_of_nothing_are_no_limits(home: Home, tmp_path: Path) -> None:
    home.ollama.answer(*[Answer(Call("add", {"a": 1, "b": 1}), usage=Usage(10**6, 10**6))] * 40, Answer("Done."))
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, add, limits=Limits(steps=0, repeats=0, dollars=0, tokens=0)))
        await person.say("Count.")
        assert person.results == ["2"] * 40
        assert talk.conversation.messages[-1].text == "Done."


async def test_tools_that_an_api_has_no_room_for_are_named_once(home: Home, tmp_path: Path) -> None:
    many = [Tool(replace_spec(add.spec, name=f"add_{n}"), "read", add.prepare) for n in range(130)]
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, *many))
        said = "Context: 2 of 130 tools left out for gpt-oss-120b, which takes 128."
        await person.say("Hello.")
        assert [event.text for event in person.events if isinstance(event, Notice)] == [said]
        await person.say("Hello again.")
        assert [event.text for event in person.events if isinstance(event, Notice)] == []
        talk.switch(ANTHROPIC)
        await person.say("And you?")
    assert [len(request.body["tools"]) for request in home.groq.chats] == [128, 128]
    assert len(home.anthropic.chats[0].body["tools"]) == 130


async def test_a_model_without_tools_is_told_of_none(home: Home, tmp_path: Path) -> None:
    home.ollama.answer(Answer(Call("add", {"a": 2, "b": 3})), Answer("It is 5."))
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, add))
        await person.say("2 + 3?")
        talk.switch("ollama:gemma3")
        await person.say("Sure?")
    assert "tools" not in home.ollama.chats[2].body
    assert '[called add({\\"a\\": 2, \\"b\\": 3})]' in home.ollama.chats[2].raw.decode()
    assert home.ollama.chats[2].broken == []


@pytest.mark.parametrize("name", ["größe", "a b", "a.b", "x" * 65])
def test_a_tool_of_a_name_that_no_api_takes_is_none(name: str) -> None:
    with pytest.raises(TypeError, match="is no name for a tool"):
        tool(name=name)(lambda: None)
