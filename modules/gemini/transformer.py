"""The shared history as Gemini's generateContent wants it: contents, by the user and the model in turns."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, assert_never

from modules.gemini.content_parts import CALL, SIGNATURE
from modules.llm.base import ChatRequest, PreparedRequest
from modules.llm.generation.closed_schema import closed
from modules.llm.message import Message, MessageTransformer
from modules.llm.models import Level
from modules.llm.parts import (
    Attached,
    Content,
    File,
    Image,
    Part,
    Text,
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
from modules.llm.tool_spec import functions

DIALECT = "gemini-content"
MAKES_PICTURES = re.compile(r"gemini-[3-9].*-image")  # those before Gemini 3 sign nothing
PLACEHOLDER = "skip_thought_signature_validator"  # documented for what another model made
OPENING = "[The conversation begins with the answer below.]"
GOING_ON = "[The answer goes on below.]"
# For models before Gemini 3, which are given a number of tokens; the numbers are those of Google's own compatible
# endpoint (ai.google.dev/gemini-api/docs/openai#thinking).
BUDGETS: dict[Level, int] = {
    "none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576,
}  # fmt: skip


class ContentTransformer(MessageTransformer):
    dialect = DIALECT

    def user(self, message: Message, notes: Sequence[str]) -> Iterator[Wire]:
        yield _content("user", [*map(_text, notes), *self._parts(message.parts)])

    def native(self, message: Message) -> Iterator[Wire]:
        yield _content("model", self._signed(message.native))

    def bare(self, message: Message) -> Iterator[Wire]:
        said = (part for part in message.native if not part.get("thought"))
        parts = [{key: value for key, value in part.items() if key != SIGNATURE} for part in said]
        if parts := [part for part in parts if part and part.get("text") != ""]:
            yield _content("model", self._signed(parts))

    def instructions(self, text: str) -> Wire | None:
        return None  # there is one systemInstruction, and no place for another later on

    def assistant(self, message: Message) -> Iterator[Wire]:
        parts: list[Wire] = [_text(text) for text in visible_text(message.parts)]
        for call in message.calls:
            arguments = call.parsed()
            given = {"_invalid_json": call.arguments} if arguments is None else arguments
            parts.append({CALL: {"id": call.id, "name": safe_name(call), "args": given}})
        if parts:
            yield _content("model", self._signed(self._as_of_maker(parts)))

    def results(self, message: Message, own: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Wire]:
        parts = [self._result(result, names[result.call_id], own) for result in message.results]
        if not self._nests:
            below = [part for result in message.results for part in result.parts if self._goes_as_data(part)]
            parts += self._parts(below)
        yield _content("user", parts)

    def joined(self, before: Wire, wire: Wire) -> Wire | None:
        if before["role"] != wire["role"] or wire["role"] == "model":
            return None
        return _content("user", [*before["parts"], *wire["parts"]])

    def bridge(self, before: Wire | None, wire: Wire) -> Wire | None:
        """A call must come right after the user's turn or a result."""
        if wire["role"] == "user" or (before is not None and before["role"] == "user"):
            return None
        return _content("user", [_text(OPENING if before is None else GOING_ON)])

    def _as_of_maker(self, parts: list[Wire]) -> list[Wire]:
        """With the same placeholder on words of another, of which a model that makes pictures demands a signature.

        "Text part is missing a thought_signature" (googleapis/js-genai#1116, lobehub#10404).
        """
        if not MAKES_PICTURES.search(self.model.id) or CALL in parts[0]:
            return parts
        return [{**parts[0], SIGNATURE: self.model.profile.call_signature or PLACEHOLDER}, *parts[1:]]

    def _signed(self, parts: list[Wire]) -> list[Wire]:
        """With the placeholder that Google documents for a call which came without a signature, where one is demanded.

        Only the first of calls side by side is looked at: ai.google.dev/gemini-api/docs/thought-signatures.
        """
        placeholder = self.model.profile.call_signature
        at = next((at for at, part in enumerate(parts) if CALL in part), None)
        if not placeholder or at is None or SIGNATURE in parts[at]:
            return parts
        return [*parts[:at], {**parts[at], SIGNATURE: placeholder}, *parts[at + 1 :]]

    @property
    def _nests(self) -> bool:
        """Whether a result may hold pictures: since Gemini 3, which has levels of thinking in the place of budgets."""
        return self.model.profile.thinking != "budget"

    def _result(self, result: ToolResult, name: str, own: Mapping[str, str]) -> Wire:
        notes = [self._note(part) for part in result.parts if not isinstance(part, Text)]
        text = "\n".join(filter(None, [result.text, *notes]))
        wire: Wire = {"name": name, "response": {"error" if result.is_error else "output": text}}
        native_id = own.get(result.call_id)
        if native_id != result.call_id:  # else the call came without an id
            wire = {"id": native_id or result.call_id, **wire}
        data = [_inline(part) for part in result.parts if self._nests and self._goes_as_data(part)]
        return {"functionResponse": {**wire, "parts": data} if data else wire}

    def _goes_as_data(self, part: Content) -> bool:
        match part:
            case Text() | File("text/plain"):
                return False
            case Image():
                return self.sees
            case File():
                return self.reads
            case _:
                assert_never(part)

    def _note(self, part: Attached) -> str:
        """What stands in a result's text for what is no text; "" where it stands beside it."""
        if self._goes_as_data(part):
            return "" if self._nests else below_note(part)
        match part:
            case Image():
                return image_note(part, self.model)
            case File("text/plain"):
                return file_as_text(part)
            case File():
                return file_note(part, self.model)
            case _:
                assert_never(part)

    def _parts(self, parts: Collection[Part]) -> Iterator[Wire]:
        for part in contents(parts):
            match part:
                case Text(text) if text.strip():
                    yield _text(text)
                case Text():  # a part without data is refused
                    pass
                case Image() | File() if self._goes_as_data(part):
                    yield _inline(part)
                case Image() | File():
                    yield _text(self._note(part))
                case _:
                    assert_never(part)


def prepare(request: ChatRequest) -> PreparedRequest:
    """The whole request but for the model, which stands in the URL."""
    messages = request.wire_messages(ContentTransformer(request.model))
    body: Wire = {}
    if request.system.strip():
        body["systemInstruction"] = {"parts": [_text(request.system)]}
    if tools := _tools(request):
        body["tools"] = tools
        if config := _tool_config(request):
            body["toolConfig"] = config
    body["contents"] = messages.listed()
    if config := _generation(request):
        body["generationConfig"] = config
    request.add_options(body)
    return request.prepared(body, messages)


def _tools(request: ChatRequest) -> list[Wire]:
    declared = functions(request.declared)
    tools: list[Wire] = []
    if declared:
        described = [
            {"name": tool.name, "description": tool.wire_description, "parametersJsonSchema": tool.schema}
            for tool in declared
        ]
        tools.append({"functionDeclarations": described})
    if _searches(request):
        tools.append({_camel(request.model.profile.web_search): {}})
    return tools


def _searches(request: ChatRequest) -> bool:
    """Whether Google's own search is declared. No mode of function calling forbids it, so it goes where none may be."""
    return request.tool_choice != "none" and any(tool.native for tool in request.declared)


def _tool_config(request: ChatRequest) -> Wire:
    if request.tool_choice == "none":
        return {"functionCallingConfig": {"mode": "NONE"}} if functions(request.declared) else {}
    # Beside functions its calls must be told, and are given back (ai.google.dev/gemini-api/docs/tool-combination).
    together = _searches(request) and functions(request.declared)
    return {"includeServerSideToolInvocations": True} if together else {}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _generation(request: ChatRequest) -> Wire:
    config = dict[str, Any]()
    if request.answer_schema is not None and request.answer_form:
        config["responseMimeType"] = "application/json"
        if request.answer_form == "schema":
            schema = dict(request.answer_schema.schema)
            config["responseJsonSchema"] = closed(schema) or {key: schema[key] for key in schema if key != "$schema"}
    if thinking := _thinking(request):
        config["thinkingConfig"] = thinking
    return config


def _thinking(request: ChatRequest) -> Wire:
    """Thoughts are summed up only where that is asked for. A level and a budget in one request are refused."""
    model, wire = request.model, dict[str, Any]()
    level = request.reasoning if request.reasoning in model.reasoning else None
    kind = model.profile.thinking
    if kind not in ("level", "budget"):
        return wire
    if request.reasoning_shown and level != "none":
        wire["includeThoughts"] = True
    if level is not None:
        wire |= {"thinkingLevel": level} if kind == "level" else {"thinkingBudget": BUDGETS[level]}
    return wire


def _content(role: str, parts: list[Wire]) -> Wire:
    return {"role": role, "parts": parts}


def _text(text: str) -> Wire:
    return {"text": text}


def _inline(part: Content) -> Wire:
    assert isinstance(part, Attached)
    return {"inlineData": {"mimeType": part.media_type, "data": part.base64}}
