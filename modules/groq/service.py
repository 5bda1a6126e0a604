"""Groq through its SDK: one client, Chat Completions, streamed."""

from contextlib import AbstractAsyncContextManager

import groq
import httpx

from modules.config import Key
from modules.llm.base import IDLE_TIMEOUT, ChatRequest, Draft
from modules.llm.chat_completions import request_body
from modules.llm.chat_completions_stream import ChatDraft
from modules.llm.http_service import Body, HttpService, client_options, http_errors, opened, posted
from modules.llm.models import Model, Provider
from modules.llm.parts import Wire


class GroqService(HttpService):
    foreign_errors = (groq.GroqError, *http_errors(httpx))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT) -> None:
        super().__init__(provider, key, idle_timeout)
        self._headers = {} if key else {"Authorization": groq.Omit()}
        options = client_options(httpx, provider, idle_timeout, groq.DefaultAsyncHttpxClient)
        self._client = groq.AsyncGroq(api_key=key.value if key else "", **options)

    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def body(self, request: ChatRequest) -> Wire:
        return request_body(request)

    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        sent = posted(body, self._headers, httpx)
        return opened(self._client.post("/openai/v1/chat/completions", cast_to=httpx.Response, **sent))

    async def models(self) -> list[Model]:
        with self.translated():
            listed = await self._client.models.list(extra_headers=self._headers)
        return [
            Model(
                name=info.id,
                id=info.id,
                provider=self.provider,
                window=getattr(info, "context_window", None),
                max_output=getattr(info, "max_completion_tokens", None),
                known=False,
            )
            for info in listed.data
        ]

    async def close(self) -> None:
        await self._client.close()
