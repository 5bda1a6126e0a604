"""Reasoning on the screen: beside a bar while it comes, and one line for all of it once the answer begins."""

import time

from modules.chat.markdown.wrap import Row
from modules.chat.output.reasoning_bar import barred, barred_rows
from modules.chat.output.screen import TerminalScreen
from modules.chat.wording.phrases import about_tokens
from modules.text.sanitize import clean

SHOWN = 6  # rows of it that are seen while it comes
PER_TOKEN_CHARS = 4  # about; what the provider counted comes with the end of the answer
LONGEST_CHARS = 4_000  # of a line that is wrapped anew with every drawing


class ReasoningPiece:
    """Shows the last rows while it comes. They go when it ends, but where the person wants all of it."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen
        self._whole = screen.reasoning == "full"
        self._began = time.monotonic()
        self._length = 0
        self._arrived: list[str] = []
        self._line = ""
        self._rows: list[Row] = []  # of lines that have ended

    def feed(self, text: str) -> None:
        self._length += len(text)
        self._arrived.append(text)

    def draw(self) -> None:
        if not self._arrived:
            return
        *lines, self._line = (self._line + "".join(self._arrived)).split("\n")
        self._arrived.clear()
        if len(self._line) > LONGEST_CHARS:
            lines, self._line = [*lines, self._line], ""
        for line in lines:
            self._end_line(line)
        open_rows = barred_rows(clean(self._line), self._screen.size()[0]) if self._line else []
        self._screen.live([*self._rows[-SHOWN:], *open_rows][-SHOWN:])

    def finish(self) -> None:
        """Write all of it, or what it took."""
        self.draw()
        if self._whole and self._line:
            self._end_line(self._line)
        self._screen.live([])
        if not self._whole:
            seconds = time.monotonic() - self._began
            self._screen.say(f"thought for {seconds:.0f} s, {about_tokens(self._length // PER_TOKEN_CHARS)}")

    def _end_line(self, line: str) -> None:
        line = clean(line)  # as a whole: a flag or a joined letter may come in pieces
        if self._whole:
            self._screen.write(barred(line, self._screen.size()[0], self._screen.theme))
        else:
            self._rows = [*self._rows[-SHOWN:], *barred_rows(line, self._screen.size()[0])]
