"""The tool that fetches a page: from the public internet only, with what was shown to the person and nothing more."""

import unicodedata
from typing import TYPE_CHECKING

from msgspec import Struct

from modules.config import VERSION
from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.llm.parts import Text
from modules.tools.media import media
from modules.tools.results import BOUND_BYTES
from modules.tools.tool import ALWAYS, Output, Plan, Tool, ToolContext, tool
from modules.tools.web import addresses, html_worker, page
from modules.tools.web.addresses import Resolve
from modules.tools.web.pinned import PATIENCE_SECONDS, PORTS, ascii_host, asked, from_first, port_of

if TYPE_CHECKING:
    from httpx2 import URL, AsyncClient, Response

LARGEST_BYTES = 10_000_000  # after decompression
REDIRECTS = 5
LONGEST_URL_CHARS = 4000
LONGEST_SHOWN_CHARS = 300  # of a header that is told: where a redirect goes, what a page is said to be
PAGE_BYTES = BOUND_BYTES - 5000  # of text in one result; what is said about it comes on top
EXCERPT_CHARS = 2000  # of the page that goes with an HTTP error
HEADERS = {
    "User-Agent": f"Parlance/{VERSION}",
    "Accept": "text/markdown, text/html, text/plain;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}


class Fetched(Struct, frozen=True):
    """What the last address in a row of redirects answered; `data` is decompressed."""

    url: "URL"
    status: int
    reason: str
    media_type: str
    charset: str
    data: bytes


def fetch_tool(resolve: Resolve = addresses.looked_up) -> Tool:
    """The tool `fetch_url`; `resolve` gives the addresses of a host and port."""

    @tool(effect="network", when=ALWAYS)
    def fetch_url(url: str, context: ToolContext, offset: int = 0) -> Plan:
        """Fetch a web page as Markdown, or a text file, an image or a PDF.

        Args:
            url: begins with http:// or https://
            offset: character of the text to begin at, for the next part of a long page
        """
        target = _parsed(url)
        if offset < 0:
            raise ToolFailed("The offset must be 0 or more.")
        if target.host not in context.private_hosts and addresses.is_private_literal(target.host):
            raise ToolFailed(addresses.private(target.host))

        async def do(context: ToolContext) -> Output:
            return await _as_output(await _fetch(target, context.private_hosts, resolve), offset, context)

        host = target.netloc.decode("ascii")
        asks, site = f"goes to the network, to {host}", f"{target.scheme}://{host}"
        return Plan(do, asks=asks, preview=preview(target), line=site, patience=PATIENCE_SECONDS)

    return fetch_url


def preview(url: "URL") -> str:
    """The URL exactly as it is sent, in ASCII; a host that was written in other letters also as that, by script."""
    sent = str(url.copy_with(fragment=None))
    if url.host.isascii():
        return sent
    scripts = sorted({unicodedata.name(letter, "UNNAMED").split()[0] for letter in url.host if letter.isalpha()})
    mixed = ", which mixes scripts" if len(scripts) > 1 else ""
    return f"{sent}\nThe host is written {url.host!r} in {' and '.join(scripts)} letters{mixed}."


def follows(url: "URL", target: "URL") -> bool:
    """Whether a redirect stays where the person has allowed: the same host, with or without "www.", or its https."""
    if _bare(url.host) != _bare(target.host):
        return False
    here, there = (url.scheme, port_of(url)), (target.scheme, port_of(target))
    return here == there or (here, there) == (("http", 80), ("https", 443))


def _parsed(text: str) -> "URL":
    import httpx2

    try:
        url = httpx2.URL(text.strip())
    except httpx2.InvalidURL as error:
        raise ToolFailed(f"This is not a URL: {error}.") from error
    if url.scheme not in PORTS or not url.host:
        raise ToolFailed("The URL must begin with http:// or https:// and a host.")
    if url.userinfo:
        raise ToolFailed("A URL with a user name or password in it is not fetched.")
    if len(text) > LONGEST_URL_CHARS or not 0 < port_of(url) < 65536:
        raise ToolFailed("The URL is too long, or its port is none.")
    return url


def _bare(host: str) -> str:
    return host.removeprefix("www.")


async def _fetch(url: "URL", granted: frozenset[str], resolve: Resolve) -> Fetched:
    """Ask, and follow redirects on the same host. Each one is looked up and checked like the first."""
    for _ in range(REDIRECTS + 1):
        found = await in_thread(
            addresses.checked, host=ascii_host(url), port=port_of(url), granted=url.host in granted, resolve=resolve
        )
        answer = await _ask(url, found)
        if isinstance(answer, Fetched):
            return answer
        if not follows(url, answer):
            raise ToolFailed(f"{url} redirects to another place, {answer}. Fetch that if it is wanted.")
        url = answer
    raise ToolFailed(f"{url}: more than {REDIRECTS} redirects.")


async def _ask(url: "URL", found: list[str]) -> "Fetched | URL":
    """Send one request to the first of these addresses that can be reached: a page, or where it says to go."""

    async def request(client: "AsyncClient", address: str) -> "Fetched | URL":
        async with asked(client, url, address, HEADERS) as response:
            if response.is_redirect and (location := response.headers.get("location")):
                return _target(url, location)
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            data = b"" if response.is_error and not page.is_text(media_type) else await _body(response, media_type, url)
            charset = response.charset_encoding or ""
            return Fetched(url, response.status_code, response.reason_phrase, media_type, charset, data)

    return await from_first(url, found, request)


def _target(url: "URL", location: str) -> "URL":
    """Where a redirect goes. Raises ToolFailed where that is nowhere to go."""
    import httpx2

    try:
        return _parsed(str(url.join(location)))
    except (ToolFailed, httpx2.InvalidURL) as error:
        raise ToolFailed(f"{url} redirects to {location[:LONGEST_SHOWN_CHARS]!r}. {error}") from error


async def _body(response: "Response", media_type: str, url: "URL") -> bytes:
    """The body within its limit, however well it was packed. Raises ToolFailed for kinds that nobody could read."""
    length = response.headers.get("content-length", "")
    size = f"{length} bytes" if length.isdecimal() else "of unknown size"
    if not page.is_text(media_type) and media_type not in media.TYPES:
        raise ToolFailed(
            f"{url} is {media_type[:LONGEST_SHOWN_CHARS]}, {size}. Only text, images and PDF can be fetched."
        )
    # Packed twice, a few bytes can be days of unpacking, in which nothing else would happen.
    if len(response.headers.get_list("content-encoding", split_commas=True)) > 1:
        raise ToolFailed(f"{url} is packed more than once. Such a page is not read.")
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > LARGEST_BYTES:
            raise ToolFailed(
                f"{url} ({media_type or 'no type'}, {size}) is larger than {LARGEST_BYTES // 1_000_000} MB."
            )
    return bytes(data)


async def _as_output(fetched: Fetched, offset: int, context: ToolContext) -> Output:
    at = str(fetched.url)
    if not page.is_text(fetched.media_type) and fetched.data:
        found: media.Media = await in_thread(page.media_of, data=fetched.data, media_type=fetched.media_type, url=at)
        note = f" [{found.note}]" if found.note else ""
        return Output((Text(f"{at}: {fetched.media_type}, {len(fetched.data)} bytes.{note}"), found.part))
    text = await html_worker.text_of(fetched.data, fetched.media_type, fetched.charset, at, context.environment)
    if fetched.status >= 400:
        said = f"{at} answered {fetched.status} {fetched.reason[:LONGEST_SHOWN_CHARS]}".rstrip() + "."
        return Output((Text(f"{said}\n\n{text[:EXCERPT_CHARS]}".rstrip()),), is_error=True)
    return Output((Text(_part(text, offset, at)),))


def _part(text: str, offset: int, url: str) -> str:
    """As much of the text as one result holds, from `offset` on, and how to get the next part."""
    if not text:
        return f"{url} is empty."
    if offset >= len(text):
        raise ToolFailed(f"The page has {len(text)} characters; it ends before {offset}.")
    piece = text[offset : offset + PAGE_BYTES].encode(errors="replace")[:PAGE_BYTES].decode(errors="ignore")
    end = offset + len(piece)
    if end == len(text):
        return piece
    return f"{piece}\n\n[characters {offset} to {end} of {len(text)}; go on with offset={end}]"


fetch_url = fetch_tool()
