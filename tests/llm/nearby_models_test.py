"""Servers of models on this machine, found without an SDK: their windows are real, and nothing else is disturbed."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from msgspec.structs import replace

from modules.config import Config
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.models import Model, Provider
from modules.llm.network.loopback import MOST_BYTES, Loopback
from modules.llm.service_manager import nearby_models
from tests.conftest import make_service
from tests.wire import WireServer

CONFIG = Config({"PARLANCE_HOME": "/nonexistent"})
PROVIDERS = load(CONFIG.shipped_models, None, CONFIG.get).providers


@dataclass
class Server:
    """Whatever listens on a port: pages by path, each a JSON value or bytes, and what was asked for."""

    base_url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def listening(
    pages: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            assert not {"authorization", "x-api-key"} & {name.lower() for name in self.headers}
            page = pages.get(self.path)
            data = page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send_response(404 if page is None else status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        server.base_url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def found(name: str, base_url: str, seconds: float = 20) -> list[Model]:
    return nearby_models(replace(PROVIDERS[name], base_url=base_url), Loopback(seconds).ask)


def windows(models: list[Model]) -> dict[str, int | None]:
    return {model.id: model.window for model in models}


# docs.vllm.ai; lmstudio.ai/docs/app/api/endpoints/rest; llama.cpp, tools/server/README.md.
VLLM = {
    "object": "list",
    "data": [{"id": "Qwen/Qwen3-8B", "object": "model", "owned_by": "vllm", "max_model_len": 40_960}],
}
STUDIO = {"object": "list", "data": [{"id": one, "owned_by": "organization_owner"} for one in ("loaded", "other")]}
STUDIO_PAGE = {
    "data": [
        {
            "id": "loaded",
            "type": "llm",
            "state": "loaded",
            "max_context_length": 131_072,
            "loaded_context_length": 8_192,
        },
        {"id": "other", "type": "llm", "state": "not-loaded", "max_context_length": 32_768},
    ]
}
LLAMA = {"object": "list", "data": [{"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131_072}}]}
LLAMA_NEW = {"object": "list", "data": [{"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx": 16_384}}]}


@pytest.mark.parametrize(
    ("name", "pages", "expected"),
    [
        ("vllm", {"/v1/models": VLLM}, {"Qwen/Qwen3-8B": 40_960}),
        ("lmstudio", {"/v1/models": STUDIO, "/api/v0/models": STUDIO_PAGE}, {"loaded": 8_192, "other": 32_768}),
        ("lmstudio", {"/v1/models": STUDIO}, {"loaded": None, "other": None}),
        (
            "llamacpp",
            {"/v1/models": LLAMA, "/props": {"default_generation_settings": {"n_ctx": 4_096}}},
            {"m.gguf": 4_096},
        ),
        ("llamacpp", {"/v1/models": LLAMA_NEW}, {"m.gguf": 16_384}),
    ],
)
@pytest.mark.parametrize("path", ["", "/v1"])
async def test_windows_are_those_that_a_model_is_served_with(
    name: str, pages: dict[str, Any], expected: dict[str, int | None], path: str
) -> None:
    with listening(pages) as server:
        assert windows(found(name, server.base_url + path)) == expected
        provider: Provider = replace(PROVIDERS[name], base_url=f"{server.base_url}/v1")
        service = make_service(provider, None)  # whoever asks for the list says the same
        assert windows(list(await service.models())) == expected
        await service.close()


def test_an_ollama_says_it_of_each_model() -> None:
    with WireServer("ollama", key=None) as server:
        server.models = ["qwen3:8b", "llama3.1:latest"]
        models = found("ollama", server.base_url)
        assert windows(models) == {"qwen3:8b": 131_072, "llama3.1:latest": 131_072}
        assert all(model.known for model in models)


@pytest.mark.parametrize("name", ["ollama", "vllm", "llamacpp", "lmstudio"])
@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><title>My site</title>", b"", b"null", b"[" * 5_000, b"\xff\xfe",
        {"error": "no"}, {"data": {"id": "x"}}, {"items": [{"id": "x"}]}, ["x"], "x", 1,
        {"data": [], "models": []}, {"data": [1, None, {}], "models": [1, None, {}]},
    ],
)  # fmt: skip
def test_a_server_that_is_something_else_has_no_models(name: str, page: Any) -> None:
    pages = {"/v1/models": page, "/models": page, "/api/tags": page}
    with listening(pages) as server:
        assert found(name, server.base_url) == []
        assert len(server.asked) <= 2


def test_what_is_too_large_too_slow_refused_or_leads_elsewhere_is_nothing() -> None:
    many = {"object": "list", "data": [{"id": "x" * 1000} for _ in range(MOST_BYTES // 1000)]}
    with listening({"/v1/models": many}) as server:
        assert found("vllm", server.base_url) == []
    with listening({"/v1/models": VLLM}, status=401) as server:
        assert found("vllm", server.base_url) == []
    with listening({"/v1/models": VLLM}) as server:
        assert found("vllm", server.base_url, seconds=0) == []
        with listening({"/v1/models": b"x"}, 302, {"Location": f"{server.base_url}/v1/models"}) as other:
            assert found("vllm", other.base_url) == []
        assert server.asked == []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert found("vllm", address, seconds=0.5) == []
    assert found("vllm", address) == []  # nobody listens any more


def test_only_this_machine_is_asked_and_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening({"/v1/models": VLLM}) as server, listening({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        assert windows(found("vllm", server.base_url.replace("127.0.0.1", "localhost"))) == {"Qwen/Qwen3-8B": 40_960}
        assert proxy.asked == []
    for address in ("http://192.0.2.1:8000", "http://vllm.example:8000", "https://127.0.0.1:8000"):
        assert found("vllm", address) == []
    keyed = replace(PROVIDERS["vllm"], base_url="http://127.0.0.1:9", key_variable="A_KEY")
    assert nearby_models(keyed, Loopback(1).ask) == []
