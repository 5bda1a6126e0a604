"""What a text is made of: how much there is of each kind that tokenizers treat alike, counted quickly and additively.

A tokenizer cuts words, numbers, punctuation and blanks apart before it looks anything up, and has learned some scripts
better than others. So text is first mapped to one letter for each character, and what follows what is counted there.
"""

from collections.abc import Iterable

# Where a kind counts pairs or runs, a weight for it is what these cost beyond their single characters.
KINDS = (
    "words", "fours", "capitals",  # runs of Latin letters, four letters of them, capital letters
    "camel", "mixed",  # aB, and a1 or 1a: few in prose, many in code, nearly all of base64
    "digits", "digit_pairs", "numbers",
    "lines", "indents", "tabs", "spaces",
    "marks", "marks_after_words",  # punctuation
    "accents", "cyrillic", "greek", "semitic", "indic", "other_scripts", "han", "kana", "hangul",
    "symbols", "wide", "emoji",
)  # fmt: skip
NONE = (0,) * len(KINDS)

SCRIPTS = {  # by the first byte in UTF-8
    "x": range(0xC2, 0xCA), "g": range(0xCA, 0xD0), "c": range(0xD0, 0xD5), "r": range(0xD5, 0xE0),
    "d": (0xE0,), "v": (0xE1,), "y": (0xE2,), "k": (0xE3,), "h": range(0xE4, 0xEA), "o": range(0xEA, 0xEE),
    "w": (0xEE, 0xEF), "e": range(0xF0, 0xF8),
}  # fmt: skip
ASCII = {"a": range(97, 123), "A": range(65, 91), "0": range(48, 58), "s": b" ", "n": b"\n\r", "t": b"\t"}
LATER_BYTES = bytes(range(0x80, 0xC0))  # of a character


def _table(groups: dict[str, Iterable[int]], other: str) -> bytes:
    table = bytearray(other.encode() * 256)
    for letter, codes in groups.items():
        for code in codes:
            table[code] = ord(letter)
    return bytes(table)


_KIND_OF = _table({**ASCII, **SCRIPTS}, "p")
_LATIN = _table({"a": b"aAx"}, " ")
_SCRIPT_COUNTS = tuple(letter.encode() for letter in ("x", "c", "g", "r", "d", "v", "h", "k", "o", "y", "w", "e"))
_NO_SCRIPTS = (0,) * len(_SCRIPT_COUNTS)


def counted(text: str) -> tuple[int, ...]:
    """How much of each of KINDS the text holds. Those of two texts add up to those of both."""
    if not text:
        return NONE
    if text.isascii():
        letters = text.encode().translate(_KIND_OF)
        scripts = _NO_SCRIPTS
    else:
        letters = text.encode(errors="replace").translate(_KIND_OF, LATER_BYTES)
        scripts = tuple(map(letters.count, _SCRIPT_COUNTS))
    count = letters.count
    words = letters.translate(_LATIN)
    return (
        words.count(b" a") + words.startswith(b"a"),
        words.count(b"aaaa"),
        count(b"A"),
        count(b"aA"),
        count(b"a0") + count(b"0a") + count(b"A0") + count(b"0A"),
        count(b"0"),
        count(b"00"),
        count(b"s0") + count(b"n0") + count(b"p0"),
        count(b"n"),
        count(b"ns"),
        count(b"t"),
        count(b"s"),
        count(b"p"),
        count(b"ap"),
        *scripts,
    )
