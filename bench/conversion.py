"""What one more turn costs to convert, by the length of the history, beside litellm and pydantic-ai.

Ours is timed from the conversation to the finished request body, with a ledger that holds what was sent before, and
without one, as in the first request after a switch. The two libraries convert the same history to the same wire
format, all of it each turn, as they do in use; their packages come with the `bench` extra. All take turns within a
round, and the median of the rounds is shown, in processor time, since a conversion waits for nothing.
"""

import argparse
import asyncio
import logging
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from msgspec.structs import replace

from bench.rig import load
from modules.llm.chat_completions import chat_completions_transformer
from modules.llm.message import user
from modules.llm.models import Model
from modules.llm.parts import Image, Reasoning, Text, ToolCall, Wire
from modules.session.conversation import Conversation
from modules.session.turns.ask import request_for
from tests.harness.big_history import SEALED, long_conversation
from tests.harness.cases import ENDPOINTS, TOOLS
from tests.harness.transformer_harness import REQUESTS

LENGTHS = (10, 100, 1_000, 2_000, 10_000)
ENOUGH = 0.005  # seconds: what is quicker is done several times and divided
Convert = Callable[[], Any]
Side = tuple[str, Convert]
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it asks the network for prices when imported


def ours(talk: Conversation, model: Model) -> Iterator[Side]:
    """Conversation to request body, the tools among it: with the ledger, and as to a model that was sent nothing."""
    body = REQUESTS[model.provider.dialect]
    yield "warm", lambda: body(request_for(talk, model, TOOLS))
    yield "cold", lambda: body(replace(request_for(talk, model, TOOLS), ledger=None))


def litellm(talk: Conversation, dialect: str) -> Iterator[Side]:
    """litellm's converters; its history is a list of Chat Completions messages."""
    from litellm.completion_extras.litellm_responses_transformation.transformation import (
        LiteLLMResponsesTransformationHandler,
    )
    from litellm.litellm_core_utils.prompt_templates.factory import anthropic_messages_pt
    from litellm.llms.openai.chat.gpt_transformation import OpenAIGPTConfig

    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    plain: Any = _as_chat(talk)
    responses, chat = LiteLLMResponsesTransformationHandler(), OpenAIGPTConfig()
    match dialect:
        case "anthropic-messages":
            yield "litellm", lambda: anthropic_messages_pt(list(plain), "claude-sonnet-4-5", "anthropic")
        case "openai-responses":
            yield "litellm", lambda: responses.convert_chat_completion_messages_to_responses_api(list(plain))
        case _:
            yield "litellm", lambda: chat.transform_request("gpt-4o", list(plain), {}, {}, {})


def _as_chat(talk: Conversation) -> list[Wire]:
    model = ENDPOINTS["chat"].full_model("https://elsewhere.example")
    return chat_completions_transformer.ChatTransformer(model).convert(talk.messages)


def pydantic_ai(talk: Conversation, dialect: str) -> Iterator[Side]:
    """pydantic-ai's mapping of its own messages."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.anthropic import AnthropicProvider
    from pydantic_ai.providers.openai import OpenAIProvider

    history, parameters = list(_as_pydantic(talk)), ModelRequestParameters()
    match dialect:
        case "anthropic-messages":
            claude = AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(api_key="none"))
            yield "pydantic-ai", lambda: claude._map_message(history, parameters, {})
        case "openai-responses":
            gpt = OpenAIResponsesModel("gpt-5", provider=OpenAIProvider(api_key="none"))
            yield "pydantic-ai", lambda: gpt._map_messages(history, {}, parameters)
        case _:
            other = OpenAIChatModel("gpt-5", provider=OpenAIProvider(api_key="none"))
            yield "pydantic-ai", lambda: other._map_messages(history, parameters)


def _as_pydantic(talk: Conversation) -> Iterator[Any]:
    from pydantic_ai import messages as theirs

    names: dict[str, str] = {}
    for message in talk.messages:
        match message.role:
            case "user":
                words: list[Any] = [_as_pydantic_content(part) for part in message.parts]
                yield theirs.ModelRequest([theirs.UserPromptPart(words if len(words) > 1 else words[0])])
            case "assistant":
                names |= {call.id: call.name for call in message.calls}
                yield theirs.ModelResponse([_as_pydantic_part(part, talk.model) for part in message.parts])
            case _:
                yield theirs.ModelRequest(
                    [theirs.ToolReturnPart(names[one.call_id], one.text, one.call_id) for one in message.results]
                )


def _as_pydantic_content(part: Any) -> Any:
    from pydantic_ai.messages import ImageUrl

    return ImageUrl(f"data:{part.media_type};base64,{part.base64}") if isinstance(part, Image) else part.text


def _as_pydantic_part(part: Any, model: Model) -> Any:
    from pydantic_ai import messages as theirs

    maker = "anthropic" if model.provider.dialect == "anthropic-messages" else "openai"
    match part:
        case Reasoning(text):
            return theirs.ThinkingPart(text, signature=SEALED, provider_name=maker)
        case ToolCall():
            return theirs.ToolCallPart(part.name, part.arguments, part.id)
        case Text(text):
            return theirs.TextPart(text)


def sides(model: Model, length: int) -> Iterator[Side]:
    """All that convert a history of this length, the person's new message being the last."""
    talk = long_conversation(model, length, TOOLS)
    talk.append(user("And now?"))
    yield from ours(talk, model)
    for peer in (litellm, pydantic_ai):
        with suppress(ImportError):
            yield from peer(talk, model.provider.dialect)


async def once(convert: Convert) -> float:
    """Seconds of processor time for one conversion."""
    start, count = time.process_time(), 0
    while (spent := time.process_time() - start) < ENOUGH or not count:
        made = convert()
        if isinstance(made, Awaitable):
            await made
        count += 1
    return spent / count


async def measure(all_sides: Sequence[Side], rounds: int) -> dict[str, float]:
    """Median milliseconds of each side; the first round only warms up."""
    took: dict[str, list[float]] = {name: [] for name, _ in all_sides}
    for turn in range(rounds + 1):
        for name, convert in all_sides:
            spent = await once(convert)
            if turn:
                took[name].append(spent * 1e3)
    return {name: statistics.median(times) for name, times in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.conversion", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    names = ("warm", "cold", "litellm", "pydantic-ai")
    print(f"One more turn converted, ms of processor time, median of {options.rounds} interleaved rounds; {load()}")
    print(_packages())
    print(f"{'dialect':20}{'messages':>9}" + "".join(f"{name:>13}" for name in names))
    for wire in ("anthropic", "openai", "chat"):
        model = ENDPOINTS[wire].full_model("https://api.example")
        for length in LENGTHS:
            took = asyncio.run(measure(list(sides(model, length)), options.rounds))
            cells = "".join(f"{took[name]:13.3f}" if name in took else f"{'-':>13}" for name in names)
            print(f"{model.provider.dialect:20}{length:>9,}{cells}", flush=True)


def _packages() -> str:
    told = []
    for name, package in (("litellm", "litellm"), ("pydantic-ai", "pydantic-ai-slim")):
        try:
            told.append(f"{name} {version(package)}")
        except ImportError:
            told.append(f'{name} is not installed: python -m pip install ".[bench]"')
    return "; ".join(told)


if __name__ == "__main__":
    main()
