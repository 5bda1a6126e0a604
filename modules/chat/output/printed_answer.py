"""An answer on standard output without the chat: the very text in a pipe, drawn as the chat draws it at a terminal."""

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Protocol

from modules.chat.output.frame_loop import frames
from modules.chat.terminal.streams import at_terminal
from modules.llm.citations import Footnotes
from modules.text.sanitize import clean

if TYPE_CHECKING:
    from modules.chat.output.answer_pieces import Piece
    from modules.chat.output.screen import TerminalScreen


class Printed(Protocol):
    """Where the text of a turn goes. `part` stands between two answers, `end_line` before anything else is written.

    `cite` marks the words that came last as those of a page, and `notes` is the list of pages at the end.
    """

    def write(self, text: str) -> None: ...

    def cite(self, mark: str) -> None: ...

    def notes(self, footnotes: Footnotes) -> None: ...

    def part(self) -> None: ...

    def end_line(self) -> None: ...

    def drawing(self) -> contextlib.AbstractAsyncContextManager[None]: ...


class Exact:
    """Each character as it came, at once: whoever reads a pipe wants the answer, CR LF and invisible signs included."""

    def __init__(self) -> None:
        self._last = ""  # the text printed last, of this answer or the one before
        self._parted = False

    def write(self, text: str) -> None:
        if self._parted and self._last:
            sys.stdout.write("\n" if self._last.endswith("\n") else "\n\n")
        self._parted = False
        self._last = text
        sys.stdout.write(text)
        sys.stdout.flush()

    def cite(self, mark: str) -> None:
        """Nothing is put into the very text."""

    def notes(self, footnotes: Footnotes) -> None:
        self.end_line()
        sys.stdout.write("\n" + "".join(f"{clean(str(note))}\n" for note in footnotes.since(0)))

    def part(self) -> None:
        self._parted = True

    def end_line(self) -> None:
        if self._last and not self._last.endswith("\n"):
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._last = "\n"

    @contextlib.asynccontextmanager
    async def drawing(self) -> AsyncIterator[None]:
        yield


class Drawn:
    """Markdown, a dozen drawings a second; what is said on standard error meanwhile has lines of its own."""

    def __init__(self, screen: "TerminalScreen") -> None:
        self._screen = screen
        self._piece: Piece | None = None
        self._parted = False
        self._any = False

    def write(self, text: str) -> None:
        if self._piece is not None:
            self._piece.feed(text)
        elif text := text.lstrip("\n"):
            from modules.chat.output.answer_pieces import text_piece  # loaded when the first word has come

            if self._any and self._parted:
                self._screen.write("\n")
            self._any, self._parted = True, False
            self._piece = text_piece(self._screen)
            self._piece.feed(text)
            self._piece.draw()  # the first words do not wait for the next drawing

    def cite(self, mark: str) -> None:
        if self._piece is not None:
            self._piece.feed(mark)

    def notes(self, footnotes: Footnotes) -> None:
        from modules.chat.output.provider_searches import footnote_row  # only where pages are named

        self.end_line()
        rows = (footnote_row(note, self._screen) for note in footnotes.since(0))
        self._screen.write("\n" + "".join(rows))

    def part(self) -> None:
        self.end_line()
        self._parted = True

    def end_line(self) -> None:
        if self._piece is not None:
            piece, self._piece = self._piece, None
            piece.finish()

    @contextlib.asynccontextmanager
    async def drawing(self) -> AsyncIterator[None]:
        try:
            async with frames(self._draw):
                yield
        finally:
            self.end_line()

    def _draw(self) -> None:
        if self._piece is not None:
            self._piece.draw()


def printed(screen: "Callable[[], TerminalScreen]") -> Printed:
    """Where an answer goes that nobody wants as JSON; no pipe needs the terminal's library, which `screen` loads."""
    return Drawn(screen()) if at_terminal(sys.stdout) else Exact()
