"""What a streamed delta costs us, beside what it costs in the SDK's own typed stream: `python -m bench.engine`.

The server runs in a process of its own with its answer rendered beforehand, so only the client's CPU is counted.
Rounds take turns, since a machine gets warmer and busier, and the median of each side is shown. Flat out, many deltas
come with one read from the socket; with `--rate 2000` each comes alone, as from a real model, and the reads, which are
the same on both sides, weigh more.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from modules.config import Key
from modules.llm.base import BaseService, ChatRequest
from modules.llm.events import TextDelta
from modules.llm.message import user
from modules.llm.models import Model
from tests.conftest import make_service
from tests.harness.cases import ENDPOINTS
from tests.wire.facts import Dialect

NAMES: tuple[Dialect, ...] = ("anthropic", "openai", "groq")
Run = Callable[[], Awaitable[int]]


@contextmanager
def served(name: Dialect, deltas: int, rate: float) -> Iterator[str]:
    """The base URL of a server that streams so many deltas to every question."""
    command = [sys.executable, "-m", "tests.wire", name, "--deltas", str(deltas), "--rate", str(rate), "--no-rules"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def ours(service: BaseService, model: Model) -> Run:
    """The whole engine without a screen: transformer, SDK request, our reader, our events, the message at the end."""

    async def run() -> int:
        reply = service.reply(ChatRequest(model, (user("Hello"),)))
        count = 0
        async for event in reply:
            count += isinstance(event, TextDelta)
        assert reply.message().text
        return count

    return run


def theirs(service: Any, model: Model) -> Run:
    """The same request through the same client, read as the SDK's typed events."""
    client = getattr(service, "client", None) or service._client
    asked: Any = [{"role": "user", "content": "Hello"}]

    async def start() -> Any:
        match model.provider.dialect:
            case "anthropic-messages":
                return await client.messages.create(model=model.id, max_tokens=1000, messages=asked, stream=True)
            case "openai-responses":
                return await client.responses.create(model=model.id, input=asked, stream=True, store=False)
            case _:
                return await client.chat.completions.create(model=model.id, messages=asked, stream=True)

    async def run() -> int:
        count = 0
        async with await start() as stream:
            async for event in stream:
                count += bool(_text(event))
        return count

    return run


def _text(event: Any) -> Any:
    match getattr(event, "type", None):
        case "content_block_delta":
            return event.delta.text
        case "response.output_text.delta":
            return event.delta
        case None if event.choices:
            return event.choices[0].delta.content
    return None


async def measure(name: Dialect, deltas: int, rounds: int, rate: float) -> tuple[float, float]:
    """CPU microseconds per delta: ours, then the SDK's."""
    with served(name, deltas, rate) as base_url:
        model = ENDPOINTS[name].full_model(base_url)
        service = make_service(model.provider, Key("bench-key-0123456789", "the benchmark"))
        sides = (ours(service, model), theirs(service, model))
        costs: tuple[list[float], list[float]] = ([], [])
        for turn in range(rounds + 1):
            for run, cost in zip(sides, costs, strict=True):
                start = time.process_time()
                seen = await run()
                spent = time.process_time() - start
                assert seen == deltas, f"{seen} of {deltas} deltas"
                if turn:  # the first round loads and warms up
                    cost.append(spent / deltas * 1e6)
        await service.close()
    return statistics.median(costs[0]), statistics.median(costs[1])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("--deltas", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0, help="deltas a second; 0 is flat out")
    options = parser.parse_args()
    print(f"CPU per delta, {options.deltas} deltas, median of {options.rounds} interleaved rounds")
    print(f"{'provider':<12}{'ours':>12}{'SDK alone':>12}{'ratio':>8}")
    for name in NAMES:
        own, sdk = asyncio.run(measure(name, options.deltas, options.rounds, options.rate))
        print(f"{name:<12}{own:>9.1f} µs{sdk:>9.1f} µs{own / sdk:>8.2f}")


if __name__ == "__main__":
    main()
