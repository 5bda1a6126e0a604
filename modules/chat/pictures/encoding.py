"""A picture as what a terminal draws: kitty's and iTerm2's protocols, sixels, and rows of half blocks."""

import base64
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modules.chat.looks.theme import LEVELS
from modules.chat.pictures.ways import Place

if TYPE_CHECKING:
    from PIL.Image import Image

PIECE = 4096  # of base64 in one sequence of kitty's ("Terminal graphics protocol", "Remote client")
COLORS = 255  # of a sixel picture; one register of 256 is left for what shows through
_REPEATED = re.compile(rb"(.)\1{3,}", re.DOTALL)


def at_its_place(sequence: str, place: Place, indent: int) -> str:
    """A picture as whole rows: they are made first, then it is drawn into them, wherever that leaves the cursor."""
    rows = place.rows
    return f"{chr(10) * rows}\x1b[{rows}A\x1b[{indent}C\x1b7{sequence}\x1b8\x1b[{rows}B\r"


def kitty(image: "Image", place: Place) -> str:
    """Sent as PNG in pieces, drawn over so many cells; the cursor stays (C=1), and nothing is answered (q=2)."""
    data = _encoded(image)
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    first = f"a=T,f=100,q=2,C=1,c={place.columns},r={place.rows},"
    return "".join(
        f"\x1b_G{first if at == 0 else ''}m={int(at < len(pieces) - 1)};{piece}\x1b\\"
        for at, piece in enumerate(pieces)
    )


def iterm2(image: "Image", place: Place) -> str:
    """iTerm2's own sequence, which WezTerm and others have too."""
    data = _encoded(image)
    size = f"width={place.columns};height={place.rows};preserveAspectRatio=1;doNotMoveCursor=1"
    return f"\x1b]1337;File=inline=1;size={len(data) * 3 // 4};{size}:{data}\x07"


def sixel(image: "Image") -> str:
    """DEC's sixels (VT330/VT340 Programmer Reference, chapter 14): bands of six rows, in each a line for a colour."""
    clear = image.getchannel("A").point(lambda value: 255 * (value < 128)) if image.mode == "RGBA" else None
    reduced = image.convert("RGB").quantize(COLORS)
    width, height = reduced.size
    pixels = bytearray(reduced.tobytes())
    if clear is not None:
        pixels = bytearray(COLORS if hidden else color for color, hidden in zip(pixels, clear.tobytes(), strict=True))
    flat = reduced.getpalette() or []
    said = [f'\x1bP0;1q"1;1;{width};{height}']
    for color in sorted(set(pixels) - {COLORS}):
        red, green, blue = (round(part / 2.55) for part in flat[3 * color : 3 * color + 3])
        said.append(f"#{color};2;{red};{green};{blue}")
    bands = range(0, height, 6)
    said += ["-".join("$".join(_band(pixels, width, top, min(6, height - top))) for top in bands), "\x1b\\"]
    return "".join(said)


def _band(pixels: bytearray, width: int, top: int, rows: int) -> Iterator[str]:
    lines: dict[int, bytearray] = {}
    for row in range(rows):
        start, bit = (top + row) * width, 1 << row
        for x, color in enumerate(pixels[start : start + width]):
            if color != COLORS:
                if (line := lines.get(color)) is None:
                    line = lines[color] = bytearray(b"\x3f" * width)
                line[x] += bit
    for color, line in lines.items():
        yield f"#{color}{_shortened(line)}"


def _shortened(line: bytearray) -> str:
    """Signs that are repeated more than three times as their number and one of them; blank ones at the end go."""
    return _REPEATED.sub(lambda run: b"!%d%b" % (len(run[0]), run[1]), bytes(line.rstrip(b"?"))).decode("ascii")


def blocks(image: "Image", place: Place, indent: int, *, dark: bool, true_color: bool) -> str:
    """Rows of upper half blocks: the letter's colour is the pixel above, the background's the one below."""
    from PIL import Image

    small = image.convert("RGBA").resize((place.columns, 2 * place.rows))
    behind = Image.new("RGBA", small.size, "black" if dark else "white")
    pixels = Image.alpha_composite(behind, small).convert("RGB").tobytes()
    colors = [tuple(pixels[at : at + 3]) for at in range(0, len(pixels), 3)]
    rows = []
    for top in range(0, 2 * place.rows, 2):
        above, below = (colors[(top + more) * place.columns :][: place.columns] for more in (0, 1))
        cells = "".join(
            f"\x1b[38;{_color(one, true_color)};48;{_color(other, true_color)}m▀"
            for one, other in zip(above, below, strict=True)
        )
        rows.append(f"{' ' * indent}{cells}\x1b[0m\n")
    return "".join(rows)


def _color(parts: tuple[int, ...], true_color: bool) -> str:
    if true_color:
        return "2;" + ";".join(map(str, parts))
    red, green, blue = (min(range(6), key=lambda at: abs(LEVELS[at] - part)) for part in parts)
    return f"5;{16 + 36 * red + 6 * green + blue}"


def _encoded(image: "Image") -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
