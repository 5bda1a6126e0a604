"""A conversation that branches in every way, as rules for hypothesis; every reader finds its own bytes again."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modules.llm.ledger.ledger_key import ledger_key
from modules.llm.message import Message, WireEntry
from modules.llm.models import Model
from modules.llm.parts import Text, ToolResult
from modules.session.turns.continuation import cut_answer, seam, why_cut
from modules.session.views.view import View, ledger_name, next_number
from tests import wire
from tests.harness.cases import TOOLS
from tests.harness.conversation_machine import MODELS, restarted
from tests.harness.transformer_harness import REQUESTS, Dry, facts_of, wire_name
from tests.wire.rulebook import broken_rules

models = st.sampled_from(list(MODELS))
thoughts = st.sampled_from([(), (), (wire.Reasoning("a thought of its own", False),)])
counts = st.sampled_from([1, 1, 1, 2, 3])
ends = st.sampled_from(["interrupted", "incomplete", "max_tokens"])


class Branching(RuleBasedStateMachine):
    """One conversation. What was sent to each reader is remembered, all of it."""

    looked = shared = views = 0

    @initialize(model=models, system=st.sampled_from(["", "Be brief."]), tools=st.sampled_from([(), TOOLS]))
    def begin(self, model: str, system: str, tools: Any) -> None:
        self.dry = Dry(MODELS[model], system, tools)
        self.sent: dict[str, list[tuple[tuple[int, ...], Sequence[WireEntry]]]] = {}
        self.said = 0
        self.a_turn(model, ())

    @rule(model=models, thought=thoughts)
    def a_turn(self, model: str, thought: Any) -> None:
        self._switch(model)
        self._ask()
        self._answer(*thought, "An answer.")

    @precondition(lambda self: self.dry.tools)  # calls without declared tools are another beginning, by design
    @rule(model=models, thought=thoughts)
    def a_turn_with_tools(self, model: str, thought: Any) -> None:
        self._switch(model)
        self._ask()
        self._answer(*thought, "Let me look.", wire.Call("clock", "{}", None))
        self._results()
        self._answer(*thought, "Done.")

    @rule(model=models, end=ends)
    def a_turn_that_is_cut(self, model: str, end: str) -> None:
        self._switch(model)
        self._ask()
        self._answer("Half an answer, and then", end=end)

    @precondition(lambda self: cut_answer(self.dry.conversation) is not None)
    @rule(model=models, end=st.sampled_from(["", "", "max_tokens"]))
    def continue_(self, model: str, end: str) -> None:
        cut = cut_answer(self.dry.conversation)
        assert cut is not None
        self._switch(model)
        self.dry.conversation.append(seam(cut, self.dry.conversation.reader(self.dry.model)))
        self._answer("the rest.", end=end)

    @rule(n=counts)
    def undo(self, n: int) -> None:
        self.dry.conversation.undo(n)

    @rule()
    def redo(self) -> None:
        self.dry.conversation.redo()

    @rule(model=models, thought=thoughts)
    def retry(self, model: str, thought: Any) -> None:
        if (question := self.dry.conversation.tree.question()) is not None:
            self.dry.conversation.go_to(question.id)
            self._switch(model)
            self._answer(*thought, "Another answer.")

    @rule(model=models, n=counts)
    def edit(self, model: str, n: int) -> None:
        if (question := self.dry.conversation.tree.question(n)) is not None:
            self.dry.conversation.tree.go_back(question.parent)
            self.a_turn(model, ())

    @rule(by=st.sampled_from([-1, 1]))
    def step(self, by: int) -> None:
        tree = self.dry.conversation.tree
        if (fork := tree.fork()) is not None:
            siblings = tree.siblings(fork.id)
            at = siblings.index(fork.id) + by
            if 0 <= at < len(siblings):
                self.dry.conversation.go_to(tree.newest_below(siblings[at]))

    @precondition(lambda self: self.dry.conversation.head)
    @rule(name=st.sampled_from("ab"))
    def name(self, name: str) -> None:
        self.dry.conversation.name_here(name)

    @rule(name=st.sampled_from("ab"))
    def go_to_a_name(self, name: str) -> None:
        if place := self.dry.conversation.branch_names.get(name):
            self.dry.conversation.go_to(place)

    @rule(model=models, data=st.data(), pinned=st.booleans(), stubs=st.booleans())
    def a_view(self, model: str, data: st.DataObject, *, pinned: bool, stubs: bool) -> None:
        talk = self.dry.conversation
        path = talk.tree.path
        cuts = [0, *(node.id for node, after in itertools.pairwise(path) if after.role not in ("tool", "system"))]
        until = data.draw(st.sampled_from(cuts))
        before = [node for node in path if node.id <= until]
        kept = {node.id for node in before if node.role == "system"}
        kept |= {node.id for node in before[-1:] if pinned and node.role == "user"}
        tools = [node for node in path if node.role == "tool" and stubs]
        talk.add_view(
            View(
                number=next_number(talk.views),
                model=MODELS[model].full_name,
                place=talk.head,
                made_after=len(talk.nodes),
                summary="They talked." if until else "",
                summarized_until=until,
                verbatim=tuple(sorted(kept)),
                stubs=tuple((node.id, at) for node in tools for at in range(len(node.message.parts))),
            )
        )
        Branching.views += 1

    @rule(model=models)
    def no_view(self, model: str) -> None:
        self.dry.conversation.undo_view(MODELS[model])

    @rule(text=st.sampled_from(["Be long.", "Be brief."]))
    def instructions_change(self, text: str) -> None:
        self.dry.conversation.instruct(text)

    @rule()
    def the_program_is_started_again(self) -> None:
        before = [json.dumps(self.dry.body(model)) for model in MODELS.values()]
        names = self.dry.conversation.branch_names
        self.dry.conversation = restarted(self.dry.conversation)
        assert self.dry.conversation.branch_names == names
        assert [json.dumps(self.dry.body(model)) for model in MODELS.values()] == before

    def _switch(self, model: str) -> None:
        self.dry.conversation.switch(MODELS[model])

    def _ask(self) -> None:
        self.said += 1
        self.dry.say(f"Question {self.said}?")

    def _answer(self, *parts: Any, end: str = "") -> None:
        model = self.dry.conversation.reader(self.dry.model)
        path, entries = self._request(self.dry.model)
        self._must_agree(model, path, entries)
        self.sent.setdefault(self._ledger(model), []).append((path, entries))
        cut: dict[str, Any] = {"stop": end} if end == "max_tokens" else {"state": end} if end else {}
        self.dry.answer(*parts, **cut)

    def _results(self) -> None:
        calls = self.dry.conversation.messages[-1].calls
        self.dry.tell(*(ToolResult(call.id, (Text("12"),)) for call in calls))

    def _request(self, model: Model) -> tuple[tuple[int, ...], Sequence[WireEntry]]:
        request = self.dry.request(model)
        prepared = REQUESTS[model.provider.dialect](request)
        assert prepared.messages is not None
        return tuple(request.path), prepared.messages.pending.entries

    def _must_agree(self, model: Model, path: tuple[int, ...], entries: Sequence[WireEntry]) -> None:
        """Every earlier request of this reader is found again, byte for byte, as far as the two say the same."""
        for before, sent in self.sent.get(self._ledger(model), ()):
            common = next((at for at, (a, b) in enumerate(zip(before, path, strict=False)) if a != b), None)
            common = min(len(before), len(path)) if common is None else common
            common = self._answered(path[:common])
            one, other = ([e.wire for e in these if e.covers_until <= common] for these in (sent, entries))
            Branching.shared += len(one)
            assert json.dumps(one) == json.dumps(other), f"{model.full_name}: {before} and {path}"

    def _ledger(self, reader: Model) -> str:
        return ledger_name(ledger_key(reader), self.dry.conversation.view(reader))

    def _answered(self, path: tuple[int, ...]) -> int:
        """Up to where the last answer stands: what is said behind it may be said differently on another branch."""
        messages: list[Message] = [self.dry.conversation.tree[abs(id)].message for id in path]
        return next((at for at in range(len(path), 0, -1) if messages[at - 1].role == "assistant"), 0)

    @invariant()
    def every_provider_takes_it(self) -> None:
        if not hasattr(self, "dry"):
            return
        for model in MODELS.values():
            Branching.looked += 1
            broken = broken_rules(wire_name(model), self.dry.body(model), facts_of(model))
            assert not broken, f"{model.full_name}: {broken}"
            self._must_agree(self.dry.conversation.reader(model), *self._request(model))
            told = json.dumps(self.dry.body(model))
            cut = sum(bool(why_cut(message)) for message in self.dry.conversation)
            assert told.count("is not complete: ") + told.count("it is not complete.]") <= cut

    def teardown(self) -> None:
        """On every branch each reader finds its bytes, also those of a branch that was left long ago."""
        if not hasattr(self, "dry"):
            return
        for end in self.dry.conversation.tree.ends():
            self.dry.conversation.go_to(end)
            self.every_provider_takes_it()
