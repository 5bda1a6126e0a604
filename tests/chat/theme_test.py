"""The colours can be read: on dark, on light, and where nobody knows which; and it is known where it can be."""

import itertools
import re

import pytest
from prompt_toolkit.styles import merge_styles
from prompt_toolkit.styles.defaults import default_ui_style

from modules.chat.prompt.prompt_layout import style_of
from modules.chat.terminal.theme import PALETTES, Background, Palette, background, background_of, hexadecimal
from tests.harness.home import Home
from tests.wire import Answer

# What terminals and their usual themes have behind the text, by kind; "" where either may be.
BEHIND: dict[Background, tuple[str, ...]] = {
    "dark": ("#000000", "#1e1e1e", "#282c34"),
    "light": ("#ffffff", "#fdf6e3"),
    "": ("#000000", "#ffffff"),
}
CODE = '```python\n@cache\nclass Store(dict):\n    x: int = 1  # why\n    def f(self): return "s" + str(True)\n```'
DIFF = "```diff\n- old\n+ new\n@@ -1 +1 @@\n```"


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", PALETTES)
def test_every_colour_is_read_on_the_backgrounds_of_its_kind(kind: Background) -> None:
    numbers = [number for name in PALETTES[kind].__struct_fields__ if (number := PALETTES[kind].number(name))]
    pairs = itertools.product(map(hexadecimal, numbers), BEHIND[kind])
    assert {pair: round(found, 2) for pair in pairs if (found := contrast(*pair)) < 4.5} == {}


@pytest.mark.parametrize(
    ("wished", "reported", "variable", "kind"),
    [
        ("light", "dark", "15;0", "light"),
        ("auto", "dark", "0;15", "dark"),
        ("auto", "light", "", "light"),
        ("auto", "", "0;15", "light"),
        ("auto", "", "15;default;0", "dark"),
        ("auto", "", "12;8", "dark"),
        ("auto", "", "0;default", ""),
        ("auto", "", "", ""),
    ],
)
def test_the_background_is_what_is_wished_or_said(wished: str, reported: str, variable: str, kind: str) -> None:
    assert background(wished, reported, {"COLORFGBG": variable}.get) == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "light"), ("\x1b]11;rgb:1e1e/1e1e/1e1e\x07", "dark"), ("", "")],
    ids=["white", "dark", "no answer"],
)
def test_what_is_drawn_has_the_colours_for_what_the_terminal_says(home: Home, answer: str, kind: Background) -> None:
    home.groq.answer(Answer(f"A `word`.\n\n{CODE}\n\n{DIFF}"))
    terminal = home.open("-m", "groq:gpt-oss-120b").prompt().type(answer + "Show").prompt("Show").type("\r")
    terminal.sees("new").prompt().enter("/nope").sees("There is no command").prompt()
    used = {int(number) for number in re.findall(rb"38;5;(\d+)", terminal.raw)}
    own = {PALETTES[kind].number(name) for name in PALETTES[kind].__struct_fields__} - {0}
    assert used <= own
    assert len(used) >= min(4, len(own))
    assert not re.search(rb"\x1b\[[\d;]*(?<![;\d])(?:3[0-7]|9[0-7]|38;2)[;m]", terminal.raw), "no other colour"


@pytest.mark.parametrize("palette", [*PALETTES.values(), None])
def test_what_has_a_ground_of_its_own_in_the_menu_is_read_on_it(palette: Palette | None) -> None:
    style = merge_styles([default_ui_style(), style_of(palette)])
    for part in ("completion", "completion class:completion-menu.completion.current", "meta.completion"):
        found = style.get_attrs_for_style_str(f"class:completion-menu class:completion-menu.{part}")
        assert contrast(f"#{found.color}", f"#{found.bgcolor}") >= 4.5, part


def test_a_suggestion_is_told_from_typed_text_by_its_hue(home: Home) -> None:
    terminal = home.open("-m", "groq:gpt-oss-120b").prompt().enter("/nope").sees("no command").prompt().type("/no")
    terminal.until(lambda: terminal.line == "> /nope", "the suggestion")
    cells = terminal.screen.buffer[terminal.screen.cursor.y]
    assert [cells[at].fg for at in range(2, 5)] == ["default"] * 3
    assert [cells[at].fg for at in range(5, 7)] == [hexadecimal(PALETTES[""].blue)[1:]] * 2


@pytest.mark.parametrize(
    "color", ["#000000", "#002b36", "#0000aa", "#800080", "#00ff00", "#aaaaaa", "#888888", "#fdf6e3"]
)
def test_a_background_is_light_where_black_reads_better_than_white(color: str) -> None:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    assert (background_of(red, green, blue) == "light") == (contrast(color, "#000000") > contrast(color, "#ffffff"))
