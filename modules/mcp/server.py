"""One server and its life: started when it is needed, owned by one task, and ended with all that it has started."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modules.daemon_thread import in_thread, in_words
from modules.errors import ToolFailed
from modules.mcp.configuration.server_config import ServerConfig
from modules.mcp.faults import ENDED, LoginNeeded, SessionLost
from modules.mcp.log import Log
from modules.mcp.sdk import sdk_needed
from modules.text.plain_words import one_line

if TYPE_CHECKING:
    from modules.mcp.transport.connection import Connection, Progress

State = Literal["disabled", "not started", "starting", "ready", "failed", "stopped"]
Listed = Callable[[list[Any]], Awaitable[None]]

LISTING_SECONDS = 10.0  # for a page of a list later on
CHECKING_SECONDS = 5.0  # for a server to show that it is still there
PAUSE_SECONDS = 0.2  # between two listings, so that a server that changes without end costs little


class Server:
    """A server that is started when it is needed, and can be stopped and started again.

    `listed` is called with its tools, unchecked, after each start and each change. `trouble` says why it failed, and
    `wants_login` that a login would help. `tokens` is the file in which a login is kept.
    """

    def __init__(
        self, entry: ServerConfig, environment: Mapping[str, str], log: Log, listed: Listed, tokens: Path
    ) -> None:
        self.entry: ServerConfig
        self.state: State
        self.trouble: str
        self.wants_login: bool
        self.take(entry)
        self.log = log
        self.tokens = tokens
        self.unsaid: list[str] = []  # troubles that the person has not seen yet
        self._environment = environment
        self._listed = listed
        self._owner: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()  # it is ready, or will not be
        self._fresh = asyncio.Event()  # its list of tools is the newest that it has announced
        self._connection: Connection | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    def take(self, entry: ServerConfig) -> None:
        """Be this server from the next start on. It must not run."""
        self.entry = entry
        self.state, self.trouble = "disabled" if entry.disabled else "not started", ""
        self.wants_login = False

    def start(self) -> None:
        """Begin to start it, unless it is on its way or there."""
        if self.state == "disabled" or (self._owner is not None and not self._owner.done()):
            return
        self.state, self.trouble, self.wants_login = "starting", "", False
        self._settled.clear()
        self._fresh.clear()
        self.log.clear()
        self._owner = asyncio.create_task(self._own(), name=f"mcp {self.name}")

    async def settled(self) -> None:
        """Wait until it is ready, or will not be."""
        await self._settled.wait()

    async def connection(self) -> "Connection":
        """A connection that is ready, after one try to start the server where there is none. Raises ToolFailed."""
        if self.state == "disabled":
            raise ToolFailed(f'The MCP server "{self.name}" is switched off in mcp.json.')
        if self._connection is not None and self._connection.gone and self._owner is not None:
            await asyncio.wait([self._owner])  # it is being cleared away
        if self._owner is None or self._owner.done():
            self.start()
        await self.settled()
        if self._connection is None:
            raise ToolFailed(f'The MCP server "{self.name}" does not run: {self.trouble or "it was stopped"}.')
        connection = self._connection
        if connection.stale:
            self._fresh.clear()
        await self._fresh.wait()  # what it offers may have changed, and a call must not meet what nobody has seen
        return connection

    async def ask(
        self,
        method: str,
        params: Mapping[str, Any],
        progress: "Progress | None" = None,
        agreed: Callable[[], None] = lambda: None,
    ) -> dict[str, Any]:
        """The raw result of a request, after a start where it is needed. Raises ToolFailed.

        Where the server has forgotten the session, a new one is begun and the request repeated, once. `agreed` raises
        ToolFailed where what the server offers by then is not what was asked about.
        """
        try:
            return await self._ask(method, params, progress, agreed)
        except SessionLost:
            return await self._ask(method, params, progress, agreed)

    async def check(self, patience: float = CHECKING_SECONDS) -> None:
        """Find out whether a server over HTTP is still there; for a program its end shows that."""
        if (connection := self._connection) is not None and self.entry.url:
            await connection.check(patience)
            if connection.gone and self._owner is not None:
                await asyncio.wait([self._owner])

    async def listing(self, kind: str, *, start: bool = True) -> list[Any]:
        """The items of the list of "prompts" or "resources", unchecked. Raises ToolFailed.

        A server that does not run is started for it, unless `start` is False.
        """
        try:
            return await self._listing(kind, start=start)
        except SessionLost:
            return await self._listing(kind, start=start)

    async def _listing(self, kind: str, *, start: bool) -> list[Any]:
        connection = await self.connection() if start else self._connection
        if connection is None:
            raise ToolFailed(f'The MCP server "{self.name}" does not run.')
        with _ending(connection):
            return await connection.listed(kind, LISTING_SECONDS)

    async def _ask(
        self, method: str, params: Mapping[str, Any], progress: "Progress | None", agreed: Callable[[], None]
    ) -> dict[str, Any]:
        connection = await self.connection()
        agreed()
        with _ending(connection):
            longest = self.entry.max_timeout if progress is not None else 0.0
            return await connection.ask(method, params, self.entry.timeout, progress, longest)

    async def close(self) -> None:
        """Stop it; it can be started again. Returns when nothing of it is left."""
        owner = self._owner
        if owner is not None and not owner.done():
            owner.cancel()
            await asyncio.wait([owner])
            self._settled.set()  # a task that is cancelled before its first step does nothing at all
            self._fresh.set()
        if self.state not in ("disabled", "failed"):
            self.state = "stopped" if owner is not None else "not started"

    async def _own(self) -> None:
        """The whole life of one connection, from its start to its end."""
        try:
            connected = await in_thread(_connected)
            async with asyncio.timeout(self.entry.startup_timeout) as limit:
                async with connected(self.entry, self._environment, self.log, self.tokens) as connection:
                    await connection.open(2 * self.entry.startup_timeout)  # it is the limit around it that counts
                    await self._list(connection, 2 * self.entry.startup_timeout)
                    limit.reschedule(None)
                    self._connection, self.state = connection, "ready"
                    self.unsaid.clear()  # what kept it from running does so no more
                    self._settled.set()
                    await self._attend(connection)
                    self.state = "failed" if connection.why else "not started"
                    if not connection.why:  # the session is lost; each call in it has its own answer on the way
                        await connection.idle(CHECKING_SECONDS)
            if connection.why:
                raise (LoginNeeded if connection.wants_login else ToolFailed)(f"it {connection.why}")
        except asyncio.CancelledError:
            self.state = "stopped"
            raise
        except Exception as error:  # whatever a foreign program brings about is this server's trouble and no one else's
            self.state, self.trouble = "failed", self._trouble_of(error)
            self.wants_login = isinstance(_leaf(error), LoginNeeded)
            self.unsaid.append(f'The MCP server "{self.name}" does not run: {self.trouble}.')
        finally:
            self._connection = None
            self._settled.set()
            self._fresh.set()

    async def _attend(self, connection: "Connection") -> None:
        """Ask for its tools again whenever it says that they have changed, until it has ended."""
        while not connection.gone:
            await connection.stirred.wait()
            connection.stirred.clear()
            if connection.doubtful and not connection.gone:
                await connection.check(CHECKING_SECONDS)
            elif connection.stale and not connection.gone:
                self._fresh.clear()
                with suppress(ToolFailed), _ending(connection):  # a list that cannot be had: the last one holds
                    await self._list(connection, LISTING_SECONDS)
                self._fresh.set()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _list(self, connection: "Connection", patience: float) -> None:
        connection.stale = False
        await self._listed(await connection.listed("tools", patience))
        self._fresh.set()

    def _trouble_of(self, error: Exception) -> str:
        """Why it failed, in one line, with the last thing that it wrote where it ended without a word to us."""
        found = _leaf(error)
        if isinstance(found, LoginNeeded):
            return "it asks for a login"
        if isinstance(found, TimeoutError):
            text = f"it was not ready within {self.entry.startup_timeout:g} seconds (startup_timeout in mcp.json)"
        elif isinstance(found, ToolFailed):
            subject = f'The MCP server "{self.name}" '
            text = one_line(found.message).rstrip(".")
            text = f"it {text.removeprefix(subject)}" if text.startswith(subject) else text
        else:
            text = one_line(in_words(found))
        said = self.log.last
        return f'{text}; the last that it wrote is "{said}"' if said else text


@contextmanager
def _ending(connection: "Connection") -> Iterator[None]:
    """End a connection in which nothing more will be answered; the error goes on."""
    try:
        yield
    except SessionLost:
        connection.end()
        raise
    except LoginNeeded:
        connection.end("asks for a login", wants_login=True)
        raise


def _connected() -> Any:
    """What connects, with the SDK behind it: imported here, in a thread, because the prompt does not wait for it.

    Raises ToolFailed where the SDK is not installed.
    """
    with sdk_needed():
        from modules.mcp.transport.connection import connected

    return connected


def _leaf(error: BaseException) -> BaseException:
    """The one error of a group that says most: ours before the SDK's, and the closing of a connection last."""
    leaves = [error]
    while any(isinstance(one, BaseExceptionGroup) for one in leaves):
        leaves = [
            inner for one in leaves for inner in (one.exceptions if isinstance(one, BaseExceptionGroup) else (one,))
        ]
    for one in leaves:
        if isinstance(one, ToolFailed) and not one.message.endswith(ENDED):
            return one
    return next((one for one in leaves if "closed" not in str(one).lower()), leaves[0])
