"""Syntax colours for code that arrives line by line: each is lexed once, from the state the last one left."""

from __future__ import annotations

import copy
from collections.abc import Iterator

# Pygments ships no types, and its stubs are not among our tools.
from pygments.lexer import (
    ExtendedRegexLexer,
    Lexer,
    RegexLexer,
)
from pygments.lexers import get_lexer_by_name
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    String,
    Token,
    _TokenType,
)
from pygments.util import ClassNotFound
from rich.style import Style

from modules.chat.markdown.wrap import PLAIN, QUIET, Row, append, styled
from modules.text.sanitize import clean

# By role: what each looks like is the theme's.
_COLORS = {
    Token: PLAIN,
    Comment: styled("comment", dim=True),
    Comment.Preproc: styled("keyword"),
    Keyword: styled("keyword"),
    Keyword.Constant: styled("constant"),
    Keyword.Type: styled("type"),
    Name.Builtin: styled("name"),
    Name.Function: styled("function"),
    Name.Class: styled("type"),
    Name.Decorator: styled("type"),
    Name.Tag: styled("function"),
    Name.Attribute: styled("name"),
    Number: styled("constant"),
    String: styled("string"),
    Operator.Word: styled("keyword"),
    Generic.Deleted: styled("removed"),
    Generic.Inserted: styled("added"),
    Generic.Heading: styled("heading", bold=True),
    Generic.Subheading: styled("name"),
    Generic.Prompt: QUIET,
    Error: PLAIN,
}
_LONGEST = 2000  # a longer line is shown plain: it is data, and lexers are slow on it


class Highlighter:
    """Colours one code block; a copy goes its own way from the line it was made at."""

    def __init__(self, language: str) -> None:
        self._lexer = _lexer(language)
        self._stack = ["root"]
        self._comment = False

    def copy(self) -> Highlighter:
        twin = copy.copy(self)
        twin._stack = self._stack.copy()
        return twin

    def line(self, text: str) -> Row:
        """One source line, without its newline, as cleaned spans. Never raises."""
        row: Row = []
        if self._lexer is not None and len(text) <= _LONGEST:
            try:
                for kind, piece in self._tokens(text + "\n"):
                    append(row, clean(piece.rstrip("\n")), _style(kind))
            except Exception:  # a lexer that fails costs the colours, not the code
                self._lexer = None
        if "".join(piece for piece, _ in row) != (plain := clean(text)):
            return [(plain, PLAIN)]
        return row

    def _tokens(self, text: str) -> Iterator[tuple[_TokenType, str]]:
        lexer = self._lexer
        if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
            yield from self._resume(lexer, text)
        elif lexer is not None:
            yield from lexer.get_tokens(text)

    def _resume(self, lexer: RegexLexer, text: str) -> Iterator[tuple[_TokenType, str]]:
        """RegexLexer.get_tokens_unprocessed, but the stack of states outlives the line.

        Most lexers match a C comment as one token; here its lines come one by one, so it is followed by hand.
        """
        at = 0
        if self._comment:
            end = text.find("*/")
            self._comment = end < 0
            at = len(text) if end < 0 else end + 2
            yield Comment, text[:at]
        while at < len(text):
            if text.startswith("/*", at) and "*/" not in text[at:] and _has_c_comments(lexer):
                self._comment = True
                yield Comment, text[at:]
                return
            for match_at, action, state in lexer._tokens[self._stack[-1]]:
                if match := match_at(text, at):
                    if isinstance(action, _TokenType):
                        yield action, match[0]
                    elif action is not None:
                        for _, kind, piece in action(lexer, match):
                            yield kind, piece
                    at = match.end()
                    self._go(state)
                    break
            else:
                if text[at] == "\n":
                    self._stack = ["root"]
                yield Error, text[at]
                at += 1

    def _go(self, state: object) -> None:
        stack = self._stack
        if isinstance(state, int):
            del stack[max(1, len(stack) + state) :]
        elif state is not None:
            for name in state if isinstance(state, tuple) else (state,):
                if name == "#pop":
                    del stack[max(1, len(stack) - 1) :]
                else:
                    stack.append(stack[-1] if name == "#push" else name)


def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language) if language else None
    except ClassNotFound:
        return None


def _has_c_comments(lexer: Lexer) -> bool:
    return lexer.name not in _NO_C_COMMENTS


_NO_C_COMMENTS = {
    "Bash",
    "Bash Session",
    "Python",
    "Ruby",
    "Perl",
    "Makefile",
    "YAML",
    "TOML",
    "Docker",
    "HTML",
}


def _style(kind: _TokenType) -> Style:
    style = _COLORS.get(kind)
    while style is None:
        kind = kind.parent
        style = _COLORS.get(kind)
    return style
