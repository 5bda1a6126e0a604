"""Servers whose windows are real: whatever they say of one that is full, nothing is lost and the window is known."""

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from modules.errors import ContextOverflow, ProviderError
from modules.llm.message import user
from modules.llm.models import Model
from modules.llm.parts import Text
from tests.harness.cases import NAMES, PICTURE
from tests.harness.error_samples import rows, words_of
from tests.harness.home import Home
from tests.harness.many_providers import Stage
from tests.harness.network_servers import HttpProxy
from tests.wire import Answer, Call, Fault, Status, Window
from tests.wire.facts import Dialect
from tests.wire.windows import PICTURE_TOKENS, tokens_in

TOKENS = 3_000
LONG = "All that was said before, word for word. " * 400  # 4,100 tokens as the servers count
OF_ITS_OWN: dict[str, Dialect] = {
    "Anthropic": "anthropic", "OpenAI": "openai", "Groq": "groq", "Gemini": "gemini", "Vertex": "gemini",
    "Ollama": "ollama",
}  # fmt: skip
SAMPLES = [row for row in rows() if row.values[2] == "ContextOverflow" and row.values[1]["status"]]
TEMPLATE = Status(400, message="prompt is too long: {needed} tokens > {window} maximum")


def limited(stage: Stage, dialect: Dialect, limit: Window, **changes: Any) -> Model:
    """A model at a server that reads no more than this."""
    model = stage.add("W", dialect, **changes)
    server = stage.servers["W"]
    server.limit, server.window = limit, limit.tokens
    return model


async def refused(stage: Stage, model: Model) -> ContextOverflow:
    """Have a conversation grow too long, and see that it is as it was before, and goes on."""
    await stage.say(model, "Hello", "Good morning.")
    before = stage.conversation.messages
    with pytest.raises(ContextOverflow) as caught:
        await stage.say(model, LONG)
    assert len(stage.chats(model)) == 2, "the same was sent again"
    assert stage.conversation.messages == before
    learned = stage.conversation.reader(model).window
    assert (await stage.say(model, "Short, then.", "Yes.")).text == "Yes."
    assert stage.extends(model, since=2)
    assert stage.conversation.reader(model).window == learned
    return caught.value


@pytest.mark.parametrize(("number", "sample", "kind"), SAMPLES)
async def test_a_full_window_in_the_words_of_every_provider(number: int, sample: dict[str, Any], kind: str) -> None:
    async with Stage() as stage:
        dialect = OF_ITS_OWN.get(sample["who"], "chat")
        model = limited(stage, dialect, Window(TOKENS, words=words_of(sample)))
        error = await refused(stage, model)
        numbers = words_of(sample)
        digits = "{window}" in f"{numbers.body}{numbers.message}"
        named = TOKENS if digits else sample.get("window")
        assert error.window == named
        if dialect != "ollama":  # it says by itself what it has
            assert stage.conversation.reader(model).window == named
        if digits and "needed" in sample:
            assert error.needed == stage.chats(model)[1].tokens


@pytest.mark.parametrize("dialect", NAMES)
async def test_a_refusal_inside_the_stream(dialect: Dialect) -> None:
    async with Stage() as stage:
        model = limited(stage, dialect, Window(TOKENS, how="stream", words=TEMPLATE))
        error = await refused(stage, model)
        assert (error.window, error.needed) == (TOKENS, stage.chats(model)[1].tokens)
        assert stage.conversation.reader(model).window == TOKENS


@pytest.mark.parametrize(
    ("dialect", "stop", "window"),
    [
        ("anthropic", "model_context_window_exceeded", None),
        ("chat", "model_length", None),
        ("chat", "max_tokens", TOKENS),  # as it is known from elsewhere; LM Studio: lmstudio-bug-tracker#2339
        ("chat", "end_turn", TOKENS),
        ("openai", "max_tokens", TOKENS),
        ("groq", "max_tokens", TOKENS),
    ],
)
async def test_an_answer_without_a_word_at_a_full_window(dialect: Dialect, stop: str, window: int | None) -> None:
    async with Stage() as stage:
        model = limited(stage, dialect, Window(TOKENS, how="stop", stop=stop), window=window)
        await refused(stage, model)
        assert stage.conversation.reader(model).window == window


async def test_a_window_that_the_catalogue_has_too_small_or_too_large() -> None:
    async with Stage() as stage:
        model = limited(stage, "chat", Window(TOKENS, words=TEMPLATE), window=1_000)
        await refused(stage, model)
        assert stage.conversation.reader(model).window == TOKENS
    async with Stage() as stage:
        model = limited(stage, "chat", Window(TOKENS, words=TEMPLATE), window=1_000_000)
        await refused(stage, model)
        assert stage.conversation.reader(model).window == TOKENS


async def test_a_window_that_has_grown_since_is_forgotten() -> None:
    """A server that was started anew with more would be shown as full for ever."""
    async with Stage() as stage:
        model = limited(stage, "chat", Window(TOKENS, words=TEMPLATE))
        await refused(stage, model)
        stage.servers["W"].limit = Window(10 * TOKENS)
        await stage.say(model, LONG, "Now it fits.")
        assert stage.conversation.reader(model).window is None


async def test_a_window_in_which_all_would_fit_is_not_learned() -> None:
    async with Stage() as stage:
        model = limited(
            stage, "chat", Window(TOKENS, words=Status(400, message="prompt is too long: 7 tokens > 900000"))
        )
        await refused(stage, model)
        assert stage.conversation.reader(model).window is None


async def test_a_window_that_fills_while_the_answer_comes_is_learned_and_the_answer_kept() -> None:
    said = "Reached context length of 4096 tokens with model (arch: qwen3) that does not currently support this."
    async with Stage() as stage:
        model = stage.add("W", "chat")
        words = " ".join(["word"] * 9)
        with pytest.raises(ProviderError):
            await stage.say(model, "Tell.", Answer(words, fault=Fault.error_event(after=5, message=said, kind="error")))
        assert stage.conversation.messages[-1].text == "word word word word"
        assert stage.conversation.reader(model).window == 4096


async def test_a_refused_output_limit_says_the_window_too() -> None:
    async with Stage() as stage:
        model = stage.add("W", "anthropic", window=1_000_000)
        said = "input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000, decrease input length"
        await stage.say(model, "Hello", Status(400, message=said), "Good morning.")
        assert stage.conversation.reader(model).window == 200_000


@pytest.mark.parametrize("dialect", NAMES)
async def test_a_server_counts_and_reports_what_it_was_sent(dialect: Dialect) -> None:
    async with Stage() as stage:
        model = limited(stage, dialect, Window(10 * TOKENS))
        answer = await stage.say(model, user(LONG, PICTURE), "Red.")
        counted = stage.chats(model)[-1].tokens
        assert answer.usage is not None
        assert answer.usage.input == counted == tokens_in(stage.chats(model)[-1].body)
        assert len(LONG) // 4 + PICTURE_TOKENS <= counted <= len(LONG) // 4 + PICTURE_TOKENS + 400


class TestWhatIsCutInSilence:
    @pytest.mark.parametrize("dialect", ["chat", "ollama", "anthropic", "openai"])
    async def test_is_told_once_in_a_tool_loop_and_is_no_window(self, dialect: Dialect) -> None:
        """Servers that people run themselves speak all of these dialects."""
        async with Stage() as stage:
            model = limited(stage, dialect, Window(1_000, how="cut"))
            stage.servers["W"].window = 131_072
            await stage.say(model, "Look.", Answer(Call("clock")))
            assert stage.recovered == []
            await stage.tell(model, (Text(LONG * 3),))
            assert [line for line in stage.recovered if "has read 1,000 tokens" in line] == stage.recovered != []
            await stage.say(model, "And?", "So.")
            assert stage.recovered == []
            assert stage.conversation.reader(model).window != 1_000

    async def test_by_a_context_shift_is_told(self) -> None:
        async with Stage() as stage:
            model = limited(stage, "chat", Window(2_000, how="cut", keeps=1_000))  # llama.cpp drops the older half
            await stage.say(model, LONG * 3, "So.")
            assert ["has read 1,000 tokens" in line for line in stage.recovered] == [True]


VLLM = {"id": "local-model", "object": "model", "owned_by": "vllm", "max_model_len": 32_768}
LLAMA = {"id": "local-model", "object": "model", "owned_by": "llamacpp"}
NEWER = {**LLAMA, "meta": {"n_ctx": 8_192, "n_ctx_train": 131_072}}
OLDER = {**LLAMA, "meta": {"n_ctx_train": 131_072}}
PROPS = {"default_generation_settings": {"n_ctx": 4_096}, "total_slots": 4}
STUDIO = {"id": "local-model", "object": "model", "owned_by": "organization_owner"}
LOADED = {"id": "local-model", "state": "loaded", "max_context_length": 131_072, "loaded_context_length": 4_096}
UNLOADED = {"id": "local-model", "state": "not-loaded", "max_context_length": 131_072}
LIBRARY = {"id": "local-model", "object": "model", "owned_by": "library"}


class TestAServerThatPeopleRunThemselves:
    @pytest.mark.parametrize(
        ("listed", "pages", "window"),
        [
            (VLLM, {}, 32_768),
            (NEWER, {}, 8_192),
            (OLDER, {"/props": PROPS}, 4_096),
            ({**OLDER, "id": "model.gguf"}, {"/props": PROPS}, 4_096),  # it answers whatever it is called
            (STUDIO, {"/api/v0/models": {"data": [UNLOADED | {"id": "x"}, LOADED]}}, 4_096),
            (LIBRARY, {"/api/ps": {"models": [{"name": "local-model", "context_length": 4_096}]}}, 4_096),
            ({**STUDIO, "owned_by": "koboldcpp"}, {"/api/extra/true_max_context_length": {"value": 16_384}}, 16_384),
            ({**VLLM, "max_model_len": None}, {}, None),
            ({**OLDER, "id": "model.gguf"}, {"/props": [1]}, None),
            (OLDER, {}, None),
        ],
    )
    async def test_says_its_window_before_the_first_request(
        self, listed: dict[str, Any], pages: dict[str, Any], window: int | None
    ) -> None:
        async with Stage() as stage:
            model = stage.add("W", "chat")
            server = stage.servers["W"]
            server.pages = {"/v1/models": {"object": "list", "data": [listed]}, **pages}
            await stage.say(model, "Hello")
            assert stage.conversation.reader(model).window == window
            asked = [request.path for request in server.requests if request.method == "GET"]
            assert len(asked) <= 2
            await stage.say(model, "And?")
            assert asked == [request.path for request in server.requests if request.method == "GET"], "asked again"

    async def test_is_asked_again_once_the_model_is_loaded(self) -> None:
        async with Stage() as stage:
            model = stage.add("W", "chat", window=100_000)
            server = stage.servers["W"]
            server.pages = {"/v1/models": {"data": [STUDIO]}, "/api/v0/models": {"data": [UNLOADED]}}
            await stage.say(model, "Hello")
            assert stage.conversation.reader(model).window == 100_000
            server.pages["/api/v0/models"] = {"data": [LOADED]}
            await stage.say(model, "And?")
            assert stage.conversation.reader(model).window == 4_096

    async def test_may_only_bound_what_a_person_wrote_and_a_refusal_says_more(self) -> None:
        async with Stage() as stage:
            model = limited(stage, "chat", Window(TOKENS, words=TEMPLATE), window=16_000)
            stage.servers["W"].pages = {"/v1/models": {"data": [VLLM]}}
            await stage.say(model, "Hello")
            assert stage.conversation.reader(model).window == 16_000
            with pytest.raises(ContextOverflow):
                await stage.say(model, LONG)
            await stage.say(model, "And?")
            assert stage.conversation.reader(model).window == TOKENS


async def test_a_provider_that_is_not_near_is_asked_for_answers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking it first would make each first question later."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with Stage() as stage:
        model = stage.add("W", "chat")
        server = stage.servers["W"]
        server.pages = {"/v1/models": {"data": [VLLM]}}
        with HttpProxy(server.port) as proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            far = replace(model, provider=structs.replace(model.provider, base_url="http://api.example.com/v1"))
            await stage.say(far, "Hello")
            assert [request.method for request in server.requests] == ["POST"]


async def test_a_list_of_models_names_their_windows() -> None:
    async with Stage() as stage:
        model = stage.add("W", "chat")
        entries = [
            VLLM,
            NEWER,
            {"id": "a", "context_length": 1_000},
            {"id": "b", "max_context_length": 2_000},
            {"id": "c"},
        ]
        stage.servers["W"].pages = {"/v1/models": {"data": entries}}
        service = await stage.services.service_for(model)
        assert [listed.window for listed in await service.models()] == [32_768, 8_192, 1_000, 2_000, None]


def test_the_program_gives_the_question_back_and_shows_the_window(home: Home) -> None:
    home.anthropic.limit = Window(4_000)
    words = "Tell me all of it. " * 1_000
    (home.folder / "long.txt").write_text(words)
    chat = home.open("-m", "claude-sonnet-5.5", columns=120).prompt()
    chat.enter("Hello").sees("Answer 1").prompt()
    chat.enter("/attach long.txt").prompt()
    chat.enter("What is in it?").sees("the window of anthropic:claude-sonnet-5.5 4,000")
    chat.sees("> What is in it?").sees("of 4k")
    assert len(home.anthropic.chats) == 2


def test_a_pipe_names_both_numbers(home: Home) -> None:
    home.groq.limit = Window(900, words=Status(400, body=json.dumps({"error": {
        "message": "This model's maximum context length is {window} tokens. However, your messages resulted in {needed}"
        " tokens.", "type": "invalid_request_error", "code": "context_length_exceeded"}})))  # fmt: skip
    done = home.run("-p", "Sum it up.", "-m", "groq:gpt-oss-120b", given="Word after word. " * 1_000)
    assert done.returncode == 1
    assert "900" in done.stderr
    assert len(home.groq.chats) == 1
