"""Anthropic's rules about parameters: thinking, effort, sampling, tools, system and cache markers."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import BINDING_BETA, ModelFacts
from tests.wire.fields import ANTHROPIC_TOOL, BLOCKS, unknown_and_missing
from tests.wire.rules_common import blank, tool_list_rules
from tests.wire.rules_schemas import schema_rules
from tests.wire.rules_searches import hosted_rules, hosted_tools

_THINKING_FIELDS = {
    "enabled": ("budget_tokens", "display"),
    "adaptive": ("display",),
    "disabled": (),
    "between_tools": (),
}


def parameter_rules(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules about parameters that a body breaks."""
    limit = body.get("max_tokens")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        yield "H1: max_tokens: Input should be greater than or equal to 1"
    yield from _thinking_config(body.get("thinking"), limit, facts)
    effort = (body.get("output_config") or {}).get("effort")
    if effort is not None and effort not in facts.efforts:
        yield f"E16: output_config.effort: '{effort}' is not supported by this model"
    for name in ("temperature", "top_p", "top_k"):
        if name in body and not facts.sampling:
            yield f"H2: `{name}` is deprecated for this model."
    yield from _system(body.get("system"))
    yield from _tools(body, facts)
    yield from _cache(body)


def _thinking_config(config: object, limit: object, facts: ModelFacts) -> Iterator[str]:
    if config is None:
        return
    kind = config.get("type") if isinstance(config, dict) else None
    if not isinstance(config, dict) or kind not in _THINKING_FIELDS:
        yield "E16: thinking: Input tag does not match any of the expected tags"
        return
    if kind not in facts.thinking:
        yield f"E16: thinking.type: '{kind}' is not supported by this model"
    budget = config.get("budget_tokens")
    if kind == "enabled":
        if not isinstance(budget, int) or budget < 1024:
            yield "E16: thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        elif isinstance(limit, int) and budget >= limit:
            yield "E16: `max_tokens` must be greater than `thinking.budget_tokens`."
    if config.get("display") not in (None, "summarized", "omitted"):
        yield "E16: thinking.display: Input should be 'summarized' or 'omitted'"
    known = {"type", *_THINKING_FIELDS[kind]} | ({"block_binding"} if BINDING_BETA in facts.betas else set())
    for name in sorted(config.keys() - known):
        yield f"E12: thinking.{kind}.{name}: Extra inputs are not permitted"


def _system(system: object) -> Iterator[str]:
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        yield "G1: system: Input should be a valid string or list"
        return
    for index, block in enumerate(system):
        if block.get("type") != "text":
            yield f"G1: system.{index}: Input tag '{block.get('type')}' does not match 'text'"
            continue
        yield from unknown_and_missing("anthropic", f"system.{index}", block, BLOCKS["text"])
        if blank(block.get("text")):
            yield f"D1: system.{index}: text content blocks must be non-empty"


def _tools(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    tools: list[dict[str, Any]] = body.get("tools") or []
    hosted = hosted_tools("anthropic", body)
    own = [tool for tool in tools if tool not in hosted]
    yield from tool_list_rules([tool.get("name") for tool in tools], 128, "tools")
    yield from hosted_rules("anthropic", body)
    for index, tool in enumerate(own):
        yield from unknown_and_missing("anthropic", f"tools.{index}", tool, ANTHROPIC_TOOL)
        yield from schema_rules(
            "anthropic", tool.get("input_schema"), tool.get("strict"), f"tools.{index}.input_schema"
        )
    if not tools and any(block["type"] in ("tool_use", "tool_result") for block in _blocks(body)):
        yield "B16: tools: Requests which include `tool_use` or `tool_result` blocks must define tools."
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        yield "T2: tool_choice: Input tag does not match any of 'auto', 'any', 'tool', 'none'"
    if not tools:
        yield "T2: tool_choice: tool_choice may only be specified while providing tools."
    elif kind == "tool" and choice.get("name") not in [tool.get("name") for tool in tools]:
        yield f"T2: tool_choice: Tool '{choice.get('name')}' not found in provided tools"
    if kind in ("any", "tool"):
        thinks = (body.get("thinking") or {}).get("type") == "enabled"
        if thinks or not facts.forced_tools_with_thinking:
            yield "B17: Thinking may not be enabled when tool_choice forces tool use."


def _blocks(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for message in body["messages"]:
        if isinstance(message["content"], list):
            yield from message["content"]


def _cache(body: dict[str, Any]) -> Iterator[str]:
    """Rule I1: at most four cache markers, an automatic one at the top included."""
    system = body.get("system") if isinstance(body.get("system"), list) else []
    holders = [body, *(system or []), *(body.get("tools") or []), *_blocks(body)]
    markers = [holder["cache_control"] for holder in holders if holder.get("cache_control")]
    if len(markers) > 4:
        yield f"I1: A maximum of 4 blocks with cache_control may be provided. Found {len(markers)}."
    for marker in markers:
        if marker.get("type") != "ephemeral" or marker.get("ttl", "5m") not in ("5m", "1h"):
            yield "I1: cache_control: Input should be {'type': 'ephemeral'} with ttl '5m' or '1h'"
