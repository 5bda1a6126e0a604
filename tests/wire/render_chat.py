"""An answer as Chat Completions chunks, in the generic form and in Groq's."""

from collections.abc import Iterator
from typing import Any

from tests.wire.answers import Answer, Call, Cites, Drawn, Reasoning, Refusal, Search, Text, Usage
from tests.wire.searches import groq_tool, url_citations
from tests.wire.sse import Context, Event, new_id

_FINISH = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length", "refusal": "content_filter"}


def render(answer: Answer, context: Context) -> list[Event]:
    """Give all chunks of one answer and the closing [DONE]."""
    groq = context.dialect == "groq"
    base = {
        "id": new_id("chatcmpl-", 32),
        "object": "chat.completion.chunk",
        "created": context.created,
        "model": context.model(answer),
        "system_fingerprint": new_id("fp_", 10),
    }
    request_id = new_id("req_01", 24)
    usage = _usage(context.usage(answer))
    deltas = [{"role": "assistant", "content": ""}, *_deltas(answer, context)]
    chunks = [{**base, "choices": [_choice(delta)]} for delta in deltas]
    finish = "stop" if _declines(answer) else _FINISH.get(answer.stop_reason, answer.stop_reason)
    last: dict[str, Any] = {**base, "choices": [_choice({}, finish)]}
    if groq:
        chunks[0]["x_groq"] = {"id": request_id}
        timing = {"queue_time": 0.01, "prompt_time": 0.002, "completion_time": 0.1, "total_time": 0.102}
        last["x_groq"] = {"id": request_id, "usage": {**timing, **usage}}
    chunks.append(last)
    options = context.body.get("stream_options") or {}
    if options.get("include_usage"):
        for chunk in chunks:
            chunk["usage"] = None
        chunks.append({**base, "choices": [], "usage": usage})
    return [*(Event(None, chunk) for chunk in chunks), Event(None, b"[DONE]", terminal=True)]


def whole(answer: Answer, context: Context) -> dict[str, Any]:
    """The same answer to a request that asks for no stream: one JSON object."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for delta in _deltas(answer, context):
        for name, value in delta.items():
            if isinstance(value, str) and name != "channel":
                message[name] = f"{message.get(name) or ''}{value}"
    return {
        "id": new_id("chatcmpl-", 32),
        "object": "chat.completion",
        "created": context.created,
        "model": context.model(answer),
        "choices": [{
            "index": 0, "message": message, "logprobs": None,
            "finish_reason": _FINISH.get(answer.stop_reason, answer.stop_reason),
        }],
        "usage": _usage(context.usage(answer)),
    }  # fmt: skip


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _declines(answer: Answer) -> bool:
    return not answer.stop and any(isinstance(part, Refusal) for part in answer.parts)


def _deltas(answer: Answer, context: Context) -> Iterator[dict[str, Any]]:
    calls = searches = 0
    for part in answer.parts:
        match part:
            case Text():
                yield from ({"content": piece} for piece in part.pieces())
            case Drawn():
                url = f"data:{part.media_type};base64,{part.base64}"
                yield {"content": "", "images": [{"type": "image_url", "image_url": {"url": url}, "index": 0}]}
            case Search():
                if context.dialect == "groq":
                    yield from groq_tool(part, searches)
                    searches += 1
            case Cites():
                yield from ({"content": piece} for piece in Text(part.text).pieces())
                if context.dialect != "groq":
                    named = [{"type": "url_citation", "url_citation": one} for one in url_citations(part)]
                    yield {"content": "", "annotations": [_inner(one) for one in named]}
            case Refusal(text):
                field = "content" if context.dialect == "groq" else "refusal"
                yield from ({field: piece} for piece in Text(text).pieces())
            case Reasoning():
                yield from _thinking(part, context)
            case Call():
                yield from _call(part, calls, context)
                calls += 1


def _inner(annotation: dict[str, Any]) -> dict[str, Any]:
    """The citation in an object of its own, without a type."""
    fields = {key: value for key, value in annotation["url_citation"].items() if key != "type"}
    return {**annotation, "url_citation": fields}


def _thinking(part: Reasoning, context: Context) -> Iterator[dict[str, Any]]:
    field = context.reasoning_field
    if part.redacted or not field:
        return
    if context.dialect == "groq":
        match _groq_format(context):
            case "hidden":
                return
            case "raw":
                yield {"content": f"<think>\n{part.text}\n</think>\n\n"}
                return
    for piece in Text(part.text).pieces():
        # Groq marks the channel of its open-weight models; others send null content beside the reasoning.
        yield ({field: piece, "channel": "analysis"} if context.dialect == "groq" else {"content": None, field: piece})


def _groq_format(context: Context) -> str:
    """How Groq sends the reasoning: parsed, raw or hidden. Only gpt-oss has a field of its own by default."""
    body = context.body
    if not context.facts.reasons or body.get("include_reasoning") is False:
        return "hidden"
    if "gpt-oss" in str(body.get("model")) or body.get("include_reasoning"):
        return str(body.get("reasoning_format") or "parsed")
    return str(body.get("reasoning_format") or ("parsed" if body.get("tools") else "raw"))


def _call(part: Call, index: int, context: Context) -> Iterator[dict[str, Any]]:
    function = {"name": part.name, "arguments": ""}
    head = {"index": index, "id": part.id or new_id("call_", 24), "type": "function", "function": function}
    if context.facts.mistral_ids:
        head["id"] = part.id or new_id("", 9)
    if context.dialect == "groq":  # Groq sends a call whole
        function["arguments"] = part.json
        yield {"tool_calls": [head]}
        return
    yield {"tool_calls": [head]}
    for piece in Text(part.json, part.deltas).pieces():
        yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _usage(usage: Usage) -> dict[str, Any]:
    total_in = usage.input + usage.cache_read + usage.cache_write
    return {
        "prompt_tokens": total_in,
        "completion_tokens": usage.output,
        "total_tokens": total_in + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
