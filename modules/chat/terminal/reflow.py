"""How a terminal wraps the rows on its screen anew when its window becomes narrower, as far as it can be known."""

import re
from collections.abc import Callable
from enum import Enum

# By what they answer when asked for their name (XTVERSION) ...
NAMES = re.compile(
    r"(kitty|wezterm|iterm2|foot|ghostty|contour|konsole|vte|alacritty|rio|xterm\.js|warp)\b", re.IGNORECASE
)
# ... and by the variables of those that answer nothing, or not yet.
VARIABLES = (
    "KITTY_WINDOW_ID", "WEZTERM_PANE", "VTE_VERSION", "KONSOLE_VERSION", "ALACRITTY_WINDOW_ID", "WT_SESSION",
    "GHOSTTY_RESOURCES_DIR", "ITERM_SESSION_ID",
)  # fmt: skip
PROGRAMS = ("Apple_Terminal", "vscode", "iTerm.app", "WezTerm", "ghostty", "WarpTerminal")  # in TERM_PROGRAM


class Rewrapping(Enum):
    """What becomes of a row that is longer than a window has become wide."""

    CUT = "it stays one row"
    SHOWN = "what stands in it is wrapped"
    WRITTEN = "what ever stood in it is wrapped: a cleared end as blanks"


def rewrapping(name: str, variable: Callable[[str], str]) -> Rewrapping:
    """What its own name says, else what its environment says; xterm, the Linux console and the unknown cut.

    tmux counts each cell that was written since the row was cleared whole (`cellused` in its grid.c; seen in 3.3a).
    """
    if name.lower().startswith("tmux") or (not name and variable("TMUX")):
        return Rewrapping.WRITTEN
    if NAMES.match(name) if name else any(map(variable, VARIABLES)) or variable("TERM_PROGRAM") in PROGRAMS:
        return Rewrapping.SHOWN
    return Rewrapping.CUT
