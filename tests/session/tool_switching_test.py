"""One tool conversation on every provider, switched to every other at every point inside it, and back again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modules.errors import RequestRefused, ToolFailed
from modules.llm.message import INTERRUPTED_CALL
from modules.llm.parts import Image
from modules.session.conversation import Conversation
from modules.session.turns.tool_calls import ToolEnded, ToolStarted
from modules.session.turns.tooling import Limits
from modules.session.turns.turn import Paused
from modules.tools.approval import Decision, Question
from modules.tools.tool import ToolContext, tool
from tests.harness.cases import PICTURE
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.many_providers import history_bytes
from tests.harness.tool_helpers import NO, YES, Person, tooling
from tests.wire import Answer, Call, Fault, Reasoning, Request, Status, WireServer

MANUAL, TOOLLESS = "anthropic:claude-haiku-4.5", "ollama:gemma3"
WITH_TOOLS = (ANTHROPIC, MANUAL, OPENAI, GROQ, OLLAMA)
EVERY = (*WITH_TOOLS, TOOLLESS)
every_provider = pytest.mark.parametrize("name", WITH_TOOLS)

FIRST = Answer(Reasoning("Two tools."), "Let me look.", Call("look", {"n": 1}), Call("show", {"n": 2}))
BAD = Answer(Reasoning("Two tools."), "Let me look.", Call("look", {"n": 1}), Call("fail", {"n": 2}))
SECOND = Answer(Reasoning("One more."), Call("look", {"n": 3}))
LAST = Answer(Reasoning("I know."), "Done.")
ONE_STEP, TWO_STEPS, NO_LIMIT = Limits(steps=1), Limits(steps=2), Limits()


@tool(effect="read", free=True)
async def look(n: int, context: ToolContext) -> str:
    """Look at something."""
    context.tell(f"looking at {n}")
    return f"number {n}"


@tool(effect="read")
async def show(n: int) -> list[str | Image]:
    """Show a picture."""
    return [f"picture {n}", PICTURE]


@tool(effect="read", free=True)
async def fail(n: int) -> str:
    """Fail."""
    raise ToolFailed(f"There is no {n}.")


@tool(effect="read", free=True)
async def wait(n: int) -> str:
    """Wait for ever."""
    await asyncio.Event().wait()
    return str(n)


class Traveller(Person):
    """A person who goes on with another model in the middle of whatever is happening."""

    def __init__(self, talk: Talk, folder: Path) -> None:
        super().__init__(talk, tooling(folder, look, show, fail, wait))

    def server(self, name: str) -> WireServer:
        return self.talk.home.servers[name.partition(":")[0]]

    def begin(self, name: str) -> None:
        """Another conversation, with this model."""
        self.talk.conversation = Conversation(self.talk.model(name))
        self.talk.conversation.reasoning = "medium"
        self.tools.limits, self.answer = NO_LIMIT, lambda question: YES

    async def go(self, name: str, text: str | None, *answers: Answer | Status | str) -> None:
        """One turn on this model, which answers so."""
        self.server(name).answer(*answers)
        self.talk.switch(name)
        await self.say(text)

    async def stopped(self, name: str, text: str | None, *answers: Answer, when: Callable[[], object]) -> None:
        """One turn on this model, interrupted as soon as this is so."""
        task = asyncio.ensure_future(self.go(name, text, *answers))
        while not when():
            assert not task.done()
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def finish(self, name: str) -> None:
        """Go on from the open results to the end, with one more call where the model can make one."""
        self.tools.limits = NO_LIMIT
        await self.go(name, None, *(() if name == TOOLLESS else (SECOND,)), LAST)


async def whole(person: Traveller, one: str, other: str) -> None:
    await person.go(one, "Look.", FIRST, SECOND, LAST)


async def while_the_second_answer_comes(person: Traveller, one: str, other: str) -> None:
    server = person.server(one)
    before = len(server.chats)
    slow = Answer("Well", fault=Fault.stall(after=0, seconds=30))
    await person.stopped(one, "Look.", FIRST, slow, when=lambda: len(server.chats) == before + 2)
    await person.finish(other)


async def at_the_limit(person: Traveller, one: str, other: str) -> None:
    person.tools.limits = ONE_STEP
    await person.go(one, "Look.", FIRST)
    assert isinstance(person.events[-1], Paused)
    if other != TOOLLESS:
        await person.go(other, None, SECOND)
        assert isinstance(person.events[-1], Paused)
        await person.go(one, None, LAST)
    else:
        await person.finish(other)


async def after_an_error(person: Traveller, one: str, other: str) -> None:
    with pytest.raises(RequestRefused):
        await person.go(one, "Look.", BAD, Status(400, message="Bad luck."))
    await person.finish(other)


async def after_a_no(person: Traveller, one: str, other: str) -> None:
    person.tools.limits, person.answer = ONE_STEP, lambda question: Decision(reason="Not that one.")
    await person.go(one, "Look.", FIRST)
    await person.finish(other)


async def before_the_last_answer(person: Traveller, one: str, other: str) -> None:
    person.tools.limits = TWO_STEPS
    await person.go(one, "Look.", FIRST, SECOND)
    await person.go(other, None, LAST)


POINTS = (whole, while_the_second_answer_comes, at_the_limit, after_an_error, after_a_no, before_the_last_answer)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.__name__)
@every_provider
async def test_a_tool_conversation_goes_on_elsewhere_and_back(
    home: Home, tmp_path: Path, name: str, point: Callable[[Traveller, str, str], Awaitable[None]]
) -> None:
    async with Talk(home) as talk:
        person = Traveller(talk, tmp_path)
        for other in EVERY:
            if other == name:
                continue
            since = {server.dialect: len(server.chats) for server in home.servers.values()}
            person.begin(name)
            await point(person, name, other)
            assert talk.conversation.messages[-1].text == "Done."
            await person.go(other, "And you?", "Fine.")
            await person.go(name, "Thanks.", "Welcome.")
            requests = [one for server in home.servers.values() for one in server.chats[since[server.dialect] :]]
            sound(talk.conversation, requests)


def sound(conversation: Conversation, requests: Sequence[Request]) -> None:
    """Every request is legal, answers each call once, in order, and extends the one before it; own turns are whole."""
    assert [request.broken for request in requests if request.broken] == []
    for before, after in pairwise(conversation.messages):
        assert [result.call_id for result in after.results] == [call.id for call in before.calls]
    for request in requests:
        calls, results = called_and_answered(request.body)
        assert results == calls
    for id in {request.body["model"] for request in requests}:
        own = [request for request in requests if request.body["model"] == id]
        told = [history_bytes(request) for request in own]
        assert all(longer.startswith(shorter) for shorter, longer in pairwise(told)), id
        made = [one for one in conversation.messages if one.origin is not None and one.origin.model == id]
        for message in made[:-1]:
            if message.native is not None:
                assert msgspec.json.encode(message.native).strip(b"[]") in own[-1].raw


def called_and_answered(body: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The ids of all calls in a request and those of all results, in their order."""
    calls: list[str] = []
    results: list[str] = []
    for entry in body["input"] if "input" in body else body["messages"]:
        match entry:
            case {"type": "function_call"}:
                calls.append(entry["call_id"])
            case {"type": "function_call_output"}:
                results.append(entry["call_id"])
            case {"role": "tool"}:
                results.append(entry["tool_call_id"])
            case {"content": list(blocks)} if "input" not in body:
                calls += [block["id"] for block in blocks if block["type"] == "tool_use"]
                results += [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        calls += [call["id"] for call in entry.get("tool_calls") or ()]
    return calls, results


THOUGHTS = {
    ANTHROPIC: '"type":"thinking"',
    MANUAL: '"type":"thinking"',
    OPENAI: '"encrypted_content":',
    GROQ: '"reasoning":"Two tools."',
}


@pytest.mark.parametrize(("name", "sign"), THOUGHTS.items())
async def test_reasoning_stays_in_the_loop_that_it_began(home: Home, tmp_path: Path, name: str, sign: str) -> None:
    async with Talk(home) as talk:
        person = Traveller(talk, tmp_path)
        person.begin(name)
        await person.go(name, "Look.", FIRST, SECOND, LAST)
        for request in person.server(name).chats[1:]:
            assert sign in request.raw.decode()
            assert len(request.body["tools"]) == 4


async def test_a_loop_begun_elsewhere_goes_on_without_a_thinking_budget_until_the_person_speaks(
    home: Home, tmp_path: Path
) -> None:
    async with Talk(home) as talk:
        person = Traveller(talk, tmp_path)
        person.begin(OPENAI)
        await at_the_limit(person, OPENAI, MANUAL)
        await person.go(MANUAL, "Thanks.", "Welcome.")
        assert ["thinking" in request.body for request in home.anthropic.chats] == [False, True]


async def test_tools_switched_off_in_the_middle_stay_declared_and_are_not_called(home: Home, tmp_path: Path) -> None:
    async with Talk(home) as talk:
        person = Traveller(talk, tmp_path)
        for name in WITH_TOOLS:
            person.tools.toolbox.enabled = True
            person.begin(name)
            person.tools.limits = ONE_STEP
            await person.go(name, "Look.", FIRST)
            person.tools.toolbox.enabled = False
            await person.go(name, None, LAST)
            person.tools.toolbox.enabled = True
            await person.go(name, "Thanks.", "Welcome.")
            before, silent, after = person.server(name).chats[-3:]
            assert before.body["tools"] == silent.body["tools"] == after.body["tools"]
            assert silent.body.get("tool_choice") in ((None,) if name == OLLAMA else ("none", {"type": "none"}))
            assert "tool_choice" not in before.body
            assert "tool_choice" not in after.body
            sound(talk.conversation, [before, silent, after])


class TestAnInterruptedTurn:
    @every_provider
    async def test_goes_on_everywhere_when_it_was_stopped_while_calls_arrived(
        self, home: Home, tmp_path: Path, name: str
    ) -> None:
        def arriving() -> bool:
            return bool(person.events) and type(person.events[-1]).__name__ == "ToolCallDelta"

        pace = 0.5 if name.startswith(("ollama", "google")) else 0.01  # seconds between pieces; there a call is one
        slow = Answer("Let me look.", Call("look", {"n": 1}), Call("look", {"n": 2}, deltas=9), pace=pace)
        async with Talk(home) as talk:
            person = Traveller(talk, tmp_path)
            person.begin(name)
            await person.stopped(name, "Look.", slow, when=arriving)
            assert talk.conversation.messages[-1].text == "Let me look."
            assert not talk.conversation.messages[-1].calls
            await everywhere(person)

    @every_provider
    async def test_keeps_the_results_that_were_there_when_it_was_stopped_while_tools_ran(
        self, home: Home, tmp_path: Path, name: str
    ) -> None:
        def one_of_two() -> bool:
            kinds = [type(event) for event in person.events]
            return kinds.count(ToolStarted) == 2 and kinds.count(ToolEnded) == 1

        async with Talk(home) as talk:
            person = Traveller(talk, tmp_path)
            person.begin(name)
            calls = Answer(Call("wait", {"n": 1}), Call("look", {"n": 2}))
            person.answer = lambda question: YES
            await person.stopped(name, "Look.", calls, when=one_of_two)
            first, second = talk.conversation.messages[-1].results
            assert first.text.startswith("Interrupted by the user after 0.")
            assert (second.text, second.is_error) == ("number 2", False)
            await everywhere(person)

    @every_provider
    async def test_runs_nothing_when_it_was_stopped_at_the_question(
        self, home: Home, tmp_path: Path, name: str
    ) -> None:
        async def never(question: Question) -> Decision:
            await asyncio.Event().wait()
            return NO

        async with Talk(home) as talk:
            person = Traveller(talk, tmp_path)
            person.begin(name)
            person.answer = never
            await person.stopped(name, "Look.", FIRST, when=lambda: person.asked)
            assert [result.text for result in talk.conversation.messages[-1].results] == [INTERRUPTED_CALL] * 2
            assert not any(isinstance(event, ToolStarted) for event in person.events)
            person.answer = lambda question: YES
            await everywhere(person)


async def everywhere(person: Traveller) -> None:
    """The next turn works on every provider, and so do those after it."""
    for other in EVERY:
        await person.go(other, "Go on.", *(() if other == TOOLLESS else (SECOND,)), LAST)
        assert person.conversation.messages[-1].text == "Done."
    sound(person.conversation, [request for server in person.talk.home.servers.values() for request in server.chats])
