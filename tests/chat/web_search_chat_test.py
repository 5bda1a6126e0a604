"""Searches of a provider as a person sees them: a line while it searches, marks in the answer, the pages below it."""

import json
from pathlib import Path

import pytest

from tests.harness.home import Home
from tests.wire import Answer, Cites, Page, Search

MILL = Page("https://mills.example/wheel", "Mill wheels")
RIVER = Page("https://rivers.example/husum", "The river at Husum")
FOUND = Answer("I look it up.", Search("mill wheel", (MILL, RIVER)), "The wheel ", Cites("turns", (MILL,)), " slowly.")
PAGES = "[1] Mill wheels https://mills.example/wheel"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_search_has_its_line_words_have_their_marks_and_the_pages_stand_below(home: Home) -> None:
    with home:
        home.anthropic.answer(FOUND, "Yes.")
        terminal = home.open(rows=40).prompt()
        terminal.type("Does it turn?\r").sees("[1] Mill wheels")
        screen = terminal.sees("in, ").text  # the line under the turn
        assert "✓ web_search  mill wheel  2 pages" in screen
        assert "The wheel turns[1] slowly." in screen
        assert PAGES in screen
        assert "Anthropic searches the web itself, which may cost. /tools off web_search ends it." in terminal.words
        assert screen.index("I look it up.") < screen.index("✓ web_search") < screen.index("The wheel turns[1]")
        terminal.type("/tools off web_search\r").sees("Off: web_search.")
        terminal.type("Sure?\r").sees("Yes.")
        first, second = (request.body["tools"] for request in home.anthropic.chats[:2])
        assert first[-3:] != second[-3:]
        assert [tool["name"] for tool in first if tool.get("type") == "web_search_20250305"] == ["web_search"]
        assert "web_search" not in [tool["name"] for tool in second]


def test_the_list_of_tools_says_who_searches_and_what_to_do_where_nobody_does(home: Home) -> None:
    with home:
        terminal = home.open(rows=40).prompt()
        terminal.type("/tools\r").sees("Anthropic searches by itself for claude-sonnet-5.5")
        terminal.type("/model groq:qwen\r").sees("→ groq:qwen3.8-27b")
        terminal.type("/tools\r").sees("as there is no search engine")
        assert "/set search.engine searxng" in terminal.text.replace("\n", " ")


def test_in_a_pipe_the_very_text_comes_and_the_pages_at_its_end(home: Home) -> None:
    with home:
        home.anthropic.answer(FOUND, FOUND)
        done = home.run("-p", "Does it turn?")
        assert done.stdout == f"I look it up.The wheel turns slowly.\n\n{PAGES}\n"
        assert "web_search: mill wheel (2 pages)" in done.stderr
        whole = json.loads(home.run("-p", "Does it turn?", "--json").stdout)
        assert whole["text"] == "I look it up.The wheel turns slowly."
        assert whole["citations"] == [{"number": 1, "url": MILL.url, "title": MILL.title}]
        assert whole["searches"] == [
            {
                "query": "mill wheel",
                "sources": [{"url": page.url, "title": page.title} for page in (MILL, RIVER)],
                "error": None,
            }
        ]


@pytest.mark.parametrize(
    ("suffix", "said"),
    [
        ("md", ("turns[^source-1] slowly.", "[^source-1]: Mill wheels <https://mills.example/wheel>")),
        ("txt", ("turns[1] slowly.", PAGES)),
        (
            "html",
            ("turns[1] slowly.", '[1] <a href="https://mills.example/wheel" rel="noreferrer nofollow">Mill wheels</a>'),
        ),
    ],
)
def test_what_is_exported_has_the_marks_and_the_pages(home: Home, suffix: str, said: tuple[str, ...]) -> None:
    with home:
        home.anthropic.answer(FOUND)
        home.run("-p", "Does it turn?", "--json")
        terminal = home.open("-r", home.ids()[0]).prompt()
        terminal.type(f"/export talk.{suffix}\r").sees("Written to")
        text = (home.folder / f"talk.{suffix}").read_text()
        for words in said:
            assert words in text


def test_an_export_of_our_own_comes_back_with_its_citations(home: Home) -> None:
    with home:
        home.anthropic.answer(FOUND)
        home.run("-p", "Does it turn?", "--json")
        terminal = home.open("-r", home.ids()[0]).prompt()
        terminal.type("/export talk.json\r").sees("Written to")
        terminal.leave()
        (before,) = home.ids()
        exported = json.loads((home.folder / "talk.json").read_text())
        assert MILL.url in json.dumps([part for part in _parts(exported) if part.get("citations")])
        home.run("import", str(home.folder / "talk.json"))
        assert before in home.ids()


def _parts(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        inner = [part for one in value.values() for part in _parts(one)]
        return [value, *inner]
    return [part for one in value for part in _parts(one)] if isinstance(value, list) else []
