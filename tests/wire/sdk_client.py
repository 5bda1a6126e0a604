"""The least client there is: one request through a real SDK, and what was heard, the same for all dialects.

It asks the SDKs for raw streams and adds nothing, so that a test of the servers tests only the servers.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anthropic
import groq
import openai

from tests.wire.facts import Dialect

Client = anthropic.AsyncAnthropic | openai.AsyncOpenAI | groq.AsyncGroq
MODELS: dict[Dialect, str] = {
    "anthropic": "claude-opus-5-5",
    "openai": "gpt-6.1-sol",
    "groq": "openai/gpt-oss-120b",
    "chat": "local-model",
}


@dataclass
class Heard:
    """What a client got out of one stream. `native` is what it has to send back to go on."""

    text: str = ""
    reasoning: str = ""
    arguments: str = ""
    stop: str | None = None
    ended: bool = False  # the terminal event was seen
    usage: Any = None
    native: list[dict[str, Any]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)


def client_for(dialect: Dialect, base_url: str, key: str = "test-key", timeout: float = 5.0) -> Client:
    """Give the SDK client of a dialect, without retries."""
    options: dict[str, Any] = {"api_key": key, "base_url": base_url, "max_retries": 0, "timeout": timeout}
    # Loading certificates takes most of a client's making, and loopback needs none.
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    match dialect:
        case "anthropic":
            http = anthropic.DefaultAsyncHttpxClient(verify=bare)
            return anthropic.AsyncAnthropic(http_client=http, **options)
        case "groq":
            return groq.AsyncGroq(http_client=groq.DefaultAsyncHttpxClient(verify=bare), **options)
        case _:
            return openai.AsyncOpenAI(http_client=openai.DefaultAsyncHttpxClient(verify=bare), **options)


@asynccontextmanager
async def open_stream(dialect: Dialect, client: Client, **body: Any) -> AsyncIterator[Any]:
    """Send a request and give the raw SDK stream."""
    body = {"model": MODELS[dialect], **body}
    match client:
        case anthropic.AsyncAnthropic():
            body = {"max_tokens": 2000, "thinking": {"type": "adaptive", "display": "summarized"}, **body}
            stream: Any = await client.messages.create(stream=True, **body)
        case openai.AsyncOpenAI() if dialect == "openai":
            body = {"store": False, "include": ["reasoning.encrypted_content"], **body}
            stream = await client.responses.create(stream=True, reasoning={"summary": "auto"}, **body)
        case openai.AsyncOpenAI():
            options: Any = {"include_usage": True}
            stream = await client.chat.completions.create(stream=True, stream_options=options, **body)
        case groq.AsyncGroq():
            stream = await client.chat.completions.create(stream=True, **body)
    try:
        yield stream
    finally:
        # A groq stream is closed through its response.
        await (stream.close() if hasattr(stream, "close") else stream.response.aclose())


def question(dialect: Dialect, text: str = "Hello?") -> dict[str, Any]:
    """Give the part of a request body that asks something."""
    return {"input" if dialect == "openai" else "messages": [{"role": "user", "content": text}]}


async def ask(dialect: Dialect, client: Client, heard: Heard | None = None, **body: Any) -> Heard:
    """Send one request and listen to the end. What was heard before an error is in `heard`."""
    heard = heard or Heard()
    listen = {"anthropic": _hear_messages, "openai": _hear_responses}.get(dialect, _hear_chat)
    async with open_stream(dialect, client, **(body or question(dialect))) as stream:
        async for event in stream:
            heard.events.append(event)
            if hasattr(event, "model_dump"):
                listen(heard, event.to_dict(warnings=False))
    return heard


def _hear_messages(heard: Heard, event: dict[str, Any]) -> None:
    match event:
        case {"type": "message_start"}:
            heard.usage = event["message"]["usage"]
        case {"type": "content_block_start", "content_block": dict(block)}:
            heard.native.append(dict(block))
        case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}:
            heard.text += text
            heard.native[-1]["text"] += text
        case {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": text}}:
            heard.reasoning += text
            heard.native[-1]["thinking"] += text
        case {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": signature}}:
            heard.native[-1]["signature"] = signature
        case {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": piece}}:
            heard.arguments += piece
        case {"type": "message_delta"}:
            heard.stop = event["delta"]["stop_reason"]
            heard.usage = {**heard.usage, **event["usage"]}
        case {"type": "message_stop"}:
            heard.ended = True


def _hear_responses(heard: Heard, event: dict[str, Any]) -> None:
    match event:
        case {"type": "response.output_text.delta" | "response.refusal.delta", "delta": text}:
            heard.text += text
        case {"type": "response.reasoning_summary_text.delta", "delta": text}:
            heard.reasoning += text
        case {"type": "response.function_call_arguments.delta", "delta": piece}:
            heard.arguments += piece
        case {"type": "response.output_item.done", "item": item}:
            heard.native.append(item)
        case {"type": "response.completed" | "response.incomplete" | "response.failed", "response": response}:
            heard.ended = True
            heard.stop = response["status"]
            heard.usage = response.get("usage")


def _hear_chat(heard: Heard, event: dict[str, Any]) -> None:
    if not heard.native:
        heard.native.append({"role": "assistant", "content": None})
    message = heard.native[0]
    for choice in event.get("choices") or []:
        delta = choice.get("delta") or {}
        for name in ("reasoning", "reasoning_content"):
            heard.reasoning += delta.get(name) or ""
        text = (delta.get("content") or "") + (delta.get("refusal") or "")
        heard.text += text
        if text:
            message["content"] = (message["content"] or "") + text
        for call in delta.get("tool_calls") or []:
            calls = message.setdefault("tool_calls", [])
            if call.get("id"):
                calls.append({"id": call["id"], "type": "function", "function": {**call["function"]}})
            else:
                calls[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
            heard.arguments += call["function"].get("arguments", "")
        heard.stop = choice.get("finish_reason") or heard.stop
    heard.ended = heard.ended or heard.stop is not None
    heard.usage = event.get("usage") or (event.get("x_groq") or {}).get("usage") or heard.usage
