"""Draws the pictures of the README: conversations typed at the real program in a pseudo-terminal.

    python -m docs.draw_screen

What the models say is scripted, on loopback servers; all else is what the program wrote to its terminal. screen.svg is
one screen, and screen-light.svg the same where the background is light; tree.svg is one as well; tools.svg is two: one
while a question is asked, which is gone when it is answered, and one at the end.
"""

import itertools
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import pyte
from pyte.screens import Char

from tests.harness.home import Home
from tests.harness.journeys import Sitting
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call, Reasoning, Text, Usage

HERE = Path(__file__).parent
COLUMNS, ROWS, ROWS_OF_TOOLS, ROWS_OF_TREE = 84, 44, 31, 34
CELL_WIDTH, CELL_HEIGHT, FONT, MARGIN, GAP = 8.4, 19, 14, 20, 12
WIDTH = round(COLUMNS * CELL_WIDTH + 2 * MARGIN)
CURSOR = 0.8  # its opacity
DARK, LIGHT = {"COLORFGBG": "15;0"}, {"COLORFGBG": "0;15"}  # what the pictures are drawn on
_WORDS = re.compile(r"\S+(?: \S+)*")  # not every viewer keeps two blanks
_COLOR = re.compile(r"[0-9a-f]{6}")
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

CODE = """from time import time

def timed(work):
    start = time()
    work()
    return time() - start
"""
TASK = "timer.py should not use the wall clock. Who imports it?"
LOOK = "Two things at once: I change the clock, and look who imports it."
CHANGE = {"path": "timer.py", "old": "from time import time", "new": "from time import perf_counter as time"}
DONE = "`timed` uses **`perf_counter`** now. Only `load.py` imports it."
CHECK = "Must load.py change, too?"
CHECKED = "No. It only calls `timed`, which still returns **seconds**."

NAME = "A name for a command that sums up a log?"
NAMED = "`logsum`: short, and nobody has to guess."
OTHER_NAME = "`digest`: short, and it says what comes out."
AGAIN = " It must not be taken on Debian."
FREE = "`logsum` is free there. `digest` is not."


def record(background: Mapping[str, str] = DARK) -> bytes:
    """Talk, and switch the model. What the terminal received."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        thought = Reasoning("One block, one number: a context manager with a monotonic clock.")
        home.anthropic.answer(Answer(thought, Text(FIRST), pace=0.02, usage=Usage(31, 214, reasoning=16)))
        home.groq.answer(Answer(Text(SECOND), pace=0.01, usage=Usage(258, 84)))
        terminal = home.open(columns=COLUMNS, rows=ROWS, env=background).prompt()
        for line in (QUESTION, "/model groq:gpt-oss", FOLLOW_UP):
            terminal.enter(line).prompt()
        return terminal.until(lambda: _bar(terminal, "groq:"), "the bar at the bottom").raw


def record_tools() -> tuple[bytes, bytes]:
    """Two calls side by side, of which one is asked about; then another model. What the terminal received.

    Up to the question, and up to the end.
    """
    with tempfile.TemporaryDirectory() as place:
        project, folder = Path(place, "project"), Path(place, "parlance")
        project.mkdir()
        folder.mkdir()
        # The result of an edit shows where the config folder is; so it is named as seen from the project.
        env = {**DARK, "PARLANCE_HOME": f"../{folder.name}"}
        return _talk_with_tools(project, folder, env)


def _talk_with_tools(project: Path, folder: Path, env: dict[str, str]) -> tuple[bytes, bytes]:
    with Home(folder) as home:
        (project / "timer.py").write_text(CODE)
        (project / "load.py").write_text("from timer import timed\n")
        calls = Call("edit_file", CHANGE), Call("search_files", {"pattern": "import timed", "glob": "*.py"})
        home.anthropic.answer(Answer(Text(LOOK), *calls, pace=0.01, usage=Usage(2210, 148)))
        home.anthropic.answer(Answer(Text(DONE), pace=0.01, usage=Usage(2431, 42)))
        home.openai.answer(Answer(Call("read_file", {"path": "load.py"}), usage=Usage(2380, 31)))
        home.openai.answer(Answer(Text(CHECKED), pace=0.01, usage=Usage(2460, 38)))
        terminal = home.open(columns=COLUMNS, rows=ROWS_OF_TOOLS, cwd=project, env=env).prompt()
        terminal.enter(TASK).sees("Allow edit_file?")
        asked = terminal.sees("Ctrl+C no, and stop").raw
        Sitting(terminal).answers("y", "Allow edit_file?")
        terminal.prompt()
        for line in ("/model openai:gpt", CHECK):
            terminal.enter(line).prompt()
        return asked, terminal.until(lambda: _bar(terminal, "openai:"), "the bar at the bottom").raw


def record_tree() -> bytes:
    """The same question twice, one that is changed, and the tree of it. What the terminal received."""
    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        home.anthropic.answer(Answer(Text(NAMED), usage=Usage(28, 14)), Answer(Text(FREE), usage=Usage(36, 18)))
        home.groq.answer(Answer(Text(OTHER_NAME), usage=Usage(30, 15)))
        terminal = home.open(columns=COLUMNS, rows=ROWS_OF_TREE, env=DARK).prompt()
        for line in (NAME, "/retry groq:gpt-oss --diff", "/edit"):
            terminal.enter(line).prompt(NAME if line == "/edit" else "")
        terminal.enter(AGAIN).prompt()
        return terminal.enter("/tree").sees("Enter goes there").sees("you stand here").raw


def _bar(terminal: Terminal, provider: str) -> bool:
    below = terminal.screen.display[terminal.screen.cursor.y + 1 :]
    return any(row.startswith(provider) and "$" in row for row in below)


class Ground(NamedTuple):
    """What a picture is drawn on: the ground, the line around it, and the text where a theme gives it no colour."""

    fill: str
    line: str
    text: str


ON_DARK, ON_LIGHT = Ground("#0d1117", "#30363d", "#e6edf3"), Ground("#ffffff", "#d0d7de", "#1f2328")


class DimmingScreen(pyte.Screen):
    """pyte keeps no dimmed text, and we blink none: a dimmed cell is one that blinks."""

    def select_graphic_rendition(self, *attributes: int, **kwargs: bool) -> None:
        if not {38, 48} & set(attributes):  # a 2 or 22 in there is part of a colour
            attributes = tuple(code for given in attributes for code in DIM.get(given, (given,)))
        super().select_graphic_rendition(*attributes, **kwargs)


class Frame:
    """The screen of a terminal after these bytes, down to the last row with text."""

    def __init__(self, raw: bytes, rows: int = ROWS) -> None:
        screen = DimmingScreen(COLUMNS, rows)
        pyte.ByteStream(screen).feed(raw)
        used = max(number for number, row in enumerate(screen.display) if row.strip()) + 1
        self.rows = [[screen.buffer[number][column] for column in range(COLUMNS)] for number in range(used)]
        self.cursor = screen.cursor
        self.height = used * CELL_HEIGHT + 2 * MARGIN

    @property
    def colors(self) -> set[str]:
        """The colours that the theme gave to text."""
        return {cell.fg for row in self.rows for cell in row if cell.data.strip() and _COLOR.fullmatch(cell.fg)}

    def drawn(self, top: int, ground: Ground) -> str:
        """The rows on a ground of their own that begins at `top`."""
        top += MARGIN
        x, y = _x(self.cursor.x), top + self.cursor.y * CELL_HEIGHT
        opacity = 0 if self.cursor.hidden else CURSOR
        shown = ((top + number * CELL_HEIGHT + FONT, "".join(_spans(row))) for number, row in enumerate(self.rows))
        texts = "\n".join(f'<text y="{line}">{spans}</text>' for line, spans in shown if spans)
        return f"""\
<rect y="{top - MARGIN}" width="{WIDTH}" height="{self.height}" rx="10" fill="{ground.fill}" stroke="{ground.line}"/>
<rect x="{x}" y="{y}" width="{CELL_WIDTH}" height="{CELL_HEIGHT}" fill="{ground.text}" fill-opacity="{opacity}"/>
{texts}
"""


def svg(title: str, frames: Sequence[Frame], ground: Ground = ON_DARK) -> str:
    """The frames one below the other, with no fonts or scripts from elsewhere."""
    tops = list(itertools.accumulate((frame.height + GAP for frame in frames), initial=0))
    height = tops[-1] - GAP
    used = sorted({color for one in frames for color in one.colors})
    colors = "".join(f".c{color}{{fill:#{color}}}" for color in used)
    drawn = "".join(frame.drawn(top, ground) for frame, top in zip(frames, tops, strict=False))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">
<title>{escape(title)}</title>
<style>text{{font:{FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:{ground.text};\
white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}.d{{fill-opacity:.58}}.u{{text-decoration:underline}}\
.s{{text-decoration:line-through}}{colors}</style>
{drawn}</svg>
"""


def _spans(row: list[Char]) -> Iterator[str]:
    """A span for each run of one style. Each says where it begins and how long it is, whatever the font at hand."""
    column = 0
    for style, run in itertools.groupby(row, _style):
        text = "".join(cell.data for cell in run)
        for found in _WORDS.finditer(text):
            where = f'x="{_x(column + found.start())}" textLength="{round(len(found[0]) * CELL_WIDTH, 1)}"'
            named = f' class="{style}"' if style else ""
            yield f"<tspan {where}{named}>{escape(found[0], quote=False)}</tspan>"
        column += len(text)


def _style(cell: Char) -> str:
    marks = (
        ("b", cell.bold), ("i", cell.italics), ("d", cell.blink), ("u", cell.underscore), ("s", cell.strikethrough),
    )  # fmt: skip
    words = [letter for letter, on in marks if on]
    return " ".join([*words, *([f"c{cell.fg}"] if _COLOR.fullmatch(cell.fg) else [])])


def _x(column: int) -> str:
    return f"{MARGIN + column * CELL_WIDTH:.1f}".removesuffix(".0")


def draw() -> Iterator[tuple[str, str]]:
    """The name of each picture, and the picture as the program draws it now."""
    title = "A conversation in Parlance: a question to Claude, a switch to Groq, and a follow-up question"
    yield "screen.svg", svg(title, [Frame(record())])
    yield "screen-light.svg", svg(title, [Frame(record(LIGHT))], ON_LIGHT)
    title = "Tools in Parlance: Claude makes two calls, an edit is asked about with its diff, and OpenAI goes on"
    yield "tools.svg", svg(title, [Frame(raw, ROWS_OF_TOOLS) for raw in record_tools()])
    title = "Branches in Parlance: one question answered twice, the words that differ, and the tree that one can walk"
    yield "tree.svg", svg(title, [Frame(record_tree(), ROWS_OF_TREE)])


if __name__ == "__main__":
    for name, picture in draw():
        (HERE / name).write_text(picture, encoding="utf-8")
