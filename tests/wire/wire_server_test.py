"""The loopback servers, driven by the real SDKs: what arrives is what the real APIs send."""

import asyncio
import contextlib
import gc
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anthropic
import groq
import openai
import pytest

from tests.wire import Answer, Call, Reasoning, Refusal, Status, Text, Usage, WireServer
from tests.wire.facts import Dialect
from tests.wire.sdk_client import MODELS, Client, ask, client_for, open_stream, question

DIALECTS: list[Dialect] = ["anthropic", "openai", "groq", "chat"]
CALL = Call("read_file", {"path": "größe.txt", "lines": [1, 2]}, id="call_1")
ROOT = Path(__file__).parents[2]
TOOL = {"name": "read_file", "description": "Read a file."}
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    name: Dialect = request.param
    return name


@pytest.fixture
def server(dialect: Dialect) -> Iterator[WireServer]:
    with WireServer(dialect) as running:
        yield running


@pytest.fixture
async def client(server: WireServer) -> AsyncIterator[Client]:
    async with client_for(server.dialect, server.base_url) as made:
        yield made


async def test_text_arrives_whole_and_in_several_deltas(dialect: Dialect, server: WireServer, client: Client) -> None:
    server.answer(Answer("One two  three.\n\nHé 漢🎉 "), Answer(Text("abcdef", deltas=3)))

    heard = await ask(dialect, client)
    assert heard.text == "One two  three.\n\nHé 漢🎉 "
    assert heard.ended
    assert heard.stop in ("end_turn", "completed", "stop")
    assert (await ask(dialect, client)).text == "abcdef"
    assert (await ask(dialect, client)).text == f"Answer 3 from {dialect}."


async def test_every_request_is_recorded_and_one_connection_serves_them_all(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    for text in ("first", "second"):
        await ask(dialect, client, **question(dialect, text))

    first, second = server.wait_for(2)
    assert first.method == "POST"
    assert json.loads(first.raw) == first.body
    assert first.headers["authorization"] == "Bearer test-key"
    assert "second" in second.raw.decode()
    assert first.connection == second.connection == server.connections == 1
    assert first.at <= second.at
    assert not first.broken


async def test_reasoning_comes_in_the_field_of_the_dialect(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    server.answer(Answer(Reasoning("Let me think."), "Done."))

    heard = await ask(dialect, client)
    assert heard.reasoning == "Let me think."
    assert heard.text == "Done."


async def test_a_tool_loop_with_reasoning_goes_there_and_back(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    server.answer(Answer(Reasoning("I need the file."), "Reading.", CALL), "It says so.")

    heard = await ask(dialect, client, **question(dialect), tools=[_tool(dialect)])
    assert json.loads(heard.arguments) == CALL.arguments
    assert heard.stop in ("tool_use", "completed", "tool_calls")
    body = question(dialect)
    body[next(iter(body))] += _round_trip(dialect, heard.native)
    assert (await ask(dialect, client, **body, tools=[_tool(dialect)])).text == "It says so."


def _tool(dialect: Dialect) -> dict[str, Any]:
    match dialect:
        case "anthropic":
            return {**TOOL, "input_schema": SCHEMA}
        case "openai":
            return {**TOOL, "type": "function", "parameters": SCHEMA, "strict": False}
        case _:
            return {"type": "function", "function": {**TOOL, "parameters": SCHEMA}}


def _round_trip(dialect: Dialect, native: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the answer as it came, and the result of its call."""
    match dialect:
        case "anthropic":
            native[-1]["input"] = CALL.arguments
            result = {"type": "tool_result", "tool_use_id": CALL.id, "content": "text"}
            return [{"role": "assistant", "content": native}, {"role": "user", "content": [result]}]
        case "openai":
            return [*native, {"type": "function_call_output", "call_id": CALL.id, "output": "text"}]
        case _:
            return [*native, {"role": "tool", "tool_call_id": CALL.id, "content": "text"}]


async def test_usage_counts_the_cache_the_way_the_provider_does(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    server.answer(Answer("Hi.", usage=Usage(input=10, output=7, cache_read=30, cache_write=2, reasoning=3)))

    usage = (await ask(dialect, client)).usage
    match dialect:
        case "anthropic":
            assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (10, 30)
            assert (usage["output_tokens"], usage["cache_creation_input_tokens"]) == (7, 2)
        case "openai":
            assert (usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"]) == (42, 30)
            assert usage["output_tokens_details"]["reasoning_tokens"] == 3
        case _:
            assert (usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"]) == (42, 30)
            assert usage["completion_tokens_details"]["reasoning_tokens"] == 3


async def test_neutral_stop_words_become_the_words_of_the_dialect(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    server.answer(Answer("Cut", stop="max_tokens"), Answer(Refusal("No.")))

    assert (await ask(dialect, client)).stop in ("max_tokens", "incomplete", "length")
    refused = await ask(dialect, client)
    assert refused.stop in ("refusal", "completed", "stop")
    assert refused.text == ("" if dialect == "anthropic" else "No.")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status(429, retry_after="3600", code="rate_limit_exceeded"), "RateLimitError"),
        (Status(400, kind="invalid_request_error", message="prompt is too long"), "BadRequestError"),
        (Status(500), "InternalServerError"),
        (Status(502, html=True), "InternalServerError"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Status) else "",
)
async def test_a_status_raises_the_error_of_the_sdk(
    dialect: Dialect, server: WireServer, client: Client, status: Status, kind: str
) -> None:
    server.answer(status)

    with pytest.raises((anthropic.APIStatusError, openai.APIStatusError, groq.APIStatusError)) as raised:
        await ask(dialect, client)
    error: Any = raised.value
    assert kind in {base.__name__ for base in type(error).__mro__}
    assert error.response.headers.get("retry-after") == status.retry_after
    assert (status.message or "") in str(error)
    assert error.response.headers["request-id" if dialect == "anthropic" else "x-request-id"]


@pytest.mark.parametrize("key", ["wrong-key", "test-key-and-more"])
async def test_a_wrong_key_is_unauthorized(dialect: Dialect, server: WireServer, key: str) -> None:
    async with client_for(dialect, server.base_url, key=key) as stranger:
        with pytest.raises((anthropic.AuthenticationError, openai.AuthenticationError, groq.AuthenticationError)):
            await ask(dialect, stranger)


async def test_models_are_listed_and_an_unknown_one_is_not_found(dialect: Dialect) -> None:
    with WireServer(dialect, models=["model-a", "model-b"], rules=False) as server:
        async with client_for(dialect, server.base_url) as client:
            listed: Any = await client.models.list()
            assert [model.id for model in listed.data] == ["model-a", "model-b"]
            assert (await ask(dialect, client, **question(dialect), model="model-a")).ended
            with pytest.raises((anthropic.NotFoundError, openai.NotFoundError, groq.NotFoundError)) as error:
                await ask(dialect, client, **question(dialect), model="model-c")
            assert "model-c" in str(error.value)
        assert len(server.chats) == 2


async def test_a_request_that_breaks_a_rule_is_refused_and_the_script_waits(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    server.answer("The scripted one.")

    with pytest.raises((anthropic.BadRequestError, openai.BadRequestError, groq.BadRequestError)):
        await ask(dialect, client, **question(dialect), extra_body={"no_such_field": 1})
    assert any("no_such_field" in rule for rule in server.chats[0].broken)
    assert (await ask(dialect, client)).text == "The scripted one."


async def test_a_raw_body_is_sent_as_it_stands(server: WireServer, dialect: Dialect, client: Client) -> None:
    server.answer(Answer.raw(b"data: [DONE]\n\n"))

    assert (await ask(dialect, client)).events == []


async def test_a_client_that_leaves_in_the_middle_is_noticed_at_once(
    dialect: Dialect, server: WireServer, client: Client
) -> None:
    server.answer(Answer(Text("word " * 100), pace=0.02))

    async with open_stream(dialect, client, **question(dialect)) as stream:
        await anext(aiter(stream))
    left = time.monotonic()
    assert abs(server.wait_for_disconnect() - left) < 0.5


async def test_an_idle_connection_can_be_closed_by_the_server(dialect: Dialect) -> None:
    with WireServer(dialect, idle_close=0.05) as server:
        async with client_for(dialect, server.base_url) as client:
            await ask(dialect, client)
            await asyncio.sleep(0.15)
            assert (await ask(dialect, client)).ended
        assert server.connections == 2


async def test_thinking_stays_hidden_unless_it_is_asked_for() -> None:
    with WireServer("anthropic") as server:
        server.answer(Answer(Reasoning("Secret."), "Hi."))
        async with client_for("anthropic", server.base_url) as client:
            heard = await ask("anthropic", client, **question("anthropic"), thinking={"type": "adaptive"})
    assert heard.reasoning == ""
    assert heard.native[0]["signature"]


async def test_thinking_signed_elsewhere_or_in_another_conversation_is_refused() -> None:
    with WireServer("anthropic") as server, WireServer("anthropic", issuer="kimi") as other:
        server.answer(Answer(Reasoning("Hm."), "Hi."))
        async with (
            client_for("anthropic", server.base_url) as client,
            client_for("anthropic", other.base_url) as stranger,
        ):
            heard = await ask("anthropic", client)
            turns = [{"role": "assistant", "content": heard.native}, {"role": "user", "content": "And?"}]
            messages = question("anthropic")["messages"] + turns
            assert (await ask("anthropic", client, messages=messages)).ended
            with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
                await ask("anthropic", stranger, messages=messages)
            edited = question("anthropic", "Hello!")["messages"] + turns
            with pytest.raises(anthropic.BadRequestError, match="block bound to a different conversation"):
                await ask("anthropic", client, messages=edited)
    assert [request.broken != [] for request in server.chats] == [False, False, True]


async def test_a_responses_call_that_lost_its_reasoning_is_refused() -> None:
    with WireServer("openai") as server:
        server.answer(Answer(Reasoning("Hm."), CALL))
        async with client_for("openai", server.base_url) as client:
            heard = await ask("openai", client)
            output = {"type": "function_call_output", "call_id": CALL.id, "output": "text"}
            with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item"):
                await ask("openai", client, input=[*heard.native[1:], output])
            with pytest.raises(openai.BadRequestError, match="without its required following item"):
                await ask("openai", client, input=heard.native[:1])
            without_id = {key: value for key, value in heard.native[1].items() if key != "id"}
            assert (await ask("openai", client, input=[without_id, output])).ended


def test_the_server_runs_alone_and_streams_synthetic_text() -> None:
    command = [sys.executable, "-m", "tests.wire", "chat", "--deltas", "50", "--bytes", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        body = json.dumps({"model": MODELS["chat"], "stream": True, **question("chat")}).encode()
        request = urllib.request.Request(f"{url}/chat/completions", body)
        with urllib.request.urlopen(request) as response:
            lines = response.read().decode().splitlines()
        process.terminate()
    texts = [json.loads(line[6:])["choices"] for line in lines if line.startswith("data: {")]
    assert sum(len(choice[0]["delta"].get("content", "")) for choice in texts if choice) == 500
    assert lines[-2] == "data: [DONE]"
    assert process.returncode == 0


@pytest.mark.parametrize("said", [b"", b"POST /v1/messages HTTP/1.1\r\nContent-Length: 9\r\n\r\n"])
def test_a_server_that_ends_leaves_no_connection_open(said: bytes) -> None:
    for count in range(20):  # pytest makes an error of every socket that nobody has closed
        with contextlib.ExitStack() as clients, WireServer("anthropic") as server:
            for _ in range(count % 4 + 1):
                client = clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                client.sendall(said)
    gc.collect()


def test_a_taken_port_is_reported_at_once() -> None:
    with WireServer("chat") as first:
        port = int(first.origin.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            WireServer("chat", port=port).__enter__()
