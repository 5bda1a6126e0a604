"""Whose the terminal is: the program's, in raw mode with its modes set, or for a while an editor's or the shell's."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from signal import SIGCONT

from prompt_toolkit.application import in_terminal

from modules.chat.terminal.interrupts import handled
from modules.chat.terminal.live_region import LiveRegion
from modules.chat.terminal.terminal_modes import TerminalModes
from modules.chat.terminal.terminal_signs import Signs

# Colours, the cursor, mouse reports and wrapping, which a program that was killed may have left otherwise.
AS_USUAL = "\x1b[0m\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?7h"


def leave_behind(columns: int) -> str:
    """What to write when a program is over that had the terminal: nothing of it goes on, and a row begins.

    Whether its last row has an end cannot be asked, so as many blanks as a row has are written, which zsh does as well
    (PROMPT_SP): from the first column they fill that row and no other.
    """
    return f"{AS_USUAL}{' ' * columns}\r\x1b[K"


class TerminalHold:
    """The hold on the terminal that the region is drawn on."""

    def __init__(self, region: LiveRegion, modes: TerminalModes, signs: Signs) -> None:
        self._region = region
        self._modes = modes
        self._signs = signs

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """It is the program's while this is open, and afterwards as it was."""
        with self._region.input.raw_mode(), handled(SIGCONT, self._resume):
            self._begin()
            try:
                yield
            finally:
                self._end()

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """It is somebody else's while this is open."""
        self._end()
        try:
            async with in_terminal():
                yield
        finally:
            self._begin()

    def _resume(self) -> None:
        """Go on after the program was stopped from elsewhere: the shell has used the terminal meanwhile.

        It gives it back as it was before the program.
        """
        if not self._region._running_in_terminal:  # else an editor has the terminal, and went on with us
            self._region.input.raw_mode().__enter__()  # whoever is in it already puts back what was there before
            self._end()
            self._begin()
            self._region.renderer.reset()
            self._region.invalidate()

    def _begin(self) -> None:
        self._modes.begin()
        self._signs.begin()

    def _end(self) -> None:
        self._signs.end()
        self._modes.end()
