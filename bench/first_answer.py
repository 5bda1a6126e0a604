"""How much longer the first answer waits than the second, asked 2 s after the start; and typing while the SDK loads."""

import statistics
import time
from dataclasses import dataclass

from bench.rig import MODELS, home, load, once, parlance
from tests.harness.home import Home
from tests.wire import Answer, Text

ROUNDS = 7
ASKED = 2.0  # seconds after the start
TYPED = "qwertyuiopasdfgjkzxcvb" * 5  # no blanks and none of the letters that end an escape sequence
PACE = 0.03  # seconds between two words of the answer
PAUSE = 0.08  # seconds between an echo and the next key: a quick typist


@dataclass
class Run:
    """Seconds, all of it."""

    first: float
    second: float
    gaps: list[float]


def run(home: Home, model: str) -> Run:
    """Type until the question is due, ask it, and then a second one."""
    answers = [Answer(Text("Answered, word by word, as a model does it."), pace=PACE) for _ in range(2)]
    home.servers[model.partition(":")[0]].answer(*answers)
    with parlance(home, "-m", model) as program:
        program.prompt()
        time.sleep(0.05)  # the bar below the prompt is drawn
        gaps: list[float] = []
        for letter in TYPED:
            if time.monotonic() - program.started > ASKED - 0.1:
                break
            came = len(program.raw)
            pressed = program.type(letter)
            gaps.append(program.until(letter.encode(), came) - pressed)
            time.sleep(PAUSE)
        program.type("\x03")  # empties the line
        time.sleep(max(0.0, program.started + ASKED - 0.05 - time.monotonic()))
        waits: list[float] = []
        for question in ("one", "two"):
            program.type(question)
            time.sleep(0.05)
            came = len(program.raw)
            asked = program.type("\r")
            waits.append(program.until(b"Answered", came) - asked)
            program.prompt(came)
            time.sleep(0.5)
        return Run(waits[0], waits[1], gaps)


def main() -> None:
    """Print the medians for each provider."""
    with home() as here:
        runs: dict[str, list[Run]] = {model: [] for model in MODELS}
        for model in runs:
            once(here, "-m", model)
            with parlance(here, "-m", model) as program:  # bytecode of the rest, too
                program.prompt()
                time.sleep(4)
        for _ in range(ROUNDS):
            for model, done in runs.items():
                done.append(run(here, model))
    print(f"{'ms from Enter to the answer':30}{'first':>8}{'second':>8}{'longer by':>11}   longest wait for an echo")
    for model, done in runs.items():
        first, second = (statistics.median(column) for column in zip(*((r.first, r.second) for r in done), strict=True))
        more = statistics.median(r.first - r.second for r in done)
        gaps = sorted(gap for r in done for gap in r.gaps)
        print(
            f"{model:30}{first * 1000:8.0f}{second * 1000:8.0f}{more * 1000:11.0f}"
            f"   median of runs {statistics.median(max(r.gaps) for r in done) * 1000:.0f},"
            f" worst {gaps[-1] * 1000:.0f}, 95th of 100 keys {gaps[len(gaps) * 95 // 100] * 1000:.0f}"
        )
    print(load())


if __name__ == "__main__":
    main()
