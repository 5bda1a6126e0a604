"""What a terminal says of itself, which is no key: its name, what it can, its colours, whether it has the focus."""

import re

from msgspec import Struct


class KeyboardFlags(Struct, frozen=True):
    """The terminal speaks the kitty keyboard protocol, with these flags set now."""

    flags: int


class TerminalName(Struct, frozen=True):
    """Name and version as XTVERSION gives them, such as "XTerm(390)" or "tmux 3.5a"."""

    name: str


class Attributes(Struct, frozen=True):
    """The answer to DA1, which every terminal gives: whatever was asked before it will not be answered any more."""

    codes: tuple[int, ...]


class Colour(Struct, frozen=True):
    """A colour of the terminal's, by its OSC number: 10 of the text, 11 of the background. Shares go from 0 to 1."""

    number: int
    red: float
    green: float
    blue: float


class Mode(Struct, frozen=True):
    """A DEC private mode: 0 unknown, 1 set, 2 reset, 3 and 4 the same for good."""

    number: int
    state: int


class Focus(Struct, frozen=True):
    """Whether the window has the keyboard."""

    inside: bool


Report = KeyboardFlags | TerminalName | Attributes | Colour | Mode | Focus

_FLAGS = re.compile(r"\x1b\[\?(\d{1,4})u")
_ATTRIBUTES = re.compile(r"\x1b\[\?([\d;]*)c")
_MODE = re.compile(r"\x1b\[\?(\d{1,5});(\d)\$y")
_COLOUR = re.compile(r"](\d{1,3});rgba?:([\da-fA-F]{1,4})/([\da-fA-F]{1,4})/([\da-fA-F]{1,4})(?:/[\da-fA-F]{1,4})?")


def report_of(sequence: str) -> Report | None:
    """What a whole CSI sequence reports; None where it reports nothing that anyone here asks for."""
    if sequence in ("\x1b[I", "\x1b[O"):
        return Focus(sequence == "\x1b[I")
    if match := _FLAGS.fullmatch(sequence):
        return KeyboardFlags(int(match[1]))
    if match := _ATTRIBUTES.fullmatch(sequence):
        return Attributes(tuple(int(code[:9]) for code in match[1].split(";") if code))
    if match := _MODE.fullmatch(sequence):
        return Mode(int(match[1]), int(match[2]))
    return None


def string_report_of(string: str) -> Report | None:
    """What an OSC or DCS reports: the character that introduces it and all up to its end, without that; else None."""
    if string.startswith("P>|"):
        return TerminalName("".join(filter(str.isprintable, string[3:])))
    if match := _COLOUR.fullmatch(string):
        red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in match.group(2, 3, 4))
        return Colour(int(match[1]), red, green, blue)
    return None
