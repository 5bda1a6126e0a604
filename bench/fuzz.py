"""Conversations that take any turn, for as long as one likes: `python -m bench.fuzz --examples 20000`."""

import argparse
import sys
import time
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.conversation_machine import MODELS, Wandering
from tests.harness.tool_machine import Acting
from tests.harness.window_machine import Narrow
from tests.harness.window_readers import READERS


def main(argv: Sequence[str] | None = None) -> int:
    """Try that many conversations; it ends with the smallest that could not go on, if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=15, help="turns and changes in each of them")
    parser.add_argument(
        "--engine",
        action="store_true",
        help="whole turns with tools, searches, options and schemas, by the engine and over loopback",
    )
    parser.add_argument("--windows", action="store_true", help="among windows of 4k to 1M tokens, with views that fit")
    given = parser.parse_args(argv)
    chosen = settings(
        max_examples=given.examples,
        stateful_step_count=given.steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    began = time.monotonic()
    machine = Acting if given.engine else Narrow if given.windows else Wandering
    run_state_machine_as_test(machine, settings=chosen)
    seconds = time.monotonic() - began
    if given.engine or given.windows:
        counted = Acting.counted if given.engine else Narrow.counted
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(counted.items()))
    else:
        told = f"{Wandering.played} conversations, {Wandering.looked} requests"
    kinds = len(READERS if given.windows else MODELS)
    print(f"{told}; {kinds} kinds of models looked at, nothing broken, in {seconds:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
