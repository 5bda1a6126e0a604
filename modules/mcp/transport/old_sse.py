"""The older way over HTTP: one stream on which all answers come, and an address beside it that takes the requests."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCMessage, JSONRPCRequest

from modules.mcp.faults import Failure
from modules.mcp.transport.clients import event_stream
from modules.mcp.transport.messages import coded, failed, messages_in
from modules.mcp.transport.refusals import fault_of, refusal
from modules.text.plain_words import one_line

EVENT_BYTES = 16 * 1024 * 1024  # of one event
OPENING_SECONDS = 30.0  # until the address is there

Arriving = MemoryObjectSendStream[SessionMessage | Exception]


class OldSse:
    """The stream of one server. `gone` is called with why, once it has ended."""

    def __init__(self, client: httpx2.AsyncClient, url: str, arriving: Arriving, gone: Callable[[str], None]) -> None:
        self._client = client
        self._url = url
        self._arriving = arriving
        self._gone = gone
        self._address = ""
        self._found = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._waiting: set[int | str] = set()
        self.failure: Failure | None = None  # why the stream is not there

    async def open(self) -> bool:
        """Begin to read the stream; whether it has said where requests go."""
        self._reading = asyncio.create_task(self._read(), name="mcp stream")
        with anyio.move_on_after(OPENING_SECONDS):
            await self._found.wait()
        return bool(self._address)

    async def send(self, message: JSONRPCMessage) -> None:
        """Hand the message over; whoever waits for the answer hears what kept it from arriving."""
        number = message.id if isinstance(message, JSONRPCRequest) else None
        if number is not None:
            self._waiting.add(number)
        try:
            async with self._client.stream(
                "POST", self._address, content=coded(message), headers={"content-type": "application/json"}
            ) as response:
                body = await response.aread()
        except (httpx2.HTTPError, httpx2.StreamError, ValueError) as error:
            failure: Failure | None = fault_of(error)
        else:
            failure = refusal(response.status_code, body, in_session=True) if response.status_code >= 300 else None
            for one in messages_in(body, number) if failure is None and number is not None else ():
                await self._deliver(one)  # some servers answer here after all
        if failure is not None and number is not None and number in self._waiting:
            await self._deliver(failed(number, failure))

    async def close(self) -> None:
        """Let go of the stream, which ends the session."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        why = "closed its stream"
        try:
            async with self._client.stream("GET", self._url, headers={"accept": "text/event-stream"}) as response:
                if response.status_code >= 300 or not event_stream(response):
                    self.failure = refusal(response.status_code, await response.aread(), in_session=False)
                    return
                async for event in httpx2.EventSource(response, max_event_size=EVENT_BYTES):
                    if event.event == "endpoint":
                        self._address = self._beside(event.data)
                        self._found.set()
                    else:
                        for one in messages_in(event.data.encode()):
                            await self._deliver(one)
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.SSEError, ValueError) as error:
            self.failure = fault_of(error)
            why = self.failure.words
        finally:
            self._found.set()
        if self._address:
            self._gone(why)

    def _beside(self, place: str) -> str:
        """The address that the server names. Raises ValueError for one on another host: our headers go to no other."""
        address = urljoin(self._url, place)
        own, other = urlsplit(self._url), urlsplit(address)
        if (own.scheme, own.netloc) != (other.scheme, other.netloc):
            raise ValueError(f"it names another host, {one_line(other.netloc, 100)}, as the place for requests")
        return address

    async def _deliver(self, one: JSONRPCMessage) -> None:
        self._waiting.discard(getattr(one, "id", None) or 0)
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # nobody listens any more
            await self._arriving.send(SessionMessage(one))
