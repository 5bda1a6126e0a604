"""A stretch of an answer being drawn: Markdown where the terminal can show it, else plain or spoken text."""

from collections.abc import Callable
from typing import Protocol

from modules.chat.output.code_numbers import unnumbered
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.spoken_turn import SpokenReasoning
from modules.text.sanitize import clean


class Piece(Protocol):
    """One stretch of the answer being drawn."""

    def feed(self, text: str) -> None: ...

    def draw(self) -> None: ...

    def finish(self) -> None: ...


class PlainText:
    """Text as it comes, cleaned, appended; ends on a new row."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen
        self._arrived: list[str] = []
        self._last = "\n"

    def feed(self, text: str) -> None:
        self._arrived.append(text)

    def draw(self) -> None:
        text = "".join(self._arrived)
        self._arrived.clear()
        if self._last == "\n":
            text = text.lstrip("\n")
        if text:
            self._screen.write(clean(text))
            self._last = text[-1]

    def finish(self) -> None:
        self.draw()
        if self._last != "\n":
            self._screen.write("\n")


class NoSegment:
    """Nothing but the words for what runs."""

    def feed(self, text: str) -> None: ...

    def draw(self) -> None: ...

    def finish(self) -> None: ...


def text_piece(screen: TerminalScreen, number: Callable[[int], int] = unnumbered) -> Piece:
    """Markdown where the terminal can show it, its blocks of code with these numbers; else the text, or in words."""
    if screen.spoken:
        from modules.chat.markdown.spoken_markdown import SpokenMarkdown

        return SpokenMarkdown(lambda line: screen.write(f"{line}\n"), number)
    if screen.plain:
        return PlainText(screen)
    # It loads rich and pygments, which the first prompt must not wait for.
    from modules.chat.markdown.markdown_stream import MarkdownStream

    return MarkdownStream(
        screen.write,
        screen.size,
        screen.live,
        theme=lambda: screen.theme,
        links=screen.links,
        prose_width=screen.prose_width,
        number=number,
    )


def reasoning_piece(screen: TerminalScreen) -> Piece:
    """Reasoning beside a bar, so that it is told from the answer without any colour."""
    if screen.spoken:
        return SpokenReasoning(screen)
    if screen.plain:
        return PlainText(screen)
    from modules.chat.output.reasoning_segment import ReasoningPiece

    return ReasoningPiece(screen)
