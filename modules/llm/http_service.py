"""A service over HTTP: the SDK sends the request, the answer is read here as server-sent events, to its real end."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import ModuleType
from typing import Any

import msgspec

from modules.config import Key
from modules.errors import AnswerIncomplete, ParlanceError, ProtocolError, ProviderError, ToolCallFailed
from modules.llm import failures, listing, sse
from modules.llm.base import IDLE_TIMEOUT, BaseService, ChatRequest, Draft
from modules.llm.endpoint import Endpoint
from modules.llm.events import StreamEvent
from modules.llm.models import Provider
from modules.llm.parts import Wire

NO_HEADERS: Mapping[str, Any] = {}
BREATH = 0.04  # seconds; waking for every delta is most of what an answer costs, so a few are left to come together
AT_ONCE = 0.001  # seconds; what comes sooner was there already and is read without a pause
DRAIN = 0.25  # seconds for what may follow the terminal event: usage, [DONE], the end of the body


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
    """A service that asks one endpoint over one HTTP pool and reads server-sent events.

    `client` is the SDK's, `http` the library below it, httpx or httpx2; `headers` go with every request.
    """

    http: ModuleType
    own_path: str = ""  # what the SDK would put before its paths
    client: Any  # each SDK has a class of its own, and they share what is used of it
    headers: Mapping[str, Any]

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT) -> None:
        super().__init__(provider, key, idle_timeout)
        self._endpoint = Endpoint(provider, self.own_path)

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

    def post(self, path: str, body: Wire, headers: Mapping[str, Any] = NO_HEADERS) -> AbstractAsyncContextManager[Body]:
        """The response to this body at a path of the API, such as "/messages"; it is still to be read."""
        sent = posted(body, {**self.headers, **headers})
        kind = self.http.Response
        return opened(self._endpoint.ask(lambda url: self.client.post(url, cast_to=kind, **sent), path))

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        """The entries of the provider's list of models, each with its "id". Raises ProviderError."""
        options = {"headers": self.headers, "params": query}
        kind = self.http.Response
        data = bytearray()
        with self.translated():
            asked = self._endpoint.ask(
                lambda url: self.client.get(url, cast_to=kind, options=options, stream=True), "/models"
            )
            async with opened(asked) as body:
                async for chunk in body.chunks:
                    data += chunk
                    if len(data) > sse.MAX_BODY:
                        raise ProtocolError(f"The list of models of {self.provider.host} grew past 32 MB.")
            return listing.read(bytes(data), self.provider)

    async def close(self) -> None:
        await self.client.close()

    @abstractmethod
    def body(self, request: ChatRequest) -> Wire:
        """The request as the wire wants it."""

    @abstractmethod
    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        """Send the request through the SDK; the status is good when this returns, the body is unread."""
