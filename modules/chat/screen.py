"""The terminal as the program writes to it: its own quiet lines, tables and errors; the one place text is cleaned."""

import base64
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

from modules.chat.clean import clean
from modules.chat.layout import cut as cut
from modules.chat.layout import laid_out, wrapped
from modules.errors import ParlanceError

DIM, RED, RESET = "\x1b[2m", "\x1b[31m", "\x1b[0m"
CLEAR = "\x1b[H\x1b[2J"
ESCAPE = "\x1b"
PIECE = 700  # characters that GNU screen passes on at once; it drops what is longer than 768 (opencode#28590)
MAX_OSC52 = 100_000  # characters; terminals drop longer sequences without a word


class TerminalScreen:
    """Writes to a terminal. `plain` means append-only text without a single escape sequence."""

    def __init__(self, out: TextIO | None = None, *, plain: bool = False) -> None:
        self._out = out or sys.stdout
        self.plain = plain
        self.show_reasoning = True

    def size(self) -> tuple[int, int]:
        """Columns and rows, right now."""
        try:
            columns, rows = os.get_terminal_size(self._out.fileno())
        except (OSError, ValueError):
            columns, rows = shutil.get_terminal_size()
        return (columns or 80), (rows or 24)

    def write(self, text: str) -> None:
        """Text that is clean already, as it is."""
        self._out.write(text)
        self._out.flush()

    def dim(self, text: str) -> str:
        """Clean text, dimmed where the terminal can."""
        return clean(text) if self.plain else f"{DIM}{clean(text)}{RESET}"

    def say(self, text: str) -> None:
        """A line of the program's own, quietly, wrapped between words."""
        self.write("".join((self.dim(line) if line else "") + "\n" for line in self._wrapped(text)))

    def _wrapped(self, text: str) -> list[str]:
        if self.plain:
            return text.split("\n")
        columns = self.size()[0]
        return [row for line in text.split("\n") for row in wrapped(line, columns)]

    def error(self, error: ParlanceError, cure: str | None = None) -> None:
        """What failed, and on the next line what to do about it: `cure`, or else the error's own."""
        for line in self._wrapped(error.message):
            self.write(clean(line) + "\n" if self.plain else f"{RED}{clean(line)}{RESET}\n")
        if cure := error.cure if cure is None else cure:
            self.say(cure)

    def show(self, text: str) -> None:
        """A text of someone else's, its lines as they are."""
        self.write(clean(text.rstrip("\n")) + "\n")

    def table(self, rows: Sequence[Sequence[str]], headings: Sequence[str] = ()) -> None:
        """Rows in columns; what has no room beside the others goes on below them, and nothing is cut."""
        self.write("".join(line + "\n" for line in laid_out(rows, self.size()[0], headings)))

    def clear(self) -> None:
        """An empty screen; the scrollback stays."""
        if not self.plain:
            self.write(CLEAR)

    def to_clipboard(self, text: str, through: str = "") -> bool:
        """Ask the terminal to take text into its clipboard (OSC 52); False where it cannot be asked.

        `through` is the "tmux" or "screen" in which the program runs, and which has to pass the request on.
        """
        encoded = base64.b64encode(text.encode(errors="replace")).decode("ascii")
        if self.plain or len(encoded) > MAX_OSC52:
            return False
        asked = f"\x1b]52;c;{encoded}\x07"
        if through == "tmux":
            asked = f"\x1bPtmux;{asked.replace(ESCAPE, ESCAPE * 2)}\x1b\\"
        elif through == "screen":
            asked = "".join(f"\x1bP{asked[at : at + PIECE]}\x1b\\" for at in range(0, len(asked), PIECE))
        self.write(asked)
        return True
