"""Text to decide on, with nothing in it that is not seen: stricter than `clean`, and no two texts look the same."""

import re
import unicodedata
from collections.abc import Iterator

from prompt_toolkit.utils import get_cwidth

from modules.chat.clean import UNSAFE

SPACE = "\u2420"
# Blanks that nobody counts: many in a row after something else, and those at the end of a line.
_BLANKS = re.compile(r"(?<=[^ ]) {3,}| +$")
_PICTURES = range(0x2400, 0x2440)  # they stand for control characters, and so none may stand for itself
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"


def exact(line: str) -> str:
    """One line with controls, many or last blanks, odd spaces, stray accents and what no font shows spelled out.

    `\\u{202e}` is the character of that number; a backslash of the text before `u{` is spelled out in its turn.
    """
    if not (line.isascii() and line.isprintable()):
        line = "".join(_shown(line, at) for at in range(len(line)))
    else:
        line = line.replace("\\u{", "\\u{5c}u{")
    return _BLANKS.sub(lambda blanks: SPACE * len(blanks[0]), line)


def rows_of(line: str, columns: int) -> Iterator[str]:
    """A line cut into rows no wider than so many columns, wherever that falls: nothing is left out."""
    row, width = "", 0
    for char in line:
        wide = get_cwidth(char)
        if row and width + wide > columns:
            yield row
            row, width = "", 0
        row += char
        width += wide
    yield row


def foreign_letters(text: str) -> str:
    """The letters beyond ASCII, each with its number: some look like others. "" where there are none."""
    found = dict.fromkeys(char for char in text if ord(char) > 127 and char.isalpha())
    return ", ".join(f"{char} U+{ord(char):04X}" for char in list(found)[:20])


def _shown(line: str, at: int) -> str:
    char, code = line[at], ord(line[at])
    if code < 0x20 or code == 0x7F:
        return chr(0x2400 + code) if code < 0x20 else "\u2421"
    category = unicodedata.category(char)
    if char == "\\" and line.startswith("u{", at + 1):
        return "\\u{5c}"
    if char == " " or (category[0] in "LNPS" and code not in _PICTURES and char not in _BLANK_LETTERS):
        return char
    if category[0] == "M" and at and not line[at - 1].isascii() and not UNSAFE.match(char):
        return char  # the spelling of many scripts
    return f"\\u{{{code:x}}}"
