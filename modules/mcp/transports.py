"""The two ways to a server: the pipes of a process of ours, and HTTP. Both give the streams that the SDK wants."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, JSONRPCMessage
from mcp_types import jsonrpc_message_adapter as wire

from modules.config import APP, VERSION
from modules.errors import ConfigError, ToolFailed
from modules.llm.http_client import client_for
from modules.llm.sse import whole_json
from modules.mcp.config import Entry
from modules.mcp.log import Log
from modules.mcp.stdio import LONGEST_LINE, Process, environment_of

STRAY = 1_000  # lines that are no message, before the program is taken for something else
STRAY_PIECE = 1_000  # bytes of each that are logged
ANSWER = 32 * 1024 * 1024  # bytes of one answer over HTTP
SILENCE = 300.0  # seconds without a byte over HTTP

_NEAR = 200  # bytes of either end of a line
_FIRST = re.compile(rb'\{[^\[\]{}]*"id"\s*:\s*(\d{1,15})\b')
_LAST = re.compile(rb'"id"\s*:\s*(\d{1,15})\b[^\[\]{}]*\}\s*$')

Streams = tuple[Any, Any]  # the SDK's type for what it reads from and writes to is its own affair


@asynccontextmanager
async def over_stdio(
    entry: Entry, environment: Mapping[str, str], log: Log, ended: Callable[[], None]
) -> AsyncIterator[Streams]:
    """The SDK's own transport has no bound for a line and leaves children behind, so this one stands in for it.

    `ended` is called when the server has closed its end. Raises ToolFailed where it cannot run, or ended by itself.
    """
    process = await Process.start(entry, environment_of(entry, environment), log)
    arriving, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, leaving = anyio.create_memory_object_stream[SessionMessage](0)
    closed = anyio.Event()

    async def receive() -> None:
        if await _received(process, arriving, log):
            closed.set()
            ended()

    failure = None
    ended_itself = False
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            group.start_soon(_sent, process, leaving)
            try:
                yield incoming, outgoing
            except Exception as error:  # it matters only where it is not the server's end that brought it about
                failure = error
            finally:
                ended_itself = closed.is_set()
                with anyio.CancelScope(shield=True):
                    await process.end()
                group.cancel_scope.cancel()
    finally:
        for stream in (incoming, outgoing, arriving, leaving):
            stream.close()
    if ended_itself:
        raise ToolFailed(f"it ended by itself{_with(process.code)}") from failure
    if failure is not None:
        raise failure


async def _received(process: Process, arriving: MemoryObjectSendStream[SessionMessage | Exception], log: Log) -> bool:
    """Pass on its messages; a banner or an odd line goes to the log. True when the server has ended."""
    stray = 0
    async with arriving:
        async for line in process.lines():
            message = _message(line)
            if message is None:
                stray += bool(line.strip())
                log.write(line[:STRAY_PIECE] + b"\n")
                if stray > STRAY:
                    raise ToolFailed("it writes to its standard output what is no message")
                continue
            try:
                await arriving.send(SessionMessage(message))
            except anyio.BrokenResourceError:  # nobody listens any more
                return False
    return True


def _message(line: bytes) -> JSONRPCMessage | None:
    """The message in a line, None where there is none. Letters that are broken are replaced, and cost no answer."""
    try:
        return wire.validate_json(line, by_name=False)
    except ValueError:
        if not line.startswith(b"{"):
            return None
    try:
        return wire.validate_python(whole_json(json.loads(line.decode(errors="replace"))), by_name=False)
    except (ValueError, RecursionError):
        return _unreadable(line)


def _unreadable(line: bytes) -> JSONRPCMessage | None:
    """An error for the request that this line was to answer, so that nobody waits for it; None where it is no answer.

    The number stands before all that is nested, or behind it.
    """
    found = _FIRST.match(line[:_NEAR]) or _LAST.search(line[-_NEAR:])
    if found is None or b'"jsonrpc"' not in line[:_NEAR] + line[-_NEAR:]:
        return None
    error = {"code": PARSE_ERROR, "message": "the answer cannot be read; it may be nested too deeply"}
    return wire.validate_python({"jsonrpc": "2.0", "id": int(found[1]), "error": error}, by_name=False)


async def _sent(process: Process, leaving: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with leaving:
        async for message in leaving:
            line = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await process.write(line.encode() + b"\n")
            except OSError:  # it reads no more; that it has ended is noticed where it is read
                return


def _with(code: int | None) -> str:
    if code is None:
        return ""
    return f" with exit code {code}" if code >= 0 else f", killed by signal {-code}"


@asynccontextmanager
async def over_http(entry: Entry, refused: Callable[[int], None]) -> AsyncIterator[Streams]:
    """Only this URL is ever asked, without redirects; its headers go nowhere else.

    `refused` is told the status of each answer, 0 for a good one.
    """

    async def look(response: httpx2.Response) -> None:
        if response.request.method == "POST":  # a stream for news need not be offered
            refused(response.status_code if response.status_code >= 400 else 0)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("The answer is compressed, although that was not asked for.")
        lasting = response.headers.get("content-type", "").startswith("text/event-stream")
        if isinstance(response.stream, httpx2.AsyncByteStream) and not lasting:  # the SDK bounds each event
            response.stream = _Bounded(response.stream)

    headers = {"Accept-Encoding": "identity", "User-Agent": f"{APP}/{VERSION}", **entry.headers}
    try:
        http = client_for(httpx2, entry.url, httpx2.Timeout(30.0, read=SILENCE), (look,), headers)
    except ConfigError as error:
        raise ToolFailed(str(error).removesuffix(".")) from error
    async with (
        http as client,
        streamable_http_client(entry.url, http_client=client, max_sse_event_size=LONGEST_LINE) as streams,
    ):
        yield streams


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error where it grows beyond what any answer has."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._body:
            size += len(piece)
            if size > ANSWER:
                raise httpx2.ReadError(f"The answer is larger than {ANSWER // 1024 // 1024} MB.")
            yield piece

    async def aclose(self) -> None:
        await self._body.aclose()
