"""What a call may not do: run unseen, unkept, too large or switched off, or say more than there is room for."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from modules.llm.events import ToolCallDelta
from modules.llm.message import user
from modules.session.storage.store import Store
from modules.session.turns.turn import run_turn
from modules.tools.approval import Permission
from modules.tools.tool import Plan, ToolContext, tool
from tests.harness.engine_harness import GROQ, OLLAMA, Talk
from tests.harness.home import Home
from tests.harness.store_helpers import bodies
from tests.harness.tool_helpers import NO, YES, Person, tooling
from tests.wire import Answer, Call


@tool(effect="read", free=True)
async def dig(n: int) -> str:
    """Dig."""
    return f"found {n}"


async def test_a_call_is_in_the_file_before_it_runs(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"

    @tool(effect="read", free=True)
    async def peek() -> str:
        """What the file has."""
        return str(bodies(path, "role = 'assistant'"))

    home.groq.answer(Answer(Call("peek")), "I see.")
    store = Store(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    async with Talk(home, GROQ) as talk:
        conversation = talk.conversation
        conversation.journal = store
        turn = run_turn(conversation, talk.services, user("Look."), conversation.model, tooling(tmp_path, peek))
        async for event in turn:
            if isinstance(event, ToolCallDelta) and not blocker.in_transaction:
                blocker.execute("BEGIN IMMEDIATE")  # what is said from here on has to wait
                asyncio.get_running_loop().call_later(0.3, blocker.rollback)
        assert "peek" in conversation.messages[2].results[0].text
    blocker.close()
    store.close()


async def test_what_runs_after_a_yes_is_what_was_looked_at_for_the_question(home: Home, tmp_path: Path) -> None:
    looks: list[int] = []

    @tool(effect="write")
    async def act(n: int) -> Plan:
        """Act."""
        looks.append(n)
        look = len(looks)

        async def do(context: ToolContext) -> str:
            return f"as seen in look {look}"

        return Plan(do, "acts")

    home.groq.answer(Answer(Call("act", {"n": 1})), "I see.")
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, act))
        await person.say("Act.")
        assert (len(person.asked), looks, person.results) == (1, [1], ["as seen in look 1"])


async def test_a_call_that_is_larger_than_any_sense_is_not_run(home: Home, tmp_path: Path) -> None:
    home.groq.answer(Answer(Call("dig", '{"n": 1' + " " * 1_000_000 + "}", deltas=2)), "I see.")
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, dig))
        await person.say("Dig.")
        assert person.results == ["The arguments are larger than 1000000 characters."]
        assert person.ended[0].seconds is None


async def test_a_tool_that_is_off_is_as_one_that_is_not_there(home: Home, tmp_path: Path) -> None:
    @tool(effect="read", free=True)
    async def look() -> str:
        """Look."""
        return "nothing"

    home.groq.answer(Answer(Call("dig", {"n": 1}), Call("look")), "I see.")
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, dig, look))
        person.tools.toolbox.switch("dig", on=False)
        await person.say("Dig.")
        assert person.results == ['There is no tool "dig". The tools are: look.', "nothing"]


async def test_tools_that_are_off_are_not_run_by_a_model_that_calls_them_all_the_same(
    home: Home, tmp_path: Path
) -> None:
    home.ollama.answer(Answer(Call("dig", {"n": 1})), "I see.", Answer(Call("dig", {"n": 2})), "Well.")
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, dig))
        await person.say("Dig.")
        assert person.results == ["found 1"]
        person.tools.toolbox.enabled = False
        await person.say("Dig again.")
        assert person.results == ["Tools are switched off by the user."]
        assert person.ended[0].seconds is None


async def test_a_long_result_is_cut_also_where_no_file_can_hold_all_of_it(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "private").write_text("in the way")

    @tool(effect="read", free=True)
    async def flood() -> str:
        """Say much."""
        return "first " + "x" * 100_000 + " last"

    home.anthropic.answer(Answer(Call("flood")), "Much.")
    async with Talk(home) as talk:
        await Person(talk, tooling(folder, flood)).say("Go.")
        text = talk.conversation.messages[2].results[0].text
    assert text.startswith("first x")
    assert text.endswith("x last")
    assert "[… 50011 of 100011 bytes left out …]" in text


async def test_letters_that_only_a_model_would_read_are_taken_out_and_counted(home: Home, tmp_path: Path) -> None:
    @tool(effect="read", free=True)
    async def whisper() -> str:
        """Say something else."""
        return "Hello" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey") + "\0."

    home.anthropic.answer(Answer(Call("whisper")), "Hm.")
    async with Talk(home) as talk:
        await Person(talk, tooling(tmp_path, whisper)).say("Go.")
        assert talk.conversation.messages[2].results[0].text == "Hello\ufffd.\n[4 invisible characters were removed]"


@pytest.mark.parametrize("granted", [Permission("other"), Permission("act", "act --all", prefix=True)])
async def test_a_permission_for_something_else_lets_nothing_run(
    home: Home, tmp_path: Path, granted: Permission
) -> None:
    ran: list[str] = []

    @tool(effect="write")
    async def act() -> str:
        """Act."""
        ran.append("act")
        return "done"

    home.ollama.answer(Answer(Call("act")), "I see.", Answer(Call("act")), "Fine.")
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, act), lambda question: NO)
        person.tools.approval.permissions.append(granted)
        await person.say("Act.")
        assert (len(person.asked), ran) == (1, [])
        person.answer = lambda question: YES
        await person.say("Act after all.")
        assert ran == ["act"]
