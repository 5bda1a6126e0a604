"""Any endpoint that speaks Chat Completions as OpenAI does, through OpenAI's SDK at another address."""

from contextlib import AbstractAsyncContextManager

from modules.llm.base import ChatRequest, Draft
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import request_body
from modules.llm.http.http_service import Body
from modules.llm.parts import Wire
from modules.openai.service import OpenAIClientService


class CompatibleService(OpenAIClientService):
    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def body(self, request: ChatRequest) -> Wire:
        return request_body(request)

    def open(self, body: Wire) -> AbstractAsyncContextManager[Body]:
        return self.post("/chat/completions", body)
