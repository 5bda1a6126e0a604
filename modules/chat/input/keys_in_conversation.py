"""Keys in a conversation that is about to become a file: whose they are, and where they stand."""

from collections.abc import Iterator
from typing import Any, assert_never

from modules.chat.input.api_key_check import found_in
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.export.formats import Format
from modules.session.export.passages import Passage, lines_of
from modules.session.export.wording import short, text_of
from modules.text.sanitize import clean

MOST_PLACES = 3  # that are named of one key
SENT, FIRST = "in what was sent to a model", "in the first words"
AGAIN = (SENT, FIRST)  # named only where the key stands nowhere else
Placed = tuple[str, str]  # where a text stands, and the text


def keys_in(conversation: Conversation, format: Format, own: dict[str, str], *, tree: bool) -> list[str]:
    """What of the file would be a key, in words, with where it stands; `own` are the person's keys by their values."""
    places: dict[str, list[str]] = {}
    looked_at: dict[str, list[str]] = {}  # what was sent says again what was said
    for where, text in _texts(conversation, format, tree=tree):
        if text not in looked_at:
            looked_at[text] = found_in(text, own)
        for what in looked_at[text]:
            known = places.setdefault(what, [])
            if where not in known and not (where in AGAIN and known):
                known.append(where)
    return [f"{what} ({_listed(known)})" for what, known in places.items()]


def _texts(conversation: Conversation, format: Format, *, tree: bool) -> Iterator[Placed]:
    """All texts of the file, each with where it stands."""
    yield "in the title", conversation.title
    yield "in the instructions", conversation.system
    whole = format == "json"
    for line in lines_of(conversation, tree=tree or whole):
        yield "in the name of a branch", line.name
        for passage in line.passages:
            yield from _of_passage(passage, format)
    yield FIRST, "" if conversation.title else conversation.first_words
    if whole:
        for tool in conversation.tools:
            yield f"in the tool {_shown(tool.name)}", tool.description
            yield from ((f"in the tool {_shown(tool.name)}", text) for text in _strings(tool.parameters))
        for ledger in conversation.ledgers.values():
            yield from ((SENT, text) for entry in ledger.entries for text in _strings(entry.wire))


def _of_passage(passage: Passage, format: Format) -> Iterator[Placed]:
    place = _place(passage)
    names = {called.call.id: called.call.name for called in passage.calls}
    for part in passage.message.parts:
        if format == "txt" and isinstance(part, Reasoning | File):
            yield place, "" if isinstance(part, Reasoning) else part.name
        else:
            yield from _of_part(part, place, names)
    for called in passage.calls:
        if called.result is not None and format != "txt":
            yield from _of_part(called.result, place, names)
    if format == "json":
        yield from ((place, text) for text in _strings(passage.message.native))


def _place(passage: Passage) -> str:
    match passage.message.role:
        case "user":
            return f"in question {passage.turn}"
        case "assistant":
            return f"in answer {passage.turn}"
        case "tool":
            return "in the result of a tool"
        case "system":
            return "in the instructions"
        case _:
            assert_never(passage.message.role)


def _of_part(part: Part, place: str, names: dict[str, str]) -> Iterator[Placed]:
    match part:
        case Text(text) | Refusal(text) | Reasoning(text):
            yield place, text
        case ToolCall(name=name, arguments=arguments):
            yield f"in a call of {_shown(name)}", arguments
        case ToolResult():
            name = _shown(names.get(part.call_id, "a tool"))
            for inner in part.parts:
                yield from _of_part(inner, f"in the result of {name}", names)
        case File() if part.media_type.startswith("text/"):
            yield f"in the file {_shown(part.name)}", text_of(part)
        case Image() | File():
            yield place, part.name
        case Opaque():
            yield place, part.summary
        case _:
            assert_never(part)


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case dict() as fields:
                left += fields.values()
            case list() | tuple() as items:
                left += items


def _shown(name: str) -> str:
    return clean(short(name))


def _listed(places: list[str]) -> str:
    more = len(places) - MOST_PLACES
    return ", ".join(places[:MOST_PLACES]) + (f" and in {more} more place{'s' if more > 1 else ''}" if more > 0 else "")
