"""What an answer took, read from a usage object in any of the shapes in use."""

import math
from typing import Any

from modules.llm.events import Usage
from modules.llm.parts import Wire

MOST = 10**12  # tokens; what is larger is no count
TICKS = 10**10  # xAI counts dollars in ticks


def read_usage(wire: Any) -> Usage | None:
    """A usage object of Chat Completions or Responses; None where it is none.

    `prompt_tokens` (or `input_tokens`) include what came from the cache. `completion_tokens` include reasoning at
    OpenAI; at xAI and Gemini they do not, and the total says so.
    """
    if not isinstance(wire, dict) or not wire:
        return None
    read = _part(wire, "prompt_tokens_details", "input_tokens_details")
    written = _part(wire, "completion_tokens_details", "output_tokens_details")
    prompt = _count(wire, "prompt_tokens", "input_tokens")
    output = _count(wire, "completion_tokens", "output_tokens")
    reasoning = _count(written, "reasoning_tokens") or _count(wire, "reasoning_tokens")
    total = _count(wire, "total_tokens")
    if total > prompt + output:
        reasoning = max(reasoning, total - prompt - output)
        output = total - prompt
    elif not total and reasoning > output:
        output += reasoning
    cached = _count(read, "cached_tokens", "cache_read_tokens")
    cached = cached or _count(wire, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")
    stored = _count(read, "cache_write_tokens", "cache_creation_tokens")
    stored = stored or _count(wire, "cache_creation_input_tokens", "cache_write_tokens")
    return Usage(prompt, output, min(cached, prompt), min(stored, prompt), min(reasoning, output), read_cost(wire))


def read_messages_usage(wire: Any) -> Usage | None:
    """A usage object of the Messages API, which counts cached tokens apart; ours count everything that was read."""
    if not isinstance(wire, dict) or not wire:
        return None
    if not any(key in wire for key in ("input_tokens", "output_tokens")):
        return read_usage(wire)  # from a proxy that hands on what Chat Completions say
    read, stored = _count(wire, "cache_read_input_tokens"), _count(wire, "cache_creation_input_tokens")
    return Usage(
        _count(wire, "input_tokens") + read + stored,
        _count(wire, "output_tokens"),
        read,
        stored,
        _count(_part(wire, "output_tokens_details"), "thinking_tokens", "reasoning_tokens"),
        read_cost(wire),
    )


def read_content_usage(wire: Any) -> Usage | None:
    """Gemini's usageMetadata: thinking stands outside what candidates count, and tools of its own outside the prompt.

    ai.google.dev/api/generate-content#UsageMetadata: `promptTokenCount` includes what came from the cache.
    """
    if not isinstance(wire, dict) or not wire:
        return None
    prompt = _count(wire, "promptTokenCount") + _count(wire, "toolUsePromptTokenCount")
    thoughts = _count(wire, "thoughtsTokenCount")
    output = _count(wire, "candidatesTokenCount") + thoughts
    cached = _count(wire, "cachedContentTokenCount")
    return Usage(prompt, output, min(cached, prompt), 0, thoughts, read_cost(wire))


def read_cost(wire: Wire) -> float | None:
    """What was charged, in dollars; None where the provider does not say.

    OpenRouter's `cost` leaves out what the maker charges a key of one's own; Perplexity has an object of costs,
    DeepInfra an `estimated_cost`, xAI `cost_in_usd_ticks`.
    """
    cost = wire.get("cost")
    if isinstance(cost, dict):
        cost = next((cost[key] for key in ("total_cost", "total") if key in cost), None)
    if cost is None:
        cost = wire.get("total_cost", wire.get("estimated_cost"))
    dollars = _dollars(cost)
    if dollars is None:
        ticks = _dollars(wire.get("cost_in_usd_ticks"))
        return None if ticks is None else ticks / TICKS
    if wire.get("is_byok") is True:
        dollars += _dollars(_part(wire, "cost_details").get("upstream_inference_cost")) or 0.0
    return dollars


def merged(before: Usage | None, after: Usage | None) -> Usage | None:
    """What two reports on one answer say together: counts grow, and a zero takes nothing back."""
    if before is None or after is None:
        return before or after
    return Usage(
        after.input or before.input,
        after.output or before.output,
        after.cache_read or before.cache_read,
        after.cache_write or before.cache_write,
        after.reasoning or before.reasoning,
        before.cost if after.cost is None or (before.cost and not after.cost) else after.cost,
    )


def _part(wire: Wire, *fields: str) -> Wire:
    return next((wire[field] for field in fields if isinstance(wire.get(field), dict)), {})


def _count(wire: Wire, *fields: str) -> int:
    """The first of these fields that counts something."""
    for field in fields:
        value = wire.get(field)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 13:
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST:
            return int(value)
    return 0


def _dollars(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST or math.isnan(value):
        return None
    return float(value)
