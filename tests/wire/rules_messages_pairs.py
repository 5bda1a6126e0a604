"""Anthropic's rules about tool calls and their results: each answered once, at once, and first."""

from collections.abc import Iterator
from typing import Any

Turn = tuple[str, int, list[dict[str, Any]]]  # role, index of the first message, blocks


def pair_rules(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Name the pairing rules that the messages break."""
    turns = _turns(messages)
    seen: set[str] = set()
    for position, (role, index, blocks) in enumerate(turns):
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        for call in calls:
            if call in seen:
                yield "B6: messages: `tool_use` ids must be unique"
            seen.add(call)
        following = turns[position + 1] if position + 1 < len(turns) else None
        if calls:
            yield from _answered(index, calls, following)
        if calls and following and blocks[-1]["type"] != "tool_use":
            yield (f"B8: messages.{index}: `{blocks[-1]['type']}` after the last tool_use of a turn with results")
        previous = turns[position - 1] if position else None
        if role == "user":
            yield from _results(index, blocks, previous)


def _turns(messages: list[dict[str, Any]]) -> list[Turn]:
    """Join neighbours of one role, as the API does, and spell strings as blocks."""
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if turns and turns[-1][0] == message["role"]:
            turns[-1][2].extend(blocks)
        else:
            turns.append((message["role"], index, list(blocks)))
    return turns


def _answered(index: int, calls: list[str], following: Turn | None) -> Iterator[str]:
    if following and following[0] == "system":
        yield f"B9: messages.{following[1]}: a system message may not stand between tool_use and tool_result"
    answered = {block.get("tool_use_id") for block in following[2]} if following else set()
    missing = [call for call in calls if call not in answered]
    if missing:
        yield (
            f"B3: messages.{index}: `tool_use` ids were found without `tool_result` blocks"
            " immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result`"
            " block in the"
            " next message."
        )


def _results(index: int, blocks: list[dict[str, Any]], previous: Turn | None) -> Iterator[str]:
    called = [block["id"] for block in previous[2] if block["type"] == "tool_use"] if previous else []
    seen: set[str] = set()
    others = False
    for block in blocks:
        if block["type"] != "tool_result":
            others = True
            continue
        result = block["tool_use_id"]
        if others:
            yield f"B2: messages.{index}: `tool_result` blocks must come first in the message"
        if result not in called:
            yield (
                f"B4: messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks:"
                f" {result}. Each"
                " `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        if result in seen:
            yield (f"B5: messages.{index}: each tool_use must have a single result. Found multiple for {result}")
        seen.add(result)
