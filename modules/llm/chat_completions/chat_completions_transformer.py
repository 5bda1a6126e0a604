"""The Chat Completions wire format, which Groq and every compatible endpoint share; what differs is in the Profile."""

import hashlib
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeGuard, assert_never

from modules.llm.base import ChatRequest, PreparedRequest, ToolSpec
from modules.llm.conversion.conversion_state import UPDATE
from modules.llm.conversion.portable_schema import shortened
from modules.llm.conversion.replay import CHAT_KEYS
from modules.llm.conversion.wire_json import WireList
from modules.llm.generation.json_format import response_format
from modules.llm.ledger.ledger import WireMessages
from modules.llm.message import Message, MessageTransformer
from modules.llm.parts import (
    Attached,
    Content,
    File,
    Image,
    Part,
    Text,
    ToolCall,
    ToolResult,
    Wire,
    below_note,
    contents,
    file_as_text,
    file_note,
    image_note,
    safe_arguments,
    safe_name,
    visible_text,
)

DIALECT = "openai-chat"
OPENING = "[The conversation begins with the answer below.]"
GOING_ON = "[The answer goes on below.]"
AFTER_TOOLS = "The tools have answered."  # Mistral takes no message of the person right after a result
ALPHANUMERIC = string.digits + string.ascii_letters
RESULT_IMAGES = "[The images that the tools above returned:]"
RESULT_FILES = "[The files that the tools above returned:]"


class ChatTransformer(MessageTransformer):
    dialect = DIALECT

    def user(self, message: Message, notes: Sequence[str]) -> Iterator[Wire]:
        yield {"role": "user", "content": self._content([*map(_text, notes), *self._pieces(message.parts)])}

    def native(self, message: Message) -> Iterator[Wire]:
        yield self._reasoned(message.native)

    def bare(self, message: Message) -> Iterator[Wire]:
        yield self._reasoned({key: value for key, value in message.native.items() if key in CHAT_KEYS})

    def instructions(self, text: str) -> Wire | None:
        profile = self.model.profile  # where the last message must be the person's or a tool's, it is a note
        last_decides = profile.strict_roles or profile.call_ids == "mistral9" or profile.system != "anywhere"
        return None if last_decides else {"role": "system", "content": text}

    def assistant(self, message: Message) -> Iterator[Wire]:
        profile = self.model.profile
        text = "\n\n".join(visible_text(message.parts))
        wire: Wire = {"role": "assistant", "content": text or (None if profile.null_content else "")}
        if calls := [self._call(call) for call in message.calls]:
            wire["tool_calls"] = calls
        yield self._reasoned(wire)

    def _reasoned(self, wire: Wire) -> Wire:
        """With the reasoning that the endpoint demands beside calls; the words stand in where there was none."""
        field = self.model.profile.reasoning_required
        if not field or field in self.model.profile.refused_in_messages or not wire.get("tool_calls") or field in wire:
            return wire
        return {**wire, field: wire.get("content") or ""}

    def results(self, message: Message, own: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Wire]:
        below: list[Attached] = []  # a tool's message holds text and nothing else
        for result in message.results:
            yield {"role": "tool", "tool_call_id": self._id(result.call_id, own), "content": self._result_text(result)}
            below.extend(part for part in result.parts if self._goes_below(part))
        if below:
            title = RESULT_IMAGES if all(isinstance(part, Image) for part in below) else RESULT_FILES
            yield {"role": "user", "content": [_text(title), *self._pieces(below)]}

    def joined(self, before: Wire, wire: Wire) -> Wire | None:
        """Neighbouring messages of the person become one, which strict chat templates insist on."""
        if before["role"] != "user" or wire["role"] != "user":
            return None
        return {"role": "user", "content": self._content(_pieces_of(before["content"]) + _pieces_of(wire["content"]))}

    def bridge(self, before: Wire | None, wire: Wire) -> Wire | None:
        """What else a strict endpoint insists on."""
        last, profile = before["role"] if before else "", self.model.profile
        bridged = profile.bridge or profile.call_ids == "mistral9"
        if last == "tool" and wire["role"] == "user" and bridged:
            return {"role": "assistant", "content": AFTER_TOOLS}
        if profile.strict_roles and wire["role"] == "assistant" and last in ("", "assistant"):
            return {"role": "user", "content": OPENING if before is None else GOING_ON}
        return None

    def _call(self, call: ToolCall) -> Wire:
        wire: Wire = {
            "id": self._id(call.id, {}),
            "type": "function",
            "function": {"name": safe_name(call), "arguments": safe_arguments(call)},
        }
        if self.model.profile.call_signature:
            wire["extra_content"] = {"google": {"thought_signature": self.model.profile.call_signature}}
        return wire

    def _id(self, call_id: str, own: Mapping[str, str]) -> str:
        if call_id in own:
            return own[call_id]
        if self.model.profile.call_ids == "mistral9":
            number = int.from_bytes(hashlib.sha256(call_id.encode()).digest())
            return "".join(ALPHANUMERIC[number // 62**place % 62] for place in range(9))
        return call_id

    def _goes_below(self, part: Content) -> TypeGuard[Attached]:
        """Whether this part of a result is given in a message of the person, after the results."""
        match part:
            case Text():
                return False
            case Image():
                return self.sees
            case File(media_type):
                return self.reads and media_type != "text/plain"
            case _:
                assert_never(part)

    def _result_text(self, result: ToolResult) -> str:
        notes = [self._note(part) for part in result.parts if not isinstance(part, Text)]
        text = "\n".join([result.text, *notes] if result.text else notes)
        return f"Error: {text}" if result.is_error else text

    def _note(self, part: Attached) -> str:
        """What stands in the result for what is no text."""
        if self._goes_below(part):
            return below_note(part)
        match part:
            case Image():
                return image_note(part, self.model)
            case File("text/plain"):
                return file_as_text(part)
            case File():
                return file_note(part, self.model)
            case _:
                assert_never(part)

    def _content(self, pieces: list[Wire]) -> str | list[Wire]:
        """A plain string where there is only text: every server understands that."""
        if all(piece["type"] == "text" for piece in pieces):
            return "\n\n".join(piece["text"] for piece in pieces)
        return pieces

    def _pieces(self, parts: Collection[Part]) -> Iterator[Wire]:
        for part in contents(parts):
            match part:
                case Text(text) if text.strip():
                    yield _text(text)
                case Text():  # no server takes blanks
                    pass
                case Image() if self.sees:
                    yield {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{part.base64}"}}
                case Image():
                    yield _text(image_note(part, self.model))
                case File("text/plain"):
                    yield _text(file_as_text(part))
                case File() if self.reads:
                    data = f"data:{part.media_type};base64,{part.base64}"
                    yield {"type": "file", "file": {"filename": part.name or "document", "file_data": data}}
                case File():
                    yield _text(file_note(part, self.model))
                case _:
                    assert_never(part)


def prepare(request: ChatRequest) -> PreparedRequest:
    """The whole request; the system prompt is the first message."""
    model, profile = request.model, request.model.profile
    messages = request.wire_messages(ChatTransformer(model))
    history = _instructed(messages, request.system, by_user=profile.system == "user")
    format = response_format(request.answer_schema, request.answer_form)
    streams = format is None or profile.format_streams
    body: Wire = {"model": model.id, "messages": history, "stream": streams}
    if profile.usage_option and streams:
        body["stream_options"] = {"include_usage": True}
    request.add_options(body)
    if profile.draws:
        body["modalities"] = ["image", "text"]
    if format is not None:
        body["response_format"] = format
    if request.declared:
        body["tools"] = [_declared(tool, profile.web_search) for tool in request.declared]
        if request.tool_choice == "none":
            body["tool_choice"] = "none"
    if profile.effort and request.reasoning in model.reasoning and request.reasoning is not None:
        body["reasoning_effort"] = request.reasoning
    if profile.effort == "groq" and model.reasoning:
        body["reasoning_format"] = "parsed"
    return request.prepared(body, messages)


def _instructed(messages: WireMessages, system: str, *, by_user: bool) -> WireList:
    """The messages with the instructions at the head; in the person's first message where there is no role for them."""
    if not system.strip():
        return messages.listed()
    if not by_user:
        return messages.listed({"role": "system", "content": system})
    note = _text(UPDATE.format(system))
    head: list[Wire] = []
    for wire in messages:
        if wire["role"] == "user":
            first = _pieces_of(wire["content"])
            plain = all(piece["type"] == "text" for piece in first)
            content = "\n\n".join(piece["text"] for piece in (note, *first)) if plain else [note, *first]
            return messages.listed(*head, {**wire, "content": content}, since=len(head) + 1)
        head.append(wire)
    return messages.listed({"role": "user", "content": note["text"]})


def _declared(tool: ToolSpec, own_search: str) -> Wire:
    if tool.native:
        return {"type": own_search}
    description, schema = shortened(tool.wire_description, tool.schema)
    return {"type": "function", "function": {"name": tool.name, "description": description, "parameters": schema}}


def _text(text: str) -> Wire:
    return {"type": "text", "text": text}


def _pieces_of(content: Any) -> list[Wire]:
    return [_text(content)] if isinstance(content, str) else list(content)
