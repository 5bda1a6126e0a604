"""Streamable HTTP: each request is a POST of its own, and whoever waits for the answer hears what became of it.

The SDK's own transport gives up a whole connection for one broken answer, waits for answers that cannot come, and
reports a lost session, a refusal and a server's own error by the same code (python-sdk#1676, #3556).
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from modules.mcp.faults import Failure
from modules.mcp.transport.clients import event_stream, kind_of
from modules.mcp.transport.messages import coded, failed, messages_in
from modules.mcp.transport.old_sse import OldSse
from modules.mcp.transport.refusals import fault_of, refusal, unread
from modules.text.plain_words import one_line

EVENT_BYTES = 16 * 1024 * 1024  # of one event of a stream
NOTICE_SECONDS = 10.0  # for a notification, and for ending a session
AGAIN_SECONDS = 1.0  # before a stream is asked for again, where the server does not say
LASTING_SECONDS = 10.0  # after which a stream has been of use
TRIES = 3  # for a stream that ends without anything new
OLD = (400, 404, 405, 406, 410, 415, 501)  # what a server of the older transport answers to a POST to its URL

CLOSED = "closed the connection before the answer was there"

SESSION, VERSION, LAST = "mcp-session-id", "mcp-protocol-version", "last-event-id"
Arriving = MemoryObjectSendStream[SessionMessage | Exception]


class StreamableHttp:
    """The way to one server. `gone` is called with why, once nothing more can come; `doubted` where that may be so."""

    def __init__(
        self, client: httpx2.AsyncClient, url: str, arriving: Arriving, gone: Callable[[str], None],
        doubted: Callable[[], None], *, try_old: bool,
    ) -> None:  # fmt: skip
        self._client = client
        self._url = url
        self._arriving = arriving
        self._gone = gone
        self._doubted = doubted
        self._try_old = try_old
        self._old: OldSse | None = None
        self._session = ""
        self._was_in_session = False
        self._version = ""
        self._posts: dict[Any, anyio.CancelScope] = {}

    async def run(self, leaving: MemoryObjectReceiveStream[SessionMessage]) -> None:
        """Send what is to leave, until nothing more is."""
        async with leaving, anyio.create_task_group() as group:
            async for item in leaving:
                message = item.message
                if self._old is not None:
                    group.start_soon(self._old.send, message)
                elif isinstance(message, JSONRPCRequest):
                    self._posts[message.id] = anyio.CancelScope()
                    group.start_soon(self._request, message)
                else:
                    await self._tell(message)
                    if isinstance(message, JSONRPCNotification) and message.method == "notifications/initialized":
                        group.start_soon(self._listen)

    def use(self, old: OldSse) -> None:
        """Send all through the older transport, whose stream is open."""
        self._old = old

    async def close(self) -> None:
        """Let the server forget the session."""
        if self._old is not None:
            await self._old.close()
        elif self._session:
            with (
                anyio.move_on_after(NOTICE_SECONDS / 5, shield=True),
                suppress(httpx2.HTTPError),
            ):  # it forgets by itself, too
                async with self._client.stream("DELETE", self._url, headers=self._headers()):
                    pass

    def _headers(self) -> dict[str, str]:
        known = {SESSION: self._session, VERSION: self._version}
        return {
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            **{name: value for name, value in known.items() if value},
        }

    async def _request(self, message: JSONRPCRequest) -> None:
        try:
            with self._posts[message.id]:
                await self._post(message)
        except (httpx2.HTTPError, httpx2.StreamError, ValueError) as error:
            failure = fault_of(error)
            await self._fail(message, failure)
            if failure.kind == "unreachable":
                self._gone(failure.words)
            elif failure.kind == "dropped":
                self._doubted()
        finally:
            self._posts.pop(message.id, None)

    async def _post(self, message: JSONRPCRequest) -> None:
        async with self._client.stream("POST", self._url, content=coded(message), headers=self._headers()) as response:
            status = response.status_code
            if status >= 300:
                await self._refused(message, response)
            elif event_stream(response):
                await self._follow(message, response)
            elif await self._whole(message, await response.aread(), response) and message.method == "initialize":
                self._began(response)

    async def _whole(self, message: JSONRPCRequest, body: bytes, response: httpx2.Response) -> bool:
        """Deliver an answer that came in one piece; False, and a failure, where it is none."""
        for one in (found := messages_in(body, message.id)):
            await self._deliver(one, message)
        if any(isinstance(one, JSONRPCResponse | JSONRPCError) for one in found):
            return True
        what = kind_of(response) or "nothing"
        if not body.strip():
            words = f"took the request without an answer (HTTP {response.status_code})"
        elif "json" in what:
            words = "answered with JSON that is no message of the protocol"
        else:
            words = f"answered with {what}, which is no MCP"
        await self._fail(message, Failure("error", words))
        return False

    async def _refused(self, message: JSONRPCRequest, response: httpx2.Response) -> None:
        status, body = response.status_code, await response.aread()
        if status < 400:
            place = response.headers.get("location", "").partition("?")[0]  # what stands behind it may be a secret
            words = f"sends on to {one_line(place)}, which is not followed: the entry may need that URL"
            await self._fail(message, Failure("error", words))
        elif message.method == "initialize" and self._try_old and status in OLD and await self._older(message):
            pass  # the answer comes on the stream
        else:
            await self._fail(message, refusal(status, body, in_session=self._was_in_session))

    async def _older(self, message: JSONRPCRequest) -> bool:
        """Whether the server speaks the older transport; then this request, and all that follow, go that way."""
        old = OldSse(self._client, self._url, self._arriving, self._gone)
        if not await old.open():
            await old.close()
            return False
        self.use(old)
        await old.send(message)
        return True

    async def _follow(self, message: JSONRPCRequest, response: httpx2.Response) -> None:
        """Read the stream that ends with the answer. One that the server itself breaks off is asked for again.

        Only where it has said so, with an event that holds nothing but its id: else nobody would send the rest.
        """
        last, wait, resumable, idle = "", AGAIN_SECONDS, False, 0
        if message.method == "initialize":
            self._began(response)
        while idle < TRIES:
            before = last
            try:
                async for event in httpx2.EventSource(response, max_event_size=EVENT_BYTES):
                    last, wait = event.id or last, wait if event.retry is None else event.retry / 1000
                    resumable = resumable or bool(event.id and not event.data) or event.retry is not None
                    for one in messages_in(event.data.encode(), message.id):
                        if await self._deliver(one, message):
                            return
            except httpx2.SSEError as error:
                words = f"answered, but the answer cannot be read: {one_line(str(error))}"
                await self._fail(message, Failure("error", words))
                return
            except httpx2.HTTPError:
                if not resumable:
                    raise
            if not (resumable and last):
                break
            idle = idle + 1 if last == before else 0
            await response.aclose()
            await asyncio.sleep(wait)
            response = await self._resume(last)
        await self._fail(message, Failure("dropped", CLOSED))
        self._doubted()

    def _began(self, response: httpx2.Response) -> None:
        self._session = response.headers.get(SESSION, "")
        self._was_in_session = bool(self._session)  # also once it is known to be lost: other requests are on their way

    async def _resume(self, last: str) -> httpx2.Response:
        """The stream from behind that event on. Raises ReadError where the server does not have it."""
        headers = {**self._headers(), "accept": "text/event-stream", LAST: last}
        response = await self._client.send(self._client.build_request("GET", self._url, headers=headers), stream=True)
        if response.status_code != 200 or not event_stream(response):
            await response.aclose()
            raise httpx2.ReadError(CLOSED)
        return response

    async def _listen(self) -> None:
        """Hear what the server has to say beside answers, where it offers that, as long as the session lives."""
        last, wait, failures, received = "", AGAIN_SECONDS, 0, False
        while self._session and failures < TRIES:
            began = time.monotonic()
            headers = {**self._headers(), "accept": "text/event-stream"} | ({LAST: last} if last else {})
            try:
                async with self._client.stream("GET", self._url, headers=headers) as response:
                    if response.status_code >= 300 or not event_stream(response):
                        body = await response.aread()
                        # Before anything was received, a bare 404 is what frameworks say of a method they do not have.
                        status = response.status_code if received else 0
                        if response.status_code not in (405, 501) and self._lost(status, body):
                            self._gone("")
                        return
                    received = True
                    async for event in httpx2.EventSource(response, max_event_size=EVENT_BYTES):
                        last, wait = event.id or last, wait if event.retry is None else event.retry / 1000
                        for one in messages_in(event.data.encode()):
                            await self._deliver(one, None)
            except (httpx2.HTTPError, httpx2.StreamError, httpx2.SSEError):
                self._doubted()
            failures = failures + 1 if time.monotonic() - began < LASTING_SECONDS else 0
            await asyncio.sleep(wait)

    def _lost(self, status: int, body: bytes) -> bool:
        return refusal(status, body, in_session=True).kind == "session lost"

    async def _tell(self, message: JSONRPCMessage) -> None:
        """Send what has no answer. A request that is called off is not waited for any more."""
        with (
            anyio.move_on_after(NOTICE_SECONDS),
            suppress(httpx2.HTTPError),
        ):  # whoever waits for an answer will be told
            async with self._client.stream("POST", self._url, content=coded(message), headers=self._headers()):
                pass
        if isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            scope = self._posts.get((message.params or {}).get("requestId"))
            if scope is not None:
                scope.cancel()

    async def _deliver(self, one: JSONRPCMessage, asked: JSONRPCRequest | None) -> bool:
        """Pass it on; True where it is the answer to this request, which bears its number from here on."""
        is_answer = isinstance(one, JSONRPCResponse | JSONRPCError)
        if is_answer and asked is not None:
            if isinstance(one, JSONRPCError) and self._was_in_session and unread(one):
                one = failed(asked.id, Failure("session lost", one.error.message))
            elif isinstance(one, JSONRPCResponse) and asked.method == "initialize":
                self._version = str(one.result.get("protocolVersion", ""))
        await self._send(one)
        return is_answer and asked is not None

    async def _fail(self, message: JSONRPCRequest, failure: Failure) -> None:
        if failure.kind == "session lost":
            self._session = ""  # there is nothing to be ended any more
        await self._send(failed(message.id, failure))

    async def _send(self, one: JSONRPCMessage) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # nobody listens any more
            await self._arriving.send(SessionMessage(one))
