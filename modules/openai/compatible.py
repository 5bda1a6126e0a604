"""Any endpoint that speaks Chat Completions as OpenAI does, through OpenAI's SDK at another address."""

from modules.llm.base import ChatRequest, Draft, PreparedRequest
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import prepare
from modules.openai.service import OpenAIClientService


class CompatibleService(OpenAIClientService):
    path = "/chat/completions"

    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)
