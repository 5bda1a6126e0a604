"""A turn with tools: calls are asked about, run side by side, answered in their order, and the model goes on."""

import asyncio
from pathlib import Path

from modules.session.calls import ToolStarted
from modules.session.turn import Paused
from modules.tools.tool import tool
from tests.talk import Talk
from tests.terminal import Home
from tests.tooling import NO, Person, tooling
from tests.wire import Answer, Call


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
