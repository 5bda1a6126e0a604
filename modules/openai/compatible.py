"""Any endpoint that speaks Chat Completions as OpenAI does, through OpenAI's SDK at another address."""

import asyncio
import contextlib
import json
from typing import Any

from modules.config import Key
from modules.errors import ProviderError
from modules.llm.base import IDLE_TIMEOUT_SECONDS, ChatRequest, Draft, PreparedRequest
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import prepare
from modules.llm.http import model_list_parser
from modules.llm.models import Model, Provider
from modules.llm.network.local_endpoints import is_near
from modules.llm.parts import Wire
from modules.openai.nearby_models import models_of
from modules.openai.served_window import entry_of, page_for, page_of, window_in, window_on
from modules.openai.service import OpenAIClientService

FACTS_SECONDS = 3.0  # a server that takes longer for its list is asked without it


class CompatibleService(OpenAIClientService):
    path = "/chat/completions"

    def __init__(self, provider: Provider, key: Key | None = None, idle_timeout: float = IDLE_TIMEOUT_SECONDS) -> None:
        super().__init__(provider, key, idle_timeout)
        self._asked: set[str] = set()  # models about which the server has said what it will
        self._is_near = is_near(provider.base_url)

    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)

    async def models(self) -> list[Model]:
        """As everywhere; of a server that is near with the windows that it was started with."""
        entries = await self.listed()
        page, said = page_for(entries) if self._is_near else None, None
        if page is not None:
            with contextlib.suppress(ProviderError, ValueError, RecursionError):
                said = await self._read(page.path)
        return models_of(self.provider, entries, page, said)

    async def count_tokens(self, request: ChatRequest) -> int | None:
        """As vLLM counts, or llama.cpp, which does not see pictures here. Other servers have no such path.

        docs.vllm.ai/en/latest/serving/openai_compatible_server, Tokenizer API; llama.cpp, tools/server/README.md.
        """
        body = self.prepare(request).body
        tokenize, template = map(self._endpoint.beside, ("/tokenize", "/apply-template"))
        asked: Wire = {name: body[name] for name in ("model", "messages", "tools") if name in body}
        with self.translated():
            found = await self.answered(self.send_body(tokenize, {**asked, "add_generation_prompt": True}))
            if (count := model_list_parser.number(found, "count")) is not None:
                return count
            if "tokens" not in found or any(message.images for message in request.messages):
                return None
            templated = await self.answered(self.send_body(template, asked))
            if not isinstance(prompt := templated.get("prompt"), str):
                return None
            text = {"content": prompt, "add_special": True, "parse_special": True}
            tokens = (await self.answered(self.send_body(tokenize, text))).get("tokens")
        return len(tokens) if isinstance(tokens, list) else None

    async def facts(self, model: Model) -> dict[str, Any]:
        """The window that a server which is near was started with, said once; others cost a round trip to ask.

        It may only bound what a person wrote. What a refusal says later is more than what a list says.
        """
        if not self._is_near or model.id in self._asked:
            return {}
        try:
            async with asyncio.timeout(FACTS_SECONDS):
                window, final = await self._served(model.id)
        except TimeoutError:
            window, final = None, True  # once is enough
        except ProviderError:  # asking for an answer says why
            return {}
        if final:
            self._asked.add(model.id)
        return {"window": min(window, model.window or window)} if window else {}

    async def _served(self, id: str) -> tuple[int | None, bool]:
        """The window, None where it is not said, and whether asking again would say no more."""
        entry = entry_of(await self.listed(), id)
        page = page_of(entry)
        if page is None:
            return window_in(entry), True
        try:
            window = window_on(page, await self._read(page.path), id)
        except (ProviderError, ValueError, RecursionError):
            return None, True
        return window, window is not None or not page.listed

    async def _read(self, path: str) -> Any:
        options, kind = {"headers": self.headers}, self.http.Response
        with self.translated():
            asked = self.client.get(self._endpoint.beside(path), cast_to=kind, options=options, stream=True)
            return json.loads(await self.whole(asked))
