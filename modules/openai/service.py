"""OpenAI through its SDK: one client, the Responses API, streamed, nothing stored on their side."""

from contextlib import AbstractAsyncContextManager

import httpx2
import openai

from modules.config import Key
from modules.llm.base import IDLE_TIMEOUT, ChatRequest, Draft
from modules.llm.http_service import (
    COMMON_ERRORS,
    CONNECT_TIMEOUT,
    HEADERS,
    KEEPALIVE,
    Body,
    HttpService,
    needs_certificates,
    opened,
    posted,
)
from modules.llm.models import Model, Provider
from modules.llm.parts import Wire
from modules.openai.stream import ResponsesDraft
from modules.openai.transformer import request_body


class OpenAIClientService(HttpService):
    """What the two dialects that go through OpenAI's SDK share: the client, its pool and its errors."""

    foreign_errors = (
        openai.OpenAIError,
        httpx2.HTTPError,
        httpx2.InvalidURL,
        httpx2.StreamError,
        httpx2.CookieConflict,
        *COMMON_ERRORS,
    )

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT) -> None:
        super().__init__(provider, key, idle_timeout)
        pool = httpx2.AsyncClient if provider.is_local else openai.DefaultAsyncHttpxClient
        # A server without keys gets no Authorization header at all, not a made-up one. The SDK takes this per request.
        self.headers = {} if key else {"Authorization": openai.Omit()}
        self.client = openai.AsyncOpenAI(
            api_key=key.value if key else "none",
            base_url=provider.base_url,
            max_retries=0,
            default_headers=HEADERS,
            http_client=pool(
                verify=needs_certificates(provider),
                timeout=httpx2.Timeout(idle_timeout, connect=CONNECT_TIMEOUT),
                limits=httpx2.Limits(keepalive_expiry=KEEPALIVE),
                follow_redirects=False,
                trust_env=not provider.is_local,
            ),
        )

    def post(self, path: str, body: Wire) -> AbstractAsyncContextManager[Body]:
        return opened(self.client.post(path, cast_to=httpx2.Response, **posted(body, self.headers)))

    async def models(self) -> list[Model]:
        with self.translated():
            listed = await self.client.models.list(extra_headers=self.headers)
        return [Model(name=info.id, id=info.id, provider=self.provider, known=False) for info in listed.data]

    async def close(self) -> None:
        await self.client.close()


class OpenAIService(OpenAIClientService):
    def draft(self, request: ChatRequest) -> Draft:
        return ResponsesDraft(request, self.key)

    def body(self, request: ChatRequest) -> Wire:
        return request_body(request)

    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        return self.post("/responses", body)
