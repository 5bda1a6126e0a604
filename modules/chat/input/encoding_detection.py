"""Text that says nothing of its encoding, read as what its bytes look like: by rules, for what people have on disks."""

import re
import unicodedata
from collections.abc import Callable

from msgspec import Struct

from modules.tools.files.encodings import encoding_of

SAMPLE_BYTES = 200_000  # that are looked at
FEW = 4  # letters of two bytes below which nothing is said of them
MOST = 0.9  # share of letters that has to fit
DOS_END = b"\x1a"  # with which DOS ended a text

_HIGH = re.compile(rb"[\x80-\xff]+")
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_KANA = re.compile("[\u3041-\u30ff]")  # not the narrow ones, as which other letters of two bytes are read
_BEYOND = re.compile("[^\x00-\x7f]")


class Read(Struct, frozen=True):
    """A text, and the encoding that it was read in; `sure` where the bytes leave no doubt."""

    text: str
    encoding: str
    sure: bool = True


def read_text(data: bytes) -> Read | None:
    """The text that these bytes are; None where they are none."""
    data = data.removesuffix(DOS_END)
    if b"\0" in data and (found := _wide(data)):
        return found
    encoding = encoding_of(data, whole=True)
    if not encoding:
        return None
    if encoding not in ("cp1252", "latin-1"):
        return Read(data.decode(encoding, "replace"), encoding)
    for name, fits in LOOKS:
        if fits(data[:SAMPLE_BYTES]) and (text := _decoded(data, name)) is not None:
            return Read(text, name, sure=False)
    return Read(data.decode(encoding), encoding, sure=False)


def _wide(data: bytes) -> Read | None:
    """UTF-16 without its mark: the upper halves of its letters are mostly the same few bytes, NUL above all."""
    low, high = data[:SAMPLE_BYTES:2].count(0), data[1:SAMPLE_BYTES:2].count(0)
    if encoding_of(data[:4], whole=False) in ("utf-16", "utf-32") or len(data) % 2:
        return None
    name = "utf-16-le" if high > 4 * low else "utf-16-be" if low > 4 * high else ""
    text = _decoded(data, name) if name else None
    return None if text is None or len(text) < FEW or any(map(_is_odd, text)) else Read(text, name, sure=False)


def _is_odd(letter: str) -> bool:
    """Whether no text has this: a control character but for blanks and line ends, or a place that no letter has."""
    return letter not in "\t\n\r\f" and unicodedata.category(letter) in ("Cc", "Cn", "Co", "Cs")


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None


def _kana(name: str) -> Callable[[bytes], bool]:
    """Japanese: a good part of its letters are kana, whatever the subject."""

    def fits(data: bytes) -> bool:
        text = data.decode(name, "ignore")
        letters, kana = len(_BEYOND.findall(text)), len(_KANA.findall(text))
        return kana >= FEW and kana >= letters / 5 and len(text.encode(name)) >= len(data) * 0.99

    return fits


def _leads(first: int, last: int, *, even: bool) -> Callable[[bytes], bool]:
    """Letters of two bytes: most of the first bytes are those of the common letters, or of punctuation.

    Where both bytes are high, they come in even numbers, which words of an alphabet do not.
    """

    def fits(data: bytes) -> bool:
        runs = _HIGH.findall(data)
        if even and any(len(run) % 2 for run in runs[:-1]):
            return False
        pairs = [run[at] for run in runs for at in range(0, len(run), 2)] if even else _first_bytes(data)
        common = sum(first <= lead <= last or 0xA1 <= lead <= 0xA3 for lead in pairs)
        return len(pairs) >= FEW and common >= MOST * len(pairs)

    return fits


def _first_bytes(data: bytes) -> list[int]:
    return [pair[0] for pair in _PAIR.findall(data)]


def _cyrillic(first: int, last: int) -> Callable[[bytes], bool]:
    """Whole words of high bytes, most of them small letters, which stand at these places."""

    def fits(data: bytes) -> bool:
        runs = [run for run in _HIGH.findall(data) if len(run) > 1]
        letters = b"".join(runs)
        small = sum(first <= byte <= last for byte in letters)
        return len(letters) >= 3 * max(len(runs), FEW) and small >= 0.7 * len(letters)

    return fits


# The order counts: what is told apart more surely comes first.
LOOKS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("cp932", _kana("cp932")),  # Shift-JIS, with what Windows adds
    ("euc_jp", _kana("euc_jp")),
    ("euc_kr", _leads(0xB0, 0xC8, even=True)),
    ("gb18030", _leads(0xB0, 0xD7, even=True)),
    ("big5", _leads(0xA4, 0xC6, even=False)),
    ("cp1251", _cyrillic(0xE0, 0xFF)),
    ("koi8_r", _cyrillic(0xC0, 0xDF)),
)
