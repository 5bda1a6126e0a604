"""How a terminal can be made to draw a picture, and how large: by its own protocol, by sixels, by coloured blocks."""

import struct
from collections.abc import Callable, Collection
from typing import Literal, NamedTuple

from modules.chat.terminal.known_terminals import known_terminal
from modules.chat.terminal.passthrough import multiplexer

Way = Literal["kitty", "iterm2", "sixel", "blocks", ""]
SIXEL = 4  # among the attributes of DA1 (xterm's "Control Sequences", Send Device Attributes)
USUAL_CELL = (10, 20)  # pixels of a letter where the terminal does not tell; those of a VT340, and of Windows Terminal
OF_SCREEN = 3  # a picture takes no more than a third of the rows


class Place(NamedTuple):
    """The cells that a picture takes, and the pixels of them."""

    columns: int
    rows: int
    width: int
    height: int


def way_of(
    wish: str, name: str, attributes: Collection[int], variable: Callable[[str], str | None], *, color: bool
) -> Way:
    """What the person wishes, else what the terminal is known or says to take; "" where nothing is drawn.

    tmux and GNU screen move what is on their screen, and could not move a picture that is on the one behind it: in
    them only sixels are drawn, where they say that they have them.
    """
    match wish:
        case "blocks":
            return "blocks" if color else ""
        case "sixel":
            return "sixel"
        case "kitty" | "iterm2" if not multiplexer(variable):
            return "kitty" if wish == "kitty" else "iterm2"
        case "auto":
            return known_terminal(name, variable).pictures or ("sixel" if SIXEL in attributes else "")
    return ""


def cell_of(file: int, columns: int, rows: int) -> tuple[int, int]:
    """The pixels of a cell, across and down, as the terminal tells them; usual ones where it does not."""
    try:
        import fcntl
        import termios  # not on every platform

        _, _, width, height = struct.unpack("HHHH", fcntl.ioctl(file, termios.TIOCGWINSZ, bytes(8)))
    except (ImportError, OSError):
        return USUAL_CELL
    cell = width // max(1, columns), height // max(1, rows)
    return cell if min(cell) > 2 else USUAL_CELL


def placed(size: tuple[int, int], screen: tuple[int, int], cell: tuple[int, int], indent: int) -> Place:
    """The place of a picture of so many pixels: never larger than it is, nor than there is room for."""
    columns, rows = max(1, screen[0] - indent - 1), max(1, screen[1] // OF_SCREEN)
    share = min(1.0, columns * cell[0] / size[0], rows * cell[1] / size[1])
    width, height = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    return Place(min(columns, -(-width // cell[0])), min(rows, -(-height // cell[1])), width, height)
