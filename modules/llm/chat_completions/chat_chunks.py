"""The shapes that a Chat Completions chunk comes in: where its delta stands, and what its content holds."""

from collections.abc import Iterator
from typing import Any

from modules.llm.drafts.wire_draft import as_text
from modules.llm.parts import Wire

NOTHING: tuple[Any, ...] = (None, "", [], {})
THINKING = "thinking"
SILENT = ("reference", "citation")  # Mistral's say which document was used, by number


def choices_of(event: Wire) -> list[Wire]:
    """The choices of a chunk, be it one or many."""
    choices = event.get("choices")
    if isinstance(choices, dict):
        return [choices]
    return [choice for choice in choices or () if choice is not None]


def delta_of(choice: Wire, said: str) -> Wire:
    """The delta of a choice; some servers send a `message` in its place or beside it, or plain `text`.

    `said` is the text so far: a message that holds all of it comes once more at the end of a stream.
    """
    delta = choice.get("delta")
    if delta is None or isinstance(delta, str):
        delta = {"content": delta}
    message = choice.get("message")
    if isinstance(message, dict):  # foundry-local#144 sends both, with the same content
        given = {key: value for key, value in delta.items() if value not in NOTHING}
        repeats = said and choice.get("finish_reason") and message.get("content") == said
        delta = {**message, **({"content": None} if repeats else {}), **given}
    if choice.get("text") and delta.get("content") in NOTHING:
        delta = {**delta, "content": choice["text"]}
    return dict(delta)


def pieces_of(content: Any) -> Iterator[tuple[str, str]]:
    """What a content holds, each piece with its kind: "text", "thinking" (Mistral's lists hold both), or another."""
    if isinstance(content, dict):
        yield from _piece(content)
    elif isinstance(content, list):
        for piece in content:
            yield from _piece(piece) if isinstance(piece, dict) else pieces_of(piece)
    elif text := as_text(content):
        yield "text", text


def _piece(piece: Wire) -> Iterator[tuple[str, str]]:
    kind = piece.get("type")
    if kind in (THINKING, "reasoning"):
        inner = next((piece[key] for key in (THINKING, "reasoning", "text", "content") if piece.get(key)), None)
        yield from ((THINKING, text) for _, text in pieces_of(inner))
    elif any(key in piece for key in ("text", "content")):
        yield from pieces_of(piece.get("text", piece.get("content")))
    elif piece and kind not in SILENT:
        yield str(kind or "content"), ""


def pictures_of(delta: Wire) -> Iterator[Any]:
    """The address of each picture that a delta holds, a data URL as a rule; None for one that has none."""
    for given in (delta.get("image"), delta.get("images")):
        for one in given if isinstance(given, list) else [given] if given else []:
            url = one.get("image_url", one.get("url")) if isinstance(one, dict) else one
            yield url.get("url") if isinstance(url, dict) else url
