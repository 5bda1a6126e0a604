"""The loopback server of Ollama's API, driven by its own SDK: what arrives is what the SDK takes for an answer."""

import ollama
import pytest

from tests.wire import Answer, Call, Reasoning, Status, Usage, WireServer


async def test_the_sdk_reads_words_thinking_calls_and_counts() -> None:
    with WireServer("ollama", key=None, rules=False) as server:
        server.answer(Answer(Reasoning("Hm."), "One two.", Call("ls", {"path": "größe"}), usage=Usage(9, 4)))
        asked = [{"role": "user", "content": "Hi."}]
        async with ollama.AsyncClient(server.origin) as client:
            parts = [part async for part in await client.chat("qwen3:8b", asked, stream=True, think=True)]
        assert "".join(part.message.thinking or "" for part in parts) == "Hm."
        assert "".join(part.message.content or "" for part in parts) == "One two."
        (call,) = [call for part in parts for call in part.message.tool_calls or ()]
        assert (call.function.name, call.function.arguments) == ("ls", {"path": "größe"})
        assert (parts[-1].done, parts[-1].done_reason) == (True, "stop")
        assert (parts[-1].prompt_eval_count, parts[-1].eval_count) == (9, 4)


async def test_the_sdk_reads_what_is_listed_and_shown_and_refused() -> None:
    with WireServer("ollama", key=None, models=["qwen3:8b"], rules=False) as server:
        async with ollama.AsyncClient(server.origin) as client:
            assert [model.model for model in (await client.list()).models] == ["qwen3:8b"]
            shown = await client.show("qwen3:8b")
            assert shown.capabilities == ["completion", "tools", "vision", "thinking"]
            assert shown.modelinfo is not None
            assert shown.modelinfo["llama.context_length"] == server.window
            server.answer(Status(503, message="server busy"))
            for model, words in (("gone", "model 'gone' not found"), ("qwen3:8b", "server busy")):
                with pytest.raises(ollama.ResponseError, match=words):
                    await client.chat(model, [{"role": "user", "content": "Hi."}])
