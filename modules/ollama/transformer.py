"""The shared history as Ollama's /api/chat wants it: text and pictures apart, arguments as objects, results by name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import assert_never

from modules.llm.base import ChatRequest, PreparedRequest, ToolSpec
from modules.llm.message import Message, MessageTransformer
from modules.llm.models import Level
from modules.llm.parts import (
    Attached,
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
    safe_name,
    visible_text,
)
from modules.ollama.context_size import context_size, tokens_in

DIALECT = "ollama-chat"
OPENING = "[The conversation begins with the answer below.]"
GOING_ON = "[The answer goes on below.]"
RESULT_IMAGES = "[The images that the tools above returned:]"
# ollama/ollama, api/types.go: a word, or true and false where a model only thinks or does not.
WORDS: dict[Level, str] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
SWITCH: tuple[Level, ...] = ("none", "medium")  # the levels of a model that only thinks or does not


class OllamaTransformer(MessageTransformer):
    dialect = DIALECT

    def user(self, message: Message, notes: Sequence[str]) -> Iterator[Wire]:
        yield self._said([*notes, *self._texts(message.parts)], self._pictures(message.parts))

    def native(self, message: Message) -> Iterator[Wire]:
        yield message.native

    def bare(self, message: Message) -> Iterator[Wire]:
        yield {key: value for key, value in message.native.items() if key != "thinking"}

    def instructions(self, text: str) -> Wire | None:
        return None  # many a model's template knows only a system message at the head

    def assistant(self, message: Message) -> Iterator[Wire]:
        wire: Wire = {"role": "assistant", "content": "\n\n".join(visible_text(message.parts))}
        if calls := [_call(call) for call in message.calls]:
            wire["tool_calls"] = calls
        yield wire

    def results(self, message: Message, own: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Wire]:
        """A message for each. Servers pair them by id, by name or by their order, as they are of an age."""
        pictures: list[str] = []  # a tool's message holds text and nothing else
        for result in message.results:
            yield {
                "role": "tool",
                "content": self._result_text(result),
                "tool_name": names.get(result.call_id, "tool"),
                "tool_call_id": own.get(result.call_id, result.call_id),
            }
            pictures += self._pictures(result.parts)
        if pictures:
            yield self._said([RESULT_IMAGES], pictures)

    def joined(self, before: Wire, wire: Wire) -> Wire | None:
        if before["role"] != "user" or wire["role"] != "user":
            return None
        texts = [one["content"] for one in (before, wire) if one["content"]]
        return self._said(texts, [*before.get("images", ()), *wire.get("images", ())])

    def bridge(self, before: Wire | None, wire: Wire) -> Wire | None:
        """What templates insist on that let person and model take turns."""
        if wire["role"] != "assistant" or (before is not None and before["role"] != "assistant"):
            return None
        return {"role": "user", "content": OPENING if before is None else GOING_ON}

    def _said(self, texts: Sequence[str], pictures: Sequence[str]) -> Wire:
        wire: Wire = {"role": "user", "content": "\n\n".join(texts)}
        return {**wire, "images": list(pictures)} if pictures else wire

    def _pictures(self, parts: Collection[Part]) -> list[str]:
        return [part.base64 for part in contents(parts) if isinstance(part, Image)] if self.sees else []

    def _texts(self, parts: Collection[Part]) -> Iterator[str]:
        for part in contents(parts):
            match part:
                case Text(text):
                    if text.strip():
                        yield text
                case Image():
                    if not self.sees:
                        yield image_note(part, self.model)
                case File():
                    yield self._document(part)
                case _:
                    assert_never(part)

    def _document(self, file: File) -> str:
        # The API has no place for a document (docs/api.md).
        return file_as_text(file) if file.media_type == "text/plain" else file_note(file, self.model)

    def _result_text(self, result: ToolResult) -> str:
        notes = [self._note(part) for part in result.parts if not isinstance(part, Text)]
        text = "\n".join([result.text, *notes] if result.text else notes)
        return f"Error: {text}" if result.is_error else text

    def _note(self, part: Attached) -> str:
        """What stands in the result for what is no text."""
        match part:
            case Image():
                return below_note(part) if self.sees else image_note(part, self.model)
            case File():
                return self._document(part)
            case _:
                assert_never(part)


def prepare(request: ChatRequest) -> PreparedRequest:
    """The whole request; the server is asked to keep as much of it as is needed."""
    return sized(request)[0]


def sized(request: ChatRequest, at_least: int = 0) -> tuple[PreparedRequest, int]:
    """The whole request, and how many tokens the server is asked to keep of it: `at_least` so many.

    Unless `truncate` and `shift` are false (ollama#12582) a server drops the beginning of what does not fit, and says
    nothing.
    """
    model = request.model
    messages = request.wire_messages(OllamaTransformer(model))
    system = [{"role": "system", "content": request.system}] if request.system.strip() else []
    body: Wire = {"model": model.id, "messages": messages.listed(*system), "stream": True}
    if request.declared:  # no field says that they may not be called; without them the server would read all anew
        body["tools"] = [_declared(tool) for tool in request.declared]
    if (think := _think(request.reasoning, model.reasoning)) is not None:
        body["think"] = think
    read = messages.total(tokens_in) + sum(map(tokens_in, [*system, *body.get("tools", ())]))
    size = context_size(model, read, at_least)
    body |= {"truncate": False, "shift": False, "options": {"num_ctx": size}}
    request.add_options(body)
    if request.answer_schema is not None and (form := request.answer_form):  # docs.ollama.com/capabilities
        body["format"] = dict(request.answer_schema.schema) if form == "schema" else "json"
    return request.prepared(body, messages), size


def _think(level: Level | None, levels: Sequence[Level]) -> bool | str | None:
    """What is asked of a model that takes these levels; None for its own default."""
    if level is None or not levels:
        return None
    if set(levels) <= set(SWITCH):
        return level != "none"
    if level not in levels:
        return None
    return WORDS.get(level, False)


def _declared(tool: ToolSpec) -> Wire:
    described = {"name": tool.name, "description": tool.wire_description, "parameters": tool.schema}
    return {"type": "function", "function": described}


def _call(call: ToolCall) -> Wire:
    arguments = call.parsed()
    given = {"_invalid_json": call.arguments} if arguments is None else arguments
    return {"id": call.id, "function": {"name": safe_name(call), "arguments": given}}
