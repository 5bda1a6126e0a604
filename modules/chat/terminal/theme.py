"""The colours of everything that is drawn: for dark and for light backgrounds, and for those that nobody knows.

Each is one of the 216 that look the same in every terminal, unlike the first sixteen, and has a contrast of at least
4.5 (WCAG 2.2, 1.4.3) to the backgrounds of its kind; where none is known, to black and to white. Quiet text is the
terminal's own colour made faint, as the terminal makes it, so that it follows whatever theme a person has chosen.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from msgspec import Struct

Background = Literal["dark", "light", ""]  # "" where nobody knows
LEVELS = (0, 95, 135, 175, 215, 255)  # of red, green and blue in the colours from 16 to 231


class Palette(Struct, frozen=True):
    """Numbers of the 256 colours; 0 is the terminal's own colour of text."""

    red: int
    yellow: int
    green: int
    cyan: int
    blue: int
    magenta: int

    def number(self, name: str) -> int:
        """The number of a colour by its name; 0 for what is none of these."""
        return getattr(self, name, 0) if name in self.__struct_fields__ else 0


PALETTES: dict[Background, Palette] = {
    "dark": Palette(red=210, yellow=221, green=114, cyan=80, blue=111, magenta=176),
    "light": Palette(red=124, yellow=94, green=22, cyan=24, blue=26, magenta=127),
    "": Palette(red=131, yellow=0, green=29, cyan=29, blue=63, magenta=163),  # no yellow is seen on both
}


def background(wished: str, reported: str, variable: Callable[[str], str | None]) -> Background:
    """What the person wishes, else what the terminal says of itself (OSC 11), else what COLORFGBG says."""
    for known in (wished, reported):
        if known in ("dark", "light"):
            return "dark" if known == "dark" else "light"
    last = (variable("COLORFGBG") or "").rpartition(";")[2]
    if not last.isdecimal():
        return ""
    return "light" if int(last) in (7, *range(9, 16)) else "dark"


def background_of(red: float, green: float, blue: float) -> Background:
    """What kind of background a colour is, parts from 0 to 1: light is one on which black reads better than white."""
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue))
    luminance = sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "light" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "dark"


@lru_cache(maxsize=64)
def hexadecimal(number: int) -> str:
    """A colour of the 216 as #rrggbb."""
    place = number - 16
    return "#{:02x}{:02x}{:02x}".format(*(LEVELS[place // share % 6] for share in (36, 6, 1)))


def colored(text: str, name: str, palette: Palette | None) -> str:
    """Text for the terminal in that colour; as it is where there are no colours."""
    number = palette.number(name) if palette is not None else 0
    return f"\x1b[38;5;{number}m{text}\x1b[0m" if number else text
