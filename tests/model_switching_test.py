"""The promise of the product: the model can be changed at any moment, and the conversation goes on."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from modules.config import Key
from modules.errors import (
    AmbiguousModel,
    FormatError,
    ImagesUnsupported,
    MissingKey,
    ModelUnavailable,
    ToolsUnsupported,
    UnknownModel,
)
from modules.llm.base import ChatRequest
from modules.llm.events import ReasoningDelta
from modules.llm.message import Message, Origin, user
from modules.llm.parts import Reasoning, Text, ToolCall, ToolResult
from modules.llm.service_manager import ServiceManager
from tests.harness.cases import CLOCK, PICTURE, PNG, TOOLS, WEATHER
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk
from tests.harness.home import Home
from tests.harness.terminal import CTRL_C, ESC
from tests.wire import Answer, Call, Request, WireServer
from tests.wire import Reasoning as Thought

EVERY = {"anthropic": ANTHROPIC, "openai": OPENAI, "groq": GROQ, "ollama": OLLAMA}
LONG = Answer(" ".join(f"word{n}" for n in range(300)), pace=0.01)


def texts(request: Request) -> list[str]:
    """Every text of a request's history, in order, whatever the dialect."""
    found: list[str] = []

    def walk(value: Any) -> None:
        match value:
            case {"text": str(text)} | {"content": str(text)} | {"output": str(text)}:
                found.append(text)
            case dict():
                for inner in value.values():
                    walk(inner)
            case list():
                for inner in value:
                    walk(inner)

    walk(request.body.get("messages") or request.body.get("input"))
    return found


class TestTheServiceManager:
    def test_is_one_even_when_many_threads_ask_for_it_first(self) -> None:
        class Fresh(ServiceManager):
            """The manager before anyone asked for it, and slow to be made."""

            def __init__(self, key_of: Callable[[str], Key | None]) -> None:
                time.sleep(0.02)
                super().__init__(key_of)

        barrier = threading.Barrier(16)
        found: list[ServiceManager] = []

        def ask() -> None:
            barrier.wait()
            found.append(Fresh.instance())

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 16
        assert len({id(manager) for manager in found}) == 1
        assert ServiceManager.instance() is ServiceManager.instance()

    async def test_makes_each_service_once_even_when_many_ask_first(self, home: Home) -> None:
        async with Talk(home) as talk:
            names = [*EVERY.values(), "groq:qwen", "openai:gpt-6-luna"] * 5
            services = await asyncio.gather(*(talk.services.service_for(talk.model(name)) for name in names))
            assert len({id(service) for service in services}) == 4
            by_provider = {service.provider.name: service for service in services}
            for name in names:
                assert await talk.services.service_for(talk.model(name)) is by_provider[name.partition(":")[0]]

    async def test_keeps_one_connection_to_each_provider_over_all_switches(self, home: Home) -> None:
        async with Talk(home) as talk:
            for name in [*EVERY.values()] * 3:
                talk.switch(name)
                await talk.say(f"You are {name}.")
            assert [server.connections for server in home.servers.values()] == [1, 1, 1, 1]

    async def test_gives_up_nothing_when_one_of_two_that_wait_is_cancelled(self, home: Home) -> None:
        async with Talk(home) as talk:
            first = asyncio.ensure_future(talk.services.service_for(talk.model(GROQ)))
            second = asyncio.ensure_future(talk.services.service_for(talk.model(GROQ)))
            await asyncio.sleep(0)
            first.cancel()
            assert (await second).provider.name == "groq"


class TestAConversation:
    async def test_goes_from_a_to_b_to_c_and_back_to_a_and_each_knows_all_that_was_said(self, home: Home) -> None:
        home.anthropic.answer(Answer(Thought("Ponder as A."), "I am A."), "I am A again.")
        home.openai.answer(Answer(Thought("Ponder as B."), "I am B."))
        home.groq.answer(Answer(Thought("Ponder as C."), "I am C."))
        async with Talk(home) as talk:
            for name, question in ((ANTHROPIC, "One?"), (OPENAI, "Two?"), (GROQ, "Three?"), (ANTHROPIC, "Four?")):
                talk.switch(name)
                await talk.say(question)
        said = ["One?", "I am A.", "Two?", "I am B.", "Three?", "I am C.", "Four?"]
        (a1, a2), (b,), (c,) = home.anthropic.chats, home.openai.chats, home.groq.chats
        assert [texts(request) for request in (a1, b, c, a2)] == [said[:1], said[:3], said[:5], said]
        assert [request.broken for request in (a1, b, c, a2)] == [[], [], [], []]
        # A has its own turn back as it made it: the server itself checks the signature, and what it was bound to.
        thinking, text = a2.body["messages"][1]["content"]
        assert thinking == {"type": "thinking", "thinking": "Ponder as A.", "signature": thinking["signature"]}
        assert thinking["signature"].startswith("sig-")
        assert text == {"type": "text", "text": "I am A."}
        assert [len(message["content"]) for message in a2.body["messages"]] == [1, 2, 1, 1, 1, 1, 1]
        for request in (b, c):
            assert b"Ponder" not in request.raw
            assert b"sig-" not in request.raw
        for request in (c, a2):
            assert b"enc-" not in request.raw, "the encrypted reasoning of B"

    async def test_gives_every_provider_its_own_reasoning_back_and_nobody_elses(self, home: Home) -> None:
        for name, server in home.servers.items():
            server.answer(*[Answer(Thought(f"Ponder {name} {turn}."), f"{name} {turn}.") for turn in (1, 2)])
        async with Talk(home) as talk:
            for name in [*EVERY.values()] * 2:
                talk.switch(name)
                await talk.say(f"{name}?")
                assert any(isinstance(event, ReasoningDelta) for event in talk.events)
        second = {name: server.chats[1] for name, server in home.servers.items()}
        assert [request.broken for request in second.values()] == [[], [], [], []]
        assert "Ponder anthropic 1." in json.dumps(second["anthropic"].body)
        assert [item["type"] for item in second["openai"].body["input"] if "id" in item] == ["reasoning", "message"]
        assert second["groq"].body["messages"][5]["reasoning"] == "Ponder groq 1."
        for name, request in second.items():
            for other in home.servers:
                assert (f"Ponder {other}".encode() in request.raw) <= (other == name)

    async def test_keeps_tool_calls_and_results_over_every_switch(self, home: Home) -> None:
        calls = (Call("weather", {"city": "Zürich"}), Call("clock"))
        for server in home.servers.values():
            server.answer(Answer(Thought("Two tools."), "Let me look.", *calls), "12 degrees at noon.")
        async with Talk(home) as talk:
            for name in EVERY.values():
                talk.switch(name)
                await talk.say(f"How warm, {name}?", tools=TOOLS)
                await talk.tell("12 degrees", "noon", tools=TOOLS)
            history = talk.conversation.messages
            talk.switch(ANTHROPIC)
            await talk.say("Thanks.", tools=TOOLS)
        assert [message.role for message in history] == ["user", "assistant", "tool", "assistant"] * 4
        assert all(request.broken == [] for server in home.servers.values() for request in server.chats)
        last = home.anthropic.chats[-1].body["messages"]
        used = [block for message in last for block in message["content"] if block["type"] == "tool_use"]
        told = [block for message in last for block in message["content"] if block["type"] == "tool_result"]
        assert [block["input"] for block in used] == [{"city": "Zürich"}, {}] * 4
        assert [block["tool_use_id"] for block in told] == [block["id"] for block in used]
        assert all(block["id"].startswith("toolu_") for block in used[:2]), "its own calls keep its own ids"
        assert [block["content"][0]["text"] for block in told] == ["12 degrees", "noon"] * 4

    @pytest.mark.parametrize("then", EVERY.values())
    async def test_can_be_switched_between_a_tool_call_and_its_result(self, home: Home, then: str) -> None:
        home.anthropic.answer(Answer(Thought("A tool."), Call("weather", {"city": "Bern"})), "12 degrees.")
        async with Talk(home) as talk:
            await talk.say("How warm?", tools=TOOLS)
            talk.switch(then)
            await talk.tell("12 degrees", tools=TOOLS)
            await talk.say("Thanks.", tools=TOOLS)
        server = home.servers[then.partition(":")[0]]
        assert [request.broken for request in server.chats] == [[]] * len(server.chats)
        assert b"12 degrees" in server.chats[-1].raw
        assert b"weather" in server.chats[-1].raw

    @pytest.mark.parametrize("then", EVERY.values())
    async def test_goes_on_elsewhere_after_an_answer_with_tool_calls_was_interrupted(
        self, home: Home, then: str
    ) -> None:
        home.openai.answer(Answer("Let me look.", Call("weather", {"city": "Bern"}), pace=0.02))
        async with Talk(home, OPENAI) as talk:
            task = asyncio.ensure_future(talk.say("How warm?", tools=TOOLS))
            while not talk.shown.startswith("Let me"):
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            talk.switch(then)
            await talk.say("Go on.", tools=TOOLS)
        request = home.servers[then.partition(":")[0]].chats[-1]
        assert request.broken == []
        assert b"Let me" in request.raw
        assert b"The user interrupted the answer above" in request.raw

    async def test_tells_a_model_without_tools_of_them_in_words(self, home: Home) -> None:
        home.anthropic.answer(Answer(Call("weather", {"city": "Bern"})), "12 degrees.")
        async with Talk(home) as talk:
            await talk.say("How warm?", tools=TOOLS)
            await talk.tell("12 degrees", tools=TOOLS)
            talk.switch("ollama:gemma3")
            await talk.say("Thanks.")
        assert texts(home.ollama.chats[0]) == [
            "How warm?",
            '[called weather({"city": "Bern"})]',
            "[result of weather] 12 degrees",
            "12 degrees.",
            "Thanks.",
        ]

    async def test_leaves_a_picture_out_of_the_view_of_a_model_that_sees_none_and_only_there(self, home: Home) -> None:
        async with Talk(home) as talk:
            await talk.say(user("What is it?", PICTURE))
            talk.switch(GROQ)
            await talk.say("And now?")
            talk.switch(OPENAI)
            await talk.say("And now?")
        assert PNG.encode() in home.anthropic.chats[0].raw
        assert PNG.encode() not in home.groq.chats[0].raw
        assert b"red.png, left out: gpt-oss-120b takes no images" in home.groq.chats[0].raw
        assert PNG.encode() in home.openai.chats[0].raw


CALL = ToolCall("call_0123456789abcdef01234567", "weather", '{"city": "Bern"}', "native_1")
HISTORY = (
    user("What is this?", PICTURE),
    Message(
        "assistant",
        (Reasoning("Somebody else's thoughts."), Text("Bern. Let me look."), CALL),
        Origin("other-dialect", "elsewhere.example", "other"),
        {"raw": "of another dialect"},
    ),
    Message("tool", (ToolResult(CALL.id, (Text("12 degrees"),)),)),
    Message(
        "assistant", (Reasoning("Hm."), Text("12 degrees.")), Origin("other-dialect", "elsewhere.example", "other")
    ),
    user("Thanks."),
)
DATA = f"data:image/png;base64,{PNG}"
CHAT = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": DATA}}],
    },
    {
        "role": "assistant",
        "content": "Bern. Let me look.",
        "tool_calls": [
            {"id": CALL.id, "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": CALL.id, "content": "12 degrees"},
    {"role": "assistant", "content": "12 degrees."},
    {"role": "user", "content": "Thanks."},
]
WIRE: dict[str, Any] = {
    "anthropic": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Bern. Let me look."},
                {"type": "tool_use", "id": CALL.id, "name": "weather", "input": {"city": "Bern"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": CALL.id,
                    "content": [{"type": "text", "text": "12 degrees"}],
                }
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "12 degrees."}]},
        {"role": "user", "content": [{"type": "text", "text": "Thanks."}]},
    ],
    "openai": [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": DATA, "detail": "auto"},
            ],
        },
        {"type": "message", "role": "assistant", "content": "Bern. Let me look."},
        {"type": "function_call", "call_id": CALL.id, "name": "weather", "arguments": '{"city": "Bern"}'},
        {"type": "function_call_output", "call_id": CALL.id, "output": "12 degrees"},
        {"type": "message", "role": "assistant", "content": "12 degrees."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Thanks."}]},
    ],
    "groq": CHAT,
    "ollama": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is this?", "images": [PICTURE.base64]},
        {
            "role": "assistant",
            "content": "Bern. Let me look.",
            "tool_calls": [{"id": CALL.id, "function": {"name": "weather", "arguments": {"city": "Bern"}}}],
        },
        {"role": "tool", "content": "12 degrees", "tool_name": "weather", "tool_call_id": CALL.id},
        {"role": "assistant", "content": "12 degrees."},
        {"role": "user", "content": "Thanks."},
    ],
}


@pytest.mark.parametrize("name", EVERY)
async def test_one_history_is_said_in_every_providers_own_format(home: Home, name: str) -> None:
    model = {**EVERY, "groq": "groq:qwen3.8-27b"}[name]
    async with Talk(home, model) as talk:
        request = ChatRequest(talk.model(model, vision=True), HISTORY, "Be brief.", None, TOOLS)
        service = await talk.services.service_for(request.model)
        async for _ in service.reply(request):
            pass
    sent = home.servers[name].chats[0]
    assert sent.broken == []
    body = sent.body
    assert body.get("messages", body.get("input")) == WIRE[name]
    assert body.get("system", body.get("instructions", "")) in (
        "",
        "Be brief.",
        [{"type": "text", "text": "Be brief."}],
    )
    names = [tool.get("name") or tool["function"]["name"] for tool in body["tools"]]
    assert names == [WEATHER.name, CLOCK.name]


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("claude-sonet-5.5", "Did you mean anthropic:claude-sonnet-5.5"),
            ("gtp-6.1-sol", "Did you mean openai:gpt-6.1-sol"),
            ("lama-3.3-70b", "groq:gpt-oss-120b"),
            ("no-such-thing-at-all", "/models"),
            ("groq:", "Which model of Groq?"),
        ],
    )
    def test_an_invalid_model_is_answered_with_the_nearest(self, home: Home, typed: str, said: str) -> None:
        with pytest.raises(UnknownModel) as raised:
            Talk(home).models.find(typed)
        assert said in str(raised.value)

    def test_a_name_that_several_models_begin_with_is_answered_with_all_of_them(self, home: Home) -> None:
        with pytest.raises(AmbiguousModel) as raised:
            Talk(home).models.find("gpt-oss-")
        assert "groq:gpt-oss-120b or groq:gpt-oss-20b" in str(raised.value)

    async def test_an_id_that_the_provider_does_not_have_leaves_the_conversation_as_it_was(self, home: Home) -> None:
        home.openai.models = ["gpt-6.1-sol"]
        async with Talk(home) as talk:
            await talk.say("One")
            talk.switch("openai:gpt-9")
            with pytest.raises(ModelUnavailable):
                await talk.say("Two")
            assert talk.spoken == [("user", "One"), ("assistant", "Answer 1 from anthropic.")]
            talk.switch(OPENAI)
            assert (await talk.say("Two")).text == "Answer 1 from openai."

    async def test_a_missing_key_names_its_variable_and_where_to_get_one(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        async with Talk(home, OPENAI) as talk:
            with pytest.raises(MissingKey) as raised:
                await talk.say("Hello")
            assert talk.spoken == []
            home.keys["OPENAI_API_KEY"] = "sk-oai-test-8d3b61f4c0"
            await talk.say("Hello")  # nothing of the failure was kept
        assert "OPENAI_API_KEY" in str(raised.value)
        assert "https://platform.openai.com/api-keys" in str(raised.value)

    async def test_tools_that_a_model_cannot_use_are_refused_before_anything_is_sent(self, home: Home) -> None:
        async with Talk(home, "ollama:gemma3") as talk:
            with pytest.raises(ToolsUnsupported) as raised:
                await talk.say("How warm?", tools=TOOLS)
            assert talk.spoken == []
        assert "ollama:gemma3 cannot use tools" in str(raised.value)
        assert home.ollama.chats == []

    async def test_a_new_picture_for_a_model_that_sees_none_is_refused_before_anything_is_sent(
        self, home: Home
    ) -> None:
        async with Talk(home, GROQ) as talk:
            with pytest.raises(ImagesUnsupported):
                await talk.say(user("What is it?", PICTURE))
        assert home.groq.requests == []

    @pytest.mark.parametrize("name", EVERY)
    async def test_a_history_with_nothing_to_answer_is_a_format_error(self, home: Home, name: str) -> None:
        async with Talk(home) as talk:
            service = await talk.services.service_for(talk.model(EVERY[name]))
            for history in ((), (user("Hello"), Message("assistant", (Text("Hi."),)))):
                with pytest.raises(FormatError):
                    service.reply(ChatRequest(talk.model(EVERY[name]), history))
        assert home.servers[name].requests == []


class TestTypedAtTheRealProgram:
    def test_from_the_guide_to_every_provider_through_an_interrupt_and_back(self, home: Home) -> None:
        chat = home.open("-m", "offline:guide", rows=40, cold=True).prompt()
        chat.enter("hello").sees("I am scripted").prompt()
        for name in (GROQ, OPENAI, ANTHROPIC):
            chat.enter(f"/model {name}").sees(f"→ {name} ·").prompt()
            chat.enter(f"Who are you, {name}?").sees(f"Answer 1 from {name.partition(':')[0]}.").prompt()
        chat.enter("/model groq:llama-3.1-70b").sees("was retired by Groq; gpt-oss-120b is its successor")
        chat.sees("anthropic:claude-sonnet-5.5 → groq:gpt-oss-120b · 4 turns carry over").prompt()
        home.groq.answer(LONG)
        chat.enter("Count").sees("word20 ").type(CTRL_C).sees("Interrupted").prompt()
        home.groq.wait_for_disconnect()
        chat.enter("/model -").sees("groq:gpt-oss-120b → anthropic:claude-sonnet-5.5 · 5 turns carry over").prompt()
        chat.enter("Go on").sees("Answer 2 from anthropic.").prompt()
        chat.enter("/help model").sees("/model [name] [--plan] Go on with another model").prompt()
        assert chat.enter("/exit").exit_code() == 0
        assert chat.modes() == (True, True)

        asked = {name: server.chats for name, server in home.servers.items()}
        assert {name: len(requests) for name, requests in asked.items()} == {
            "anthropic": 2, "openai": 1, "groq": 2, "ollama": 0
        }  # fmt: skip
        assert all(request.broken == [] for requests in asked.values() for request in requests)
        assert asked["groq"][1].body["model"] == "openai/gpt-oss-120b"
        said = texts(asked["anthropic"][1])
        assert said[0] == "hello"
        assert said[2::2][:3] == [f"Who are you, {name}?" for name in (GROQ, OPENAI, ANTHROPIC)]
        assert said[3:8:2] == [f"Answer 1 from {name}." for name in ("groq", "openai", "anthropic")]
        assert said[8] == "Count"
        assert said[9].startswith("word0 word1 word2")
        assert "word299" not in said[9]
        assert said[10:] == ["[The user interrupted the answer above; it is not complete.]", "Go on"]

    def test_a_switch_that_fails_leaves_the_old_model_in_place(self, home: Home) -> None:
        del home.keys["OPENAI_API_KEY"]
        chat = home.open("-m", GROQ).prompt()
        chat.enter("One").sees("Answer 1").prompt()
        chat.enter("/model gpt-6.1-sol").sees("OPENAI_API_KEY is not set").sees("Still on groq:gpt-oss-120b.").prompt()
        chat.sees("https://platform.openai.com/api-keys")
        chat.enter("/model gpt-oss-12b").sees("Did you mean groq:gpt-oss-120b").prompt()
        chat.enter("/model -").sees("There is no model to go back to.").prompt()
        chat.enter("Two").sees("Answer 2 from groq.").prompt()
        assert not home.openai.requests
        assert chat.leave() == 0

    def test_a_server_that_is_not_there_is_told_and_the_next_model_answers(self, home: Home) -> None:
        with WireServer("chat", key=None) as gone:
            home.overlay({"ollama": {"base_url": gone.base_url}, "groq": {"base_url": home.groq.base_url}})
        chat = home.open("-m", GROQ).prompt()
        chat.enter("One").sees("Answer 1").prompt().enter("/model ollama:llama3.1").sees("→ ollama:llama3.1").prompt()
        chat.enter("Two").sees("refused the connection").sees("ollama serve").prompt("Two").type(
            CTRL_C
        )  # C13: asked once
        chat.prompt().enter("/model -").sees("→ groq:gpt-oss-120b").prompt()
        chat.enter("Two").sees("Answer 2 from groq.").prompt()

    def test_a_conversation_that_does_not_fit_is_warned_about(self, home: Home) -> None:
        chat = home.open("-m", OPENAI, columns=120).prompt()
        chat.paste("word " * 120_000).type("\r").sees("Answer 1 from openai.").prompt()
        chat.enter(f"/model {GROQ}").sees(f"The conversation does not fit {GROQ}:").sees("the window holds 131k")
        chat.sees(f"stay with {OPENAI}").type(ESC).sees(f"Still on {OPENAI}.").prompt()
        assert not home.groq.requests
        assert chat.leave() == 0
