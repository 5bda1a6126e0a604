"""What kind of background a terminal has: as the person says, as it says of itself, or as a variable has it."""

from collections.abc import Callable

from modules.chat.looks.theme import Background, luminance_of


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
    return "light" if (luminance_of(red, green, blue) + 0.05) ** 2 > 0.05 * 1.05 else "dark"
