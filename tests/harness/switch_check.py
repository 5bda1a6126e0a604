"""What a handover says of a request, against what stands in that request: looked up there by means of their own."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from modules.llm.message import Message, says_something, sees
from modules.llm.models import Model
from modules.llm.parts import Reasoning, Wire
from modules.session.switching.switch import SwitchSummary
from tests.harness.cases import DOCUMENT, PICTURE

THINKS = ("thinking", "redacted_thinking", "reasoning")
PLAIN_KEYS = ("role", "content", "tool_calls", "refusal")


def disagreements(summary: SwitchSummary, messages: Sequence[Message], model: Model, body: Wire) -> Iterator[str]:
    """Each way in which they disagree; `model` is as it turned out to be, `messages` the conversation (B11)."""
    standing = dict(stands(messages))
    for at in standing.keys() - summary.replays.keys():
        yield f"message {at} stands in the request and nothing is said of it"
    for at, how in summary.replays.items():
        if at not in standing and (how.reasoning or how.images or how.documents or how.calls):
            yield f"message {at} is no part of the request and {how} is said of it"
        if how.way != "projected" and not is_its_own(messages[at], model):
            yield f"message {at} goes {how.way} to a stranger"
    own = {at for at, how in summary.replays.items() if how.way == "as_is" and at in standing}
    yield from _reasoning(summary, standing, own, model, body)
    yield from _media(summary, standing, model, body)
    yield from _calls(summary, standing, model, body)


def is_its_own(message: Message, model: Model) -> bool:
    origin = message.origin
    return origin is not None and origin.issuer == model.issuer and origin.dialect == model.provider.dialect


def stands(messages: Sequence[Message]) -> Iterator[tuple[int, Message]]:
    """What a request tells of a conversation: no refused turns, no blanks, no results that nobody asked for."""
    dropped: set[int] = set()
    turn: list[int] = []
    for at, message in enumerate(messages):
        turn = [at] if message.role == "user" else [*turn, at]
        if message.state == "refused":
            dropped.update(turn)
    before: Message | None = None
    for at, message in enumerate(messages):
        if message.role == "system":
            continue
        asked, before = before, None
        if at in dropped or (message.role != "tool" and not says_something(message)):
            continue
        if message.role != "tool":
            before = message
            yield at, message
        elif asked is not None and asked.calls:
            yield at, message


def _reasoning(
    summary: SwitchSummary, standing: dict[int, Message], own: set[int], model: Model, body: Wire
) -> Iterator[str]:
    there = Counter(_reasoning_in(_history_in(body), model))
    due = Counter(piece for at in own for piece in _reasoning_in(_as_sent(standing[at].native), model))
    if there != due:
        yield f"reasoning: {dict(there)} stands in the request, {dict(due)} is said to"
    pieces = sum(_pieces(message) for at, message in standing.items() if at not in own)
    if summary.left_out.reasoning != pieces:
        yield f"{summary.left_out.reasoning} pieces of reasoning are said to be left out, and {pieces} are"


def _history_in(body: Wire) -> list[Wire]:
    history: list[Wire] = body.get("messages") or body.get("input") or body["contents"]
    return history


def _as_sent(native: Any) -> list[Wire]:
    """A native answer as a piece of a history."""
    if isinstance(native, dict):
        return [native]
    if not all("type" in item for item in native):
        return [{"role": "model", "parts": native}]
    blocks = all(item.get("type") not in ("message", "function_call", "reasoning") for item in native)
    return [{"role": "assistant", "content": native}] if blocks else native


def _reasoning_in(history: Sequence[Wire], model: Model) -> Iterator[str]:
    demanded = model.profile.reasoning_required
    for wire in history:
        if wire.get("type") in THINKS:
            yield _spelled(wire)
        yield from (_spelled(part) for part in wire.get("parts", ()) if _is_sealed(part))
        if wire.get("role") != "assistant" or "type" in wire:
            continue
        content = wire.get("content")
        if model.provider.dialect == "anthropic-messages":
            yield from (_spelled(block) for block in content or () if block["type"] in THINKS)
            continue
        for key, value in wire.items():
            stands_in = key == demanded and "tool_calls" in wire and value == (content or "")
            if key not in PLAIN_KEYS and not stands_in:
                yield f"{key}: {_spelled(value)}"


def _is_sealed(part: Wire) -> bool:
    """Whether a part of Gemini's holds reasoning of its own, and not the placeholder for that of others."""
    return part.get("thoughtSignature") not in (None, "skip_thought_signature_validator")


def _spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _pieces(message: Message) -> int:
    """How many pieces of reasoning an answer holds, the unreadable ones included."""
    shown = sum(isinstance(part, Reasoning) for part in message.parts)
    native = message.native if isinstance(message.native, list) else []
    return max(shown, sum(item.get("type") in THINKS or _is_sealed(item) for item in native))


def _media(summary: SwitchSummary, standing: dict[int, Message], model: Model, body: Wire) -> Iterator[str]:
    text = json.dumps(body)
    parts = [part for at in standing for part in _given(standing, at)]
    for what, sample, said in (
        ("pictures", PICTURE, summary.left_out.images),
        ("PDF", DOCUMENT, summary.left_out.documents),
    ):
        asked = sum(part == sample for part in parts)
        sent = text.count(sample.base64)
        if sample is PICTURE and sent != (min(asked, model.profile.images or asked) if sees(model) else 0):
            yield f"{sent} of {asked} pictures stand in the request of a model that takes {model.profile.images}"
        if asked - sent != said:
            yield f"{what}: {sent} of {asked} stand in the request, {said} are said to be left out"


def _given(standing: dict[int, Message], at: int) -> Iterator[Any]:
    """The parts of a message; of results only the first for each call counts."""
    message = standing[at]
    if message.role != "tool":
        yield from message.parts
        return
    asked = next(one for place, one in sorted(standing.items(), reverse=True) if place < at)
    for call in asked.calls:
        result = next((one for one in message.results if one.call_id == call.id), None)
        yield from result.parts if result is not None else ()


def _calls(summary: SwitchSummary, standing: dict[int, Message], model: Model, body: Wire) -> Iterator[str]:
    sent = list(_call_ids(_history_in(body)))
    due: list[str] = []
    for at, message in sorted(standing.items()):
        how = summary.replays.get(at)
        if how is None or not message.calls:
            continue
        if how.calls != (0 if model.tools else len(message.calls)):
            yield f"message {at}: {how.calls} calls are said to be told as text"
        if not model.tools:
            continue
        projected = how.way == "projected"
        due += ["" if projected else call.native_id for call in message.calls]
        if projected and how.renamed != sum(bool(call.native_id) for call in message.calls):
            yield f"message {at}: {how.renamed} calls are said to be renamed"
    minted = {call.id: call for message in standing.values() for call in message.calls}
    native = {call.native_id for call in minted.values()}
    found = ["" if one in minted or (len(one) == 9 and one not in native) else one for one in sent]
    if found != due:
        yield f"calls go under {sent}, and {due} is said, '' for ids of ours"
    as_text = json.dumps(body).count("[called ")
    if as_text != summary.left_out.calls:
        yield f"{as_text} calls are told as text, {summary.left_out.calls} are said to be"


def _call_ids(history: Sequence[Wire]) -> Iterator[str]:
    for wire in history:
        if wire.get("type") == "function_call":
            yield wire["call_id"]
        yield from (call["id"] for call in wire.get("tool_calls") or ())
        yield from (part["functionCall"]["id"] for part in wire.get("parts", ()) if "functionCall" in part)
        content = wire.get("content")
        if isinstance(content, list):
            yield from (block["id"] for block in content if block.get("type") == "tool_use")
