"""Conversations that take any turn, for as long as one likes: `python -m bench.fuzz --examples 20000`."""

import argparse
import sys
import time

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.wandering import MODELS, Wandering


def main() -> int:
    """Try that many conversations; it ends with the smallest that could not go on, if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=15, help="turns and changes in each of them")
    given = parser.parse_args()
    chosen = settings(
        max_examples=given.examples,
        stateful_step_count=given.steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    began = time.monotonic()
    Wandering.played = Wandering.looked = 0
    run_state_machine_as_test(Wandering, settings=chosen)
    seconds = time.monotonic() - began
    print(
        f"{Wandering.played} conversations, {Wandering.looked} requests of {len(MODELS)} kinds of models looked at, "
        f"nothing broken, in {seconds:.0f} s."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
