"""Scenarios of caching and of sameness: what stands at the head stays, on every machine and after every restart."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from modules.config import ROOT
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.message import user
from modules.llm.models import ModelRegistry, Profile
from modules.llm.parts import Text, ToolResult
from modules.session.conversation import Conversation
from modules.session.storage.store import Store
from tests.harness.cases import NAMES, PICTURE, TOOLS, TWO_CALLS
from tests.harness.conversation_machine import MODELS
from tests.harness.many_providers import CLAUDE, GROQ, MISTRAL, OPUS, Stage, history_bytes
from tests.harness.transformer_harness import FOUR, Dry, extends
from tests.wire import Answer, Call, Reasoning
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)
NOON = (Text("noon"),)


def long_talk(name: Dialect, turns: int) -> Dry:
    dry = Dry(FOUR[name], "Be brief.", TOOLS)
    for number in range(turns):
        dry.say(f"{number}?")
        dry.tell(*(ToolResult(call.id, NOON) for call in dry.answer(Reasoning("Hm."), *TWO_CALLS).calls))
        dry.answer(Reasoning("Ah."), "Noon.")
    dry.say("Go on.")
    return dry


def test_T73_fifty_turns_carry_at_most_four_cache_marks_and_none_on_thinking() -> None:
    dry = long_talk("anthropic", 50)
    body = dry.body()
    assert json.dumps(body).count("cache_control") <= 4
    assert "cache_control" not in json.dumps(body["messages"])
    assert dry.broken() == []


@every_endpoint
def test_T74_no_mark_is_stored(name: Dialect) -> None:
    dry = long_talk(name, 3)
    dry.entries()
    ledger = dry.conversation.ledger_for(dry.model)
    kept = [entry.wire for entry in ledger.entries] + [message.native for message in dry.conversation.messages]
    assert "cache_control" not in json.dumps(kept)


async def test_T75_the_head_of_the_request_is_the_same_at_every_turn() -> None:
    async with Stage("Be brief.") as stage:
        a, r = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE), stage.add("R", "openai")
        g = stage.add("G", "groq", profile=GROQ)
        for number in range(10):
            await stage.say((a, r, g)[number % 3], f"{number}?")
        for model in (a, r, g):
            heads = [
                json.dumps([r.body.get(key) for key in ("system", "instructions", "tools", "prompt_cache_key")])
                for r in stage.chats(model)
            ]
            assert len(set(heads)) == 1
            assert not any(word in heads[0] for word in ("2026", "opus", "gpt-", "Parlance"))
            assert stage.extends(model)


SCRIPT = """
import asyncio, hashlib, json
from tests.harness.transformer_harness import FOUR, Dry
from modules.llm.message import Message, Origin, user
from modules.llm.parts import Text, ToolCall, ToolResult
from tests.harness.cases import PICTURE, TOOLS
from tests.llm.scenarios_replay_test import the_journey
from tests.harness.many_providers import Stage, history_bytes

async def journey():
    async with Stage("Be brief.") as stage:
        models = await the_journey(stage)
        return [stage.extends(model) and len(stage.chats(model)) for model in models]

dry = Dry(FOUR["groq"], "Be brief.", TOOLS)
calls = tuple(ToolCall(f"call_{n}", "clock", '{"b": 1.0, "a": "\\u00e9"}', f"own_{n}") for n in range(20))
dry.conversation.extend([
    user("What is it?", PICTURE),
    Message("assistant", (Text("Look."), *calls), Origin("x", "y", "z")),
    Message("tool", tuple(ToolResult(call.id, (Text("noon"), PICTURE)) for call in reversed(calls))),
    user("So?"),
])
dry.conversation.id = "fixed"
bodies = {name: hashlib.sha256(json.dumps(dry.body(model)).encode()).hexdigest() for name, model in FOUR.items()}
print(json.dumps([bodies, asyncio.run(journey())]))
"""


def test_T76_the_bytes_are_the_same_under_any_hash_seed_time_zone_and_language() -> None:
    told = []
    for seed, zone, language in (("1", "UTC", "C"), ("4242", "Asia/Kathmandu", "tr_TR.UTF-8")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", SCRIPT], env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        told.append(json.loads(run.stdout))
    assert told[0] == told[1]
    assert told[0][1] == [6, 2, 2]


@every_endpoint
def test_T79_a_branch_is_sent_as_its_parent_was_up_to_where_they_part(name: Dialect) -> None:
    dry = long_talk(name, 3)
    whole = dry.entries()
    dry.answer("Done.")
    for _ in range(2):
        dry.conversation.undo()
    dry.say("Another way?")
    branch = dry.entries()
    shared = next(at for at, (a, b) in enumerate(zip(whole, branch, strict=False)) if a != b)
    assert shared == len(branch) - 1
    dry.answer("This way.")
    dry.say("And on?")
    assert extends(dry.entries(), branch)
    assert dry.broken() == []


@every_endpoint
def test_T80_a_history_cut_between_a_call_and_its_result_is_closed(name: Dialect) -> None:
    dry = Dry(FOUR[name], tools=TOOLS)
    dry.say("How late?")
    dry.tell(*(ToolResult(call.id, NOON) for call in dry.answer(*TWO_CALLS).calls))
    dry.answer("Noon.")
    for place in range(1, 5):
        dry.conversation.go_to(place)
        for model in MODELS.values():
            assert dry.broken(model) == [], (place, model.full_name)


@every_endpoint
def test_T82_asking_twice_gives_the_same_and_changes_nothing(name: Dialect) -> None:
    dry = long_talk(name, 2)
    for model in MODELS.values():
        assert json.dumps(dry.body(model)) == json.dumps(dry.body(model))
        assert len(dry.conversation.ledger_for(model).entries) in (0, len(dry.entries(model)) - 2)


class Saved(Stage):
    """A stage whose conversation is kept in a file, and may be left and gone on with at any time."""

    def __init__(self, folder: Path, system: str = "") -> None:
        super().__init__(system)
        self._path = folder / "conversations.db"
        self._store: Store | None = None
        self._models: dict[str, Any] = {}

    def add(self, letter: str, name: Dialect, **changes: Any) -> Any:
        self._models[letter] = super().add(letter, name, **changes)
        return self._models[letter]

    async def restart(self) -> None:
        """End the program, begin it again, and go on with the last conversation."""
        await self.services.close()
        if self._store is not None:
            self._store.close()
        first = next(iter(self._models.values()))
        store, learned = Store(self._path), LearnedFacts(self._path.with_name("learned.json"))
        found = store.latest()
        if found is None:
            self._conversation = Conversation(first, self._system, journal=store, learned=learned)
        else:
            self._conversation = store.load(found, ModelRegistry(self._models.values()), first, learned)
        self._store = store

    def leave(self) -> None:
        assert self._store is not None
        self._store.close()


@pytest.mark.parametrize("restarts", [False, True], ids=["in-one-run", "restarted-at-each-hop"])
async def test_T06_after_a_restart_the_same_is_sent_as_without_one(tmp_path: Path, restarts: bool) -> None:
    async with Saved(tmp_path, "Be brief.") as stage:
        a = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE)
        b, c, m = (
            stage.add("R", "openai"),
            stage.add("G", "groq", profile=GROQ),
            stage.add("M", "chat", profile=MISTRAL),
        )
        await stage.restart()
        thinks = Answer(Reasoning("Hm."), "Let me look.", *TWO_CALLS)
        for model in (a, b, a, m, c, a, m, a):
            await stage.say(model, user("What is it?", PICTURE), thinks)
            if restarts:
                await stage.restart()
            await stage.tell(model, (Text("see"), PICTURE), NOON, answer=Answer(Reasoning("Ah."), "Red."))
            stage.conversation.instruct("Be kind." if model is b else "Be brief.")
            if restarts:
                await stage.restart()
        stage.leave()
        for model in (a, b, c, m):
            assert stage.extends(model)
            assert stage.recovered == []
        assert stage.last(a).count('"thinking":"Hm."') == 4


async def test_T06_what_a_restarted_program_would_send_is_what_the_running_one_would(tmp_path: Path) -> None:
    async with Saved(tmp_path) as stage:
        a, g = stage.add("A", "anthropic"), stage.add("G", "groq", profile=GROQ)
        await stage.restart()
        for model in (a, g):
            await stage.say(model, user("?", PICTURE), Answer(Reasoning("Hm."), *TWO_CALLS))
            await stage.tell(model, NOON, NOON)
        running = stage.conversation
        assert stage._store is not None
        await stage._store.settled()
        for model in (a, g):
            await stage.say(model, "Go on.", "So.")
        sent = [history_bytes(stage.chats(model)[-1]) for model in (a, g)]
        running.undo()
        running.undo()
        await stage.restart()
        for model, before in zip((a, g), sent, strict=True):
            await stage.say(model, "Go on.", "So.")
            assert history_bytes(stage.chats(model)[-1]) == before
        stage.leave()


async def test_T34_what_was_taken_out_stays_out_after_a_restart(tmp_path: Path) -> None:
    async with Saved(tmp_path) as stage:
        a, x = stage.add("A", "anthropic"), stage.add("X", "chat", profile=Profile(replay=("reasoning",)))
        await stage.restart()
        await stage.say(a, user("?", PICTURE), Answer(Reasoning("old"), "So."))
        stage.conversation.ledger_for(a).strip(2)
        stage.conversation.learned.note(x, images=0)
        await stage.say(x, "?", Answer(Reasoning("X's"), "So."))
        await stage.say(a, "?", Answer(Reasoning("new"), "So."))
        await stage.restart()
        await stage.say(a, "?")
        assert '"old"' not in stage.last(a)
        assert '"new"' in stage.last(a)
        await stage.say(x, "?")
        assert PICTURE.base64 not in stage.last(x)
        for model in (a, x):
            told = [history_bytes(request) for request in stage.chats(model)][1 if model is a else 0 :]
            assert all(longer.startswith(shorter) for shorter, longer in pairwise(told))
        stage.leave()


async def test_T16_a_huge_integer_is_kept_over_a_restart(tmp_path: Path) -> None:
    async with Saved(tmp_path) as stage:
        a, r = stage.add("A", "anthropic"), stage.add("R", "openai")
        await stage.restart()
        for model in (a, r):
            await stage.say(model, user("?"), Answer(Call("clock", {"v": 10**40, "w": -(2**70)})))
            await stage.tell(model, NOON)
        await stage.restart()
        for model in (a, r):
            await stage.say(model, "Go on.")
            assert str(10**40) in stage.last(model)
            assert stage.extends(model)
        stage.leave()
