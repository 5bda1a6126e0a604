"""A conversation in plain words: who said what, with a line for each call; reasoning and results are left out."""

from collections.abc import Iterator
from typing import assert_never

from modules.llm.citations import Footnotes
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.export.passages import Line, Passage, lines_of
from modules.session.export.wording import (
    about,
    attached,
    ending,
    joined,
    leaves,
    outcome,
    readable,
    short,
    title_of,
    when,
)


def as_text(conversation: Conversation, *, tree: bool = False) -> str:
    """The spoken path, with `tree` all branches, for a reader without anything but a page."""
    pieces = [_underlined(title_of(conversation), "="), about(conversation)]
    if conversation.system.strip():
        pieces += ["Instructions:", conversation.system]
    for line in lines_of(conversation, tree=tree):
        pieces += _line(line, conversation)
    return joined([readable(piece) for piece in pieces])  # one by one, so that nobody waits for a long one


def _underlined(text: str, sign: str) -> str:
    line = short(text)
    return f"{line}\n{sign * len(line)}"


def _line(line: Line, conversation: Conversation) -> Iterator[str]:
    if line.after is not None:
        yield _underlined(leaves(line, conversation), "-")
    for passage in line.passages:
        yield from _passage(passage)


def _passage(passage: Passage) -> Iterator[str]:
    yield ", ".join(filter(None, (passage.speaker, when(passage.node.created)))) + ":"
    calls = {called.call.id: called for called in passage.calls}
    footnotes = Footnotes()
    for part in passage.message.parts:
        if isinstance(part, Text) and part.citations:
            yield footnotes.marked(part.text, part.citations)
        elif isinstance(part, ToolCall):
            called = calls.get(part.id)
            said = outcome(called) if called else ""
            yield f"[called {short(part.name)}: {short(part.arguments)}]" + (f" {said}" if said else "")
        else:
            yield _words(part)
    if len(footnotes):
        yield "\n".join(map(str, footnotes.since(0)))
    if said := ending(passage.message):
        yield f"[{said}]"


def _words(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text):
            return text
        case Image() | File():
            return f"[{attached(part)}]"
        case Opaque():
            return f"[{part.summary or part.kind}]"
        case ToolResult():
            return f"[result: {short(part.text)}]"
        case Reasoning() | ToolCall():
            return ""
        case _:
            assert_never(part)
