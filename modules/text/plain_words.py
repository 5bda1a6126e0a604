"""Short words of a server as plain words: nothing that a terminal obeys, and nothing that a person cannot see.

Unlike `clean`, this spells nothing out: names and descriptions go to models too, which read what is spelled out.
"""

import re
import unicodedata

from modules.text.invisible import (
    BRAILLE_BLANK,
    GRAPHEME_JOINER,
    HANGUL_FILLERS,
    KHMER_VOWELS,
    MONGOLIAN_SELECTORS,
    SELECTORS,
    TAGS,
)

LINE_CHARS = 300  # of an error that people are told

# Letters and marks, in Unicode's view, that are drawn as nothing.
_BLANK = re.compile(
    f"[{GRAPHEME_JOINER}{HANGUL_FILLERS}{KHMER_VOWELS}{BRAILLE_BLANK}{SELECTORS}{MONGOLIAN_SELECTORS}{TAGS}]"
)
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
