"""Two answers a minute apart over one connection: the real services, every kind of endpoint, all waiting at once."""

import asyncio

from bench.rig import home as at_home
from bench.rig import load
from tests.harness.engine_harness import ANTHROPIC, GROQ, OLLAMA, OPENAI, Talk

APART = 60.0  # seconds


async def twice(talk: Talk) -> None:
    """Ask, wait, and ask again."""
    async with talk:
        await talk.say("And now?")
        await asyncio.sleep(APART)
        await talk.say("And now?")


def main() -> None:
    """Print what the servers counted."""

    async def all_at_once() -> None:
        await asyncio.gather(*(twice(Talk(home, model)) for model in (ANTHROPIC, OPENAI, GROQ, OLLAMA)))

    with at_home() as home:
        asyncio.run(all_at_once())
        for name, server in home.servers.items():
            answers, connections = len(server.chats), server.connections
            print(f"{name:10} answers {APART:.0f} s apart: {answers}, connections: {connections} (1 wanted)")
    print(load())


if __name__ == "__main__":
    main()
