"""OpenAI through its SDK: one client, the Responses API, streamed, nothing stored on their side."""

import httpx2
import openai

from modules.config import Key
from modules.llm.base import IDLE_TIMEOUT_SECONDS, ChatRequest, Draft, PreparedRequest
from modules.llm.http import model_list_parser
from modules.llm.http.http_client import client_options, http_errors
from modules.llm.http.http_service import HttpService
from modules.llm.models import Model, Provider
from modules.openai.stream import ResponsesDraft
from modules.openai.transformer import prepare

# What counting takes of a request (developers.openai.com/api/docs/guides/token-counting).
COUNTED = ("input", "instructions", "model", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools")


class OpenAIClientService(HttpService):
    """What the two dialects that go through OpenAI's SDK share: the client, its pool and its errors."""

    http = httpx2
    foreign_errors = (openai.OpenAIError, *http_errors(httpx2))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        # A server without keys gets no Authorization header at all, not a made-up one. The SDK takes this per request.
        self.headers = {} if key else {"Authorization": openai.Omit()}
        options = client_options(httpx2, provider, idle_timeout)
        self.client = openai.AsyncOpenAI(api_key=key.value if key else "none", **options)

    async def models(self) -> list[Model]:
        return [
            Model(
                name=entry["id"],
                id=entry["id"],
                provider=self.provider,
                window=model_list_parser.window(entry),
                known=False,
            )
            for entry in await self.listed()
        ]


class OpenAIService(OpenAIClientService):
    path = "/responses"

    def draft(self, request: ChatRequest) -> Draft:
        return ResponsesDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)

    async def count_tokens(self, request: ChatRequest) -> int | None:
        body = {name: value for name, value in self.prepare(request).body.items() if name in COUNTED}
        return await self.counted("/responses/input_tokens", body, "input_tokens")
