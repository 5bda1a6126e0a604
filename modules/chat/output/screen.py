"""The terminal as the program writes to it: its own quiet lines, tables and errors; the one place text is cleaned."""

import base64
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from modules.chat.looks.theme import Theme, colored
from modules.chat.looks.themes import Themes
from modules.chat.output.layout import laid_out, wrapped
from modules.chat.terminal.passthrough import passed_through
from modules.chat.wording.spoken_words import in_words, row_in_words
from modules.errors import ParlanceError
from modules.text.sanitize import clean

if TYPE_CHECKING:  # rich is loaded with the first answer
    from modules.chat.markdown.wrap import Row
    from modules.chat.pictures.shown_pictures import Canvas
    from modules.chat.pictures.ways import Way
    from modules.settings.declarations import Settings

DIM, BOLD, RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"
# Where a terminal that knows them (OSC 133, "semantic prompts") jumps to, from question to question: before a prompt,
# between it and what was entered, before what comes of it, and behind that with how it ended.
PROMPT_MARK, ENTERED_MARK, OUTPUT_MARK = "\x1b]133;A\x1b\\", "\x1b]133;B\x1b\\", "\x1b]133;C\x1b\\"
END_MARK = "\x1b]133;D;{}\x1b\\"
MARK, MORE = "> ", "· "  # before a line that a person typed, and before its further lines
CLEAR = "\x1b[H\x1b[2J"
SAMPLE_COLUMN = 24  # where the sample of a theme begins
ESCAPE = "\x1b"
MAX_OSC52_CHARACTERS = 100_000  # terminals drop longer sequences without a word


class Region(Protocol):
    """The rows at the end of the screen that are drawn anew, with the prompt among them."""

    def above(self, text: str) -> None:
        """Write whole rows above it, for good."""

    def live(self, rows: "list[Row]") -> None:
        """Show these rows at its top."""

    def status(self, words: str, ending: str) -> None:
        """Say in one row what runs; of what has no room, the words are cut."""

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""


class TerminalScreen:
    """Writes to a terminal. `plain` means append-only text without a single escape sequence;
    `spoken` that, and everything in words.

    Where there is a `region`, all that is written stands above it, and must be whole rows.
    """

    def __init__(
        self,
        out: TextIO | None = None,
        *,
        plain: bool = False,
        spoken: bool = False,
        color: bool = True,
        links: bool = False,
        settings: "Callable[[], Settings] | None" = None,
        themes: Themes | None = None,
        marks: Callable[[], bool] = lambda: False,
    ) -> None:
        self.out = out or sys.stdout
        self.spoken = spoken  # all is said in words, line by line
        self.plain = plain = plain or spoken
        self.color = color and not plain
        self.themes = themes or Themes(lambda: ("auto", "auto"), None, lambda name: "")
        self.links = links and not plain  # whether the terminal makes links of ours ones that can be clicked
        self.picture_way: Callable[[], Way] = lambda: ""  # how pictures are drawn; "" where they are not
        self.true_color = False
        self.marks = marks  # whether prompts and what comes of them are marked
        self._settings = settings  # asked with each use, as the background
        self.region: Region | None = None
        self._marked = False  # a line was echoed and marked, and its output has no end yet

    @property
    def theme(self) -> Theme | None:
        """How things look, right now; None where no colours are wished."""
        return self.themes.current if self.color else None

    @property
    def prose_width(self) -> int:
        """Columns of prose, 0 for all that there are."""
        return self._settings().screen.width if self._settings is not None else 0

    @property
    def reasoning(self) -> str:
        """How much is seen of reasoning: "short", "full" or "hidden"."""
        return self._settings().answers.reasoning if self._settings is not None else "short"

    def size(self) -> tuple[int, int]:
        """Columns and rows, right now."""
        try:
            columns, rows = os.get_terminal_size(self.out.fileno())
        except (OSError, ValueError):
            columns, rows = shutil.get_terminal_size()
        return (columns or 80), (rows or 24)

    def canvas(self) -> "Canvas":
        """This screen as pictures are drawn on it, right now."""
        from modules.chat.pictures.shown_pictures import Canvas  # with the first picture
        from modules.chat.pictures.ways import USUAL_CELL, cell_of

        size, way = self.size(), "" if self.plain else self.picture_way()
        cell = cell_of(self.out.fileno(), *size) if way else USUAL_CELL
        return Canvas(way, size, cell, self.themes.background != "light", self.true_color)

    def write(self, text: str) -> None:
        """Text that is clean already, as it is; a reader is spared rows that only keep others apart."""
        if self.spoken and text == "\n":
            return
        if self.region is not None:
            self.region.above(text)
        else:
            self.out.write(text)
            self.out.flush()

    def live(self, rows: "list[Row]") -> None:
        """Show rows that still change, where there is a place for them."""
        if self.region is not None:
            self.region.live(rows)

    def status(self, words: str, ending: str) -> None:
        """Say what runs, where there is a place for it."""
        if self.region is not None:
            self.region.status(words, ending)

    def echo(self, line: str) -> None:
        """What a person has entered, easy to find again; the terminal wraps it, so that it is copied as it was."""
        first, *others = clean(line).split("\n")
        if self.plain:
            return  # the terminal has echoed it
        marks = (PROMPT_MARK, ENTERED_MARK, OUTPUT_MARK) if self.marks() else ("", "", "")
        rows = [f"{BOLD}{MARK}{marks[1]}{first}{RESET}\n", *(f"{BOLD}{MORE}{other}{RESET}\n" for other in others)]
        self.write(marks[0] + "".join(rows) + marks[2])
        self._marked = bool(marks[2])

    def end_output(self, code: int) -> None:
        """What came of the line that was echoed last is there; `code` 0 says that it came to a good end."""
        if self._marked:
            self._marked = False
            self.write(END_MARK.format(code))

    def dim(self, text: str) -> str:
        """Clean text, quiet where the terminal can."""
        if self.plain:
            return clean(text)
        codes = (theme := self.theme) and theme.codes("quiet")
        return f"{ESCAPE}[{codes}m{clean(text)}{RESET}" if codes else f"{DIM}{clean(text)}{RESET}"

    def say(self, text: str) -> None:
        """A line of the program's own, quietly, wrapped between words."""
        self.write("".join((self.dim(line) if line else "") + "\n" for line in self._wrapped(text)))

    def _wrapped(self, text: str) -> list[str]:
        if self.spoken:
            return [in_words(line) for line in text.split("\n") if line.strip()]
        if self.plain:
            return text.split("\n")
        columns = self.size()[0]
        return [row for line in text.split("\n") for row in wrapped(line, columns)]

    def error(self, error: ParlanceError, cure: str | None = None) -> None:
        """What failed, and on the next line what to do about it: `cure`, or else the error's own."""
        for line in self._wrapped(f"Error: {error.message}" if self.spoken else error.message):
            self.write(colored(clean(line), "error", self.theme) + "\n")
        if cure := error.cure if cure is None else cure:
            self.say(cure)

    def show(self, text: str) -> None:
        """A text of someone else's, its lines as they are."""
        self.write(clean(text.rstrip("\n")) + "\n")

    def quote(self, text: str) -> None:
        """A text of someone else's beside a bar, wrapped between words."""
        if self.plain:
            self.show(text)
            return
        from modules.chat.output.reasoning_bar import barred  # it loads rich

        self.write("".join(barred(line, self.size()[0], self.theme) for line in clean(text).split("\n")))

    def table(self, rows: Sequence[Sequence[str]], headings: Sequence[str] = ()) -> None:
        """Rows in columns; what has no room beside the others goes on below them, and nothing is cut."""
        if self.spoken:
            self.write("".join(f"{row_in_words([clean(cell) for cell in row], headings)}\n" for row in rows))
            return
        self.write("".join(line + "\n" for line in laid_out(rows, self.size()[0], headings)))

    def sample(self, theme: Theme, *, is_current: bool) -> None:
        """A theme in a row, or two where it has no room beside its name: how it looks, and what it is for."""
        name, about = clean(theme.name), clean(theme.about)
        mark = ("* " if self.plain else "• ") if is_current else "  "
        if self.spoken:
            mark, name = "", f"{name}, in use" if is_current else name
        if not self.color:
            self.say(f"{mark}{name}: {about}" if about else f"{mark}{name}")
            return
        from modules.chat.looks.sample import CELLS, sample  # only for the list of themes

        room = self.size()[0] - SAMPLE_COLUMN - CELLS
        row = f"{mark}{name}".ljust(SAMPLE_COLUMN) + sample(theme)
        self.write(f"{row}\n" if room >= 0 else f"{mark}{name}\n    {sample(theme)}\n")
        if about:
            self.say(" " * 4 + about)

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""
        if self.region is not None:
            self.region.clear()
        elif not self.plain:
            self.write(CLEAR)

    def to_clipboard(self, text: str, through: str = "") -> bool:
        """Ask the terminal to take text into its clipboard (OSC 52); False where it cannot be asked.

        `through` is the "tmux" or "screen" in which the program runs, and which has to pass the request on.
        """
        encoded = base64.b64encode(text.encode(errors="replace")).decode("ascii")
        if self.plain or len(encoded) > MAX_OSC52_CHARACTERS:
            return False
        asked = passed_through(f"\x1b]52;c;{encoded}\x07", through)
        self.out.write(asked)
        self.out.flush()
        return True
