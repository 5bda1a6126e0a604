"""The HTTP client for a server: proxies, certificates, limits of time and the bound for an answer, in one place."""

import logging
from collections.abc import AsyncIterator

import httpx2

from modules.config import APP, VERSION
from modules.errors import ConfigError, ToolFailed
from modules.llm.http.http_client import client_for
from modules.llm.http.sse import BYTE_ORDER_MARK
from modules.mcp.configuration.server_config import ServerConfig

ANSWER_BYTES = 32 * 1024 * 1024  # of one answer
LOGIN_STEPS = 8
CONNECTING_SECONDS = 30.0  # to connect, and to hand over a request


def client_of(entry: ServerConfig, auth: httpx2.Auth | None = None) -> httpx2.AsyncClient:
    """A client that follows no redirects, for this server alone: its headers go nowhere else.

    How long an answer may take is the caller's affair. Raises ToolFailed where the variables for proxies or
    certificates hold what they cannot.
    """
    headers = {"Accept-Encoding": "identity", "User-Agent": f"{APP}/{VERSION}", **entry.headers}
    try:
        client: httpx2.AsyncClient = client_for(
            httpx2, entry.url, httpx2.Timeout(CONNECTING_SECONDS, read=None), (_look,), headers
        )
    except ConfigError as error:
        raise ToolFailed(str(error).removesuffix(".")) from error
    if auth is not None:
        client.auth = auth
        client.max_redirects = LOGIN_STEPS  # the library counts each request of a login as one
    return client


async def _look(response: httpx2.Response) -> None:
    """Bound what comes; the events of a stream are bounded one by one where they are read."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError("the answer is compressed, although that was not asked for")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Events(response.stream) if event_stream(response) else _Bounded(response.stream)


class _Events(httpx2.AsyncByteStream):
    """A stream of events. The last one counts also where no empty line follows, and a mark at the beginning is none."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        first = True
        async for piece in self._body:
            yield piece.removeprefix(BYTE_ORDER_MARK) if first else piece
            first = False
        yield b"\n\n"

    async def aclose(self) -> None:
        await self._body.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error where it grows beyond what any answer has."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._body:
            size += len(piece)
            if size > ANSWER_BYTES:
                raise httpx2.ReadError(f"the answer is larger than {ANSWER_BYTES // 1024 // 1024} MB")
            yield piece

    async def aclose(self) -> None:
        await self._body.aclose()


def quiet() -> None:
    """Keep what the SDK remarks to itself: Python would write it to the terminal."""
    for logger in map(logging.getLogger, ("mcp", "client")):
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
            logger.propagate = False


def event_stream(response: httpx2.Response) -> bool:
    """Whether the body is a stream of events."""
    return kind_of(response) == "text/event-stream"


def kind_of(response: httpx2.Response) -> str:
    """The media type of the body, in small letters; "" where it is not said."""
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()
