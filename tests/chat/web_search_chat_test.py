"""Searches of a provider as a person sees them: a line while it searches, marks in the answer, the pages below it."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from tests.chat.approval_test import answer
from tests.harness.home import Home
from tests.wire import Answer, Call, Cites, Page, Search

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
        assert "Anthropic searches the web itself, at a price. /tools off web_search ends it." in terminal.words
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


class Engine(BaseHTTPRequestHandler):
    """A SearXNG on loopback that finds one page."""

    def do_GET(self) -> None:
        body = json.dumps({"results": [{"url": MILL.url, "title": MILL.title, "content": "It turns."}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


def test_an_engine_of_the_settings_is_asked_after_a_yes_and_both_kinds_of_search_share_one_talk(home: Home) -> None:
    with home, ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        (home.folder / "settings.toml").write_text(
            f'[models]\nrefresh = false\ndiscover = false\n[search]\nengine = "searxng"\nurl = "{url}"\n'
        )
        home.groq.answer(Answer(Call("web_search", {"query": "mill wheel"})), "It turns.", "Still.")
        home.anthropic.answer(FOUND)
        terminal = home.open("-m", "groq:qwen3.8-27b", rows=50).prompt()
        terminal.type("Does it turn?\r").sees("goes to the network, to 127.0.0.1")
        assert "mill wheel" in terminal.text
        answer(terminal.sees("y yes"), "y").sees("It turns.").sees("#1 web_search mill wheel")
        terminal.type("/model sonnet\r").sees("Anthropic searches the web itself")
        terminal.type("Really?\r").sees("[1] Mill wheels")
        terminal.type("/model -\r").sees("→ groq:qwen3.8-27b")
        terminal.type("And now?\r").sees("Still.")
        server.shutdown()
    names = [block["name"] for block in _parts(home.anthropic.chats[-1].body) if block.get("type") == "tool_use"]
    assert names == ["search_the_web"]
    assert "[web search by the model's provider: " in json.dumps(home.groq.chats[-1].body)
    bodies = [json.dumps(request.body["messages"])[:-1] for request in home.groq.chats]
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(bodies))
