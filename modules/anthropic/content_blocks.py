"""One content block of a Messages answer, growing; and whether what it has become can go back as it is."""

import json
import re
from typing import Any

from modules.anthropic.server_blocks import RESULT, SERVER_ID, USE, citations_of, is_search
from modules.anthropic.transformer import THEIRS_AS
from modules.llm.chat_completions.tool_names import meant
from modules.llm.drafts.wire_draft import as_text
from modules.llm.parts import NAME, Opaque, Part, Reasoning, Text, ToolCall, Wire, mint_call_id
from modules.text import surrogates

# Which field a block of our own kinds grows in, by the type of its deltas; what names no type is known by its field.
GROWS: dict[str, tuple[str, str]] = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("thinking", "signature"),
    "input_json_delta": ("tool_use", "partial_json"),
}
BY_FIELD = {field: kind for kind, field in GROWS.values()}
WORDS = ("text", "thinking", "signature", "data")
CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
KIND = re.compile(r"[a-z][a-z0-9_]*")  # of blocks that we do not know, and that go back all the same
THINKS = ("thinking", "redacted_thinking")
CALLS = ("tool_use", USE)  # blocks with an input that is written piece by piece


class Block:
    """One content block; its pieces are joined once, at its end."""

    def __init__(self, wire: Wire) -> None:
        wire = surrogates.whole_json(wire)
        if not isinstance(wire.get("type"), str) or not wire["type"]:
            wire["type"] = next((kind for field, kind in BY_FIELD.items() if field in wire), "")
            wire["type"] = wire["type"] or ("tool_use" if "name" in wire else "text")
        for field in WORDS:
            if field in wire and not isinstance(wire[field], str) and wire["type"] in (*THINKS, "text"):
                wire[field] = as_text(wire[field])
        self.wire = wire
        self.kind: str = wire["type"]
        self.pieces: dict[str, list[str]] = {}
        self.surrogates = surrogates.Surrogates()
        self.closed = False
        self.call_id = mint_call_id() if self.kind == "tool_use" else ""

    def grow(self, field: str, piece: str) -> None:
        if field in self.pieces:
            self.pieces[field].append(piece)
        else:
            self.pieces[field] = [piece]

    def joined(self, field: str) -> str:
        return as_text(self.wire.get(field)) + "".join(self.pieces.get(field, ()))

    @property
    def is_blank(self) -> bool:
        return self.kind == "text" and not self.joined("text").strip()

    def call(self, declared: tuple[str, ...]) -> ToolCall:
        """The call that such a block makes; arguments that are no object are kept as they are, and never run."""
        given, written = self.wire.get("input"), "".join(self.pieces.get("partial_json", ()))
        if isinstance(given, str):
            written = given + written
        elif not written and given not in (None, {}, []):
            written = json.dumps(given, ensure_ascii=False)
        name, native_id = self.wire.get("name"), self.wire.get("id")
        return ToolCall(
            self.call_id,
            meant(THEIRS_AS.get(name, name), declared) if isinstance(name, str) else "",
            written if written.strip() else "",
            native_id if isinstance(native_id, str) else "",
        )

    def part(self, declared: tuple[str, ...]) -> Part | None:
        match self.kind:
            case "text":
                text = self.joined("text")
                return Text(text, citations_of(self.wire, len(text)))
            case "thinking" | "redacted_thinking":
                text = self.joined("thinking")
                return Reasoning(text) if text else None
            case "tool_use":
                return self.call(declared)
            case _ if self.kind == RESULT or is_search(self.wire):
                return None  # both are one part, which whoever has all blocks makes
            case kind:
                return Opaque(kind, kind.replace("_", " "))

    def native(self, declared: tuple[str, ...]) -> Wire:
        """The block as it must go back: the keys as they came, the deltas put in."""
        wire = dict(self.wire)
        for field in self.pieces:
            if field != "partial_json":
                wire[field] = self.joined(field)
        if self.kind == USE and "partial_json" in self.pieces:
            wire["input"] = self.call(declared).parsed()
        if self.kind == "tool_use":
            call = self.call(declared)
            wire["input"] = call.parsed()
            if not NAME.fullmatch(wire["name"]):
                wire["name"] = call.name
        return wire

    def is_sound(self, declared: tuple[str, ...]) -> bool:
        """Whether the API would take it back."""
        match self.kind:
            case "text":
                return isinstance(self.wire.get("citations"), list | None)
            case "thinking":
                # It is signed in letters that cannot be sent.
                return not self.surrogates.lossy
            case "redacted_thinking":
                return isinstance(self.wire.get("data"), str)
            case "tool_use":
                call = self.call(declared)
                known = CALL_ID.fullmatch(call.native_id) is not None and bool(call.name)
                return known and call.parsed() is not None
            case _ if self.kind == USE:
                return SERVER_ID.fullmatch(as_text(self.wire.get("id"))) is not None and self._has_input
        return KIND.fullmatch(self.kind) is not None

    @property
    def _has_input(self) -> bool:
        return isinstance(self.native(()).get("input"), dict)


def text_of(value: Any) -> str:
    """A piece that may have come as an object: as JSON text then."""
    if isinstance(value, dict) and value:
        return json.dumps(surrogates.whole_json(value), ensure_ascii=False)
    return as_text(value)
