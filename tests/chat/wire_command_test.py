"""The request that would go out next: the very one that does, and looking at it changes nothing."""

import base64
import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from modules.chat.commands.wire_command import parsed
from modules.errors import FieldRefused, ImagesUnsupported, UsageError
from modules.llm.message import user
from modules.session.recovery.recovery import recover
from modules.session.turns.ask import request_for
from modules.session.turns.next_request import difference, next_request, pretty
from modules.tools.tool import tool
from tests.harness.cases import DOCUMENT, PICTURE, PNG, TOOLS
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import KEYS, Home
from tests.harness.tool_helpers import Person, tooling
from tests.wire import Answer, Call, Reasoning

EVERY = {"anthropic": ANTHROPIC, "openai": OPENAI, "groq": GROQ, "ollama": OLLAMA}


async def long_talk(talk: Talk) -> None:
    """A turn with each provider: a picture, reasoning, two tool calls with results."""
    for name in ("anthropic", "openai", "groq"):
        server = talk.home.servers[name]
        server.answer(Answer(Reasoning("Hm."), Call("weather", {"city": "Zürich"}), Call("clock")), Answer("Done."))
        talk.switch(EVERY[name])
        await talk.say(user("Look.", PICTURE) if name == "anthropic" else "And now?", tools=TOOLS)
        await talk.tell("12 degrees", "noon", tools=TOOLS)


def state(talk: Talk) -> tuple[Any, ...]:
    """All there is to a conversation and its ledgers."""
    ledgers = {key: repr(vars(ledger)) for key, ledger in talk.conversation.ledgers.items()}
    return ledgers, talk.conversation.path, len(talk.conversation.nodes), len(talk.conversation.spent)


class TestTheNextRequest:
    @pytest.mark.parametrize("name", EVERY)
    async def test_is_the_one_that_is_sent_then(self, home: Home, name: str) -> None:
        async with Talk(home) as talk:
            await long_talk(talk)
            for _ in range(2):  # also once the provider has read the conversation
                body = await next_request(talk.conversation, talk.services, talk.model(EVERY[name]))
                await talk.say("…", talk.model(EVERY[name]))
                assert json.loads(home.servers[name].chats[-1].raw) == body

    @pytest.mark.parametrize("name", EVERY)
    async def test_declares_the_tools_that_a_turn_would(self, home: Home, tmp_path: Path, name: str) -> None:
        @tool(effect="read", free=True)
        async def look(path: str) -> str:
            """Look."""
            return path

        tools = tooling(tmp_path, look)
        async with Talk(home, EVERY[name]) as talk:
            home.servers[name].answer(Answer(Call("look", {"path": "."})), "A dot.")
            person = Person(talk, tools)
            await person.say("Look.")
            for enabled in (True, False):
                tools.toolbox.enabled = enabled
                model = talk.conversation.model
                body = await next_request(talk.conversation, talk.services, model, (), tools)
                await person.say("…")
                assert json.loads(home.servers[name].chats[-1].raw) == body
                assert "tools" in body
                assert ("tool_choice" in body) is (not enabled and name != "ollama")  # which has no such field

    async def test_leaves_no_trace_in_the_conversation_or_its_ledgers(self, home: Home) -> None:
        async with Talk(home) as talk:
            await long_talk(talk)
            talk.conversation.undo()
            talk.conversation.system = "Be brief."  # both would have the next request cut a ledger
            before = state(talk)
            for name in EVERY.values():
                await next_request(talk.conversation, talk.services, talk.model(name))
            assert state(talk) == before
            assert not home.ollama.requests

    async def test_goes_by_what_the_provider_has_refused_before(self, home: Home) -> None:
        async with Talk(home) as talk:
            await long_talk(talk)
            model = talk.model(GROQ)
            error = FieldRefused("It does not know it.")
            error.field = "messages.*.reasoning"
            recover(talk.conversation.learned, request_for(talk.conversation, model), error)
            body = await next_request(talk.conversation, talk.services, model)
            assert not [message for message in body["messages"] if "reasoning" in message]

    async def test_holds_what_is_attached_and_is_refused_where_it_would_be(self, home: Home) -> None:
        async with Talk(home) as talk:
            body = await next_request(talk.conversation, talk.services, talk.model(ANTHROPIC), [PICTURE, DOCUMENT])
            assert [block["type"] for block in body["messages"][0]["content"]] == ["text", "image", "document"]
            with pytest.raises(ImagesUnsupported):
                await next_request(talk.conversation, talk.services, talk.model(GROQ), [PICTURE])

    async def test_is_none_where_nothing_goes_out(self, home: Home) -> None:
        async with Talk(home) as talk:
            with pytest.raises(UsageError, match="no request is made"):
                await next_request(talk.conversation, talk.services, talk.model("offline:guide"))


class TestItsText:
    def test_shows_base64_as_size_and_digest_and_all_else_as_it_is(self) -> None:
        data = bytes(range(256)) * 54
        encoded = base64.b64encode(data).decode()
        digest = hashlib.sha256(data).hexdigest()[:8]
        body = {"source": {"data": encoded}, "url": f"data:image/png;base64,{encoded}", "text": encoded, "n": [1, None]}
        assert json.loads(pretty(body)) == {
            "source": {"data": f"<14 kB base64 sha256:{digest}…>"},
            "url": f"data:image/png;base64,<14 kB base64 sha256:{digest}…>",
            "text": encoded,
            "n": [1, None],
        }

    @pytest.mark.parametrize("text", ["A" * 101, "-_" * 60, "A" * 120 + "=="])
    def test_shows_what_only_looks_like_base64_as_well(self, text: str) -> None:
        assert "base64 sha256:" in pretty({"signature": text})

    def test_shows_no_key_that_was_pasted_into_the_conversation(self) -> None:
        assert pretty({"text": 'My key is "sk-1\u00e4"?'}, ["sk-1ä"]) == '{\n  "text": "My key is \\"<key>\\"?"\n}'

    def test_differs_by_lines(self) -> None:
        told = difference(pretty({"a": 1, "b": 2}), pretty({"a": 1, "b": 3}), ("one", "other"))
        assert told.splitlines()[:2] == ["--- one", "+++ other"]
        assert [line for line in told.splitlines()[2:] if line[0] in "+-"] == ['-  "b": 2', '+  "b": 3']


class TestTheCommand:
    def test_shows_writes_and_compares_and_sends_nothing(self, home: Home) -> None:
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG) + bytes(2000))
        terminal = home.open("-m", "groq:qwen", "--tools", "none", columns=100, rows=60).prompt()
        home.groq.answer(Answer("It is \x1b]0;evil\x07."))
        terminal.enter(f"Is {KEYS['OPENAI_API_KEY']} a key?")
        terminal.until(lambda: terminal.line.endswith("y/N")).type("y\r").sees("It is").prompt()
        terminal.enter("/attach red.png").prompt()
        sent = len(home.groq.requests)

        shown = terminal.ask("/wire")
        body = json.loads(shown.partition("\n")[2].partition("\n>")[0])
        assert body["model"] == "qwen/qwen3.8-27b"
        assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
        assert "<key>" in body["messages"][0]["content"]
        assert "<2 kB base64 sha256:" in body["messages"][2]["content"][1]["image_url"]["url"]

        assert body["messages"][1]["content"] == "It is \x1b]0;evil\x07."
        assert b"\x1b]0;" not in terminal.raw

        shown = terminal.ask("/wire --diff haiku")
        assert "--- groq:qwen3.8-27b" in shown
        assert "+++ anthropic:claude-haiku-5.5" in shown
        assert '+  "model": "claude-haiku-5-5",' in shown

        terminal.enter("/wire haiku --export 'a report.json'").sees("Written to").prompt()
        report = home.folder / "a report.json"
        assert stat.S_IMODE(report.stat().st_mode) == 0o600
        written = report.read_text()
        assert json.loads(written)["model"] == "claude-haiku-5-5"
        terminal.enter("/wire --export 'a report.json'").sees("exists already").prompt()
        assert report.read_text() == written
        assert not [key for key in KEYS.values() if key in written + shown]
        terminal.type("/wire haiku --diff groq:gpt-oss-12").sees("131k window").type("\x03").prompt()
        assert len(home.groq.requests) == sent
        assert not home.anthropic.requests

    @pytest.mark.parametrize("typed", ["--bla", "one two", "--diff", "--diff --export", "--export a --export b", "'"])
    def test_that_is_not_understood_says_how_it_is_typed(self, typed: str) -> None:
        with pytest.raises(UsageError):
            parsed(typed)
