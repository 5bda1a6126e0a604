"""Ctrl+C in the middle of an answer, in the real program: until the server sees it, and until the prompt is back."""

import statistics
import time

from bench.rig import MODELS, home, load, once, parlance
from tests.harness.home import Home
from tests.wire import Answer, Text

ROUNDS = 10
RATE = 200
WARM = 4.0  # seconds at the prompt first


def presses(home: Home, model: str) -> list[tuple[float, float]]:
    """Seconds from the key to the closed connection, and to the prompt, for each answer of one conversation."""
    server = home.servers[model.partition(":")[0]]
    took: list[tuple[float, float]] = []
    with parlance(home, "-m", model) as program:
        program.prompt()
        time.sleep(WARM)
        for number in range(ROUNDS):
            gone = len(server.disconnected_at)
            server.answer(Answer(Text(deltas=[f"word{i} " for i in range(4000)]), pace=1 / RATE))
            came = len(program.raw)
            program.type("Go on and on.\r")
            program.until(b"word100 ", came)
            time.sleep(number * 0.017)  # at any moment between two drawings
            came = len(program.raw)
            pressed = program.type("\x03")
            prompt = program.prompt(came)
            took.append((server.wait_for_disconnect(gone + 1) - pressed, prompt - pressed))
            time.sleep(0.3)
    return took


def main() -> None:
    """Print median and worst for each provider."""
    with home() as here:
        rows = {}
        for model in MODELS:
            once(here, "-m", model)
            rows[model] = presses(here, model)
    print(f"{'ms from Ctrl+C to':30}{'closed connection':>24}{'prompt':>20}   (at most 100)")
    for model, took in rows.items():
        cells = [
            f"{statistics.median(column) * 1000:.0f}, worst {max(column) * 1000:.0f}"
            for column in zip(*took, strict=True)
        ]
        print(f"{model:30}{cells[0]:>24}{cells[1]:>20}")
    print(load())


if __name__ == "__main__":
    main()
