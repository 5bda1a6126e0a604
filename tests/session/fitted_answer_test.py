"""Before anything is sent to a model that it does not fit: what is offered, what is done, and that nothing is lost."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from modules.errors import ContextOverflow, DoesNotFit, SummaryFailed
from modules.llm.message import user
from modules.llm.models import Model
from modules.session.fitting.policy import Fitting
from modules.session.fitting.ways import FitEvent, Made, Making, Misfit, SendAnyway, Summarise, Trim, Way
from modules.session.turns.ask import Notice
from modules.session.turns.turn import run_turn
from modules.tools.tool import tool
from tests.harness.engine_harness import ANTHROPIC, GROQ, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.long_conversation import calls_have_results, seen, small, tool_turn, turn
from tests.harness.tool_helpers import tooling
from tests.wire import Answer, Call, Fault, Status, Text, Usage, Window

SMALL = 8_000
NAMES = (ANTHROPIC, OPENAI, GROQ)
Choose = Callable[[Misfit], Way | None]


def first(question: Misfit) -> Way | None:
    """What Enter takes."""
    return question.ways[0]


def none(question: Misfit) -> Way | None:
    return None


class Fitter:
    """A person with a conversation at a model whose window is small, who is asked what to do about it."""

    def __init__(self, talk: Talk, folder: Path, choose: Choose = first, **how: Any) -> None:
        self.talk = talk
        self.choose = choose
        self.ran: list[int] = []
        self.events: list[FitEvent] = []
        self.notices: list[str] = []
        self.model = small(talk.conversation.model, SMALL)
        self.writer: Model | None = talk.model(OPENAI)
        self.fitting = Fitting(lambda conversation, model: self.writer, **how)

        @tool(effect="read", free=True)
        async def dig(n: int) -> str:
            """Dig."""
            self.ran.append(n)
            return f"Layer {n}. " + "word " * 2_000

        self.tools = tooling(folder, dig)
        talk.conversation.switch(self.model)

    @property
    def asked(self) -> list[Misfit]:
        return [event for event in self.events if isinstance(event, Misfit)]

    @property
    def made(self) -> list[Made]:
        return [event for event in self.events if isinstance(event, Made)]

    async def say(self, text: str | None, model: Model | None = None) -> str:
        """One turn to its end, and the answer."""
        said, self.events = self.talk.conversation, []
        message = None if text is None else user(text)
        events = run_turn(said, self.talk.services, message, model or self.model, self.tools, self.fitting)
        async with aclosing(events) as turn:
            async for event in turn:
                if isinstance(event, Misfit | Making | Made):
                    self.events.append(event)
                if isinstance(event, Notice):
                    self.notices.append(event.text)
                if isinstance(event, Misfit):
                    event.chosen = self.choose(event)
        return said.messages[-1].text


@pytest.fixture
async def talk(home: Home) -> AsyncIterator[Talk]:
    async with Talk(home, GROQ) as talk:
        yield talk


def tools_then_words(talk: Talk) -> None:
    """Old results of 60,000 characters, and two turns after them."""
    tool_turn(talk.conversation, "old", (30_000, 30_000))
    turn(talk.conversation, "b")
    turn(talk.conversation, "c")


def words(talk: Talk, turns: int = 40) -> None:
    """Turns of 2,000 characters each, and nothing that could be trimmed."""
    for number in range(turns):
        turn(talk.conversation, f"n{number}", 2_000)


class TestBeforeSending:
    async def test_old_results_go_first_and_the_cheapest_way_is_the_first(self, home: Home, talk: Talk) -> None:
        home.groq.limit = Window(SMALL)
        tools_then_words(talk)
        person = Fitter(talk, home.folder)
        assert await person.say("And now?") == "Answer 1 from groq."
        (question,) = person.asked
        assert (question.why, question.window) == ("known", SMALL)
        assert [type(way) for way in question.ways] == [Trim, Summarise]
        (made,) = person.made
        assert made.spent == ()
        assert home.openai.chats == []
        (request,) = home.groq.chats
        assert request.tokens < made.tokens < SMALL
        assert "left out to save room" in request.raw.decode()
        assert "Result old1" in talk.conversation.messages[2].results[0].text
        assert await person.say("And then?") == "Answer 2 from groq."
        assert person.events == [], "asked once"

    async def test_a_summary_where_trimming_is_not_enough(self, home: Home, talk: Talk) -> None:
        home.groq.limit = Window(SMALL)
        home.openai.answer("They spoke of n0 to n38.")
        words(talk)
        before = talk.conversation.messages
        person = Fitter(talk, home.folder)
        await person.say("And now?")
        (question,) = person.asked
        assert [type(way) for way in question.ways] == [Summarise]
        assert [type(event) for event in person.events] == [Misfit, Making, Made]
        assert "They spoke of n0" in home.groq.chats[0].raw.decode()
        assert "Question n3." not in home.groq.chats[0].raw.decode()
        assert talk.conversation.messages[:-2] == before
        assert seen(talk.conversation, talk.model(OPENAI)).count("Question") == 40

    async def test_none_of_the_ways_leaves_all_as_it_was(self, home: Home, talk: Talk) -> None:
        words(talk)
        person, before = Fitter(talk, home.folder, none), talk.conversation.messages
        with pytest.raises(DoesNotFit) as caught:
            await person.say("And now?")
        assert (caught.value.window, caught.value.alone) == (SMALL, False)
        assert talk.conversation.messages == before
        assert (talk.conversation.views, home.groq.chats, home.openai.chats) == ([], [], [])

    async def test_a_question_that_is_too_large_alone_is_not_sent(self, home: Home, talk: Talk) -> None:
        turn(talk.conversation, "a")
        person = Fitter(talk, home.folder)
        with pytest.raises(DoesNotFit) as caught:
            await person.say("word " * 12_000)
        assert caught.value.alone
        assert "this question alone" in caught.value.message
        assert (person.asked, home.groq.chats) == ([], [])

    async def test_what_is_hardly_too_long_may_be_sent_all_the_same(self, home: Home, talk: Talk) -> None:
        words(talk, 17)
        person = Fitter(talk, home.folder, lambda question: question.ways[-1])
        await person.say("And now?")
        assert isinstance(person.asked[0].ways[-1], SendAnyway)
        assert talk.conversation.views == []
        assert "Question n0." in home.groq.chats[0].raw.decode()

    async def test_a_window_that_was_learned_is_no_guess(self, home: Home, talk: Talk) -> None:
        words(talk, 22)
        person = Fitter(talk, home.folder, none)
        talk.conversation.learned.note(person.model, window=SMALL - 1)
        with pytest.raises(DoesNotFit):
            await person.say("And now?")
        assert [type(way) for way in person.asked[0].ways] == [Summarise]

    async def test_a_summary_that_fails_changes_nothing_and_sends_nothing(self, home: Home, talk: Talk) -> None:
        home.openai.answer(Answer(""))
        words(talk)
        person, before = Fitter(talk, home.folder), talk.conversation.messages
        with pytest.raises(SummaryFailed, match="empty"):
            await person.say("And now?")
        assert (talk.conversation.messages, talk.conversation.views, home.groq.chats) == (before, [], [])

    async def test_what_fits_is_no_question(self, home: Home, talk: Talk) -> None:
        words(talk, 3)
        person = Fitter(talk, home.folder)
        await person.say("And now?")
        assert person.events == []

    async def test_the_large_model_sees_all_of_it_again_byte_for_byte(self, home: Home, talk: Talk) -> None:
        large = talk.model(OPENAI)
        person = Fitter(talk, home.folder)
        for number in range(3):
            home.openai.answer(Answer(f"{number} " + "because " * 2_000))
            await person.say(f"Question {number}? " + "Why so? " * 500, large)
        home.openai.answer("The summary.")
        await person.say("Small now?")
        assert home.groq.chats
        await person.say("And large again?", large)
        assert person.events == []
        told = [request.body["input"] for request in home.openai.chats]
        assert told[-1][: len(told[2])] == told[2]


class TestAfterARefusal:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("how", ["refuse", "stream"])
    async def test_the_same_question_is_asked_again_with_what_fits(self, home: Home, name: str, how: Any) -> None:
        async with Talk(home, name) as talk:
            server = home.servers[name.partition(":")[0]]
            words(talk)
            person = Fitter(talk, home.folder)
            person.model = talk.model(name)
            person.writer = talk.model(GROQ if name != GROQ else OPENAI)
            server.limit = Window(SMALL, how=how)
            assert await person.say("And now?") == f"Answer 1 from {server.dialect}."
            assert person.asked[0].why == "refused"
            assert talk.conversation.messages[-2].text == "And now?"
            assert [node.message.text for node in talk.conversation.tree.path].count("And now?") == 1

    async def test_the_window_that_is_named_is_what_it_is_fitted_to(self, home: Home, talk: Talk) -> None:
        words(talk)
        home.groq.limit = Window(
            SMALL, words=Status(400, message="prompt is too long: {needed} tokens > {window} maximum")
        )
        person = Fitter(talk, home.folder)
        person.model = talk.model(GROQ)
        await person.say("And now?")
        assert (person.asked[0].window, person.asked[0].why) == (SMALL, "refused")
        assert len(home.groq.chats) == 2
        assert home.groq.chats[1].tokens < SMALL

    @pytest.mark.parametrize("name", NAMES)
    async def test_in_a_loop_of_tools_no_call_runs_twice(self, home: Home, name: str) -> None:
        async with Talk(home, name) as talk:
            server = home.servers[name.partition(":")[0]]
            calls = [Answer(Text("Deeper."), Call("dig", {"n": n})) for n in range(4)]
            server.answer(*calls)
            person = Fitter(talk, home.folder, auto="never")
            person.model = talk.model(name)
            server.limit = Window(SMALL)
            await person.say("Dig.")
            assert person.ran == [0, 1, 2, 3]
            assert [question.why for question in person.asked] == ["refused"] * len(person.asked) != []
            assert calls_have_results(talk.conversation.messages)
            assert len(talk.conversation.messages) == 2 + 2 * 4

    async def test_an_answer_that_says_nothing_at_a_full_window(self, home: Home) -> None:
        async with Talk(home, ANTHROPIC) as talk:
            words(talk)
            home.anthropic.limit = Window(SMALL, how="stop", stop="model_context_window_exceeded")
            person = Fitter(talk, home.folder)
            person.model = talk.model(ANTHROPIC)
            assert await person.say("And now?") == "Answer 1 from anthropic."
            assert [question.why for question in person.asked] == ["refused"]

    async def test_none_of_the_ways_is_the_refusal_and_the_results_stay(self, home: Home, talk: Talk) -> None:
        home.groq.answer(*(Answer(Call("dig", {"n": n})) for n in range(4)))
        home.groq.limit = Window(SMALL)
        person = Fitter(talk, home.folder, none, auto="never")
        person.model = talk.model(GROQ)
        with pytest.raises(ContextOverflow):
            await person.say("Dig.")
        assert talk.conversation.messages[-1].role == "tool"
        person.choose = first
        await person.say(None)
        assert person.ran == [0, 1, 2, 3]

    async def test_a_part_of_an_answer_stays_and_is_not_asked_again(self, home: Home, talk: Talk) -> None:
        fault = Fault.error_event(
            after=3, kind="context_length_exceeded", message="maximum context length is 8000 tokens"
        )
        home.groq.answer(Answer("One two three four five", fault=fault))
        person = Fitter(talk, home.folder)
        with pytest.raises(ContextOverflow):
            await person.say("Count.")
        assert person.asked == []
        assert len(home.groq.chats) == 1


class TestByItself:
    async def test_nobody_is_asked_where_it_always_is_done(self, home: Home, talk: Talk) -> None:
        tools_then_words(talk)
        person = Fitter(talk, home.folder, none, auto="always")
        await person.say("And now?")
        assert [type(event) for event in person.events] == [Made]

    async def test_in_good_time_and_not_again_for_the_same_after_a_no(self, home: Home, talk: Talk) -> None:
        tool_turn(talk.conversation, "old", (7_000, 7_000))
        turn(talk.conversation, "b")
        person, asked = Fitter(talk, home.folder, none, at=0.6), []
        for used in (4_600, 5_000, 5_100, 5_500, 5_500):  # of the next request that much and a little is known
            home.groq.answer(Answer("Yes.", usage=Usage(used, 10)))
            await person.say("And now?")
            asked.append([question.why for question in person.asked])
        assert asked == [[], [], ["filling"], [], ["filling"]]
        assert talk.conversation.views == []
        person.choose = first
        home.groq.answer(Answer("Yes.", usage=Usage(5_940, 10)))
        await person.say("More?")
        await person.say("More?")
        assert [type(event) for event in person.events] == [Misfit, Made]

    async def test_between_the_requests_of_a_loop(self, home: Home, talk: Talk) -> None:
        home.groq.limit = Window(SMALL)
        home.groq.answer(*(Answer(Call("dig", {"n": n})) for n in range(6)))
        person = Fitter(talk, home.folder, auto="always", at=0.8)
        await person.say("Dig.")
        assert person.ran == [0, 1, 2, 3, 4, 5]
        assert len(person.made) >= 1
        assert all(request.tokens <= SMALL for request in home.groq.chats)
        assert len(home.groq.chats) == 7, "none was refused"

    async def test_never_is_only_for_what_fits(self, home: Home, talk: Talk) -> None:
        words(talk)
        person = Fitter(talk, home.folder, auto="never")
        await person.say("And now?")
        assert [question.why for question in person.asked] == ["known"]


class TestWhereNobodyIs:
    @pytest.mark.parametrize("wish", ["trim", "compact"])
    async def test_old_results_go_with_either(self, home: Home, talk: Talk, wish: Any) -> None:
        home.groq.limit = Window(SMALL)
        tools_then_words(talk)
        person = Fitter(talk, home.folder, wish=wish)
        await person.say("And now?")
        assert [type(event) for event in person.events] == [Made]
        assert home.openai.chats == []

    async def test_a_refusal_is_answered_once(self, home: Home, talk: Talk) -> None:
        words(talk)
        home.groq.answer(*[Status(400, code="context_length_exceeded", message="Please reduce the length.")] * 3)
        person = Fitter(talk, home.folder, wish="compact")
        with pytest.raises(ContextOverflow):
            await person.say("And now?")
        assert len(home.groq.chats) == 2

    async def test_trim_writes_no_summary(self, home: Home, talk: Talk) -> None:
        words(talk)
        person = Fitter(talk, home.folder, wish="trim")
        with pytest.raises(DoesNotFit):
            await person.say("And now?")
        assert (home.groq.chats, home.openai.chats) == ([], [])
