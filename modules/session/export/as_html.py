"""A conversation as one page: no script, nothing fetched, pictures inside; what models and tools said is inert."""

import base64
import hashlib
from collections.abc import Iterator
from typing import assert_never

from modules.llm.citations import Footnote, Footnotes
from modules.llm.parts import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.export.html_style import STYLE
from modules.session.export.inert_html import letters, link, markdown, picture_source, preformatted
from modules.session.export.passages import CalledTool, Line, Passage, lines_of
from modules.session.export.wording import about, attached, ending, leaves, outcome, short, text_of, title_of, when

LONG_LINES, LONG_CHARS = 12, 1_500  # from which on a result is folded
HEAD = """<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1 dir="auto">{title}</h1>
<p>{about}</p>
"""


def as_html(conversation: Conversation, *, tree: bool = False) -> str:
    """The spoken path, with `tree` all branches under headings that say where each leaves."""
    return "".join(_page(conversation, tree=tree))


def _page(conversation: Conversation, *, tree: bool) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = letters(short(title_of(conversation)))
    yield HEAD.format(policy=policy, title=title, style=STYLE, about=letters(about(conversation)))
    if conversation.system.strip():
        yield _folded("Instructions", preformatted(conversation.system))
    yield "</header>\n<main>\n"
    for line in lines_of(conversation, tree=tree):
        yield from _line(line, conversation)
    yield "</main>\n</body>\n</html>\n"


def _line(line: Line, conversation: Conversation) -> Iterator[str]:
    yield "<section>\n"
    if line.after is not None:
        heading = letters(leaves(line, conversation))
        yield f'<h2><a href="#m{line.after}">{heading}</a></h2>\n' if line.after else f"<h2>{heading}</h2>\n"
    for passage in line.passages:
        yield from _passage(passage)
    yield "</section>\n"


def _passage(passage: Passage) -> Iterator[str]:
    message = passage.message
    beside = " · ".join(filter(None, (when(passage.node.created), ending(message))))
    small = f"<small>{letters(beside)}</small>" if beside else ""
    yield f'<article class="{message.role}" id="m{passage.node.id}">\n<h2>{letters(passage.speaker)}{small}</h2>\n'
    if passage.results:
        for result in passage.results:
            yield _foldable("Result", _result(result), folded=_is_long(result))
    else:
        calls = {called.call.id: called for called in passage.calls}
        footnotes = Footnotes()
        for part in message.parts:
            if isinstance(part, ToolCall):
                yield _called(calls.get(part.id) or CalledTool(part, None))
            elif isinstance(part, Text) and part.citations:
                yield _part(Text(footnotes.marked(part.text, part.citations)))
            else:
                yield _part(part)
        yield "".join(map(_footnote, footnotes.since(0)))
    yield "</article>\n"


def _part(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text):
            return f'<div dir="auto">\n{markdown(text)}</div>\n'
        case Reasoning(text):
            return _folded("Reasoning", f'<div dir="auto">\n{markdown(text)}</div>\n') if text.strip() else ""
        case Image():
            return _picture(part)
        case File("text/plain"):
            return _folded(attached(part), preformatted(text_of(part)))
        case File():
            return f'<p class="note">{letters(attached(part))}</p>\n'
        case Opaque():
            return f'<p class="note">{letters(part.summary or part.kind)}</p>\n'
        case ToolCall():
            return _called(CalledTool(part, None))
        case ToolResult():
            return _foldable("Result", _result(part), folded=_is_long(part))
        case _:
            assert_never(part)


def _footnote(note: Footnote) -> str:
    """A page that the answer names. It is a link, and nothing is fetched for it."""
    words = letters(note.title or note.url)
    return f'<p class="note">[{note.number}] {link(note.url, words)}</p>\n'


def _picture(image: Image) -> str:
    source, words = picture_source(image), letters(attached(image))
    if source is None:
        return f'<p class="note">{words}</p>\n'
    return f'<figure><img src="{source}" alt="{words}"><figcaption>{words}</figcaption></figure>\n'


def _called(called: CalledTool) -> str:
    said = outcome(called)
    summary = f"Called {short(called.call.name)}" + (f": {said}" if said else "")
    inside = preformatted(called.call.arguments or "{}", "json")
    is_long = len(called.call.arguments) > LONG_CHARS
    if called.result is not None:
        inside += _result(called.result)
        is_long = is_long or _is_long(called.result)
    return _foldable(summary, inside, folded=is_long)


def _result(result: ToolResult) -> str:
    inside = preformatted(result.text) if result.text else ""
    inside += "".join(_part(part) for part in result.parts if not isinstance(part, Text))
    return inside or '<p class="note">nothing</p>\n'


def _is_long(result: ToolResult) -> bool:
    return len(result.text) > LONG_CHARS or result.text.count("\n") >= LONG_LINES


def _folded(summary: str, inside: str) -> str:
    return _foldable(summary, inside, folded=True)


def _foldable(summary: str, inside: str, *, folded: bool) -> str:
    opened = "" if folded else " open"
    return f"<details{opened}>\n<summary>{letters(summary)}</summary>\n{inside}</details>\n"
