"""Draws docs/screen.svg: a conversation typed at the real program in a pseudo-terminal, answered by loopback servers.

    python -m docs.draw_screen

What the models say is scripted; all else on the picture is what the program wrote to its terminal.
"""

import itertools
import re
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pyte
from pyte.screens import Char

from tests.home import Home
from tests.terminal import Terminal
from tests.wire import Answer, Reasoning, Text, Usage

PICTURE = Path(__file__).with_name("screen.svg")
COLUMNS, ROWS = 84, 44
CELL_WIDTH, CELL_HEIGHT, FONT, MARGIN = 8.4, 19, 14, 20
COLORS = {
    "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341", "blue": "#79c0ff",
    "magenta": "#d2a8ff", "cyan": "#76e3ea", "black": "#6e7681", "white": "#e6edf3",
}  # fmt: skip
DIM = {2: (5,), 22: (22, 25)}

QUESTION = "How do I time a block of Python code?"
FIRST = """A context manager reads best where it is used:

```python
from contextlib import contextmanager
from time import perf_counter

@contextmanager
def timed(name: str):
    start = perf_counter()
    try:
        yield
    finally:
        print(f"{name}: {perf_counter() - start:.3f} s")
```

Then write `with timed("load"):` around the block.
"""
FOLLOW_UP = "And why not time.time()?"
SECOND = """Because the **wall clock may jump**: somebody sets it, or the network does.

1. `perf_counter` only goes forward, so your `timed` never shows a negative time.
2. It is the finest clock that the machine has.
"""


def record() -> Terminal:
    """Have the conversation. The terminal is closed when this returns; what it received is in `raw`."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        thought = Reasoning("One block, one number: a context manager with a monotonic clock.")
        home.anthropic.answer(Answer(thought, Text(FIRST), pace=0.02, usage=Usage(31, 214, reasoning=16)))
        home.groq.answer(Answer(Text(SECOND), pace=0.01, usage=Usage(258, 84)))
        terminal = home.open(columns=COLUMNS, rows=ROWS).prompt()
        for line in (QUESTION, "/model groq:gpt-oss", FOLLOW_UP):
            terminal.enter(line).prompt()
        return terminal.until(lambda: _bar(terminal), "the bar at the bottom")


def _bar(terminal: Terminal) -> bool:
    below = terminal.screen.display[terminal.screen.cursor.y + 1 :]
    return any(row.startswith("groq:") for row in below)


class DimmingScreen(pyte.Screen):
    """pyte keeps no dimmed text, and we blink none: a dimmed cell is one that blinks."""

    def select_graphic_rendition(self, *attributes: int, **kwargs: bool) -> None:
        if not {38, 48} & set(attributes):  # a 2 or 22 in there is part of a colour
            attributes = tuple(code for given in attributes for code in DIM.get(given, (given,)))
        super().select_graphic_rendition(*attributes, **kwargs)


def cells(raw: bytes) -> tuple[list[list[Char]], tuple[int, int]]:
    """The rows of the screen as it stands in the end, down to the last one with text, and where the cursor is."""
    screen = DimmingScreen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(raw)
    used = max(number for number, row in enumerate(screen.display) if row.strip()) + 1
    rows = [[screen.buffer[number][column] for column in range(COLUMNS)] for number in range(used)]
    return rows, (screen.cursor.x, screen.cursor.y)


def svg(rows: list[list[Char]], cursor: tuple[int, int]) -> str:
    """The rows as a picture on a dark ground of its own, with no fonts or scripts from elsewhere."""
    width, height = round(COLUMNS * CELL_WIDTH + 2 * MARGIN), len(rows) * CELL_HEIGHT + 2 * MARGIN
    column, line = cursor
    colors = "".join(f".{name}{{fill:{value}}}" for name, value in COLORS.items())
    texts = "\n".join(text for number, row in enumerate(rows) if (text := _text(number, row)))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">
<title>A conversation in Parlance: a question to Claude, a switch to Groq, and a follow-up question</title>
<style>text{{font:{FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;\
white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}.d{{fill-opacity:.58}}{colors}</style>
<rect width="{width}" height="{height}" rx="10" fill="#0d1117" stroke="#30363d"/>
<rect x="{_x(column)}" y="{_top(line)}" width="{CELL_WIDTH}" height="{CELL_HEIGHT}" fill="#e6edf3" fill-opacity=".8"/>
{texts}
</svg>
"""


def _text(number: int, row: list[Char]) -> str:
    spans = "".join(_spans(row))
    return f'<text y="{_top(number) + FONT}">{spans}</text>' if spans else ""


def _spans(row: list[Char]) -> Iterator[str]:
    """A span for each run of one style. Each says where it begins and how long it is, whatever the font at hand."""
    column = 0
    for style, run in itertools.groupby(row, _style):
        text = "".join(cell.data for cell in run)
        if shown := text.strip():
            start = column + len(text) - len(text.lstrip())
            where = f'x="{_x(start)}" textLength="{round(len(shown) * CELL_WIDTH, 1)}"'
            named = f' class="{style}"' if style else ""
            yield f"<tspan {where}{named}>{escape(shown, quote=False)}</tspan>"
        column += len(text)


def _style(cell: Char) -> str:
    words = [letter for letter, on in (("b", cell.bold), ("i", cell.italics), ("d", cell.blink)) if on]
    color = re.sub("^bright", "", cell.fg)
    return " ".join(words + [color] * (color in COLORS))


def _x(column: int) -> str:
    return f"{MARGIN + column * CELL_WIDTH:.1f}".removesuffix(".0")


def _top(row: int) -> int:
    return MARGIN + row * CELL_HEIGHT


if __name__ == "__main__":
    PICTURE.write_text(svg(*cells(record().raw)), encoding="utf-8")
