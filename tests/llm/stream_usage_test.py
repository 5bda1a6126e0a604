"""What an answer took (rows D1 to D3): the usage object of each provider, in the shape that its own pages give."""

from typing import Any

import pytest
from msgspec import structs

from modules.llm.events import Usage
from tests.conftest import Connect
from tests.wire.as_they_are import (
    TEXT,
    Script,
    block,
    chat,
    chunk,
    completed,
    events,
    message_start,
    messages,
    said,
    words,
)

OPENAI = {
    "prompt_tokens": 1117,
    "completion_tokens": 46,
    "total_tokens": 1163,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 0, "accepted_prediction_tokens": 0},
}
GROQ = {
    "queue_time": 0.03,
    "prompt_tokens": 400,
    "completion_tokens": 50,
    "total_tokens": 450,
    "total_time": 0.2,
    "prompt_tokens_details": {"cached_tokens": 256},
    "completion_tokens_details": {"reasoning_tokens": 12},
}
XAI = {
    "prompt_tokens": 32,
    "completion_tokens": 9,
    "total_tokens": 142,
    "prompt_tokens_details": {"text_tokens": 32, "cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 101, "accepted_prediction_tokens": 0},
    "num_sources_used": 0,
    "cost_in_usd_ticks": 37_756_000,
}
GEMINI = {"prompt_tokens": 10, "completion_tokens": 21, "total_tokens": 891}
DEEPSEEK = {
    "prompt_tokens": 100,
    "completion_tokens": 30,
    "total_tokens": 130,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 36,
    "completion_tokens_details": {"reasoning_tokens": 10},
}
OPENROUTER = {
    "prompt_tokens": 194,
    "completion_tokens": 20,
    "total_tokens": 214,
    "cost": 0.00095,
    "is_byok": False,
    "cost_details": {"upstream_inference_cost": None},
    "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
BYOK = {**OPENROUTER, "cost": 0.0001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.002}}
MOONSHOT = {"prompt_tokens": 40, "completion_tokens": 8, "total_tokens": 48, "cached_tokens": 32}
MISTRAL = {"prompt_tokens": 16, "completion_tokens": 34, "total_tokens": 50, "prompt_audio_seconds": None}
PERPLEXITY = {
    "prompt_tokens": 8,
    "completion_tokens": 100,
    "total_tokens": 108,
    "search_context_size": "low",
    "cost": {"input_tokens_cost": 0.0, "output_tokens_cost": 0.0001, "request_cost": 0.005, "total_cost": 0.0051},
}
DEEPINFRA = {"prompt_tokens": 15, "completion_tokens": 16, "total_tokens": 31, "estimated_cost": 0.0000268}
VLLM = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_tokens_details": None}

SHAPES: dict[str, tuple[dict[str, Any], Usage]] = {
    "OpenAI": (OPENAI, Usage(1117, 46, 1024, 0, 20)),
    "Groq": (GROQ, Usage(400, 50, 256, 0, 12)),
    "xAI, where reasoning stands outside (D1)": (XAI, Usage(32, 110, 8, 0, 101, 0.0037756)),
    "Gemini, where only the total has it (D1)": (GEMINI, Usage(10, 881, 0, 0, 860)),
    "DeepSeek (D3)": (DEEPSEEK, Usage(100, 30, 64, 0, 10)),
    "OpenRouter (D2)": (OPENROUTER, Usage(194, 20, 100, 30, 0, 0.00095)),
    "OpenRouter with a key of one's own (D2)": (BYOK, Usage(194, 20, 100, 30, 0, 0.0021)),
    "Moonshot (D3)": (MOONSHOT, Usage(40, 8, 32)),
    "Mistral": (MISTRAL, Usage(16, 34)),
    "Perplexity (D2)": (PERPLEXITY, Usage(8, 100, cost=0.0051)),
    "DeepInfra (D2)": (DEEPINFRA, Usage(15, 16, cost=0.0000268)),
    "vLLM": (VLLM, Usage(9, 4)),
    "nonsense": ({"prompt_tokens": "many", "completion_tokens": True, "total_tokens": -1, "cost": "x"}, Usage()),
    "huge numbers": ({"prompt_tokens": 10**30, "completion_tokens": 3, "cost": 1e300}, Usage(0, 3)),
}


async def usage_of(connect: Connect, script: Script) -> Usage:
    wired = await connect(script.dialect)
    done = await wired.ask(answer=script.answer)
    assert done.message.usage == done.usage
    return done.usage


def like(usage: Usage, expected: Usage) -> bool:
    if expected.cost is None:
        return usage == expected
    return structs.replace(usage, cost=None) == structs.replace(expected, cost=None) and (
        usage.cost == pytest.approx(expected.cost)
    )


@pytest.mark.parametrize(("wire", "expected"), SHAPES.values(), ids=list(SHAPES))
async def test_the_usage_of_every_provider_is_read(connect: Connect, wire: dict[str, Any], expected: Usage) -> None:
    last = {"id": "c1", "choices": [], "usage": wire}
    assert like(await usage_of(connect, chat(chunk({"content": "Hi."}), chunk(stop="stop"), last)), expected)


ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}}
NULLS = {"prompt_tokens": None, "completion_tokens": None, "prompt_tokens_details": None, "cost": None}
HI = chunk({"content": "Hi."})
PLACES: dict[str, Script] = {
    "a last chunk of zeros": chat(HI, chunk(stop="stop", usage=DEEPSEEK), chunk(usage=ZEROS)),
    "a last chunk of nulls": chat(HI, chunk(stop="stop", usage=DEEPSEEK), chunk(usage=NULLS)),
    "a last chunk of null": chat(HI, chunk(stop="stop", usage=DEEPSEEK), chunk(usage=None)),
    "with every chunk": chat(
        chunk({"content": "Hi."}, usage={"prompt_tokens": 100, "completion_tokens": 1}),
        chunk(stop="stop", usage=DEEPSEEK),
    ),
    "in the choice": chat(HI, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": DEEPSEEK}]}),
    "in x_groq": chat(HI, chunk(stop="stop", x_groq={"id": "req_1", "usage": DEEPSEEK})),
    "before the end": chat(chunk({"content": "Hi."}, usage=DEEPSEEK), chunk(stop="stop")),
    "after [DONE]": Script("chat", events(HI, chunk(stop="stop"), done=True) + events(chunk(usage=DEEPSEEK))),
}


@pytest.mark.parametrize("script", PLACES.values(), ids=list(PLACES))
async def test_usage_is_read_wherever_it_stands_and_zeros_take_nothing_back(connect: Connect, script: Script) -> None:
    """D3."""
    assert await usage_of(connect, script) == SHAPES["DeepSeek (D3)"][1]


async def test_a_usage_of_messages_may_come_at_the_start_or_at_the_end(connect: Connect) -> None:
    """D3: proxies send zeros in one of the two."""
    cached = {"cache_read_input_tokens": 50, "cache_creation_input_tokens": 5}
    hi = block(0, TEXT, words("Hi."))
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}
    late = {**end, "usage": {"input_tokens": 10, "output_tokens": 7, **cached}}
    zeros = {**end, "usage": {"input_tokens": 0, "output_tokens": 7, "cache_read_input_tokens": 0}}
    nothing = message_start(usage={"input_tokens": 0, "output_tokens": 0})
    early = message_start(usage={"input_tokens": 10, "output_tokens": 1, **cached})
    for start, last in ((nothing, late), (early, end), (early, zeros)):
        assert await usage_of(connect, messages(start, *hi, last)) == Usage(65, 7, 50, 5)


async def test_the_cost_that_a_gateway_tells_over_other_dialects_is_taken(connect: Connect) -> None:
    """D2."""
    usage = {"input_tokens": 8, "output_tokens": 3, "total_tokens": 11, "cost": 0.002}
    script = Script("openai", events(completed(said("Hi."), usage=usage)))
    assert await usage_of(connect, script) == Usage(8, 3, cost=0.002)
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    assert (await usage_of(connect, messages(message_start(), *block(0, TEXT, words("Hi.")), end))).cost == 0.002
