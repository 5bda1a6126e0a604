"""The shipped models.yaml holds together, and .env.example with it."""

import re
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest

from modules.config import ROOT, Config
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.models import LEVELS, Model, ModelRegistry


def model(registry: ModelRegistry, name: str) -> Model:
    return registry.find(name).model


@pytest.fixture(scope="module")
def shipped() -> ModelRegistry:
    return load(ROOT / "models.yaml", None, lambda name: "")


def test_every_shipped_model_is_found_by_its_name_its_id_and_its_aliases(shipped: ModelRegistry) -> None:
    for entry in shipped:
        for word in (entry.full_name, f"{entry.provider.name}/{entry.id}"):
            assert shipped.find(word).model == entry, word
        for word in entry.aliases:
            assert shipped.find(word).model == (shipped.successor(entry) if entry.restricted else entry), word


def test_every_retired_name_leads_to_its_successor_and_says_why(shipped: ModelRegistry) -> None:
    for entry in shipped:
        for old, why in entry.retired.items():
            choice = shipped.find(f"{entry.provider.name}:{old}")
            assert choice.model == entry, old
            assert f"{old} {why}; {entry.name} is its successor." in choice.note


# Issue 9, point 9: what anyone types first must lead to what answers on a free key (karthink/gptel#1478).
LARGE = """groq:llama-3.1-70b groq/llama-3.1-70b llama-3.1-70b GROQ:LLaMA-3.1-70B groq:llama-3.1-70b-versatile llama-3
groq:llama-3.1-70 groq:llama-3.3-70b llama-3.3-70b groq:llama-3.3-70b-v groq:llama llama groq:llama-3.1 groq:llama3-70b
groq:gpt-oss-120b groq:openai/gpt-oss-120b openai/gpt-oss-120b groq:OpenAI/GPT-OSS-120B groq:gpt-oss-1 groq:mixtral"""
SMALL = "groq:llama-3.1-8b llama-3.1-8b groq:llama-3.1-8 groq:llama3-8b groq:gemma2 llama-8b groq:openai/gpt-oss-2"


@pytest.mark.parametrize(
    ("typed", "id"),
    [(name, "openai/gpt-oss-120b") for name in LARGE.split()]
    + [(name, "openai/gpt-oss-20b") for name in SMALL.split()],
)
def test_a_name_at_groq_leads_to_a_model_that_answers_everybody(shipped: ModelRegistry, typed: str, id: str) -> None:
    choice = shipped.find(typed)
    assert choice.model.id == id
    asked_for_it = "oss" in typed.lower()
    words = ("is its successor", f"Groq recommends {choice.model.name}")
    assert asked_for_it or any(word in choice.note for word in words), choice.note


def test_a_restricted_model_is_reached_by_its_full_id_and_says_for_whom_it_is(shipped: ModelRegistry) -> None:
    for entry in shipped:
        if entry.restricted:
            for typed in (entry.id, f"{entry.provider.name}:{entry.id}", entry.full_name, f"groq/{entry.id.upper()}"):
                choice = shipped.find(typed)
                assert choice.model == entry
                assert f"{entry.name} is served to {entry.restricted}; Groq recommends gpt-oss-" in choice.note
            successor = shipped.successor(entry)
            assert successor is not None
            assert successor.name == entry.successor


def test_an_id_that_is_to_be_shut_down_still_answers_and_its_end_is_told(shipped: ModelRegistry) -> None:
    choice = shipped.find("openai:gpt-4o")
    assert choice.model.id == "gpt-4o"
    assert choice.note == "gpt-4o is shut down by OpenAI on 14 January 2027; gpt-6-luna is its successor."
    for entry in shipped:
        for old in entry.retiring:
            assert shipped.find(f"{entry.provider.name}:{old}").model.successor == entry.name


def test_what_was_chosen_before_the_names_moved_has_a_successor(shipped: ModelRegistry) -> None:
    before = replace(model(shipped, "llama-3.3-70b-versatile"), name="llama-3.3-70b", restricted="", successor="")
    successor = shipped.successor(before)
    assert successor is not None
    assert successor.name == "gpt-oss-120b"
    assert shipped.successor(model(shipped, "gpt-oss-120b")) is None


def test_a_conversation_starts_with_the_balanced_claude(shipped: ModelRegistry) -> None:
    assert model(shipped, shipped.default).full_name == "anthropic:claude-sonnet-5.5"


def test_the_offline_guide_needs_no_key_and_no_network(shipped: ModelRegistry) -> None:
    guide = model(shipped, "offline:guide")
    assert (guide.provider.dialect, guide.provider.key_variable) == ("offline", None)


def test_local_servers_are_local_and_need_no_key(shipped: ModelRegistry) -> None:
    for name in ("ollama", "llamacpp", "lmstudio"):
        provider = shipped.providers[name]
        assert (provider.is_local, provider.key_variable) == (True, None)


def test_reasoning_on_groq_is_replayed_only_where_the_model_reasons(shipped: ModelRegistry) -> None:
    for entry in shipped.of("groq"):
        assert bool(entry.reasoning) == (entry.profile.replay == ("reasoning",)) == (entry.profile.effort == "groq")


def test_shipped_prices_and_limits_are_plausible(shipped: ModelRegistry) -> None:
    for entry in shipped:
        assert list(entry.reasoning) == sorted(entry.reasoning, key=LEVELS.index)
        assert (entry.max_output or 0) <= (entry.window or 10**9), entry.name
        if entry.price:
            assert (entry.price.cache_read or 0) <= entry.price.input <= entry.price.output <= 100, entry.name


def test_loading_the_shipped_file_costs_little(shipped: ModelRegistry) -> None:
    started = process_time()
    load(ROOT / "models.yaml", None, lambda name: "")
    assert process_time() - started < 0.05  # measured: 0.004; the rest is for a busy machine


def test_the_example_env_file_names_every_variable_of_the_catalogue(shipped: ModelRegistry) -> None:
    named = set(re.findall(r"\b[A-Z][A-Z_]+\b", (ROOT / ".env.example").read_text()))
    read = {"PARLANCE_MODEL", "PARLANCE_HOME", "NO_COLOR", "EDITOR", "VISUAL", "TERM"}
    for provider in shipped.providers.values():
        read |= {variable for variable in (provider.key_variable, provider.base_url_variable) if variable}
    assert read <= named


def test_the_example_env_file_sets_nothing_as_it_stands(tmp_path: Path, shipped: ModelRegistry) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    config = Config({"PARLANCE_HOME": str(tmp_path)})
    for provider in shipped.providers.values():
        for variable in (provider.key_variable, provider.base_url_variable):
            assert variable is None or config.lookup(variable)[1] != str(tmp_path / ".env"), variable
