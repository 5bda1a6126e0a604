"""What is asked of the terminal when the program has it, and put back at every end: pastes with marks, keys told apart.

A terminal is asked what it can, and believed; what it does not know it must not mind. So nothing is asked in a form
that some take for another: no CSI ? 4 m, which is a colour or a size of letters (mintty#1189), no DECRQM, of which
Apple's Terminal shows the rest (libvaxis#127), no APC and no DCS, which old ones show whole (euporie#29).
"""

import contextlib
import re
import time
from collections.abc import Callable

from modules.chat.looks.background import background_of
from modules.chat.terminal.terminal_reports import Attributes, Colour, KeyboardFlags, Report, TerminalName

PASTE_MARKS, NO_PASTE_MARKS = b"\x1b[?2004h", b"\x1b[?2004l"
# Escape codes told apart, and the Latin key beside another: without it Ctrl+C on a Cyrillic keyboard is no Ctrl+C.
KITTY_KEYS, NO_KITTY_KEYS = b"\x1b[>5u", b"\x1b[<u"
# Level 1 leaves Ctrl+C and all that always had a code as they were, also for a shell after a program that was killed.
OTHER_KEYS, NO_OTHER_KEYS = b"\x1b[>4;1m", b"\x1b[>4m"

# The keyboard, the name, the colour behind the text; the last is answered by every terminal, and in this order.
# Where st takes the first for "back to where the cursor was saved" (st-flexipatch#181), it was saved just before.
QUESTIONS = b"\x1b7\x1b[?u" + b"\x1b[>0q" + b"\x1b]11;?\x1b\\" + b"\x1b[c"
# Consoles that would show a part of a question, or have nothing to answer. The names as TERM has them.
UNASKED = re.compile(r"(linux|cons25|eterm|emacs|vt52|sun|wsvt25)\b")
# Who tells keys apart when asked by CSI > 4 m, by the names that XTVERSION gives. To others it may be a colour.
KNOW_OTHER_KEYS = re.compile(r"(xterm\(|tmux |mintty |iterm2 |foot\(|contour |mlterm\()", re.IGNORECASE)

PATIENCE_SECONDS = 0.1  # for an answer that is still on its way at the end


class TerminalModes:
    """The modes of one terminal.

    `write` is its output. `listen` reads what it answers, after so many seconds at most, and says whether there can be
    more. `owe` takes what is to be written at whichever end comes, `settle` is called when it was.
    `name` is what the terminal calls itself, "" until it has said so; `background` is "light", "dark" or "", and
    `attributes` are what it answers to DA1.
    `complete` is whether all that will be answered has been.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        listen: Callable[[float], bool],
        term: str,
        owe: Callable[[str], object] = lambda sequence: None,
        settle: Callable[[str], object] = lambda sequence: None,
    ) -> None:
        self._owe = owe
        self._settle = settle
        self._write = write
        self._listen = listen
        self._silent = term in ("", "dumb")
        self._asks = not self._silent and not UNASKED.match(term)
        self._asked = False
        self.complete = False
        self._began = False
        self._keyboard: tuple[bytes, bytes] | None = None  # what tells its keys apart, and what ends that
        self._asked_keyboard = False
        self.name = ""
        self.attributes: tuple[int, ...] = ()
        self.background = ""

    def begin(self) -> None:
        """In raw mode, where nothing that it answers is echoed: at the start, and whenever the terminal comes back."""
        if self._silent or self._began:
            return
        self._began = True
        self._send(PASTE_MARKS)
        self._tell()
        if self._asks and not self._asked:
            self._asked = True
            self._send(QUESTIONS)

    def end(self) -> None:
        """Before the terminal is anybody else's, while it is still in raw mode; harmless at any other time."""
        if not self._began:
            return
        self._began = False
        if self._asked_keyboard and self._keyboard is not None:
            self._send(self._keyboard[1])
            self._settle(self._keyboard[1].decode())
        self._asked_keyboard = False
        self._send(NO_PASTE_MARKS)
        until = time.monotonic() + PATIENCE_SECONDS
        # An answer that comes after the end would be typed into the shell's line.
        while self._asked and not self.complete and (left := until - time.monotonic()) > 0:
            if not self._listen(left):
                break

    def take_report(self, report: Report) -> None:
        """What the terminal says of itself."""
        match report:
            case KeyboardFlags():
                self._keyboard = KITTY_KEYS, NO_KITTY_KEYS
            case TerminalName(name):
                self.name = name
            case Colour(11, red, green, blue):
                self.background = background_of(red, green, blue)
            case Attributes(codes):
                self.complete = True
                self.attributes = codes
                if self._keyboard is None and KNOW_OTHER_KEYS.match(self.name):
                    self._keyboard = OTHER_KEYS, NO_OTHER_KEYS
            case _:
                return
        self._tell()

    def _tell(self) -> None:
        if self._began and not self._asked_keyboard and self._keyboard is not None:
            self._asked_keyboard = True
            self._owe(self._keyboard[1].decode())
            self._send(self._keyboard[0])

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone needs nothing put back
            self._write(data)
