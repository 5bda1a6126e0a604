"""Turns with tools that may go any way, as rules for hypothesis: the real engine, toolbox, services, and loopback."""

import asyncio
import atexit
import json
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, aclosing, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modules.errors import ProviderError
from modules.llm.generation.answer_schema import AnswerSchema
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Image
from modules.session.conversation import Conversation
from modules.session.turns.structured_turn import asking_for, structured_turn
from modules.session.turns.tooling import Limits, Tooling
from modules.session.turns.turn import Paused, run_turn, unanswered_results
from modules.settings.declarations import OptionSettings, SearchSettings
from modules.tools.approval import Decision, Question
from modules.tools.tool import Plan, ToolContext, tool
from modules.tools.web.search import web_search
from modules.tools.web.search_choice import SearchChoice
from tests import wire
from tests.harness.any_options import SCHEMAS, options, schemas
from tests.harness.any_searches import FOUND, LATE, PAGES, searched, unsearched
from tests.harness.cases import PICTURE
from tests.harness.conversation_machine import MODELS, restarted
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.many_providers import history_bytes
from tests.harness.tool_helpers import tooling
from tests.harness.transformer_harness import Dry, facts_of, wire_name
from tests.wire.rulebook import broken_rules

NAMES = (ANTHROPIC, "anthropic:claude-haiku-4.5", OPENAI, GROQ, OLLAMA, "ollama:gemma3", "google:gemini-4-argon")
PROVIDER = {name: name.partition(":")[0] for name in NAMES}


@tool(effect="read", free=True)
async def look(n: int, context: ToolContext) -> list[str | Image]:
    """Look at something."""
    context.tell(f"looking at {n}")
    await asyncio.sleep(0)
    return [f"number {n}", PICTURE] if n % 2 else [f"number {n}"]


@tool(effect="read", free=True)
async def fail(n: int) -> str:
    """Fail."""
    raise (OSError, asyncio.CancelledError, SystemExit)[n % 3](f"no {n}")


@tool(effect="write")
async def act(n: int) -> str:
    """Do something that must be asked about."""
    return "" if n % 2 else "done"


@tool(effect="read", free=True)
async def hang(n: int) -> Plan:
    """Take too long, or nearly so."""

    async def do(context: ToolContext) -> str:
        context.tell("half way")
        await asyncio.sleep(0.005)
        return "at last"

    return Plan(do, patience=0.001 if n % 2 else 60)


TOOLS = (look, fail, act, hang)
numbers = st.integers(0, 3)
given = st.one_of(
    st.builds(lambda n: {"n": n}, numbers),
    st.builds(lambda n: {"n": n}, numbers),
    st.builds(lambda n: {"n": n}, numbers),
    st.sampled_from(["", '{"n": ', "null", '{"n": "x"}', '{"n": 1, "n": 2}']),
)
calls = st.builds(wire.Call, st.sampled_from([*(one.name for one in TOOLS * 3), "nope", "a b"]), given)
GOOGLE_KEY = "AIza-test-3b1c7d"
said: st.SearchStrategy[list[wire.Search | wire.Cites | wire.Reasoning | str]] = st.sampled_from(
    [["Let me see."], ["漢字 🎉"], [wire.Reasoning("Hm.")], [wire.Reasoning("", True)]]
)
heads = st.lists(st.one_of(said, searched), max_size=3).map(lambda heads: [part for head in heads for part in head])
calling = st.builds(
    lambda head, called, stop: wire.Answer(*head, *called, stop=stop),
    heads,
    st.lists(calls, min_size=1, max_size=3),
    st.sampled_from([None] * 8 + ["max_tokens", "end_turn"]),
)
ending = st.one_of(
    heads.map(lambda head: wire.Answer(*head, "Found.")),
    heads.map(lambda head: wire.Answer(*head, LATE, stop="pause_turn")),
    st.builds(
        lambda at: wire.Answer(wire.Search("a", PAGES), "It is so.", fault=wire.Fault.cut_mid_event(at)),
        st.integers(1, 12),
    ),
    st.just(wire.Answer(wire.Reasoning("I know."), "Done.")),
    st.just(wire.Answer(wire.Reasoning("I know."), "Done.")),
    st.sampled_from(["refusal", "max_tokens"]).map(lambda stop: wire.Answer("Well", stop=stop)),
    st.builds(lambda at: wire.Answer("It is so.", fault=wire.Fault.cut_mid_event(at)), st.integers(1, 8)),
    st.sampled_from([(400, None), (401, None), (429, "3600"), (529, "3600")]).map(
        lambda status: wire.Status(status[0], retry_after=status[1], message="Not now.")
    ),
)
Script = Sequence[wire.Answer | wire.Status]
scripts: st.SearchStrategy[Script] = st.tuples(st.lists(calling, max_size=3), ending).map(lambda it: [*it[0], it[1]])
decisions = st.sampled_from([Decision(True), Decision(), Decision(reason="Not that one.")])
limits = st.sampled_from([Limits()] * 3 + [Limits(steps=1), Limits(repeats=1), Limits(tokens=1)])
moments = st.one_of(st.none(), st.none(), st.integers(1, 25))  # the event at which the person has enough


class Scene:
    """The providers on loopback, one loop and the services: the same for all conversations."""

    def __init__(self) -> None:
        self.open = ExitStack()
        folder = Path(self.open.enter_context(TemporaryDirectory()))
        home = Home(folder)
        home.keys["GEMINI_API_KEY"] = GOOGLE_KEY
        home.servers["google"] = wire.WireServer("gemini", key=GOOGLE_KEY)
        self.home = self.open.enter_context(home)
        self.runner = self.open.enter_context(asyncio.Runner())
        self.talk = Talk(self.home)
        self.open.callback(lambda: self.runner.run(self.talk.services.close()))
        self.folder = folder / "work"
        self.folder.mkdir()


@cache
def scene() -> Scene:
    """Opened with the first conversation, and closed with the program."""
    made = Scene()
    atexit.register(made.open.close)
    return made


class Acting(RuleBasedStateMachine):
    """One conversation. `counted` has what happened in all of them."""

    counted: ClassVar[Counter[str]] = Counter()

    @initialize(model=st.sampled_from(NAMES), system=st.sampled_from(["", "Be brief."]))
    def begin(self, model: str, system: str) -> None:
        self.conversation = Conversation(scene().talk.model(model), system)
        self.told: dict[str, list[bytes]] = {}  # the last history that each model was sent
        self.search = SearchSettings()
        self.tooling: Tooling = tooling(scene().folder, *TOOLS, web_search)
        self.tooling.search = SearchChoice(lambda: self.search, lambda variable: None)
        Acting.counted["conversations"] += 1

    @rule(name=st.sampled_from(NAMES), script=scripts, answers=st.lists(decisions), limits=limits, enough=moments)
    def a_turn(self, name: str, script: Script, answers: list[Decision], limits: Limits, enough: int | None) -> None:
        self._play(name, user("Well?"), script, answers, limits, enough)

    @precondition(lambda self: unanswered_results(self.conversation))
    @rule(name=st.sampled_from(NAMES), script=scripts, answers=st.lists(decisions), enough=moments)
    def the_turn_goes_on(self, name: str, script: Script, answers: list[Decision], enough: int | None) -> None:
        Acting.counted["gone on"] += 1
        self._play(name, None, script, answers, Limits(), enough)

    @rule(on=st.booleans())
    def tools_are_switched(self, on: bool) -> None:
        self.tooling.toolbox.enabled = on

    @rule(name=st.sampled_from([one.name for one in TOOLS]), on=st.booleans())
    def a_tool_is_switched(self, name: str, on: bool) -> None:
        self.tooling.toolbox.switch(name, on)

    @rule()
    def the_last_question_is_taken_back(self) -> None:
        self.conversation.undo()
        self.told.clear()

    @precondition(lambda self: self.conversation.nodes)
    @rule()
    def the_program_is_started_again(self) -> None:
        self.conversation = restarted(self.conversation, scene().talk.models)

    @rule(native=st.booleans())
    def providers_may_search_or_not(self, native: bool) -> None:
        self.search = SearchSettings(native=native)

    @rule(chosen=options)
    def options_are_set(self, chosen: OptionSettings) -> None:
        self.conversation.options = chosen

    @rule(name=st.sampled_from(NAMES), wanted=schemas, script=scripts, fits=st.booleans(), enough=moments)
    def an_answer_is_to_be_json(
        self, name: str, wanted: AnswerSchema | None, script: Script, fits: bool, enough: int | None
    ) -> None:
        wanted = wanted or AnswerSchema(SCHEMAS[0])
        answer = wire.Answer('{"a": "b"}' if fits else "No JSON.")
        more = [*script[:-1], answer, script[-1]]
        self._play(name, asking_for(user("Well?"), wanted), more, [], Limits(), enough, wanted)

    def _play(
        self,
        name: str,
        message: Message | None,
        script: Script,
        answers: list[Decision],
        limits: Limits,
        enough: int | None,
        wanted: AnswerSchema | None = None,
    ) -> None:
        model = scene().talk.model(name)
        server = scene().home.servers[PROVIDER[name]]
        server.forget()
        offered = model.profile.web_search and self.search.native and self.tooling.toolbox.enabled
        if not (offered and self.tooling.toolbox.is_on(web_search.name)):
            script = [unsearched(one) for one in script]
        elif isinstance(last := script[-1], wire.Answer) and LATE in last.parts:
            script = [*script, FOUND] if model.provider.name == "anthropic" else script[:-1]
        server.answer(*(script if model.tools else script[-1:]))
        self.conversation.switch(model)
        self.tooling.limits = limits
        ended = False
        with suppress(ProviderError, asyncio.CancelledError):
            scene().runner.run(self._turn(model, message, answers, enough, wanted))
            ended = True
        told = [*self.told.get(name, []), *map(history_bytes, server.chats)]
        for shorter, longer in pairwise(told):
            # A pause is gone on with in the same message.
            assert longer.startswith(shorter.rstrip(b"]}")), f"{name}:\n{shorter.decode()}\n{longer.decode()}"
        if ended and self.conversation.messages[-1].state == "complete":  # else the turn may be told otherwise, or not
            self.told[name] = told[-1:]
        for request in server.chats:
            Acting.counted["requests"] += 1
            assert request.broken == [], request.broken

    async def _turn(
        self,
        model: Model,
        message: Message | None,
        answers: list[Decision],
        enough: int | None,
        wanted: AnswerSchema | None,
    ) -> None:
        decisions = iter(answers)
        at = 0
        turn = asyncio.current_task()
        assert turn is not None
        Acting.counted["turns"] += 1
        services = scene().talk.services
        turn_events = (
            run_turn(self.conversation, services, message, model, self.tooling)
            if wanted is None or message is None
            else structured_turn(self.conversation, services, message, wanted, self.tooling)
        )
        async with aclosing(turn_events) as events:
            async for event in events:
                Acting.counted[type(event).__name__] += 1
                if isinstance(event, Question):
                    event.decision = next(decisions, Decision())
                at += 1
                if at == enough:
                    Acting.counted["stopped"] += 1
                    if random.random() < 0.5:  # hypothesis seeds it: once by leaving, once by a cancellation
                        return
                    turn.cancel()
                elif isinstance(event, Paused):
                    return

    @invariant()
    def every_call_has_one_result_at_its_place(self) -> None:
        messages = self.conversation.messages if hasattr(self, "conversation") else ()
        for at, message in enumerate(messages):
            if message.calls:
                answer = messages[at + 1]
                assert [one.call_id for one in answer.results] == [one.id for one in message.calls]

    @invariant()
    def every_provider_takes_the_next_request(self) -> None:
        if not hasattr(self, "conversation"):
            return
        dry = Dry(self.conversation.model)
        dry.conversation = self.conversation
        for model in MODELS.values():
            dry.tools = self.tooling.specs(model)
            Acting.counted["looked at"] += 1
            broken = broken_rules(wire_name(model), dry.body(model), facts_of(model))
            assert not broken, f"{model.full_name}: {broken}\n{json.dumps(dry.body(model))}"
