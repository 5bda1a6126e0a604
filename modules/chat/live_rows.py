"""The rows of an answer that still change, as prompt_toolkit draws them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples

if TYPE_CHECKING:  # rich is loaded with the first answer
    from rich.color import Color
    from rich.style import Style

    from modules.chat.markdown.wrap import Row

ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray")
BRIGHT = ("brightblack", *(f"bright{name}" for name in ANSI[1:-1]), "white")
ATTRIBUTES = ("bold", "dim", "italic", "underline", "blink", "reverse", "strike")


def fragments(rows: "Sequence[Row]") -> StyleAndTextTuples:
    """The rows one below the other."""
    pieces: StyleAndTextTuples = []
    for row in rows:
        pieces += [("", "\n")] if pieces else []
        pieces += [(_named(style), text) for text, style in row]
    return pieces


@lru_cache(maxsize=512)
def _named(style: "Style") -> str:
    """A style of rich's in prompt_toolkit's words."""
    words = [name for name in ATTRIBUTES if getattr(style, name)]
    for prefix, color in (("fg:", style.color), ("bg:", style.bgcolor)):
        if color is not None and not color.is_default:
            words.append(prefix + _color(color))
    return " ".join(words)


def _color(color: "Color") -> str:
    if color.number is not None and color.number < len(ANSI + BRIGHT):
        return f"ansi{(ANSI + BRIGHT)[color.number]}"
    return color.get_truecolor().hex
