"""One conversation among windows: it is asked, made to fit by the real planner, kept in the real file, looked at."""

import asyncio
import collections
import itertools
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from modules.errors import ProviderError, SummaryFailed, UsageError
from modules.llm.message import Message, user
from modules.llm.models import Model
from modules.llm.tool_spec import ToolSpec
from modules.session.counting.token_estimate import learn, request_size
from modules.session.fitting.room import Counter, room
from modules.session.fitting.summary import SummaryPlan, plan_summary, summarised
from modules.session.fitting.summary_writer import Writing
from modules.session.fitting.trim import trimmed
from modules.session.storage.store import FILE, Store
from modules.session.views.view import View
from tests import wire
from tests.harness.engine_harness import ANTHROPIC, OPENAI
from tests.harness.tool_machine import scene
from tests.harness.transformer_harness import REQUESTS, Dry, facts_of, wire_name
from tests.harness.window_checks import Epoch, Row, Said, digests, exports, must_be_same, told
from tests.harness.window_readers import PICTURE, READERS, WRITERS, at_length
from tests.wire.rulebook import broken_rules
from tests.wire.windows import tokens_in

MAY_STAY = 1 / 3  # of the room: if no more than that must stay, there is a view that fits
LEAVING = (SummaryFailed, ProviderError, asyncio.CancelledError)
# The way in which a request is made to fit, who writes a summary, what goes wrong there, and after how many pieces.
Plans = tuple[str, str, str, int]


class WindowTalk:
    """Models with windows talk. Before one is asked it is given a view that fits, by the real planner; else it is not.

    `cast` are those that take part, `sent` is what each was sent. `counted` has what happened in all conversations.
    """

    counted: ClassVar[collections.Counter[str]] = collections.Counter()

    def open(self, cast: Sequence[Model], system: bool, tools: tuple[ToolSpec, ...]) -> None:
        self.cast = list(cast)
        self.said = Said()
        self.dry = Dry(self.cast[0], f"Be brief. {self.said.mark()}" if system else "", tools)
        self.sent: dict[Epoch, list[tuple[tuple[int, ...], list[tuple[int, str]]]]] = {}
        self.whole: dict[int, tuple[int, str, str]] = {}  # by view, what its model was given before it
        self.folder = TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / FILE)
        self.talk.journal = self.store
        self.counted["conversations"] += 1

    @property
    def talk(self) -> Any:
        return self.dry.conversation

    def one(self, who: int) -> Model:
        return self.cast[who % len(self.cast)]

    def ask(
        self, who: int, kind: str, chars: int, plan: Plans, *parts: Any, picture: bool = False, end: str = ""
    ) -> bool:
        model = self.one(who)
        self.talk.switch(model)
        question = user(f"{self.said.mark()} {at_length(kind, chars)}", *((PICTURE,) if picture else ()))
        if not self.made_to_fit(model, plan, question):
            return False
        self.talk.append(question)
        return self.answered(model, plan, *parts, length=chars, end=end)

    def answered(self, model: Model, plan: Plans, *parts: Any, length: int = 100, end: str = "") -> bool:
        """Make the request fit and have it answered; whether it could be made to fit."""
        talk = self.talk
        talk.switch(model)
        self.said.note(talk)
        if not self.made_to_fit(model, plan):
            return False
        body, request = self.dry.body(model), self.dry.request(model)
        self.counted["requests"] += 1
        size = request_size(talk, model, self.dry.tools)
        there = room(talk.reader(model), measured=size.measured)
        assert there is None or size.total <= there * 1.02, f"{size.total} of {there}"
        counted = tokens_in(body)
        assert model.window is None or counted <= model.window, f"{model.full_name}: {counted}"
        self.must_be_right(model)
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

    def made_to_fit(self, model: Model, plan: Plans, coming: Message | None = None) -> bool:
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
        if way != "summary":
            self.trim_to(model, target)
        if way != "trim" and not fit():
            self.sum_up(model, plan, target=target)
        if fit():
            return True
        self.counted["not asked, as nothing fits"] += 1
        path = talk.tree.path
        last = max((at for at, node in enumerate(path) if node.is_question), default=0)
        stays = asked + counter.beside + sum(counter.messages(path[last:]))
        stays += sum(counter.messages([node for node in path[:last] if node.role == "system"][-1:]))
        assert way != "both" or trouble or talk.pins or stays > there * MAY_STAY, f"{stays} of {there}"
        return False

    def trim_to(self, model: Model, target: int | None) -> None:
        """Stubs until a request takes so many tokens, or until nothing more can go."""
        talk, tools = self.talk, self.dry.tools
        if (view := trimmed(talk, model, tools, target=target)) is not None:
            self.give(view, "trim")
        left = request_size(talk, model, tools).total
        reached = target is not None and left <= target * 1.05
        all_of_it = None if target is None else 0
        assert reached or trimmed(talk, model, tools, target=all_of_it) is None, f"{left} of {target}"

    def sum_up(self, model: Model, how: Plans, **wanted: Any) -> None:
        _, name, trouble, after = how
        by = scene().talk.model(name, window=WRITERS[name])
        try:
            plan = plan_summary(self.talk, model, by, self.dry.tools, **wanted)
        except UsageError:
            self.counted["nothing to sum up"] += 1
            return
        server = scene().home.servers[name.partition(":")[0]]
        server.forget()
        server.answer(*([wire.Answer(f"Part {self.said.mark('s')}.")] * min(after, plan.requests - 1)))
        if (came := self._trouble(trouble, plan)) is not None:
            server.answer(came)
        else:
            whole = f"They talked of {self.said.mark('s')}. {at_length('prose', plan.length)}"
            server.answer(*[wire.Answer(wire.Text(whole, 3))] * plan.requests)
        before = self._all()
        try:
            view = scene().runner.run(self._written(plan, trouble))
        except LEAVING as error:
            self.counted["failed compactions"] += 1
            self.counted[f"failed: {trouble or type(error).__name__}"] += 1
            self._must_be_as(before)
            return
        finally:
            for request in server.chats:
                assert request.broken == []
                assert tokens_in(request.body) <= WRITERS[name]
        declined = trouble == "refused" and name in (ANTHROPIC, OPENAI)
        useless = declined or trouble in ("cut", "empty") or (trouble == "too long" and plan.requests == 1)
        assert not useless or came is None, f"{trouble}: {view}"
        self._must_be_as(before)
        self.give(view, "summary")

    def _trouble(self, trouble: str, plan: SummaryPlan) -> wire.Answer | wire.Status | None:
        match trouble:
            case "cut":
                return wire.Answer("Half of", stop="max_tokens")
            case "empty":
                return wire.Answer(" \n")
            case "refused":
                return wire.Answer(wire.Refusal("No."), stop="refusal")
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

    def give(self, view: View, kind: str) -> None:
        talk = self.talk
        before, bodies, given = exports(talk), self.bodies(), self.dry.body(READERS[view.model])
        self.whole[view.number] = talk.head, talk.system, json.dumps(given)
        assert view.number not in self.said.views
        self.said.must_leave(view, talk)
        talk.add_view(view)
        self.said.views[view.number] = view
        self.counted[f"views: {kind}"] += 1
        assert exports(talk) == before
        must_be_same({**bodies, view.model: ""}, {**self.bodies(), view.model: ""})

    def _all(self) -> tuple[Any, ...]:
        """All that a summary that failed must leave as it was: what would be sent, what is kept, and the file."""
        return self.bodies(), told(self.talk), list(self.talk.views), self.stored()

    def _must_be_as(self, before: tuple[Any, ...]) -> None:
        for one, other in zip(before, self._all(), strict=True):
            must_be_same(one, other)

    def bodies(self, talk: Any = None) -> dict[str, str]:
        """What each model would be sent next."""
        dry = Dry(self.dry.model, "", self.dry.tools)
        dry.conversation = talk or self.talk
        return {name: json.dumps(dry.body(model)) for name, model in READERS.items() if model in self.cast}

    def must_be_right(self, model: Model) -> None:
        """The next request to a model is taken, begins as those before it did, and holds what its view says."""
        talk, request = self.talk, self.dry.request(model)
        prepared = REQUESTS[model.provider.dialect](request)
        body, path = prepared.body, tuple(request.path)
        self.counted["next requests looked at"] += 1
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

    def stored(self) -> dict[int, Row]:
        """The rows of all messages, as they stand in the file."""
        scene().runner.run(self.store.settled())
        with sqlite3.connect(self.store.path) as connection:
            rows = connection.execute("SELECT id, parent, created, role, body, native FROM message").fetchall()
        connection.close()
        return {row[0]: row for row in rows}
