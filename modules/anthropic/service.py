"""Anthropic through its SDK: one client, the Messages API, streamed."""

from contextlib import AbstractAsyncContextManager

import anthropic
import httpx2

from modules.anthropic.stream import AnthropicDraft
from modules.anthropic.transformer import request_body
from modules.config import Key
from modules.llm.base import IDLE_TIMEOUT, ChatRequest, Draft
from modules.llm.http_service import Body, HttpService, client_options, http_errors, opened, posted
from modules.llm.models import Model, Profile, Provider
from modules.llm.parts import Wire

BINDING_BETA = "thinking-binding-controls-2026-08-01"


class AnthropicService(HttpService):
    foreign_errors = (anthropic.AnthropicError, *http_errors(httpx2))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT) -> None:
        super().__init__(provider, key, idle_timeout)
        # A server without keys gets no Authorization header at all. The SDK takes this per request.
        self._headers = {} if key else {"Authorization": anthropic.Omit()}
        options = client_options(httpx2, provider, idle_timeout, anthropic.DefaultAsyncHttpxClient)
        self._client = anthropic.AsyncAnthropic(api_key=key.value if key else "", **options)

    def draft(self, request: ChatRequest) -> Draft:
        return AnthropicDraft(request, self.key)

    def body(self, request: ChatRequest) -> Wire:
        return request_body(request)

    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        binding = {"anthropic-beta": BINDING_BETA} if body.get("thinking", {}).get("block_binding") else {}
        sent = posted(body, {**binding, **self._headers}, httpx2)
        return opened(self._client.post("/v1/messages", cast_to=httpx2.Response, **sent))

    async def models(self) -> list[Model]:
        with self.translated():
            listed = await self._client.models.list(limit=1000, extra_headers=self._headers)
        return [
            Model(
                name=info.id,
                id=info.id,
                provider=self.provider,
                window=info.max_input_tokens,
                max_output=info.max_tokens,
                vision=True,
                documents=True,
                profile=Profile(thinking="adaptive"),
                known=False,
            )
            for info in listed.data
        ]

    async def close(self) -> None:
        await self._client.close()
