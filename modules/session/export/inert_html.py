"""Text of someone else's as HTML in which nothing acts: Markdown without HTML, links that only lead to the web."""

import base64
import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from modules.llm.parts import Image
from modules.session.export.contained_markdown import LONGEST_CHARS
from modules.session.export.wording import is_safe_link, readable

LONGEST_COLOURED_CHARS, LONGEST_COLOURED_LINE = 20_000, 1_000  # lexers are slow on data
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"})
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")


def markdown(text: str) -> str:
    """A text in Markdown; what is too long for that, or nested beyond reason, stands there as it was written."""
    text = readable(text)
    if len(text) <= LONGEST_CHARS:
        try:
            return str(_parser().render(text))
        except (RecursionError, ValueError, IndexError):
            pass
    return preformatted(text)


def preformatted(text: str, language: str = "") -> str:
    """A text as it was written, coloured where that is cheap."""
    return f"<pre><code>{_coloured(readable(text), language)}</code></pre>\n"


def letters(text: str) -> str:
    """A text inside an element or the value of an attribute."""
    return escape(readable(text))


def link(url: str, words: str) -> str:
    """A link with these words, which are HTML; the words and the address where it leads anywhere else than the web."""
    if not is_safe_link(url):
        return f"{words} {letters(url)}"
    return f'<a href="{letters(url)}" rel="noreferrer nofollow">{words}</a>'


def picture_source(image: Image) -> str | None:
    """A picture as it may stand in a page; None for another type, and for what is no base64."""
    try:
        base64.b64decode(image.base64, validate=True)
    except ValueError:
        return None
    return f"data:{image.media_type};base64,{image.base64}" if image.media_type in PICTURES and image.base64 else None


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: is_safe_link(url)  # type: ignore[method-assign]  # its way
    parser.add_render_rule("image", _image)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("th_open", _cell)
    parser.add_render_rule("td_open", _cell)
    return parser


def _image(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """A picture from elsewhere is never fetched: its words stand there, with a link to it."""
    token = tokens[at]
    words = token.content or "picture"
    return f'<a href="{letters(str(token.attrs["src"]))}" rel="noreferrer nofollow">[{letters(words)}]</a>'


def _fence(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    token = tokens[at]
    language = token.info.split()[0] if token.info.strip() else ""
    return preformatted(token.content.removesuffix("\n"), language)


def _link(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    token = tokens[at]
    return f'<a href="{letters(str(token.attrs.get("href", "")))}" rel="noreferrer nofollow">'


def _cell(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """A cell with its side as a class: the page allows no style but its own."""
    side = str(tokens[at].attrs.get("style", "")).removeprefix("text-align:")
    return f'<{tokens[at].tag} class="{side}">' if side in ("left", "right", "center") else f"<{tokens[at].tag}>"


def _coloured(text: str, language: str) -> str:
    plain = escape(text, quote=False)
    if not _LANGUAGE.fullmatch(language) or len(text) > LONGEST_COLOURED_CHARS:
        return plain
    if max(map(len, text.split("\n"))) > LONGEST_COLOURED_LINE:
        return plain
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
        coloured = str(highlight(text, lexer, HtmlFormatter(nowrap=True)))
        return coloured if text.endswith("\n") else coloured.removesuffix("\n")
    except ClassNotFound:
        return plain
    except Exception:  # a lexer that fails costs the colours, not the code
        return plain
