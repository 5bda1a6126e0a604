"""An answer as Gemini's chunks: parts of one candidate, signed where the real ones are, the reason with the last."""

import json
from typing import Any

from tests.wire.answers import Answer, Call, Cites, Drawn, Reasoning, Refusal, Search, Text, Usage
from tests.wire.rules_common import json_object
from tests.wire.searches import gemini_call, grounding
from tests.wire.signatures import seal
from tests.wire.sse import Context, Event, new_id

_STOPS = {
    "end_turn": "STOP",
    "tool_use": "STOP",
    "max_tokens": "MAX_TOKENS",
    "refusal": "SAFETY",
    "content_filter": "PROHIBITED_CONTENT",
}


def render(answer: Answer, context: Context) -> list[Event]:
    """Give all chunks of one answer. A call that is no object in JSON has no place in this API."""
    usage, response_id = _usage(context.usage(answer)), new_id("", 22)
    parts = _parts(answer, context) or [{"text": ""}]
    events = []
    for at, part in enumerate(parts):
        candidate: dict[str, Any] = {"content": {"parts": [part], "role": "model"}, "index": 0}
        last = at == len(parts) - 1
        if last:
            if grounded := grounding(answer.parts):
                candidate["groundingMetadata"] = grounded
            candidate["finishReason"] = _STOPS.get(answer.stop_reason, answer.stop_reason)
        chunk = {
            "candidates": [candidate],
            "usageMetadata": usage if last else {"promptTokenCount": usage["promptTokenCount"]},
            "modelVersion": context.model(answer),
            "responseId": response_id,
        }
        events.append(Event(None, chunk, terminal=last))
    return events


def _parts(answer: Answer, context: Context) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    thought = ""
    config = (context.body.get("generationConfig") or {}).get("thinkingConfig") or {}
    for part in answer.parts:
        match part:
            case Reasoning():
                thought += part.text
                if (config.get("includeThoughts") or config.get("include_thoughts")) and not part.redacted:
                    parts += [{"text": piece, "thought": True} for piece in Text(part.text).pieces()]
            case Drawn():
                blob: dict[str, Any] = {"inlineData": {"mimeType": part.media_type, "data": part.base64}}
                parts.append({**blob, "thought": True} if part.is_sketch else blob)
            case Call() if json_object(part.json):
                parts.append({"functionCall": {"name": part.name, "args": _args(part), **_id(part, context)}})
            case Call():
                pass
            case Search() if (context.body.get("toolConfig") or {}).get("includeServerSideToolInvocations"):
                parts += gemini_call(part, part.id or new_id("", 8))
            case Text():
                parts += [{"text": piece} for piece in part.pieces()]
            case Cites():
                parts += [{"text": piece} for piece in Text(part.text).pieces()]
            case Refusal():
                parts += [{"text": piece} for piece in Text(part.text).pieces()]
    if context.facts.reasons:
        _sign(parts, seal(thought, context.facts.issuer), draws=context.facts.draws)
    return parts


def _sign(parts: list[dict[str, Any]], signature: str, *, draws: bool) -> None:
    """On the first call; where there is none, on the last part, which while streaming may be an empty one.

    A model that draws signs each picture that is no sketch, and its first words
    (ai.google.dev/gemini-api/docs/image-generation#thought-signatures).
    """
    if draws:
        drawn = [part for part in parts if "inlineData" in part and not part.get("thought")]
        words = [part for part in parts if "text" in part and not part.get("thought")]
        for part in [*words[:1], *drawn]:
            part["thoughtSignature"] = signature
        if drawn or words:
            return
    calls = [part for part in parts if "functionCall" in part]
    if calls:
        calls[0]["thoughtSignature"] = signature
    else:
        parts.append({"text": "", "thoughtSignature": signature})


def _args(part: Call) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(part.json or "{}")
    return value


def _id(part: Call, context: Context) -> dict[str, str]:
    return {"id": part.id or new_id("", 8)} if context.facts.signs_calls else {}


def _usage(usage: Usage) -> dict[str, Any]:
    prompt = usage.input + usage.cache_read + usage.cache_write
    counted: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": prompt + usage.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    if usage.cache_read:
        counted["cachedContentTokenCount"] = usage.cache_read
    if usage.reasoning:
        counted["thoughtsTokenCount"] = usage.reasoning
    return counted
