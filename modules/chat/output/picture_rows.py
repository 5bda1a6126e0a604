"""The rows of pictures, written where they belong: drawn, or as a line that says where each was saved."""

from collections.abc import Iterable

from modules.chat.output.screen import TerminalScreen

INDENT = "  "


def write_pictures(screen: TerminalScreen, rows: Iterable[str]) -> None:
    """Write what `ShownPictures.take` gives: whole rows as they are, a line dimmed and clean."""
    for text in rows:
        drawn = text.endswith(("\n", "\r"))
        screen.write(text if drawn else screen.dim(INDENT + text) + "\n")
