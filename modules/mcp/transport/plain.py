"""Words of a server as plain words: nothing that a terminal obeys, and nothing that a person cannot see."""

import re
import unicodedata
from typing import Any

DESCRIPTION_BYTES = 2_000  # of a description that models are told
LINE_CHARS = 300  # of an error that people are told
ENDED = "ended before it answered."  # what is said of a call, and says nothing of why

# Letters, in Unicode's view, that are drawn as nothing.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # control, format, halves of characters, private, unassigned


def plain(text: str) -> str:
    """The text without control characters and letters that exist only to be overlooked; lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in _HIDDEN)
    return _BLANK.sub("", "".join(kept))


def hides(text: str) -> bool:
    """Whether the text has anything that `plain` would take away, or more than one line."""
    return plain(text) != text or "\n" in text or "\t" in text


def one_line(text: str, most: int = LINE_CHARS) -> str:
    """The text in one line of at most so many characters."""
    line = " ".join(plain(text[: most * 20]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def described(text: Any) -> str:
    """A description as models are told it; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    data = plain(text[: DESCRIPTION_BYTES * 20]).strip().encode()
    return (
        data.decode() if len(data) <= DESCRIPTION_BYTES else data[: DESCRIPTION_BYTES - 3].decode(errors="ignore") + "…"
    )


def plain_schema(value: Any) -> Any:
    """A schema with its words for readers made plain; names and values that count stay as they are."""
    if isinstance(value, list):
        return [plain_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: described(item)
        if key in ("description", "title", "$comment") and isinstance(item, str)
        else plain_schema(item)
        for key, item in value.items()
    }
