"""What single terminals can beyond what all can, by the name that they answer with and the variables that they set.

None of this can be asked: who does not know a sequence drops it, or takes it for another. So whoever is not here is
sent nothing. Sources: iTerm2 "Proprietary Escape Codes"; kitty "Desktop notifications" and "Terminal graphics
protocol"; ghostty "ConEmu Extensions (OSC 9;n)"; WezTerm "iTerm Image Protocol"; Microsoft "Set the progress bar in
Windows Terminal"; for progress also the lists in kitty#9948 and Terminal.Gui#4930.
"""

import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

Notification = Literal["bell", "osc9", "osc777", "osc99"]
Pictures = Literal["kitty", "iterm2", ""]
Variable = Callable[[str], str | None]


class KnownTerminal(Struct, frozen=True):
    """A terminal: how its name begins (XTVERSION), the variables that only it sets, what they hold, what it can.

    `progress` is the first version that shows OSC 9;4 and takes it for no notification; None where none does.
    """

    name: str
    variables: tuple[tuple[str, str], ...] = ()
    notification: Notification = "bell"
    progress: tuple[int, ...] | None = None
    pictures: Pictures = ""


TERMINALS = (
    # kitty took OSC 9;4 for a notification, and drops it by now (kitty#8011).
    KnownTerminal("kitty", (("KITTY_WINDOW_ID", ""), ("TERM", "xterm-kitty")), "osc99", None, "kitty"),
    KnownTerminal("ghostty", (("TERM_PROGRAM", "ghostty"), ("TERM", "xterm-ghostty")), "osc9", (1, 2), "kitty"),
    # Its kitty protocol is off as it comes; that of iTerm2 is always on.
    KnownTerminal("wezterm", (("TERM_PROGRAM", "WezTerm"),), "osc9", (2025,), "iterm2"),
    KnownTerminal("iterm2", (("TERM_PROGRAM", "iTerm.app"),), "osc9", (3, 6, 6), "iterm2"),
    KnownTerminal("foot", (("TERM", "foot"), ("TERM", "foot-extra")), "osc777"),
    KnownTerminal("rxvt", (("TERM", "rxvt-unicode-256color"), ("TERM", "rxvt-unicode")), "osc777"),
    KnownTerminal("konsole", (("KONSOLE_VERSION", ""),), pictures="kitty"),
    KnownTerminal("vte", (("VTE_VERSION", ""),), progress=()),  # before 0.79 it dropped every OSC 9
    KnownTerminal("windows terminal", (("WT_SESSION", ""),), progress=()),
    KnownTerminal("conemu", (("ConEmuPID", ""),), progress=()),
)
UNKNOWN = KnownTerminal("")
_NUMBERS = re.compile(r"\d+")


def known_terminal(name: str, variable: Variable) -> KnownTerminal:
    """The terminal by what it calls itself, else by its variables. Inside tmux or GNU screen none is known."""
    if variable("TMUX") or variable("STY"):  # variables are those of where it was started, and perhaps days ago
        return UNKNOWN
    if name:
        return next((one for one in TERMINALS if name.lower().startswith(one.name)), UNKNOWN)
    return next((one for one in TERMINALS if any(_is_set(variable, *pair) for pair in one.variables)), UNKNOWN)


def shows_progress(known: KnownTerminal, name: str, variable: Variable) -> bool:
    """Whether it may be sent OSC 9;4; one that does not tell its version may be too old, where that matters."""
    if known.progress is None or not known.progress:
        return known.progress is not None
    version = tuple(map(int, _NUMBERS.findall(name.lower().removeprefix(known.name))))
    version = version or tuple(map(int, _NUMBERS.findall(variable("TERM_PROGRAM_VERSION") or "")))
    return _as_dated(version) >= known.progress


def _as_dated(version: tuple[int, ...]) -> tuple[int, ...]:
    """WezTerm's versions are days, as in 20250206-092212."""
    return (version[0] // 10_000, *version[1:]) if version and version[0] > 10_000_000 else version


def _is_set(variable: Variable, name: str, value: str) -> bool:
    held = variable(name) or ""
    return held == value if value else bool(held)
