"""What a message or a tool holds of each kind, as a model is given it: amounts that add up over a request."""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import add, mul
from typing import TypeAlias, assert_never

from modules.llm.conversion.replay import missed, pieces_of_reasoning, replay
from modules.llm.history import Message
from modules.llm.models import Model
from modules.llm.parts import (
    Attached,
    Content,
    File,
    Image,
    Part,
    Text,
    ToolCall,
    ToolResult,
    contents,
    file_as_text,
    file_note,
    image_note,
    visible_text,
)
from modules.llm.tokens.text_kinds import NONE, counted
from modules.llm.tokens.usual_weights import AMOUNTS, BESIDE, usual_weights
from modules.llm.tool_spec import ToolSpec

AROUND_A_TOOL = 8  # tokens
Amount: TypeAlias = "array[int]"  # in the order of AMOUNTS
NOTHING: Amount = array("I", [0] * len(AMOUNTS))


def of_text(text: str) -> Amount:
    """Plain text, without a message around it."""
    return _amount(counted(text))


def of_request(system: str, tools: Iterable[ToolSpec], model: Model) -> Amount:
    """All of a request but its messages."""
    declared = sum(tool_tokens(tool, model) for tool in tools)
    return _amount(counted(system), tools=declared, requests=1)


def tool_tokens(tool: ToolSpec, model: Model) -> int:
    """About how many tokens the declaration of a tool takes by the usual weights."""
    text = f"{tool.name} {tool.wire_description} {json.dumps(tool.schema, ensure_ascii=False)}"
    tokens: float = sum(map(mul, usual_weights(model), counted(text)))
    return round(tokens) + AROUND_A_TOOL


def of_message(message: Message, model: Model) -> Amount:
    """A message as this model is given it; nothing where it is refused, and left out."""
    if message.state == "refused":
        return NOTHING
    if message.role == "assistant":
        return _of_answer(message, model)
    return _of_contents(_contents(message), model, calls=len(message.parts) if message.role == "tool" else 0)


def is_same_for_all(message: Message) -> bool:
    """Whether every model is given this message as the same amounts."""
    if message.role == "assistant":
        if any(isinstance(part, Image) for part in message.parts):
            return False
        return not message.usage or not message.usage.reasoning or not pieces_of_reasoning(message)
    return all(isinstance(part, Text) for part in _contents(message))


def _contents(message: Message) -> Iterator[Content]:
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield from part.parts
        else:
            yield from contents((part,))


def _of_answer(message: Message, model: Model) -> Amount:
    texts = visible_text(message.parts)
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    texts += [f"{call.name} {call.arguments}" for call in calls]
    reasoning = message.usage.reasoning if message.usage else 0
    if reasoning and replay(message, model).way != "as_is":
        reasoning = 0
    # What the model sees of pictures that an answer holds: there where it is its own, else in what was said next.
    seen = sum(_attached(part, model) for part in message.parts if isinstance(part, Image) and not missed(part, model))
    return _amount(_sum_of(texts), messages=1, reasoning=reasoning, pictures=seen)


def _of_contents(parts: Iterable[Content], model: Model, calls: int) -> Amount:
    texts: list[str] = []
    tokens = 0
    for part in parts:
        match part:
            case Text(text):
                texts.append(text)
            case File("text/plain"):
                texts.append(file_as_text(part))
            case Image():
                if missed(part, model):
                    texts.append(image_note(part, model))
                else:
                    tokens += _attached(part, model)
            case File():
                if missed(part, model):
                    texts.append(file_note(part, model))
                else:
                    tokens += _attached(part, model)
            case _:
                assert_never(part)
    return _amount(_sum_of(texts), messages=0 if calls else 1, calls=calls, pictures=tokens)


def _attached(part: Attached, model: Model) -> int:
    from modules.llm.tokens.attachments import document_tokens, picture_tokens  # few conversations have any

    match part:
        case Image():
            return picture_tokens(part, model)
        case File():
            return document_tokens(part, model)
        case _:
            assert_never(part)


def _sum_of(texts: Sequence[str]) -> Sequence[int]:
    if len(texts) == 1:
        return counted(texts[0])
    total: Sequence[int] = NONE
    for text in texts:
        total = list(map(add, total, counted(text)))
    return total


def _amount(text: Sequence[int], **beside: int) -> Amount:
    return array("I", [*text, *(beside.get(name, 0) for name in BESIDE)])


def characters(parts: Iterable[Part]) -> int:
    """About how much there is to count in these parts, in characters."""
    total = 0
    for part in parts:
        match part:
            case Text(text):
                total += len(text)
            case ToolCall():
                total += len(part.arguments)
            case ToolResult(parts=inner):
                total += characters(inner)
            case File():
                total += len(part.base64)
            case _:
                pass
    return total
