"""What a terminal is told beside its rows: a title, that something runs, and a notification for who looks elsewhere."""

from collections.abc import Callable

from modules.chat.terminal.known_terminals import known_terminal, shows_progress
from modules.chat.terminal.passthrough import multiplexer, passed_through
from modules.chat.terminal.terminal_modes import UNASKED
from modules.chat.terminal.terminal_reports import Focus, Report
from modules.settings.declarations import NotifySettings
from modules.text.sanitize import clean

TELL_FOCUS, TELL_NO_FOCUS = "\x1b[?1004h", "\x1b[?1004l"
# The title is pushed, and popped at the end (XTWINOPS 22 and 23); who has no stack for it is left with an empty one,
# which most take for "the usual".
PUSH_TITLE, POP_TITLE = "\x1b[22;2t", "\x1b]2;\x1b\\\x1b[23;2t"
RUNS, FAILED, RESTS = "\x1b]9;4;3\x1b\\", "\x1b]9;4;2;100\x1b\\", "\x1b]9;4;0\x1b\\"
LONGEST_CHARS = 120  # of a title or a notification
APP = "Parlance"


def takes_signs(term: str) -> bool:
    """Whether a terminal, by its TERM, drops the sequences that it does not know, and shows no part of them."""
    return term not in ("", "dumb") and UNASKED.match(term) is None


class Signs:
    """Tells nothing: what a terminal gets that wants no sequences."""

    def begin(self) -> None:
        """The terminal is the program's."""

    def end(self) -> None:
        """Before it is somebody else's."""

    def title(self, text: str) -> None:
        """What the window is called from now on."""

    def progress(self, state: str) -> None:
        """RUNS, FAILED or RESTS."""

    def notify(self, text: str) -> None:
        """Tell the person, unless they are known to look."""


class TerminalSigns(Signs):
    """Signs for one terminal; `name` is what it calls itself, "" before it says so. Others as for TerminalModes."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        settings: Callable[[], NotifySettings],
        name: Callable[[], str],
        variable: Callable[[str], str | None],
        owe: Callable[[str], object] = lambda sequence: None,
        settle: Callable[[str], object] = lambda sequence: None,
    ) -> None:
        self._write = write
        self._settings = settings
        self._name = name
        self._variable = variable
        self._owe = owe
        self._settle = settle
        self._silent = not takes_signs(variable("TERM") or "")
        self._began = False
        self._looks: bool | None = None  # whether the window has the keyboard; None until the terminal has told
        self._title = ""
        self._owed: dict[str, str] = {}  # what puts something back, by what it is

    def take_report(self, report: Report) -> None:
        """What the terminal says of itself."""
        if isinstance(report, Focus):
            self._looks = report.inside

    def begin(self) -> None:
        if self._silent or self._began:
            return
        self._began = True
        settings = self._settings()
        if settings.after and settings.how != "never":
            self._looks = None
            self._set("focus", TELL_FOCUS, TELL_NO_FOCUS)
        if self._title:
            self.title(self._title)

    def end(self) -> None:
        if self._began:
            for what in list(self._owed)[::-1]:
                self._put_back(what)
            self._began = False

    def title(self, text: str) -> None:
        known, self._title = self._title == text and "title" in self._owed, text
        if known or not self._began or not self._settings().title:
            return
        if "title" not in self._owed:
            self._set("title", PUSH_TITLE, POP_TITLE)
        self._send(f"\x1b]2;{_plain(text)}\x1b\\")

    def progress(self, state: str) -> None:
        known = known_terminal(self._name(), self._variable)
        if not self._began or not self._settings().progress or not shows_progress(known, self._name(), self._variable):
            return
        if state == RESTS:
            self._put_back("progress")
        elif "progress" in self._owed:
            self._send(state)
        else:
            self._set("progress", state, RESTS)

    def notify(self, text: str) -> None:
        how = self._settings().how
        if self._silent or not self._began or how == "never" or self._looks:
            return
        if how == "auto":
            how = known_terminal(self._name(), self._variable).notification
        self._send(notification(how, _plain(text), multiplexer(self._variable)))

    def _set(self, what: str, sequence: str, back: str) -> None:
        self._owed[what] = back
        self._owe(back)
        self._send(sequence)

    def _put_back(self, what: str) -> None:
        if back := self._owed.pop(what, ""):
            self._send(back)
            self._settle(back)

    def _send(self, sequence: str) -> None:
        try:
            self._write(sequence.encode(errors="replace"))
        except OSError:  # a terminal that is gone needs no signs
            return


def notification(how: str, text: str, through: str) -> str:
    """What tells of this; a bell is for tmux and GNU screen, which mark the window, and the others for the terminal."""
    match how:
        case "osc9":
            return passed_through(f"\x1b]9;{text}\x1b\\", through)
        case "osc777":
            return passed_through(f"\x1b]777;notify;{APP};{text}\x1b\\", through)
        case "osc99":  # kitty itself knows who looks
            first = f"\x1b]99;i=parlance:d=0:o=unfocused;{APP}\x1b\\"
            return passed_through(f"{first}\x1b]99;i=parlance:d=1:p=body;{text}\x1b\\", through)
    return "\x07"


def _plain(text: str) -> str:
    """One line that ends no sequence, and separates nothing in one."""
    return " ".join(clean(text).replace(";", ",").split())[:LONGEST_CHARS]
