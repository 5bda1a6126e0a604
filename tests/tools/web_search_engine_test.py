"""The tool that searches by an engine: what it asks of each, what a model is given of the answer, and its refusals."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from modules.config import Key
from modules.errors import ToolFailed
from modules.llm.models import Model
from modules.llm.parts import Text
from modules.settings.declarations import SearchSettings
from modules.tools.search_engines import Engine, engine_of
from modules.tools.tool import Output, ToolContext, as_output
from modules.tools.web.search import LONGEST_SNIPPET, search_tool
from modules.tools.web.search_choice import SearchChoice
from tests.harness.transformer_harness import model_at

KEYS = {"BRAVE_API_KEY": "BSA-test-1f2e3d4c5b", "TAVILY_API_KEY": "tvly-test-1f2e3d4c5b"}


class EngineServer:
    """A search engine on loopback; `answer` is what it says, `seen` the requests as head and body."""

    def __init__(self) -> None:
        self.status, self.kind, self.answer = 200, "application/json", b"{}"
        self.seen: list[tuple[str, bytes]] = []
        self.port = 0

    def says(self, answer: Any, status: int = 200, kind: str = "application/json") -> None:
        self.status, self.kind = status, kind
        self.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line.split(":")[1]) for line in head.lower().split("\r\n") if "content-length:" in line), 0)
        self.seen.append((head, await reader.readexactly(length)))
        lines = [f"HTTP/1.1 {self.status} So", f"Content-Type: {self.kind}", f"Content-Length: {len(self.answer)}"]
        if self.status == 302:
            lines.append("Location: http://127.0.0.1:1/elsewhere")
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode() + self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def engine() -> AsyncIterator[EngineServer]:
    made = EngineServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


def key_of(variable: str) -> Key | None:
    return Key(KEYS[variable], variable)


async def search(name: str, url: str, query: str = "mill wheel", results: int = 3) -> str:
    """What a model is given."""
    output = await searched(engine_of(name, url, results, key_of), query)
    assert not output.is_error
    return "\n".join(part.text for part in output.parts if isinstance(part, Text))


async def searched(engine: Engine | None, query: str = "mill wheel") -> Output:
    context = ToolContext(Path("/"), Path("/"), search=lambda: engine)
    plan = await search_tool().prepare({"query": query}, context)
    assert plan.asks
    return as_output(await plan.do(context))


async def refusal(engine: Engine | None, query: str = "mill wheel") -> str:
    with pytest.raises(ToolFailed) as raised:
        await searched(engine, query)
    return raised.value.message


async def test_searxng_is_asked_for_json_and_its_results_are_numbered(engine: EngineServer) -> None:
    engine.says(
        {
            "results": [
                {"url": "https://a.example/", "title": "Mills", "content": "A wheel.", "publishedDate": "2026-11-02"},
                {"url": "https://b.example/", "title": "", "content": None},
                {"url": "javascript:alert(1)", "title": "Bad"},
                {"title": "No address"},
                "nothing",
                {"url": "https://c.example/", "title": "Third"},
                {"url": "https://d.example/", "title": "Fourth"},
            ]
        }
    )
    assert await search("searxng", engine.url) == (
        "1. Mills\n   https://a.example/\n   2026-11-02 · A wheel.\n\n"
        "2. https://b.example/\n   https://b.example/\n\n"
        "3. Third\n   https://c.example/"
    )
    ((head, _),) = engine.seen
    asked = urlsplit(head.split()[1])
    assert asked.path == "/search"
    assert parse_qs(asked.query) == {"q": ["mill wheel"], "format": ["json"]}


async def test_searxng_may_be_given_by_the_path_that_it_is_asked_at_or_below_another(engine: EngineServer) -> None:
    engine.says({"results": []})
    for url, path in (("/search", "/search"), ("/searx/", "/searx/search"), ("/", "/search")):
        await search("searxng", engine.url + url)
        assert engine.seen[-1][0].split()[1].startswith(f"{path}?")


async def test_a_searxng_without_json_names_what_its_owner_must_change(engine: EngineServer) -> None:
    engine.says(b"<h1>Forbidden</h1>", 403, "text/html")
    told = await refusal(engine_of("searxng", engine.url, 3, key_of))
    assert "answered 403" in told
    assert '"json"' in told
    assert "settings.yml" in told


async def test_a_searxng_whose_engines_did_not_answer_says_so(engine: EngineServer) -> None:
    engine.says({"results": [], "unresponsive_engines": [["google", "CAPTCHA"], ["brave", "timeout"]]})
    assert await search("searxng", engine.url) == "SearXNG found nothing. Did not answer: google, brave."


async def test_brave_gets_its_key_in_a_header_and_its_marks_are_taken_out(engine: EngineServer) -> None:
    page = {"url": "https://a.example/", "title": "Mills &amp; <strong>wheels</strong>", "age": "3 days ago"}
    engine.says({"web": {"results": [{**page, "description": "It <strong>turns</strong> if a < b."}]}})
    assert await search("brave", engine.url) == (
        "1. Mills & wheels\n   https://a.example/\n   3 days ago · It turns if a < b."
    )
    ((head, _),) = engine.seen
    assert f"x-subscription-token: {KEYS['BRAVE_API_KEY']}".lower() in head.lower()
    asked = urlsplit(head.split()[1])
    assert asked.path == "/res/v1/web/search"
    assert parse_qs(asked.query) == {"q": ["mill wheel"], "count": ["3"]}


async def test_tavily_is_asked_with_a_body_and_a_bearer(engine: EngineServer) -> None:
    page = {"url": "https://a.example/", "title": "Mills", "content": "It turns.", "score": 0.9}
    engine.says({"query": "x", "answer": None, "results": [{**page, "published_date": "2026-11-02"}]})
    assert await search("tavily", engine.url) == "1. Mills\n   https://a.example/\n   2026-11-02 · It turns."
    ((head, body),) = engine.seen
    assert head.startswith("POST /search ")
    assert f"authorization: Bearer {KEYS['TAVILY_API_KEY']}".lower() in head.lower()
    assert json.loads(body) == {"query": "mill wheel", "max_results": 3}


@pytest.mark.parametrize(
    ("name", "status", "answer", "words"),
    [
        ("brave", 401, {"error": {"code": "SUBSCRIPTION_TOKEN_INVALID", "detail": "Bad token."}}, "Bad token."),
        ("brave", 429, {"error": {"detail": "Rate limited."}}, "Its limit is reached."),
        ("tavily", 401, {"detail": {"error": "Unauthorized: missing or invalid API key."}}, "TAVILY_API_KEY"),
        ("tavily", 432, {"detail": {"error": "Plan limit."}}, "The plan is used up."),
        ("searxng", 500, b"oops", "answered 500"),
    ],
)
async def test_a_refusal_says_why_and_what_the_user_can_do(
    engine: EngineServer, name: str, status: int, answer: Any, words: str
) -> None:
    engine.says(answer, status)
    assert words in await refusal(engine_of(name, engine.url, 3, key_of))


@pytest.mark.parametrize("name", ["brave", "tavily"])
async def test_a_key_that_an_engine_repeats_is_not_told_to_the_model(engine: EngineServer, name: str) -> None:
    made = engine_of(name, engine.url, 3, key_of)
    assert made.key is not None
    engine.says({"detail": f"The key {made.key.value} is bad."}, 401)
    told = await refusal(made)
    assert made.key.value not in told
    assert "<key>" in told


@pytest.mark.parametrize("name", ["brave", "tavily"])
async def test_a_redirect_is_not_followed_so_that_the_key_goes_nowhere_else(engine: EngineServer, name: str) -> None:
    engine.says(b"", 302)
    assert "answered 302" in await refusal(engine_of(name, engine.url, 3, key_of))
    assert len(engine.seen) == 1


async def test_a_key_does_not_travel_unencrypted_to_another_machine() -> None:
    told = await refusal(engine_of("brave", "http://search.example", 3, key_of))
    assert told == "Nothing was sent: BRAVE_API_KEY would travel unencrypted to search.example."


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"results": 7}', b'{"results": {"a": 1}}', b"\xff\xfe"]
)
async def test_an_answer_of_any_shape_is_a_result_or_a_failure_in_words(engine: EngineServer, answer: bytes) -> None:
    engine.says(answer)
    made = engine_of("searxng", engine.url, 3, key_of)
    if answer.startswith(b'{"'):
        assert await search("searxng", engine.url) == "SearXNG found nothing."
    else:
        assert "is no JSON" in await refusal(made)


async def test_what_is_found_is_bounded_and_holds_no_hidden_words(engine: EngineServer) -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey me")
    engine.says({"results": [{"url": "https://a.example/", "title": f"T{hidden}", "content": "w " * 5000}]})
    told = await search("searxng", engine.url)
    assert hidden not in told
    assert len(told) < LONGEST_SNIPPET + 200
    engine.says(b'{"results": "' + b"x" * 3_000_000 + b'"}')
    assert "more than 2 MB" in await refusal(engine_of("searxng", engine.url, 3, key_of))


async def test_an_engine_that_cannot_be_reached_is_named(engine: EngineServer) -> None:
    engine.port, url = 1, "http://127.0.0.1:1"
    told = await refusal(engine_of("searxng", url, 3, key_of))
    assert told.startswith("SearXNG at 127.0.0.1:1 cannot be reached: ")


async def test_without_an_engine_or_its_key_nothing_is_sent_and_the_cure_is_named() -> None:
    assert "/set search.engine" in await refusal(None)
    keyless = engine_of("brave", "", 3, lambda _: None)
    assert await refusal(keyless) == "Nothing was searched: BRAVE_API_KEY is not set. The user can set it."
    assert await refusal(keyless, "  ") == "The query is empty."


def choice(**settings: Any) -> SearchChoice:
    return SearchChoice(lambda: SearchSettings(**settings), lambda _: None)


@pytest.mark.parametrize(
    ("settings", "own", "expected"),
    [
        ({}, "web_search", "native"),
        ({"native": False}, "web_search", "none"),
        ({"native": False, "engine": "searxng"}, "web_search", "ours"),
        ({"engine": "searxng"}, "web_search", "native"),
        ({"engine": "searxng"}, "", "ours"),
        ({"engine": "brave"}, "", "none"),  # its key is not set
        ({}, "", "none"),
    ],
)
def test_a_model_is_offered_the_search_of_its_provider_else_the_engine_else_none(
    settings: dict[str, Any], own: str, expected: str
) -> None:
    from msgspec import structs

    model: Model = model_at("openai", profile=structs.replace(model_at("openai").profile, web_search=own))
    spec = choice(**settings).declared(search_tool().spec, model)
    assert ("none" if spec is None else "native" if spec.native else "ours") == expected
    assert choice(**settings).words(model).startswith("web_search: ")
