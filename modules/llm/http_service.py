"""A service over HTTP: the SDK sends the request, the answer is read here as server-sent events, to its real end."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import ModuleType
from typing import Any

import msgspec

from modules.errors import AnswerIncomplete, ParlanceError, ProtocolError, ProviderError, ToolCallFailed
from modules.llm import failures, sse
from modules.llm.base import BaseService, ChatRequest, Draft
from modules.llm.events import StreamEvent
from modules.llm.models import Provider
from modules.llm.parts import Wire

CONNECT_TIMEOUT = 10.0
KEEPALIVE = 300.0  # the SDKs keep an idle connection for 5 s, which is less than a person thinks
HEADERS = {"Accept-Encoding": "identity"}  # a compressed answer could unfold to any size
# What escapes the SDKs besides their own errors: sockets, closed clients, keys that no header takes, broken encodings.
COMMON_ERRORS = (OSError, EOFError, RuntimeError, TypeError, ValueError)
BREATH = 0.04  # seconds; waking for every delta is most of what an answer costs, so a few are left to come together
AT_ONCE = 0.001  # seconds; what comes sooner was there already and is read without a pause
DRAIN = 0.25  # seconds for what may follow the terminal event: usage, [DONE], the end of the body


def http_errors(http: ModuleType) -> tuple[type[Exception], ...]:
    """All that a request can raise besides the SDK's own errors; `http` is the library below it, httpx or httpx2."""
    return (http.HTTPError, http.InvalidURL, http.StreamError, http.CookieConflict, *COMMON_ERRORS)


def client_options(http: ModuleType, provider: Provider, idle_timeout: float, usual: type[Any]) -> dict[str, Any]:
    """How every SDK's client is made, but for its key; `usual` is the SDK's own kind of HTTP client.

    Nothing is retried and no redirect followed here. An endpoint on this machine is spoken to without proxies, and
    without certificates where it has no TLS: to load them takes 20 ms.
    """
    pool = http.AsyncClient if provider.is_local else usual
    return {
        "base_url": provider.base_url,
        "max_retries": 0,
        "default_headers": HEADERS,
        "http_client": pool(
            verify=not (provider.is_local and provider.base_url.startswith("http://")),
            timeout=http.Timeout(idle_timeout, connect=CONNECT_TIMEOUT),
            limits=http.Limits(keepalive_expiry=KEEPALIVE),
            follow_redirects=False,
            trust_env=not provider.is_local,
        ),
    }


class Body:
    """A response whose body is still to be read."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        self.content_type = content_type
        self.chunks = chunks


def posted(body: Wire, headers: Mapping[str, Any]) -> dict[str, Any]:
    """What an SDK's `post` takes to send this body and leave the response unread.

    It is encoded here: the SDKs walk and copy a history that they are given, which holds up the loop for as long as
    two seconds at a megabyte, and their encoder is many times slower.
    """
    return {"content": msgspec.json.encode(body), "options": {"headers": headers}, "stream": True}


@asynccontextmanager
async def opened(post: Awaitable[Any]) -> AsyncIterator[Body]:
    """The response to such a request, closed in the end."""
    response = await post
    try:
        yield Body(response.headers.get("content-type", ""), response.aiter_bytes())
    finally:
        await response.aclose()


class HttpService(BaseService):
    """A service that asks one endpoint over one HTTP pool and reads server-sent events."""

    def prepare(self, request: ChatRequest) -> None:
        self.body(request)  # the history in it is converted once, and the request remembers it

    async def stream(self, request: ChatRequest, draft: Draft) -> AsyncIterator[StreamEvent]:
        try:
            with self.translated(request.model):
                async with self.open(self.body(request)) as body:
                    async for event in self._received(body, draft):
                        yield event
        except ToolCallFailed as error:
            salvaged = draft.salvage(error.generation)
            if not salvaged:
                raise
            for event in salvaged:
                yield event
        if draft.finished is not None:
            yield draft.finished

    async def _received(self, body: Body, draft: Draft) -> AsyncIterator[StreamEvent]:
        await self._refuse_other_content(body)
        parser = sse.SseParser()
        seen = False
        clock = asyncio.get_running_loop().time
        asked = clock()
        async for chunk in body.chunks:
            waited = clock() - asked > AT_ONCE
            for data in parser.feed(chunk):
                seen = True
                if draft.finished:
                    self._late(draft, data)
                    continue
                for event in self._events(draft, data):
                    yield event
            if draft.finished:
                break
            if waited:
                await asyncio.sleep(BREATH)
            asked = clock()
        if draft.finished is None:
            raise self._cut(body, seen)
        await self._drain(body, parser, draft)

    def _events(self, draft: Draft, data: bytes) -> Sequence[StreamEvent]:
        if data == sse.DONE:
            draft.end_marker()
            return ()
        event = sse.decode(data)
        if not isinstance(event, dict):
            return ()
        try:
            return draft.add(event)
        except (AttributeError, LookupError, TypeError, ValueError) as error:  # a list where an object belongs
            raise ProtocolError(
                f"{self.provider.host} sent an event of a shape that this API does not have.", cure="/retry asks again."
            ) from error

    async def _refuse_other_content(self, body: Body) -> None:
        if not any(kind in body.content_type for kind in ("json", "html")):
            return  # some servers send a stream without naming it
        held = b""
        async for chunk in body.chunks:
            held += chunk
            if len(held) > 65536:
                break
        raise failures.not_a_stream(self.provider, body.content_type, held)

    async def _drain(self, body: Body, parser: sse.SseParser, draft: Draft) -> None:
        # A body read to its end gives the connection back to the pool; a server that lingers loses its connection.
        with suppress(TimeoutError, ProviderError, *self.foreign_errors):
            async with asyncio.timeout(DRAIN):
                async for chunk in body.chunks:
                    for data in parser.feed(chunk):
                        self._late(draft, data)

    def _late(self, draft: Draft, data: bytes) -> None:
        # The answer is whole by now: usage is welcome, and nothing can spoil it any more.
        with suppress(ProviderError):
            self._events(draft, data)

    def _cut(self, body: Body, seen: bool) -> ParlanceError:
        if not seen:
            return failures.no_events(self.provider, body.content_type)
        return AnswerIncomplete(
            f"The connection to {self.provider.host} ended before the answer did.", cure="/retry asks again."
        )

    @abstractmethod
    def body(self, request: ChatRequest) -> Wire:
        """The request as the wire wants it."""

    @abstractmethod
    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        """Send the request through the SDK; the status is good when this returns, the body is unread."""
