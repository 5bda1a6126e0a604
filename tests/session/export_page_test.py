"""The page that a conversation becomes: one file, nothing fetched, and nothing in it acts, whoever said it."""

import base64
import hashlib
import re

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from modules.llm.message import Message, user
from modules.llm.parts import Image, Opaque, Reasoning, Refusal, Text, ToolCall, ToolResult
from modules.session.conversation import Conversation
from modules.session.export.as_html import as_html
from modules.session.export.html_style import STYLE
from tests.harness.any_conversation import conversations
from tests.harness.cases import DOCUMENT, PICTURE, PNG
from tests.harness.store_helpers import MODEL, ORIGIN

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "article", "h1", "h2", "h3", "h4",
    "h5", "h6", "small", "p", "div", "details", "summary", "pre", "code", "span", "figure", "figcaption", "img", "a",
    "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "blockquote", "em", "strong", "s", "br", "hr",
}  # fmt: skip
ATTRIBUTES = {"dir", "class", "id", "open", "href", "rel", "src", "alt", "start", "title"}
PICTURES = re.compile(r"data:image/(png|jpeg|gif|webp|avif|bmp);base64,[\w+/=]+")
HOSTILE = [
    "</script><script>alert(1)</script>",
    "</title></style><script src=//evil.example/x.js></script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)><iframe src=https://evil.example></iframe>",
    "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,<script>x</script>) [d](vbscript:x)",
    "[e](&#106;avascript:alert(1)) [f](java\tscript:x) <javascript:alert(1)> [g](file:///x) [h](//evil.example)",
    "![i](https://evil.example/pixel.png) ![j](data:image/svg+xml,<svg onload=alert(1)>) ![k](x.png \"on=1\")",
    "[l](https://example.com/\"onmouseover=alert(1)) [m](https://example.com 'x\" onclick=\"alert(1)')",
    "[n]: javascript:alert(1)\n\n[n] [n][n] ![n]",
    "<style>@import 'https://evil.example/x.css'</style><link rel=stylesheet href=//evil.example>",
    "<base href=https://evil.example/><meta http-equiv=refresh content=0;url=https://evil.example>",
    "<form action=https://evil.example><button formaction=x>",
    "```\"><script>alert(1)</script>\nx\n```",
    "```html\n<script>alert(1)</script>\n```",
    "| a |\n|:-:|\n| <b onclick=x> |",
    "<!-- --><![CDATA[ <script>alert(1)</script> ]]><?php x ?>",
    "\x00\x1b]52;c;x\x07\u202e\ud800",
    "<" * 5_000,
    "[" * 3_000,
    "> " * 3_000 + "deep",
    "*_`" * 2_000,
    "x" * 300_000 + "<script>alert(1)</script>",
]  # fmt: skip


def page(talk: Conversation, *, tree: bool = True) -> BeautifulSoup:
    """The page, after a look at everything in it."""
    text = as_html(talk, tree=tree)
    soup = BeautifulSoup(text, "lxml")
    for tag in soup.find_all(True):
        assert isinstance(tag, Tag)
        assert tag.name in ELEMENTS, tag
        if tag.name == "meta":
            continue
        assert set(tag.attrs) <= ATTRIBUTES, tag
        assert "href" not in tag.attrs or re.match(r"(https?://|mailto:|#m\d+$)", str(tag["href"]), re.IGNORECASE), tag
        assert "src" not in tag.attrs or PICTURES.fullmatch(str(tag["src"]))
    assert [str(meta.get("http-equiv")) for meta in soup.find_all("meta") if meta.get("http-equiv")] == [
        "Content-Security-Policy"
    ]
    assert len(soup.find_all("style")) == 1
    assert len(soup.find_all("title")) == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)
    return soup


def said_everywhere(text: str) -> Conversation:
    """A conversation in which this is said in every place there is."""
    talk = Conversation(MODEL, text)
    talk.title = text
    picture = replace(PICTURE, name=text)
    talk.append(user(text, picture, Image(text[:100], PNG), replace(DOCUMENT, name=text)))
    call = ToolCall("call_1", text, text)
    origin = replace(ORIGIN, model=text, issuer=text)
    talk.append(Message("assistant", (Reasoning(text), Text(text), call, Refusal(text), Opaque(text, text)), origin))
    talk.append(Message("tool", (ToolResult("call_1", (Text(text), picture), is_error=True),)))
    talk.append(Message("system", (Text(text),)))
    talk.go_to(1)
    talk.append(Message("assistant", (Text(text),), origin, None, "interrupted"))
    talk.branch_names = {text: 2}
    return talk


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_was_said_anywhere_acts(text: str) -> None:
    soup = page(said_everywhere(text))
    assert len(soup.find_all("article")) == 4
    assert len(soup.find_all("img")) == 2


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(talk=conversations())
def test_no_conversation_acts(talk: Conversation) -> None:
    page(talk)


def test_the_page_may_load_nothing_but_its_own_style_and_pictures() -> None:
    policy = str(page(said_everywhere("Hello")).find("meta", attrs={"http-equiv": True})["content"])  # type: ignore[index]
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    style = page(said_everywhere("Hello")).find("style")
    assert style is not None
    assert style.string == STYLE
    assert "prefers-color-scheme: dark" in STYLE
    assert "@media print" in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_who_said_what_stands_there_as_markdown_with_calls_that_fold() -> None:
    talk = Conversation(MODEL, "Be brief.")
    talk.title = "About the weather"
    talk.append(user("How **warm** is it?", PICTURE))
    call = ToolCall("call_1", "weather", '{"city": "Zürich"}')
    talk.append(Message("assistant", (Text("Let me look."), call), ORIGIN))
    talk.append(Message("tool", (ToolResult("call_1", (Text("12"),)),)))
    talk.append(
        Message("assistant", (Text("```python\nprint('<12>')\n```\nSee [here](https://example.com)."),), ORIGIN)
    )
    soup = page(talk)
    assert [heading.get_text() for heading in soup.find_all("h1")] == ["About the weather"]
    assert [str(article["class"]) for article in soup.find_all("article")] == [
        "['user']", "['assistant']", "['assistant']"
    ]  # fmt: skip
    assert soup.select_one("article.user strong").get_text() == "warm"  # type: ignore[union-attr]
    (called,) = soup.select("article details")
    assert called.has_attr("open")
    assert called.summary is not None
    assert called.summary.get_text() == "Called weather"
    assert [pre.get_text() for pre in called.find_all("pre")] == ['{"city": "Zürich"}', "12"]
    code = soup.select("article pre")[-1]
    assert code.get_text().rstrip("\n") == "print('<12>')"
    assert code.select("span.nb")
    assert [str(link["href"]) for link in soup.find_all("a")] == ["https://example.com"]


def test_a_long_result_is_folded_and_a_short_one_open() -> None:
    talk = Conversation(MODEL)
    for lines in (3, 300):
        call = ToolCall(f"call_{lines}", "lines", "{}")
        talk.append(Message("assistant", (call,), ORIGIN))
        talk.append(Message("tool", (ToolResult(call.id, (Text("line\n" * lines),)),)))
    assert [one.has_attr("open") for one in page(talk).find_all("details")] == [True, False]


def test_a_branch_says_where_it_leaves_and_leads_there() -> None:
    talk = Conversation(MODEL)
    talk.append(user("One"))
    talk.append(Message("assistant", (Text("First"),), ORIGIN))
    talk.go_to(1)
    talk.append(Message("assistant", (Text("Second"),), ORIGIN))
    talk.branch_names = {"the first": 2}
    assert "First" not in page(talk, tree=False).get_text()
    soup = page(talk)
    (link,) = soup.find_all("a")
    assert link.get_text() == 'Branch "the first": after message 1, “One”'
    assert soup.select_one(str(link["href"])) is soup.find_all("article")[0]
