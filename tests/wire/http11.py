"""As much HTTP/1.1 as the SDKs need: requests with a length, whole or chunked answers, kept-alive sockets."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass
class Request:
    """One recorded request. `body` is None when there was none or it is not JSON.

    `tokens` is what a server with a window counts in it, 0 at any other.
    """

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any
    connection: int
    at: float
    broken: list[str] = field(default_factory=list)  # the rules it breaks
    tokens: int = 0


async def read_request(reader: asyncio.StreamReader, connection: int) -> Request | None:
    """Read the next request of a connection, or None when the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    try:
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Request(
        method=method,
        path=path.partition("?")[0],
        headers=headers,
        raw=raw,
        body=_parse(raw),
        connection=connection,
        at=time.monotonic(),
    )


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def head(status: int, headers: dict[str, str]) -> bytes:
    """Give a status line and headers."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Overloaded"
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def whole(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """Give a complete response with a length."""
    return head(status, {**headers, "content-length": str(len(body))}) + body


def chunk(data: bytes) -> bytes:
    """Give one chunk of a chunked body. No data is no chunk: an empty one would end the body."""
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


LAST_CHUNK = b"0\r\n\r\n"
