"""What a model would read and nobody would see: messages in invisible letters are taken out of a tool's result.

Single characters of this kind are spelling, or what a file has: an edit needs them as they are. Letters of the tag
block outside a flag are not, nor is a row of them, which holds a message.
"""

import re

from modules.text.invisible import (
    DIRECTION_CONTROLS,
    DIRECTION_MARKS,
    END_OF_FLAG,
    FLAG,
    FORMULA_SIGNS,
    GRAPHEME_JOINER,
    JOINER,
    MONGOLIAN_SELECTORS,
    NON_JOINER,
    SELECTORS,
    SOFT_HYPHEN,
    TAG_LETTERS,
    TAGS,
    ZERO_WIDTH_BREAKS,
)

ROW = 8  # invisible characters, one after another, that are no spelling any more

_UNSEEN = (
    f"{SOFT_HYPHEN}{GRAPHEME_JOINER}{DIRECTION_MARKS}{DIRECTION_CONTROLS}{MONGOLIAN_SELECTORS}{ZERO_WIDTH_BREAKS}"
    f"{NON_JOINER}{JOINER}{FORMULA_SIGNS}{SELECTORS}"
)
_INVISIBLE = re.compile(f"({FLAG}[{TAG_LETTERS}]{{3,6}}{END_OF_FLAG})|[{TAGS}]|[{_UNSEEN}]{{{ROW},}}")


def visible(text: str) -> str:
    """The text without NUL and without letters that exist only to be overlooked, and a note where there were any."""
    text = text.replace("\0", "\ufffd")
    shown = _INVISIBLE.sub(lambda found: found[1] or "", text)
    hidden, text = len(text) - len(shown), shown
    return f"{text}\n[{hidden} invisible characters were removed]" if hidden else text
