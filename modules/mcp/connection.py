"""A connection through the `mcp` SDK, whose import takes most of a second: `server` does it in a thread."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from mcp.client.session import ClientSession
from mcp.shared.dispatcher import CallOptions, ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp_types import CONNECTION_CLOSED, METHOD_NOT_FOUND, REQUEST_TIMEOUT, Implementation, ToolListChangedNotification

from modules.config import APP, VERSION
from modules.errors import ToolFailed
from modules.mcp.config import Entry
from modules.mcp.log import Log
from modules.mcp.plain import ENDED, one_line
from modules.mcp.transports import over_http, over_stdio

PAGES = 50
SLACK = 1.0  # seconds beside the SDK's own timeout, which does not count the time that a request waits to be sent

Progress = ProgressFnT  # told how far, of how much, and in words


class Connection:
    """What a server can be asked. `stirred` is set when it is `gone`, or when its list of tools is `stale`."""

    def __init__(self, name: str) -> None:
        self.gone = False
        self.stale = False
        self.stirred = asyncio.Event()
        self._status = 0  # of the last answer over HTTP, where it was a refusal
        self._name = name
        self._session: ClientSession
        self._dispatcher: JSONRPCDispatcher

    def attach(self, read: Any, write: Any) -> ClientSession:
        """Speak through these streams, as long as the session is entered."""
        self._dispatcher = JSONRPCDispatcher(read, write)
        self._session = ClientSession(
            dispatcher=self._dispatcher,
            message_handler=self._heard,
            client_info=Implementation(name=APP, version=VERSION),
        )
        return self._session

    async def open(self) -> None:
        """The handshake. Raises ToolFailed, and RuntimeError or ValueError for an answer that is none."""
        try:
            await self._session.initialize()
        except MCPError as error:
            raise ToolFailed(self._told(error, 0.0)) from error

    def offers(self, kind: str) -> bool:
        """Whether the server has said that it has "tools", "prompts" or "resources"."""
        capabilities = self._session.server_capabilities
        return capabilities is not None and getattr(capabilities, kind) is not None

    async def ask(
        self, method: str, params: Mapping[str, Any] | None, patience: float, told: Progress | None = None
    ) -> dict[str, Any]:
        """The raw result of a request. Raises ToolFailed with what went wrong. A cancelled one is called off.

        The SDK's typed calls are not used: one bad item of a list would cost the whole list.
        """
        options: CallOptions = {"timeout": patience}
        if told is not None:
            options["on_progress"] = told
        try:
            async with asyncio.timeout(patience + SLACK):
                return await self._dispatcher.send_raw_request(method, params, options)
        except MCPError as error:
            raise ToolFailed(self._told(error, patience)) from error
        except TimeoutError as error:
            raise ToolFailed(f'The MCP server "{self._name}" takes nothing in any more.') from error

    async def listed(self, kind: str, patience: float) -> list[Any]:
        """All items of a list such as "tools", unchecked, from at most PAGES pages; none where it has no such list."""
        items: list[Any] = []
        cursors: set[str] = set()
        params: dict[str, Any] | None = None
        for _ in range(PAGES if self.offers(kind) else 0):
            page = await self.ask(f"{kind}/list", params, patience)
            found = page.get(kind)
            items += found if isinstance(found, list) else []
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or cursor in cursors:
                break
            cursors.add(cursor)
            params = {"cursor": cursor}
        return items

    def end(self) -> None:
        """There is nobody there any more."""
        self.gone = True
        self.stirred.set()

    def refused(self, status: int) -> None:
        """The last answer had this HTTP status, 0 for a good one."""
        self._status = status

    async def _heard(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.stale = True
            self.stirred.set()

    def _told(self, error: MCPError, patience: float) -> str:
        whom = f'The MCP server "{self._name}"'
        if error.code == REQUEST_TIMEOUT:
            return f"{whom} did not answer within {patience:g} seconds."
        if error.code == CONNECTION_CLOSED:
            return f"{whom} {ENDED}"
        if error.message == "Session terminated":  # the SDK's words for a server that has forgotten this session
            self.end()
        if self._status in (401, 403):
            return f"{whom} answered with HTTP {self._status}. Its entry in mcp.json may need other headers."
        if error.code == METHOD_NOT_FOUND and not self._status:
            return f"{whom} does not offer that."
        status = f" (HTTP {self._status})" if self._status else ""
        return f"{whom} answered with an error{status}: {one_line(error.message)}"


@asynccontextmanager
async def connected(entry: Entry, environment: Mapping[str, str], log: Log) -> AsyncIterator[Connection]:
    """A connection whose handshake is still to be made. Enter and leave it in one task."""
    for logger in map(logging.getLogger, ("mcp", "client")):
        if not logger.handlers:  # Python would write the SDK's remarks to the terminal
            logger.addHandler(logging.NullHandler())
            logger.propagate = False
    connection = Connection(entry.name)
    transport = (
        over_http(entry, connection.refused) if entry.url else over_stdio(entry, environment, log, connection.end)
    )
    async with transport as (read, write), connection.attach(read, write):
        yield connection
