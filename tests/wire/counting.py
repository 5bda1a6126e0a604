"""What servers answer that count tokens for free: in the shape of each, and only to a request of that shape.

Anthropic's and OpenAI's are as in their OpenAPI documents, Gemini's as on ai.google.dev/api/tokens, vLLM's as in its
entrypoints/openai/protocol.py, llama.cpp's as in tools/server/README.md. A token is four characters of JSON.
"""

from typing import Any, Literal

from tests.wire.answers import Status
from tests.wire.facts import Dialect
from tests.wire.http11 import Request
from tests.wire.sse import dumps

Counter = Literal["", "vllm", "llamacpp"]  # at servers that speak Chat Completions
MESSAGES = {"cache_control", "messages", "model", "output_config", "system", "thinking", "tool_choice", "tools"}
RESPONSES = {
    "conversation", "input", "instructions", "model", "parallel_tool_calls", "personality", "previous_response_id",
    "reasoning", "text", "tool_choice", "tools", "truncation",
}  # fmt: skip


def reply(dialect: Dialect, counter: Counter, request: Request) -> Status | bytes | None:
    """The answer to a request that counts; None where this is none, or the server does not count."""
    path, body = request.path, request.body
    if request.method != "POST" or not isinstance(body, dict):
        return None
    if dialect == "anthropic" and path == "/v1/messages/count_tokens":
        return _strictly(body, MESSAGES, {"messages", "model"}, {"input_tokens": tokens_in(body)})
    if dialect == "openai" and path == "/v1/responses/input_tokens":
        found = {"object": "response.input_tokens", "input_tokens": tokens_in(body)}
        return _strictly(body, RESPONSES, {"input", "model"}, found)
    if dialect == "gemini" and path.endswith(":countTokens"):
        whole = body.get("generateContentRequest", {})
        return _strictly(
            body, {"generateContentRequest"}, {"generateContentRequest"}, {"totalTokens": tokens_in(whole)}
        )
    if dialect == "chat" and counter == "vllm" and path == "/tokenize":
        count = tokens_in(body.get("messages"))
        found = {"count": count, "max_model_len": 8192, "tokens": [1] * count, "token_strs": None}
        return _strictly(body, {"add_generation_prompt", "messages", "model", "tools"}, {"messages"}, found)
    if dialect == "chat" and counter == "llamacpp" and path == "/apply-template":
        return dumps({"prompt": "<s>" + dumps(body["messages"]).decode()})
    if dialect == "chat" and counter == "llamacpp" and path == "/tokenize":
        return dumps({"tokens": [1] * (len(body.get("content", "")) // 4)})
    return None


def tokens_in(value: Any) -> int:
    return len(dumps(value)) // 4


def _strictly(body: dict[str, Any], known: set[str], needed: set[str], found: dict[str, Any]) -> Status | bytes:
    if wrong := (set(body) - known) | (needed - set(body)):
        return Status(400, kind="invalid_request_error", message=f"Extra or missing fields: {sorted(wrong)}")
    return dumps(found)
