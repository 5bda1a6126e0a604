"""Inline Markdown: emphasis, code, links; and where a long paragraph may be cut without breaking them."""

import re
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from rich.style import Style

from modules.chat.markdown.links import target
from modules.chat.markdown.math import as_unicode, raised
from modules.chat.markdown.verbatim import SIGNS, verbatim
from modules.chat.markdown.wrap import PLAIN, QUIET, Row, styled
from modules.text.sanitize import clean

# HTML is off: tags, and generics such as Vec<u8>, are text to be shown, never markup to be dropped.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
_MARKUP = re.compile(r"[\\`*_\[\]<&~$]|  \n")
_TAG = re.compile(r"<br[ \t]*/?>[ \t]*\n?|<su([bp])>([^<>\n]{1,40})</su\1>", re.IGNORECASE)
_NOTE = re.compile(r"\[\^(\d{1,4})\](?!\()")
_MOST_BRACKETS = 100  # the parser looks for a partner from each of them

CODE = styled("code")
_URL = QUIET
_STYLES = {"strong": Style(bold=True), "em": Style(italic=True), "s": Style(strike=True)}


def inline(source: str, base: Style = PLAIN) -> Row:
    """Inline Markdown as styled, cleaned text; a hard break is a newline. Never raises."""
    if _MARKUP.search(source) is None or source.count("[") > _MOST_BRACKETS:
        return [(clean(source.replace("\n", " ")), base)]
    try:
        tokens = _MARKDOWN.parseInline(source)[0].children or []
        return _Spans(base).run(tokens)
    except Exception:  # whatever a strange text does to the parser, the reader gets the text
        return [(clean(source), base)]


def _as_it_stands(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: mathematics, paths, globs and names."""
    if state.src[state.pos] not in SIGNS:
        return False
    found = verbatim(state.src, state.pos)
    return found is not None and _push(state, silent, "verbatim", found.end, found.math)


def _tag(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: line breaks, and letters raised or lowered, which have no Markdown."""
    match = _TAG.match(state.src, state.pos)
    if match is None:
        return False
    if match[2] is None:
        return _push(state, silent, "hardbreak", match.end())
    shown = raised(match[2], up=match[1] in "pP")
    return shown is not None and _push(state, silent, "shown", match.end(), shown)


def _note(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: the mark of a footnote."""
    match = _NOTE.match(state.src, state.pos)
    return match is not None and _push(state, silent, "shown", match.end(), f"[{match[1]}]")


def _push(state: StateInline, silent: bool, kind: str, end: int, info: str = "") -> bool:
    if end > state.posMax:
        return False
    if not silent:
        token = state.push(kind, "", 0)
        token.content, token.info = state.src[state.pos : end], info
    state.pos = end
    return True


_MARKDOWN.inline.ruler.before("escape", "verbatim", _as_it_stands)
_MARKDOWN.inline.ruler.before("autolink", "tag", _tag)
_MARKDOWN.inline.ruler.before("link", "note", _note)


class _Spans:
    """Turns inline tokens into spans, with the target of every link in sight."""

    def __init__(self, base: Style) -> None:
        self.styles = [base]
        self.spans: Row = []
        self.links: list[tuple[str, int]] = []

    def run(self, tokens: list[Token]) -> Row:
        for token in tokens:
            name, _, edge = token.type.rpartition("_")
            match edge:
                case "open" if name == "link":
                    href = str(token.attrs.get("href", ""))
                    self.links.append((href, len(self.spans)))
                    self.styles.append(self.styles[-1] + _link(href))
                case "close" if name == "link":
                    self.close_link()
                case "open":
                    self.styles.append(self.styles[-1] + _STYLES.get(name, PLAIN))
                case "close":
                    self.styles.pop()
                case _:
                    self.text(token)
        return self.spans

    def text(self, token: Token) -> None:
        style = self.styles[-1]
        match token.type:
            case "softbreak":
                self.spans.append((" ", style))
            case "hardbreak":
                self.spans.append(("\n", style))
            case "shown":
                self.spans.append((clean(token.info), style))
            case "verbatim":
                text = (as_unicode(token.info) if token.info else None) or token.content.replace("\n", " ")
                self.spans.append((clean(text), style))
            case "code_inline":
                self.spans.append((clean(token.content), style + CODE))
            case "image":
                self.spans.append((f"[image: {clean(_alone(token.children or []))}]", style))
                src = str(token.attrs.get("src", ""))
                self.spans.append((f" ({clean(src)})", style + _URL + _link(src)))
            case _:
                self.spans.append((clean(token.content), style))

    def close_link(self) -> None:
        href, start = self.links.pop()
        style = self.styles.pop()
        label = "".join(text for text, _ in self.spans[start:])
        if label not in (href, unquote(href), href.removeprefix("mailto:")):
            self.spans.append((" " if label else "", self.styles[-1]))
            self.spans.append((f"({clean(href)})", style + _URL))


def _alone(tokens: list[Token]) -> str:
    """The words of a picture's description, without links, pictures and emphasis in it."""
    return "".join(
        _alone(one.children) if one.children else " " if "break" in one.type else one.content for one in tokens
    )


def _link(href: str) -> Style:
    uri = target(href)
    return Style(link=uri) if uri else PLAIN


# A mark that may open mathematics: a paragraph is not cut soon after it, for then its other mark is still to come.
_MATH_BEGINS = re.compile(r"\$\$|\\[(\[]|\$(?=[^\s\d$])")
_MATH_WAITS_CHARS = 300
_PIECE = re.compile(r"\\.|[$:]+|`+|\*+|_+|~~|\]\(|[\[\]]|[ \n]+", re.DOTALL)
_WORD = r"[^\s()]*(?:\([^\s()]*\)[^\s()]*)*"
_TARGET = re.compile(rf"{_WORD}(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
_TARGET_BEGUN = re.compile(rf"{_WORD}(?:\([^\s()]*)?(?:\s+(?:\"[^\"]*|'[^']*)?)?")


class Cut:
    """What a prefix of a paragraph leaves open, and the last place where it leaves nothing open.

    `safe` is a position of white space (0: none); `last` the last white space at all;
    `open` holds the emphasis marks and code ticks not closed yet, outermost first.
    """

    def __init__(self, source: str) -> None:
        self.safe = 0
        self.last = max(0, source.rfind(" "), source.rfind("\n"))
        self.open: list[str] = []
        self._skip = 0
        self._math = -_MATH_WAITS_CHARS
        for match in _PIECE.finditer(source):
            if match.start() >= self._skip:
                self._step(match, source)

    def _step(self, match: re.Match[str], source: str) -> None:
        mark, at = match[0], match.start()
        if mark[0] in SIGNS:
            if found := verbatim(source, at):
                self._skip = found.end
                return
            if _MATH_BEGINS.match(source, at):
                self._math = at
        before, after = source[at - 1 : at] or " ", source[match.end() : match.end() + 1] or " "
        if mark[0] in " \n":
            self.safe = self.safe if self.open or at - self._math < _MATH_WAITS_CHARS else at
        elif mark[0] == "`":
            close = re.compile(rf"(?<!`){mark}(?!`)").search(source, match.end())
            if close:
                self._skip = close.end()
            else:
                self.open.append(mark)
                self._skip = len(source)
        elif mark == "[":
            self.open.append("[")
        elif mark in ("]", "]("):
            self._close_bracket(mark, match.end(), source)
        elif mark[0] in "*_~":
            self._emphasis(mark, before, after)

    def _close_bracket(self, mark: str, end: int, source: str) -> None:
        if "[" not in self.open:
            return
        del self.open[len(self.open) - 1 - self.open[::-1].index("[") :]
        if mark == "](":
            if target := _TARGET.match(source, end):
                self._skip = target.end()
            elif _TARGET_BEGUN.fullmatch(source, end):
                self.open.append("[")
                self._skip = len(source)

    def _emphasis(self, mark: str, before: str, after: str) -> None:
        word = mark[0] == "_"
        opens = not after.isspace() and not (word and before.isalnum())
        closes = not before.isspace() and not (word and after.isalnum())
        left = len(mark)
        while closes and left and self.open and self.open[-1][0] == mark[0]:
            inner = self.open.pop()
            used = min(left, len(inner))
            left -= used
            if len(inner) > used:
                self.open.append(inner[used:])
        if left and opens and left == len(mark):
            self.open.append(mark)


def closers(marks: list[str]) -> str:
    """What would close the open emphasis and code, for drawing text that is still arriving."""
    return "".join(mark for mark in reversed(marks) if mark[0] in "*_~`")
