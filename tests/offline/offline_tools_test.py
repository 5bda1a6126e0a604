"""The guide with tools: it calls them as any model does, and speaks of results whoever has called."""

import json
from pathlib import Path

import pytest

from modules.llm.base import ChatRequest, ToolSpec
from modules.llm.events import Finished, TextDelta, ToolCallDelta
from modules.llm.message import Message, Origin, closing, user
from modules.llm.models import Model
from modules.llm.parts import Image, Text, ToolCall, ToolResult
from modules.offline import guide
from modules.offline.answer import answer
from modules.offline.service import OfflineService
from modules.offline.tool_script import wanted_by
from modules.tools.approval import Decision
from modules.tools.built_in import BUILT_IN
from modules.tools.calculator import calculate
from modules.tools.clock import current_time
from modules.tools.tool import tool
from tests.harness.engine_harness import Talk
from tests.harness.home import Home
from tests.harness.tool_helpers import Person, tooling
from tests.offline.offline_test import NOT_OURS, PROVIDER, QUESTIONS
from tests.wire import Answer, Call

GUIDE = "offline:guide"
MODEL = Model(name="guide", id="guide", provider=PROVIDER)
NAMES = ("current_time", "calculate", "list_files", "run_command", "read_file")
SPECS = tuple(ToolSpec(name, "", {"type": "object"}) for name in NAMES)

CALLS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "what time is it": [("current_time", {})],
    "What's the time?": [("current_time", {})],
    "tell me the date and what day is it": [("current_time", {})],
    "time": [("current_time", {})],
    "What time is it in Tokyo?": [("current_time", {"timezone": "Asia/Tokyo"})],
    "what time is it in new york now": [("current_time", {"timezone": "America/New_York"})],
    "what time is it in Atlantis?": [("current_time", {"timezone": "Atlantis"})],
    "what is 12 * 7": [("calculate", {"expression": "12 * 7"})],
    "how much is (2+3)*4?": [("calculate", {"expression": "(2+3)*4"})],
    "12 x 7.5": [("calculate", {"expression": "12 * 7.5"})],
    "time and 2+2": [("current_time", {}), ("calculate", {"expression": "2+2"})],
    "what time is it in Tokyo and what is 3 - 1": [
        ("current_time", {"timezone": "Asia/Tokyo"}),
        ("calculate", {"expression": "3 - 1"}),
    ],
    "list the files here": [("list_files", {})],
    "Which files are there?": [("list_files", {})],
    "run a command": [("run_command", {"command": "date"})],
    "what is in README.md": [("read_file", {"path": "README.md"})],
    "show me docs/architecture.md": [("read_file", {"path": "docs/architecture.md"})],
}
NO_CALLS = [
    *QUESTIONS,
    *NOT_OURS,
    "how do I run a command",
    "most of the time it works",
    "what happened on 2026-11-22",
    "is gpt-4.1 better than llama-3.1-8b",
    "call me at +49 89 1234",
    "it costs 5",
]


@tool(effect="execute")
def run_command(command: str) -> str:
    """Run it."""
    return f"ran {command}"


def request(*messages: Message | str, tools: tuple[ToolSpec, ...] = SPECS, off: bool = False) -> ChatRequest:
    history = tuple(user(each) if isinstance(each, str) else each for each in messages)
    return ChatRequest(MODEL, history, tools=tools, tool_choice="none" if off else "auto")


def after(result: str, *, error: bool = False, name: str = "run_command", by: str = "offline") -> str:
    """What the guide says when this is the result of the last call."""
    call = ToolCall("call_1", name, "{}")
    asked = Message("assistant", (call,), Origin(by, f"{by}:", "a-model" if by != "offline" else "guide"))
    return answer(
        guide.load(), [user("go"), asked, Message("tool", (ToolResult("call_1", (Text(result),), error),))]
    ).text


@pytest.mark.parametrize(("question", "calls"), CALLS.items())
async def test_a_question_for_a_tool_calls_it(question: str, calls: list[tuple[str, dict[str, str]]]) -> None:
    reply = OfflineService(MODEL.provider, pace=0).reply(request(question))
    events = [event async for event in reply]
    message = reply.message()
    assert [(call.name, call.parsed()) for call in message.calls] == calls
    assert len({call.id for call in message.calls}) == len(calls)
    assert all(len(call.id) == 29 for call in message.calls)
    assert (message.stop, message.state) == ("tool_use", "complete")
    assert "scripted" in message.text
    pieces = [event for event in events if isinstance(event, ToolCallDelta)]
    for index, (name, arguments) in enumerate(calls):
        own = [piece for piece in pieces if piece.index == index]
        assert (own[0].name, own[0].arguments) == (name, "")
        assert json.loads("".join(piece.arguments for piece in own)) == arguments


@pytest.mark.parametrize("question", NO_CALLS)
def test_any_other_question_calls_none(question: str) -> None:
    assert wanted_by(question) == []


@pytest.mark.parametrize("question", CALLS)
@pytest.mark.parametrize("wire", [request("x", tools=()), request("x", off=True)], ids=["none offered", "switched off"])
async def test_where_tools_are_off_it_says_how_to_switch_them_on(question: str, wire: ChatRequest) -> None:
    reply = OfflineService(MODEL.provider, pace=0).reply(
        request(question, tools=wire.tools, off=wire.tool_choice == "none")
    )
    assert isinstance([event async for event in reply][-1], Finished)
    assert not reply.message().calls
    assert "`/tools on`" in reply.message().text


async def test_where_one_tool_is_off_it_names_it_and_calls_the_others() -> None:
    clock = SPECS[:1]
    one = OfflineService(MODEL.provider, pace=0).reply(request("time and 2+2", tools=clock))
    assert [event async for event in one]
    assert [call.name for call in one.message().calls] == ["current_time"]
    none = OfflineService(MODEL.provider, pace=0).reply(request("2+2", tools=clock))
    assert [event async for event in none]
    assert "`/tools on calculate`" in none.message().text


async def test_a_call_that_was_cut_is_left_out() -> None:
    reply = OfflineService(MODEL.provider, pace=0).reply(request("what is 12 * 7"))
    async for event in reply:
        if isinstance(event, ToolCallDelta) and event.arguments:
            break
    cut = reply.message("interrupted")
    assert not cut.calls
    assert cut.text


async def test_it_answers_from_the_results_and_the_conversation_goes_on_elsewhere(home: Home, tmp_path: Path) -> None:
    async with Talk(home, GUIDE) as talk:
        person = Person(talk, tooling(tmp_path, current_time, calculate))
        await person.say("what time is it in Tokyo and what is 12 * 7")
        assert person.asked == []
        said = talk.conversation.messages[-1]
        assert [message.role for message in talk.conversation] == ["user", "assistant", "tool", "assistant"]
        assert "`12 * 7` is **84**." in said.text
        assert "Asia/Tokyo (JST)" in said.text
        talk.switch("anthropic:claude-sonnet-5.5")
        home.anthropic.answer(Answer("Nice."))
        await person.say("And you?")
        assert talk.conversation.messages[-1].text == "Nice."


async def test_a_command_is_asked_about_and_a_no_is_understood(home: Home, tmp_path: Path) -> None:
    async with Talk(home, GUIDE) as talk:
        person = Person(talk, tooling(tmp_path, run_command), lambda question: Decision(reason="not now"))
        await person.say("run a command")
        assert [question.call.arguments for question in person.asked] == ['{"command": "date"}']
        assert "You declined `run_command`" in talk.conversation.messages[-1].text
        assert "You said: not now" in talk.conversation.messages[-1].text


async def test_what_a_tool_does_not_know_is_passed_on(home: Home, tmp_path: Path) -> None:
    async with Talk(home, GUIDE) as talk:
        person = Person(talk, tooling(tmp_path, current_time))
        await person.say("what time is it in Tokio?")
        said = talk.conversation.messages[-1].text
        assert "`current_time` failed" in said
        assert 'There is no time zone "Tokio"' in said


def test_results_are_told_whatever_they_came_to() -> None:
    assert "came back with:\n\n    ran date" in after("ran date")
    assert "`run_command` came back with nothing." in after("")
    assert "failed, and says:\n\n    exit code 1" in after("exit code 1", error=True)
    assert "was interrupted" in after("Interrupted by the user after 2.0 seconds.", error=True)
    long = after("\n".join(f"line {number} ```" for number in range(50)))
    assert "line 19" in long
    assert "line 20" not in long
    assert "(30 more lines; `/tool` shows them all.)" in long
    picture = Message("tool", (ToolResult("call_1", (Image("image/png", "iVBORw0KGgo="),)),))
    call = Message("assistant", (ToolCall("call_1", "look", "not json"),), Origin("offline", "offline:", "guide"))
    assert "a picture" in answer(guide.load(), [user("x"), call, picture]).text


def test_a_call_that_was_interrupted_before_it_began_is_understood() -> None:
    call = Message("assistant", (ToolCall("call_1", "look", "{}"),), Origin("offline", "offline:", "guide"))
    results = closing(call)
    assert results is not None
    assert "`look` was interrupted" in answer(guide.load(), [user("x"), call, results]).text


def test_the_open_loop_of_another_model_is_told_and_handed_back() -> None:
    text = after("42", by="anthropic-messages", name="calculate")
    assert "a-model called tools" in text
    assert "**42**" in text
    assert "scripted" in text
    assert "`/continue`" in text


async def test_the_loop_of_another_model_goes_on_at_the_guide(home: Home, tmp_path: Path) -> None:

    home.anthropic.answer(Answer("Let me see.", Call("calculate", {"expression": "6*7"})))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, calculate))
        talk.events = []
        await talk.say("6*7?", tools=(calculate.spec,))
        call = talk.conversation.messages[-1].calls[0]
        talk.conversation.append(Message("tool", (ToolResult(call.id, (Text("42"),)),)))
        talk.switch(GUIDE)
        await person.say(None)
        assert "claude-sonnet-5.5 called tools" in talk.conversation.messages[-1].text.replace(
            "claude-sonnet-5-5", "claude-sonnet-5.5"
        )
        assert "`6*7` is **42**." in talk.conversation.messages[-1].text


def test_what_it_calls_of_the_built_in_tools_takes_those_arguments() -> None:
    specs = {one.name: one.spec for one in BUILT_IN}
    for calls in CALLS.values():
        for name, arguments in calls:
            if name in specs:
                assert set(arguments) <= set(specs[name].parameters["properties"])
                assert set(specs[name].parameters.get("required", ())) <= set(arguments)


async def test_the_words_come_before_the_call_and_the_end_comes_last() -> None:
    reply = OfflineService(MODEL.provider, pace=0).reply(request("2+2"))
    kinds = [type(event) for event in [event async for event in reply]]
    assert kinds[-1] is Finished
    assert max(at for at, kind in enumerate(kinds) if kind is TextDelta) < kinds.index(ToolCallDelta)
