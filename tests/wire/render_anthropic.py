"""An answer as Anthropic Messages events: message_start, blocks, message_delta, message_stop."""

import json
from collections.abc import Iterator
from typing import Any

from tests.wire.answers import Answer, Call, Cites, Part, Reasoning, Refusal, Search, Text, Usage
from tests.wire.searches import anthropic_citation, anthropic_result, anthropic_use
from tests.wire.signatures import conceal, prefix_digests, sign
from tests.wire.sse import Context, Event, new_id

PING = Event("ping", {"type": "ping"})


def render(answer: Answer, context: Context) -> list[Event]:
    """Give all events of one answer, ping included."""
    usage = context.usage(answer)
    events = [_start(answer, context, usage)]
    signer = _Signer(context)
    index = 0
    for part in answer.parts:
        if isinstance(part, Refusal) or (isinstance(part, Reasoning) and not _thinks(context)):
            continue
        for block in _blocks(part, context, signer):
            events += [_named(index, data) for data in block]
            if index == 0:
                events.insert(2, PING)
            index += 1
    return [*events, *_end(answer, usage)]


def _start(answer: Answer, context: Context, usage: Usage) -> Event:
    message: dict[str, Any] = {
        "model": context.model(answer),
        "id": new_id("msg_01", 22),
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": {**_input_usage(usage), "output_tokens": 1, "service_tier": "standard"},
    }
    return Event("message_start", {"type": "message_start", "message": message})


def _input_usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
    }


def _named(index: int, data: dict[str, Any]) -> Event:
    return Event(str(data["type"]), {"type": data["type"], "index": index, **data})


def _blocks(part: Part, context: Context, signer: "_Signer") -> Iterator[Iterator[dict[str, Any]]]:
    """The blocks of a part: a search is two, and one where the answer is paused before its result."""
    if not isinstance(part, Search):
        yield _block(part, context, signer)
        return
    use = anthropic_use(part)
    asked = Text(json.dumps({"query": part.query}), 2).pieces()
    if part.query:
        yield _whole(use, [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *asked]])
    if part.ended:
        yield _whole(anthropic_result(part, use["id"], context.facts.issuer), [])


def _whole(block: dict[str, Any], deltas: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield {"type": "content_block_start", "content_block": block}
    for delta in deltas:
        yield {"type": "content_block_delta", "delta": delta}
    yield {"type": "content_block_stop"}


def _block(part: Part, context: Context, signer: "_Signer") -> Iterator[dict[str, Any]]:
    match part:
        case Text():
            block: dict[str, Any] = {"type": "text", "text": ""}
            deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": piece} for piece in part.pieces()]
        case Cites():
            block = {"type": "text", "text": "", "citations": []}
            named = [anthropic_citation(page, context.facts.issuer) for page in part.pages]
            deltas = [dict[str, Any](type="citations_delta", citation=one) for one in named]
            deltas += [{"type": "text_delta", "text": piece} for piece in Text(part.text).pieces()]
        case Reasoning(text, redacted=True):
            block, deltas = {"type": "redacted_thinking", "data": conceal(text, context.facts.issuer)}, []
        case Reasoning(text):
            shown = text if _shows(context) else ""
            block = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in Text(shown).pieces()]
            deltas.append({"type": "signature_delta", "signature": signer.sign(shown)})
        case Call():
            call_id = part.id or new_id("toolu_01", 22)
            block = {"type": "tool_use", "id": call_id, "name": part.name, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *part.pieces()]]
        case _:
            return
    yield from _whole(block, deltas)


def _end(answer: Answer, usage: Usage) -> list[Event]:
    reason = answer.stop_reason
    delta: dict[str, Any] = {"stop_reason": reason, "stop_sequence": None, "stop_details": None}
    if reason == "refusal":
        said = next((part.text for part in answer.parts if isinstance(part, Refusal)), None)
        delta["stop_details"] = {"type": "refusal", "category": None, "explanation": said}
    counts = {
        **_input_usage(usage),
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    }
    return [
        Event("message_delta", {"type": "message_delta", "delta": delta, "usage": counts}),
        Event("message_stop", {"type": "message_stop"}, terminal=True),
    ]


def _thinks(context: Context) -> bool:
    """Tell whether this request lets the model think; newer models do so unless told otherwise."""
    config = context.body.get("thinking")
    if isinstance(config, dict):
        return config.get("type") != "disabled"
    return context.facts.adaptive and not context.facts.sampling


def _shows(context: Context) -> bool:
    """Tell whether the thinking text is sent. Adaptive models leave it out unless `display` asks for it."""
    config = context.body.get("thinking") or {}
    display = config.get("display") or ("omitted" if context.facts.adaptive else "summarized")
    return bool(display == "summarized")


class _Signer:
    """Signs the thinking blocks of one answer, each bound to what came before it if the model does that."""

    def __init__(self, context: Context) -> None:
        messages = context.body.get("messages", [])
        self._issuer = context.facts.issuer
        self._prefix = prefix_digests(context.body)[-1] if context.facts.binds_thinking else ""
        self._last = next((found for message in reversed(messages) for found in _signatures(message)), "")

    def sign(self, text: str) -> str:
        self._last = sign(text, self._issuer, self._prefix, self._last)
        return self._last


def _signatures(message: dict[str, Any]) -> list[str]:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return [str(block["signature"]) for block in reversed(blocks) if block.get("type") == "thinking"]
