"""Gemini through Google's SDK: one client, streamGenerateContent, as the API itself has it."""

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

import httpx2
from google.genai import errors
from msgspec.structs import replace

from modules.config import Key
from modules.gemini.sdk_client import SdkClient
from modules.gemini.stream import GeminiDraft
from modules.gemini.transformer import prepare
from modules.llm.base import IDLE_TIMEOUT_SECONDS, ChatRequest, Draft, PreparedRequest
from modules.llm.http import model_list_parser
from modules.llm.http.http_client import http_errors
from modules.llm.http.http_service import HttpService
from modules.llm.models import Model, Provider

FOLDERS = ("models/", "tunedModels/")  # an id without one is in the first
BUDGETED = re.compile(r"gemini-[12]\b")  # what came before levels of thinking


class GeminiService(HttpService):
    http = httpx2
    own_path = "/v1beta"  # the SDK's v1 lacks the ids that end in -latest: python-genai, release 3.0.0
    foreign_errors = (errors.APIError, *http_errors(httpx2))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        self.headers = {}
        self.client = SdkClient(provider, key, idle_timeout)

    def path_to(self, model: Model) -> str:
        return f"/{quote(_name(model), safe='/-._~')}:streamGenerateContent?alt=sse"

    async def count_tokens(self, request: ChatRequest) -> int | None:
        name = _name(request.model)
        # What stands beside the contents is counted only within a whole request (ai.google.dev/api/tokens).
        body = {"generateContentRequest": {"model": name, **self.prepare(request).body}}
        return await self.counted(f"/{quote(name, safe='/-._~')}:countTokens", body, "totalTokens")

    def draft(self, request: ChatRequest) -> Draft:
        return GeminiDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)

    async def models(self) -> list[Model]:
        return [
            _listed(entry["id"].removeprefix("models/"), entry, self.provider)
            for entry in await self.listed(pageSize=1000)
            if "generateContent" in (entry.get("supportedGenerationMethods") or ["generateContent"])
        ]


def _name(model: Model) -> str:
    return model.id if model.id.startswith(FOLDERS) else f"models/{model.id}"


def _listed(id: str, entry: Mapping[str, Any], provider: Provider) -> Model:
    thinks = entry.get("thinking") is True
    thinking: Literal["budget", "level"] = "budget" if BUDGETED.match(id) else "level"
    # Google's own search stands beside functions since Gemini 3 (ai.google.dev/gemini-api/docs/tool-combination).
    profile = replace(provider.profile, web_search="") if thinking == "budget" else provider.profile
    return Model(
        name=id,
        id=id,
        provider=provider,
        window=model_list_parser.number(entry, "inputTokenLimit"),
        max_output=model_list_parser.number(entry, "outputTokenLimit"),
        vision=True,
        documents=True,
        reasoning=("low", "high") if thinks else (),  # what all take that think; the catalogue has the others of each
        profile=replace(profile, thinking=thinking) if thinks else profile,
        known=False,
    )
