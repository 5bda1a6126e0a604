"""A theme as a value: a look for each role, as the bytes of a terminal and in the words of prompt_toolkit."""

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

Background = Literal["dark", "light", ""]  # "" where nobody knows, or for both
LEVELS = (0, 95, 135, 175, 215, 255)  # of red, green and blue in the colours from 16 to 231
# The first sixteen are whatever the person's terminal makes of them.
SIXTEEN = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
NAMES = (*SIXTEEN, *(f"bright-{name}" for name in SIXTEEN))
# ECMA-48, 8.3.117; 2 and 9 as every terminal in use has them.
MARKS = {"bold": 1, "faint": 2, "italic": 3, "underline": 4, "reverse": 7, "strike": 9}
IN_PROMPT = {"faint": "dim"}  # what prompt_toolkit calls otherwise

# What has a look, and what that is of. A theme may leave out any of them: it is then as the text around it.
ROLES = {
    "heading": "headings of an answer, which are bold as well",
    "code": "code within a sentence",
    "quiet": "the program's own lines, the bar, rules and bars beside text",
    "error": "what failed",
    "warning": "what is nearly full, and what a list has to say",
    "done": "the mark of what came to a good end",
    "added": "what a change adds",
    "removed": "what a change takes away",
    "accent": "marks in lists",
    "prompt": "the mark before the line",
    "suggestion": "the rest of a line that was typed before",
    "keyword": "code: words of the language",
    "constant": "code: true, None and numbers",
    "type": "code: types, classes, decorators",
    "function": "code: functions and tags",
    "name": "code: built-in names and attributes",
    "string": "code: texts",
    "comment": "code: remarks",
}


class Look(Struct, frozen=True):
    """How a role looks: a colour (#rrggbb, a number of the 256 as text, "" for the text's own), and marks."""

    color: str = ""
    marks: tuple[str, ...] = ()


OWN = Look()


class Theme(Struct, frozen=True, eq=False):
    """Looks by role, for backgrounds of one kind. `true_color` is whether the terminal shows all that #rrggbb says."""

    name: str
    background: Background
    looks: dict[str, Look]
    about: str = ""
    true_color: bool = False

    def look(self, role: str) -> Look:
        """The look of a role; its own where it has none, and for what is no role."""
        return self.looks.get(role, OWN)

    def codes(self, role: str) -> str:
        """What stands between `CSI` and `m` for it; "" where nothing has to."""
        look = self.look(role)
        color = codes_of(look.color, self.true_color) if look.color else ""
        return ";".join([*(str(MARKS[mark]) for mark in look.marks), *filter(None, [color])])

    def words(self, role: str) -> str:
        """The same as prompt_toolkit has it; "" where there is nothing to say."""
        look = self.look(role)
        marks = (IN_PROMPT.get(mark, mark) for mark in look.marks)
        return " ".join([*marks, *([f"fg:{shown(look.color, self.true_color)}"] if look.color else [])])

    def drawn(self, text: str, role: str) -> str:
        """Clean text for the terminal as this role looks."""
        codes = self.codes(role)
        return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text


def colored(text: str, role: str, theme: Theme | None) -> str:
    """Text as this role looks; as it is where there are no colours."""
    return theme.drawn(text, role) if theme is not None else text


def codes_of(color: str, true_color: bool) -> str:
    """The parameters of SGR for a colour."""
    if not color.startswith("#"):
        return f"38;5;{color}"
    if not true_color:
        return f"38;5;{nearest(color)}"
    return "38;2;{};{};{}".format(*parts_of(color))


def shown(color: str, true_color: bool) -> str:
    """A colour in prompt_toolkit's words, exactly as `codes_of` has it shown."""
    if not color.startswith("#"):
        number = int(color)
        return hexadecimal(number) if number >= 16 else _ansi_name(number)
    return color if true_color else hexadecimal(nearest(color))


def _ansi_name(number: int) -> str:
    """prompt_toolkit.styles.base.ANSI_COLOR_NAMES, where white is two greys."""
    name = {0: "black", 7: "gray", 8: "brightblack", 15: "white"}.get(number) or NAMES[number].replace("-", "")
    return f"ansi{name}"


def parts_of(color: str) -> tuple[int, int, int]:
    """Red, green and blue of #rrggbb, from 0 to 255."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


@lru_cache(maxsize=256)
def hexadecimal(number: int) -> str:
    """A colour from 16 to 255, which look the same in every terminal, as #rrggbb."""
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    place = number - 16
    return "#{:02x}{:02x}{:02x}".format(*(LEVELS[place // share % 6] for share in (36, 6, 1)))


@lru_cache(maxsize=256)
def nearest(color: str) -> int:
    """The one of the colours from 16 to 255 that is most like #rrggbb."""
    parts = parts_of(color)
    squares = {
        n: sum((a - b) ** 2 for a, b in zip(parts, parts_of(hexadecimal(n)), strict=True)) for n in range(16, 256)
    }
    return min(squares, key=squares.__getitem__)


def luminance(color: str) -> float:
    """How light #rrggbb is, from 0 to 1 (WCAG 2.2, relative luminance)."""
    return luminance_of(*(part / 255 for part in parts_of(color)))


def luminance_of(red: float, green: float, blue: float) -> float:
    """The same of parts from 0 to 1."""
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue))
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """How well one colour is read on the other, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def look_of(text: str) -> Look:
    """A look as it is written: a colour and marks in any order. Raises ValueError with what cannot be."""
    color, marks = "", []
    for word in text.lower().split():
        if word in MARKS:
            marks.append(word)
        elif color:
            raise ValueError(f'"{text}" has two colours')
        elif re.fullmatch(r"#[0-9a-f]{6}", word):
            color = word
        elif word.isascii() and word.isdecimal() and int(word) < 256:
            color = str(int(word))
        elif word in NAMES:
            color = str(NAMES.index(word))
        else:
            raise ValueError(f'"{word}" is no colour and no mark')
    return Look(color, tuple(marks))
