"""Anthropic's rules about thinking: signed by this issuer, unmodified, in its place, in its conversation."""

from collections.abc import Iterator
from typing import Any

from tests.wire.facts import BINDING_BETA, ModelFacts
from tests.wire.signatures import binding, concealed, digest, prefix_digests, signed

_KINDS = ("thinking", "redacted_thinking")


def thinking_rules(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Name the rules about thinking that a body breaks."""
    yield from _binding_rules(body, facts)
    for index, message in enumerate(body["messages"]):
        blocks = _blocks(message)
        for at, block in enumerate(blocks):
            if block["type"] in _KINDS:
                yield from _seal_rules(f"messages.{index}.content.{at}", block, facts)
        if blocks and blocks[-1]["type"] in _KINDS:
            yield f"A6: messages.{index}: the final block in an assistant message cannot be `thinking`"
    yield from _open_loop(body)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else []


def _binding_rules(body: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    """Rule E9: bound thinking stands after the conversation and the thinking that it was made after.

    Thinking may be missing from the front, so the first block that is there has none to follow.
    """
    if not facts.binds_thinking or _drops_mismatches(body, facts):
        return
    prefixes = prefix_digests(body)
    last = ""
    for index, message in enumerate(body["messages"]):
        for at, block in enumerate(_blocks(message)):
            if block["type"] != "thinking":
                continue
            bound = binding(str(block["signature"]))
            if bound and (bound[0] != prefixes[index] or (last and bound[1] != digest(last))):
                yield (f"E9: messages.{index}.content.{at}: `thinking` block bound to a different conversation")
            last = str(block["signature"])


def _drops_mismatches(body: dict[str, Any], facts: ModelFacts) -> bool:
    """Rule E10: a request may ask to have such blocks dropped, given the beta header."""
    config = (body.get("thinking") or {}).get("block_binding") or {}
    return BINDING_BETA in facts.betas and config.get("prefix_mismatch_behavior") == "drop_block"


def _seal_rules(where: str, block: dict[str, Any], facts: ModelFacts) -> Iterator[str]:
    if "cache_control" in block:
        yield f"I2: {where}: cache_control is not permitted on `{block['type']}` blocks"
    if block["type"] == "redacted_thinking":
        if not concealed(str(block["data"]), facts.issuer):
            yield f"E2: {where}: Invalid `data` in `redacted_thinking` block"
    elif not block["signature"]:
        yield f"E1: {where}.signature: Field required"
    elif not signed(str(block["thinking"]), str(block["signature"]), facts.issuer):
        yield f"E2: {where}: Invalid `signature` in `thinking` block"


def _open_loop(body: dict[str, Any]) -> Iterator[str]:
    """Rule E3: with manual thinking, a tool loop that is still open must have begun with thinking."""
    config, last = body.get("thinking"), body["messages"][-1]
    if not isinstance(config, dict) or config.get("type") != "enabled" or not isinstance(last["content"], list):
        return
    if not any(block["type"] == "tool_result" for block in last["content"]):
        return
    index = max(at for at, message in enumerate(body["messages"]) if message["role"] == "assistant")
    content = body["messages"][index]["content"]
    if isinstance(content, list) and content[0]["type"] not in _KINDS:
        found = content[0]["type"]
        yield (
            f"E3: messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`,"
            f" but found `{found}`."
            " When `thinking` is enabled, a final `assistant` message must start with a thinking block."
        )
