"""Links that can be clicked (OSC 8): which targets may be, and which terminals are known not to have them."""

import re
from collections.abc import Callable

LONGEST_CHARS = 2_000  # of a target; terminals drop longer ones or show them (about 2,083 in VTE and iTerm2)
# Only what opens in a browser or a mail program, and only the characters of a URI: nothing can end the sequence.
_TARGET = re.compile(r"(?:https?://|mailto:)[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)
_WITHOUT = re.compile(r"dumb|linux|eterm|emacs|cons25|vt\d|ansi|screen(?!.*tmux)")


def target(href: str) -> str | None:
    """The target of a link as it may be written to a terminal, or nothing."""
    return href if len(href) <= LONGEST_CHARS and _TARGET.fullmatch(href) else None


def takes_links(variable: Callable[[str], str | None]) -> bool:
    """Whether the terminal may be sent links, by the variables of the environment (None where one is not set).

    A terminal that does not know them shows the text alone, but for these: the consoles that print what they do not
    know, GNU screen, which passes nothing on, and VTE before 0.50.1, which crashed.
    """
    if variable("TMUX"):
        return True
    version = variable("VTE_VERSION") or ""
    if version.isdecimal() and int(version) < 5001:
        return False
    return not variable("STY") and _WITHOUT.match(variable("TERM") or "") is None
