"""What a screen reader would spell out or pass over, in words: signs, columns, bars."""

import re
from collections.abc import Sequence

SIGNS = {" · ": ", ", " → ": " to ", "…": "...", "•": "-", "✓": "done", "✗": "failed", "\r": " ", "\x07": " "}
_SIGNS = re.compile("|".join(map(re.escape, SIGNS)))
_BAR = re.compile(r"[█▒░▏▎▍▌▋▊▉·.#\-─│]{2,}|[█▒░▏▎▍▌▋▊▉]")
_ENDS = (".", "!", "?", ":", ";", ",")


def in_words(text: str) -> str:
    """A line of the program's own without the signs that stand between its parts."""
    text = f"You: {text[2:]}" if text.startswith("> ") else text
    return _SIGNS.sub(lambda found: SIGNS[found[0]], text)


def row_in_words(cells: Sequence[str], headings: Sequence[str] = ()) -> str:
    """A row of a table as a sentence: each cell after its heading, or the first before the others; no bars."""
    if headings:
        named = zip(headings, cells, strict=False)
        parts = [f"{name}: {cell}" if name else cell for name, cell in named if _says(cell)]
        return " ".join(map(ended, map(in_words, parts)))
    first, *others = (cell for cell in map(str.strip, cells) if _says(cell)) if any(map(_says, cells)) else [""]
    return in_words(f"{first}: {', '.join(others)}" if others else first)


def ended(text: str) -> str:
    """The text with a full stop, where it has no end of its own: a reader pauses there."""
    text = text.rstrip()
    return text if not text or text.endswith(_ENDS) else f"{text}."


def _says(cell: str) -> bool:
    return bool(cell.strip()) and _BAR.fullmatch(cell.strip()) is None
