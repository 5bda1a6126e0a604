"""An MCP server over HTTP that can be made to forget its sessions, in a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.harness.mcp_http_server import Web, Writer, answer, web


@contextmanager
def forgetful() -> Iterator[Web]:
    """A server that answers 404 to a session that it does not know, as the official SDKs do (python-sdk#3556)."""
    ready, servers = threading.Event(), list[Web]()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with web() as one:
            one.special = unless_known
            servers.append(one)
            ready.set()
            await stop.wait()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield servers[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def unless_known(one: Web, message: dict[str, Any], writer: Writer) -> bool:
    """Answer what comes in a session that is none any more."""
    if message.get("method") == "initialize" or message["session"] in one.sessions:
        return False
    error = {"code": -32001, "message": "Session not found"}
    answer(writer, 404, json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "error": error}).encode())
    return True
