"""The tool that searches the web by the engine that the person has set; what it finds is read liberally, bounded."""

import html
import json
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.llm.citations import LONGEST_TITLE, LONGEST_URL, one_line
from modules.llm.parts import Text
from modules.tools.search_engines import FORMS, Asked, Engine, at_path
from modules.tools.tool import ALWAYS, Output, Plan, Tool, ToolContext, tool
from modules.tools.web import addresses
from modules.tools.web.addresses import Resolve
from modules.tools.web.pinned import PATIENCE_SECONDS, PORTS, ascii_host, asked, from_first, port_of

if TYPE_CHECKING:
    from httpx2 import URL, AsyncClient

LARGEST_BYTES = 2_000_000  # of an answer, unpacked
LONGEST_QUERY = 400  # characters: the most that Brave takes
LONGEST_SNIPPET = 600
LONGEST_DATE = 40
LONGEST_ERROR = 300
NO_ENGINE = (
    "Nothing was searched: no search engine is set. The user can set one, as with "
    '"/set search.engine searxng" and "/set search.url http://localhost:8888".'
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")


class Found(Struct, frozen=True):
    """What an engine answered."""

    status: int
    media_type: str
    data: bytes


def search_tool(resolve: Resolve = addresses.looked_up) -> Tool:
    """The tool `web_search`; `resolve` gives the addresses of a host and port."""

    @tool(effect="network", when=ALWAYS)
    def web_search(query: str, context: ToolContext) -> Plan:
        """Search the web. Gives a numbered list of pages: title, URL, and a date and a few words of each.

        fetch_url reads a page in full. Where your answer uses a page, cite it as [n] and give its URL.

        Args:
            query: what to look for, in a few words
        """
        query = " ".join(query.split())
        if not query:
            raise ToolFailed("The query is empty.")
        if len(query) > LONGEST_QUERY:
            raise ToolFailed(f"The query is longer than {LONGEST_QUERY} characters.")
        engine = context.search()
        if engine is None:
            raise ToolFailed(NO_ENGINE)
        if engine.lacks_key:
            raise ToolFailed(f"Nothing was searched: {engine.key_variable} is not set. The user can set it.")

        async def do(context: ToolContext) -> Output:
            return _as_output(engine, await _ask(engine, query, resolve))

        asks = f"goes to the network, to {engine.host}"
        return Plan(do, asks=asks, line=engine.site, patience=PATIENCE_SECONDS)

    return web_search


def _url(engine: Engine, request: Asked) -> "URL":
    """Where the request goes. Raises ToolFailed where the key would travel for all to read."""
    import httpx2

    try:
        url = httpx2.URL(request.url)
    except httpx2.InvalidURL as error:
        raise ToolFailed(f"search.url is no address: {error}. The user can change it.") from error
    if url.scheme not in PORTS or not url.host or not 0 < port_of(url) < 65536:
        raise ToolFailed("search.url must begin with http:// or https:// and a host. The user can change it.")
    if engine.key and url.scheme == "http" and not _is_near(url.host):
        raise ToolFailed(f"Nothing was sent: {engine.key_variable} would travel unencrypted to {url.host}.")
    return url


def _is_near(host: str) -> bool:
    return host == "localhost" or addresses.is_private_literal(host)


async def _ask(engine: Engine, query: str, resolve: Resolve) -> Found:
    """What the engine answers. It may be anywhere, this machine included: the person has named it."""
    request = FORMS[engine.name].ask(engine, query)
    url = _url(engine, request)
    found = await in_thread(addresses.checked, host=ascii_host(url), port=port_of(url), granted=True, resolve=resolve)

    async def read(client: "AsyncClient", address: str) -> Found:
        async with asked(client, url, address, request.headers, request.content) as response:
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > LARGEST_BYTES:
                    raise ToolFailed(f"{engine.title} at {engine.host} answered with more than 2 MB.")
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Found(response.status_code, media_type, bytes(data))

    return await from_first(url, found, read, about=f"{engine.title} at {engine.host}")


def _as_output(engine: Engine, found: Found) -> Output:
    answer = _json(found.data)
    if not 200 <= found.status < 300:
        raise ToolFailed(_refusal(engine, found.status, answer))
    listed = at_path(answer, FORMS[engine.name].results)
    if not isinstance(answer, dict):
        raise ToolFailed(f"{engine.title} at {engine.host} answered with {found.media_type or 'what'} is no JSON.")
    pages = [text for one in (listed if isinstance(listed, list) else ()) if (text := _page(engine, one))]
    if not pages:
        return Output((Text(f"{engine.title} found nothing.{_unresponsive(answer)}"),))
    numbered = (f"{number}. {text}" for number, text in enumerate(pages[: engine.results], 1))
    return Output((Text("\n\n".join(numbered)),))


def _page(engine: Engine, one: Any) -> str:
    """One result as lines: its title, its URL, its date and words; "" for what is no page."""
    url = one.get("url") if isinstance(one, dict) else None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        return ""
    form = FORMS[engine.name]
    title = _plain(one.get("title"), LONGEST_TITLE) or url
    date = next((text for name in form.dates if (text := _plain(one.get(name), LONGEST_DATE))), "")
    words = next((text for name in form.words if (text := _plain(one.get(name), LONGEST_SNIPPET))), "")
    told = " · ".join(filter(None, (date, words)))
    return "\n".join(filter(None, (title, f"   {one_line(url, LONGEST_URL)}", f"   {told}" if told else "")))


def _plain(value: Any, longest: int) -> str:
    """Words of an engine in one line: some mark what was looked for with tags."""
    if isinstance(value, list):
        value = " … ".join(one for one in value if isinstance(one, str))
    if not isinstance(value, str):
        return ""
    return one_line(html.unescape(_TAG.sub("", value[: 8 * longest])), longest)


def _refusal(engine: Engine, status: int, answer: Any) -> str:
    """What the model is told, with what the user can do."""
    cure = FORMS[engine.name].cures.get(status, "")
    if cure and engine.key_variable and "key" in cure:
        cure += f" The user can set {engine.key_variable} anew."
    said = one_line(_said(answer).replace(engine.key.value, "<key>") if engine.key else _said(answer), LONGEST_ERROR)
    return " ".join(filter(None, (f"{engine.title} at {engine.host} answered {status}.", said, cure)))


def _said(answer: Any) -> str:
    """The words of an error, in any of the shapes in use."""
    for _ in range(4):
        if isinstance(answer, str):
            return answer
        if not isinstance(answer, dict):
            return ""
        answer = next((answer[key] for key in ("detail", "error", "message") if answer.get(key)), None)
    return ""


def _unresponsive(answer: dict[str, Any]) -> str:
    """Which engines behind a SearXNG did not answer, as it says itself."""
    listed = answer.get("unresponsive_engines")
    named = [one[0] for one in (listed if isinstance(listed, list) else ()) if isinstance(one, list) and one]
    words = one_line(", ".join(name for name in named if isinstance(name, str)), LONGEST_ERROR)
    return f" Did not answer: {words}." if words else ""


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


web_search = search_tool()
