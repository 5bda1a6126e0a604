"""An MCP server over HTTP that answers as real ones were seen to: each answer is written byte by byte as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.harness.mcp_home import until

Writer = asyncio.StreamWriter
Special = Callable[["Web", dict[str, Any], Writer], Awaitable[bool]]

TOOL = {"name": "echo", "description": "Says it again.", "inputSchema": {"type": "object"}}
GREETING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "web", "version": "1"},
}


class Web:
    """`special` sees each message first, and says whether it has answered it. `sessions` are those that are known."""

    def __init__(self) -> None:
        self.url = ""
        self.special: Special | None = None
        self.stream: Special | None = None  # the same for a GET
        self.sessions: list[str] = []
        self.counted = 0
        self.asked: list[str] = []  # methods, in order
        self.headers: list[dict[str, str]] = []
        self.stateless = False
        self.writers: set[Writer] = set()

    def forget(self) -> None:
        """As a restart does."""
        self.sessions.clear()

    async def handle(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self.writers.add(writer)
        try:
            await self.serve(reader, writer)
        finally:
            writer.close()
            self.writers.discard(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                method, path = line.decode().split()[:2]
                headers: dict[str, str] = {}
                while (field := (await reader.readline()).decode().strip()) != "":
                    name, _, value = field.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.headers.append(headers)
                message = json.loads(body) if body else {}
                message["path"] = path
                message["session"] = headers.get("mcp-session-id", "")
                if method == "GET":
                    if self.stream is None or not await self.stream(self, message, writer):
                        answer(writer, 405, b"")
                elif method == "DELETE":
                    answer(writer, 200, b"")
                else:
                    self.asked.append(message.get("method", "an answer"))
                    if self.special is None or not await self.special(self, message, writer):
                        self.usual(message, writer)
                await writer.drain()
                if writer.is_closing():
                    return

    def usual(self, message: dict[str, Any], writer: "Writer | Catching") -> None:
        match message.get("method"):
            case "initialize":
                self.counted += 1
                name = f"session-{self.counted}"
                self.sessions.append(name)
                more = {} if self.stateless else {"mcp-session-id": name}
                answer(writer, 200, result(message, GREETING), **more)
            case "tools/list":
                answer(writer, 200, result(message, {"tools": [TOOL]}))
            case "tools/call":
                words = json.dumps(message["params"]["arguments"])
                answer(writer, 200, result(message, {"content": [{"type": "text", "text": words}]}))
            case "ping":
                answer(writer, 200, result(message, {}))
            case _:
                answer(writer, 202, b"")


def result(message: dict[str, Any], value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": value}).encode()


class Catching:
    """Takes what would be written; `body` is the last."""

    def __init__(self) -> None:
        self.body = b""

    def write(self, data: bytes) -> None:
        self.body = data.partition(b"\r\n\r\n")[2]


def answer(writer: Writer | Catching, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)


def begin_stream(writer: Writer, **headers: str) -> None:
    """A stream of events that has no length and ends with the connection."""
    lines = ["HTTP/1.1 200 OK", "content-type: text/event-stream", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())


def event(writer: Writer, value: Any, **fields: str) -> None:
    lines = [f"{name}: {text}" for name, text in fields.items()]
    writer.write("\n".join([*lines, f"data: {json.dumps(value) if value != '' else ''}", "", ""]).encode())


def drop(writer: Writer) -> None:
    """End the connection at once, in the middle of whatever it was."""
    writer.transport.abort()


@asynccontextmanager
async def web(port: int = 0) -> AsyncIterator[Web]:
    """Such a server on loopback."""
    one = Web()
    server = await asyncio.start_server(one.handle, "127.0.0.1", port)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    try:
        yield one
    finally:
        server.close()
        for writer in one.writers:
            writer.transport.abort()
        await until(lambda: not one.writers)
