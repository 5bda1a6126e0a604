"""The HTTP client for a server: proxies, certificates, limits of time and the bound for an answer, in one place."""

from collections.abc import AsyncIterator

import httpx2

from modules.config import APP, VERSION
from modules.mcp.entry import Entry

ANSWER = 32 * 1024 * 1024  # bytes of one answer
CONNECTING = 30.0  # seconds to connect, and to hand over a request


def client_of(entry: Entry, auth: httpx2.Auth | None = None) -> httpx2.AsyncClient:
    """A client that follows no redirects, for this server alone: its headers go nowhere else.

    How long an answer may take is the caller's affair.
    """
    return httpx2.AsyncClient(
        headers={"Accept-Encoding": "identity", "User-Agent": f"{APP}/{VERSION}", **entry.headers},
        auth=auth,
        timeout=httpx2.Timeout(CONNECTING, read=None),
        trust_env=not entry.is_local,
        follow_redirects=False,
        max_redirects=0,
        event_hooks={"response": [_refuse_compressed]},
    )


async def _refuse_compressed(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.DecodingError("the answer is compressed, although that was not asked for")


async def body_of(response: httpx2.Response, most: int = ANSWER) -> bytes:
    """The whole body. Raises ReadError where it grows beyond what any answer has."""
    pieces: list[bytes] = []
    size = 0
    body: AsyncIterator[bytes] = response.aiter_bytes()
    async for piece in body:
        size += len(piece)
        if size > most:
            raise httpx2.ReadError(f"the answer is larger than {most // 1024 // 1024} MB")
        pieces.append(piece)
    return b"".join(pieces)


def event_stream(response: httpx2.Response) -> bool:
    """Whether the body is a stream of events."""
    return kind_of(response) == "text/event-stream"


def kind_of(response: httpx2.Response) -> str:
    """The media type of the body, in small letters; "" where it is not said."""
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()
