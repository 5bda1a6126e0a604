"""The rules of Chat Completions about parameters, Groq's among them."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import Dialect, ModelFacts
from tests.wire.rules_common import choice_rule, count_rule, tool_list_rules
from tests.wire.rules_schemas import schema_rules
from tests.wire.rules_searches import hosted_rules, hosted_tools

_GROQ_REASONING = ("reasoning_effort", "reasoning_format", "include_reasoning")
_GROQ_UNSUPPORTED = ("logprobs", "top_logprobs", "logit_bias", "store")
_GROQ_IMAGE_BYTES = 4 * 1024 * 1024


def parameter_rules(dialect: Dialect, body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules about parameters that a body breaks."""
    if dialect == "groq":
        yield from _groq(body, facts)
    effort = body.get("reasoning_effort")
    if effort is not None and facts.efforts and effort not in facts.efforts:
        yield f"E16: `reasoning_effort` must be one of {', '.join(sorted(facts.efforts))}"
    for name in ("max_tokens", "max_completion_tokens"):
        if body.get(name) is not None and (not isinstance(body[name], int) or body[name] < 1):
            yield f"H1: Invalid '{name}': integer below minimum value. Expected a value >= 1."
    if body.get("temperature") is not None and not facts.sampling:
        yield "H2: Unsupported parameter: 'temperature' is not supported with this model."
    if body.get("stream_options") is not None and body.get("stream") is not True:
        yield "H4: The 'stream_options' parameter is only allowed when 'stream' is enabled."
    yield from _tools(dialect, body)


def _groq(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    for name in _GROQ_REASONING:
        if body.get(name) is not None and not facts.reasons:
            yield f"E5: `{name}` is not supported with this model"
    if body.get("reasoning_format") is not None and body.get("include_reasoning") is not None:
        yield "E16: reasoning_format and include_reasoning cannot both be specified"
    if body.get("reasoning_format") not in (None, "parsed", "raw", "hidden"):
        yield "E16: `reasoning_format` must be one of parsed, raw, hidden"
    if body.get("reasoning_format") == "raw" and (body.get("tools") or body.get("response_format")):
        yield "E16: `reasoning_format` must be parsed or hidden when using tools or JSON mode"
    if body.get("n") not in (None, 1):
        yield "B20: 'n' : number must be at most 1"
    for name in _GROQ_UNSUPPORTED:
        if body.get(name):
            yield f"H4: property '{name}' is unsupported"
    images = sum(len(url) for url in _data_urls(body))
    if images > _GROQ_IMAGE_BYTES:
        yield "A9: Request Entity Too Large: base64 images are limited to 4 MB"


def _data_urls(body: dict[str, Any]) -> Iterator[str]:
    for message in body["messages"]:
        parts = message.get("content")
        for part in parts if isinstance(parts, list) else []:
            image = part.get("image_url")
            if isinstance(image, dict) and str(image.get("url")).startswith("data:"):
                yield image["url"]


def _tools(dialect: Dialect, body: dict[str, Any]) -> Iterator[str]:
    tools = body.get("tools")
    if tools is not None and (not isinstance(tools, list) or not tools):
        yield "T1: Invalid 'tools': empty array. Expected an array with minimum length 1."
    tools = tools or []
    yield from count_rule(tools)
    hosted = hosted_tools(dialect, body)
    yield from hosted_rules(dialect, body)
    tools = [tool for tool in tools if tool not in hosted]
    functions = [tool.get("function") or {} for tool in tools]
    yield from tool_list_rules([function.get("name") for function in functions], 64, "tools")
    for index, (tool, function) in enumerate(zip(tools, functions, strict=True)):
        where = f"tools[{index}]"
        if tool.get("type") != "function" or tool.keys() - {"type", "function"}:
            yield f"T1: Invalid '{where}': expected {{'type': 'function', 'function': {{...}}}}."
        for name in function.keys() - {"name", "description", "parameters", "strict"}:
            yield f"E12: Unknown parameter: '{where}.function.{name}'."
        if "parameters" in function:
            yield from schema_rules(
                dialect, function["parameters"], function.get("strict"), f"{where}.function.parameters"
            )
        if len(function.get("description") or "") > 1024:
            yield f"T7: Invalid '{where}.function.description': string too long. Expected a maximum length of 1024."
    choice = body.get("tool_choice")
    named = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    yield from choice_rule(choice, named, [function.get("name") for function in functions])
    if choice is not None and not tools and not hosted:
        yield "T2: Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
