"""Search engines, SearXNG, Brave and Tavily: where each is, what it is asked, and where its results stand."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from modules.config import VERSION, Key


class Engine(Struct, frozen=True):
    """A search engine that the person has chosen. `url` is where it is asked, without the query.

    `key_variable` names what its key is in, "" where it takes none; `key` is None where that is not set.
    """

    name: str
    title: str
    url: str
    results: int
    key_variable: str = ""
    key: Key | None = None

    @property
    def lacks_key(self) -> bool:
        return bool(self.key_variable) and self.key is None

    @property
    def site(self) -> str:
        """The scheme, host and port, for questions and permissions: an address may hold more that is nobody's."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]


class Asked(Struct, frozen=True):
    """One request to an engine; with `content` it is a POST."""

    url: str
    headers: Mapping[str, str]
    content: bytes | None = None


class Form(Struct, frozen=True):
    """What differs between engines: `results` is the path to the list, `words` are the fields of a piece of the page,
    `dates` those of its date, the first that says something counts. `cures` say what to do about a status.
    """

    title: str
    address: str
    path: str
    ask: Callable[[Engine, str], Asked]
    results: tuple[str, ...]
    words: tuple[str, ...]
    dates: tuple[str, ...]
    key_variable: str = ""
    key_page: str = ""
    cures: Mapping[int, str] = {}


HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": f"Parlance/{VERSION}"}
NO_KEY = "The key was refused."


def _searxng(engine: Engine, query: str) -> Asked:
    return Asked(f"{engine.url}?{urlencode({'q': query, 'format': 'json'})}", HEADERS)


def _brave(engine: Engine, query: str) -> Asked:
    token = {"X-Subscription-Token": engine.key.value} if engine.key else {}
    return Asked(f"{engine.url}?{urlencode({'q': query, 'count': engine.results})}", {**HEADERS, **token})


def _tavily(engine: Engine, query: str) -> Asked:
    token = {"Authorization": f"Bearer {engine.key.value}"} if engine.key else {}
    body = json.dumps({"query": query, "max_results": engine.results}).encode()
    return Asked(engine.url, {**HEADERS, **token, "Content-Type": "application/json"}, body)


FORMS: dict[str, Form] = {
    # docs.searxng.org/dev/search_api.html: a format that is not set is answered 403. It takes no number of results.
    "searxng": Form(
        "SearXNG", "http://localhost:8888", "/search", _searxng, ("results",), ("content",),
        ("publishedDate", "pubdate"),
        cures={
            403: 'The user must add "json" to "formats" under "search" in the settings.yml of that SearXNG, '
            "or take it out of its limiter.",
            429: "Its limiter refuses; the user can switch that off in its settings.yml.",
        },
    ),
    # api-dashboard.search.brave.com/documentation; at most 20 results, and one request a second on its smallest plan.
    "brave": Form(
        "Brave Search", "https://api.search.brave.com", "/res/v1/web/search", _brave, ("web", "results"),
        ("description", "extra_snippets"), ("age", "page_age"), "BRAVE_API_KEY",
        "https://api-dashboard.search.brave.com/app/keys",
        cures={401: NO_KEY, 403: NO_KEY, 422: "The key or the query was refused.", 429: "Its limit is reached."},
    ),
    # docs.tavily.com/documentation/api-reference/endpoint/search; 432 and 433 are limits of a plan.
    "tavily": Form(
        "Tavily", "https://api.tavily.com", "/search", _tavily, ("results",), ("content",), ("published_date",),
        "TAVILY_API_KEY", "https://app.tavily.com",
        cures={
            401: NO_KEY, 403: NO_KEY, 429: "Its limit is reached.", 432: "The plan is used up.",
            433: "The pay-as-you-go limit is reached.",
        },
    ),
}  # fmt: skip


def engine_of(name: str, address: str, results: int, key: Callable[[str], Key | None]) -> Engine:
    """The engine of this name, at its usual address where `address` is ""; with a path it is taken as it stands."""
    form = FORMS[name]
    address = (address.strip() or form.address).rstrip("/")
    address = address if "://" in address else f"http://{address}"
    url = address if urlsplit(address).path.endswith(form.path) else f"{address}{form.path}"
    return Engine(
        name, form.title, url, results, form.key_variable, key(form.key_variable) if form.key_variable else None
    )


def at_path(value: Any, path: tuple[str, ...]) -> Any:
    """What stands at this path of an answer; None where nothing does."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
