"""A provider fails in the middle of a tool loop: the results stay, no tool runs twice, and any model goes on."""

from contextlib import aclosing
from pathlib import Path

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
from modules.session.asking import Retrying
from modules.session.turn import run_turn
from modules.tools.approval import Permission
from modules.tools.tool import ToolContext, tool
from tests.talk import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.terminal import Home
from tests.tooling import NO, YES, Person, tooling
from tests.wire import Answer, Call, Fault, Status

EVERY = (ANTHROPIC, OPENAI, GROQ, OLLAMA)
every_provider = pytest.mark.parametrize("name", EVERY)
LATER = "3600"  # seconds; nobody waits for that

FULL = {
    ANTHROPIC: Status(400, message="prompt is too long: 208310 tokens > 200000 maximum"),
    OPENAI: Status(400, code="context_length_exceeded", message="Your input exceeds the context window."),
    GROQ: Status(400, code="context_length_exceeded", message="Please reduce the length of the messages."),
    OLLAMA: Status(400, message="This model's maximum context length is 4096 tokens. You requested 5000 tokens."),
}
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
async def test_a_result_that_fills_the_window_is_kept_for_a_model_with_a_larger_one(
    home: Home, tmp_path: Path, name: str
) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, name)
        person.server.answer(Answer(Call("dig", {"n": 10})), FULL[name])
        with pytest.raises(ContextOverflow):
            await person.say("Dig.")
        assert len(talk.conversation.messages[-1].results[0].text) > 40_000
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
        whole = 4 if name == GROQ else 6  # events; Groq sends a call in one piece, and what is cut is the end alone
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


async def test_a_call_that_is_larger_than_any_sense_is_not_run(home: Home, tmp_path: Path) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, GROQ)
        person.server.answer(Answer(Call("dig", '{"n": 1' + " " * 1_000_000 + "}", deltas=2)), "I see.")
        await person.say("Dig.")
        assert person.results == ["The arguments are larger than 1000000 characters."]
        assert person.ran == []


async def test_a_tool_that_is_off_is_as_one_that_is_not_there(home: Home, tmp_path: Path) -> None:
    ran: list[str] = []

    @tool(effect="read", free=True)
    async def dig() -> str:
        """Dig."""
        ran.append("dig")
        return "found"

    @tool(effect="read", free=True)
    async def look() -> str:
        """Look."""
        return "nothing"

    home.groq.answer(Answer(Call("dig"), Call("look")), "I see.")
    async with Talk(home, GROQ) as talk:
        person = Person(talk, tooling(tmp_path, dig, look))
        person.tools.toolbox.switch("dig", on=False)
        await person.say("Dig.")
        assert person.results == ['There is no tool "dig". There are look.', "nothing"]
        assert ran == []


async def test_tools_that_are_off_are_not_run_by_a_model_that_calls_them_all_the_same(
    home: Home, tmp_path: Path
) -> None:
    async with Talk(home) as talk:
        person = Digger(talk, tmp_path, OLLAMA)
        person.server.answer(Answer(Call("dig", {"n": 1})), "I see.", Answer(Call("dig", {"n": 2})), "Well.")
        await person.say("Dig.")
        person.tools.toolbox.enabled = False
        await person.say("Dig again.")
        assert person.results == ["Tools are switched off by the user."]
        assert person.ran == [1]


async def test_a_long_result_is_cut_also_where_no_file_can_hold_all_of_it(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "private").write_text("in the way")

    @tool(effect="read", free=True)
    async def flood() -> str:
        """Say much."""
        return "first " + "x" * 100_000 + " last"

    home.anthropic.answer(Answer(Call("flood")), "Much.")
    async with Talk(home) as talk:
        await Person(talk, tooling(folder, flood)).say("Go.")
        text = talk.conversation.messages[2].results[0].text
    assert text.startswith("first x")
    assert text.endswith("x last")
    assert "[… 50011 of 100011 bytes left out …]" in text


async def test_letters_that_only_a_model_would_read_are_taken_out_and_counted(home: Home, tmp_path: Path) -> None:
    @tool(effect="read", free=True)
    async def whisper() -> str:
        """Say something else."""
        return "Hello" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey") + "\0."

    home.anthropic.answer(Answer(Call("whisper")), "Hm.")
    async with Talk(home) as talk:
        await Person(talk, tooling(tmp_path, whisper)).say("Go.")
        assert talk.conversation.messages[2].results[0].text == "Hello\ufffd.\n[4 invisible characters were removed]"


@pytest.mark.parametrize("granted", [Permission("other"), Permission("act", "act --all", prefix=True)])
async def test_a_permission_for_something_else_lets_nothing_run(
    home: Home, tmp_path: Path, granted: Permission
) -> None:
    ran: list[str] = []

    @tool(effect="write")
    async def act() -> str:
        """Act."""
        ran.append("act")
        return "done"

    home.ollama.answer(Answer(Call("act")), "I see.", Answer(Call("act")), "Fine.")
    async with Talk(home, OLLAMA) as talk:
        person = Person(talk, tooling(tmp_path, act), lambda question: NO)
        person.tools.approval.permissions.append(granted)
        await person.say("Act.")
        assert (len(person.asked), ran) == (1, [])
        person.answer = lambda question: YES
        await person.say("Act after all.")
        assert ran == ["act"]
