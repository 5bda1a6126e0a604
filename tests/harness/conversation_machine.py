"""A conversation that may take any turn, as rules for hypothesis; after each step every provider must take it."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.generation.answer_schema import AnswerSchema
from modules.llm.ledger.ledger import Ledger
from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.message import State, says_something, sees
from modules.llm.models import Model, ModelRegistry, Profile, Provider
from modules.llm.parts import Text, ToolResult, Wire
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from modules.session.switching.switch import handover
from modules.settings.declarations import OptionSettings
from tests import wire
from tests.harness import any_options
from tests.harness.cases import DOCUMENT, PICTURE, TOOLS
from tests.harness.switch_check import disagreements
from tests.harness.transformer_harness import REQUESTS, Dry, extends, facts_of, history_in, wire_name
from tests.wire.rulebook import broken_rules
from tests.wire.rules_common import plain_name


def catalogue() -> dict[str, Model]:
    """A model for every way in which models of the catalogue differ on the wire, and for every manner there is."""
    shipped = [m for m in load(ROOT / "models.yaml", ROOT / "none.yaml", lambda _: "") if m.provider.name != "offline"]
    chat = replace(next(m for m in shipped if m.provider.name == "xai"), profile=Profile(), vision=False, reasoning=())
    llamacpp = Profile(strict_roles=True, string_content=True)
    odd = [
        replace(chat, name="strings", vision=True, profile=llamacpp, provider=at(chat, "strings")),
        replace(chat, name="strict, sees", vision=True, profile=Profile(strict_roles=True), provider=at(chat, "eyes")),
        replace(chat, name="no null", profile=Profile(null_content=False), provider=at(chat, "nonull")),
        replace(chat, name="no tools", tools=False, vision=True, documents=True, provider=at(chat, "notools")),
        replace(
            chat, name="all strict", profile=structs.replace(llamacpp, call_ids="mistral9"), provider=at(chat, "worst")
        ),
    ]
    found: dict[str, Model] = {}
    for model in [*shipped, *odd]:
        found.setdefault(ledger_key(model), model)
    return {model.full_name: model for model in found.values()}


def at(model: Model, host: str) -> Provider:
    return structs.replace(model.provider, name=host, base_url=f"https://{host}.example/v1")


MODELS = catalogue()
THOUGHT = "a thought of its own"
words = st.sampled_from(
    ["", " ", "\n\t", "Hello", "漢字 🎉", "half \ud83d", "x" * 50, "<think>no</think>", "\x00\u2028"]
)
names = st.sampled_from([*["weather", "clock"] * 6, "a.b", "", "n" * 65, "ü", "a b", "$x"])
arguments = st.sampled_from(
    [
        *["", "{}"] * 5,
        '{"city": "Z", "n": 1.0}',
        "{",
        "[1]",
        "null",
        '{"v": NaN}',
        '{"v": 1e999}',
        '{"v": "\\ud83d"}',
        '"x"',
    ]
)
ids = st.sampled_from([None, None, None, "call_0", "functions.ls:0", "i" * 70, "fc_1|msg_2", " "])
calls = st.builds(wire.Call, names, arguments, ids)
thoughts = st.builds(wire.Reasoning, st.sampled_from(["", THOUGHT, "half a thought \ud83d"]), st.booleans())
parts = st.lists(st.one_of(words, words, calls, calls, thoughts), max_size=5)
asked = st.lists(st.one_of(words, st.just(PICTURE), st.just(DOCUMENT)), max_size=3)
states: st.SearchStrategy[State] = st.sampled_from(["complete", "complete", "complete", "interrupted", "incomplete"])
stops = st.sampled_from([None, None, None, None, "max_tokens", "end_turn", "refusal", "content_filter"])
told = st.sampled_from(
    [(), (Text("12"),), (Text(" "), PICTURE), (DOCUMENT,), (Text("half \ud83d"),), (PICTURE, PICTURE)]
)
models = st.sampled_from(list(MODELS))


def restarted(conversation: Conversation, models: ModelRegistry | None = None) -> Conversation:
    """The conversation as the next run of the program finds it in the file."""
    with TemporaryDirectory() as folder:
        kept = Store(Path(folder) / FILE)
        kept.said(conversation, conversation.nodes[-1])
        kept.close()
        found = Store(Path(folder) / FILE)
        loaded = found.load(
            conversation.id, models or ModelRegistry(MODELS.values()), conversation.model, conversation.learned
        )
        found.close()
        assert not found.news()
    loaded.journal = None
    return loaded


class Wandering(RuleBasedStateMachine):
    """One conversation. What each ledger has frozen is remembered, and every later request must begin with it."""

    played = looked = 0

    @initialize(
        model=models, system=st.sampled_from(["", "Be brief."]), tools=st.sampled_from([(), TOOLS]), head=st.booleans()
    )
    def begin(self, model: str, system: str, tools: Any, head: bool) -> None:
        self.dry = Dry(MODELS[model], system, tools)
        Wandering.played += 1
        self.frozen: dict[str, tuple[tuple[int, ...], list[Wire]]] = {}
        if head:  # all that a model may or may not be shown later
            thought = wire.Reasoning(THOUGHT)
            self.a_turn_with_tools(model, [PICTURE], [thought, wire.Call("clock", "{}", None)], [thought], [(PICTURE,)])

    @rule(what=asked)
    def a_person_speaks(self, what: list[Any]) -> None:
        self.dry.say("Well?", *what)

    @rule(model=models)
    def another_model_takes_over(self, model: str) -> None:
        self.dry.conversation.switch(MODELS[model])

    @rule(options=any_options.options, level=st.sampled_from([None, "none", "low", "max"]))
    def a_person_sets_options(self, options: OptionSettings, level: Any) -> None:
        self.dry.conversation.options, self.dry.conversation.reasoning = options, level

    @rule(wanted=any_options.schemas)
    def a_person_wants_json(self, wanted: AnswerSchema | None) -> None:
        self.dry.conversation.answer_schema = wanted
        self.dry.say("Well, in JSON?")

    @precondition(lambda self: self.answerable())
    @rule(said=parts, stop=stops, state=states, events=st.integers(0, 25))
    def the_model_answers(self, said: list[Any], stop: str | None, state: State, events: int) -> None:
        said = [self._possible(part) for part in said]
        self.dry.answer(*said, stop=stop, state=state, events=None if state == "complete" else events)
        key = ledger_key(self.dry.conversation.reader(self.dry.model))
        ledger = self.dry.conversation.ledger_for(self.dry.model)
        self.frozen[key] = ledger.path, [entry.wire for entry in ledger.entries]

    @precondition(lambda self: self.dry.conversation.messages and self.dry.conversation.messages[-1].calls)
    @rule(results=st.lists(st.tuples(told, st.booleans()), max_size=3), twice=st.booleans())
    def tools_answer(self, results: list[Any], twice: bool) -> None:
        calls = self.dry.conversation.messages[-1].calls
        found = [ToolResult(call.id, parts, bad) for call, (parts, bad) in zip(reversed(calls), results, strict=False)]
        self.dry.tell(*found, *(found if twice else ()))

    @rule(text=st.sampled_from(["Be long.", "Be brief.", ""]))
    def instructions_change(self, text: str) -> None:
        self.dry.conversation.instruct(text)

    @rule(tools=st.sampled_from([(), TOOLS, TOOLS[:1]]), choice=st.sampled_from(["auto", "none"]))
    def tools_change(self, tools: Any, choice: Any) -> None:
        self.dry.tools, self.dry.choice = tools, choice

    @rule()
    def the_last_question_is_taken_back(self) -> None:
        self.dry.conversation.undo()

    @precondition(lambda self: self.dry.conversation.nodes)
    @rule(data=st.data())
    def an_earlier_branch_is_gone_on_with(self, data: st.DataObject) -> None:
        self.dry.conversation.go_to(data.draw(st.integers(0, len(self.dry.conversation.nodes))))

    @precondition(lambda self: self.dry.conversation.nodes)
    @rule()
    def the_program_is_started_again(self) -> None:
        before = [json.dumps(self.dry.body(model)) for model in MODELS.values()]
        old, self.dry.conversation = self.dry.conversation, restarted(self.dry.conversation)
        self.dry.conversation.options, self.dry.conversation.answer_schema = old.options, old.answer_schema
        self.dry.conversation.reasoning = old.reasoning  # the store is told of it by a command
        assert [json.dumps(self.dry.body(model)) for model in MODELS.values()] == before

    @rule(model=models)
    def reasoning_is_refused(self, model: str) -> None:
        self.dry.conversation.ledger_for(MODELS[model]).strip(len(self.dry.conversation.messages))
        self.frozen.pop(ledger_key(MODELS[model]), None)

    @rule(model=models)
    def pictures_are_refused(self, model: str) -> None:
        self.dry.conversation.learned.note(MODELS[model], images=0)

    @rule(model=models, most=st.integers(1, 3))
    def more_pictures_are_refused(self, model: str, most: int) -> None:
        self.dry.conversation.learned.note(MODELS[model], images=most)
        self.frozen.pop(ledger_key(self.dry.conversation.reader(MODELS[model])), None)

    @rule(model=models)
    def tools_are_refused(self, model: str) -> None:
        self.dry.conversation.learned.note(MODELS[model], tools=False)

    @rule(model=models)
    def a_field_of_its_own_turns_is_refused(self, model: str) -> None:
        profile = MODELS[model].profile
        if profile.replay and not profile.reasoning_required:
            self.dry.conversation.learned.note(MODELS[model], refused=(f"messages.*.{profile.replay[0]}",))

    @precondition(lambda self: not self.dangling())
    @rule(model=models, what=asked, first=parts, then=parts, results=st.lists(told, max_size=3))
    def a_turn_with_tools(self, model: str, what: list[Any], first: list[Any], then: list[Any], results: Any) -> None:
        self.another_model_takes_over(model)
        self.a_person_speaks(what)
        self.the_model_answers(["Let me look.", *first], None, "complete", 0)
        if self.dry.conversation.messages[-1].calls:
            self.tools_answer([(one, False) for one in results], False)
            self.the_model_answers([*then, "Done."], None, "complete", 0)

    def _possible(self, part: Any) -> Any:
        """No endpoint gives an id that it would not take itself."""
        if not isinstance(part, wire.Call) or part.id is None:
            return part
        limit = {"anthropic": 64, "openai": 64, "groq": 40, "chat": 40, "gemini": 64, "ollama": 64}[
            wire_name(self.dry.model)
        ]
        plain = plain_name(part.id, limit) or (
            self.dry.model.provider.dialect == "openai-chat" and len(part.id) <= limit
        )
        if self.dry.model.profile.call_ids == "mistral9":
            plain = False
        return part if plain else replace(part, id=None)

    def dangling(self) -> bool:
        """Results of no calls are the last word: nobody asks for an answer to them."""
        messages = self.dry.conversation.messages
        return bool(messages) and messages[-1].role == "tool" and not self.answerable()

    def answerable(self) -> bool:
        messages = self.dry.conversation.messages
        if not messages or messages[-1].role not in ("user", "tool"):
            return False
        return messages[-1].role == "user" or (len(messages) > 1 and bool(messages[-2].calls))

    @invariant()
    def every_provider_takes_it(self) -> None:
        if not hasattr(self, "dry") or self.dangling():
            return
        for model in MODELS.values():
            told = handover(self.dry.conversation, model, self.dry.tools, self.dry.choice)
            body = self.dry.body(model)
            Wandering.looked += 1
            broken = broken_rules(wire_name(model), body, facts_of(model))
            assert not broken, f"{model.full_name}: {broken}"
            sent = list(any_options.too_much(model, self.dry.conversation.reasoning, body))
            assert not sent, f"{model.full_name}: {sent}"
            self._extends(model, body)
            self._hides(model, body)
            reader = self.dry.conversation.reader(model)
            wrong = list(disagreements(told, self.dry.conversation.messages, reader, body))
            assert not wrong, f"{model.full_name}: {wrong}"

    def _extends(self, model: Model, body: Wire) -> None:
        """What was sent to this reader and answered stands at the head of this request, too."""
        model = self.dry.conversation.reader(model)
        path, frozen = self.frozen.get(ledger_key(model), ((), []))
        if not frozen or self.dry.conversation.path[: len(path)] != path:
            return
        answer = self.dry.conversation.messages[len(path) : len(path) + 1]
        if answer and (answer[0].role != "assistant" or not says_something(answer[0])):
            return  # answered on another branch
        if model.profile.thinking == "adaptive" and self.dry.conversation.ledger_for(model).path[: len(path)] != path:
            return  # other instructions or tools: a new beginning
        history = history_in(body)
        if history[0].get("role") == "system":  # the instructions, which are no part of the ledger
            history = history[1:]
        assert extends(history, json.loads(json.dumps(frozen)))

    def _hides(self, model: Model, body: Wire) -> None:
        """No foreign reasoning, and no pictures for the blind."""
        text = json.dumps(body)
        if not any(m.origin and m.origin.issuer == model.issuer for m in self.dry.conversation.messages):
            assert THOUGHT not in text
        if not sees(self.dry.conversation.reader(model)):
            assert PICTURE.base64 not in text

    def teardown(self) -> None:
        """A ledger that was there all along tells what one that was never asked would tell."""
        if not hasattr(self, "dry") or self.dangling():
            return
        for model in MODELS.values():
            request = self.dry.request(model)
            assert self.dry.body(model) == self.dry.body(model)
            if model.profile.thinking == "adaptive" or request.ledger is None:
                continue
            fresh = Ledger()
            fresh.reasoning_from = request.ledger.reasoning_from
            other = structs.replace(request, ledger=fresh)
            render = REQUESTS[model.provider.dialect]
            assert render(other).json == render(request).json
