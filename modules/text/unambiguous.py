"""Text to decide on, with nothing in it that is not seen: stricter than `clean`, and no two texts look the same."""

import re
import unicodedata
from collections.abc import Iterator

from modules.text.invisible import BRAILLE_BLANK, HANGUL_FILLERS
from modules.text.sanitize import UNSAFE

SPACE = "\u2420"
MARKS = 3  # in a row; more of them are drawn over what stands above
# Blanks that nobody counts: many in a row after something else, and those at the end of a line.
_BLANKS = re.compile(r"(?<=[^ ]) {3,}| +$")
_PICTURES = range(0x2400, 0x2440)  # they stand for control characters, and so none may stand for itself
_BLANK_LETTERS = HANGUL_FILLERS + BRAILLE_BLANK


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
    """A line cut into rows no wider than so many columns, wherever that falls: nothing is left out.

    Terminals disagree on the width of letters beyond ASCII. What one draws too wide would be lost at its edge, so
    each counts as much as any terminal may take for it.
    """
    row, width = "", 0
    for char in line:
        wide = 1 if char.isascii() else 2
        if row and width + wide > columns:
            yield row
            row, width = "", 0
        row += char
        width += wide
    yield row


def foreign_letters(text: str) -> str:
    """The letters and signs beyond ASCII with their numbers, as some look like others; "" where there are none."""
    found = dict.fromkeys(char for char in text if ord(char) > 127 and unicodedata.category(char)[0] in "LNPS")
    return ", ".join(f"{char} U+{ord(char):04X}" for char in found)


def _shown(line: str, at: int) -> str:
    char, code = line[at], ord(line[at])
    if code < 0x20 or code == 0x7F:
        return chr(0x2400 + code) if code < 0x20 else "\u2421"
    category = unicodedata.category(char)
    if char == "\\" and line.startswith("u{", at + 1):
        return "\\u{5c}"
    if char == " " or (category[0] in "LNPS" and code not in _PICTURES and char not in _BLANK_LETTERS):
        return char
    if category[0] == "M" and not UNSAFE.match(char) and _is_spelling(line, at):
        return char
    return f"\\u{{{code:x}}}"


def _is_spelling(line: str, at: int) -> bool:
    """Whether a mark belongs to a letter, as in many scripts: not to a sign of ASCII, nor as one of a pile of marks.

    Nor where both together are one letter, which looks the same and is another text.
    """
    before = line[max(at - MARKS, 0) : at]
    if not before or before[-1].isascii() or len(unicodedata.normalize("NFC", line[at - 1 : at + 1])) == 1:
        return False
    return not all(unicodedata.category(char)[0] == "M" for char in before)
