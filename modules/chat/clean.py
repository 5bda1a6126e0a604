"""Makes foreign text harmless: what a terminal would obey, or a reader could not see, becomes visible.

`clean` works on single characters and keeps no state, so it does not matter where a stream was cut, and there
is no escape sequence to parse wrongly: without its ESC or CSI character a sequence is only letters.
"""

import re

# Characters that act on the terminal, reorder text, or take no room on the screen.
UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers, selectors
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, bidi, invisible operators
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors, annotations
    "\ud800-\udfff"  # lone surrogates
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # format controls of three scripts
    "\U000e0000-\U000e0fff"  # tags, further variation selectors
    "]"
)
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# Scripts in which the zero-width joiner and non-joiner are ordinary spelling: Arabic, Indic, Myanmar, Khmer.
_JOINING = re.compile("[\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff]")
# Written without blanks between words, with a zero-width space where a row may end: Thai, Lao, Tibetan, Myanmar, Khmer.
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\uaa60-\uaadf]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]")
_IDEOGRAPH = re.compile("[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")
_FLAG = "\U0001f3f4"  # and in tags what it is of: England, Scotland, Wales
_TAGGED = tuple(
    "".join(chr(0xE0000 + ord(char)) for char in place) + "\U000e007f" for place in ("gbeng", "gbsct", "gbwls")
)
NEAR = 20  # characters within which a direction mark belongs to letters that are written from right to left


def clean(text: str) -> str:
    """Return `text` with every unsafe character made visible; the same object when there is none.

    What is proper spelling stays, or goes without a sign where a terminal would make nothing of it.
    """
    if UNSAFE.search(text) is None:
        return text
    return UNSAFE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if _is_spelling(char, match.string, match.start()):
        return char
    if _is_unseen(char, match.string, match.start()):
        return ""
    return f"\\u{{{code:x}}}"


def _is_spelling(char: str, text: str, at: int) -> bool:
    """Whether an invisible character has its proper place: inside an emoji, or between joining letters."""
    before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    if "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef":
        return _IDEOGRAPH.match(before) is not None  # another form of a letter, as in Japanese names
    if "\U000e0020" <= char <= "\U000e007f":
        return any(text.startswith(_FLAG + tags, begin) for tags in _TAGGED for begin in range(max(at - 6, 0), at))
    if char == "\ufe0f":
        keycap = before in set("0123456789#*") and after == "\u20e3"
        return keycap or _EMOJI.match(before) is not None
    if char == "\u200d" and _EMOJI.match(after):
        return _EMOJI.match(before) is not None or (
            before == "\ufe0f" and _EMOJI.match(text[max(at - 2, 0) : at - 1]) is not None
        )
    return char in "\u200c\u200d" and bool(_JOINING.match(before) and _JOINING.match(after))


def _is_unseen(char: str, text: str, at: int) -> bool:
    """Whether it only says where a row may end, in which direction letters run, or that a sign is to be no picture."""
    before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    match char:
        case "\u00ad":
            return True
        case "\u200b":
            return bool(_UNSPACED.match(before) or _UNSPACED.match(after))
        case "\u200e" | "\u200f" | "\u061c":
            return _RIGHT_TO_LEFT.search(text, max(at - NEAR, 0), at + NEAR) is not None
        case "\ufe0e":
            return _EMOJI.match(before) is not None
    return False
