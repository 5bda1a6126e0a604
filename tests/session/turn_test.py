"""One turn of a conversation without a screen: what is tried again, what is kept, and what is taken back."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from modules.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ModelLoading,
    Overloaded,
    ParlanceError,
    ProviderError,
    RateLimited,
    RequestRefused,
    ServerFailed,
)
from modules.llm.events import Finished, ReasoningDelta, TextDelta
from modules.llm.message import user
from modules.session.recovery.retries import LONGEST_BACKOFF_SECONDS, retry_delay
from modules.session.turns.ask import Retrying, ask
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.wire import Answer, Fault, Reasoning, Status, Usage

EVERY = pytest.mark.parametrize("name", [ANTHROPIC, OPENAI, GROQ, OLLAMA])
SLOW = Answer(Reasoning("Hm, hm."), "One two three four five six seven eight.", pace=0.02)


async def stop(talk: Talk, question: str, when: Callable[[Talk], object]) -> None:
    """Ask, and interrupt once this is so."""
    task = asyncio.ensure_future(talk.say(question))
    while not when(talk):
        await asyncio.sleep(0.002)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class TestARequestThatFails:
    @EVERY
    async def test_is_sent_again_unchanged_as_long_as_nothing_was_shown(self, home: Home, name: str) -> None:
        server = home.servers[name.partition(":")[0]]
        server.answer(Answer("Late.", fault=Fault.no_reply()), Status(503, retry_after="0.05"), "Here.")
        async with Talk(home, name) as talk:
            assert (await talk.say("Hello")).text == "Here."
        assert len({request.raw for request in server.chats}) == 1
        again = [event for event in talk.events if isinstance(event, Retrying)]
        assert [(event.attempt, event.seconds) for event in again] == [(1, 0.0), (2, 0.05)]
        assert [type(event.error) for event in again] == [ConnectionFailed, Overloaded]
        assert talk.shown == "Here."
        assert talk.spoken == [("user", "Hello"), ("assistant", "Here.")]

    @EVERY
    @pytest.mark.parametrize(
        "fault",
        [Fault.cut_mid_event(8), Fault.reset(8), Fault.clean_end(8), Fault.error_event(8)],
        ids=["cut", "reset", "ended", "error"],
    )
    async def test_after_something_was_shown_is_never_sent_again_and_what_came_is_kept(
        self, home: Home, name: str, fault: Fault
    ) -> None:
        server = home.servers[name.partition(":")[0]]
        server.answer(Answer("One two three four five six seven eight nine ten.", fault=fault))
        async with Talk(home, name) as talk:
            with pytest.raises(ProviderError):
                await talk.say("Count")
            kept = talk.conversation.messages[-1]
            await talk.say("Go on")
        assert len(server.chats) == 2
        assert kept.state == "incomplete"
        assert kept.text.startswith("One")
        assert "ten" not in kept.text
        assert kept.text.encode() in server.chats[1].raw
        assert b"The connection broke during the answer above" in server.chats[1].raw
        assert server.chats[1].broken == []

    async def test_four_times_is_given_up_and_the_question_taken_back(self, home: Home) -> None:
        home.groq.answer(*[Status(529, retry_after="0.01")] * 5)
        async with Talk(home, GROQ) as talk:
            with pytest.raises(Overloaded):
                await talk.say("Hello")
            assert len(home.groq.chats) == 4
            assert talk.spoken == []
            assert talk.conversation.spent == []

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (Status(400), RequestRefused),
            (Status(401), AuthenticationFailed),
            (Status(429, retry_after="61"), RateLimited),
            (Status(500, retry_after="3600"), ServerFailed),
        ],
        ids=["400", "401", "429-for-a-minute", "500-for-an-hour"],
    )
    async def test_for_good_or_for_long_is_not_sent_again(
        self, home: Home, status: Status, kind: type[ParlanceError]
    ) -> None:
        home.groq.answer(status)
        async with Talk(home, GROQ) as talk:
            with pytest.raises(kind):
                await talk.say("Hello")
            assert talk.spoken == []
        assert len(home.groq.chats) == 1

    async def test_because_the_model_is_still_loading_is_waited_for_beyond_four_times(self, home: Home) -> None:
        """A21: llama-server says so for as long as it takes (llama-swap#146)."""
        home.ollama.answer(*[Status(503, message="Loading model")] * 4, "Here.")
        async with Talk(home, OLLAMA) as talk:
            assert (await talk.say("Hello")).text == "Here."
        waits = [event for event in talk.events if isinstance(event, Retrying)]
        assert [type(event.error) for event in waits] == [ModelLoading] * 4
        assert all(event.seconds > 0 for event in waits), "seen as a countdown"

    async def test_can_be_given_up_while_it_waits(self, home: Home) -> None:
        home.groq.answer(Status(429, retry_after="30"))
        async with Talk(home, GROQ) as talk:
            await stop(talk, "Hello", lambda talk: talk.events)
            assert talk.spoken == []
        assert len(home.groq.chats) == 1


@pytest.mark.parametrize(
    ("error", "attempt", "least", "most"),
    [
        (RateLimited("", retry_after=5), 1, 5, 5),
        (RateLimited("", retry_after=0), 3, 0, 0),
        (RateLimited("", retry_after=60), 3, 60, 60),
        (Overloaded(""), 1, 0.75, 1),
        (Overloaded(""), 2, 1.5, 2),
        (Overloaded(""), 3, 3, 4),
        (ConnectionFailed(""), 1, 0, 0),
        (ConnectionFailed(""), 2, 1.5, 2),
    ],
)
def test_the_wait_is_what_the_server_says_or_doubles(
    error: ProviderError, attempt: int, least: float, most: float
) -> None:
    delay = retry_delay(error, attempt)
    assert delay is not None
    assert least <= delay <= most <= max(60, LONGEST_BACKOFF_SECONDS)


@pytest.mark.parametrize(
    ("error", "attempt"),
    [
        (RateLimited("", retry_after=60.5), 1),
        (Overloaded(""), 4),
        (AuthenticationFailed(""), 1),
        (ConnectionFailed("", retryable=False), 1),
        (RequestRefused("", retry_after=1), 1),
    ],
)
def test_there_is_no_wait_where_waiting_does_not_help(error: ProviderError, attempt: int) -> None:
    assert retry_delay(error, attempt) is None


class TestATurnThatIsInterrupted:
    @EVERY
    async def test_keeps_what_was_shown_and_marks_it(self, home: Home, name: str) -> None:
        server = home.servers[name.partition(":")[0]]
        server.answer(SLOW)
        async with Talk(home, name) as talk:
            await stop(talk, "Count", lambda talk: "three" in talk.shown)
            server.wait_for_disconnect()
            kept = talk.conversation.messages[-1]
            assert (kept.role, kept.state, kept.text) == ("assistant", "interrupted", talk.shown)
            assert (await talk.say("Go on")).state == "complete"
        assert server.chats[1].broken == []
        assert b"The user interrupted the answer above" in server.chats[1].raw

    async def test_takes_the_question_back_when_only_thoughts_had_come(self, home: Home) -> None:
        home.groq.answer(SLOW)
        async with Talk(home, GROQ) as talk:
            await stop(talk, "Count", lambda talk: any(isinstance(event, ReasoningDelta) for event in talk.events))
            assert talk.spoken == []

    async def test_before_the_service_is_there_takes_the_question_back(self, home: Home) -> None:
        async with Talk(home, GROQ) as talk:
            await talk.say("One")
            task = asyncio.ensure_future(talk.say("Two", talk.model(OPENAI)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [text for _, text in talk.spoken] == ["One", "Answer 1 from groq."]

    async def test_that_nobody_listens_to_any_more_keeps_what_came(self, home: Home) -> None:
        home.groq.answer(SLOW)
        async with Talk(home, GROQ) as talk:
            events = talk.turn("Count")
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            await events.aclose()
            assert talk.conversation.messages[-1].state == "interrupted"


class TestAConversation:
    async def test_steps_back_and_branches_without_losing_a_word(self, home: Home) -> None:
        async with Talk(home, GROQ) as talk:
            await talk.say("One")
            await talk.say("Two")
            place = talk.conversation.head
            question = talk.conversation.undo()
            assert question is not None
            assert question.text == "Two"
            await talk.say("Three")
            assert [text for _, text in talk.spoken][2:] == ["Three", "Answer 3 from groq."]
            assert b"Two" not in home.groq.chats[2].raw
            assert place is not None
            talk.conversation.go_to(place)
            assert [text for _, text in talk.spoken][2:] == ["Two", "Answer 2 from groq."]

    async def test_is_empty_after_the_first_question_is_taken_back(self, home: Home) -> None:
        async with Talk(home, GROQ) as talk:
            assert talk.conversation.undo() is None
            await talk.say("One")
            assert talk.conversation.undo() is not None
            assert talk.spoken == []
            assert talk.conversation.turns == 0
            assert talk.conversation.undo() is None

    async def test_counts_every_request_that_cost_something(self, home: Home) -> None:
        home.groq.answer(Answer("Hm.", usage=Usage(1_000_000, 100_000, cache_read=0)))
        home.anthropic.answer(Answer("Hm.", usage=Usage(1000, 100, cache_read=500)))
        async with Talk(home, GROQ) as talk:
            await talk.say("One")
            assert talk.conversation.cost() == pytest.approx(0.15 + 0.06)
            talk.conversation.undo()
            await talk.say("Two", talk.model(ANTHROPIC))
            assert [spent.usage.input for spent in talk.conversation.spent] == [1_000_000, 1500]
            assert talk.conversation.cost() == pytest.approx(0.21 + (1000 * 2 + 500 * 0.1 + 100 * 10) / 1e6)
            assert talk.conversation.tokens(talk.model(ANTHROPIC)) == 1600
            assert talk.conversation.model.full_name == GROQ, "one turn elsewhere is no switch"
            await talk.say("Three", talk.model("openai:gpt-99"))
            assert talk.conversation.cost() is None, "a price that is not known is not zero"

    async def test_counts_what_an_interrupted_answer_had_cost(self, home: Home) -> None:
        home.anthropic.answer(SLOW)
        async with Talk(home) as talk:
            await stop(talk, "Count", lambda talk: "three" in talk.shown)
            (spent,) = talk.conversation.spent
            assert spent.usage.input > 0

    async def test_ends_with_finished_exactly_once(self, home: Home) -> None:
        for server in home.servers.values():
            server.answer(Answer(Reasoning("Hm."), "One two three."))
        async with Talk(home) as talk:
            for name in (ANTHROPIC, OPENAI, GROQ, OLLAMA):
                await talk.say("Count", talk.model(name))
                assert [isinstance(event, Finished) for event in talk.events].index(True) == len(talk.events) - 1


async def test_an_answer_that_is_stopped_after_its_last_word_is_kept_and_paid_for_once(home: Home) -> None:
    home.anthropic.answer(Answer("Yes."))
    async with Talk(home) as talk:
        async with aclosing(ask(talk.conversation, talk.services, user("Well?"), talk.conversation.model)) as answer:
            async for event in answer:
                if isinstance(event, Finished):
                    break
        said = [(message.text, message.state) for message in talk.conversation]
        assert said == [("Well?", "complete"), ("Yes.", "complete")]
        assert len(talk.conversation.spent) == 1
