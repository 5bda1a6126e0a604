"""A connection through the `mcp` SDK, whose import takes most of a second: `server` does it in a thread."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from mcp.client.session import ClientSession
from mcp.shared.dispatcher import CallOptions, ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp_types import Implementation, InitializedNotification, InitializeResult, ToolListChangedNotification
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION
from pydantic import ValidationError

from modules.config import APP, VERSION
from modules.daemon_thread import in_thread
from modules.errors import ToolFailed
from modules.mcp.authorization.login_file import LoginFile
from modules.mcp.configuration.server_config import ServerConfig, names_itself
from modules.mcp.faults import ENDED, FAULTS, ConnectionDropped, Failure, Said, SessionLost
from modules.mcp.log import Log
from modules.mcp.transport.clients import quiet
from modules.mcp.transport.transports import over_http, over_stdio
from modules.text.plain_words import one_line

PAGES = 50
FIRST_NUMBER = 1_000  # of our requests; the SDK counts its own from one on
CALLING_OFF_SECONDS = 1.0  # to cancel a request that nobody waits for any more
OLDEST_VERSION = HANDSHAKE_PROTOCOL_VERSIONS[0]
UNDECLARED_SECONDS = 3.0  # for a list that the server has not said to have

Progress = ProgressFnT  # called with how far, of how much, and a message


class Connection:
    """What a server can be asked. `stirred` is set when it is `gone`, `doubtful`, or its list of tools is `stale`.

    `why` says what ended it, in words that go on from "it"; "" where a new connection is all that is needed.
    """

    def __init__(self, entry: ServerConfig) -> None:
        self.gone = False
        self.why = ""
        self.wants_login = False
        self.doubtful = False
        self.stale = False
        self.stirred = asyncio.Event()
        self._name = entry.name
        self._named_itself = names_itself(entry)
        self._number = FIRST_NUMBER
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._calling_off: set[asyncio.Task[None]] = set()
        self._session: ClientSession
        self._dispatcher: JSONRPCDispatcher

    def attach(self, read: Any, write: Any) -> ClientSession:
        """Speak through these streams, as long as the session is entered."""
        self._dispatcher = JSONRPCDispatcher(read, write)
        self._session = ClientSession(
            dispatcher=self._dispatcher,
            message_handler=self._received,
            client_info=Implementation(name=APP, version=VERSION),
        )
        return self._session

    async def open(self, patience: float) -> None:
        """The handshake. Raises ToolFailed, also for an answer that is none."""
        params = {
            "protocolVersion": LATEST_HANDSHAKE_VERSION,
            "capabilities": {},
            "clientInfo": {"name": APP, "version": VERSION},
        }
        result = await self.ask("initialize", params, patience)
        try:
            self._session.adopt(InitializeResult.model_validate(_whole_greeting(result)))
        except ValidationError as error:
            raise ToolFailed(f"{self._whom} does not greet as the protocol has it.") from error
        await self._session.send_notification(InitializedNotification())

    def offers(self, kind: str) -> bool:
        """Whether the server has said that it has "tools", "prompts" or "resources"."""
        capabilities = self._session.server_capabilities
        return capabilities is not None and getattr(capabilities, kind) is not None

    async def ask(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        patience: float,
        on_progress: Progress | None = None,
        longest: float = 0.0,
    ) -> dict[str, Any]:
        """The raw result of a request. Raises ToolFailed with what went wrong. A cancelled one is called off.

        It may take `patience` seconds from its start or its last word of progress, and `longest` in all.
        The SDK's typed calls are not used: one bad item of a list would cost the whole list.
        """
        loop = asyncio.get_running_loop()
        end, moved = loop.time() + max(patience, longest), False

        async def moving(progress: float, total: float | None, message: str | None) -> None:
            nonlocal moved
            moved = True
            timer.reschedule(min(loop.time() + patience, end))
            if on_progress is not None:
                await on_progress(progress, total, message)

        self._number += 1
        number = self._number
        options: CallOptions = {"request_id": number, "cancel_on_abandon": False}
        if longest:
            options["on_progress"] = moving
        self._in_flight += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(patience) as timer:
                return await self._dispatcher.send_raw_request(method, params, options)
        except MCPError as error:
            raise self._fault(error) from error
        except TimeoutError as error:
            self._call_off(number)
            raise ToolFailed(self._late(patience, longest, moved, loop.time() >= end)) from error
        except asyncio.CancelledError:
            self._call_off(number)
            raise
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def idle(self, patience: float) -> None:
        """Wait until nobody waits for an answer here, and not for longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._idle.wait()

    async def listed(self, kind: str, patience: float) -> list[Any]:
        """All items of a list such as "tools", unchecked, from at most PAGES pages; none where it has no such list.

        Tools are asked for even where the server has not said that it has any: some forget to.
        """
        if self.offers(kind):
            return await self._pages(kind, patience)
        try:
            return await self._pages(kind, UNDECLARED_SECONDS) if kind == "tools" else []
        except ToolFailed:
            return []

    async def check(self, patience: float) -> None:
        """Find out whether it is still there; a server that is slow is."""
        self.doubtful = False
        try:
            await self.ask("ping", None, patience)
        except SessionLost:
            self.end()
        except ConnectionDropped as error:
            self.end(error.message.removeprefix(self._whom).strip(" ."))
        except ToolFailed:  # whatever it says, it is there; one that cannot be reached has ended the connection itself
            return

    def end(self, why: str = "", *, wants_login: bool = False) -> None:
        """There is nobody there any more, or nobody who would answer before a login."""
        if not self.gone:
            self.gone, self.why, self.wants_login = True, why, wants_login
        self.stirred.set()

    def doubt(self) -> None:
        """There may be nobody there any more."""
        self.doubtful = True
        self.stirred.set()

    @property
    def _whom(self) -> str:
        return f'The MCP server "{self._name}"'

    async def _pages(self, kind: str, patience: float) -> list[Any]:
        items: list[Any] = []
        cursors: set[str] = set()
        params: dict[str, Any] | None = None
        for _ in range(PAGES):
            page = await self.ask(f"{kind}/list", params, patience)
            found = page.get(kind)
            items += found if isinstance(found, list) else []
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or cursor in cursors:
                break
            cursors.add(cursor)
            params = {"cursor": cursor}
        return items

    async def _received(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.stale = True
            self.stirred.set()

    def _call_off(self, number: int) -> None:
        """Tell that nobody waits any more; nobody waits for that either, as the server may take nothing in."""

        async def send_cancelled() -> None:
            params = {"requestId": number, "reason": "It is not waited for any more."}
            try:
                async with asyncio.timeout(CALLING_OFF_SECONDS):
                    await self._dispatcher.notify("notifications/cancelled", params)
            except TimeoutError:
                return

        task = asyncio.create_task(send_cancelled(), name="mcp calling off")
        self._calling_off.add(task)
        task.add_done_callback(self._calling_off.discard)

    def _late(self, patience: float, longest: float, moved: bool, ended: bool) -> str:
        if moved and ended:
            most = f"{max(patience, longest):g} seconds, the most for one call (max_timeout in mcp.json)"
            return f"{self._whom} is still at work after {most}."
        since = " of its last word of progress" if moved else ""
        return f"{self._whom} did not answer within {patience:g} seconds{since}."

    def _fault(self, error: MCPError) -> ToolFailed:
        """What to raise for an error: ours as what it is, the server's own in its words, and the rest is an end."""
        failure = error.error.data
        if isinstance(failure, Failure):
            kind, words = failure.kind, failure.words.rstrip(".")
            if kind == "login" and self._named_itself:
                kind, words = "error", f"{words}. Its entry in mcp.json may need other headers"
            elif kind == "login":
                words = "asks for a login, which the user can make from the chat"
            return FAULTS[kind](f"{self._whom} {words}.")
        if isinstance(failure, Said):
            return ToolFailed(f"{self._whom} answered with an error: {error.error.message}")
        return ToolFailed(f"{self._whom} {ENDED}")


def _whole_greeting(result: dict[str, Any]) -> dict[str, Any]:
    """The server's greeting, with what some leave out and nobody here needs, and a version that is known."""
    about, able, version = result.get("serverInfo"), result.get("capabilities"), result.get("protocolVersion")
    known = about if isinstance(about, dict) else {}
    kinds = ("tools", "prompts", "resources")
    declared: dict[str, Any] = (
        {kind: {} for kind in kinds if kind in able and able[kind] is not None} if isinstance(able, dict) else {}
    )
    return {
        "protocolVersion": version if version in HANDSHAKE_PROTOCOL_VERSIONS else OLDEST_VERSION,
        "capabilities": declared,
        "serverInfo": {key: one_line(str(known.get(key) or "unknown")) for key in ("name", "version")},
    }


def _auth(entry: ServerConfig, tokens: Path) -> Any:
    """What proves who asks, where a login was made for this very URL; None elsewhere, with nothing loaded for it."""
    if not LoginFile(tokens).holds(entry.url) or names_itself(entry):
        return None
    from modules.mcp.authorization.oauth import Returning  # the SDK's OAuth client takes a while to load

    return Returning(entry, LoginFile(tokens))


@asynccontextmanager
async def connected(
    entry: ServerConfig, environment: Mapping[str, str], log: Log, tokens: Path
) -> AsyncIterator[Connection]:
    """A connection whose handshake is still to be made. Enter and leave it in one task.

    `tokens` is the file that a login leaves behind, where there was one.
    """
    quiet()
    connection = Connection(entry)
    transport = (
        over_http(entry, await in_thread(_auth, entry=entry, tokens=tokens), connection.end, connection.doubt)
        if entry.url
        else over_stdio(entry, environment, log, lambda: connection.end("ended by itself"))
    )
    async with transport as (read, write), connection.attach(read, write):
        yield connection
