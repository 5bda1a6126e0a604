"""Whoever is shown less than the conversation holds, the person is told; one rule decides, and all read it.

Rows B2, B3, B9, B10, B11, B12 and B13 of docs/servers.md.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from modules.llm.message import user
from modules.llm.models import Profile
from modules.llm.parts import Text
from modules.session.conversation import Conversation
from modules.session.switching.switch import handover
from modules.session.switching.switch_preview import plan
from tests.harness.cases import NAMES, PICTURE, PNG, TOOLS
from tests.harness.home import KEYS, Home
from tests.harness.many_providers import CLAUDE, OPENROUTER, OPUS, Stage
from tests.wire import Answer, Call, Reasoning, Refusal, WireServer
from tests.wire.facts import Dialect

OSS = ("-m", "groq:gpt-oss-120b")
THINKS = Profile(replay=("reasoning_content",))
SONNET = ("-m", "anthropic:claude-sonnet-5.5")


class TestTheIssuer:
    async def test_behind_a_gateway_is_the_maker_of_the_model(self) -> None:
        """B2: encrypted reasoning of Gemini went to Claude, who refused it for ever (open-webui#28240)."""
        async with Stage() as stage:
            gemini = stage.add("O", "chat", id="google/gemini-3", profile=THINKS, rules=False)
            claude = replace(gemini, name="claude", id="anthropic/claude-opus")
            await stage.say(gemini, "One?", Answer(Reasoning("Sealed for Gemini."), "One."))
            await stage.say(claude, "Two?", Answer(Reasoning("Signed by Claude."), "Two."))
            assert "Sealed for Gemini." not in stage.last(claude)
            await stage.say(gemini, "Three?")
            assert "Sealed for Gemini." in stage.last(gemini), "there again, byte for byte"
            assert "Signed by Claude." not in stage.last(gemini)
            assert stage.recovered == ["Context: 1 earlier piece of reasoning left out for O."]

    async def test_is_the_entry_and_its_address_and_not_the_host(self) -> None:
        """B3: two entries at one host, other paths."""
        async with Stage() as stage:
            kimi = stage.add("K", "anthropic", id="kimi-k3", rules=False)
            claude = replace(
                kimi, name="C", id=OPUS, profile=CLAUDE,
                provider=structs.replace(kimi.provider, name="C", base_url=kimi.provider.base_url),
            )  # fmt: skip
            stage.servers["C"] = stage.servers["K"]
            await stage.say(kimi, "One?", Answer(Reasoning("Signed by Kimi."), "One."))
            await stage.say(claude, "Two?")
            assert "Signed by Kimi." not in stage.last(claude)
            assert stage.recovered == ["Context: 1 earlier piece of reasoning left out for C."]

    async def test_is_not_another_entry_at_the_same_address(self) -> None:
        """B3: the key of another entry may be that of another organisation, which cannot read it."""
        async with Stage() as stage:
            own = stage.add("O", "anthropic", id=OPUS, profile=CLAUDE, rules=False)
            work = replace(own, name="W", provider=structs.replace(own.provider, name="W"))
            stage.servers["W"] = stage.servers["O"]
            await stage.say(own, "One?", Answer(Reasoning("Signed for the one."), "One."))
            await stage.say(work, "Two?")
            assert "Signed for the one." not in stage.last(work)
            await stage.say(own, "Three?")
            assert "Signed for the one." in stage.last(own)

    async def test_of_a_router_is_the_maker_of_the_model_that_answered(self) -> None:
        async with Stage() as stage:
            auto = stage.add("openrouter", "chat", id="openrouter/auto", profile=OPENROUTER, rules=False)
            await stage.say(auto, "One?", Answer(Reasoning("Hm."), "One.", model="anthropic/claude-opus"))
            origin = stage.conversation.messages[-1].origin
            assert origin is not None
            assert origin.issuer.endswith(" anthropic")


class TestAPlan:
    @pytest.mark.parametrize("name", NAMES)
    async def test_says_what_the_next_request_then_holds(self, name: Dialect) -> None:
        """B11: the plan, the line and the request read one value."""
        async with Stage() as stage:
            one, other = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE), stage.add("X", name)
            await stage.say(one, user("?", PICTURE), Answer(Reasoning("A's."), Call("clock")))
            await stage.tell(one, (Text("noon"),), answer=Answer(Reasoning("A's."), "Noon."))
            await stage.say(other, "And?", Answer(Reasoning("X's."), "So."))
            for model in (one, other):
                found = plan(stage.conversation, model, TOOLS)
                assert found.summary == handover(stage.conversation, model, TOOLS)
                await stage.say(model, "Well?")
                sent = stage.last(model)
                assert sent.count('"A\'s."') == (found.own if model is one else 0)
                assert sent.count(PICTURE.base64) == 1 - found.summary.left_out.images

    async def test_promises_nothing_that_a_sibling_does_not_take(self) -> None:
        """B11: a model that does not reason gets no reasoning of its sibling, and the plan says so."""
        async with Stage() as stage:
            thinker = stage.add("G", "groq", id="openai/gpt-oss-120b", profile=Profile(replay=("reasoning",)))
            plain = replace(thinker, name="L", id="openai/gpt-plain", profile=Profile(), reasoning=())
            await stage.say(thinker, "?", Answer(Reasoning("Hm."), "So."))
            found = plan(stage.conversation, plain)
            assert (found.own, sum(found.reasoning.values())) == (0, 1)
            stage.servers[plain.provider.name] = stage.servers["G"]
            await stage.say(plain, "?")
            assert "Hm." not in stage.last(plain)

    async def test_counts_reasoning_that_nobody_can_read_beside_calls_told_as_text(self) -> None:
        """B11: it was counted once the model had answered, and not before."""
        async with Stage() as stage:
            one, plain = stage.add("A", "openai"), stage.add("P", "chat", tools=False)
            await stage.say(one, "?", Answer(Reasoning(""), Call("clock")))
            await stage.tell(one, (Text("noon"),), answer="Noon.")
            before = handover(stage.conversation, plain).left_out
            await stage.say(plain, "So?")
            assert before == handover(stage.conversation, plain).left_out
            assert (before.reasoning, before.calls) == (1, 1)

    def test_changes_nothing(self) -> None:
        model = Stage().add("X", "chat")
        talk = Conversation(model)
        talk.append(user("?", PICTURE))
        plan(talk, model)
        assert talk.ledgers == {}


class TestAPerson:
    def test_is_told_in_a_pipe_what_another_model_is_not_shown(self, home: Home, tmp_path: Path) -> None:
        """B9."""
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG))
        assert home.run("-p", "What is it?", "-a", "red.png", *SONNET).returncode == 0
        done = home.run("-c", "-p", "Sure?", *OSS)
        assert (done.stdout, done.returncode) == ("Answer 1 from groq.\n", 0)
        assert "parlance: Context: 1 picture left out for gpt-oss-120b.\n" in done.stderr
        again = home.run("-c", "-p", "Really?")
        assert "left out" not in again.stderr, "nothing else is left out than was said"

    def test_is_told_in_the_chat_and_once(self, home: Home) -> None:
        """B9: a question for one other model."""
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG))
        chat = home.open("-a", "red.png", *SONNET, columns=120).prompt()
        chat.enter("What is it?").sees("Answer 1 from anthropic").prompt()
        chat.enter("@groq:gpt-oss-120b And you?").sees("Context: 1 picture left out for gpt-oss-120b.")
        chat.sees("Answer 1 from groq").prompt()
        chat.enter("@groq:gpt-oss-120b And now?").sees("Answer 2 from groq").prompt()
        assert chat.text.count("1 picture left out") == 1
        assert chat.leave() == 0

    def test_is_told_of_an_address_that_is_another_now(self, home: Home) -> None:
        """B9: what one address signed, another cannot read."""
        home.anthropic.answer(Answer(Reasoning("Hm."), "One."))
        assert home.run("-p", "One?", *SONNET).returncode == 0
        with WireServer("anthropic", key=KEYS["ANTHROPIC_API_KEY"]) as elsewhere:
            home.overlay({"anthropic": {"base_url": elsewhere.base_url}})
            done = home.run("-c", "-p", "Two?")
            assert done.returncode == 0
            assert "Hm." not in elsewhere.chats[0].raw.decode()
        assert done.stderr.count("Context: 1 earlier piece of reasoning left out for claude-sonnet-5.5.") == 1

    def test_is_told_of_a_capability_that_is_gone(self, home: Home) -> None:
        """B10: another kind of reader, with what it was shown before left as it was."""
        (home.folder / "red.png").write_bytes(base64.b64decode(PNG))
        assert home.run("-p", "What is it?", "-a", "red.png", *SONNET).returncode == 0
        home.overlay(
            {"anthropic": {"base_url": home.anthropic.base_url, "models": {"claude-sonnet-5.5": {"vision": False}}}}
        )
        done = home.run("-c", "-p", "Sure?")
        assert "Context: 1 picture left out for claude-sonnet-5.5." in done.stderr
        assert PNG not in home.anthropic.chats[-1].raw.decode()


class TestToolsThatWereDeclared:
    async def test_stay_so_when_they_are_switched_off_before_any_call(self, home: Home) -> None:
        """B12: else Claude's thinking is lost in silence, and the bytes do not extend."""
        home.anthropic.answer(Answer(Reasoning("Hm."), "One."), "Two.")
        chat = home.open(*SONNET, columns=120).prompt()
        chat.enter("One?").sees("One.").prompt().enter("/tools off").prompt()
        chat.enter("Two?").sees("Two.").prompt()
        first, second = (request.body for request in home.anthropic.chats)
        assert second["tools"] == first["tools"]
        assert second["tool_choice"] == {"type": "none"}
        assert second["messages"][1]["content"][0]["type"] == "thinking"
        assert chat.leave() == 0

    def test_stay_so_when_the_conversation_goes_on_in_a_pipe(self, home: Home) -> None:
        """B12."""
        home.anthropic.answer(Answer(Reasoning("Hm."), "One."), "Two.")
        chat = home.open(*SONNET, columns=120).prompt()
        chat.enter("One?").sees("One.").prompt()
        assert chat.leave() == 0
        assert home.run("-c", "-p", "Two?").stdout == "Two.\n"
        first, second = (request.body for request in home.anthropic.chats)
        assert second["tools"] == first["tools"]
        assert second["tool_choice"] == {"type": "none"}
        assert json.dumps(second["messages"]).startswith(json.dumps(first["messages"])[:-1])
        assert second["messages"][1]["content"][0]["type"] == "thinking"

    async def test_that_are_fewer_now_cost_the_thinking_and_that_is_told(self) -> None:
        """B12: a tool of its own that was switched off, or another list in settings.toml."""
        async with Stage() as stage:
            model = stage.add("A", "anthropic", id=OPUS, profile=CLAUDE)
            await stage.say(model, "One?", Answer(Reasoning("Hm."), "One."))
            stage.tools = stage.tools[:1]
            await stage.say(model, "Two?")
            assert "Hm." not in stage.last(model)
            assert stage.recovered == ["Context: 1 earlier piece of reasoning left out for A."]


class TestARefusedTurn:
    @pytest.mark.parametrize("name", NAMES)
    async def test_is_left_out_from_its_question_on_calls_included(self, name: Dialect) -> None:
        """B13: Anthropic's page on streaming refusals asks for the turn to be taken out of the context."""
        async with Stage() as stage:
            x = stage.add("X", name)
            await stage.say(x, "One?", "One.")
            await stage.say(x, "A bad thing?", Answer("Let me look.", Call("clock")))
            stop = "content_filter" if name == "openai" else "refusal"
            await stage.tell(x, (Text("noon"),), answer=Answer("I would ra", Refusal(), stop=stop))
            assert stage.recovered == [
                "Context: this question and its answer are left out of what models read from now on."
            ]
            await stage.say(x, "A good thing?")
            for gone in ("A bad thing?", "clock", "noon", "I would ra"):
                assert gone not in json.dumps(stage.entries(x))
            assert "One?" in stage.last(x)
            await stage.say(x, "And another?")
            assert stage.extends(x, since=4)

    async def test_is_asked_of_another_model_all_the_same(self, home: Home) -> None:
        home.anthropic.answer(Answer("I would ra", Refusal(), stop="refusal"))
        chat = home.open(*SONNET, columns=120).prompt()
        chat.enter("Is it bad?").sees("left out of what models read").prompt()
        chat.enter("/retry groq:gpt-oss-120b").sees("Answer 1 from groq").prompt()
        assert "Is it bad?" in home.groq.chats[0].raw.decode()
        assert chat.leave() == 0
