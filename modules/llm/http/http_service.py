"""A service over HTTP: the SDK sends the request, the answer is read here as it comes, to its real end."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from types import ModuleType
from typing import Any, TypeVar, cast

from modules.config import Key
from modules.errors import AnswerIncomplete, ProtocolError, ProviderError, ToolCallFailed
from modules.llm.base import IDLE_TIMEOUT_SECONDS, BaseService, ChatRequest, Draft, PreparedRequest
from modules.llm.conversion.wire_json import decoded, encoded
from modules.llm.drafts.wire_draft import WireDraft
from modules.llm.events import StreamEvent
from modules.llm.failures.raised_error import read_raised
from modules.llm.http import model_list_parser, sse
from modules.llm.http.endpoint import Endpoint
from modules.llm.http.http_client import CONNECT_TIMEOUT
from modules.llm.http.stream_reader import StreamReader
from modules.llm.http.timeouts import Patience
from modules.llm.models import Model, Provider
from modules.llm.parts import Wire
from modules.llm.request import NO_HEADERS

T = TypeVar("T")
WRITE_TIMEOUT_SECONDS = 300.0  # in which a piece of the request must go out
AT_ONCE_BYTES = 100_000  # of a body, which take no time worth a pause
BREATH_SECONDS = 0.04  # waking for every delta is most of what an answer costs, so a few are left to come together
AT_ONCE_SECONDS = 0.001  # what comes sooner was there already and is read without a pause
ASIDE_SECONDS = 60.0  # for what is answered without a model
NOT_THERE = (404, 405, 501)
DRAIN_SECONDS = 0.25  # for what may follow the terminal event: usage, [DONE], the end of the body


class Body:
    """A response whose body is still to be read."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        self.content_type = content_type
        self.chunks = chunks


def posted(prepared: PreparedRequest, headers: Mapping[str, Any], http: ModuleType) -> dict[str, Any]:
    """What an SDK's `post` takes to send this request and leave the response unread.

    How long bytes may take is for `Patience` to say, so there is no other limit on that. The body is encoded already:
    the SDKs walk and copy a history that they are given, which holds up the loop for as long as two seconds at a
    megabyte, and their encoder is many times slower. A long one goes out in pieces, and is never
    there as a whole.
    """
    limits = http.Timeout(None, connect=CONNECT_TIMEOUT, write=WRITE_TIMEOUT_SECONDS)
    size = prepared.sent.size
    length = {"Content-Length": str(size)} if size > AT_ONCE_BYTES else {}
    options = {"headers": {**headers, **prepared.headers, **length}, "timeout": limits}
    return {"content": prepared.sent if length else prepared.json, "options": options, "stream": True}


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
    """A service that asks one endpoint over one HTTP pool and reads the answer as it comes.

    `client` is the SDK's, or a PlainClient where there is none; `http` is the library below it, httpx or httpx2.
    `headers` go with every request, and `path` is where answers are asked for, such as "/messages"; an API that has the
    model there overrides `path_to`. The answer may be server-sent events, lines of JSON, or one JSON value.
    """

    http: ModuleType
    path: str = ""
    own_path: str = ""  # what the SDK would put before its paths
    models_path: str = "/models"
    client: Any  # each SDK has a class of its own, and they share what is used of it
    headers: Mapping[str, Any]

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        self._endpoint = Endpoint(provider, self.own_path)

    async def stream(self, prepared: PreparedRequest, draft: Draft) -> AsyncIterator[StreamEvent]:
        assert isinstance(draft, WireDraft)
        clock = asyncio.get_running_loop().time
        asked: PreparedRequest | None = prepared
        try:
            with self.translated(prepared.request.model):
                while asked is not None:
                    patience = Patience(self.provider, self.idle_timeout, self.content_timeout, clock)
                    async with AsyncExitStack() as stack:
                        body = await _within(patience, stack.enter_async_context(self.open(asked)))
                        async for event in self._received(body, draft, patience):
                            yield event
                    asked = draft.resumed(prepared)
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
            waited = clock() - asked > AT_ONCE_SECONDS
            content = False
            for event in reader.feed(chunk):
                content = True
                yield event
            if (silence := patience.came(content)) is not None:
                yield silence
            if waited and draft.finished is None:
                await asyncio.sleep(BREATH_SECONDS)
        if draft.finished is not None:
            async for event in self._late(chunks, reader):
                yield event
            return
        for event in reader.close():
            yield event
        if draft.finished is None:
            raise reader.failure() or AnswerIncomplete(
                f"The connection to {self.provider.host} ended before the answer did.", cure="Ask again."
            )

    async def _late(self, chunks: AsyncIterator[bytes], reader: StreamReader) -> AsyncIterator[StreamEvent]:
        """What follows the end of the answer: usage and [DONE] as a rule, more of the answer at some servers.

        A body read to its end gives the connection back to the pool; a server that lingers loses its connection.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + DRAIN_SECONDS
        with suppress(TimeoutError, ProviderError, *self.foreign_errors):
            while True:
                async with asyncio.timeout_at(until):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                for event in reader.feed(chunk):
                    until = clock() + DRAIN_SECONDS
                    yield event
        with suppress(ProviderError):
            for event in reader.close():
                yield event

    def path_to(self, model: Model) -> str:
        """Where this model is asked for an answer."""
        return self.path

    def open(self, prepared: PreparedRequest) -> AbstractAsyncContextManager[Body]:
        """Send the request through the SDK; the status is good when this is entered, the body is unread."""
        sent = posted(prepared, self.headers, self.http)
        kind, path = self.http.Response, self.path_to(prepared.request.model)
        return opened(self._endpoint.ask(lambda url: self.client.post(url, cast_to=kind, **sent), path))

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        """The entries of the provider's list of models, each with its "id". Raises ProviderError."""
        options = {"headers": self.headers, "params": query}
        kind = self.http.Response
        with self.translated():
            asked = self._endpoint.ask(
                lambda url: self.client.get(url, cast_to=kind, options=options, stream=True), self.models_path
            )
            return model_list_parser.read(await self.whole(asked), self.provider)

    async def check_key(self) -> list[Model]:
        if path := self.provider.key_path:
            options, kind = {"headers": self.headers}, self.http.Response
            with self.translated():
                await self.whole(
                    self._endpoint.ask(
                        lambda url: self.client.get(url, cast_to=kind, options=options, stream=True), path
                    )
                )
        return await super().check_key()

    async def whole(self, asked: Awaitable[Any]) -> bytes:
        """The body of this response. Raises ProtocolError where it is larger than any answer, and what `asked` does."""
        data = bytearray()
        async with opened(asked) as body:
            async for chunk in body.chunks:
                data += chunk
                if len(data) > sse.MAX_BODY:
                    raise ProtocolError(f"What {self.provider.host} says of its models grew past 32 MB.")
        return bytes(data)

    async def counted(self, path: str, body: Wire, field: str, headers: Mapping[str, str] = NO_HEADERS) -> int | None:
        """The number in this field of what is answered to a body at a path that counts; None where there is no such.

        Raises ProviderError.
        """
        with self.translated():
            value = await self.answered(self._endpoint.ask(lambda url: self.send_body(url, body, headers), path))
        return model_list_parser.number(value, field)

    def send_body(self, url: str, body: Wire, headers: Mapping[str, str] = NO_HEADERS) -> Awaitable[Any]:
        """The unread response to this body, at a URL that answers at once."""
        limits = self.http.Timeout(ASIDE_SECONDS, connect=CONNECT_TIMEOUT)
        options = {"headers": {**self.headers, **headers}, "timeout": limits}
        return cast(
            "Awaitable[Any]",
            self.client.post(url, cast_to=self.http.Response, content=encoded(body), options=options, stream=True),
        )

    async def answered(self, asked: Awaitable[Any]) -> Wire:
        """The object in the body of this response; {} where the server has nothing at that path, or another thing."""
        try:
            value = decoded(await self.whole(asked))
        except ProviderError:
            raise
        except Exception as error:  # each SDK has a class of its own for a status
            if isinstance(error, ValueError) or read_raised(error).status in NOT_THERE:
                return {}
            raise
        return value if isinstance(value, dict) else {}

    async def close(self) -> None:
        await self.client.close()

    @abstractmethod
    def prepare(self, request: ChatRequest) -> PreparedRequest:
        """The request as it would go out; nothing is sent."""
