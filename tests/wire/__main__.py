"""A loopback server by hand: `python -m tests.wire openai --port 8080`; also the far end of a benchmark."""

import argparse
import signal
import sys
from typing import get_args

from tests.wire.answers import Answer, Text
from tests.wire.facts import Dialect, facts_for
from tests.wire.server import RENDER, WireServer
from tests.wire.sse import Context


def synthetic(dialect: Dialect, deltas: int, size: int, rate: float) -> Answer:
    """Give an answer of `deltas` pieces of `size` bytes, `rate` pieces a second; 0 is as fast as it goes.

    Flat out, the whole stream is rendered now, so that the server costs a benchmark nothing.
    """
    words = "The quick brown fox jumps over the lazy dog and reads on. "
    text = words * (size // len(words) + 2)
    answer = Answer(Text(deltas=[text[i % 7 : i % 7 + size] for i in range(deltas)]))
    if rate:
        answer.pace = 1 / rate
        return answer
    body = {"model": "synthetic", "stream_options": {"include_usage": True}}
    context = Context(dialect, facts_for(dialect, "synthetic"), body, 0)
    return Answer.raw(b"".join(event.encode() for event in RENDER[dialect](answer, context)))


def main() -> None:
    """Serve until interrupted. The first line printed is the base URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.wire", description=__doc__)
    parser.add_argument("dialect", choices=get_args(Dialect))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", help="refuse any other key; by default all are taken")
    parser.add_argument("--no-rules", action="store_true", help="refuse no request")
    parser.add_argument("--deltas", type=int, help="stream this many pieces of synthetic text")
    parser.add_argument("--bytes", type=int, default=20, help="size of a piece")
    parser.add_argument("--rate", type=float, default=0, help="pieces a second, 0 for flat out")
    options = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    default = None
    if options.deltas:
        default = synthetic(options.dialect, options.deltas, options.bytes, options.rate)
    rules = not options.no_rules
    with WireServer(options.dialect, key=options.key, port=options.port, rules=rules, default=default) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
