"""A conversation among windows of all sizes, as rules for hypothesis: what is asked fits, and nothing is lost."""

import asyncio
import collections
import itertools
import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modules.errors import ProviderError, SummaryFailed, UsageError
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.parts import Text, ToolResult
from modules.session.continuation import cut_answer, seam
from modules.session.export import own_json
from modules.session.export.as_json import as_json
from modules.session.fitting.room import Counter, room
from modules.session.fitting.summary import SummaryPlan, plan_summary, summarised
from modules.session.fitting.summary_writer import Writing
from modules.session.fitting.trim import trimmed
from modules.session.storage.store import FILE, Store
from modules.session.token_estimate import learn, request_size
from modules.session.views.view import View
from tests import wire
from tests.harness.cases import TOOLS
from tests.harness.tool_machine import scene
from tests.harness.transformer_harness import REQUESTS, Dry, facts_of, wire_name
from tests.harness.window_checks import Epoch, Row, Said, digests, exports, must_be_same, told, without_views
from tests.harness.window_readers import PICTURE, READERS, REGISTRY, SAID, SECOND, WRITERS, at_length
from tests.wire.rulebook import broken_rules
from tests.wire.windows import tokens_in

MAY_STAY = 1 / 3  # of the room: if no more than that must stay, there is a view that fits
LEAVING = (SummaryFailed, ProviderError, asyncio.CancelledError)
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
Plans = tuple[str, str, str, int]  # the way in which it is made to fit, the writer, its trouble, after how many pieces
plans: st.SearchStrategy[Plans] = st.tuples(ways, writers, troubles, st.sampled_from([0, 0, 1]))
counts = st.sampled_from([1, 1, 1, 2, 3])


class Narrow(RuleBasedStateMachine):
    """Each model has a window. Before it is asked it is given a view that fits, by the real planner; else it is not.

    `counted` has what happened in all conversations.
    """

    counted: ClassVar[collections.Counter[str]] = collections.Counter()

    @initialize(
        cast=casts, pair=st.booleans(), system=st.booleans(), tools=st.sampled_from([(), TOOLS, TOOLS]), kind=kinds,
        sizes=results,
    )  # fmt: skip
    def begin(self, cast: list[str], pair: bool, system: bool, tools: Any, kind: str, sizes: list[int]) -> None:
        if pair:  # of one issuer
            cast = [*cast, *(SECOND[name] for name in cast if SECOND.get(name, name) not in cast)]
        self.cast = [READERS[name] for name in cast]
        self.said = Said()
        self.dry = Dry(self.cast[0], f"Be brief. {self.said.mark()}" if system else "", tools)
        self.sent: dict[Epoch, list[tuple[tuple[int, ...], list[tuple[int, str]]]]] = {}
        self.rows: dict[int, Row] = {}
        self.whole: dict[int, tuple[int, str, str]] = {}  # by view, what its model was given before it
        self.folder = TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / FILE)
        self.dry.conversation.journal = self.store
        Narrow.counted["conversations"] += 1
        plan = ("both", next(iter(WRITERS)), "", 0)
        self.much_is_said(0, kind, 500, plan)
        if tools:
            self.tools_are_used(1, kind, sizes, plan, (), picture=True)
        self.much_is_said(2, "prose", 3_000, plan)

    @rule(who=who, kind=kinds, chars=lengths, picture=st.booleans(), plan=plans, thought=thoughts)
    def a_question(self, who: int, kind: str, chars: int, plan: Plans, thought: Any, *, picture: bool) -> None:
        self._ask(who, kind, chars, plan, *thought, picture=picture)

    @rule(who=who, kind=kinds, chars=lengths, plan=plans)
    def much_is_said(self, who: int, kind: str, chars: int, plan: Plans) -> None:
        for _ in range(4):
            self._ask(who, kind, chars, plan)

    @precondition(lambda self: self.dry.tools)  # calls without declared tools are another beginning, by design
    @rule(who=who, kind=kinds, sizes=results, picture=st.booleans(), plan=plans, thought=thoughts)
    def tools_are_used(
        self, who: int, kind: str, sizes: list[int], plan: Plans, thought: Any, *, picture: bool
    ) -> None:
        if not self._one(who).tools:
            self._ask(who, kind, 500, plan)
            return
        if not self._ask(who, kind, 100, plan, wire.Call("clock", "{}", None), *thought):
            return
        for size in sizes:
            calls = self.talk.messages[-1].calls
            shown = (PICTURE,) if picture else ()
            text = f"{at_length(kind, size)} {self.said.mark()}"
            self.dry.tell(*(ToolResult(call.id, (Text(text), *shown)) for call in calls))
            more = [wire.Call("clock", "{}", None)] if size != sizes[-1] else []
            if not self._answered(self._one(who), plan, *thought, *more):
                return
            if not self.talk.messages[-1].calls:
                return

    @rule(who=who, plan=plans, end=st.sampled_from(["interrupted", "incomplete", "max_tokens", "refused"]))
    def a_turn_that_is_cut(self, who: int, plan: Plans, end: str) -> None:
        self._ask(who, "prose", 500, plan, end=end)

    @precondition(lambda self: cut_answer(self.talk) is not None)
    @rule(who=who, plan=plans)
    def continue_(self, who: int, plan: Plans) -> None:
        cut, talk = cut_answer(self.talk), self.talk
        assert cut is not None
        talk.switch(self._one(who))
        talk.append(seam(cut, talk.reader(self._one(who))))
        if not self._answered(self._one(who), plan):
            talk.take_back()

    @rule(who=who, plan=plans)
    def retry(self, who: int, plan: Plans) -> None:
        if (question := self.talk.tree.question()) is not None:
            self.talk.go_to(question.id)
            self._answered(self._one(who), plan)

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
        target = room(self.talk.reader(self._one(who))) if since == 0 else None
        self._sum_up(self._one(who), plan, target=target, since=since, keep=keep)

    @rule(who=who, most=st.sampled_from([None, None, 500, 3_000, 20_000]))
    def trim(self, who: int, most: int | None) -> None:
        if (view := trimmed(self.talk, self._one(who), self.dry.tools, target=most)) is not None:
            self._give(view, "trim")

    @precondition(lambda self: self.talk.views)
    @rule(who=who)
    def undo_view(self, who: int) -> None:
        talk, reader = self.talk, self._one(who)
        model = reader.full_name
        held, before, said = self.said.held(model, talk.path), exports(talk), self._bodies()
        undone = talk.undo_view(reader)
        assert (undone and undone.number) == (held and held.number)
        if held is None:
            return
        self.said.undone.add(held.number)
        assert talk.view(reader) == self.said.held(model, talk.path)
        Narrow.counted["views undone"] += 1
        assert exports(talk) == before
        now = self._bodies()
        must_be_same({**said, model: ""}, {**now, model: ""})
        head, system, given = self.whole[held.number]
        before_it = max(
            (n for n, view in self.said.views.items() if view.model == model and n < held.number), default=0
        )
        if (head, system) == (talk.head, talk.system) and before_it not in self.said.undone:
            Narrow.counted["views undone where they were made"] += 1
            assert now[model] == given

    @rule()
    def the_program_is_started_again(self) -> None:
        bodies, before, weights = self._bodies(), told(self.talk), self.talk.weights
        was = self.talk
        assert self.store.close()
        assert not self.store.news()
        self.store = Store(Path(self.folder.name) / FILE)
        found = self.store.load(was.id, REGISTRY, was.model, was.learned)
        assert not self.store.news()
        found.weights = weights  # which have a file of their own
        self.dry.conversation = found
        Narrow.counted["restarts"] += 1
        must_be_same(bodies, self._bodies())
        must_be_same(before, told(found))
        self._is_carried_to_another_machine()

    def _is_carried_to_another_machine(self) -> None:
        found = own_json.read(as_json(self.talk), REGISTRY, self.talk.model, self.talk.learned)
        assert as_json(found) == as_json(self.talk)
        assert exports(found) == exports(self.talk)
        must_be_same(self._bodies(), self._bodies(found))
        Narrow.counted["imports"] += 1

    @property
    def talk(self) -> Any:
        return self.dry.conversation

    def _one(self, who: int) -> Model:
        return self.cast[who % len(self.cast)]

    def _ask(
        self, who: int, kind: str, chars: int, plan: Plans, *parts: Any, picture: bool = False, end: str = ""
    ) -> bool:
        model = self._one(who)
        self.talk.switch(model)
        question = user(f"{self.said.mark()} {at_length(kind, chars)}", *((PICTURE,) if picture else ()))
        if not self._made_to_fit(model, plan, question):
            return False
        self.talk.append(question)
        return self._answered(model, plan, *parts, length=chars, end=end)

    def _answered(self, model: Model, plan: Plans, *parts: Any, length: int = 100, end: str = "") -> bool:
        """Make the request fit and have it answered; whether it could be made to fit."""
        talk = self.talk
        talk.switch(model)
        self.said.note(talk)
        if not self._made_to_fit(model, plan):
            return False
        body, request = self.dry.body(model), self.dry.request(model)
        Narrow.counted["requests"] += 1
        size = request_size(talk, model, self.dry.tools)
        there = room(talk.reader(model), measured=size.measured)
        assert there is None or size.total <= there * 1.02, f"{size.total} of {there}"
        counted = tokens_in(body)
        assert model.window is None or counted <= model.window, f"{model.full_name}: {counted}"
        self._must_be_right(model)
        made = REQUESTS[model.provider.dialect](request).messages
        assert made is not None
        self.sent.setdefault(self.said.epoch(model.full_name, talk), []).append(
            (tuple(request.path), digests(made.pending.entries))
        )
        cut: dict[str, Any] = {"stop": end} if end == "max_tokens" else {"state": end} if end else {}
        text = wire.Text(f"{self.said.mark()} {at_length('prose', length)}", 3)
        answer = self.dry.answer(*parts, text, **cut)
        if answer.usage is not None:
            learn(talk, request, answer.usage)
        talk.ledger_changed(model)
        self.said.note(talk)
        return True

    def _made_to_fit(self, model: Model, plan: Plans, coming: Message | None = None) -> bool:
        """Give the model a view under which its next request, with the question that is `coming`, has room."""
        talk, tools, (way, _, trouble, _) = self.talk, self.dry.tools, plan
        counter = Counter(talk, model, tools)
        asked = counter.message(coming) if coming is not None else 0
        there = room(talk.reader(model), measured=request_size(talk, model, tools).measured)

        def fit() -> bool:
            return there is None or request_size(talk, model, tools).total + asked <= there

        if fit() or there is None:
            return True
        target = there - asked
        if way != "summary" and (view := trimmed(talk, model, tools, target=target)) is not None:
            self._give(view, "trim")
        if way != "trim" and not fit():
            self._sum_up(model, plan, target=target)
        if fit():
            return True
        Narrow.counted["not asked, as nothing fits"] += 1
        path = talk.tree.path
        last = max((at for at, node in enumerate(path) if node.is_question), default=0)
        stays = asked + counter.beside + sum(counter.messages(path[last:]))
        stays += sum(counter.messages([node for node in path[:last] if node.role == "system"][-1:]))
        assert way != "both" or trouble or talk.pins or stays > there * MAY_STAY, f"{stays} of {there}"
        return False

    def _sum_up(self, model: Model, how: Plans, **wanted: Any) -> None:
        _, name, trouble, after = how
        by = scene().talk.model(name, window=WRITERS[name])
        try:
            plan = plan_summary(self.talk, model, by, self.dry.tools, **wanted)
        except UsageError:
            Narrow.counted["nothing to sum up"] += 1
            return
        server = scene().home.servers[name.partition(":")[0]]
        server.forget()
        server.answer(*([wire.Answer(f"Part {self.said.mark('s')}.")] * min(after, plan.requests - 1)))
        if trouble and (came := self._trouble(trouble, plan)) is not None:
            server.answer(came)
        else:
            whole = f"They talked of {self.said.mark('s')}. {at_length('prose', plan.length)}"
            server.answer(*[wire.Answer(wire.Text(whole, 3))] * plan.requests)
        before = self._all()
        try:
            view = scene().runner.run(self._written(plan, trouble))
        except LEAVING as error:
            Narrow.counted["failed compactions"] += 1
            Narrow.counted[f"failed: {trouble or type(error).__name__}"] += 1
            self._must_be_as(before)
            return
        finally:
            for request in server.chats:
                assert request.broken == []
                assert tokens_in(request.body) <= WRITERS[name]
        self._must_be_as(before)
        self._give(view, "summary")
        for question in self.talk.pins:
            assert question not in self.talk.path or question > view.summarized_until or question in view.verbatim

    def _trouble(self, trouble: str, plan: SummaryPlan) -> wire.Answer | wire.Status | None:
        match trouble:
            case "cut":
                return wire.Answer("Half of", stop="max_tokens")
            case "empty":
                return wire.Answer(" \n")
            case "refused":
                return wire.Answer("No.", stop="refusal")
            case "too long":
                return None if plan.most is None else wire.Answer(wire.Text(at_length("prose", plan.most * 8), 3))
            case "an error":
                return wire.Status(400, message="Not so.")
            case "broken off":
                return wire.Answer("It was so and so.", fault=wire.Fault.cut_mid_event(4))
        return None

    async def _written(self, plan: SummaryPlan, trouble: str) -> View:
        task = asyncio.current_task()
        assert task is not None

        def hears(writing: Writing) -> None:
            if trouble == "cancelled at once" or (trouble == "cancelled" and writing.words > 3):
                task.cancel()

        return await summarised(plan, self.talk, scene().talk.services, hears)

    def _give(self, view: View, kind: str) -> None:
        talk = self.talk
        before, bodies, given = exports(talk), self._bodies(), self.dry.body(READERS[view.model])
        self.whole[view.number] = talk.head, talk.system, json.dumps(given)
        assert view.number not in self.said.views
        talk.add_view(view)
        self.said.views[view.number] = view
        Narrow.counted[f"views: {kind}"] += 1
        assert exports(talk) == before
        must_be_same({**bodies, view.model: ""}, {**self._bodies(), view.model: ""})

    def _all(self) -> tuple[Any, ...]:
        """All that a summary that failed must leave as it was: what would be sent, what is kept, and the file."""
        return self._bodies(), told(self.talk), list(self.talk.views), self._stored()

    def _must_be_as(self, before: tuple[Any, ...]) -> None:
        for one, other in zip(before, self._all(), strict=True):
            must_be_same(one, other)

    def _bodies(self, talk: Any = None) -> dict[str, str]:
        """What each model would be sent next."""
        dry = Dry(self.dry.model, "", self.dry.tools)
        dry.conversation = talk or self.talk
        return {name: json.dumps(dry.body(model)) for name, model in READERS.items() if model in self.cast}

    def _must_be_right(self, model: Model) -> None:
        """The next request to a model is taken, begins as those before it did, and holds what its view says."""
        talk, request = self.talk, self.dry.request(model)
        prepared = REQUESTS[model.provider.dialect](request)
        body, path = prepared.body, tuple(request.path)
        Narrow.counted["next requests looked at"] += 1
        broken = broken_rules(wire_name(model), body, facts_of(model))
        assert not broken, f"{model.full_name}: {broken}"
        view = self.said.held(model.full_name, talk.path)
        assert talk.view(model) == view
        self.said.must_hold(json.dumps(body), view, talk)
        assert prepared.messages is not None
        now = digests(prepared.messages.pending.entries)
        for before, sent in self.sent.get(self.said.epoch(model.full_name, talk), ()):
            common = sum(1 for _ in itertools.takewhile(lambda two: two[0] == two[1], zip(before, path, strict=False)))
            common = self._until_answer(request.messages, common)
            assert [one for one in sent if one[0] <= common] == [one for one in now if one[0] <= common], (
                f"{model.full_name}: {before} and {path}"
            )

    def _until_answer(self, messages: Any, common: int) -> int:
        """Up to where the last answer stands: what is said behind it may be said differently on another branch."""
        return next((at for at in range(common, 0, -1) if messages[at - 1].role == "assistant"), 0)

    def _stored(self) -> dict[int, Row]:
        """The rows of all messages, as they stand in the file."""
        scene().runner.run(self.store.settled())
        with sqlite3.connect(self.store.path) as connection:
            rows = connection.execute("SELECT id, parent, created, role, body, native FROM message").fetchall()
        connection.close()
        return {row[0]: row for row in rows}

    @invariant()
    def every_provider_takes_it(self) -> None:
        if hasattr(self, "dry"):
            self.said.note(self.talk)
            for model in self.cast:
                self._must_be_right(model)

    @invariant()
    def what_was_said_stays(self) -> None:
        """In the file too: no row of a message is ever written again."""
        if not hasattr(self, "dry"):
            return
        rows = self._stored()
        assert len(rows) == len(self.talk.nodes)
        assert {id: rows[id] for id in self.rows} == self.rows
        self.rows = rows

    def teardown(self) -> None:
        """Exports know nothing of views, and each model that has none is given all of it, as if there were none."""
        if not hasattr(self, "dry"):
            return
        plain, cast, head = without_views(self.talk), self.cast, self.talk.head
        assert exports(plain, tree=True) == exports(self.talk, tree=True)
        self.cast = list(READERS.values())
        self.every_provider_takes_it()
        given, whole = self._bodies(), self._bodies(plain)
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
        given = self._bodies()
        must_be_same({name: whole[name] for name in given}, given)
        self.what_was_said_stays()
        self.store.close()
        self.folder.cleanup()
