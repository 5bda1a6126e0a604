"""A conversation as Markdown to be read: who said what, calls and reasoning folded, and no text that ends another."""

from collections.abc import Iterator
from typing import assert_never

from modules.llm.citations import Footnote, Footnotes
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.export.contained_markdown import contained, in_fence
from modules.session.export.passages import CalledTool, Line, Passage, lines_of
from modules.session.export.wording import (
    about,
    attached,
    ending,
    is_safe_link,
    joined,
    leaves,
    outcome,
    readable,
    short,
    text_of,
    title_of,
    when,
)

ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~&"})


def as_markdown(conversation: Conversation, *, tree: bool = False) -> str:
    """The spoken path, with `tree` all branches under headings that say where each leaves."""
    pieces = [f"# {plain(title_of(conversation))}", plain(about(conversation))]
    if conversation.system.strip():
        pieces += _folded("Instructions", fenced(conversation.system))
    footnotes = Footnotes("[^source-{}]")  # a name that no footnote of an answer itself has
    for line in lines_of(conversation, tree=tree):
        pieces += _line(line, conversation, footnotes)
    return joined(pieces)


def fenced(text: str, language: str = "") -> str:
    return in_fence(readable(text), language)


def plain(text: str) -> str:
    """A text as one line in which no sign means anything."""
    return " ".join(readable(text).split()).translate(ESCAPED)


def _line(line: Line, conversation: Conversation, footnotes: Footnotes) -> Iterator[str]:
    if line.after is not None:
        yield "---"
        yield f"# {plain(leaves(line, conversation))}"
    for passage in line.passages:
        told = len(footnotes)
        yield from _passage(passage, footnotes)
        if named := footnotes.since(told):
            yield "\n".join(map(_footnote, named))


def _passage(passage: Passage, footnotes: Footnotes) -> Iterator[str]:
    said = filter(None, (passage.speaker, when(passage.node.created), ending(passage.message)))
    yield f"## {plain(' · '.join(said))}"
    calls = {called.call.id: called for called in passage.calls}
    if passage.results:
        for result in passage.results:
            yield from _folded("Result", _result(result))
        return
    for part in passage.message.parts:
        if isinstance(part, ToolCall) and part.id in calls:
            yield from _called(calls[part.id])
        elif isinstance(part, Text) and part.citations:
            yield contained(readable(footnotes.marked(part.text, part.citations)))
        else:
            yield from _part(part)


def _footnote(note: Footnote) -> str:
    where = f"<{note.url}>" if is_safe_link(note.url) else plain(note.url)
    return " ".join(filter(None, (f"[^source-{note.number}]:", plain(note.title), where)))


def _part(part: Part) -> Iterator[str]:
    match part:
        case Text(text) | Refusal(text):
            yield contained(readable(text))
        case Reasoning(text):
            if text.strip():
                yield from _folded("Reasoning", fenced(text))
        case File("text/plain"):
            yield from _folded(plain(attached(part)), fenced(text_of(part)))
        case Image() | File():
            yield f"*{plain(attached(part))}*"
        case Opaque():
            yield f"*{plain(part.summary or part.kind)}*"
        case ToolCall():
            yield from _called(CalledTool(part, None))
        case ToolResult():
            yield from _folded("Result", _result(part))
        case _:
            assert_never(part)


def _called(called: CalledTool) -> Iterator[str]:
    said = outcome(called)
    summary = f"Called {plain(short(called.call.name))}" + (f": {said}" if said else "")
    inside = [fenced(called.call.arguments or "{}", "json")]
    if called.result is not None:
        inside.append(_result(called.result))
    yield from _folded(summary, "\n\n".join(inside))


def _result(result: ToolResult) -> str:
    pieces = [fenced(result.text)] if result.text else []
    for part in result.parts:
        match part:
            case Image() | File():
                pieces.append(f"*{plain(attached(part))}*")
            case Text():
                pass
            case _:
                assert_never(part)
    return "\n\n".join(pieces) or "*nothing*"


def _folded(summary: str, inside: str) -> Iterator[str]:
    """A block that opens when it is asked to; the empty lines let Markdown be read in it."""
    yield f"<details>\n<summary>{_in_html(summary)}</summary>"
    yield inside
    yield "</details>"


def _in_html(text: str) -> str:
    """Escaped Markdown where HTML stands: there a sign is spelled in HTML's way."""
    bare = text.replace("\\\\", "\0")
    for sign in "`*_[]#|~":
        bare = bare.replace(f"\\{sign}", sign)
    return bare.replace("\\&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\0", "\\")
