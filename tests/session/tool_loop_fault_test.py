"""A provider fails in the middle of a tool loop: the results stay, no tool runs twice, and any model goes on."""

from contextlib import aclosing
from pathlib import Path
from typing import Literal

import pytest

from modules.errors import (
    AnswerIncomplete,
    AuthenticationFailed,
    ConnectionFailed,
    ContextOverflow,
    Overloaded,
    ProviderError,
    RateLimited,
)
from modules.llm.events import Finished
from modules.llm.message import INTERRUPTED_CALL, user
from modules.session.turns.ask import Retrying
from modules.session.turns.turn import run_turn
from modules.tools.tool import ToolContext, tool
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.tool_helpers import Person, tooling
from tests.wire import Answer, Call, Fault, Status, Window

EVERY = (ANTHROPIC, OPENAI, GROQ, OLLAMA)
every_provider = pytest.mark.parametrize("name", EVERY)
LATER = "3600"  # seconds; nobody waits for that

NUMBERS = "request ({needed} tokens) exceeds the available context size ({window} tokens), try increasing it"
REFUSALS: dict[str, tuple[Status, type[ProviderError]]] = {
    "the key is refused": (Status(401), AuthenticationFailed),
    "too many requests": (Status(429, retry_after=LATER), RateLimited),
    "the provider is overloaded": (Status(529, retry_after=LATER), Overloaded),
}


class Digger(Person):
    """A person with one tool, which writes down each time that it runs."""

    def __init__(self, talk: Talk, folder: Path, name: str) -> None:
        self.ran: list[int] = []

        @tool(effect="read", free=True)
        async def dig(n: int, context: ToolContext) -> str:
            """Dig."""
            self.ran.append(n)
            return f"found {n} " + "x" * (40_000 if n > 9 else 0)

        super().__init__(talk, tooling(folder, dig))
        talk.switch(name)
        self.name = name
        self.server = talk.home.servers[name.partition(":")[0]]

    async def goes_on(self, results: int, text: str | None = None) -> None:
        """Every model goes on from here, beginning with another one, and no tool runs again."""
        before = list(self.ran)
        at = EVERY.index(self.name)
        for other in (*EVERY[at + 1 :], *EVERY[: at + 1]):
            self.talk.switch(other)
            self.talk.home.servers[other.partition(":")[0]].answer("Done.")
            await self.say(text)
            assert self.conversation.messages[-1].text == "Done."
            text = "And now?"
        assert self.ran == before
        assert sum(len(message.results) for message in self.conversation) == results
        chats = [request for server in self.talk.home.servers.values() for request in server.chats]
        assert all(request.broken == [] for request in chats)


@every_provider
@pytest.mark.parametrize("fault", REFUSALS)
async def test_a_second_request_that_is_refused_leaves_the_results(
    home: Home, tmp_path: Path, name: str, fault: str
) -> None:
    status, kind = REFUSALS[fault]
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        person.server.answer(Answer("Let me dig.", Call("dig", {"n": 1}), Call("dig", {"n": 2})), status)
        with pytest.raises(kind):
            await person.say("Dig.")
        assert len(person.server.chats) == 2
        assert [result.text for result in talk.conversation.messages[-1].results] == ["found 1 ", "found 2 "]
        await person.goes_on(results=2)


@every_provider
@pytest.mark.parametrize("how", ["refuse", "stream"])
async def test_a_result_that_fills_the_window_is_kept_for_a_model_with_a_larger_one(
    home: Home, tmp_path: Path, name: str, how: Literal["refuse", "stream"]
) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        person.server.answer(Answer(Call("dig", {"n": 10})))
        person.server.window = 8_000
        person.server.limit = Window(8_000, words=Status(400, message=NUMBERS), how=how)
        with pytest.raises(ContextOverflow):
            await person.say("Dig.")
        assert len(person.server.chats) == 2
        assert len(talk.conversation.messages[-1].results[0].text) > 40_000
        assert talk.conversation.reader(talk.model(name)).window == 8_000
        person.server.limit = None
        await person.goes_on(results=1)


@every_provider
async def test_a_second_answer_that_breaks_off_is_kept_as_far_as_it_came(home: Home, tmp_path: Path, name: str) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        words = " ".join(["It is"] + ["here"] * 50)
        person.server.answer(Answer(Call("dig", {"n": 1})), Answer(words, fault=Fault.cut_mid_event(after=9)))
        with pytest.raises((AnswerIncomplete, ConnectionFailed)):
            await person.say("Dig.")
        last = talk.conversation.messages[-1]
        assert (last.role, last.state) == ("assistant", "incomplete")
        assert last.text.startswith("It is")
        await person.goes_on(results=1, text="Go on.")


@every_provider
async def test_calls_of_an_answer_that_breaks_off_are_not_run(home: Home, tmp_path: Path, name: str) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        # Events; two send a call in one piece, and what is cut is the end alone.
        whole = {GROQ: 4, OLLAMA: 3}.get(name, 6)
        cut = Answer("Once more.", Call("dig", {"n": 2}), fault=Fault.clean_end(after=whole))
        person.server.answer(Answer(Call("dig", {"n": 1})), cut)
        with pytest.raises((AnswerIncomplete, ConnectionFailed)):
            await person.say("Dig.")
        assert person.ran == [1]
        assert not talk.conversation.messages[-1].calls
        await person.goes_on(results=1, text="Go on.")


@every_provider
async def test_a_second_request_that_is_sent_again_runs_no_tool_again(home: Home, tmp_path: Path, name: str) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        nothing = Answer("Never.", fault=Fault.no_reply())
        person.server.answer(Answer(Call("dig", {"n": 1})), nothing, Status(503, retry_after="0"), "Done.")
        await person.say("Dig.")
        assert [event.attempt for event in person.events if isinstance(event, Retrying)] == [1, 2]
        assert person.ran == [1]
        assert talk.conversation.messages[-1].text == "Done."
        await person.goes_on(results=1, text="And now?")


@every_provider
async def test_a_turn_that_is_left_at_the_last_event_of_an_answer_keeps_it_once(
    home: Home, tmp_path: Path, name: str
) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        person.server.answer(Answer("Let me dig.", Call("dig", {"n": 1})))
        model = talk.conversation.model
        async with aclosing(run_turn(talk.conversation, talk.services, user("Dig."), model, person.tools)) as turn:
            async for event in turn:
                if isinstance(event, Finished):
                    break
        assert [message.role for message in talk.conversation] == ["user", "assistant", "tool"]
        assert talk.conversation.messages[-1].results[0].text == INTERRUPTED_CALL
        assert len(talk.conversation.spent) == 1, "and pays once"
        assert person.ran == []
        await person.goes_on(results=1)
