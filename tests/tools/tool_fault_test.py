"""What can go wrong with a call: each fault is an error result that says what it was, and the model goes on."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from modules.errors import ToolFailed
from modules.llm.parts import Image, Text, ToolCall
from modules.tools.results import BOUND_BYTES
from modules.tools.tool import Plan, ToolContext, tool
from modules.tools.toolbox import Toolbox
from tests.harness.cases import PICTURE
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.tool_helpers import Person, tooling
from tests.wire import Answer, Call
from tests.wire import Text as Words

EVERY = pytest.mark.parametrize("name", [ANTHROPIC, OPENAI, GROQ, OLLAMA])


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


@tool(effect="read", free=True)
async def add(a: int, b: int = 1) -> str:
    """Add two numbers."""
    return str(a + b)


@tool(effect="read", free=True)
async def subtract(a: int, b: int) -> str:
    """Subtract."""
    return str(a - b)


@tool(effect="read", free=True)
async def fails(how: str) -> Any:
    """Fail in some way."""
    match how:
        case "told":
            raise ToolFailed("There is no such thing.")
        case "raised":
            raise LookupError("nothing there")
        case "mute":
            raise Mute
        case "out of time":
            raise TimeoutError("the host was silent")
        case "exit":
            sys.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "cancelled":
            raise asyncio.CancelledError
        case "group":
            raise ExceptionGroup("several", [ValueError("one"), OSError("two")])
        case "no value":
            return {"a": object()}
    return None


@tool(effect="read", free=True)
def fails_in_a_thread(how: str) -> str:
    """Fail in a thread."""
    if how == "exit":
        sys.exit(3)
    if how == "nothing left":
        return next(iter(()))
    raise OSError(how)


@tool(effect="read", free=True)
async def fails_when_looked_at(how: str) -> Plan:
    """Fail before anyone is asked."""
    raise asyncio.CancelledError if how == "cancelled" else SystemExit(how)


@tool(effect="read", free=True)
async def hangs(context: ToolContext) -> Plan:
    """Never come back."""

    async def do(context: ToolContext) -> str:
        context.tell("half way")
        await asyncio.Event().wait()
        return ""

    return Plan(do, patience=0.05)


@tool(effect="read", free=True)
async def floods(letters: int) -> str:
    """Say much."""
    return "Zürich " + "x" * letters + " the end"


@tool(effect="read", free=True)
async def shows() -> list[str | Image]:
    """Show a picture."""
    return ["see", PICTURE]


TOOLS = (add, subtract, fails, fails_in_a_thread, fails_when_looked_at, hangs, floods, shows)

FAULTS: dict[str, tuple[Call, str]] = {
    "a name that is none": (Call("ad", {"a": 1}), 'There is no tool "ad". Did you mean add?'),
    "a name that no API takes": (Call("a b!", {}), 'There is no tool "a b!". The tools are: add, subtract, fails,'),
    "arguments that are cut": (
        Call("add", '{"a": 1'),
        "The arguments are not JSON: Expecting ',' delimiter at character 7",
    ),
    "no object": (Call("add", "[1, 2]"), "The arguments are not a JSON object"),
    "null": (Call("add", "null"), "The arguments are not a JSON object"),
    "NaN": (Call("add", '{"a": NaN}'), "The arguments are not a JSON object with finite numbers."),
    "infinity": (Call("add", '{"a": 1e999}'), "The arguments are not a JSON object with finite numbers."),
    "brackets without end": (Call("add", "[" * 100_000, deltas=2), "The arguments cannot be read"),
    "lists in lists": (
        Call("add", '{"a": ' + "[" * 100 + "]" * 100 + "}", deltas=2),
        "they have more than 100 levels.",
    ),
    "a number of 5000 digits": (Call("add", '{"a": ' + "1" * 5000 + "}", deltas=2), "The arguments cannot be read"),
    "a name given twice": (Call("add", '{"a": 1, "a": 2}'), 'The arguments give "a" twice.'),
    "nothing where something must be": (Call("add", {}), "Object missing required field `a`"),
    "more than there is": (Call("add", {"a": 1, "c": 2}), "Object contains unknown field `c`"),
    "another type": (Call("add", {"a": "1"}), "Expected `int`, got `str` - at `$.a`"),
    "what the tool says": (Call("fails", {"how": "told"}), "There is no such thing."),
    "an exception": (Call("fails", {"how": "raised"}), "LookupError: nothing there"),
    "an exception without words": (Call("fails", {"how": "mute"}), "Mute"),
    "a time-out of its own": (Call("fails", {"how": "out of time"}), "TimeoutError: the host was silent"),
    "sys.exit": (Call("fails", {"how": "exit"}), "SystemExit: 3"),
    "an interrupt of its own": (Call("fails", {"how": "interrupt"}), "KeyboardInterrupt"),
    "a cancellation of its own": (Call("fails", {"how": "cancelled"}), "CancelledError"),
    "several at once": (Call("fails", {"how": "group"}), "ExceptionGroup: several"),
    "a value that is no JSON": (Call("fails", {"how": "no value"}), "TypeError"),
    "sys.exit in a thread": (Call("fails_in_a_thread", {"how": "exit"}), "SystemExit: 3"),
    "an iterator that is used up in a thread": (Call("fails_in_a_thread", {"how": "nothing left"}), "StopIteration"),
    "an exception in a thread": (Call("fails_in_a_thread", {"how": "gone"}), "OSError: gone"),
    "sys.exit while it is looked at": (Call("fails_when_looked_at", {"how": "exit"}), "SystemExit: exit"),
    "a cancellation while it is looked at": (Call("fails_when_looked_at", {"how": "cancelled"}), "CancelledError"),
    "no end": (Call("hangs"), "Stopped: it took longer than 0.05 seconds.\nUntil then it said:\nhalf way"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_a_result_and_its_neighbour_runs(home: Home, tmp_path: Path, fault: str) -> None:
    call, told = FAULTS[fault]
    home.groq.answer(Answer(call, Call("add", {"a": 2, "b": 3})), Answer("I see."))
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, *TOOLS))
        await person.say("Go.")
        first, second = talk.conversation.messages[2].results
        assert first.is_error
        assert first.text.startswith(told) or told in first.text
        assert (second.text, second.is_error) == ("5", False)
        assert talk.conversation.messages[-1].text == "I see."
        assert all(request.broken == [] for request in home.groq.chats)


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "get_tme": "Did you mean time__get_time?",
        "get_time": "Did you mean time__get_time?",
        "zzz": f"The tools are: {', '.join(f'server__tool_{n:03}' for n in range(20))}, and 81 more.",
    }.items(),
)
async def test_an_unknown_tool_among_many_is_answered_shortly(tmp_path: Path, name: str, told: str) -> None:
    many = [replace(add, spec=replace(add.spec, name=f"server__tool_{n:03}")) for n in range(100)]
    tools = [*many, replace(add, spec=replace(add.spec, name="time__get_time"))]
    with pytest.raises(ToolFailed) as raised:
        await Toolbox(tools, ToolContext(tmp_path, tmp_path)).plan(ToolCall("c", name, "{}"))
    assert raised.value.message == f'There is no tool "{name}". {told}'
    with pytest.raises(ToolFailed) as raised:
        await Toolbox(tools, ToolContext(tmp_path, tmp_path)).plan(ToolCall("c", name * 10_000, "{}"))
    assert len(raised.value.message) < 600


@EVERY
async def test_every_provider_takes_the_results_of_faults(home: Home, tmp_path: Path, name: str) -> None:
    server = home.servers[name.partition(":")[0]]
    calls = [call for fault, (call, _) in FAULTS.items() if fault not in ("no end", "brackets without end")]
    server.answer(Answer(*calls), Answer("I see."), Answer("Yes."))
    async with Talk(home, name) as talk:
        person = Person(talk, tooling(tmp_path, *TOOLS))
        await person.say("Go.")
        await person.say("Sure?")
    assert len(person.asked) == 0
    assert [request.broken for request in server.chats] == [[]] * 3


async def test_calls_without_ids_of_their_own_and_with_the_same_are_told_apart(home: Home, tmp_path: Path) -> None:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        return "data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}) + "\n\n"

    calls = [
        {"index": at, "id": given, "type": "function", "function": {"name": "add", "arguments": f'{{"a": {at}}}'}}
        for at, given in enumerate([None, None, "", "same", "same"])
    ]
    home.groq.answer(Answer.raw((chunk({"tool_calls": calls}) + chunk({}, "tool_calls")).encode()), "Five.")
    async with Talk(home, GROQ) as talk:
        await Person(talk, tooling(tmp_path, *TOOLS)).say("Add.")
        said, results = talk.conversation.messages[1:3]
        assert len({call.id for call in said.calls}) == 5
        assert [result.call_id for result in results.results] == [call.id for call in said.calls]
        assert [result.text for result in results.results] == ["1", "2", "3", "4", "5"]
    assert home.groq.chats[1].broken == []


@EVERY
async def test_calls_of_an_answer_that_the_limit_cut_are_not_run(home: Home, tmp_path: Path, name: str) -> None:
    ran: list[int] = []

    @tool(effect="read", free=True)
    async def mark(n: int) -> str:
        """Mark."""
        ran.append(n)
        return "marked"

    server = home.servers[name.partition(":")[0]]
    server.answer(Answer("Well,", Call("mark", {"n": 1}), stop="max_tokens"), "Going on.")
    async with Talk(home, name) as talk:
        person = Person(talk, tooling(tmp_path, mark))
        await person.say("Go.")
        assert len(server.chats) == 1
        said, *after = talk.conversation.messages[1:]
        told = [result.text for message in after for result in message.results]
        assert told == ["Not run: the answer ended early (max_tokens)."] * len(said.calls)
        await person.say("Go on.")
    assert ran == []
    assert server.chats[1].broken == []


async def test_a_result_of_a_megabyte_reaches_the_model_by_its_ends_and_a_file_holds_all(
    home: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    home.anthropic.answer(Answer(Call("floods", {"letters": 1_000_000})), Answer("Much."))
    async with Talk(home) as talk:
        await Person(talk, tooling(folder, *TOOLS)).say("Go.")
        (result,) = talk.conversation.messages[2].results
    assert len(result.text.encode()) < BOUND_BYTES + 500
    assert result.text.startswith("Zürich xxx")
    assert result.text.endswith("xxx the end")
    (spilled,) = (tmp_path / "private" / "results").iterdir()
    assert str(spilled) in result.text
    assert spilled.read_text(encoding="utf-8") == "Zürich " + "x" * 1_000_000 + " the end"
    assert stat.S_IMODE(os.stat(spilled).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(spilled.parent).st_mode) == 0o700
    assert len(home.anthropic.chats[1].raw) < BOUND_BYTES + 10_000


@EVERY
async def test_a_picture_that_a_tool_returns_is_seen_by_those_that_see(home: Home, tmp_path: Path, name: str) -> None:
    server = home.servers[name.partition(":")[0]]
    server.answer(Answer(Call("shows")), "Red.")
    async with Talk(home, name) as talk:
        await Person(talk, tooling(tmp_path, *TOOLS)).say("Show it.")
        assert talk.conversation.messages[2].results[0].parts == (Text("see"), PICTURE)
        sees = talk.conversation.model.vision
    assert (PICTURE.base64.encode() in server.chats[1].raw) == sees
    assert server.chats[1].broken == []


async def test_an_answer_of_many_faults_is_told_apart_by_the_words_around_it(home: Home, tmp_path: Path) -> None:
    home.anthropic.answer(Answer(Words("Look."), Call("ad", {}), Call("fails", {"how": "told"})), Answer("I see."))
    async with Talk(home) as talk:
        person = Person(talk, tooling(tmp_path, *TOOLS))
        await person.say("Go.")
        blocks = home.anthropic.chats[1].body["messages"][-1]["content"]
    assert [block["is_error"] for block in blocks] == [True, True]
    assert [block["content"][0]["text"] for block in blocks][1] == "There is no such thing."
