"""The rows of an answer that still change, as prompt_toolkit draws them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples

from modules.chat.looks.theme import Theme, shown

if TYPE_CHECKING:  # rich is loaded with the first answer
    from rich.style import Style

    from modules.chat.markdown.wrap import Row

ATTRIBUTES = ("bold", "dim", "italic", "underline", "blink", "reverse", "strike")


def fragments(rows: "Sequence[Row]", theme: Theme | None) -> StyleAndTextTuples:
    """The rows one below the other."""
    pieces: StyleAndTextTuples = []
    for row in rows:
        pieces += [("", "\n")] if pieces else []
        pieces += [(_named(style, theme), text) for text, style in row]
    return pieces


@lru_cache(maxsize=512)
def _named(style: "Style", theme: Theme | None) -> str:
    """A style of rich's in prompt_toolkit's words."""
    from modules.chat.markdown.wrap import themed  # with rows there is rich already

    drawn = themed(style, theme)
    words = [name for name in ATTRIBUTES if getattr(drawn, name)]
    color = style.color and theme and theme.look(style.color.name).color
    return " ".join([*words, f"fg:{shown(color, theme.true_color)}"] if color and theme else words)
