"""How full the window is: from what the provider has counted, and an estimate that answers make good."""

import re
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from modules.config import ROOT
from modules.llm.events import Usage as Counted
from modules.llm.history import Message, Origin, Role, user
from modules.llm.models import Model
from modules.llm.parts import Reasoning, Text, ToolCall, ToolResult
from modules.llm.tokens.learned_weights import LearnedWeights
from modules.session.conversation import Conversation
from modules.session.counting.token_estimate import request_size
from modules.session.node import Node
from modules.session.views.view import View
from tests.harness.big_history import long_conversation
from tests.harness.cases import DOCUMENT, ENDPOINTS, PICTURE, TOOLS
from tests.harness.engine_harness import ANTHROPIC, GROQ, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.many_providers import Stage
from tests.wire import Answer, Usage

PROSE = (ROOT / "tests/data/prose_sample.txt").read_text("utf-8")
CODE = (ROOT / "tests/data/code_sample.txt").read_text("utf-8")
PIECES = re.compile(r"\s?[A-Za-z]{1,5}|\d|[^\sA-Za-z\d]|\s+")  # a tokenizer of its own


def counted(*texts: str) -> int:
    """What the server says that it has read: a message has six tokens around it, a request thirty."""
    return 30 + sum(len(PIECES.findall(text)) + 6 for text in texts)


def at(name: str = "chat", **changes: object) -> Model:
    return ENDPOINTS[name].full_model("https://elsewhere.example")  # type: ignore[index]


def answered(text: str, model: Model, usage: Counted | None, *, state: str = "complete") -> Message:
    origin = Origin(model.provider.dialect, model.issuer, model.id)
    return Message("assistant", (Text(text),), origin, None, state, "end_turn", usage)  # type: ignore[arg-type]


class TestLearning:
    @pytest.mark.parametrize(
        ("first", "second", "third"),
        [
            (PROSE[:4000], PROSE[9000:14_000], PROSE[30_000:38_000]),
            (CODE[:4000], CODE[4000:8000], CODE[8000:12_000]),
            (PROSE[:4000], PROSE[9000:14_000], CODE[:6000]),
        ],
    )
    async def test_after_two_answers_the_next_request_is_right_within_ten_percent(
        self, home: Home, tmp_path: Path, first: str, second: str, third: str
    ) -> None:
        async with Talk(home) as talk:
            talk.conversation.weights = LearnedWeights(tmp_path / "token_weights.json")
            said: list[str] = []
            for text in (first, second):
                said.append(text)
                home.anthropic.answer(Answer("Yes.", usage=Usage(counted(*said), 3)))
                await talk.say(text)
                said.append("Yes.")
        weights = LearnedWeights(tmp_path / "token_weights.json")  # as the next run has it
        fresh = Conversation(talk.model(ANTHROPIC), weights=weights)
        fresh.append(user(third))
        assert fresh.tokens() == pytest.approx(counted(third), rel=0.1)
        assert request_size(fresh, fresh.model).measured

    async def test_a_server_that_keeps_little_or_does_not_count_teaches_nothing(self) -> None:
        async with Stage() as stage:
            x, y = stage.add("X", "chat"), stage.add("Y", "chat")
            await stage.say(x, PROSE[:20_000], Answer("So.", usage=Usage(2_048, 1)))
            await stage.say(y, PROSE[:20_000], Answer("So.", usage=Usage(0, 0)))
            weights = stage.conversation.weights
            assert not weights.is_measured(x)
            assert not weights.is_measured(y)
            assert stage.conversation.tokens(x) > 2 * 4_000, "nor is its number shown"


class TestTheSizeOfARequest:
    def test_is_the_providers_own_count_and_an_estimate_of_what_came_since(self) -> None:
        model = at()
        talk = Conversation(model, "Be brief.")
        talk.extend([user("One"), answered("Fine.", model, Counted(9_000, 500, reasoning=200)), user(PROSE[:4000])])
        size = request_size(talk, model)
        assert size.total == pytest.approx(9_300 + 1_000, rel=0.05)
        assert talk.tokens() == pytest.approx(size.total, abs=3)
        assert size.measured
        assert size.messages[1] == 300
        assert size.messages[2] == pytest.approx(1_000, rel=0.1)

    def test_names_each_part(self) -> None:
        model = at("anthropic")
        talk = Conversation(model, PROSE[:2000])
        talk.extend([user("One " * 400), user("Two")])
        size = request_size(talk, model, TOOLS)
        assert set(size.tools) == {"weather", "clock"}
        assert size.tools["weather"] > size.tools["clock"] > 10
        assert size.instructions == pytest.approx(500, rel=0.3)
        assert size.messages[0] > 300 > 20 > size.messages[1]
        assert not size.measured
        assert size.total == size.instructions + sum(size.tools.values()) + sum(size.messages)

    def test_an_answer_of_another_issuer_is_estimated(self) -> None:
        model, other = at(), at("anthropic")
        talk = Conversation(model)
        talk.extend([user(PROSE[:8000]), answered("Fine.", other, Counted(2_600, 50))])
        assert not request_size(talk, model).measured
        assert talk.tokens(other) == 2_650
        assert talk.tokens(model) == pytest.approx(2_000, rel=0.15)

    def test_but_where_it_has_counted_far_more_something_is_there_that_cannot_be_estimated(self) -> None:
        model, other = at(), at("anthropic")
        talk = Conversation(model)
        talk.extend([user("One"), answered("Fine.", other, Counted(300_000, 50))])
        assert talk.tokens(model) == pytest.approx(300_050, rel=0.01)
        assert request_size(talk, model).total == pytest.approx(300_050, rel=0.01)

    def test_what_a_model_is_not_given_takes_nothing(self) -> None:
        seeing = at()
        blind = Model(name="b", id="b", provider=seeing.provider)
        talk = Conversation(seeing)
        talk.append(user("Look. " * 10, PICTURE, DOCUMENT))
        thinking = Message("assistant", (Reasoning("Hm. " * 900), Text("Fine.")))
        talk.extend([thinking, user("And?")])
        given, left = request_size(talk, seeing), request_size(talk, blind)
        assert given.messages[0] > 1_000 > 100 > left.messages[0]
        assert given.messages[1] == left.messages[1] < 10

    def test_refused_turns_are_left_out(self) -> None:
        model = at()
        talk = Conversation(model)
        talk.extend([user(PROSE[:8000]), answered("No.", model, None, state="refused"), user("Then another.")])
        assert request_size(talk, model).messages[:2] == (0, 0)
        assert talk.tokens() < 50

    def test_a_cut_answer_is_counted_as_far_as_it_came(self) -> None:
        model = at()
        talk = Conversation(model)
        talk.extend([user("One"), answered(PROSE[:4000], model, Counted(5_000, 1), state="interrupted")])
        assert talk.tokens() == pytest.approx(6_000, rel=0.05)

    def test_answers_that_were_given_to_other_messages_are_not_asked(self) -> None:
        model = at()
        talk = Conversation(model)
        talk.extend([user("One"), answered("Fine.", model, Counted(9_000, 500)), user("Two")])
        assert talk.tokens() == request_size(talk, model).total > 9_000
        view = View(number=1, model=model.full_name, place=2, made_after=3, summary="Fine.", summarized_until=1)
        talk.add_view(view)
        assert talk.tokens() < 100
        assert request_size(talk, model).total < 100
        talk.append(answered("Fine again.", model, Counted(700, 10)))
        assert talk.tokens() == pytest.approx(710, rel=0.1)
        talk.undo_view(model)
        assert 9_000 < talk.tokens() < 10_000
        other = replace(model, id="another", name="another")
        talk.add_view(msgspec.structs.replace(view, number=2, model=other.full_name, made_after=4))
        talk.extend([user("Three"), answered("Small.", other, Counted(300, 10))])
        assert talk.tokens() > 9_000
        assert talk.tokens(other) == pytest.approx(310, rel=0.1)

    def test_tools_and_their_results_are_in_it(self) -> None:
        model = at()
        talk = Conversation(model)
        call = ToolCall("call_1", "weather", '{"city": "' + "Oslo " * 200 + '"}')
        talk.extend(
            [user("One"), Message("assistant", (call,)), Message("tool", (ToolResult("call_1", (Text(CODE),)),))]
        )
        size = request_size(talk, model)
        assert size.messages[1] > 200
        assert size.messages[2] == pytest.approx(len(CODE) / 4.3, rel=0.15)


class TestAtEachKey:
    @pytest.mark.parametrize("name", ["anthropic", "chat"])
    def test_it_costs_next_to_nothing_in_a_long_conversation(self, name: str) -> None:
        model = at(name)
        talk = long_conversation(model, 4_000)
        talk.tokens()
        for steps in (0, -1, 1, 3):  # back
            if steps < 0:
                talk.append(user("More."))
            elif steps:
                talk.undo(steps)
            begun = time.process_time()
            for _ in range(20):
                talk.tokens()
            assert (time.process_time() - begun) / 20 < 0.001

    def test_no_message_is_decoded_for_it_beyond_the_last(self) -> None:
        decoded: list[int] = []

        class Rows:
            def read(self, id: int, role: Role) -> Message:
                decoded.append(id)
                return user("Something was said. " * 20) if role == "user" else answered("Yes.", at(), None)

            def held(self, id: int) -> Message | None:
                return None

        talk = Conversation(at())
        talk.nodes = [
            Node(id, id - 1, None, role="user" if id % 2 else "assistant", saved=Rows(), size=200)
            for id in range(1, 3_001)
        ]
        talk.go_to(3_000)
        assert talk.tokens() > 100_000
        assert len(set(decoded)) <= 200
        decoded.clear()
        talk.tokens()
        assert decoded == []

    async def test_a_switch_shows_what_the_other_model_will_read(self, home: Home) -> None:
        home.anthropic.answer(Answer("Yes.", usage=Usage(5_000, 20)))
        async with Talk(home) as talk:
            await talk.say(PROSE[:16_000])
            assert talk.conversation.tokens() == 5_020
            for name in (GROQ, OPENAI):
                assert talk.conversation.tokens(talk.model(name)) == pytest.approx(4_000, rel=0.2)
