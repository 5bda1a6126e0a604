"""The themes that are taken where none is named: for dark and for light backgrounds, and for those that nobody knows.

They stand here and not in a file, since the first prompt cannot wait for a TOML parser; all others are files in
`themes`. Each colour is one of the 216 that look the same in every terminal, unlike the first sixteen, and has a
contrast of at least 4.5 (WCAG 2.2, 1.4.3) to the backgrounds of its kind; where none is known, to black and to white.
Quiet text is the terminal's own colour made faint, so that it follows whatever a person has chosen there.
"""

from modules.chat.looks.theme import Background


def _written(red: str, yellow: str, green: str, cyan: str, blue: str, magenta: str) -> dict[str, str]:
    """The usual roles in six colours."""
    return {
        "heading": "bold", "code": cyan, "quiet": "faint", "error": red, "warning": yellow, "done": green,
        "added": green, "removed": red, "accent": green, "prompt": "bold", "suggestion": blue, "keyword": magenta,
        "constant": cyan, "type": yellow, "function": blue, "name": cyan, "string": green, "comment": "faint",
    }  # fmt: skip


DARK = _written(red="210", yellow="221", green="114", cyan="80", blue="111", magenta="176")
LIGHT = _written(red="124", yellow="94", green="22", cyan="24", blue="26", magenta="127")
NEUTRAL = _written(red="131", yellow="", green="29", cyan="29", blue="63", magenta="163")  # no yellow is seen on both

# By name: what it is for, and how its roles look.
USUAL: dict[str, tuple[Background, str, dict[str, str]]] = {
    "dark": ("dark", "the usual one on a dark background", DARK),
    "light": ("light", "the usual one on a light background", LIGHT),
    "neutral": ("", "the usual one where nobody knows the background", NEUTRAL),
}
BY_BACKGROUND: dict[Background, str] = {"dark": "dark", "light": "light", "": "neutral"}
