"""One part of a Gemini answer: as it came, as the part that everyone reads, and whether it can go back."""

import json
from typing import Any

from modules.gemini import grounding
from modules.llm.chat_completions.tool_names import meant
from modules.llm.drafts.made_picture import made_picture
from modules.llm.drafts.wire_draft import as_text
from modules.llm.parts import NAME, Opaque, Part, Reasoning, Text, ToolCall, Wire, mint_call_id
from modules.text.surrogates import whole_json

CALL, SIGNATURE, DATA = "functionCall", "thoughtSignature", "inlineData"
# What a part may say beside the one field that makes it what it is (ai.google.dev/api/caching#Part).
BESIDE = frozenset({"thought", SIGNATURE, "partMetadata", "mediaResolution", "videoMetadata", "toolCallId"})
PLAIN = ({"text"}, {"text", "thought"})


class ContentPart:
    """One part, growing while more of the same text comes; its pieces are joined once, at its end."""

    def __init__(self, wire: Wire) -> None:
        self.wire: Wire = whole_json(wire)
        kinds = [key for key in self.wire if key not in BESIDE]
        self.kind = next((kind for kind in (CALL, "text") if kind in kinds), kinds[0] if kinds else "")
        self.is_thought = self.wire.get("thought") is True
        self.call_id = mint_call_id() if self.kind == CALL else ""
        self.picture = made_picture(self.data) if self.kind == DATA else None
        self._pieces: list[str] = []

    def takes(self, wire: Wire) -> bool:
        """Whether more text belongs to this part: what is signed stands alone, as the documentation demands.

        ai.google.dev/gemini-api/docs/thought-signatures: parts with a signature are not merged with any other.
        """
        return wire.keys() == self.wire.keys() and self.wire.keys() in PLAIN and wire.get("thought") == self._thought

    def grow(self, piece: str) -> None:
        self._pieces.append(piece)

    @property
    def _thought(self) -> Any:
        return self.wire.get("thought")

    @property
    def text(self) -> str:
        return as_text(self.wire.get("text")) + "".join(self._pieces)

    @property
    def data(self) -> Any:
        """What it holds beside text, in base64."""
        blob = self.wire.get(DATA)
        return blob.get("data") if isinstance(blob, dict) else None

    def call(self, declared: tuple[str, ...]) -> ToolCall:
        """The call that it makes. One that came without an id goes by ours, and its result without one."""
        given = self.wire[CALL]
        args, name, native_id = given.get("args"), given.get("name"), given.get("id")
        written = args if isinstance(args, str) else "" if args in (None, {}) else json.dumps(args, ensure_ascii=False)
        return ToolCall(
            self.call_id,
            meant(name, declared) if isinstance(name, str) else "",
            written,
            native_id if isinstance(native_id, str) and native_id else self.call_id,
        )

    def part(self, declared: tuple[str, ...]) -> Part | None:
        match self.kind:
            case "text":
                return (Reasoning if self.is_thought else Text)(self.text)
            case "functionCall":
                return self.call(declared)
            case "":
                return None
            case "inlineData" if self.is_thought:
                return None  # a sketch on the way to the picture (ai.google.dev/gemini-api/docs/image-generation)
            case "inlineData" if self.picture is not None:
                return self.picture
            case _ if grounding.is_search(self.wire):
                return None  # told of once, with what was found
            case kind:
                return Opaque(kind, kind)

    def native(self, declared: tuple[str, ...]) -> Wire:
        """The part as it must go back: the keys as they came, the pieces of text put in."""
        if self._pieces:
            return {**self.wire, "text": self.text}
        if self.kind == CALL and self.wire[CALL]["name"] != (name := self.call(declared).name) and NAME.fullmatch(name):
            return {**self.wire, CALL: {**self.wire[CALL], "name": name}}  # its result goes by that name
        return self.wire

    def is_sound(self, declared: tuple[str, ...]) -> bool:
        """Whether the API would take it back."""
        signature, thought = self.wire.get(SIGNATURE, ""), self.wire.get("thought", False)
        if not isinstance(signature, str) or not isinstance(thought, bool):
            return False
        match self.kind:
            case "text":  # nothing but a signature may stand on an empty one
                return isinstance(self.wire["text"], str) and bool(self.text or signature)
            case "functionCall":
                call = self.call(declared)
                is_object = isinstance(self.wire[CALL].get("args", {}), dict)
                given_id = self.wire[CALL].get("id", call.native_id)
                return is_object and bool(call.name) and call.parsed() is not None and given_id == call.native_id
            case "inlineData":
                return isinstance(self.data, str) and bool(self.data)
        return bool(self.kind)
