"""The echo of a key while an answer comes fast, and pastes: shown, sent, and the echo of the key behind them.

The first row is asked of a server that sends 2,000 deltas a second.
"""

import statistics
import time

from bench.rig import Program, home, load, once, parlance
from tests.harness.home import Home
from tests.wire import Answer, Text

MODEL = ("-m", "ollama:bench")
KEYS, RATE = 300, 2_000
LARGE = "".join(f"line {n} of a paste that is large\n" for n in range(150_000))  # 5 MB
PLAIN = "\r".join(f"line {n} of a paste without marks" for n in range(2_900))  # 100 kB
WARM = 3.0  # seconds at the line first


def echo(program: Program, key: str) -> float:
    """Seconds until this key is on the screen."""
    came = len(program.raw)
    pressed = program.type(key)
    return program.until(key.encode(), came) - pressed


def echoes(here: Home) -> list[float]:
    """Seconds for each of many keys in an answer."""
    with parlance(here, *MODEL) as program:
        program.prompt()
        time.sleep(WARM)
        here.ollama.answer(Answer(Text(deltas=["word "] * (RATE * 30)), pace=1 / RATE))
        program.type("Go on\r")
        program.until(b"word word", len(program.raw))
        took = []
        for number in range(KEYS):
            took.append(echo(program, "QXZJ"[number % 4]))
            time.sleep(0.013 + number % 7 * 0.004)
        return took


def paste(here: Home, text: str, shown: bytes) -> tuple[float, float, float, float]:
    """Seconds until it is shown, until the key behind it is, and until the answer; and the memory it took in MB."""
    with parlance(here, *MODEL) as program:
        program.prompt()
        time.sleep(WARM)
        before, came = program.memory(), len(program.raw)
        began = program.type(text)
        there = program.until(shown, came) - began
        time.sleep(0.3)
        key = statistics.median(echo(program, name) for name in "QXZJK")
        asked = len(here.ollama.chats)
        here.ollama.answer(Answer("Read."))
        came = len(program.raw)
        pressed = program.type("\r")
        sent = program.until(b"Read.", came) - pressed
        assert len(here.ollama.chats) == asked + 1, "one request"
        return there, key, sent, program.memory() - before


def main() -> None:
    """Print them with what is wanted."""
    with home() as here:
        once(here, *MODEL)
        took = sorted(echoes(here))
        print(
            f"echo of a key at {RATE} deltas a second: median {statistics.median(took) * 1000:.0f} ms, "
            f"p99 {took[len(took) * 99 // 100] * 1000:.0f} ms (at most 30), worst {took[-1] * 1000:.0f} ms"
        )
        marked = f"\x1b[200~{LARGE}\x1b[201~"
        for name, text, shown in (
            ("5 MB, marked", marked, b"150,000 lines"),
            ("100 kB, unmarked", PLAIN, b"2,900 lines"),
        ):
            there, key, sent, memory = paste(here, text, shown)
            print(
                f"{name:17} shown {there:.2f} s (at most 0.5), key behind it {key * 1000:.0f} ms (at most 25), "
                f"answered {sent:.2f} s, memory {memory:+.0f} MB"
            )
    print(load())


if __name__ == "__main__":
    main()
