"""The rulebook: for every rule a body that breaks it, and bodies that break none."""

import typing
from copy import deepcopy
from dataclasses import replace
from typing import Any

import anthropic.types as claude_types
import groq.types.chat as groq_types
import openai.types.chat as chat_types
import openai.types.responses as responses_types
import pytest
from anthropic.types.message_create_params import MessageCreateParamsBase
from groq.types.chat.completion_create_params import CompletionCreateParams as GroqParams
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from openai.types.responses.response_input_param import FunctionCallOutput

from tests.wire import (
    bodies_answers,
    bodies_chat,
    bodies_gemini,
    bodies_messages,
    bodies_ollama,
    bodies_responses,
    fields,
)
from tests.wire.bodies import Case
from tests.wire.facts import BINDING_BETA, Dialect, facts_for
from tests.wire.rulebook import broken_rules

VALID = [
    *bodies_messages.VALID,
    *bodies_responses.VALID,
    *bodies_chat.VALID,
    *bodies_gemini.VALID,
    *bodies_ollama.VALID,
    *bodies_answers.VALID,
]
BROKEN = [
    *bodies_messages.BROKEN,
    *bodies_responses.BROKEN,
    *bodies_chat.BROKEN,
    *bodies_gemini.BROKEN,
    *bodies_ollama.BROKEN,
    *bodies_answers.BROKEN,
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.dialect}-{case.rule}-{case.name}")
def test_a_body_that_breaks_a_rule_is_reported_under_that_rule(case: Case) -> None:
    found = broken_rules(case.dialect, case.body, case.facts)

    assert case.rule in {rule.partition(":")[0] for rule in found}, found


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.dialect}-{case.rule}-{case.name}")
def test_a_body_made_to_break_one_rule_breaks_few_others(case: Case) -> None:
    found = {rule.partition(":")[0] for rule in broken_rules(case.dialect, case.body, case.facts)}

    assert found <= {case.rule, *case.along}, found


@pytest.mark.parametrize("case", VALID, ids=lambda case: f"{case.dialect}-{case.name}")
def test_a_body_the_api_accepts_breaks_no_rule(case: Case) -> None:
    assert broken_rules(case.dialect, case.body, case.facts) == []


@pytest.mark.parametrize("dialect", ["anthropic", "openai", "groq", "chat", "gemini", "ollama"])
@pytest.mark.parametrize("nonsense", [None, 7, "x", [], [None], [[]], [{}], {"a": 1}])
def test_nonsense_is_reported_and_never_crashes(dialect: Dialect, nonsense: object) -> None:
    key = {"openai": "input", "gemini": "contents"}.get(dialect, "messages")

    if (dialect, nonsense) != ("openai", "x"):
        assert broken_rules(dialect, {"model": "m", "max_tokens": 1, "stream": True, key: nonsense})


def test_checking_a_body_leaves_it_as_it_was() -> None:
    for case in [*VALID, *BROKEN]:
        before = deepcopy(case.body)
        broken_rules(case.dialect, case.body, case.facts)
        assert repr(case.body) == repr(before)


def test_the_rulebook_covers_every_rule_it_was_asked_for() -> None:
    reported = {(case.dialect, case.rule) for case in BROKEN}

    for dialect, rules in {
        "anthropic": "A1 A2 A4 A5 A6 A10 A11 B2 B3 B4 B5 B6 B8 B9 B10 B16 B17 C1 C2 C7 D1 D2 D3 E1"
        " E2 E3 E9 E12 E16"
        " F1 F6 F7 G2 G3 H1 H2 I1 I2 T1 T2 T3 T4 T5 W1",
        "openai": "A1 A2 A10 B3 B4 B5 B6 B10 B11 B18 B20 C2 C4 C6 C7 D3 E1"
        " E2 E5 E6 E7 E12 E13 E16 F1 F6 F7 H1 H2 H4 K1 T1 T2 T3 T4 T6 W1",
        "groq": "A10 B3 B4 B10 B20 C2 C7 D5 E5 E12 E16 F7 H4 T1 T2 T3 T4 T6 T7 W1",
        "gemini": "A1 A2 A4 A5 A10 B3 B4 B7 B9 B10 B13 C1 C7 D2 D3 D6 E1 E2 E3 E12 E16 F1 F5 F6 F7 H1 T1 T2 T4",
        "chat": "A1 A2 A3 A4 A7 B3 B4 B5 B10 B11 C1 C2 C7 D3 D4 D5 D7 E3 E12 F1 F5 G2 H1 T1 T2 T3 T4 T6 T7 W1",
        "ollama": "A1 A2 A10 B3 B4 B6 B10 C1 C7 D5 D7 E1 E5 E12 E16 F1 F7 G2 H1 T1 T3 T4 T6 T8 W1",
    }.items():
        assert {rule for rule in rules.split() if (dialect, rule) not in reported} == set(), dialect


def _keys(typed_dict: Any) -> set[str]:
    return set(typing.get_type_hints(typed_dict, include_extras=True)) - {"async_"}


_TYPES: list[tuple[fields.Shape, Any]] = [
    (fields.BLOCKS["text"], claude_types.TextBlockParam),
    (fields.BLOCKS["image"], claude_types.ImageBlockParam),
    (fields.BLOCKS["document"], claude_types.DocumentBlockParam),
    (fields.BLOCKS["thinking"], claude_types.ThinkingBlockParam),
    (fields.BLOCKS["redacted_thinking"], claude_types.RedactedThinkingBlockParam),
    (fields.BLOCKS["tool_use"], claude_types.ToolUseBlockParam),
    (fields.BLOCKS["tool_result"], claude_types.ToolResultBlockParam),
    (fields.ANTHROPIC_TOOL, claude_types.ToolParam),
    (fields.ITEMS["output_message"], responses_types.ResponseOutputMessageParam),
    (fields.ITEMS["function_call"], responses_types.ResponseFunctionToolCallParam),
    (fields.ITEMS["function_call_output"], FunctionCallOutput),
    (fields.ITEMS["reasoning"], responses_types.ResponseReasoningItemParam),
    (fields.INPUT_PARTS["input_text"], responses_types.ResponseInputTextParam),
    (fields.INPUT_PARTS["input_image"], responses_types.ResponseInputImageParam),
    (fields.INPUT_PARTS["input_file"], responses_types.ResponseInputFileParam),
    (fields.OUTPUT_PARTS["output_text"], responses_types.ResponseOutputTextParam),
    (fields.OUTPUT_PARTS["refusal"], responses_types.ResponseOutputRefusalParam),
    (fields.RESPONSES_TOOL, responses_types.FunctionToolParam),
    (fields.CHAT_MESSAGES["system"], chat_types.ChatCompletionSystemMessageParam),
    (fields.CHAT_MESSAGES["developer"], chat_types.ChatCompletionDeveloperMessageParam),
    (fields.CHAT_MESSAGES["user"], chat_types.ChatCompletionUserMessageParam),
    (fields.CHAT_MESSAGES["assistant"], chat_types.ChatCompletionAssistantMessageParam),
    (fields.CHAT_MESSAGES["tool"], chat_types.ChatCompletionToolMessageParam),
    (fields.CHAT_PARTS["text"], chat_types.ChatCompletionContentPartTextParam),
    (fields.CHAT_PARTS["image_url"], chat_types.ChatCompletionContentPartImageParam),
    (fields.CHAT_CALL, chat_types.ChatCompletionMessageFunctionToolCallParam),
    (fields.GROQ_MESSAGES["system"], groq_types.ChatCompletionSystemMessageParam),
    (fields.GROQ_MESSAGES["user"], groq_types.ChatCompletionUserMessageParam),
    (fields.GROQ_MESSAGES["assistant"], groq_types.ChatCompletionAssistantMessageParam),
    (fields.GROQ_MESSAGES["tool"], groq_types.ChatCompletionToolMessageParam),
    (fields.TOP["anthropic"], MessageCreateParamsBase),
    (fields.TOP["openai"], ResponseCreateParamsBase),
    (fields.TOP["groq"], GroqParams),
    (fields.TOP["chat"], CompletionCreateParamsBase),
]


@pytest.mark.parametrize(("shape", "typed_dict"), _TYPES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_known_fields_are_those_of_the_sdk(shape: fields.Shape, typed_dict: Any) -> None:
    ours = (shape.required | shape.optional) - {"stream", "async"}

    assert ours == _keys(typed_dict) - {"stream", "async"}


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("claude-haiku-4-5", {"enabled", "disabled"}),
        ("claude-sonnet-4-5-20250929", {"enabled", "disabled"}),
        ("claude-opus-4-6", {"adaptive", "enabled", "disabled"}),
        ("claude-opus-4-8", {"adaptive", "disabled"}),
        ("claude-sonnet-5-5", {"adaptive", "between_tools"}),
        ("claude-haiku-5-5", {"adaptive", "disabled"}),
        ("claude-fable-5-2", {"adaptive"}),
    ],
)
def test_how_a_claude_may_think_follows_from_its_id(model: str, thinking: set[str]) -> None:
    assert facts_for("anthropic", model).thinking == thinking


def test_which_models_reason_follows_from_their_ids() -> None:
    reasoning: list[tuple[Dialect, str]] = [
        ("openai", "gpt-6.1-sol"),
        ("openai", "o3"),
        ("groq", "qwen/qwen3-32b"),
    ]
    plain: list[tuple[Dialect, str]] = [
        ("openai", "gpt-4.1"),
        ("groq", "llama-3.1-8b-instant"),
        ("chat", "any"),
    ]

    assert all(facts_for(*model).reasons for model in reasoning)
    assert not any(facts_for(*model).reasons for model in plain)


def test_bound_thinking_may_be_dropped_by_the_api_when_the_request_asks_for_it() -> None:
    case = next(case for case in bodies_messages.BROKEN if case.rule == "E9")
    config = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    body = {**case.body, "thinking": config}
    facts = facts_for("anthropic", body["model"])

    assert broken_rules("anthropic", body, replace(facts, betas=frozenset({BINDING_BETA}))) == []
    assert {rule[:3] for rule in broken_rules("anthropic", body, facts)} == {"E9:", "E12"}
