"""Tool calls being put together from the pieces that Chat Completions servers send, in whichever way they cut them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from modules.errors import ProtocolError
from modules.llm.chat_completions.tool_names import meant
from modules.llm.events import ToolCallDelta
from modules.llm.parts import NAME, ToolCall, Wire, mint_call_id
from modules.text import surrogates

OWN = ("index", "id", "type", "function", "name", "arguments", "parameters", "input")


class _Call:
    """One call growing; unknown keys, such as Gemini's signatures, are kept for the way back."""

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = mint_call_id()
        self.native_id = ""
        self.name = ""
        self.extra: Wire = {}
        self._pieces: list[str] = []
        self._surrogates = surrogates.Surrogates()
        self._objects: list[Wire] = []

    def give(self, piece: Any) -> str:
        """Take a piece of the arguments, in whichever type it comes, and say what it adds to their text."""
        if piece is None or piece == {} or piece == []:
            return ""
        if isinstance(piece, list) and all(isinstance(one, str) for one in piece):
            piece = "".join(piece)
        if isinstance(piece, dict):
            self._objects.append(piece)
            return json.dumps(surrogates.whole_json(piece), ensure_ascii=False)
        text = self._surrogates.join(piece if isinstance(piece, str) else json.dumps(piece))
        if text:
            self._pieces.append(text)
        return text

    @property
    def arguments(self) -> str:
        """The arguments as JSON text where they can be understood in one way; else all that came, which never runs."""
        text = "".join(self._pieces)
        if self._objects:
            return _text_of(self._objects, text)
        if not text.strip():
            return ""
        if is_object(text):
            return text
        # Some servers send all that there is with every piece, and some send a whole call twice.
        last = self._pieces[-1]
        if len(self._pieces) > 1 and is_object(last) and all(last.startswith(piece) for piece in self._pieces):
            return last
        return _once(_unquoted(text))

    @property
    def has_begun(self) -> bool:
        return bool(self._pieces or self._objects)

    @property
    def is_whole(self) -> bool:
        return bool(self._objects) or is_object("".join(self._pieces))

    def part(self, declared: Sequence[str]) -> ToolCall:
        return ToolCall(self.id, meant(self.name, declared), self.arguments, self.native_id)

    def wire(self, declared: Sequence[str]) -> Wire:
        # A name that came with noise goes back as it came only where every API would take it.
        name = self.name if NAME.fullmatch(self.name) else meant(self.name, declared)
        function = {"name": name, "arguments": self.arguments or "{}"}
        return {"id": self.native_id or self.id, "type": "function", "function": function, **self.extra}


class CallAssembly:
    """The calls of one answer. Identity beats position: an id names its call, an index is a hint."""

    def __init__(self, declared: Sequence[str]) -> None:
        self._declared = declared
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, delta: Any) -> Iterator[ToolCallDelta]:
        """Take in a delta's `tool_calls`, or its legacy `function_call`."""
        entries = delta if isinstance(delta, list) else [delta]
        for position, entry in enumerate(entries):
            if entry is None:
                continue
            if not isinstance(entry, dict):
                raise ProtocolError("A tool call came that is no object.", cure="Ask again.")
            yield from self._add(entry, position if len(entries) > 1 else None)

    def append(self, name: str, arguments: str) -> Iterator[ToolCallDelta]:
        """One more call, whole, which was read elsewhere."""
        yield from self._grow(self._new(None), name, arguments, {})

    def parts(self) -> list[ToolCall]:
        return [call.part(self._declared) for call in self._calls]

    def wires(self) -> list[Wire]:
        return [call.wire(self._declared) for call in self._calls]

    def _add(self, entry: Wire, position: int | None) -> Iterator[ToolCallDelta]:
        function = entry.get("function")
        if not isinstance(function, dict):
            function = {**entry, "name": function} if isinstance(function, str) else entry
        name = _string(function.get("name"))
        given = next((function[key] for key in ("arguments", "parameters", "input") if key in function), None)
        native_id, index = _string(entry.get("id")), _index(entry.get("index"))
        call = self._meant_by(native_id, position if index is None else index, name, given)
        call.native_id = call.native_id or native_id
        extra = {key: value for key, value in entry.items() if key not in OWN and value}
        yield from self._grow(call, name, given, surrogates.whole_json(extra))

    def _meant_by(self, native_id: str, index: int | None, name: str, given: Any) -> _Call:
        """The call that a piece belongs to; a new one where it can be none of those that are there."""
        same_id = [call for call in self._calls if native_id and call.native_id == native_id]
        near = [call for call in self._calls if index is None or call.index == index]
        if not (same_id or near):
            return self._new(index)
        found = (same_id or near)[-1]
        if same_id:  # servers that count ids anew give one to two calls: two where both are whole
            other = index is not None and found.index is not None and index != found.index
            return self._new(index) if other and name and found.is_whole else found
        if native_id and found.native_id:
            goes_on = not name or (name == found.name and _goes_on(found, given))
            return found if goes_on and not (found.is_whole and given) else self._new(index)
        if name and found.name and found.is_whole and given and _begins(given) and not _repeats(found, name, given):
            return self._new(index)
        if index is None and name and found.name and name != found.name and found.name in self._declared:
            return self._new(index)
        return found

    def _new(self, index: int | None) -> _Call:
        self._calls.append(_Call(index))
        return self._calls[-1]

    def _grow(self, call: _Call, name: str, given: Any, extra: Wire) -> Iterator[ToolCallDelta]:
        at = self._calls.index(call)
        before, call.name = call.name, self._joined(call.name, name)
        if not before and call.name:
            yield ToolCallDelta(at, meant(call.name, self._declared), "")
        if piece := call.give(given):
            yield ToolCallDelta(at, "", piece)
        call.extra.update(extra)

    def _joined(self, name: str, piece: str) -> str:
        """A name with its next piece: some servers repeat it with every delta, some send it in pieces."""
        if not name or not piece or piece == name:
            return name or piece
        if name + piece in self._declared:
            return name + piece
        if name in self._declared:
            return name
        return piece if piece in self._declared or piece.startswith(name) else name + piece


def is_object(text: str) -> bool:
    """Whether a text is a JSON object."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _goes_on(call: _Call, given: Any) -> bool:
    return isinstance(given, str) and bool(given) and call.has_begun and not call.is_whole and not _begins(given)


def _begins(given: Any) -> bool:
    return isinstance(given, dict) or (isinstance(given, str) and given.lstrip().startswith("{"))


def _repeats(call: _Call, name: str, given: Any) -> bool:
    return name == call.name and (given if isinstance(given, str) else json.dumps(given)) == call.arguments


def _text_of(objects: list[Wire], text: str) -> str:
    """Arguments that came as objects: one that grew is its last state; what contradicts itself stays unreadable."""
    whole: Wire = {}
    for one in objects:
        if any(key in whole and whole[key] != value for key, value in one.items()):
            text += "".join(json.dumps(surrogates.whole_json(each), ensure_ascii=False) for each in objects)
            return f"{text} "
        whole.update(one)
    text = json.dumps(surrogates.whole_json(whole), ensure_ascii=False)
    return text if text.strip() in ("", "{}", text) else f"{text}{text}"


def _once(text: str) -> str:
    """An object behind an empty one that held its place, or behind itself, as one; any other text as it is.

    Bedrock, Gemini, Llama Stack: openai/openai-agents-js#712, microsoft/autogen#6843, llamastack/llama-stack#5464;
    the same object twice: mudler/cogito#66.
    """
    try:
        first, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return text
    rest = text.lstrip()[end:]
    same = isinstance(first, dict) and is_object(rest) and (not first or first == json.loads(rest))
    return rest.strip() if same else text


def _unquoted(text: str) -> str:
    """Arguments that were put into a JSON string once too often, as the object they are."""
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return surrogates.whole(inner) if isinstance(inner, str) and is_object(inner) else text


def _string(value: Any) -> str:
    if isinstance(value, str):
        return surrogates.whole(value)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    raise ProtocolError("A tool call came whose name or id is no text.", cure="Ask again.")


def _index(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value) if len(value) < 10 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
