"""LiteLLM's proxy in front of the loopback servers: its own words for what it refuses, and those that it passes on."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.real.checks import KEY, KEY_VARIABLE, Board, add_providers, answered, free_port, got, refused, running
from tests.harness.home import KEYS, Home
from tests.wire import Answer, Reasoning, Status

NAME = "LiteLLM"
DIALECTS = {
    "chat": ("openai-chat", "/v1"),
    "responses": ("openai-responses", "/v1"),
    "messages": ("anthropic-messages", ""),
}
UPSTREAM = {
    "chat": "compatible",
    "responses": "gpt",
    "messages": "gpt",
}  # it asks an OpenAI model over the Responses API
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # prices from the package, none from the network


def check(board: Board, folder: Path) -> None:
    """All checks."""
    with tempfile.TemporaryDirectory() as place, Home(Path(place)) as home, _proxy(home, folder) as origin:
        _offer(home, origin)
        home.openai.rules = False  # from Messages it makes a Responses request that is not as strict as ours are
        _talk(board, home)
        _refusals(board, home)


@contextmanager
def _proxy(home: Home, folder: Path) -> Iterator[str]:
    port = free_port()
    upstreams = {
        "compatible": ("openai/compatible", home.ollama.base_url, "none"),
        "gpt": ("openai/gpt-6.1-sol", home.openai.base_url, KEYS["OPENAI_API_KEY"]),
        "claude": ("anthropic/claude-sonnet-5-5", home.anthropic.base_url, KEYS["ANTHROPIC_API_KEY"]),
    }
    config = {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": model, "api_base": base, "api_key": key}}
            for name, (model, base, key) in upstreams.items()
        ],
        "general_settings": {"master_key": KEY},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }
    path = home.folder / "litellm.yaml"  # JSON is YAML too
    path.write_text(json.dumps(config))
    argv = [
        folder / "litellm/bin/litellm",
        "--config",
        path,
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--telemetry",
        False,
    ]
    origin = f"http://127.0.0.1:{port}"
    with running(argv, lambda: got(f"{origin}/health/readiness") is not None, home.folder / "litellm.log", OFFLINE):
        yield origin


def _offer(home: Home, origin: str) -> None:
    models: dict[str, Any] = {name: {"max_output": 4096} for name in ("compatible", "gpt", "claude", "nobody")}
    entries = {
        f"lite-{name}": {
            "title": "LiteLLM", "dialect": dialect, "base_url": origin + path, "models": models,
            "key_variable": KEY_VARIABLE,
        }
        for name, (dialect, path) in DIALECTS.items()
    }  # fmt: skip
    entries["lite-wrong"] = {**entries["lite-chat"], "key_variable": "WRONG_KEY"}
    add_providers(home, **entries)
    home.keys["WRONG_KEY"] = "sk-wrong-0000"


def _talk(board: Board, home: Home) -> None:
    for dialect in DIALECTS:
        for model in (UPSTREAM[dialect], "claude"):
            with board.check(NAME, f"an answer and a second turn over {dialect} from {model}"):
                upstream = {"claude": home.anthropic, "gpt": home.openai, "compatible": home.ollama}[model]
                upstream.forget()
                upstream.answer(Answer("Twelve elephants."))
                told = answered(home, "-m", f"lite-{dialect}:{model}", "-p", "How many?")
                assert told["text"] == "Twelve elephants.", told
                upstream.answer(Answer("Still twelve."))
                told = answered(home, "-c", "-p", "And now?")
                assert told["text"] == "Still twelve.", told
                assert "Twelve elephants." in upstream.chats[-1].raw.decode(), "the history went over"
    with board.check(NAME, "one conversation over the three dialects, with reasoning of Claude"):
        home.anthropic.forget()
        home.anthropic.answer(*(Answer(Reasoning(f"Thought {n}."), f"Answer {n}.") for n in range(3)))
        answered(home, "-m", "lite-chat:claude", "-p", "One?")
        answered(home, "-c", "-m", "lite-messages:claude", "-p", "Two?")
        answered(home, "-c", "-m", "lite-responses:claude", "-p", "Three?")
        last = home.anthropic.chats[-1].raw.decode()
        assert "Answer 0." in last and "Answer 1." in last, last


def _refusals(board: Board, home: Home) -> None:
    for dialect in DIALECTS:
        model = f"lite-{dialect}:{UPSTREAM[dialect]}"
        upstream = home.ollama if dialect == "chat" else home.openai
        upstream.forget()
        with board.check(NAME, f"a model that it does not have, over {dialect}"):
            _is(refused(home, "-m", f"lite-{dialect}:nobody", "-p", "?", code=77), "ModelUnavailable")
        with board.check(NAME, f"a limit of the rate that it passes on, over {dialect}"):
            limit = Status(429, retry_after="7200", message="Rate limit reached for requests")
            upstream.answer(*[limit] * 8)  # over Messages it does not pass on when to come back, so it is asked again
            error = _is(refused(home, "-m", model, "-p", "?", code=75), "RateLimited")
            assert dialect == "messages" or error["retry_after"] == 7200, error
        upstream.forget()
        with board.check(NAME, f"a full window that it passes on, over {dialect}"):
            words = (
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
            )
            upstream.answer(Status(400, code="context_length_exceeded", message=words))
            error = _is(refused(home, "-m", model, "-p", "?"), "ContextOverflow")
            assert "8,192" in error["message"], error
    home.ollama.forget()
    with board.check(NAME, "a field that is refused is left out, and the question asked once more"):
        home.ollama.answer(Status(400, message="Unrecognized request argument supplied: stream_options"), "So.")
        told = answered(home, "-m", "lite-chat:compatible", "-p", "?")
        assert told["text"] == "So." and len(home.ollama.chats) == 2, told
        home.ollama.forget()
    with board.check(NAME, "a key that it does not know"):
        _is(refused(home, "-m", "lite-wrong:compatible", "-p", "?", code=76), "AuthenticationFailed")
    with board.check(NAME, "the provider's refusal of the gateway's own key"):
        home.ollama.answer(Status(401, message="Incorrect API key provided: none."))
        _is(refused(home, "-m", "lite-chat:compatible", "-p", "?", code=76), "AuthenticationFailed")


def _is(error: dict[str, Any], kind: str) -> dict[str, Any]:
    assert error["kind"] == kind, error
    return error
