"""Groq through its SDK: one client, Chat Completions, streamed."""

import groq
import httpx

from modules.config import Key
from modules.llm.base import IDLE_TIMEOUT_SECONDS, ChatRequest, Draft, PreparedRequest
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import prepare
from modules.llm.http import model_list_parser
from modules.llm.http.http_client import client_options, http_errors
from modules.llm.http.http_service import HttpService
from modules.llm.models import Model, Provider


class GroqService(HttpService):
    http = httpx
    own_path = "/openai/v1"
    path = "/chat/completions"
    foreign_errors = (groq.GroqError, *http_errors(httpx))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        self.headers = {} if key else {"Authorization": groq.Omit()}
        options = client_options(httpx, provider, idle_timeout)
        self.client = groq.AsyncGroq(api_key=key.value if key else "", **options)

    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)

    async def models(self) -> list[Model]:
        return [
            Model(
                name=entry["id"],
                id=entry["id"],
                provider=self.provider,
                window=model_list_parser.number(entry, "context_window"),
                max_output=model_list_parser.number(entry, "max_completion_tokens"),
                known=False,
            )
            for entry in await self.listed()
        ]
