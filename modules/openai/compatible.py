"""Any endpoint that speaks Chat Completions as OpenAI does, through OpenAI's SDK at another address."""

from modules.llm.base import ChatRequest, Draft, PreparedRequest
from modules.llm.chat_completions.chat_completions_stream import ChatDraft
from modules.llm.chat_completions.chat_completions_transformer import prepare
from modules.llm.http import model_list_parser
from modules.llm.http.endpoint import server_root
from modules.llm.parts import Wire
from modules.openai.service import OpenAIClientService


class CompatibleService(OpenAIClientService):
    path = "/chat/completions"

    def draft(self, request: ChatRequest) -> Draft:
        return ChatDraft(request, self.key)

    def prepare(self, request: ChatRequest) -> PreparedRequest:
        return prepare(request)

    async def count_tokens(self, request: ChatRequest) -> int | None:
        """As vLLM counts, or llama.cpp, which does not see pictures here. Other servers have no such path.

        docs.vllm.ai/en/latest/serving/openai_compatible_server, Tokenizer API; llama.cpp, tools/server/README.md.
        """
        root, body = server_root(self.provider), self.prepare(request).body
        asked: Wire = {name: body[name] for name in ("model", "messages", "tools") if name in body}
        with self.translated():
            found = await self.answered(self.send_body(f"{root}/tokenize", {**asked, "add_generation_prompt": True}))
            if (count := model_list_parser.number(found, "count")) is not None:
                return count
            if "tokens" not in found or any(message.images for message in request.messages):
                return None
            templated = await self.answered(self.send_body(f"{root}/apply-template", asked))
            if not isinstance(prompt := templated.get("prompt"), str):
                return None
            text = {"content": prompt, "add_special": True, "parse_special": True}
            tokens = (await self.answered(self.send_body(f"{root}/tokenize", text))).get("tokens")
        return len(tokens) if isinstance(tokens, list) else None
