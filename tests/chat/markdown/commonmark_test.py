"""CommonMark's own examples: what is drawn has the text of the HTML that they expect, but where a reason stands.

The examples are part of the CommonMark Spec, by John MacFarlane, under CC-BY-SA 4.0; commonmark.json in tests/data
names the release. Only the text is compared: without tags, white space, and what a drawing has in the place of tags.
"""

import json
import re
import tomllib
from html import unescape
from typing import Any

import pytest

from modules.chat.markdown.blocks import Blocks
from modules.config import ROOT

EXAMPLES: list[dict[str, Any]] = json.loads((ROOT / "tests/data/commonmark.json").read_text(encoding="utf-8"))[
    "examples"
]
REASONS: dict[str, str] = tomllib.loads((ROOT / "tests/data/commonmark_deviations.toml").read_text(encoding="utf-8"))
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"[^>]*/>')
_ITEMS = re.compile(r'<(ol)(?: start="(\d+)")?>|<(ul)>|</[ou]l>|<li>')
_OPENING = re.compile(r"<pre><code(?: class=\"language-([^\"]*)\")?>")


def expected(html: str) -> str:
    """The text of the HTML, with a drawing's own words where the HTML has attributes: targets, numbers, languages."""
    html = _IMAGE.sub(lambda found: f"[image: {found[2]}] ({found[1]})", html)
    html = _LINK.sub(lambda found: f"{found[2]} ({found[1]})", html)
    lists: list[int] = []

    def marker(found: re.Match[str]) -> str:
        if found[0] == "<li>":
            lists[-1] += 1
            return f"{lists[-1] - 1}. " if lists[-1] > 0 else "• "
        if found[0].startswith("</"):
            lists.pop()
        else:
            lists.append(int(found[2] or 1) if found[1] else -10_000_000_000)
        return " "

    html = _ITEMS.sub(marker, html)
    html = _OPENING.sub(lambda found: f" {found[1] or ''} ", html)
    return _bare(unescape(re.sub(r"<[^>]*>", "", html)))


def drawn(markdown: str) -> str:
    """The text that is drawn."""
    blocks = Blocks(10_000)
    for line in markdown.removesuffix("\n").split("\n"):
        blocks.line(line)
        blocks.line_end()
    blocks.end()
    return _bare("\n".join("".join(text for text, _ in row) for row in blocks.rows))


def _bare(text: str) -> str:
    return re.sub(r"\s|[│─]", "", text)


def alike(example: dict[str, Any]) -> bool:
    """Whether the texts are one, whatever signs of the drawing's own stand in them."""
    wanted, found = expected(example["html"]), drawn(example["markdown"])
    return _signs(wanted) == _signs(found)


def _signs(text: str) -> str:
    """Headings below a title show their signs, a list its delimiter, and a link with its target as text no target."""
    text = re.sub(r"\((?:mailto:)?([^()]*)\)", lambda found: "" if found[1] else "()", text)
    return re.sub(r"#|(?<=\d)\)", lambda found: "" if found[0] == "#" else ".", text)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["number"]))
def test_an_example_is_drawn_with_the_text_of_its_html_but_where_a_reason_stands(example: dict[str, Any]) -> None:
    listed = str(example["number"]) in REASONS
    assert alike(example) != listed, (expected(example["html"]), drawn(example["markdown"]))


def test_no_reason_is_blank_or_for_an_example_that_is_not_there() -> None:
    assert set(REASONS) <= {str(example["number"]) for example in EXAMPLES}
    assert all(reason.strip() for reason in REASONS.values())
    assert len(EXAMPLES) == 652
