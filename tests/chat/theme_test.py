"""The colours can be read: on dark, on light, and where nobody knows which; and it is known where it can be."""

import itertools
import re
from pathlib import Path

import pytest
from prompt_toolkit.styles import merge_styles
from prompt_toolkit.styles.defaults import default_ui_style

from modules.chat.looks.background import background, background_of
from modules.chat.looks.theme import (
    MARKS,
    NAMES,
    ROLES,
    Background,
    Theme,
    contrast,
    hexadecimal,
    look_of,
    nearest,
    parts_of,
    shown,
)
from modules.chat.looks.theme_file import BEHIND, LEAST_CONTRAST, hard_to_read, read_theme
from modules.chat.looks.themes import Themes
from modules.chat.looks.usual_themes import BY_BACKGROUND
from modules.chat.prompt.prompt_layout import style_of
from modules.errors import ConfigError, UsageError
from tests.harness.home import Home
from tests.wire import Answer

CODE = '```python\n@cache\nclass Store(dict):\n    x: int = 1  # why\n    def f(self): return "s" + str(True)\n```'
DIFF = "```diff\n- old\n+ new\n@@ -1 +1 @@\n```"
# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009:
# severity 1.0, for linear RGB. https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html
BLINDNESS = {
    "protanopia": (0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998),
    "deuteranopia": (0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881),
    "tritanopia": (1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900),
}
TOLD_APART = 20  # CIELAB, where 2.3 is just seen (Mahy et al., 1994), and large areas are told apart from 10 on


def themes(wished: str = "auto", behind: str = "auto", own: Path | None = None, true_color: bool = False) -> Themes:
    return Themes(lambda: (wished, behind), own, lambda name: "truecolor" * (name == "COLORTERM" and true_color))


def shipped(true_color: bool = False) -> list[Theme]:
    having = themes(true_color=true_color)
    return [having.of(name) for name in having.names()]


def usual(kind: Background) -> Theme:
    return themes().of(BY_BACKGROUND[kind])


def numbers(theme: Theme) -> set[int]:
    return {int(look.color) for look in theme.looks.values() if look.color}


def lab(color: str, matrix: tuple[float, ...]) -> tuple[float, float, float]:
    """CIELAB (D65) of #rrggbb as somebody with that blindness sees it."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (p / 255 for p in parts_of(color))]
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(matrix[at : at + 3], linear, strict=True)))) for at in (0, 3, 6)
    )
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (v ** (1 / 3) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: str, other: str, matrix: tuple[float, ...]) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(lab(one, matrix), lab(other, matrix), strict=True)) ** 0.5)


def test_there_are_themes_for_both_backgrounds_for_colour_blindness_and_without_colours() -> None:
    kinds = [theme.background for theme in shipped()]
    assert len(kinds) >= 6
    assert min(kinds.count("dark"), kinds.count("light")) >= 2
    assert {"colour-blind-dark", "colour-blind-light", "monochrome"} < {theme.name for theme in shipped()}


@pytest.mark.parametrize("true_color", [True, False], ids=["true colour", "256 colours"])
@pytest.mark.parametrize("theme", shipped(), ids=lambda theme: theme.name)
def test_every_colour_is_read_on_the_backgrounds_of_its_kind(theme: Theme, true_color: bool) -> None:
    drawn = {role: shown(look.color, true_color) for role, look in theme.looks.items() if look.color}
    pairs = itertools.product(drawn, BEHIND[theme.background])
    found = {pair: round(contrast(drawn[pair[0]], pair[1]), 2) for pair in pairs}
    assert {pair: value for pair, value in found.items() if value < LEAST_CONTRAST} == {}
    assert hard_to_read(theme) == []


@pytest.mark.parametrize("theme", shipped(), ids=lambda theme: theme.name)
def test_every_theme_has_a_look_for_what_must_not_be_missed(theme: Theme) -> None:
    assert set(theme.looks) <= set(ROLES)
    for role in ("error", "added", "removed", "quiet", "suggestion"):
        assert theme.codes(role), role
    assert len({theme.codes(role) for role in ("added", "removed")}) == 2


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("name", ["colour-blind-dark", "colour-blind-light"])
@pytest.mark.parametrize("true_color", [True, False], ids=["true colour", "256 colours"])
@pytest.mark.parametrize("pair", [("added", "removed"), ("done", "error"), ("added", "error")])
def test_what_differs_is_told_apart_with_any_colour_blindness(
    blindness: str, name: str, true_color: bool, pair: tuple[str, str]
) -> None:
    theme = themes().of(name)
    one, other = (shown(theme.look(role).color, true_color) for role in pair)
    assert apart(one, other, BLINDNESS[blindness]) >= TOLD_APART
    assert theme.look(pair[0]).marks != theme.look(pair[1]).marks, "and by more than a colour"


def test_the_usual_red_and_green_would_not_be_told_apart() -> None:
    theme = usual("light")
    one, other = (shown(theme.look(role).color, False) for role in ("added", "removed"))
    assert min(apart(one, other, matrix) for matrix in BLINDNESS.values()) < TOLD_APART, "so the test can fail"


def test_the_theme_without_colours_has_none() -> None:
    looks = themes().of("monochrome").looks.values()
    assert not any(look.color for look in looks)
    assert {mark for look in looks for mark in look.marks} == {"bold", "faint", "underline", "reverse"}


@pytest.mark.parametrize(
    ("wished", "behind", "name"),
    [
        ("auto", "dark", "dark"), ("auto", "light", "light"), ("auto", "auto", "neutral"), ("paper", "dark", "paper"),
        ("colour-blind", "light", "colour-blind-light"), ("colour-blind", "auto", "colour-blind-dark"),
    ],
)  # fmt: skip
def test_the_theme_is_the_one_that_is_wished_and_of_a_pair_the_one_that_suits(
    wished: str, behind: str, name: str
) -> None:
    assert themes(wished, behind).current.name == name


def test_where_a_theme_cannot_be_had_there_is_the_usual_one_and_the_reason() -> None:
    having = themes("monochrom", "light")
    assert having.current.name == "light"
    assert isinstance(having.trouble, UsageError)
    assert str(having.trouble) == 'There is no theme "monochrom". "monochrome" is near. /theme lists them.'
    assert themes("../../secret").current.name == "neutral"


def test_only_the_theme_in_use_is_read(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("= not TOML")
    having = themes("dusk", "dark", tmp_path)
    assert having.current.name == "dusk"
    assert having.trouble is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('background = "dark"\n[looks]\nerror = "#ff00zz"\n', ':3: of "error", "#ff00zz" is no colour and no mark.'),
        ('background = "dark"\n[looks]\n\nerrors = "red"\n', ':4: there is no "errors"; "error" is near.'),
        ('background = "dark"\n[looks]\ncode = true\n', ':3: "code" is a text such as "#87d7af bold".'),
        ('background = "dark"\n[looks]\ncode = "red 7"\n', ':3: of "code", "red 7" has two colours.'),
        ('about = "x"\n\nbackground = "pink"\n', ':3: background is "dark", "light" or "any".'),
        ('about = "x"\n', ': background is "dark", "light" or "any".'),
        ('background = "dark"\ncolours = 1\n', ':2: there is no "colours" in a theme.'),
        ("background = dark\n", " is not TOML: Invalid value (at line 1, column 14)."),
    ],
)
def test_what_a_theme_cannot_mean_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_theme(path, False)
    assert raised.value.message == f"{path}{problem}"


def test_a_theme_of_ones_own_may_have_numbers_names_and_marks(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'background = "light"\n[looks]\nerror = 196\ncode = "bright-blue bold"\nlink = "#FF0000 underline"\n'.replace(
            "link", "type"
        )
    )
    theme = read_theme(path, True)
    assert [theme.codes(role) for role in ("error", "code", "type", "string")] == [
        "38;5;196",
        "1;38;5;12",
        "4;38;2;255;0;0",
        "",
    ]
    assert theme.words("code") == "bold fg:ansibrightblue"
    assert hard_to_read(theme) == ["error", "type"]
    style_of(theme)


@pytest.mark.parametrize("name", NAMES)
def test_prompt_toolkit_knows_the_first_sixteen_by_the_names_that_it_is_told(name: str) -> None:
    style_of(Theme("", "", {"accent": look_of(f"{name} {' '.join(MARKS)}")})).get_attrs_for_style_str("class:mark")


def test_a_colour_of_the_256_is_its_own_nearest() -> None:
    assert all(hexadecimal(nearest(hexadecimal(number))) == hexadecimal(number) for number in range(16, 256))


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
    own = numbers(usual(kind))
    assert used <= own
    assert len(used) >= min(4, len(own))
    assert not re.search(rb"\x1b\[[\d;]*(?<![;\d])(?:3[0-7]|9[0-7]|38;2)[;m]", terminal.raw), "no other colour"


@pytest.mark.parametrize("theme", [*shipped(), None], ids=lambda theme: theme and theme.name)
def test_what_has_a_ground_of_its_own_in_the_menu_is_read_on_it(theme: Theme | None) -> None:
    style = merge_styles([default_ui_style(), style_of(theme)])
    for part in ("completion", "completion class:completion-menu.completion.current", "meta.completion"):
        found = style.get_attrs_for_style_str(f"class:completion-menu class:completion-menu.{part}")
        assert contrast(f"#{found.color}", f"#{found.bgcolor}") >= 4.5, part


def test_a_suggestion_is_told_from_typed_text_by_its_hue(home: Home) -> None:
    terminal = home.open("-m", "groq:gpt-oss-120b").prompt().enter("/nope").sees("no command").prompt().type("/no")
    terminal.until(lambda: terminal.line == "> /nope", "the suggestion")
    cells = terminal.screen.buffer[terminal.screen.cursor.y]
    assert [cells[at].fg for at in range(2, 5)] == ["default"] * 3
    assert [cells[at].fg for at in range(5, 7)] == [shown(usual("").look("suggestion").color, False)[1:]] * 2


@pytest.mark.parametrize(
    "color", ["#000000", "#002b36", "#0000aa", "#800080", "#00ff00", "#aaaaaa", "#888888", "#fdf6e3"]
)
def test_a_background_is_light_where_black_reads_better_than_white(color: str) -> None:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    assert (background_of(red, green, blue) == "light") == (contrast(color, "#000000") > contrast(color, "#ffffff"))


class TestTheCommand:
    def test_lists_the_themes_each_with_a_sample_in_its_own_looks(self, home: Home) -> None:
        (home.folder / "themes").mkdir()
        (home.folder / "themes" / "mine.toml").write_text(
            'background = "dark"\nabout = "my own"\n[looks]\nerror = 196\n'
        )
        (home.folder / "themes" / "bad.toml").write_text('background = "dark"\n[looks]\neror = 196\n')
        terminal = home.open("-m", "groq:gpt-oss-120b").prompt().enter("/theme").sees("/theme NAME takes").prompt()
        for name in ("dark", "light", "dusk", "paper", "colour-blind-dark", "monochrome", "mine"):
            assert re.search(rf"^[• ] {name} +def f\(7\)", terminal.text, re.M), name
        assert "my own" in terminal.words
        assert "• neutral" in terminal.text
        assert 'bad.toml:3:thereisno"eror";"error"isnear.' in "".join(terminal.text.split())
        assert b"\x1b[38;5;196merror" in terminal.raw

    def test_takes_one_for_all_that_is_drawn_from_then_on(self, home: Home) -> None:
        home.groq.answer(Answer(CODE))
        terminal = (
            home.open("-m", "groq:gpt-oss-120b").prompt().enter("/theme colour-blind-light").sees("Theme:").prompt()
        )
        before = len(terminal.raw)
        terminal.enter("Show").sees("gpt-oss-120b ·").prompt().enter("/nope").sees("There is no command").prompt()
        used = {int(number) for number in re.findall(rb"38;5;(\d+)", terminal.raw[before:])}
        looks = themes().of("colour-blind-light").looks.values()
        assert used <= {nearest(look.color) for look in looks if look.color}
        assert len(used) > 3
        terminal.type("/no").until(lambda: terminal.line == "> /nope", "the suggestion")
        cells = terminal.screen.buffer[terminal.screen.cursor.y]
        assert cells[5].fg == shown(themes().of("colour-blind-light").look("suggestion").color, False)[1:]

    def test_says_what_there_is_to_know_of_a_theme(self, home: Home) -> None:
        (home.folder / "themes").mkdir()
        (home.folder / "themes" / "pale.toml").write_text('background = "light"\n[looks]\ncode = "#ffff00"\n')
        terminal = home.open("-m", "groq:gpt-oss-120b", env={"COLORFGBG": "15;0"}).prompt()
        terminal.enter("/theme pale").sees("Theme: pale.").sees(
            "It is made for a light background, and this terminal has a dark"
        )
        terminal.sees("Hard to read on a light background: code.").prompt()
        terminal.type("/theme\r").sees("pale is in use").prompt()
        terminal.enter("/theme duks").sees('There is no theme "duks". "dusk" is near. /theme lists them.').prompt()

    def test_has_true_colour_where_the_terminal_says_so(self, home: Home) -> None:
        terminal = home.open("-m", "groq:gpt-oss-120b", env={"COLORTERM": "truecolor"}).prompt()
        terminal.enter("/theme dusk").sees("Theme: dusk").prompt().enter("/nope").sees("There is no command")
        assert b"38;2;243;139;168mThere" in terminal.raw

    def test_lists_names_where_there_are_no_colours(self, home: Home) -> None:
        terminal = home.open("-m", "groq:gpt-oss-120b", env={"NO_COLOR": "1"}).prompt().enter("/theme").sees("in use")
        assert "dusk: soft colours on a dark background" in terminal.words
        assert not re.search(rb"\x1b\[[\d;]*38;", terminal.raw)


def test_a_theme_in_the_settings_that_is_not_there_is_told_and_the_program_starts(home: Home) -> None:
    with (home.folder / "settings.toml").open("a") as file:
        file.write('[screen]\ntheme = "duks"\n')
    terminal = home.open("-m", "groq:gpt-oss-120b").sees('There is no theme "duks".').prompt()
    assert terminal.leave() == 0


def test_a_theme_in_the_settings_is_in_use_from_the_start(home: Home) -> None:
    with (home.folder / "settings.toml").open("a") as file:
        file.write('[screen]\ntheme = "monochrome"\n')
    terminal = home.open("-m", "groq:gpt-oss-120b").prompt().enter("/nope").sees("There is no command").prompt()
    assert b"\x1b[7mThere is no command" in terminal.raw
