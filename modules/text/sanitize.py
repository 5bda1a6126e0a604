"""Makes foreign text harmless: what a terminal would obey, or a reader could not see, becomes visible or goes.

`clean` looks at single characters and the few beside them, and keeps no state: there is no escape sequence to parse
wrongly, since without its ESC or CSI character it is only letters.

Most invisible characters are ordinary spelling in some script: the joiners of Persian and of emoji are drawn, as other
letters would stand there without them; of the rest nothing is lost where they go. One or two of them in their place
hide no text. Out of place, or more in a row, each is spelled out, as `\\u{202e}`.
"""

import re
from collections.abc import Iterator

from modules.text.invisible import (
    ANNOTATIONS,
    BASIC_SELECTORS,
    BEYOND_FFFF,
    CONTROLS,
    DIRECTION_CONTROLS,
    DIRECTION_MARKS,
    END_OF_FLAG,
    FLAG,
    FORMULA_SIGNS,
    GRAPHEME_JOINER,
    HANGUL_FILLERS,
    JOINER,
    KHMER_VOWELS,
    LINE_SEPARATORS,
    MONGOLIAN_SELECTORS,
    NON_JOINER,
    SCRIPT_FORMATS,
    SELECTORS,
    SOFT_HYPHEN,
    SURROGATES,
    ZERO_WIDTH_BREAKS,
)

# Characters that act on the terminal, reorder text, or take no room on the screen.
UNSAFE = re.compile(
    f"[{CONTROLS}{LINE_SEPARATORS}{SURROGATES}{DIRECTION_MARKS}{DIRECTION_CONTROLS}{SOFT_HYPHEN}{ZERO_WIDTH_BREAKS}"
    f"{NON_JOINER}{JOINER}{GRAPHEME_JOINER}{BASIC_SELECTORS}{MONGOLIAN_SELECTORS}{FORMULA_SIGNS}{HANGUL_FILLERS}"
    f"{KHMER_VOWELS}{ANNOTATIONS}{BEYOND_FFFF}]"
)
# Patterns that are compiled when the first invisible character is met: no start waits for them.
# The flags that have a spelling of their own, and no others: any other text could be hidden in one as well.
# England, Scotland, Wales; of all sequences of this kind they are those that Unicode recommends (UTS 51, RGI).
_REGIONS = ("".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("gbeng", "gbsct", "gbwls"))
_FLAG = f"{FLAG}(?:{'|'.join(_REGIONS)}){END_OF_FLAG}"
_EMOJI = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# Scripts in which the zero-width joiner and non-joiner are ordinary spelling: those that join their letters, and Indic.
_JOINING = (
    "[\u0620-\u06ff\u0700-\u074f\u0750-\u077f\u07c0-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17b3"
    "\u17b6-\u17ff\u1800-\u180a\u1820-\u18aa\u1900-\u1aaf\u1b00-\u1c4f\ua800-\ua82f\ua840-\ua877\ua880-\ua8ff"
    "\ua930-\ua9df\uaa00-\uaaf6\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010aff\U00011000-\U000119ff"
    "\U0001e900-\U0001e95f]"
)
# They go wherever they stand: places to break a word or a ligature at, and signs of a formula that nobody writes.
_ANYWHERE = f"[{SOFT_HYPHEN}{NON_JOINER}{FORMULA_SIGNS}]"
# They go, but not out of the middle of a Latin word or number, where no spelling has them: breaks between words and
# direction marks in the scripts that need them; the joiner; byte order marks; format controls of single scripts.
_BESIDE = (
    f"[{GRAPHEME_JOINER}{DIRECTION_MARKS}{KHMER_VOWELS}{MONGOLIAN_SELECTORS}{ZERO_WIDTH_BREAKS}{JOINER}"
    f"{SCRIPT_FORMATS}]"
)
# They choose among the shapes of the sign before them: of Chinese characters, of emoji, of signs in formulas.
_SELECTOR = f"[{SELECTORS}]"
_LATIN = "[0-9A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]"
LONGEST_FLAG = 7
_KEYCAP = frozenset("0123456789#*")
_MARKS = f"{_ANYWHERE}|{_BESIDE}|{_SELECTOR}"
FEW = 2  # invisible marks in one place that can be spelling: a selector and a joiner, a break and a direction mark


def clean(text: str) -> str:
    """Return `text` with no unsafe character left as it was; the same object when there is none."""
    if UNSAFE.search(text) is None:
        return text
    return UNSAFE.sub(lambda match: clean_at(text, match.start()), text)


def clean_at(text: str, at: int) -> str:
    """What `clean` makes of the unsafe character at that place of a text."""
    char, code = text[at], ord(text[at])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if 0xE0020 <= code <= 0xE007F and any(flag.start() < at < flag.end() for flag in _flags(text, at)):
        return char
    if re.match(_MARKS, char) and (spelled := _mark(text, at)) is not None:
        return spelled
    return f"\\u{{{code:x}}}"


def _flags(text: str, at: int) -> Iterator[re.Match[str]]:
    return re.compile(_FLAG).finditer(text, max(0, at - LONGEST_FLAG), at + LONGEST_FLAG)


def _mark(text: str, at: int) -> str | None:
    """An invisible mark where it is drawn, "" where it goes, None where it has no place."""
    start, end = at, at + 1
    while start and at - start <= FEW and re.match(_MARKS, text[start - 1]):
        start -= 1
    while end - at <= FEW and re.match(_MARKS, text[end : end + 1]):
        end += 1
    if end - start > FEW:
        return None
    char, before, after = text[at], text[start - 1 : start], text[end : end + 1]
    if _is_drawn(text, at, before, after):
        return char
    if re.match(_SELECTOR, char):
        return None if before.isascii() and before not in {"", *_KEYCAP} else ""
    return None if re.match(_BESIDE, char) and re.match(_LATIN, before) and re.match(_LATIN, after) else ""


def _is_drawn(text: str, at: int, before: str, after: str) -> bool:
    """Whether a mark is a part of an emoji, or joins or parts letters; `before` and `after` are no marks."""
    char, left, right = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if char == "\ufe0f":
        return (left in _KEYCAP and right == "\u20e3") or re.match(_EMOJI, left) is not None
    if char == "\u200d" and re.match(_EMOJI, right) and re.match(_EMOJI, before):
        return left in (before, "\ufe0f")
    joins, parts = re.match(_JOINING, before), re.match(_JOINING, after)
    return bool(joins or parts) if char == "\u200d" else char == "\u200c" and bool(joins and parts)
