"""Sequences for the terminal behind tmux or GNU screen, which take most of them for themselves or drop them."""

from collections.abc import Callable

ESCAPE = "\x1b"
PIECE_CHARS = 700  # that GNU screen passes on at once; it drops what is longer than 768 (opencode#28590)


def multiplexer(variable: Callable[[str], str | None]) -> str:
    """The "tmux" or "screen" that the program runs in, by the variables of the environment; "" for none."""
    return "tmux" if variable("TMUX") else "screen" if variable("STY") else ""


def passed_through(sequence: str, through: str) -> str:
    """The sequence so that `through`, "tmux" or "screen", hands it on; as it is for "".

    tmux does so where `allow-passthrough` is on, and drops it else.
    """
    if through == "tmux":
        return f"\x1bPtmux;{sequence.replace(ESCAPE, ESCAPE * 2)}\x1b\\"
    if through == "screen":
        pieces = range(0, len(sequence), PIECE_CHARS)
        return "".join(f"\x1bP{sequence[at : at + PIECE_CHARS]}\x1b\\" for at in pieces)
    return sequence
