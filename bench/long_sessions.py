"""A conversation of 10,000 messages beside an empty one: the echo of a key, a send, and memory, in one run.

Both are kept in files and were opened from there. Keys are typed at both programs in turn, at an idle prompt, after
each has answered once. A send is `ask`, with the real store, to a server in a process of its own; a ticker on the loop
shows for how long nothing else could run. Memory is what the long one has more, to the bytes that were said in it.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from bench.echo import echo
from bench.rig import Program, home, load, once, parlance
from bench.sending import KEY, server, timed
from modules.llm.message import user
from modules.llm.models import Model, ModelRegistry
from modules.llm.service_manager import ServiceManager
from modules.session.conversation import Conversation
from modules.session.storage.store import FILE, Store
from modules.session.turns.ask import ask
from tests.harness.cases import ENDPOINTS
from tests.harness.home import Home
from tests.harness.said_at_length import Speaker, talk
from tests.wire.facts import Dialect

MODEL = ("-m", "ollama:bench")
KEYS = 120
WARM_SECONDS = 8.0  # in which a long conversation is decoded in the background
WINDOW_TOKENS = 10_000_000  # so that nobody asks what has to go
DIALECTS: tuple[Dialect, ...] = ("anthropic", "openai", "chat")


def kept(folder: Path, model: Model, turns: int) -> tuple[str, int]:
    """A file with a conversation of so many turns; gives its id, and the bytes that were said."""
    store = Store(folder / FILE)
    conversation = Conversation(model, "You are helpful.")
    said = talk(conversation, Speaker(), turns)
    conversation.journal = store
    conversation.changed()
    asyncio.run(_written(store))
    assert store.close(120)
    return conversation.id, said


async def _written(store: Store) -> None:
    await store.settled()
    while store.held:
        await store.settled()


def keys_and_memory(here: Home, turns: int) -> None:
    """Print the echo of a key at either, and the memory for each byte said."""
    here.ollama.window = WINDOW_TOKENS
    data = here.folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    id, said = kept(data, ENDPOINTS["anthropic"].full_model("https://elsewhere.example"), turns)
    once(here, *MODEL)
    with parlance(here, *MODEL) as empty, parlance(here, *MODEL, "-r", id) as long:
        for program in (empty, long):
            program.prompt()
            _ask(here, program, "One.")
        time.sleep(WARM_SECONDS)
        for program in (empty, long):
            _ask(here, program, "Two.")
        time.sleep(1)
        took = [(echo(empty, key), echo(long, key)) for key in "QXZJ" * (KEYS // 4)]
        memory = empty.memory(), long.memory()
    for name, times in zip(("empty", "long"), zip(*took, strict=True), strict=True):
        print(f"echo of a key, {name:5}  {_spread(times)}")
    print(f"memory, empty {memory[0]:.0f} MB, long {memory[1]:.0f} MB for {said / 1e6:.1f} MB said:", end=" ")
    print(f"{(memory[1] - memory[0]) * 1e6 / said:.2f} bytes for each byte (at most 3)")


def _ask(here: Home, program: Program, answer: str) -> None:
    here.ollama.answer(answer)
    came = len(program.raw)
    program.type("And?\r")
    program.until(answer.encode(), came)
    program.prompt(came)


def _spread(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"median {statistics.median(ordered) * 1e3:5.1f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1e3:5.1f} ms"


async def gaps(name: Dialect, folder: Path, turns: int, rounds: int) -> tuple[list[float], list[float]]:
    """How long the loop stood still in each of some sends, of an empty conversation and of the long one."""
    with server(name) as (base_url, pipe):
        model = ENDPOINTS[name].full_model(base_url)
        id, _ = await asyncio.to_thread(kept, folder, model, turns)
        store = Store(folder / FILE)
        long = store.load(id, ModelRegistry([model]), model)
        empty = Conversation(model, "You are helpful.", journal=store)
        for node in long.nodes:  # as in the background of the program
            _ = node.message
        services = ServiceManager(lambda _: KEY)
        took: tuple[list[float], list[float]] = ([], [])
        for turn in range(rounds + 2):
            for conversation, late in zip((empty, long), took, strict=True):
                gap = await _sent(conversation, services, pipe)
                if turn > 1:  # the first is all converted, the second all counted
                    late.append(gap * 1e3)
        await services.close()
        store.close(60)
    return took


async def _sent(conversation: Conversation, services: ServiceManager, pipe: Connection) -> float:
    async def send() -> None:
        async for _ in ask(conversation, services, user("And now?"), conversation.model):
            pass

    return (await timed(send, pipe))[1]


def main() -> None:
    """Print them with what is wanted."""
    parser = argparse.ArgumentParser(prog="python -m bench.long_sessions", description=__doc__)
    parser.add_argument("--turns", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{2 * options.turns:,} messages; {load()}")
    with home() as here:
        keys_and_memory(here, options.turns)
    print(f"\nthe loop stands still in a send, ms{'empty':>14}{'worst':>8}{'long':>12}{'worst':>8}  (20 more at most)")
    for name in DIALECTS:
        with tempfile.TemporaryDirectory() as folder:
            empty, long = asyncio.run(gaps(name, Path(folder), options.turns, options.rounds))
        print(f"{name:34}", end="")
        print(f"{statistics.median(empty):14.1f}{max(empty):8.1f}{statistics.median(long):12.1f}{max(long):8.1f}")
    print(load())


if __name__ == "__main__":
    main()
