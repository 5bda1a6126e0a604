"""Someone else's Markdown inside a document of ours: fences left open are closed, and HTML in it is only letters."""

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST_CHARS = 200_000  # of a text that is read as Markdown; a longer one is shown as it is, in a fence
ROUNDS = 6
_CLOSES = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*")


def contained(text: str) -> str:
    """The text with nothing in it that reaches beyond its end, folds away what others said, or is fetched.

    A picture becomes a link: whoever looks at the file would fetch it, from wherever a model wished.
    """
    if not any(sign in text for sign in ("<", "```", "~~~", "![")):
        return text
    for _ in range(ROUNDS):
        if (closed := _closed(text)) == text:
            return text
        text = closed
    return in_fence(text)


def _closed(text: str) -> str:
    """One round: what was inside a tag may open a fence once that is letters."""
    if (tokens := _tokens(text)) is None:
        return in_fence(text)
    lines = text.split("\n")
    for token in tokens:
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "html_block":
            lines[start:end] = [line.replace("<", "&lt;") for line in lines[start:end]]
        elif token.type == "inline" and any(child.type in ("html_inline", "image") for child in token.children or ()):
            lines[start:end] = _tamed("\n".join(lines[start:end]), token).split("\n")
    last = tokens[-1] if tokens else None
    if last is not None and last.type == "fence" and last.map is not None and not _is_closed(last, lines):
        lines.append(last.markup)
    return "\n".join(lines)


def blocks_of_code(text: str) -> list[str]:
    """The contents of the blocks of code in a text, in their order, without their fences."""
    tokens = _tokens(text) or []
    return [token.content.removesuffix("\n") for token in tokens if token.type in ("fence", "code_block")]


def in_fence(text: str, language: str = "") -> str:
    """A text in a fence that nothing in it can close."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _tokens(text: str) -> list[Token] | None:
    """The text as Markdown; None for what is too long for that, or nested beyond reason."""
    if len(text) > LONGEST_CHARS:
        return None
    try:
        return _parser().parse(text)
    except (RecursionError, ValueError, IndexError):
        return None


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _tamed(source: str, inline: Token) -> str:
    """The lines of a paragraph with its tags as letters and its pictures as links; code stays as it is."""
    at = 0
    for child in inline.children or ():
        match child.type:
            case "html_inline" | "code_inline":
                was = child.content
                now = was.replace("<", "&lt;") if child.type == "html_inline" else was
            case "image":
                was, now = "![", "\\!["
            case _:
                continue
        found = source.find(was, at) if was else -1
        if found >= 0:
            source = source[:found] + now + source[found + len(was) :]
            at = found + len(now)
        elif now != was:  # a tag across two lines of a quote
            return source.replace("<", "&lt;")
    return source


def _is_closed(fence: Token, lines: list[str]) -> bool:
    """Whether the last line of a fence ends it. One inside a list or a quote ends with that."""
    if fence.level or fence.map is None:
        return fence.level > 0
    start, end = fence.map
    closing = _CLOSES.fullmatch(lines[end - 1]) if end - 1 > start else None
    return closing is not None and closing[1].startswith(fence.markup)
