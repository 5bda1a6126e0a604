"""A few words in which the looks of a theme are seen beside each other."""

from modules.chat.looks.theme import Theme

PIECES = (
    ("def", "keyword"), (" ", ""), ("f", "function"), ("(", ""), ("7", "constant"), ("): ", ""), ('"text"', "string"),
    ("  ", ""), ("# why", "comment"), ("  ", ""), ("+ new", "added"), ("  ", ""), ("- old", "removed"), ("  ", ""),
    ("error", "error"), ("  ", ""), ("warning", "warning"),
)  # fmt: skip
CELLS = sum(len(text) for text, _ in PIECES)


def sample(theme: Theme) -> str:
    """The sample, as the terminal draws it."""
    return "".join(theme.drawn(text, role) for text, role in PIECES)
