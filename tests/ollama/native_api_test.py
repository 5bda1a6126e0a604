"""Ollama's own API: what the server says of its models, the forms of calls, addresses, and what it lacks."""

import json
import subprocess
import sys
from typing import Any

import httpx
import ollama
import pytest

from modules import errors
from modules.llm.catalogue.address_forms import whole_address
from modules.llm.events import Finished
from modules.llm.message import Message, Origin, user
from modules.llm.models import Profile
from modules.llm.parts import Reasoning, Text, ToolResult
from tests.conftest import KEY, Connect, make_service
from tests.harness.cases import TOOLS
from tests.harness.engine_harness import OLLAMA, Talk
from tests.harness.home import Home
from tests.harness.many_providers import Stage
from tests.harness.transformer_harness import model_at
from tests.wire import Answer, Call, Status


def lines(*values: Any) -> Answer:
    return Answer.raw(b"".join(json.dumps(value).encode() + b"\n" for value in values))


DONE = {"message": {"role": "assistant", "content": ""}, "done": True}


async def test_what_the_server_says_of_a_model_holds_from_the_first_question_on() -> None:
    async with Stage() as stage:
        x = stage.add("X", "ollama", id="gemma3:4b", window=None, reasoning=())
        stage.servers["X"].window = 4096
        await stage.say(x, "Hello")
        assert stage.recovered == ["Context: tools left out for X, which takes none."]
        reader = stage.conversation.reader(x)
        assert (reader.window, reader.tools, reader.vision, reader.reasoning) == (4096, False, True, ())
        assert stage.chats(x)[0].body["options"] == {"num_ctx": 4096}
        await stage.say(x, "And?")
        assert stage.recovered == []
        shown = [request for request in stage.servers["X"].requests if request.path == "/api/show"]
        assert len(shown) == 1


async def test_what_a_person_wrote_of_a_model_is_bounded_and_never_widened() -> None:
    async with Stage() as stage:
        x = stage.add("X", "ollama", window=2048, tools=False, vision=False, reasoning=("low", "high"))
        await stage.say(x, "Hello")
        reader = stage.conversation.reader(x)
        assert (reader.window, reader.tools, reader.vision, reader.reasoning) == (2048, False, False, ("low", "high"))


async def test_a_num_ctx_of_the_modelfile_is_kept_to() -> None:
    async with Stage() as stage:
        x = stage.add("X", "ollama")
        stage.servers["X"].shown = {"parameters": 'num_ctx                        24000\nstop "x"'}
        await stage.say(x, "Hello")
        assert stage.chats(x)[0].body["options"] == {"num_ctx": 24000}
        assert stage.conversation.reader(x).window == 24000


@pytest.mark.parametrize("said", [{"model_info": 7, "capabilities": "x"}, {"capabilities": [], "model_info": {}}])
async def test_an_older_server_that_says_less_is_asked_all_the_same(said: dict[str, Any]) -> None:
    async with Stage() as stage:
        x = stage.add("X", "ollama")
        stage.servers["X"].shown = said
        await stage.say(x, "Hello")
        assert stage.chats(x)[0].broken == []


async def test_the_list_has_what_is_pulled_with_what_each_model_can(connect: Connect) -> None:
    wired = await connect("ollama", models=["llama3.2:1b", "gpt-oss:20b", "qwen3:8b"])
    listed = {model.id: model for model in await wired.service.models()}
    assert [*listed] == ["llama3.2:1b", "gpt-oss:20b", "qwen3:8b"]
    assert {model.window for model in listed.values()} == {131_072}
    assert (listed["llama3.2:1b"].vision, listed["llama3.2:1b"].reasoning) == (False, ())
    assert listed["gpt-oss:20b"].reasoning == ("low", "medium", "high")
    assert listed["qwen3:8b"].reasoning == ("none", "medium")
    wired.server.shown = {"capabilities": ["embedding"]}
    assert await wired.service.models() == []


@pytest.mark.parametrize(
    ("levels", "level", "sent"),
    [
        (("none", "medium"), "none", False),
        (("none", "medium"), "medium", True),
        (("low", "medium", "high"), "medium", "medium"),
        (("none", "low", "max"), "max", "max"),
        (("minimal", "xhigh"), "xhigh", "max"),
        (("none", "medium"), "high", True),
        (("low", "medium", "high"), "none", None),
        ((), "high", None),
    ],
)
async def test_a_level_is_a_word_or_a_switch(connect: Connect, levels: Any, level: Any, sent: Any) -> None:
    wired = await connect("ollama")
    await wired.ask(model=wired.but(reasoning=levels), reasoning=level)
    assert wired.last.body.get("think") == sent


async def test_a_model_that_turns_out_not_to_think_is_asked_without() -> None:
    async with Stage() as stage:
        x = stage.add("X", "ollama")
        await stage.say(x, "Hello")
        stage.conversation.reasoning = "high"
        await stage.say(x, "Why?", Status(400, message='"x" does not support thinking'), "So.")
        assert stage.recovered == ['Context: the field "think" is left out for Ollama.']
        assert "think" not in stage.chats(x)[-1].body


async def test_calls_without_an_id_are_paired_by_their_order(connect: Connect) -> None:
    wired = await connect("ollama")
    calls = [{"function": {"name": "weather", "arguments": {"city": city}}} for city in ("Bern", "Rom")]
    said = {"message": {"role": "assistant", "content": "", "thinking": "Two.", "tool_calls": calls}, "done": False}
    done = await wired.ask(answer=lines(said, DONE), tools=TOOLS)
    assert done.finished.stop == "tool_use"
    assert [call.parsed() for call in done.message.calls] == [{"city": "Bern"}, {"city": "Rom"}]
    results = tuple(ToolResult(call.id, (Text(f"{at}"),)) for at, call in enumerate(done.message.calls))
    await wired.ask(user("How warm?"), done.message, Message("tool", results), tools=TOOLS)
    _, answer, *told = wired.last.body["messages"]
    assert answer["thinking"] == "Two."
    assert [one["tool_name"] for one in told] == ["weather", "weather"]
    assert [one["tool_call_id"] for one in told] == [call["id"] for call in answer["tool_calls"]]


async def test_thinking_that_an_older_server_leaves_in_the_text_is_told_apart(connect: Connect) -> None:
    wired = await connect("ollama")
    pieces = ["<th", "ink>Hm", ".</think>", "So."]
    said = [{"message": {"role": "assistant", "content": piece}, "done": False} for piece in pieces]
    done = await wired.ask(answer=lines(*said, DONE))
    assert (done.thought, done.text, done.finished.stop) == ("Hm.", "So.", "end_turn")


async def test_a_line_ends_where_it_ends_and_not_inside_the_text(connect: Connect) -> None:
    """The SDK's lines are those of str.splitlines, which cuts at U+0085."""
    wired = await connect("ollama")
    assert (await wired.ask(answer=Answer("one\u0085two\u2028three"))).text == "one\u0085two\u2028three"


async def test_a_prompt_that_was_in_the_cache_is_not_counted_as_none(connect: Connect) -> None:
    """ollama#5370."""
    wired = await connect("ollama")
    done = await wired.ask(answer=lines({"message": {"content": "Hi."}, "done": False}, {**DONE, "eval_count": 3}))
    assert (done.usage.input, done.usage.output) == (0, 3)


async def test_a_model_that_is_not_pulled_names_the_command_that_pulls_it(home: Home) -> None:
    home.ollama.models = ["another"]
    done = home.run("-p", "Hm?", "-m", "ollama:qwen-x")
    assert done.returncode == 77
    assert "model 'qwen-x' not found" in done.stderr
    assert 'Get it with "ollama pull qwen-x".' in done.stderr


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("server busy, please try again.  maximum pending requests exceeded", errors.Overloaded),
        ("llm server loading model", errors.ModelLoading),
    ],
)
async def test_a_busy_server_is_asked_again_later(connect: Connect, message: str, kind: type[Exception]) -> None:
    wired = await connect("ollama")
    with pytest.raises(kind) as caught:
        await wired.ask(answer=Status(503, message=message))
    assert isinstance(caught.value, errors.ProviderError)
    assert caught.value.exit_code == 75


async def test_a_conversation_that_began_over_the_compatible_endpoint_goes_on(home: Home) -> None:
    async with Talk(home, OLLAMA) as talk:
        issuer = talk.model(OLLAMA).issuer
        native = {"role": "assistant", "content": "Old words.", "reasoning": "an old thought"}
        origin = Origin("openai-chat", issuer, "llama3.1")
        talk.conversation.append(user("Before?"))
        parts = (Reasoning("an old thought"), Text("Old words."))
        talk.conversation.append(Message("assistant", parts, origin, native))
        await talk.say("And now?")
        assert isinstance(talk.events[-1], Finished)
    sent = home.ollama.chats[0]
    assert sent.broken == []
    assert [one["content"] for one in sent.body["messages"]] == ["Before?", "Old words.", "And now?"]
    assert b"an old thought" not in sent.raw


async def test_a_key_goes_to_whoever_its_entry_names_and_to_nobody_else(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "secret-of-the-cloud")
    wired = await connect("ollama", key=None)
    await wired.ask()
    await wired.service.facts(wired.model)
    assert not any("authorization" in request.headers for request in wired.server.requests)
    keyed = await connect("ollama")
    await keyed.ask()
    await keyed.service.facts(keyed.model)
    assert {request.headers["authorization"] for request in keyed.server.requests} == {f"Bearer {KEY.value}"}


HOSTS = (
    "1.2.3.4", ":56789", "1.2.3.4:56789", "http://1.2.3.4:80", "https://1.2.3.4:56789", "example.com",
    "example.com:56789", "example.com/", "example.com:56789/path", "[0001:002:003:0004::1]:56789", "[::1]/path",
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_an_address_means_what_it_means_to_ollama(host: str) -> None:
    with ollama.Client(host) as theirs:
        assert httpx.URL(whole_address(host, 11434)) == httpx.URL(str(theirs._client.base_url).rstrip("/"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("::", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("ollama.com", "https://ollama.com"),
    ],
)
def test_where_a_server_listens_is_where_it_is_found(text: str, address: str) -> None:
    assert whole_address(text, 11434) == address


def test_only_an_ollama_model_loads_its_sdk(home: Home) -> None:
    start = f"try: runpy.run_path({str(home.program / 'main.py')!r}, run_name='__main__')"
    code = f"""import sys, runpy
sys.argv = ['main.py', '--list-models']
{start}
except SystemExit: print('ollama' in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=home.env(), check=True)
    assert done.stdout.splitlines()[-1] == "False"


async def test_a_size_that_a_person_fixed_is_the_window(connect: Connect) -> None:
    wired = await connect("ollama")
    model = wired.but(profile=Profile(context=9000))
    assert (await wired.service.facts(model))["window"] == 9000
    await wired.ask(model=model)
    assert wired.last.body["options"] == {"num_ctx": 9000}


async def test_a_server_that_answers_nothing_of_a_model_is_no_hindrance() -> None:
    model = model_at("ollama")
    service = make_service(model.provider)
    assert await service.facts(model) == {}
    await service.close()


async def test_a_call_with_arguments_in_text_is_kept_and_goes_back_in_an_object(connect: Connect) -> None:
    wired = await connect("ollama")
    done = await wired.ask(answer=Answer(Call("weather", '{"city": "Z')), tools=TOOLS)
    assert done.message.calls[0].arguments == '{"city": "Z'
    assert done.message.native is None


def test_what_is_pulled_is_listed_with_its_window_and_what_it_takes(home: Home) -> None:
    home.ollama.models = ["gpt-oss:20b", "gemma3:4b"]
    chat = home.open(columns=150).prompt()
    shown = chat.ask("/models ollama --refresh")
    assert "Ollama lists 2 models." in shown
    rows = {row.split()[0]: row for row in shown.splitlines() if row.strip().startswith("ollama:")}
    assert "131k" in rows["ollama:gpt-oss:20b"]
    assert "tools reasoning" in rows["ollama:gpt-oss:20b"]
    assert "images" in rows["ollama:gemma3:4b"]
    assert "tools" not in rows["ollama:gemma3:4b"]
    assert chat.leave() == 0
