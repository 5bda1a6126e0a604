"""Broken streams of every dialect, for as long as one likes: `python -m bench.stream_fuzz --examples 5000`.

Each is a recorded stream with one to four changes in its bytes, fields or order, and is read by the real service. It
must end in an answer or in one of our errors, and the message must be fit to be stored and to be sent to all dialects.
Every twentieth goes over a socket through the real SDK; the others begin where the body of the response does.
"""

import argparse
import asyncio
import collections
import random
import sys
import time
from collections.abc import Sequence

from modules.llm.base import ChatRequest
from modules.llm.ledger.ledger import Ledger
from modules.llm.message import user
from tests.conftest import make_service, take
from tests.harness.broken_streams import KEY, broken, check, pieces, read_without_socket, recorded
from tests.harness.cases import ENDPOINTS, NAMES, TOOLS
from tests.llm.stream_fuzz_test import TYPES
from tests.wire import Answer, WireServer
from tests.wire.facts import Dialect

EVERY = 20  # examples, of which one goes over a socket


async def try_all(name: Dialect, examples: int, seed: int) -> collections.Counter[str]:
    """What the examples came to; the seed of one that breaks a promise is printed, and its error raised."""
    counted: collections.Counter[str] = collections.Counter()
    streams = recorded(name)
    with WireServer(name, key=None, rules=False) as server:
        model = ENDPOINTS[name].full_model(server.base_url)
        service = make_service(model.provider, KEY)
        for number in range(seed, seed + examples):
            choose = random.Random(number)
            stream = broken(choose.choice(streams), choose)
            kind = choose.choice(TYPES)
            try:
                if number % EVERY:
                    outcome = await read_without_socket(name, pieces(stream, choose), kind)
                else:
                    server.answer(Answer.raw(stream, {"content-type": kind}))
                    request = ChatRequest(model, (user("Hello"),), tools=TOOLS, ledger=Ledger())
                    outcome = await take(service.reply(request))
                    counted["over a socket"] += 1
                check(outcome)
            except BaseException:  # also of a stop by hand: the seed is what makes it happen again
                print(f"{name}: the example of seed {number} broke a promise:\n{stream!r}", file=sys.stderr)
                raise
            counted["answers" if outcome.error is None else type(outcome.error).__name__] += 1
        await service.close()
    return counted


def main(argv: Sequence[str] | None = None) -> int:
    """Try so many examples of each dialect."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream_fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=5000, help="of each dialect")
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    given = parser.parse_args(argv)
    for name in NAMES:
        began = time.monotonic()
        counted = asyncio.run(try_all(name, given.examples, given.seed))
        told = ", ".join(f"{count} {what}" for what, count in counted.most_common())
        last = given.seed + given.examples - 1
        print(f"{name}: seeds {given.seed} to {last}: {told}; nothing else, in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
