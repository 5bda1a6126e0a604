"""A service over HTTP: the SDK sends the request, the answer is read here as server-sent events, to its real end."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from modules.errors import AnswerIncomplete, ProviderError, ToolCallFailed
from modules.llm.base import BaseService, ChatRequest, Draft
from modules.llm.events import StreamEvent
from modules.llm.models import Provider
from modules.llm.parts import Wire
from modules.llm.patience import Patience
from modules.llm.stream_reader import StreamReader
from modules.llm.wire_draft import WireDraft

T = TypeVar("T")
CONNECT_TIMEOUT = 10.0
WRITE_TIMEOUT = 300.0  # seconds in which a piece of the request must go out
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


def posted(body: Wire, headers: Mapping[str, Any], http: ModuleType) -> dict[str, Any]:
    """What an SDK's `post` takes to send this body and leave the response unread.

    How long bytes may take is for `Patience` to say, so there is no other limit on that. The body is encoded here:
    the SDKs walk and copy a history that they are given, which holds up the loop for as long as two seconds at a
    megabyte, and their encoder is many times slower.
    """
    limits = http.Timeout(None, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT)
    return {"content": msgspec.json.encode(body), "options": {"headers": headers, "timeout": limits}, "stream": True}


@asynccontextmanager
async def opened(post: Awaitable[Any]) -> AsyncIterator[Body]:
    """The response to such a request, closed in the end."""
    response = await post
    try:
        yield Body(response.headers.get("content-type", ""), response.aiter_bytes())
    finally:
        await response.aclose()


async def _within(patience: Patience, waiting: Awaitable[T]) -> T:
    """What is waited for, unless it takes longer than there is patience. Raises TimedOut."""
    seconds = patience.seconds
    if seconds is None:
        return await waiting
    try:
        async with asyncio.timeout(seconds) as limit:
            return await waiting
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise patience.over() from error


class HttpService(BaseService):
    """A service that asks one endpoint over one HTTP pool and reads the answer as it comes."""

    def prepare(self, request: ChatRequest) -> None:
        self.body(request)  # the history in it is converted once, and the request remembers it

    async def stream(self, request: ChatRequest, draft: Draft) -> AsyncIterator[StreamEvent]:
        assert isinstance(draft, WireDraft)
        clock = asyncio.get_running_loop().time
        patience = Patience(self.provider, self.idle_timeout, self.content_timeout, clock)
        try:
            with self.translated(request.model):
                async with AsyncExitStack() as stack:
                    body = await _within(patience, stack.enter_async_context(self.open(self.body(request))))
                    async for event in self._received(body, draft, patience):
                        yield event
        except ToolCallFailed as error:
            salvaged = draft.salvage(error.generation)
            if not salvaged:
                raise
            for event in salvaged:
                yield event
        if draft.finished is not None:
            yield draft.finished

    async def _received(self, body: Body, draft: WireDraft, patience: Patience) -> AsyncIterator[StreamEvent]:
        reader = StreamReader(self.provider, body.content_type, draft)
        clock = asyncio.get_running_loop().time
        chunks = aiter(body.chunks)
        while draft.finished is None:
            asked = clock()
            chunk = await _within(patience, anext(chunks, None))
            if chunk is None:
                break
            waited = clock() - asked > AT_ONCE
            content = False
            for event in reader.feed(chunk):
                content = True
                yield event
            if (silence := patience.came(content)) is not None:
                yield silence
            if waited and draft.finished is None:
                await asyncio.sleep(BREATH)
        if draft.finished is not None:
            async for event in self._late(chunks, reader):
                yield event
            return
        for event in reader.close():
            yield event
        if draft.finished is None:
            raise reader.failure() or AnswerIncomplete(
                f"The connection to {self.provider.host} ended before the answer did.", cure="/retry asks again."
            )

    async def _late(self, chunks: AsyncIterator[bytes], reader: StreamReader) -> AsyncIterator[StreamEvent]:
        """What follows the end of the answer: usage and [DONE] as a rule, more of the answer at some servers.

        A body read to its end gives the connection back to the pool; a server that lingers loses its connection.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + DRAIN
        with suppress(TimeoutError, ProviderError, *self.foreign_errors):
            while True:
                async with asyncio.timeout_at(until):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                for event in reader.feed(chunk):
                    until = clock() + DRAIN
                    yield event
        with suppress(ProviderError):
            for event in reader.close():
                yield event

    @abstractmethod
    def body(self, request: ChatRequest) -> Wire:
        """The request as the wire wants it."""

    @abstractmethod
    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        """Send the request through the SDK; the status is good when this returns, the body is unread."""
