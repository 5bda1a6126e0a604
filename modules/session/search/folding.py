"""Text as it is searched: words in small letters without accents, in any script; the one rule for texts and queries.

Scripts that put no spaces between words have each character as a word of its own, and what is typed in them is looked
for as such characters in a row: a part of a word is found as well as a whole one, and nobody has to know where it ends.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

LONGEST_WORD = 100  # characters; what is longer is data, and known by its beginning
PIECE_CHARS = 50_000  # are folded at a time: nothing else of the program runs while one of these calls does
# What folding depends on: the rule below, whose number goes up with each change, and the Unicode tables of this Python.
EDITION = f"1 {unicodedata.unidata_version}"

_ACCENTS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
# Thai, Lao, Tibetan, Burmese, Hangul, Khmer, kana, bopomofo, Han, Yi, and signs that are words: emoji.
_SPACELESS = (
    "\u0e00-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1100-\u11ff\u1780-\u17dd\u2600-\u27bf\u2e80-\u2fdf\u3005-\u3007"
    "\u3041-\u30fa\u30fc-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7ff\uf900-\ufaff"
    "\U0001f300-\U0001faff\U00020000-\U0003ffff"
)
# Signs of vowels and the like, which Python does not count as letters: Syriac to N'Ko, and the scripts of India.
_SIGNS = "\u0711\u0730-\u074a\u07a6-\u07b0\u07eb-\u07f3\u0900-\u0963\u0966-\u0dff"

_accents = re.compile(f"[{_ACCENTS}]+")
_spaceless = re.compile(f"([{_SPACELESS}])")
_between = re.compile(rf"[^\w{_SPACELESS}{_SIGNS}]+")
LETTER = r"[^\x00-/:-`{-\x7f]"  # after folding: all else is a blank by then, but for what ASCII has


def _without(ranges: str) -> str:
    """All letters but those of these ranges, as ranges."""
    letters, next_one = "0-9a-z", 0x80
    for first, last in zip(ranges[::3], ranges[2::3], strict=True):
        letters += f"{chr(next_one)}-{chr(ord(first) - 1)}"
        next_one = ord(last) + 1
    return f"{letters}{chr(next_one)}-\U0010ffff"


_word = re.compile(f"[{_SPACELESS}]|[{_without(_SPACELESS)}]+")
_cluster = re.compile(f".[{_ACCENTS}\u0e31\u0e34-\u0e3a\u1160-\u11ff\u3099\u309a]*", re.DOTALL)


def folded(text: str) -> str:
    """The text with small letters and no accents, blanks between words; not for the eye, and not of the same length."""
    return text.lower() if text.isascii() else _spaceless.sub(r" \1 ", _plain(text))


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text).casefold()
    return _between.sub(" ", unicodedata.normalize("NFC", _accents.sub("", text)))


def words_of(text: str) -> list[str]:
    """The words of a text as they are searched, in their order."""
    words: list[str] = []
    for piece in pieces(text, PIECE_CHARS):
        words += _word.findall(_plain(piece))
    return words if max(map(len, words), default=0) <= LONGEST_WORD else [word[:LONGEST_WORD] for word in words]


def is_spaceless(word: str) -> bool:
    """Whether a word is a character of a script that puts no spaces between words."""
    return len(word) == 1 and _spaceless.match(word) is not None


def pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of at most so many characters, cut between words wherever there is a blank."""
    start = 0
    while len(text) - start > most:
        end = max(text.rfind(" ", start, start + most), text.rfind("\n", start, start + most)) + 1
        end = end if end > start else start + most
        yield text[start:end]
        start = end
    yield text[start:]


def folded_with_places(text: str) -> tuple[str, Sequence[int]]:
    """The text folded, and for each of its characters the place of that which it was made of; slow."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    made: list[str] = []
    places: list[int] = []
    for found in _cluster.finditer(text):
        one = folded(found[0])
        made.append(one)
        places += [found.start()] * len(one)
    places.append(len(text))
    return "".join(made), places
