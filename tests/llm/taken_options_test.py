"""The options of an answer: each model of the catalogue is sent what it takes, by its own names, and nothing else."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.config import ROOT
from modules.llm.base import ChatRequest
from modules.llm.catalogue.catalogue_loader import load
from modules.llm.dialects import DIALECTS, OptionName
from modules.llm.generation.answer_schema import AnswerSchema
from modules.llm.generation.closed_schema import closed, is_strict
from modules.llm.generation.options import chosen, held_back, sent
from modules.llm.message import user
from modules.llm.models import Level, Model
from modules.settings.declarations import OptionSettings
from tests.harness import any_options
from tests.harness.cases import TOOLS
from tests.harness.transformer_harness import REQUESTS, facts_of, wire_name
from tests.wire.rulebook import broken_rules

MODELS = [m for m in load(ROOT / "models.yaml", ROOT / "none.yaml", lambda _: "") if m.provider.name != "offline"]
WITH_LEVELS: list[tuple[Model, Level | None]] = [
    (model, level) for model in MODELS for level in (None, *model.reasoning)
]
ALL = OptionSettings(0.2, 0.9, 7, ("END",), 100, "low", "auto")


def body_of(request: ChatRequest) -> dict[str, object]:
    return REQUESTS[request.model.provider.dialect](request).body


def test_the_catalogue_and_the_settings_name_the_same_options() -> None:
    assert get_args(OptionName) == OptionSettings.__struct_fields__
    assert {name for one in DIALECTS.values() for name in one.options} == set(OptionSettings.__struct_fields__)


@settings(max_examples=60, deadline=None)
@given(any_options.options, any_options.schemas, st.booleans())
def test_no_request_holds_what_its_model_does_not_take(
    options: OptionSettings, wanted: AnswerSchema | None, with_tools: bool
) -> None:
    for model, level in WITH_LEVELS:
        tools = TOOLS if with_tools and model.tools else ()
        told = user("Well?", wanted.instructions if wanted else "In any form.")
        request = ChatRequest(model, (told,), tools=tools, reasoning=level, options=options, answer_schema=wanted)
        body = body_of(request)
        assert broken_rules(wire_name(model), body, facts_of(model)) == [], model.full_name
        assert list(any_options.too_much(model, level, body)) == [], model.full_name
        known = {one.name for one in held_back(options, model, level)}
        limit = {"max_output"} if model.profile.output_limit else set()
        gone = {name for name in chosen(options) if name not in known}
        assert len(sent(options, model, level)) == len(gone | limit), "each is sent, or said to be held back"


@pytest.mark.parametrize(
    ("name", "level", "held"),
    [
        ("anthropic:claude-sonnet-5.5", None, {"temperature", "top_p", "seed", "verbosity"}),
        ("openai:gpt-6.1-sol", "high", {"temperature", "top_p", "seed", "stop"}),
        ("openai:gpt-6-luna", "none", {"seed", "stop"}),
        ("openai:gpt-6-luna", None, {"temperature", "top_p", "seed", "stop"}),
        ("groq:gpt-oss-120b", None, {"verbosity"}),
        ("deepseek:deepseek-flash", None, {"temperature", "seed", "verbosity", "service_tier"}),
        ("google:gemini-3.5-flash", None, {"verbosity", "service_tier"}),
        ("mistral:mistral-small", None, {"verbosity", "service_tier"}),
        ("ollama:llama3.1", None, {"verbosity", "service_tier"}),
    ],
)
def test_what_is_held_back_is_what_the_providers_pages_say(name: str, level: Level | None, held: set[str]) -> None:
    model = next(one for one in MODELS if one.full_name == name)
    assert {one.name for one in held_back(ALL, model, level)} == held


def test_a_limit_is_never_more_than_the_model_can() -> None:
    model = next(one for one in MODELS if one.name == "gpt-oss-120b")
    assert sent(OptionSettings(max_output=10**9), model, None) == {"max_completion_tokens": model.max_output}
    assert sent(OptionSettings(max_output=5), model, None) == {"max_completion_tokens": 5}


@pytest.mark.parametrize("schema", any_options.SCHEMAS)
def test_a_closed_schema_allows_nothing_that_the_whole_one_forbids_in_shape(schema: dict[str, object]) -> None:
    wire = closed(schema)
    if wire is None:
        return
    for part in (wire, *wire.get("$defs", {}).values()):
        assert part["additionalProperties"] is False
    if is_strict(wire):
        assert set(wire["required"]) == set(wire["properties"])


def test_every_model_that_may_be_bound_is_bound_to_a_plain_schema() -> None:
    wanted = AnswerSchema(any_options.CLOSED)
    for model, with_tools in product(MODELS, (False, True)):
        if with_tools and not model.tools:
            continue
        request = ChatRequest(model, (user("In JSON?"),), tools=TOOLS if with_tools else (), answer_schema=wanted)
        free = ChatRequest(model, (user("In JSON?"),), tools=request.tools)
        binds = body_of(request) != body_of(free)
        assert binds == (not with_tools or model.profile.format_with_tools), model.full_name
