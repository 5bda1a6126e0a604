"""What is pasted, as one key and as text: line ends are one, and what no model needs has been taken out and counted."""

import re

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

# Never interchanged, by the Unicode standard (23.7): what comes from outside cannot mean anything by them.
NONCHARACTERS = "".join(map(chr, (*range(0xFDD0, 0xFDF0), *(p << 16 | n for p in range(17) for n in (0xFFFE, 0xFFFF)))))

_NONCHARACTER = re.compile(f"[{NONCHARACTERS}]")
_C1 = re.compile("[\x80-\x9f]")
_C0 = bytes((*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))
# A string is a sequence only where it has an end: without one, all the text behind it would go.
_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|O[A-Za-z]|[78=>]|)"
)


class Pasted(KeyPress):
    """A paste as one key press. `removed` counts the control characters and sequences that it came with."""

    def __init__(self, text: str, removed: int = 0) -> None:
        super().__init__(Keys.BracketedPaste, text)
        self.removed = removed


def pasted(data: bytes, encoding: str) -> Pasted:
    """The bytes between the marks of a bracketed paste."""
    removed = 0
    if b"\x1b" in data:
        data, removed = _SEQUENCE.subn(b"", data)
    # On bytes, since that is ten times as fast and a paste may be megabytes.
    plain = data.translate(None, _C0)
    removed += len(data) - len(plain)
    text = plain.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    text, more = _without_c1(text)
    return Pasted(interchanged(text), removed + more)


def typed(text: str) -> str:
    """Decoded keys without the control characters beyond ASCII, which are no keys."""
    return interchanged(_without_c1(text)[0])


def interchanged(text: str) -> str:
    """Text from outside, in which a noncharacter is U+FFFD."""
    return _NONCHARACTER.sub("\ufffd", text) if _has(text, b"\xef\xb7", b"\xbf\xbe", b"\xbf\xbf") else text


def _without_c1(text: str) -> tuple[str, int]:
    return _C1.subn("", text) if _has(text, b"\xc2") else (text, 0)


def _has(text: str, *signs: bytes) -> bool:
    """Whether any of these is in the text's UTF-8: what a pattern looks for may be there then. This is much faster."""
    return not text.isascii() and any(map(text.encode("utf-8", "surrogatepass").__contains__, signs))
