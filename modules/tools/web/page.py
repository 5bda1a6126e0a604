"""What came from the web as what a model can read: HTML as Markdown, other text as it is, pictures and PDF as parts."""

import codecs
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from modules.errors import FileProblem, ToolFailed
from modules.tools.media import media
from modules.tools.media.media import Media

LARGEST_HTML_CHARS = 1_000_000  # beyond that, reading it takes longer than anyone waits
LONGEST_LINK_CHARS = 200
LONGEST_TITLE = 300
ENOUGH_CHARS = 200  # that a <main> must have to stand for the page

HTML = ("text/html", "application/xhtml+xml")
TEXTS = re.compile(r"text/.+|application/((.+\+)?(json|xml)|javascript|ecmascript|yaml|toml|x-ndjson)|image/svg\+xml")

# Not words of the page: programs, drawings, the ways to elsewhere.
_DROPPED = (
    "script", "style", "noscript", "template", "svg", "math", "nav", "iframe", "object", "canvas", "video", "audio",
    "button", "select", "dialog", "link", "meta",
)  # fmt: skip
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|(opacity|font-size)\s*:\s*(0*\.)?0+(px|pt|r?em|%)?\s*(!|;|$)"
    r"|(text-indent|left|top|right|bottom)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
_DECLARED = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.I
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# What the names mean on the web, and encodings that are none of a page's.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252"}
_ODD = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")


def is_text(media_type: str) -> bool:
    return not media_type or media_type in HTML or TEXTS.fullmatch(media_type) is not None


def text_of(data: bytes, media_type: str, charset: str, url: str) -> str:
    """The text of a page; `url` is where it came from. Raises ToolFailed where it is no text."""
    if not media_type and b"\0" in data[:1000] and not data.startswith(tuple(mark for mark, _ in _MARKS)):
        raise ToolFailed(f"{url} is not text, and does not say what it is.")
    text = decoded(data, charset)
    looks_like = not media_type and re.match(r"\s*<(!doctype html|html)\b", text, re.IGNORECASE)
    return markdown(text, url) if media_type in HTML or looks_like else text


def may_be_html(data: bytes, media_type: str) -> bool:
    """Whether `text_of` may have to read HTML."""
    return media_type in HTML or (not media_type and b"<" in data)


def media_of(data: bytes, media_type: str, url: str) -> Media:
    """A picture or PDF, which its first bytes say it is. Raises ToolFailed where it is none, or cannot be taken."""
    try:
        found = media.media_of(data, urlsplit(url).path.rpartition("/")[2][-100:])
    except FileProblem as problem:
        raise ToolFailed(f"{url} ({media_type}): {problem.message}") from problem
    if found is None:
        raise ToolFailed(f"{url} is said to be {media_type}, and is not.")
    return found


def decoded(data: bytes, charset: str) -> str:
    """The text by its byte order mark, the header's charset, what it declares itself, or as UTF-8; never an error."""
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    declared = _DECLARED.search(data[:1024])
    for name in (marked, charset, declared[1].decode() if declared else ""):
        try:
            codec = codecs.lookup(name).name
            if codec not in _ODD:
                return data.decode(_MEANT.get(codec, codec), errors="replace")
        except (LookupError, ValueError):  # a name that is none, or what is no encoding of text
            continue
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def markdown(html: str, url: str) -> str:
    """The words of an HTML page as Markdown, its title first. Links within the host are paths."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    # lxml knows which end tags may be left out, and takes time in proportion to the page, whatever is in it.
    soup = BeautifulSoup(re.sub(r"(?<!\s)\s{200,}", "\n", html[:LARGEST_HTML_CHARS]), "lxml")
    title = " ".join(soup.title.get_text()[:LONGEST_TITLE].split()) if soup.title else ""
    base = soup.find("base", href=True)
    home = _joined(url, str(base["href"])) if base else url
    for tag in soup.find_all(lambda tag: tag.name in _DROPPED or tag.name == "title" or _is_hidden(tag)):
        if not tag.decomposed:
            tag.decompose()
    for link in soup.find_all("a"):
        _shorten(link, home, url)
    main = soup.find("main")
    root = main if main is not None and len(main.get_text(strip=True)) >= ENOUGH_CHARS else soup
    converter = MarkdownConverter(
        heading_style="atx", escape_asterisks=False, escape_underscores=False, bullets="-", strip=["img"]
    )
    try:
        text = str(converter.convert_soup(root))
    except RecursionError:
        text = root.get_text("\n", strip=True)
    lines = (line.rstrip(" \t") for line in text.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if len(html) > LARGEST_HTML_CHARS:
        text += f"\n\n[the HTML is longer than {LARGEST_HTML_CHARS} characters; the rest was not read]"
    return text if not title or text.startswith(f"# {title}") else f"# {title}\n\n{text}".strip()


def _joined(url: str, target: str) -> str:
    """Where a link leads; the URL itself where that is nowhere."""
    try:
        return urljoin(url, target)
    except ValueError:
        return url


def _is_hidden(tag: Any) -> bool:
    return tag.has_attr("hidden") or _HIDDEN.search(str(tag.get("style", ""))) is not None


def _shorten(link: Any, home: str, url: str) -> None:
    """Make a link's target as short as it can be and still be followed; without one, its words stay."""
    try:
        target = urlsplit(urljoin(home, str(link.get("href", ""))))
        at, here = target.geturl(), urlsplit(url)
    except ValueError:
        at = ""
    same_page = at.partition("#")[0] == url.partition("#")[0]
    if not at or same_page or target.scheme not in ("http", "https") or len(at) > LONGEST_LINK_CHARS:
        link.unwrap()
        return
    same_host = (target.scheme, target.netloc) == (here.scheme, here.netloc)
    link.attrs = {"href": at[len(f"{target.scheme}://{target.netloc}") :] or "/" if same_host else at}
