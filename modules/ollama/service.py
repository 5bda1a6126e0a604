"""Ollama through its SDK's client: the native /api/chat, which is told how much of a conversation to keep."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import ollama

from modules.config import Key
from modules.errors import ContextOverflow, ProviderError
from modules.llm.base import IDLE_TIMEOUT_SECONDS, ChatRequest, Draft, PreparedRequest
from modules.llm.failures import error_mapping
from modules.llm.http.http_client import CONNECT_TIMEOUT, client_arguments, http_errors
from modules.llm.http.http_service import Body, HttpService, posted
from modules.llm.http.plain_client import PlainClient
from modules.llm.http.unpacking import bounded
from modules.llm.models import Model, Provider
from modules.ollama.context_size import context_size
from modules.ollama.shown_model import ShownModel, listed_model, read_shown
from modules.ollama.stream import OllamaDraft
from modules.ollama.transformer import sized

SHOW_SECONDS = 10.0  # it is read from a file; a server that takes longer is asked without it
ASKED_AT_ONCE = 8  # about models, while they are listed
TRIES = 3  # at a number that is large enough, where the server counts more than was estimated


class UnreadClient(ollama.AsyncClient):
    """The SDK's client, with the HTTP client that it has made in reach.

    Its `chat` cuts the stream where str.splitlines would, in the middle of an answer that holds U+0085, ends a cut one
    as if it were whole, and loses the ids of calls (ollama-python#667). It also sends the key in OLLAMA_API_KEY to
    any server; here a server gets the key that its entry names.
    """

    def __init__(self, provider: Provider, idle_timeout: float) -> None:
        timeout = httpx.Timeout(idle_timeout, connect=CONNECT_TIMEOUT)
        super().__init__(provider.base_url, **client_arguments(httpx, provider.base_url, timeout, (bounded(httpx),)))
        self.unread: httpx.AsyncClient = self._client
        self.unread.headers.pop("Authorization", None)


class OllamaService(HttpService):
    http = httpx
    own_path = "/api"
    path = "/chat"
    models_path = "/tags"
    foreign_errors = (ollama.ResponseError, ollama.RequestError, *http_errors(httpx))

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        self.headers = {"Authorization": f"Bearer {key.value}"} if key else {}
        self.client = PlainClient(httpx, provider, idle_timeout, UnreadClient(provider, idle_timeout).unread)
        self._shown: dict[str, ShownModel] = {}
        self._sizes: dict[tuple[str, str], int] = {}  # what was asked for last, by conversation and model
        self._size_of = WeakKeyDictionary[PreparedRequest, int]()

    def draft(self, request: ChatRequest) -> Draft:
        return OllamaDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return self._sized(request, self._sizes.get(_key(request), 0))

    def _sized(self, request: ChatRequest, at_least: int) -> PreparedRequest:
        prepared, size = sized(request, at_least)
        self._size_of[prepared] = size
        return prepared

    @asynccontextmanager
    async def open(self, prepared: PreparedRequest) -> AsyncIterator[Body]:
        """As everywhere; with more room where the server counts more tokens than it was asked to keep."""
        request = prepared.request
        async with AsyncExitStack() as stack:
            for left in reversed(range(TRIES)):
                size = self._size_of.get(prepared, 0)
                try:
                    body = await stack.enter_async_context(super().open(prepared))
                except httpx.HTTPStatusError as error:
                    needed = self._needed(error, request.model, size)
                    prepared = self._sized(request, needed) if left and needed else prepared
                    if self._size_of.get(prepared, 0) <= size:
                        raise
                else:
                    self._sizes[_key(request)] = size
                    break
            yield body

    def _needed(self, error: httpx.HTTPStatusError, model: Model, size: int) -> int:
        """How many tokens to ask for after a refusal, 0 where it is about something else."""
        ours = error_mapping.translate(error, self.provider, model, self.key)
        if not isinstance(ours, ContextOverflow):
            return 0
        return context_size(model, ours.needed, size) if ours.needed else 2 * size

    async def facts(self, model: Model) -> dict[str, Any]:
        shown = self._shown.get(model.id) or await self._show(model.id)
        return shown.facts(model)

    async def models(self) -> list[Model]:
        """The models that are pulled, but for those that do not chat, each with what the server says of it."""
        self._shown.clear()
        gate = asyncio.Semaphore(ASKED_AT_ONCE)

        async def listed(id: str) -> tuple[Model, ShownModel]:
            async with gate:
                shown = await self._show(id)
            return listed_model(self.provider, id, shown), shown

        found = await asyncio.gather(*(listed(entry["id"]) for entry in await self.listed()))
        return [model for model, shown in found if shown.chats]

    async def _show(self, id: str) -> ShownModel:
        """What the server says of a model; nothing where it does not, since asking for an answer says why."""
        asked = PreparedRequest(ChatRequest(Model(name=id, id=id, provider=self.provider), ()), {"model": id})
        sent = posted(asked, self.headers, httpx)
        try:
            async with asyncio.timeout(SHOW_SECONDS):
                with self.translated():
                    said = await self.whole(
                        self._endpoint.ask(lambda url: self.client.post(url, cast_to=httpx.Response, **sent), "/show")
                    )
            self._shown[id] = read_shown(json.loads(said))
        except TimeoutError:
            self._shown[id] = ShownModel()  # once is enough
        except (ProviderError, ValueError, RecursionError):
            return ShownModel()
        return self._shown[id]


def _key(request: ChatRequest) -> tuple[str, str]:
    return request.session, request.model.id
