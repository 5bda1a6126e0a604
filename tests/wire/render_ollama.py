"""An answer as lines of Ollama's /api/chat."""

import json
from collections.abc import Iterator
from typing import Any

from tests.wire.answers import Answer, Call, Cites, Reasoning, Refusal, Text, Usage
from tests.wire.sse import Context, Event, JsonLine, new_id

_DONE = {"end_turn": "stop", "tool_use": "stop", "max_tokens": "length"}


def render(answer: Answer, context: Context) -> list[Event]:
    """Give all lines of one answer; the last is the one that is done."""
    base = {"model": context.model(answer), "created_at": "2026-08-21T18:48:22.640514Z"}
    said = [{**base, "message": message, "done": False} for message in _messages(answer, context)]
    last = {
        **base,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": _done_reason(answer),
        "total_duration": 4_883_583_458,
        "load_duration": 1_334_875,
        **_counts(context.usage(answer)),
    }
    return [*(JsonLine(None, line) for line in said), JsonLine(None, last, terminal=True)]


def _done_reason(answer: Answer) -> str:
    """The word for why it ended. A model that declines has no word for it; one of the cloud may."""
    word = answer.stop_reason
    return "stop" if word == "refusal" and not answer.stop else _DONE.get(word, word)


def _messages(answer: Answer, context: Context) -> Iterator[dict[str, Any]]:
    calls = 0
    for part in answer.parts:
        match part:
            case Text() | Refusal() | Cites():
                text = part if isinstance(part, Text) else Text(part.text)
                yield from ({"role": "assistant", "content": piece} for piece in text.pieces())
            case Reasoning():
                if context.facts.reasons and not part.redacted and context.body.get("think") is not False:
                    pieces = Text(part.text).pieces()
                    yield from ({"role": "assistant", "content": "", "thinking": piece} for piece in pieces)
            case Call():
                yield {"role": "assistant", "content": "", "tool_calls": [_call(part, calls)]}
                calls += 1


def _call(part: Call, index: int) -> dict[str, Any]:
    """A call comes whole, with arguments as an object; as text only from what is no server of Ollama's."""
    try:
        arguments = json.loads(part.json or "{}", parse_constant=_refuse)
    except (ValueError, RecursionError):
        arguments = None
    arguments = arguments if isinstance(arguments, dict) else part.json
    function = {"index": index, "name": part.name, "arguments": arguments}
    return {"id": part.id or new_id("call_", 8), "function": function}


def _counts(usage: Usage) -> dict[str, int]:
    read = usage.input + usage.cache_read + usage.cache_write
    return {"prompt_eval_count": read, "prompt_eval_duration": 1, "eval_count": usage.output, "eval_duration": 1}


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
