"""The rows of an answer that still change, as prompt_toolkit draws them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples

from modules.chat.terminal.theme import Palette, hexadecimal

if TYPE_CHECKING:  # rich is loaded with the first answer
    from rich.style import Style

    from modules.chat.markdown.wrap import Row

ATTRIBUTES = ("bold", "dim", "italic", "underline", "blink", "reverse", "strike")


def fragments(rows: "Sequence[Row]", palette: Palette | None) -> StyleAndTextTuples:
    """The rows one below the other."""
    pieces: StyleAndTextTuples = []
    for row in rows:
        pieces += [("", "\n")] if pieces else []
        pieces += [(_named(style, palette), text) for text, style in row]
    return pieces


@lru_cache(maxsize=512)
def _named(style: "Style", palette: Palette | None) -> str:
    """A style of rich's in prompt_toolkit's words."""
    words = [name for name in ATTRIBUTES if getattr(style, name)]
    number = palette.number(style.color.name) if palette is not None and style.color is not None else 0
    return " ".join([*words, f"fg:{hexadecimal(number)}"] if number else words)
