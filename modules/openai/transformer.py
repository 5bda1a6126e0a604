"""The shared history as OpenAI's Responses API wants it: a flat list of items, nothing stored on their side."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import assert_never

from modules.llm.base import ChatRequest, PreparedRequest
from modules.llm.generation.json_format import response_format
from modules.llm.generation.options import put
from modules.llm.message import Message, MessageTransformer
from modules.llm.parts import (
    File,
    Image,
    Part,
    Text,
    ToolResult,
    Wire,
    contents,
    file_as_text,
    file_note,
    image_note,
    safe_arguments,
    safe_name,
    visible_text,
)
from modules.llm.tool_spec import ToolSpec
from modules.openai.searches import SOURCES

DIALECT = "openai-responses"


class ResponsesTransformer(MessageTransformer):
    dialect = DIALECT

    def user(self, message: Message, notes: Sequence[str]) -> Iterator[Wire]:
        yield {"type": "message", "role": "user", "content": [*map(_text, notes), *self._pieces(message.parts)]}

    def native(self, message: Message) -> Iterable[Wire]:
        items: list[Wire] = message.native
        return items

    def bare(self, message: Message) -> Iterator[Wire]:
        # The ids of the other items are tied to the reasoning that made them, so they go too.
        for item in message.native:
            if item.get("type") != "reasoning":
                yield {key: value for key, value in item.items() if key != "id"}

    def instructions(self, text: str) -> Wire | None:
        if self.model.profile.system != "anywhere" or self.model.profile.strict_roles:
            return None
        role = "developer" if self.model.profile.developer else "system"
        return {"type": "message", "role": role, "content": [_text(text)]}

    def assistant(self, message: Message) -> Iterator[Wire]:
        if texts := visible_text(message.parts):
            # Without its type llama-server cannot tell an answer from other items (ggml-org/llama.cpp#26394).
            yield {"type": "message", "role": "assistant", "content": "\n\n".join(texts)}
        for call in message.calls:
            yield {
                "type": "function_call",
                "call_id": call.id,
                "name": safe_name(call),
                "arguments": safe_arguments(call),
            }

    def results(self, message: Message, own: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Wire]:
        for result in message.results:
            yield {
                "type": "function_call_output",
                "call_id": own.get(result.call_id, result.call_id),
                "output": self._output(result),
            }

    def _output(self, result: ToolResult) -> str | list[Wire]:
        pieces = list(self._pieces(result.parts))
        if result.is_error:
            pieces.insert(0, _text("[tool error]"))
        if all(piece["type"] == "input_text" for piece in pieces):
            return "\n".join(piece["text"] for piece in pieces)
        return pieces

    def _pieces(self, parts: Collection[Part]) -> Iterator[Wire]:
        for part in contents(parts):
            match part:
                case Text(text) if text.strip():
                    yield _text(text)
                case Text():  # the API refuses blanks
                    pass
                case Image() if self.sees:
                    url = f"data:{part.media_type};base64,{part.base64}"
                    yield {"type": "input_image", "image_url": url, "detail": "auto"}
                case Image():
                    yield _text(image_note(part, self.model))
                case File("text/plain"):
                    yield _text(file_as_text(part))
                case File() if self.reads:
                    data = f"data:{part.media_type};base64,{part.base64}"
                    yield {"type": "input_file", "filename": part.name or "document.pdf", "file_data": data}
                case File():
                    yield _text(file_note(part, self.model))
                case _:
                    assert_never(part)


def prepare(request: ChatRequest) -> PreparedRequest:
    """The whole request. Nothing is stored there, so encrypted reasoning is asked for and carried by us."""
    model = request.model
    body: Wire = {"model": model.id, "stream": True, "store": False}
    if request.system.strip():
        body["instructions"] = request.system
    messages = request.wire_messages(ResponsesTransformer(model))
    body["input"] = messages.listed()
    include = ["reasoning.encrypted_content"] if model.reasoning else []
    if request.declared:
        body["tools"] = [_declared(tool, model.profile.web_search) for tool in request.declared]
        if request.tool_choice == "none":
            body["tool_choice"] = "none"
        if any(tool.native for tool in request.declared):
            include.append(SOURCES)
    if model.profile.draws and request.tool_choice != "none":
        body.setdefault("tools", []).append({"type": "image_generation"})
    if include:
        body["include"] = include
    if model.reasoning:
        level = request.reasoning if request.reasoning in model.reasoning else None
        # Without reasoning there is nothing to sum up, and some may not ask (continuedev/continue#9607).
        wanted = {"summary": "auto"} if request.reasoning_shown and level != "none" else {}
        if level is not None:
            wanted["effort"] = level
        if wanted:
            body["reasoning"] = wanted
    request.add_options(body)
    if (format := response_format(request.answer_schema, request.answer_form)) is not None:
        put(body, {"text.format": {"type": format["type"], **format.get("json_schema", {})}})
    if request.session:
        body["prompt_cache_key"] = request.session
    return request.prepared(body, messages)


def _declared(tool: ToolSpec, own_search: str) -> Wire:
    if tool.native:
        return {"type": own_search}
    described = {"name": tool.name, "description": tool.wire_description, "parameters": tool.schema}
    return {"type": "function", **described, "strict": False}


def _text(text: str) -> Wire:
    return {"type": "input_text", "text": text}
