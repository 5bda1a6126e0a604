"""A conversation among windows of all sizes, as rules for hypothesis: what is asked fits, and nothing is lost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modules.llm.parts import Text, ToolResult
from modules.session.export import own_json
from modules.session.export.as_json import as_json
from modules.session.fitting.room import room
from modules.session.storage.store import FILE, Store
from modules.session.turns.continuation import cut_answer, seam
from tests import wire
from tests.harness.cases import TOOLS
from tests.harness.window_checks import Row, exports, must_be_same, told, without_views
from tests.harness.window_readers import PICTURE, READERS, REGISTRY, SAID, SECOND, WRITERS, at_length
from tests.harness.window_talk import Plans, WindowTalk

casts = st.lists(st.sampled_from(list(READERS)), min_size=2, max_size=3, unique=True)
who = st.integers(0, 3)  # of the cast
kinds = st.sampled_from(list(SAID))
lengths = st.sampled_from([20, 500, 500, 3_000, 3_000, 12_000])
results = st.lists(st.sampled_from([10, 500, 3_000, 20_000, 20_000, 100_000]), min_size=1, max_size=3)
thoughts = st.sampled_from([(), (), (wire.Reasoning("a thought of its own", False),)])
ways = st.sampled_from(["trim", "summary", "both", "both"])
troubles = st.sampled_from(
    [*[""] * 8, "cut", "empty", "refused", "too long", "an error", "broken off", "cancelled", "cancelled at once"]
)
writers = st.sampled_from(list(WRITERS))
plans: st.SearchStrategy[Plans] = st.tuples(ways, writers, troubles, st.sampled_from([0, 0, 1]))
counts = st.sampled_from([1, 1, 1, 2, 3])


class Narrow(WindowTalk, RuleBasedStateMachine):
    """What may happen in such a conversation, and what must be so after each step of it."""

    @initialize(
        cast=casts, pair=st.booleans(), system=st.booleans(), tools=st.sampled_from([(), TOOLS, TOOLS]), kind=kinds,
        sizes=results, pins=st.sampled_from([(), (), (0,), (1,)]), changed=st.booleans(),
    )  # fmt: skip
    def begin(
        self,
        cast: list[str],
        pair: bool,
        system: bool,
        tools: Any,
        kind: str,
        sizes: list[int],
        pins: Sequence[int],
        changed: bool,
    ) -> None:
        if pair:  # of one issuer
            cast = [*cast, *(SECOND[name] for name in cast if SECOND.get(name, name) not in cast)]
        self.open([READERS[name] for name in cast], system, tools)
        self.rows: dict[int, Row] = {}
        plan = ("both", next(iter(WRITERS)), "", 0)
        self.much_is_said(0, kind, 500, plan)
        if 0 in pins:
            self.pin(2, on=True)
        if changed:
            self.instructions_change("Be long.")
        if tools:
            self.tools_are_used(1, kind, sizes, plan, (), picture=True)
        if 1 in pins:
            self.pin(1, on=True)
        self.much_is_said(2, "prose", 3_000, plan)

    @rule(who=who, kind=kinds, chars=lengths, picture=st.booleans(), plan=plans, thought=thoughts)
    def a_question(self, who: int, kind: str, chars: int, plan: Plans, thought: Any, *, picture: bool) -> None:
        self.ask(who, kind, chars, plan, *thought, picture=picture)

    @rule(who=who, kind=kinds, chars=lengths, plan=plans)
    def much_is_said(self, who: int, kind: str, chars: int, plan: Plans) -> None:
        for _ in range(4):
            self.ask(who, kind, chars, plan)

    @precondition(lambda self: self.dry.tools)  # calls without declared tools are another beginning, by design
    @rule(who=who, kind=kinds, sizes=results, picture=st.booleans(), plan=plans, thought=thoughts)
    def tools_are_used(
        self, who: int, kind: str, sizes: list[int], plan: Plans, thought: Any, *, picture: bool
    ) -> None:
        if not self.one(who).tools:
            self.ask(who, kind, 500, plan)
            return
        if not self.ask(who, kind, 100, plan, wire.Call("clock", "{}", None), *thought):
            return
        for size in sizes:
            calls = self.talk.messages[-1].calls
            shown = (PICTURE,) if picture else ()
            text = f"{at_length(kind, size)} {self.said.mark()}"
            self.dry.tell(*(ToolResult(call.id, (Text(text), *shown)) for call in calls))
            more = [wire.Call("clock", "{}", None)] if size != sizes[-1] else []
            if not self.answered(self.one(who), plan, *thought, *more):
                return
            if not self.talk.messages[-1].calls:
                return

    @rule(who=who, plan=plans, end=st.sampled_from(["interrupted", "incomplete", "max_tokens", "refused"]))
    def a_turn_that_is_cut(self, who: int, plan: Plans, end: str) -> None:
        self.ask(who, "prose", 500, plan, end=end)

    @precondition(lambda self: cut_answer(self.talk) is not None)
    @rule(who=who, plan=plans)
    def continue_(self, who: int, plan: Plans) -> None:
        cut, talk = cut_answer(self.talk), self.talk
        assert cut is not None
        talk.switch(self.one(who))
        talk.append(seam(cut, talk.reader(self.one(who))))
        if not self.answered(self.one(who), plan):
            talk.take_back()

    @rule(who=who, plan=plans)
    def retry(self, who: int, plan: Plans) -> None:
        if (question := self.talk.tree.question()) is not None:
            self.talk.go_to(question.id)
            self.answered(self.one(who), plan)

    @rule(n=counts, where=st.sampled_from(["undo", "undo", "redo", "another branch"]), end=st.integers(0, 9))
    def another_place(self, n: int, where: str, end: int) -> None:
        if where == "undo":
            self.talk.undo(n)
        elif where == "redo":
            self.talk.redo()
        else:
            ends = self.talk.tree.ends()
            self.talk.go_to(ends[end % len(ends)])

    @rule(text=st.sampled_from(["Be long.", "Be brief."]))
    def instructions_change(self, text: str) -> None:
        self.talk.instruct(f"{text} {self.said.mark()}")

    @rule(n=counts, on=st.booleans())
    def pin(self, n: int, *, on: bool) -> None:
        if not on:
            for question in list(self.talk.pins)[:1]:
                self.talk.unpin(question)
        elif (question := self.talk.tree.question(n)) is not None:
            self.talk.pin(question.id)

    @rule(who=who, since=st.sampled_from([0, 1, 2]), keep=st.sampled_from([100, 4_000]), plan=plans)
    def compact(self, who: int, since: int, keep: int, plan: Plans) -> None:
        target = room(self.talk.reader(self.one(who))) if since == 0 else None
        self.sum_up(self.one(who), plan, target=target, since=since, keep=keep)

    @rule(who=who, most=st.sampled_from([None, None, 500, 3_000, 20_000]))
    def trim(self, who: int, most: int | None) -> None:
        self.trim_to(self.one(who), most)

    @precondition(lambda self: self.talk.views)
    @rule(who=who)
    def undo_view(self, who: int) -> None:
        talk, reader = self.talk, self.one(who)
        model = reader.full_name
        held, before, said = self.said.held(model, talk.path), exports(talk), self.bodies()
        undone = talk.undo_view(reader)
        assert (undone and undone.number) == (held and held.number)
        if held is None:
            return
        self.said.undone.add(held.number)
        assert talk.view(reader) == self.said.held(model, talk.path)
        self.counted["views undone"] += 1
        assert exports(talk) == before
        now = self.bodies()
        must_be_same({**said, model: ""}, {**now, model: ""})
        head, system, given = self.whole[held.number]
        before_it = max(
            (n for n, view in self.said.views.items() if view.model == model and n < held.number), default=0
        )
        if (head, system) == (talk.head, talk.system) and before_it not in self.said.undone:
            self.counted["views undone where they were made"] += 1
            assert now[model] == given

    @rule()
    def the_program_is_started_again(self) -> None:
        bodies, before, weights = self.bodies(), told(self.talk), self.talk.weights
        was = self.talk
        assert self.store.close()
        assert not self.store.news()
        self.store = Store(Path(self.folder.name) / FILE)
        found = self.store.load(was.id, REGISTRY, was.model, was.learned)
        assert not self.store.news()
        found.weights = weights  # which have a file of their own
        self.dry.conversation = found
        self.counted["restarts"] += 1
        must_be_same(bodies, self.bodies())
        must_be_same(before, told(found))
        self._is_carried_to_another_machine()

    def _is_carried_to_another_machine(self) -> None:
        found = own_json.read(as_json(self.talk), REGISTRY, self.talk.model, self.talk.learned)
        assert as_json(found) == as_json(self.talk)
        assert exports(found) == exports(self.talk)
        must_be_same(self.bodies(), self.bodies(found))
        self.counted["imports"] += 1

    @invariant()
    def every_provider_takes_it(self) -> None:
        if hasattr(self, "dry"):
            self.said.note(self.talk)
            for model in self.cast:
                self.must_be_right(model)

    @invariant()
    def what_was_said_stays(self) -> None:
        """In the file too: no row of a message is ever written again."""
        if not hasattr(self, "dry"):
            return
        rows = self.stored()
        assert len(rows) == len(self.talk.nodes)
        assert {id: rows[id] for id in self.rows} == self.rows
        self.rows = rows

    def teardown(self) -> None:
        """Exports know nothing of views, and each model that has none is given all of it, as if there were none."""
        if not hasattr(self, "dry"):
            return
        try:
            self._must_be_right_at_the_end()
        finally:
            self.store.close()
            self.folder.cleanup()

    def _must_be_right_at_the_end(self) -> None:
        self.the_program_is_started_again()
        plain, cast, head = without_views(self.talk), self.cast, self.talk.head
        assert exports(plain, tree=True) == exports(self.talk, tree=True)
        self.cast = list(READERS.values())
        self.every_provider_takes_it()
        given, whole = self.bodies(), self.bodies(plain)
        held = {name for name in READERS if self.said.held(name, self.talk.path) is not None}
        must_be_same({**whole, **dict.fromkeys(held)}, {**given, **dict.fromkeys(held)})
        self.cast = cast
        for end in self.talk.tree.ends():
            self.talk.go_to(end)
            self.every_provider_takes_it()
            for at, model in enumerate(cast):
                while self.said.held(model.full_name, self.talk.path) is not None:
                    self.undo_view(at)
        self.talk.go_to(head)
        given = self.bodies()
        must_be_same({name: whole[name] for name in given}, given)
        self.what_was_said_stays()
