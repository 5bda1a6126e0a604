"""The items of a Responses answer: as they came, as the parts that everyone reads, and whether they can go back."""

import json
import re
from collections.abc import Iterator
from typing import Any

from modules.llm.chat_completions.tool_names import meant
from modules.llm.citations import of_annotations
from modules.llm.drafts.made_picture import made_picture
from modules.llm.drafts.wire_draft import as_text
from modules.llm.parts import NAME, Opaque, Part, Reasoning, Refusal, Text, ToolCall, Wire, mint_call_id
from modules.openai import searches
from modules.text import surrogates

PICTURE = "image_generation_call"
RESPONSE_ONLY = ("created_by", "parsed_arguments", "parsed")
KIND = re.compile(r"[a-z][a-z0-9_]*")  # of items that we do not know, and that go back all the same
CALL_ID = re.compile(r"[^\x00-\x1f]{1,64}")


class Item:
    """One item of the output. `wire` is its last state; the deltas of a stream stand in where that was not sent."""

    def __init__(self, kind: str = "") -> None:
        self.wire: Wire = {}
        self.kind = kind
        self.is_whole = False
        self.is_told = False  # whether what came of a search was said
        self.call_id = mint_call_id()
        self.said: list[str] = []
        self.thought: list[str] = []
        self.written: list[str] = []

    def take(self, wire: Wire, whole: bool) -> None:
        """A state of the item, `whole` where it is the final one."""
        if self.is_whole and not whole:
            return
        self.wire = surrogates.whole_json(wire)
        kind = self.wire.get("type")
        self.kind = kind if isinstance(kind, str) and kind else self.kind or _kind_of(self.wire)
        self.is_whole = whole

    @property
    def texts(self) -> list[Text]:
        """Its pieces of text, with the pages that they name."""
        return [part for part in self._contents() if isinstance(part, Text)]

    @property
    def text(self) -> str:
        """What it says, refusals included."""
        text = "".join(part.text for part in self._contents())
        return text or "".join(self.said)

    @property
    def reasoning(self) -> str:
        pieces = self.wire.get("summary") or self.wire.get("content") or ()
        texts = [as_text(piece.get("text")) if isinstance(piece, dict) else as_text(piece) for piece in _listed(pieces)]
        return "\n\n".join(filter(None, texts)) or "".join(self.thought)

    def call(self, declared: tuple[str, ...]) -> ToolCall:
        given, name, native_id = (self.wire.get(key) for key in ("arguments", "name", "call_id"))
        written = given if isinstance(given, str) else "" if given in (None, {}, []) else json.dumps(given)
        written = written or "".join(self.written)
        return ToolCall(
            self.call_id,
            meant(name, declared) if isinstance(name, str) else "",
            written,
            native_id if isinstance(native_id, str) else "",
        )

    def parts(self, declared: tuple[str, ...]) -> Iterator[Part]:
        contents = list(self._contents()) if self.kind == "message" else []
        if self.is_contradicted:
            yield Text("".join(self.said))  # what was shown is kept, whatever the item says in the end
        yield from () if self.is_contradicted else contents
        match self.kind:
            case "reasoning":
                if text := self.reasoning:
                    yield Reasoning(text)
            case "function_call" if self.wire.get("status") != "incomplete":
                yield self.call(declared)
            case "message" | "function_call" | "":
                return
            case searches.CALL:
                yield searches.note(self.wire)
            case "image_generation_call" if picture := made_picture(self.wire.get("result")):
                yield picture
            case "image_generation_call":
                yield Opaque(self.kind, "a picture that could not be made")
            case kind:
                yield Opaque(kind, kind.replace("_", " "))

    @property
    def is_contradicted(self) -> bool:
        """Whether other words were shown than the item has in the end."""
        return bool(self.said) and "".join(self.said) != "".join(part.text for part in self._contents())

    def is_sound(self, declared: tuple[str, ...]) -> bool:
        """Whether the API would take it back."""
        if not self.is_whole or self.is_contradicted or self.wire.get("type") != self.kind:
            return False
        if self.wire.get("status") not in (None, "completed") or not isinstance(self.wire.get("id", ""), str | None):
            return False
        match self.kind:
            case "function_call":
                call = self.call(declared)
                written = self.wire.get("arguments")
                known = CALL_ID.fullmatch(call.native_id) is not None and bool(call.name)
                return known and isinstance(written, str) and bool(written) and call.parsed() is not None
            case "message":
                content = self.wire.get("content")
                whole = isinstance(content, list) and all(_is_sound_piece(piece) for piece in content)
                known = self.wire.get("role") == "assistant" and not ("id" in self.wire and "status" not in self.wire)
                return whole and bool(content) and known
            case "reasoning":
                return isinstance(self.wire.get("summary"), list)
            case "image_generation_call":
                # Where nothing is stored there is no such item: "Item with id 'ig_…' not found" (rikkahub#1198). Codex
                # gives the picture back in a message of the person (openai/codex#13290), as those of others go.
                return False
        return KIND.fullmatch(self.kind) is not None

    def native(self, declared: tuple[str, ...]) -> Wire:
        wire = {k: v for k, v in self.wire.items() if k not in RESPONSE_ONLY and not (k == "id" and v is None)}
        if self.kind == "function_call" and not NAME.fullmatch(wire["name"]):
            wire["name"] = self.call(declared).name
        return wire

    def _contents(self) -> Iterator[Text | Refusal]:
        if self.kind != "message":
            return
        for piece in _listed(self.wire.get("content")):
            if not isinstance(piece, dict):
                yield Text(as_text(piece))
            elif piece.get("type") == "refusal" or "refusal" in piece:
                yield Refusal(as_text(piece.get("refusal")))
            elif "text" in piece:
                text = as_text(piece["text"])
                yield Text(text, of_annotations(piece.get("annotations"), len(text)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _kind_of(wire: Wire) -> str:
    if "arguments" in wire or "call_id" in wire:
        return "function_call"
    return "message" if "content" in wire else "reasoning" if "summary" in wire else ""


def _is_sound_piece(piece: Any) -> bool:
    if not isinstance(piece, dict) or piece.get("type") not in ("output_text", "refusal"):
        return False
    words = piece.get("text" if piece["type"] == "output_text" else "refusal")
    return isinstance(words, str)
