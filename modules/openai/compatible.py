"""Any endpoint that speaks Chat Completions as OpenAI does, through OpenAI's SDK at another address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai.resources.chat import AsyncChat  # noqa: F401 - loaded here, in the background, not at the first answer

from modules.llm.base import Body, ChatRequest, Draft
from modules.llm.chat_completions import request_body
from modules.llm.chat_completions_stream import ChatDraft
from modules.llm.parts import Wire
from modules.openai.service import OpenAIClientService


class CompatibleService(OpenAIClientService):
    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def body(self, request: ChatRequest) -> Wire:
        return request_body(request)

    @asynccontextmanager
    async def open(self, body: Wire) -> AsyncIterator[Body]:
        create = self.client.chat.completions.with_streaming_response.create
        async with create(
            model=body["model"], messages=[], stream=True, extra_body=body, extra_headers=self.headers
        ) as response:
            yield Body(response.headers.get("content-type", ""), response.iter_bytes())
