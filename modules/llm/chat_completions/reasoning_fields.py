"""Reasoning beside the answer in Chat Completions: in one of several fields, or the same words in two of them."""

import io
from collections.abc import Iterator
from typing import Any

from modules.llm.drafts.wire_draft import as_text
from modules.llm.parts import Wire
from modules.text import surrogates

# `reasoning`: Groq, OpenRouter, vLLM, Ollama. `reasoning_content`: DeepSeek, xAI, Moonshot, llama.cpp. The others:
# gateways, and LiteLLM's `thinking_blocks`.
FIELDS = ("reasoning", "reasoning_content", "reasoning_text", "thinking", "thinking_content", "thinking_blocks")
DETAILS = "reasoning_details"  # OpenRouter's, and those who took it over


class ReasoningFields:
    """What came in each field, for the way back, and the words to show, once."""

    def __init__(self) -> None:
        self.pieces: dict[str, list[str]] = {}
        self.details: list[Any] = []
        self._shown = io.StringIO()  # all that was shown, to find again what another field repeats
        self._length = 0
        self._at: dict[str, int] = {}
        self._surrogates: dict[str, surrogates.Surrogates] = {}

    def __bool__(self) -> bool:
        return bool(self.pieces or self.details)

    def read(self, delta: Wire) -> Iterator[str]:
        """The words of this delta that were not shown yet."""
        before = self._length
        for field in FIELDS:
            if delta.get(field):
                yield from self.add(field, _words(delta[field]), before)
        if details := delta.get(DETAILS):
            details = details if isinstance(details, list) else [details]
            for one in details:
                _join(self.details, one)
            yield from self.add(DETAILS, "".join(map(_words, details)), before)

    def add(self, field: str, piece: str, before: int | None = None) -> Iterator[str]:
        """A piece of one field; `before` is how much had been shown before its delta."""
        piece = self._surrogates.setdefault(field, surrogates.Surrogates()).join(piece)
        if not piece:
            return
        self.pieces.setdefault(field, []).append(piece)
        if len(self.pieces) > 1:
            for at in {self._at.get(field, 0), self._length if before is None else before}:
                self._shown.seek(at)
                if self._shown.read(len(piece)) == piece:
                    self._at[field] = at + len(piece)
                    return
        self._shown.seek(0, io.SEEK_END)
        self._shown.write(piece)
        self._length += len(piece)
        self._at[field] = self._length
        yield piece

    def moved_to_text(self, field: str) -> str:
        """Take one field out again: its words turned out to be the answer."""
        return "".join(self.pieces.pop(field, ()))


def _words(value: Any) -> str:
    """The readable words in a field that may be text, an object with some, or a list of these."""
    if isinstance(value, list):
        return "".join(map(_words, value))
    if isinstance(value, dict):
        return next((_words(value[key]) for key in ("text", "summary", "thinking", "content") if value.get(key)), "")
    return as_text(value)


def _join(details: list[Any], one: Any) -> None:
    """Put a fragment to the one it goes on from: a signature is good for the whole text only (agno#8794).

    Fragments share an index, or an id, and the type; one with neither stands for itself, unless it is text that goes
    on right behind text.
    """
    if not isinstance(one, dict):
        details.append(one)
        return
    index, own_id, kind = one.get("index"), one.get("id"), one.get("type")
    for before in reversed(details):
        if not isinstance(before, dict) or before.get("type") != kind:
            continue
        if own_id is not None and before.get("id") not in (None, own_id):
            continue
        same = index is not None and before.get("index") == index
        same = same or (index is None and own_id is not None and before.get("id") == own_id)
        if same and not _is_repeated(before, one):
            _extend(before, one)
        if same:
            return
    details.append(dict(one))


def _extend(before: Wire, one: Wire) -> None:
    for key, value in one.items():
        old = before.get(key)
        if key in ("text", "summary", "data") and isinstance(old, str) and isinstance(value, str):
            before[key] = old + value
        elif value is not None:
            before[key] = value


def _is_repeated(before: Wire, one: Wire) -> bool:
    """Whether this is a whole signed piece again, which some servers send once more at the end."""
    signed = one.get("signature") or one.get("data")
    return bool(signed) and before == one
