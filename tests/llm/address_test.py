"""Addresses as people write them, and lists of models as servers send them (rows F6, F7)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modules import errors
from modules.config import ROOT
from modules.llm.base import BaseService
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.models import Model, Provider
from tests.conftest import KEY, Wired, make_service
from tests.harness.cases import ENDPOINTS, NAMES
from tests.harness.home import Home
from tests.harness.network_servers import Saying, answer
from tests.wire import WireServer
from tests.wire.facts import Dialect

every_endpoint = pytest.mark.parametrize("name", NAMES)

# A model, the dialect of its server, its variable, and what people put behind the host there.
WRITTEN = [
    ("anthropic:sonnet", "anthropic", "ANTHROPIC_BASE_URL", ["", "/", "/v1", "/v1/", "/v1/messages"]),
    ("openai:gpt-6.1-sol", "openai", "OPENAI_BASE_URL", ["", "/", "/v1", "/v1/", "/v1/responses"]),
    ("groq:gpt-oss-120b", "groq", "GROQ_BASE_URL", ["", "/openai", "/openai/v1/", "/openai/v1/chat/completions"]),
    ("google:x", "gemini", "GOOGLE_GEMINI_BASE_URL", ["", "/", "/v1beta", "/v1beta/models"]),
    ("mistral:x", "chat", "MISTRAL_BASE_URL", ["", "/v1", "/v1/chat/completions", "/v1/models"]),
    ("xai:x", "chat", "XAI_BASE_URL", ["", "/v1"]),
    ("llamacpp:x", "chat", "LLAMACPP_BASE_URL", ["", "/v1"]),
    ("ollama:x", "ollama", "OLLAMA_HOST", ["", "/", "/v1", "/api"]),
    ("lmstudio:x", "chat", "LMSTUDIO_BASE_URL", ["", "/v1"]),
    ("deepseek:x", "chat", "DEEPSEEK_BASE_URL", ["", "/v1"]),
]
CASES = [(model, wire, variable, end) for model, wire, variable, ends in WRITTEN for end in ends]


def found(model: str, variable: str, address: str, user: Path | None = None) -> Model:
    return load(ROOT / "models.yaml", user, lambda name: address if name == variable else "").find(model).model


async def ask(server: WireServer, model: Model, times: int = 1) -> str:
    service = make_service(model.provider)
    try:
        for _ in range(times):
            text = (await Wired(server, service, model).ask()).text
    finally:
        await service.close()
    return text


@pytest.mark.parametrize(("name", "wire", "variable", "end"), CASES)
async def test_an_address_in_a_variable_works_in_each_form(name: str, wire: Dialect, variable: str, end: str) -> None:
    with WireServer(wire, key=KEY.value, rules=False) as server:
        model = found(name, variable, server.origin + end)
        assert await ask(server, model, times=2) == f"Answer 2 from {wire}."
        # What was found out once is kept: the second question goes straight there.
        assert len(server.requests) <= 3


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/chat/completions"])
async def test_an_address_in_models_yaml_works_in_each_form(tmp_path: Path, end: str) -> None:
    with WireServer("chat", key=KEY.value) as server:
        mine = {"dialect": "openai-chat", "base_url": server.origin + end}
        (tmp_path / "models.yaml").write_text(json.dumps({"providers": {"attic": mine}}))
        assert await ask(server, found("attic:x", "", "", tmp_path / "models.yaml"))


async def test_an_endpoint_without_a_version_in_its_path_works_with_one_and_without() -> None:
    stream = b'data: {"choices":[{"index":0,"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    for end in ("", "/v1"):
        with Paths({"/inference/chat/completions": stream}) as server:
            model = found("openrouter:x", "OPENROUTER_BASE_URL", f"http://127.0.0.1:{server.port}/inference{end}")
            service = make_service(model.provider)
            assert (await Wired(None, service, model).ask()).text == "Yes."  # type: ignore[arg-type]  # no WireServer
            await service.close()


@pytest.mark.parametrize(("name", "wire", "variable"), [(name, wire, variable) for name, wire, variable, _ in WRITTEN])
async def test_where_no_form_works_the_variable_is_named(name: str, wire: Dialect, variable: str) -> None:
    with WireServer(wire, key=KEY.value) as server:
        model = found(name, variable, server.origin + "/some/where")
        with pytest.raises(errors.EndpointNotFound) as caught:
            await ask(server, model)
    assert variable in caught.value.cure
    assert "models.yaml" not in caught.value.cure


@every_endpoint
async def test_a_model_that_is_not_there_is_not_looked_for_at_another_address(name: Dialect) -> None:
    with WireServer(name, key=KEY.value, models=["another"]) as server:
        with pytest.raises(errors.ModelUnavailable):
            await ask(server, ENDPOINTS[name].full_model(server.base_url))
        assert len(server.requests) == 1


class Paths(Saying):
    """A server that knows these paths, and answers 404 without a word of any API elsewhere."""

    def __init__(self, known: dict[str, bytes]) -> None:
        super().__init__(b"", hang_up=True)
        self._known = known

    def converse(self, client: Any) -> None:
        path = client.recv(65536).split(b" ")[1].decode()
        body = self._known.get(path)
        client.sendall(answer(b"404 page not found", "404 Not Found") if body is None else answer(body))


LISTS = [
    ([{"id": "one"}, {"id": "two"}], ["one", "two"]),
    (["one", "two"], ["one", "two"]),
    ({"object": "list", "data": [{"id": "one", "object": "model", "owned_by": None}]}, ["one"]),
    ({"models": [{"name": "one:latest", "model": "one:latest", "size": 4}, {"name": "two"}]}, ["one:latest", "two"]),
    ({"object": "list", "data": None}, []),
    ({"data": []}, []),
    (None, []),
    ({"data": [{"id": "one"}, {"object": "model"}, None, 7, "two", {"id": ""}]}, ["one", "two"]),
    ({"data": [{"id": 3, "name": "three"}]}, ["three"]),
    ({"data": {"one": {"context": 1}, "two": None}}, ["one", "two"]),
    ({"data": [{"id": "one", "created": "yesterday", "context_window": "large", "max_input_tokens": None}]}, ["one"]),
]  # fmt: skip


@contextmanager
def listing(name: Dialect, body: bytes, status: str = "200 OK") -> Iterator[tuple[Provider, BaseService]]:
    with Saying(answer(body, status, Content_Type="application/json"), first=True) as server:
        provider = ENDPOINTS[name].provider(f"http://127.0.0.1:{server.port}/v1")
        yield provider, make_service(provider)


@every_endpoint
@pytest.mark.parametrize(("listed", "names"), LISTS)
async def test_a_list_of_models_is_read_in_each_shape(name: Dialect, listed: Any, names: list[str]) -> None:
    with listing(name, json.dumps(listed).encode()) as (_, service):
        assert [model.id for model in await service.models()] == names
        await service.close()


@every_endpoint
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><title>Sign in</title></html>",
        b"{}",
        b'{"error": "no such thing"}',
        b'{"data": 7}',
        b"[7, 8]",
        b"7",
    ],
)
async def test_what_is_no_list_of_models_is_an_error_in_words(name: Dialect, body: bytes) -> None:
    with listing(name, body) as (provider, service):
        with pytest.raises(errors.ProtocolError, match="sent no list of models that can be read") as caught:
            await service.models()
        assert provider.name in caught.value.cure
        await service.close()


def test_the_chat_lists_what_a_server_of_another_kind_has(home: Home) -> None:
    body = json.dumps({"models": [{"name": "tiny:latest"}]}).encode()
    with Saying(answer(body, Content_Type="application/json"), first=True) as server:
        home.overlay({"ollama": {"base_url": f"http://127.0.0.1:{server.port}/v1"}})
        terminal = home.open()
        terminal.prompt().enter("/models ollama --refresh").sees("tiny:latest").prompt()
