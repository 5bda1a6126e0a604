"""Whether a terminal wraps the rows on its screen anew when its window becomes narrower, as far as it can be known."""

import re
from collections.abc import Callable

# By what they answer when asked for their name (XTVERSION) ...
NAMES = re.compile(
    r"(tmux|kitty|wezterm|iterm2|foot|ghostty|contour|konsole|vte|alacritty|rio|xterm\.js|warp)\b", re.IGNORECASE
)
# ... and by the variables of those that answer nothing, or not yet.
VARIABLES = (
    "TMUX", "KITTY_WINDOW_ID", "WEZTERM_PANE", "VTE_VERSION", "KONSOLE_VERSION", "ALACRITTY_WINDOW_ID", "WT_SESSION",
    "GHOSTTY_RESOURCES_DIR", "ITERM_SESSION_ID",
)  # fmt: skip
PROGRAMS = ("Apple_Terminal", "vscode", "iTerm.app", "WezTerm", "ghostty", "WarpTerminal")  # in TERM_PROGRAM


def rewraps(name: str, variable: Callable[[str], str]) -> bool:
    """What its own name says, else what its environment says; xterm, the Linux console and the unknown do not."""
    if name:
        return NAMES.match(name) is not None
    return any(map(variable, VARIABLES)) or variable("TERM_PROGRAM") in PROGRAMS
