"""Anthropic through its SDK: one client, the Messages API, streamed."""

from typing import Any

import anthropic
import httpx2

from modules.anthropic.stream import AnthropicDraft
from modules.anthropic.transformer import prepare
from modules.config import Key
from modules.llm.base import IDLE_TIMEOUT_SECONDS, ChatRequest, Draft, PreparedRequest
from modules.llm.http import model_list_parser
from modules.llm.http.http_client import client_options, http_errors
from modules.llm.http.http_service import HttpService
from modules.llm.models import Model, Profile, Provider

# What counting takes of a request (platform.claude.com/docs/en/api/messages-count-tokens); anything else is refused.
COUNTED = ("cache_control", "messages", "model", "output_config", "system", "thinking", "tool_choice", "tools")


class AnthropicService(HttpService):
    http = httpx2
    own_path = "/v1"
    path = "/messages"
    foreign_errors = (anthropic.AnthropicError, *http_errors(httpx2))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        # A server without keys gets no Authorization header at all. The SDK takes this per request.
        self.headers = {} if key else {"Authorization": anthropic.Omit()}
        options = client_options(httpx2, provider, idle_timeout)
        self.client = anthropic.AsyncAnthropic(api_key=key.value if key else "", **options)

    def draft(self, request: ChatRequest) -> Draft:
        return AnthropicDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)

    async def count_tokens(self, request: ChatRequest) -> int | None:
        prepared = self.prepare(request)
        body = {name: value for name, value in prepared.body.items() if name in COUNTED}
        return await self.counted("/messages/count_tokens", body, "input_tokens", prepared.headers)

    def _search_of(self, entry: dict[str, Any]) -> str:
        """The search that a listed model has; its entry says whether it has any (.../web-search-tool, Models API)."""
        able: Any = entry
        for name in ("capabilities", "server_tools", "web_search", "supported"):
            able = able.get(name) if isinstance(able, dict) else None
        return self.provider.profile.web_search if able is True else ""

    async def models(self) -> list[Model]:
        return [
            Model(
                name=entry["id"],
                id=entry["id"],
                provider=self.provider,
                window=model_list_parser.number(entry, "max_input_tokens"),
                max_output=model_list_parser.number(entry, "max_tokens"),
                vision=True,
                documents=True,
                profile=Profile(thinking="adaptive", web_search=self._search_of(entry)),
                known=False,
            )
            for entry in await self.listed(limit=1000)
        ]
