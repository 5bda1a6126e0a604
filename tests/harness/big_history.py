"""A conversation of any length as a session holds it: tools, pictures, another model's turns, and a model's own."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from modules.llm.base import ToolSpec
from modules.llm.message import Message, Origin, user
from modules.llm.models import Model
from modules.llm.parts import Image, Part, Reasoning, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.turns.ask import request_for
from tests.harness.transformer_harness import REQUESTS

SAID = "What is said here is about as long as what people and models say to each other, and means nothing. " * 7
THOUGHT = "Hm. " * 40
SEALED = "EsgBCkYIBxgCKkCrWJ" * 12  # a signature, or reasoning that only its maker can read
PIXELS = "iVBORw0KGgoAAAANSUhEUg" * 400
ROUND = 10  # messages
PICTURED = 20  # one round in so many has a picture


def long_conversation(model: Model, length: int, tools: tuple[ToolSpec, ...] = ()) -> Conversation:
    """`length` messages, a multiple of ten, the last an answer; the ledger holds all that was sent before it."""
    *before, answer = _messages(model, length)
    talk = Conversation(model, "Be brief.")
    talk.extend(before)
    request = request_for(talk, model, tools)
    sent = REQUESTS[model.provider.dialect](request).messages
    assert sent is not None
    talk.ledger_for(model).commit(sent.pending)
    talk.append(answer)
    return talk


def _messages(model: Model, length: int) -> list[Message]:
    history: list[Message] = []
    rounds = cycle([_plain, _with_tools, _plain, _elsewhere])
    while len(history) < length:
        history += next(rounds)(model, len(history))
    return history


def _plain(model: Model, at: int) -> Iterator[Message]:
    pictured = at % (ROUND * PICTURED) == 0
    yield user(f"{at}: {SAID}", *([Image("image/png", f"{PIXELS}{at:07}", "screen.png")] if pictured else []))
    yield _answer(model, at, Reasoning(THOUGHT), Text(SAID))


def _with_tools(model: Model, at: int) -> Iterator[Message]:
    calls = [
        ToolCall(f"call_{at:022}{n}f", "weather", '{"city": "Zürich", "days": 3}', f"native_{at}_{n}") for n in range(2)
    ]
    yield user(f"{at}: {SAID}")
    yield _answer(model, at, Reasoning(THOUGHT), Text("Let me look."), *calls)
    yield Message("tool", tuple(ToolResult(call.id, (Text(SAID),)) for call in calls))
    yield _answer(model, at, Text(SAID))


def _elsewhere(model: Model, at: int) -> Iterator[Message]:
    yield user(f"{at}: {SAID}")
    yield Message("assistant", (Reasoning(THOUGHT), Text(SAID)), Origin("other", "other.example", "other"))


def _answer(model: Model, at: int, *parts: Part) -> Message:
    provider = model.provider
    match provider.dialect:
        case "anthropic-messages":
            native: Any = [_block(part) for part in parts]
        case "openai-responses":
            native = [_item(part, f"{at}_{n}") for n, part in enumerate(parts)]
        case "gemini-content":
            native = [_part(part) for part in parts]
        case _:
            native = _chat_message(model, parts)
    return Message("assistant", parts, Origin(provider.dialect, model.issuer, model.id), native, stop="end_turn")


def _block(part: Part) -> dict[str, Any]:
    match part:
        case Reasoning(text):
            return {"type": "thinking", "thinking": text, "signature": SEALED}
        case ToolCall():
            return {"type": "tool_use", "id": part.native_id, "name": part.name, "input": part.parsed()}
        case _:
            return {"type": "text", "text": SAID}


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Reasoning(text):
            return {"text": text, "thought": True}
        case ToolCall():
            call = {"id": part.native_id, "name": part.name, "args": part.parsed()}
            return {"functionCall": call, "thoughtSignature": SEALED}
        case _:
            return {"text": SAID, "thoughtSignature": SEALED}


def _item(part: Part, number: str) -> dict[str, Any]:
    match part:
        case Reasoning(text):
            summary = [{"type": "summary_text", "text": text}]
            return {"id": f"rs_{number}", "type": "reasoning", "summary": summary, "encrypted_content": SEALED}
        case ToolCall():
            call = {"call_id": part.native_id, "name": part.name, "arguments": part.arguments}
            return {"id": f"fc_{number}", "type": "function_call", "status": "completed", **call}
        case _:
            content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": SAID}]
            said = {"content": content, "role": "assistant"}
            return {"id": f"msg_{number}", "type": "message", "status": "completed", **said}


def _chat_message(model: Model, parts: tuple[Part, ...]) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": "assistant", "content": SAID}
    is_ollama = model.provider.dialect == "ollama-chat"
    for part in parts:
        match part:
            case Reasoning(text):
                wire["thinking" if is_ollama else model.profile.replay[0]] = text
            case ToolCall():
                function = {"name": part.name, "arguments": part.parsed() if is_ollama else part.arguments}
                kind = {} if is_ollama else {"type": "function"}
                wire.setdefault("tool_calls", []).append({"id": part.native_id, **kind, "function": function})
    return wire
