"""What a switch would mean, and what it costs: told before anything is sent, and true."""

from pathlib import Path

import pytest

from modules.config import ROOT
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.catalogue.price import Price
from modules.llm.events import Usage
from modules.llm.failures.transport_failures import transport
from modules.llm.message import user
from modules.llm.models import ModelRegistry
from modules.session.conversation import Conversation
from modules.session.counting import prices
from modules.session.counting.prices import cost_of, price_of
from modules.session.switching.switch import handover
from modules.session.switching.switch_preview import SwitchPreview, plan
from tests.harness.cases import DOCUMENT, PICTURE, TOOLS
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C
from tests.harness.transformer_harness import model_at
from tests.wire import Answer, Call, Reasoning
from tests.wire import Usage as Tokens


async def talked(talk: Talk) -> None:
    """Two turns with Claude, who thinks, calls two tools, and sees a picture and a document."""
    talk.home.anthropic.answer(
        Answer(Reasoning("Hm."), Call("weather", {"city": "Zürich"}), Call("clock"), usage=Tokens(9_000, 50)),
        Answer(Reasoning("So."), "12 degrees at noon.", usage=Tokens(10_000, 500)),
    )
    await talk.say(user("Look.", PICTURE, DOCUMENT), tools=TOOLS)
    await talk.tell("12 degrees", "noon", tools=TOOLS)


class TestAPlan:
    async def test_says_what_another_provider_would_get(self, home: Home) -> None:
        async with Talk(home) as talk:
            await talked(talk)
            found = plan(talk.conversation, talk.model(GROQ))
            assert (found.summary.turns, found.summary.calls, found.renamed, found.answers) == (1, 2, 2, 0)
            assert (found.reasoning, found.own) == ({"claude-sonnet-5-5": 2}, 0)
            assert found.left_out == ["red.png", "terms.pdf"]
            assert found.summary.tokens < 1_000, "what is left out is not counted"
            assert (found.summary.window, found.summary.fits) == (131_072, True)
            assert found.read == 0
            assert found.cold == pytest.approx(found.summary.tokens * 0.15e-6)

    async def test_says_what_its_own_provider_gets_back(self, home: Home) -> None:
        async with Talk(home) as talk:
            await talked(talk)
            talk.switch(GROQ)
            await talk.say("And then?")
            found = plan(talk.conversation, talk.model(ANTHROPIC))
            assert (found.answers, found.renamed, found.own, found.reasoning) == (2, 0, 2, {})
            assert found.left_out == []

    async def test_is_warm_only_for_the_model_that_has_read_the_conversation(self, home: Home) -> None:
        async with Talk(home) as talk:
            await talked(talk)
            mine = plan(talk.conversation, talk.model(ANTHROPIC))
            assert (mine.read, mine.summary.tokens) == (10_000, 10_500)
            assert mine.cold == pytest.approx(10_500 * 2.5e-6), "what is written to the cache costs more"
            assert mine.warm == pytest.approx(10_000 * 0.1e-6 + 500 * 2.5e-6)
            assert plan(talk.conversation, talk.model("anthropic:claude-opus-5.5")).read == 0
            talk.conversation.undo()
            assert plan(talk.conversation, talk.model(ANTHROPIC)).read == 0

    async def test_tells_calls_as_text_where_the_model_has_no_tools(self, home: Home) -> None:
        async with Talk(home) as talk:
            await talked(talk)
            found = plan(talk.conversation, talk.model("ollama:gemma3"))
            assert (found.summary.left_out.calls, found.renamed, found.left_out) == (2, 0, ["terms.pdf"])
            assert (found.cold, found.price) == (0.0, None)

    async def test_names_a_reasoning_level_that_the_model_does_not_have(self, home: Home) -> None:
        async with Talk(home) as talk:
            talk.conversation.reasoning = "xhigh"
            levels = [plan(talk.conversation, talk.model(name)).level for name in (ANTHROPIC, GROQ, OLLAMA)]
            assert levels == [None, "xhigh", "xhigh"]

    async def test_changes_and_sends_nothing(self, home: Home) -> None:
        async with Talk(home) as talk:
            await talked(talk)
            before = repr([vars(ledger) for ledger in talk.conversation.ledgers.values()])
            sent = len(home.anthropic.requests)
            plans = [plan(talk.conversation, talk.model(name)) for name in (ANTHROPIC, GROQ, OPENAI, OLLAMA)]
            assert all(isinstance(found, SwitchPreview) for found in plans)
            assert repr([vars(ledger) for ledger in talk.conversation.ledgers.values()]) == before
            assert (talk.conversation.model.full_name, talk.conversation.previous) == (ANTHROPIC, None)
            assert len(home.anthropic.requests) == sent


class TestOnTheScreen:
    def test_the_plan_is_shown_and_the_model_stays(self, home: Home) -> None:
        home.openai.answer(Answer(Reasoning("Hm."), "Yes.", usage=Tokens(20_000, 1000)))
        chat = home.open("-m", OPENAI, columns=150, rows=50).prompt()
        chat.enter("Well?").sees("Yes.").prompt()
        shown = chat.ask(f"/model {GROQ} --plan")
        assert f"{OPENAI} → {GROQ}, if you switch. Nothing has changed yet." in shown
        for row in (
            "reasoning     1 piece by gpt-6.1-sol stays with its provider\n",
            "lacks         images, PDF\n",
            "window        about 2",
            "next turn     about $0.003",
            "key           set",
        ):
            assert row in shown
        chat.enter("/model --plan").sees("Of which model?").prompt()
        chat.enter("And?").sees("Answer 2 from openai.").prompt()
        assert not home.groq.requests

    @pytest.mark.parametrize("columns", [40, 80])
    def test_nothing_of_the_plan_is_cut_off(self, home: Home, columns: int) -> None:
        chat = home.open("-m", GROQ, columns=columns, rows=50).prompt()
        chat.enter("Well?").sees("Answer 1").prompt()
        shown = chat.ask("/model openrouter:auto --plan")
        assert "…" not in shown
        assert "unknown" in shown

    def test_what_does_not_fit_is_said_with_the_choices_before_any_request(self, home: Home) -> None:
        home.openai.answer(Answer("Long.", usage=Tokens(300_000, 10)))
        chat = home.open("-m", OPENAI, columns=150, rows=50).prompt()
        chat.enter("One").sees("Long.").prompt()
        shown = chat.ask(f"/model {GROQ} --plan")
        assert "(228%): it does not fit" in shown
        assert "/model anthropic:claude-opus-5.5; " in shown
        assert "/undo; /new" in shown
        chat.enter(f"@{GROQ} Two").sees(f"Nothing was sent: the conversation does not fit {GROQ}.").prompt(
            f"@{GROQ} Two"
        )
        assert not home.groq.requests
        assert chat.type(CTRL_C).leave() == 0

    def test_a_conversation_taken_up_again_that_does_not_fit_is_told_at_once(self, home: Home) -> None:
        home.openai.answer(Answer("Long.", usage=Tokens(300_000, 10)))
        first = home.open("-m", OPENAI).prompt()
        first.enter("One").sees("Long.").prompt()
        assert first.leave() == 0
        second = home.open("-c", "-m", GROQ, columns=150).prompt()
        second.sees("The conversation does not fit: about 300k tokens, and the window holds 131k.")
        assert not home.groq.requests
        assert second.leave() == 0

    def test_a_local_server_says_how_it_is_started_until_it_has_answered(self, home: Home) -> None:
        chat = home.open("-m", GROQ, columns=150, rows=50).prompt()
        assert 'Start it with "ollama serve"' in chat.ask(f"/model {OLLAMA}")
        chat.enter("Hello").sees("Answer 1 from ollama.").prompt().enter("/model -").prompt()
        assert "ollama serve" not in chat.ask(f"/model {OLLAMA}")


def test_a_local_server_that_refuses_the_connection_is_answered_with_how_to_start_it(shipped: ModelRegistry) -> None:
    error = transport(ConnectionRefusedError(111, "refused"), shipped.providers["ollama"])
    assert error.message == "localhost:11434 refused the connection."
    assert error.cure.startswith('Is it running? Start it with "ollama serve"')


@pytest.fixture
def shipped(tmp_path: Path) -> ModelRegistry:
    return load(ROOT / "models.yaml", None, lambda variable: "")


class TestAPrice:
    @pytest.fixture(autouse=True)
    def loaded(self) -> None:
        prices.load()

    def test_is_the_catalogues_where_it_has_one(self, shipped: ModelRegistry) -> None:
        model = shipped.find(ANTHROPIC).model
        assert price_of(model) is model.price

    def test_is_else_the_packages_by_address_and_exact_name(self, shipped: ModelRegistry) -> None:
        assert price_of(shipped.find("openai:gpt-4.1").model) == Price(input=2, output=8, cache_read=0.5)
        dated = price_of(shipped.find("openai:gpt-4.1-2025-04-14").model)
        assert dated == price_of(shipped.find("openai:gpt-4.1").model)
        assert price_of(shipped.find("openai:gpt-5.1-mini").model) is None, "a sibling's price is not its own"

    def test_that_changes_with_the_hour_is_unknown(self, shipped: ModelRegistry) -> None:
        assert price_of(shipped.find("deepseek:deepseek-flash").model) is None

    def test_is_unknown_for_a_model_that_nobody_knows_and_nothing_where_no_key_is_needed(
        self, shipped: ModelRegistry
    ) -> None:
        assert cost_of(shipped.find("openai:gpt-99").model, Usage(10, 10)) is None
        assert cost_of(shipped.find(OLLAMA).model, Usage(10, 10)) == 0.0

    def test_of_another_server_is_not_the_price_of_the_maker(self, home: Home) -> None:
        models = load(ROOT / "models.yaml", home.folder / "models.yaml", lambda variable: "")
        assert price_of(models.find("openai:gpt-4.1").model) is None

    def test_is_not_loaded_before_the_prompt_and_is_loaded_after_it(self, home: Home) -> None:
        chat = home.open("-m", "offline:guide", python=("-X", "importtime"), rows=50)
        chat.until(lambda: b"genai_prices.data_snapshot" in chat.raw, "the prices")
        assert b"genai_prices" not in chat.raw[: chat.raw.index(b"\x1b[?2004h")]


def test_pictures_that_an_endpoint_refused_are_counted_as_left_out() -> None:
    model = model_at("chat")
    talk = Conversation(model)
    talk.append(user("Look.", PICTURE))
    assert handover(talk, model).left_out.images == 0
    talk.learned.note(model, images=0)
    assert handover(talk, model).left_out.images == 1
    assert "red.png" in " ".join(plan(talk, model).left_out)
