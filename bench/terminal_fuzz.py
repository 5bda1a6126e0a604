"""Keys, bytes, pastes and resizes in any order: `python -m bench.terminal_fuzz --sequences 300 --seed 1`.

Each sequence is a run of the real program whose server answers, fails, is slow, or calls tools. Every third sequence is
`wild`: it has bytes that no terminal sends. See tests/harness/random_typist.py for what must be true of each.
"""

import argparse
import collections
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.harness.home import Home
from tests.harness.random_typist import STEPS, Restless

WILD_EVERY = 3


def run(seed: int) -> tuple[str, int]:
    """What one sequence came to, "" where all is well, and how many requests the server saw."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        one = Restless(home, seed, wild=seed % WILD_EVERY == 0)
        try:
            one.play()
        except (AssertionError, OSError) as error:
            said = [repr(text) for text in one.sent()]
            told = "\n".join([f"seed {seed}: {error}", "typed: " + " ".join(one.log), "sent:", *said])
            return f"{told}\n{one.terminal.text[-1500:]}", len(home.groq.chats)
        return "", len(home.groq.chats)


def main(argv: Sequence[str] | None = None) -> int:
    """Try so many sequences; the exit code is 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m bench.terminal_fuzz", description=__doc__)
    parser.add_argument("--sequences", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence")
    wanted = parser.parse_args(argv)
    counted: collections.Counter[str] = collections.Counter()
    began = time.monotonic()
    for seed in range(wanted.seed, wanted.seed + wanted.sequences):
        broken, requests = run(seed)
        counted["requests"] += requests
        if broken:
            counted["broken"] += 1
            print(broken, "-" * 80, sep="\n", flush=True)
    print(
        f"{wanted.sequences} sequences of {STEPS} steps in {time.monotonic() - began:.0f} s, "
        f"{counted['requests']} requests: {counted['broken']} broke a promise."
    )
    return int(counted["broken"] > 0)


if __name__ == "__main__":
    sys.exit(main())
