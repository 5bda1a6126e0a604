"""A conversation among windows of all sizes, as rules for hypothesis: what is asked fits, and nothing is lost."""

import json
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from modules.llm.models import Model
from modules.llm.parts import Text, ToolResult
from modules.session.export.as_markdown import as_markdown
from modules.session.views.view import View, next_number
from tests.harness.branch_machine import Branching
from tests.harness.conversation_machine import MODELS
from tests.harness.transformer_harness import facts_of, wire_name
from tests.wire.rulebook import broken_rules
from tests.wire.windows import tokens_in

SIZES = (4_000, 8_000, 4_000, 32_000, 8_000, 200_000, 1_000_000)  # tokens, as the loopback servers count them
WINDOWS = {name: SIZES[at % len(SIZES)] for at, name in enumerate(MODELS)}
LONGEST_CHARS = 3_000  # of a question: it fits the smallest window, beside the tools and one that is pinned
RESULT_CHARS = 40_000  # of a tool's result: with a line in its place, that fits too


class Narrow(Branching):
    """Each model has a window. Before it is asked, it is given a view that fits, unless what it has fits already.

    What a view leaves out is chosen here, by one plain rule, in the place of the commands that do it for a person.
    """

    asked = fitted = crossed = 0

    @rule(chars=st.sampled_from([500, LONGEST_CHARS]), model=st.sampled_from(list(MODELS)))
    def much_is_said(self, chars: int, model: str) -> None:
        for _ in range(3):
            self._switch(model)
            self._ask(chars)
            self._answer("An answer. " * (chars // 5))

    @rule(data=st.data())
    def a_question_is_pinned(self, data: st.DataObject) -> None:
        talk = self.dry.conversation
        if (question := talk.tree.question()) is not None:
            talk.pins = {question.id}

    @rule()
    def no_question_is_pinned(self) -> None:
        self.dry.conversation.pins = set()

    def _ask(self, chars: int = LONGEST_CHARS) -> None:
        self.said += 1
        self.dry.say(f"Question {self.said}? ".ljust(chars, "x"))

    def _results(self) -> None:
        calls = self.dry.conversation.messages[-1].calls
        self.dry.tell(*(ToolResult(call.id, (Text("12 " * (RESULT_CHARS // 3)),)) for call in calls))

    def _answer(self, *parts: Any, end: str = "") -> None:
        model = self.dry.model
        window = WINDOWS[model.full_name]
        if tokens_in(self.dry.body(model)) > window:
            self._fit(model, window)
            Narrow.fitted += 1
        Narrow.asked += 1
        Narrow.crossed += self._tokens_of_all() > window
        assert tokens_in(self.dry.body(model)) <= window
        super()._answer(*parts, end=end)

    def _fit(self, model: Model, window: int) -> None:
        """Lines in place of results first; then a summary of all before the question; then both."""
        talk = self.dry.conversation
        path = talk.tree.path
        asked = next(at for at in reversed(range(len(path))) if path[at].role == "user")
        until = path[asked - 1].id if asked else 0
        results = tuple((node.id, at) for node in path if node.role == "tool" for at in range(len(node.message.parts)))
        before = [node for node in path if node.id <= until]
        kept = tuple(node.id for node in before if node.id in talk.pins or node.role == "system")
        summary = {"summary": "They talked.", "summarized_until": until, "verbatim": kept} if until else {}
        for what in ({"stubs": results}, summary, {**summary, "stubs": results}):
            view = View(
                number=next_number(talk.views),
                model=model.full_name,
                place=talk.head,
                made_after=len(talk.nodes),
                **what,
            )
            talk.add_view(view)
            if tokens_in(self.dry.body(model)) <= window:
                return
            talk.undo_view(model)
        raise AssertionError(f"nothing fits {model.full_name}")

    def _tokens_of_all(self) -> int:
        return sum(len(node.message.text) for node in self.dry.conversation.tree.path) // 4

    @invariant()
    def every_provider_takes_it(self) -> None:
        """For the model that was asked last, and for one of each size: all of them would take too long here."""
        if not hasattr(self, "dry"):
            return
        for model in (self.dry.model, *(MODELS[name] for name in list(WINDOWS)[: len(SIZES)])):
            Narrow.looked += 1
            broken = broken_rules(wire_name(model), self.dry.body(model), facts_of(model))
            assert not broken, f"{model.full_name}: {broken}"
            self._must_agree(self.dry.conversation.reader(model), *self._request(model))

    @invariant()
    def what_was_said_stays(self) -> None:
        if not hasattr(self, "dry"):
            return
        known = self.__dict__.setdefault("kept", {})
        for node in self.dry.conversation.nodes:
            said = msgspec.json.encode(node.message)
            assert known.setdefault(node.id, said) == said

    def teardown(self) -> None:
        """Exports know nothing of views, and a model without one is given all of it again."""
        super().teardown()
        if not hasattr(self, "dry"):
            return
        talk = self.dry.conversation
        shown, views = as_markdown(talk), talk.views
        talk.views = []
        assert as_markdown(talk) == shown
        whole = {name: json.dumps(self.dry.body(model)) for name, model in MODELS.items()}
        talk.views = views
        for name, model in MODELS.items():
            while talk.undo_view(model):
                pass
            assert json.dumps(self.dry.body(model)) == whole[name]
