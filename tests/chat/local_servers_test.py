"""Servers of models on this machine: found in the background when they run, said only where nothing else answers."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.harness.home import Home
from tests.wire import WireServer

VLLM = {"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 40_960}]}
FOUND = "On this machine: Ollama (1 model), vLLM (1 model). /model chooses one, and needs no key."


@pytest.fixture
def peopled(home: Home) -> Iterator[Home]:
    """A machine with an Ollama and a vLLM, a site on the port of llama.cpp, and nothing on that of LM Studio."""
    with ExitStack() as stack:
        vllm = stack.enter_context(WireServer("chat", key=None))
        site = stack.enter_context(WireServer("anthropic", key=None))
        gone = WireServer("chat", key=None)
        with gone:
            nobody = gone.base_url
        vllm.pages = {"/v1/models": VLLM}
        site.pages = {"/v1/models": {"hello": "world"}, "/models": {"hello": "world"}}
        home.ollama.models = ["qwen3:8b"]
        home.servers |= {"vllm": vllm, "llamacpp": site}
        home.overlay({**{name: {"base_url": one.base_url} for name, one in home.servers.items()},
                      "lmstudio": {"base_url": nobody}})  # fmt: skip
        home.servers = {name: home.servers[name] for name in ("anthropic", "openai", "groq", "ollama")}
        (home.folder / "settings.toml").write_text("[models]\nrefresh = false\n")
        yield home


@pytest.mark.parametrize("columns", [40, 100])
def test_without_any_key_one_line_says_what_was_found_and_it_can_be_used(peopled: Home, columns: int) -> None:
    peopled.keys.clear()
    chat = peopled.open(columns=columns, rows=50).prompt().sees(FOUND).prompt()
    said = " ".join(chat.ask("/models vllm").split())
    assert "vllm:Qwen/Qwen3-8B local 40k" in said
    assert "ollama:qwen3:8b local 131k" in " ".join(chat.ask("/models ollama").split())
    chat.enter("/model qwen3-8b").sees("→ vllm:Qwen/Qwen3-8B").prompt()
    chat.enter("Hello").sees("Answer 1 from chat.").prompt()


def test_on_a_plain_terminal_it_is_said_between_two_lines(peopled: Home) -> None:
    peopled.keys.clear()
    chat = peopled.open(columns=100, env={"TERM": "dumb"}).prompt()
    while FOUND not in chat.words:
        chat.enter("/key ollama").prompt()  # any line will do


def test_with_a_key_nothing_is_said_and_the_models_are_in_the_list(peopled: Home) -> None:
    chat = peopled.open(columns=100, rows=50).prompt()
    chat.until(lambda: "vllm:Qwen/Qwen3-8B" in chat.ask("/models vllm"), "the model of vLLM")
    assert "On this machine" not in chat.text


def test_a_server_that_was_started_later_is_found_by_a_refresh(peopled: Home) -> None:
    peopled.keys.clear()
    chat = peopled.open(columns=100, rows=50).prompt().sees(FOUND).prompt()
    peopled.ollama.models = ["qwen3:8b", "gemma3:4b"]
    chat.enter("/models --refresh").sees("ollama:gemma3:4b").prompt()


def test_where_the_settings_forbid_it_nobody_is_asked(home: Home) -> None:
    home.keys.clear()  # discover = false
    chat = home.open(columns=100, rows=50).prompt()
    chat.enter("/models --refresh").sees("offline:guide").prompt()
    assert not home.ollama.requests
