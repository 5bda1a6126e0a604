"""What was said, as a text that a model can sum up: who said what, long results shortened, in pieces if need be."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import assert_never

from modules.llm.history import Message, is_cut
from modules.llm.parts import (
    File,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    file_as_text,
    named_note,
    safe_name,
    visible_text,
)
from modules.session.node import Node

LONGEST_RESULT_CHARS = 2000
LONGEST_CALL_CHARS = 800
LONGEST_FILE_CHARS = 8000


def turns_of(path: Sequence[Node], without: Collection[int], pinned: Collection[int], mark: str) -> list[list[str]]:
    """For each turn the texts of its messages, but for the positions in `without`.

    Each begins with a line that says who speaks and holds `mark`, which nobody who spoke can have known. Turns at
    `pinned` are said to stay.
    """
    found: list[list[str]] = []
    names: dict[str, str] = {}
    for at, node in enumerate(path):
        if at in without:
            continue
        message = node.message
        names.update((call.id, safe_name(call)) for call in message.calls)
        stays = ", stays word for word" if at in pinned else ""
        text = "\n\n".join(f"[{mark} {who}{stays}]\n{said}" for who, said in _told(message, names))
        if node.is_question or not found:
            found.append([])
        if text:
            found[-1].append(text)
    return [turn for turn in found if turn]


def in_pieces(turns: Sequence[Sequence[str]], most: int, tokens: Callable[[str], int]) -> list[str]:
    """The turns as texts of at most so many tokens: cut between turns, else between messages, else within one."""
    pieces: list[str] = []
    held: list[str] = []
    size = 0
    for text in _units(turns, most, tokens):
        length = tokens(text)
        if held and size + length > most:
            pieces.append("\n\n".join(held))
            held, size = [], 0
        held.append(text)
        size += length
    return [*pieces, "\n\n".join(held)] if held else pieces


def shortened(text: str, most: int) -> str:
    """The text with its middle left out where it has more characters than that."""
    if len(text) <= most:
        return text
    head, tail = most * 2 // 3, most // 3
    return f"{text[:head]}\n[{len(text) - head - tail:,} characters left out]\n{text[-tail:]}"


def _units(turns: Sequence[Sequence[str]], most: int, tokens: Callable[[str], int]) -> Iterator[str]:
    """Texts that each take at most so many tokens, as large as possible."""
    for turn in turns:
        whole = "\n\n".join(turn)
        if tokens(whole) <= most:
            yield whole
            continue
        for text in turn:
            length = tokens(text)
            parts = -(-length // most)
            step = -(-len(text) // parts)
            yield from (text[at : at + step] for at in range(0, len(text), step))


def _told(message: Message, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Who says what."""
    match message.role:
        case "user":
            if message.is_question:
                yield "the person", _joined(message.parts)
        case "assistant":
            by = f" by {message.origin.model}" if message.origin is not None else ""
            cut = ", which was cut" if is_cut(message.state) else ""
            if text := "\n".join(visible_text(message.parts)):
                yield f"answer{by}{cut}", text
            for call in message.calls:
                yield f"call of {safe_name(call)}", shortened(call.arguments, LONGEST_CALL_CHARS)
        case "tool":
            for result in message.results:
                failed = ", failed" if result.is_error else ""
                name = names.get(result.call_id, "a tool")
                yield f"result of {name}{failed}", shortened(_joined(result.parts), LONGEST_RESULT_CHARS)
        case "system":
            yield "instructions from here on", message.text
        case _:
            assert_never(message.role)


def _joined(parts: Sequence[Part]) -> str:
    return "\n".join(filter(str.strip, map(_text_of, parts)))


def _text_of(part: Part) -> str:
    match part:
        case Text(text):
            return text
        case File("text/plain"):
            return shortened(file_as_text(part), LONGEST_FILE_CHARS)
        case Image() | File():
            return named_note(part)
        case Reasoning() | Refusal() | Opaque() | ToolCall() | ToolResult():
            return "\n".join(visible_text((part,)))
        case _:
            assert_never(part)
