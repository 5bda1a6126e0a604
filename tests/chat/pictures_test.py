"""Pictures that tools give: drawn by the way that the terminal takes, in rows that are counted, and saved elsewhere."""

import base64
import io
import re
from pathlib import Path

import pyte
import pytest
from PIL import Image

from tests.harness.emulated_screen import Screen
from tests.harness.home import Home
from tests.harness.terminal import Terminal
from tests.wire import Answer, Call

REAL = ("-m", "anthropic:claude-sonnet-5.5", "--yes")
RED, BLUE = (255, 0, 0), (0, 0, 255)
SIZE = (64, 40)
KITTY, WEZTERM = {"TERM": "xterm-kitty"}, {"TERM_PROGRAM": "WezTerm"}
SEQUENCES = re.compile(rb"\x1b[_P].*?\x1b\\|\x1b\]1337;[^\x07]*\x07", re.DOTALL)  # which the emulator would show
APC = re.compile(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\")


def picture(size: tuple[int, int] = SIZE) -> bytes:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def looked(
    home: Home, env: dict[str, str], wish: str = "auto", says: str = "", size: tuple[int, int] = SIZE
) -> Terminal:
    """A chat in which a tool has read a picture; `says` is what the terminal has answered."""
    (home.folder / "settings.toml").write_text(f'[screen]\npictures = "{wish}"\n[models]\nrefresh = false\n')
    (home.folder / "shot.png").write_bytes(picture(size))
    home.anthropic.answer(Answer(Call("read_file", {"path": "shot.png"})), "I see it.")
    terminal = home.open(*REAL, env=env, cwd=home.folder).prompt()
    terminal.type(says).enter("Look").sees("I see it.")
    return terminal.until(lambda: b"anthropic:claude-sonnet-5.5 \xc2\xb7 1 tool call" in terminal.raw)


def seen(terminal: Terminal) -> list[str]:
    """The rows as a terminal shows them that draws pictures over cells."""
    screen = Screen(80, 24, lambda answer: None)
    pyte.ByteStream(screen).feed(SEQUENCES.sub(b"", terminal.raw))
    return screen.rows


def gap(terminal: Terminal) -> int:
    """How many rows stand empty between the call and the answer, but for the one that parts them."""
    rows = seen(terminal)
    above = next(at for at, row in enumerate(rows) if row == "  [image/png shot.png]")
    below = next(at for at, row in enumerate(rows) if row == "I see it.")
    assert not any(rows[above + 1 : below])
    assert rows[below + 1].startswith("anthropic:claude-sonnet-5.5")
    return below - above - 2


def saved(terminal: Terminal) -> Path:
    found = re.search(
        r"\[picture 64×40 saved: (\S+)\]", "".join(row.strip() for row in terminal.rows).replace("]", "] ")
    )
    assert found is not None, terminal.text
    return Path(found[1])


def test_kitty_is_sent_a_png_over_as_many_cells_as_rows_are_made(home: Home) -> None:
    terminal = looked(home, KITTY)
    pieces = APC.findall(terminal.raw)
    keys = dict(pair.split("=") for pair in pieces[0][0].decode().split(","))
    assert (keys["a"], keys["f"], keys["q"], keys["C"], keys["c"], keys["r"]) == ("T", "100", "2", "1", "7", "2")
    assert [b"m=1" in head for head, _ in pieces] == [True] * (len(pieces) - 1) + [False]
    image = Image.open(io.BytesIO(base64.b64decode(b"".join(data for _, data in pieces))))
    assert (image.size, image.getpixel((1, 1)), image.getpixel((62, 38))) == (SIZE, RED, BLUE)
    assert gap(terminal) == 2


def test_a_large_picture_takes_a_third_of_the_rows_and_keeps_its_shape(home: Home) -> None:
    terminal = looked(home, KITTY, size=(3000, 1000))
    pieces = APC.findall(terminal.raw)
    assert b",c=48,r=8," in pieces[0][0]
    assert Image.open(io.BytesIO(base64.b64decode(b"".join(data for _, data in pieces)))).size == (480, 160)
    assert gap(terminal) == 8


def test_wezterm_is_sent_it_in_the_protocol_of_iterm2(home: Home) -> None:
    terminal = looked(home, WEZTERM)
    found = re.search(rb"\x1b\]1337;File=inline=1;size=(\d+);width=7;height=2;([^:]*):([^\x07]*)\x07", terminal.raw)
    assert found is not None
    data = base64.b64decode(found[3])
    assert Image.open(io.BytesIO(data)).size == SIZE
    assert gap(terminal) == 2


@pytest.mark.parametrize(("wish", "says"), [("sixel", ""), ("auto", "\x1b[?62;4;22c")])
def test_sixels_are_drawn_where_the_terminal_says_that_it_has_them(home: Home, wish: str, says: str) -> None:
    terminal = looked(home, {}, wish, says)
    found = re.search(rb"\x1bP0;1q([^\x1b]*)\x1b\\", terminal.raw)
    assert found is not None
    pixels = from_sixel(found[1].decode())
    assert {pixels[x, y] for x in range(30) for y in range(40)} == {RED}
    assert {pixels[x, y] for x in range(34, 64) for y in range(40)} == {BLUE}
    assert len(pixels) == 64 * 40
    assert gap(terminal) == 2


def from_sixel(text: str) -> dict[tuple[int, int], tuple[int, ...]]:
    """The pixels of a picture, as a VT340 would set them."""
    colors: dict[str, tuple[int, ...]] = {}
    pixels: dict[tuple[int, int], tuple[int, ...]] = {}
    x = top = 0
    color = ""
    pattern = re.compile(r'"[\d;]*|#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])|([?-~])')
    for found in pattern.finditer(text):
        number, red, green, blue, chosen, times, repeated, move, sign = found.groups()
        if number:
            colors[number] = tuple(round(int(part) * 2.55) for part in (red, green, blue))
        elif chosen:
            color = chosen
        elif move:
            x, top = 0, top + 6 * (move == "-")
        elif times or sign:
            bits, many = ord(repeated or sign) - 63, int(times or 1)
            ways = [(x + at, top + bit) for at in range(many) for bit in range(6) if bits >> bit & 1]
            pixels |= dict.fromkeys(ways, colors[color])
            x += many
    return pixels


@pytest.mark.parametrize("env", [{}, {"COLORTERM": "truecolor"}])
def test_blocks_have_the_colours_of_the_picture_where_they_are_wished(home: Home, env: dict[str, str]) -> None:
    terminal = looked(home, env, "blocks")
    with terminal.looking():
        screen = terminal.screen
        drawn = [y for y in range(screen.lines) if "▀" in screen.row(y)]
        assert len(drawn) == 2
        cells = [(screen.buffer[y][x].fg, screen.buffer[y][x].bg) for y in drawn for x in (2, 8)]
    assert cells == [("ff0000",) * 2, ("0000ff",) * 2] * 2


@pytest.mark.parametrize(
    ("env", "wish"),
    [
        ({}, "auto"),
        (KITTY, "never"),
        (KITTY | {"TMUX": "/tmp/tmux-1/default,1,0"}, "auto"),
        (KITTY | {"TMUX": "/tmp/tmux-1/default,1,0"}, "kitty"),
        ({"NO_COLOR": "1"}, "blocks"),
    ],
)
def test_where_it_cannot_be_drawn_it_is_saved_and_the_line_says_where(
    home: Home, env: dict[str, str], wish: str
) -> None:
    terminal = looked(home, env, wish)
    assert not SEQUENCES.search(terminal.raw)
    path = saved(terminal)
    assert path.read_bytes() == picture()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent == home.folder / "data" / "results" or path.parent.name == "results"


def test_a_terminal_without_sequences_gets_the_path(home: Home) -> None:
    (home.folder / "shot.png").write_bytes(picture())
    home.anthropic.answer(Answer(Call("read_file", {"path": "shot.png"})), "I see it.")
    terminal = home.open(*REAL, env={"TERM": "dumb"}, columns=200, cwd=home.folder).prompt()
    terminal.type("Look\r").sees("I see it.")
    assert saved(terminal).exists()
    assert b"\x1b" not in terminal.raw


def test_print_draws_it_again(home: Home) -> None:
    terminal = looked(home, KITTY)
    drawn = APC.findall(terminal.raw)
    terminal.type("/print\r").until(lambda: APC.findall(terminal.raw) == drawn * 2)


def test_a_pipe_gets_the_answer_and_standard_error_the_path(home: Home) -> None:
    (home.folder / "shot.png").write_bytes(picture())
    home.anthropic.answer(Answer(Call("read_file", {"path": "shot.png"})), "I see it.")
    done = home.run(*REAL, "-p", "Look", env=KITTY, cwd=home.folder)
    assert done.stdout == "I see it.\n"
    found = re.search(r"\[picture 64×40 saved: (\S+)\]", done.stderr)
    assert found is not None, done.stderr
    assert Path(found[1]).read_bytes() == picture()
