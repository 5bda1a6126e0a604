"""What it costs to draw a Markdown answer while it arrives, as a multiple of drawing it once with rich.

    python -m bench.markdown

Time is simulated: 200 deltas a second of 5 characters, drawn 12 times a second, written to a buffer. CPU
seconds are the best of three; "once" is rich's own Markdown; "exponent" is growth with length (1.0: linear).
"""

import io
import math
import time
from collections.abc import Callable

from rich.console import Console
from rich.markdown import Markdown

from modules.chat.markdown.markdown_stream import MarkdownStream

DELTA, RATE, FRAMES = 5, 200, 12
SIZE = (100, 40)

PROSE = (
    "You can reach **PostgreSQL** from Python with *one* of several libraries. The choice is `psycopg`, "
    "which gives you **a synchronous and an asynchronous** interface. See [the docs](https://a.example/docs).\n\n"
)
CODE = "    def size(self, limit: int = 10) -> dict[str, int]:\n        return {'count': limit * 2}  # doubled\n"
LIST = "- open a **connection**, once for the whole program\n  - run the `query` with its parameters\n"
TABLE = "| Library | Speed | Notes |\n|---|---:|---|\n"
ROW = "| psycopg | 1.0 | The **reference** choice with wheels |\n"


def answer(size: int) -> str:
    """A typical answer: headings, prose, lists, code and small tables."""
    section = (
        f"## Connecting\n\n{PROSE * 2}1. Install the package\n2. Write a module:\n\n{LIST * 3}\n"
        f"```python\nclass Store:\n{CODE * 4}```\n\n{PROSE}{TABLE}{ROW * 4}\n"
        "> **Note:** never build SQL from strings.\n\n"
    )
    return (section * (size // len(section) + 1))[:size]


HUGE: dict[str, Callable[[int], str]] = {
    "fence": lambda size: ("```python\nclass Store:\n" + CODE * (size // len(CODE) + 1))[:size],
    "paragraph": lambda size: (PROSE.replace("\n", " ") * (size // len(PROSE) + 1))[:size],
    "table": lambda size: (TABLE + ROW * (size // len(ROW) + 1))[:size],
    "list": lambda size: (LIST * (size // len(LIST) + 1))[:size],
    "one word": lambda size: "x" * size,
}


def once(text: str) -> int:
    """Render with rich in one go; the bytes it takes."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="truecolor", width=SIZE[0], height=SIZE[1])
    console.print(Markdown(text))
    return len(out.getvalue().encode())


def streamed(text: str) -> int:
    """Draw as it arrives; the bytes it takes."""
    out: list[str] = []
    stream = MarkdownStream(out.append, lambda: SIZE)
    per_frame = DELTA * RATE / FRAMES
    frames = 1
    for at in range(0, len(text), DELTA):
        stream.feed(text[at : at + DELTA])
        if at >= frames * per_frame:
            stream.draw()
            frames += 1
    stream.finish()
    return len("".join(out).encode())


def cpu(work: Callable[[str], int], text: str) -> float:
    best = math.inf
    for _ in range(3):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
    return best


def report(name: str, make: Callable[[int], str], sizes: list[int]) -> None:
    times: list[float] = []
    for size in sizes:
        text = make(size)
        took, base = cpu(streamed, text), cpu(once, text)
        times.append(took)
        ratio = streamed(text) / len(text.encode())
        print(
            f"{name:10} {size:7} B  streamed {took:6.3f} s  once {base:6.3f} s"
            f"  ratio {took / base:5.2f}  bytes out/in {ratio:5.2f}"
        )
    exponent = math.log(times[-1] / times[0]) / math.log(sizes[-1] / sizes[0])
    print(f"{name:10} exponent {exponent:.2f}\n")


def main() -> None:
    streamed(answer(2_000))
    once(answer(2_000))
    report("answer", answer, [5_000, 20_000, 100_000])
    for name, make in HUGE.items():
        report(name, make, [10_000, 40_000])


if __name__ == "__main__":
    main()
