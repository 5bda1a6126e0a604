"""The two ways to a server: the pipes of a process of ours, and HTTP. Both give the streams that the SDK wants."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCRequest, JSONRPCResponse

from modules.errors import ToolFailed
from modules.mcp.configuration.server_config import ServerConfig
from modules.mcp.faults import FAULTS
from modules.mcp.log import Log
from modules.mcp.transport.clients import client_of
from modules.mcp.transport.messages import coded, messages_in
from modules.mcp.transport.old_sse import OldSse
from modules.mcp.transport.stdio import Process, environment_of
from modules.mcp.transport.streamable_http import StreamableHttp

STRAY = 1_000  # lines that are no message, before the program is taken for something else
STRAY_PIECE_BYTES = 1_000  # of each that are logged

Streams = tuple[Any, Any]  # the SDK's type for what it reads from and writes to is its own affair
Waiting = set[int | str]  # the requests that have no answer yet


@asynccontextmanager
async def over_stdio(
    entry: ServerConfig, environment: Mapping[str, str], log: Log, ended: Callable[[], None]
) -> AsyncIterator[Streams]:
    """The SDK's own transport has no bound for a line and leaves children behind, so this one stands in for it.

    `ended` is called when the server has closed its end. Raises ToolFailed where it cannot run, or ended by itself.
    """
    process = await Process.start(entry, environment_of(entry, environment), log)
    arriving, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, leaving = anyio.create_memory_object_stream[SessionMessage](0)
    closed = anyio.Event()
    waiting: Waiting = set()

    async def receive() -> None:
        if await _received(process, arriving, log, waiting):
            closed.set()
            ended()

    failure = None
    ended_itself = False
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            group.start_soon(_sent, process, leaving, waiting)
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


async def _received(
    process: Process, arriving: MemoryObjectSendStream[SessionMessage | Exception], log: Log, waiting: Waiting
) -> bool:
    """Pass on its messages; a banner or an odd line goes to the log. True when the server has ended."""
    stray = 0
    async with arriving:
        async for line in process.lines():
            messages = messages_in(line)
            if not messages:
                stray += bool(line.strip())
                log.write(line[:STRAY_PIECE_BYTES] + b"\n")
                if stray > STRAY:
                    raise ToolFailed("it writes to its standard output what is no message")
            try:
                for message in messages:
                    await arriving.send(SessionMessage(_numbered(message, waiting)))
            except anyio.BrokenResourceError:  # nobody listens any more
                return False
    return True


def _numbered(message: JSONRPCMessage, waiting: Waiting) -> JSONRPCMessage:
    """The message; an error that bears no number is the answer to the one request that waits for any."""
    if isinstance(message, JSONRPCError) and message.id is None and len(waiting) == 1:
        message = message.model_copy(update={"id": next(iter(waiting))})
    if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
        waiting.discard(message.id)
    return message


async def _sent(process: Process, leaving: MemoryObjectReceiveStream[SessionMessage], waiting: Waiting) -> None:
    async with leaving:
        async for item in leaving:
            if isinstance(item.message, JSONRPCRequest):
                waiting.add(item.message.id)
            try:
                await process.write(coded(item.message) + b"\n")
            except OSError:  # it reads no more; that it has ended is noticed where it is read
                return


def _with(code: int | None) -> str:
    if code is None:
        return ""
    return f" with exit code {code}" if code >= 0 else f", killed by signal {-code}"


@asynccontextmanager
async def over_http(
    entry: ServerConfig, auth: httpx2.Auth | None, gone: Callable[[str], None], doubted: Callable[[], None]
) -> AsyncIterator[Streams]:
    """Only this URL is ever asked, without redirects; its headers go nowhere else.

    `gone` is called with why, where nothing more can come, and `doubted` where that may be so. Raises ToolFailed.
    """
    arriving, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, leaving = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with client_of(entry, auth) as client, anyio.create_task_group() as group:
            http = StreamableHttp(client, entry.url, arriving, gone, doubted, try_old=not entry.type)
            if entry.type == "sse":
                await _opened(http, OldSse(client, entry.url, arriving, gone))
            group.start_soon(http.run, leaving)
            try:
                yield incoming, outgoing
            finally:
                await http.close()
                group.cancel_scope.cancel()
    finally:
        for stream in (incoming, outgoing, arriving, leaving):
            stream.close()


async def _opened(http: StreamableHttp, old: OldSse) -> None:
    """Have all go over the stream. Raises ToolFailed where there is none."""
    if not await old.open():
        await old.close()
        kind, words = (old.failure.kind, old.failure.words) if old.failure else ("error", "did not begin its stream")
        raise FAULTS[kind](f"it {words}")
    http.use(old)
