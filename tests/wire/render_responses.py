"""An answer as OpenAI Responses events: created, output items with their deltas, completed."""

from typing import Any

from tests.wire.answers import Answer, Call, Cites, Drawn, Part, Reasoning, Refusal, Search, Text, Usage
from tests.wire.searches import openai_call, url_citations
from tests.wire.signatures import conceal, linked_id
from tests.wire.sse import Context, Event, new_id

# The neutral stop word, and what the status and its details say for it.
_STOPS: dict[str, tuple[str, str | None]] = {
    "max_tokens": ("incomplete", "max_output_tokens"),
    "max_output_tokens": ("incomplete", "max_output_tokens"),
    "content_filter": ("incomplete", "content_filter"),
    "failed": ("failed", None),
}


_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def render(answer: Answer, context: Context) -> list[Event]:
    """Give all events of one answer, numbered."""
    stream = _Stream(_response(answer, context))
    for phase in ("created", "in_progress"):
        stream.add(f"response.{phase}", response=stream.response)
    for part in answer.parts:
        if not isinstance(part, Reasoning) or context.facts.reasons:
            stream.item(part, context)
    status, reason = _STOPS.get(answer.stop_reason, ("completed", None))
    final = {
        **stream.response,
        "status": status,
        "output": stream.output,
        "usage": _usage(context.usage(answer)),
        "incomplete_details": {"reason": reason} if reason else None,
        "error": {"code": "server_error", "message": "The model failed."} if status == "failed" else None,
    }
    stream.add(f"response.{status}", response=final)
    return stream.events


class _Stream:
    """Collects numbered events and finished output items."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.response = response
        self.events: list[Event] = []
        self.output: list[dict[str, Any]] = []
        self._thought = ""  # id of the reasoning item that the next items belong to

    def _new_id(self, prefix: str) -> str:
        return linked_id(prefix, self._thought, new_id("")) if self._thought else new_id(prefix + "0", 47)

    def add(self, kind: str, **fields: object) -> None:
        data = {"type": kind, "sequence_number": len(self.events), **fields}
        self.events.append(Event(kind, data, terminal=kind in _TERMINAL))

    def item(self, part: Part, context: Context) -> None:
        index = len(self.output)
        match part:
            case Reasoning():
                done = self._reasoning(part, context, index)
            case Call():
                done = self._call(part, index)
            case Drawn():
                done = self._drawn(part, index)
            case Search():
                done = self._search(part, context, index)
            case Text() | Refusal() | Cites():
                done = self._message(part, index)
        self.add("response.output_item.done", output_index=index, item=done)
        self.output.append(done)

    def _reasoning(self, part: Reasoning, context: Context, index: int) -> dict[str, Any]:
        sealed = conceal(part.text, context.facts.issuer)
        item: dict[str, Any] = {"id": new_id("rs_", 48), "type": "reasoning", "summary": []}
        self._thought = item["id"]
        # The ciphertext of the opening event is not yet the final one, as in the real stream.
        self.add("response.output_item.added", output_index=index, item={**item, "encrypted_content": sealed[:40]})
        asked = (context.body.get("reasoning") or {}).get("summary")
        if asked and part.text and not part.redacted:
            at = {"item_id": item["id"], "output_index": index, "summary_index": 0}
            whole = {"type": "summary_text", "text": part.text}
            self.add("response.reasoning_summary_part.added", **at, part={**whole, "text": ""})
            for piece in Text(part.text).pieces():
                self.add("response.reasoning_summary_text.delta", **at, delta=piece)
            self.add("response.reasoning_summary_text.done", **at, text=part.text)
            self.add("response.reasoning_summary_part.done", **at, part=whole)
            item["summary"] = [whole]
        return {**item, "encrypted_content": sealed}

    def _search(self, part: Search, context: Context, index: int) -> dict[str, Any]:
        item_id = part.id or self._new_id("ws_")
        begun = {"id": item_id, "type": "web_search_call", "status": "in_progress"}
        self.add("response.output_item.added", output_index=index, item=begun)
        for phase in ("in_progress", "searching", "completed"):
            self.add(f"response.web_search_call.{phase}", output_index=index, item_id=item_id)
        return openai_call(part, item_id, context.body.get("include") or [])

    def _drawn(self, part: Drawn, index: int) -> dict[str, Any]:
        item = {"id": self._new_id("ig_"), "type": "image_generation_call", "status": "in_progress"}
        self.add("response.output_item.added", output_index=index, item=item)
        at = {"item_id": item["id"], "output_index": index}
        for phase in ("in_progress", "generating"):
            self.add(f"response.image_generation_call.{phase}", **at)
        half = {"partial_image_index": 0, "partial_image_b64": part.base64[:8], "output_format": "png"}
        self.add("response.image_generation_call.partial_image", **at, **half)
        self.add("response.image_generation_call.completed", **at)
        made = {"output_format": part.media_type.partition("/")[2], "revised_prompt": "A picture.", "size": "auto"}
        return {**item, "status": "completed", **made, "result": part.base64}

    def _message(self, part: Text | Refusal | Cites, index: int) -> dict[str, Any]:
        base = {"id": self._new_id("msg_"), "type": "message", "role": "assistant"}
        self.add(
            "response.output_item.added",
            output_index=index,
            item={**base, "status": "in_progress", "content": []},
        )
        at = {"item_id": base["id"], "output_index": index, "content_index": 0}
        if isinstance(part, Refusal):
            event, text, pieces = "response.refusal", part.text, Text(part.text).pieces()
            content: dict[str, Any] = {"type": "refusal", "refusal": text}
            empty, done = {**content, "refusal": ""}, {"refusal": text}
        else:
            event, text, pieces = "response.output_text", part.whole, Text(part.whole).pieces()
            pieces = part.pieces() if isinstance(part, Text) else pieces
            named = url_citations(part) if isinstance(part, Cites) else []
            content = {"type": "output_text", "annotations": named, "logprobs": [], "text": text}
            empty, done = {**content, "text": "", "annotations": []}, {"text": text}
        self.add("response.content_part.added", **at, part=empty)
        for piece in pieces:
            self.add(f"{event}.delta", **at, delta=piece)
        for number, one in enumerate(content.get("annotations") or ()):
            self.add("response.output_text.annotation.added", **at, annotation_index=number, annotation=one)
        self.add(f"{event}.done", **at, **done)
        self.add("response.content_part.done", **at, part=content)
        return {**base, "status": "completed", "content": [content]}

    def _call(self, part: Call, index: int) -> dict[str, Any]:
        item: dict[str, Any] = {
            "id": self._new_id("fc_"),
            "type": "function_call",
            "status": "in_progress",
            "arguments": "",
            "call_id": part.id or new_id("call_", 24),
            "name": part.name,
        }
        self.add("response.output_item.added", output_index=index, item=item)
        at = {"item_id": item["id"], "output_index": index}
        for piece in Text(part.json, part.deltas).pieces():
            self.add("response.function_call_arguments.delta", **at, delta=piece)
        self.add("response.function_call_arguments.done", **at, name=part.name, arguments=part.json)
        return {**item, "status": "completed", "arguments": part.json}


def _usage(usage: Usage) -> dict[str, Any]:
    total_in = usage.input + usage.cache_read + usage.cache_write
    return {
        "input_tokens": total_in,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": total_in + usage.output,
    }


def _response(answer: Answer, context: Context) -> dict[str, Any]:
    body = context.body
    return {
        "id": new_id("resp_", 48),
        "object": "response",
        "created_at": context.created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": context.model(answer),
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
    }
