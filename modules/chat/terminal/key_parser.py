"""From the bytes of a keyboard to keys: sequences are read whole or dropped whole, and pastes are one key each.

What only time distinguishes is decided here: an Escape with nothing behind it is the key, and several lines in
one read are a paste. ECMA-48 has the grammar; what a terminal reports of itself is heard, and never typed.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from modules.chat.terminal.key_sequences import ENTER, LONE_ESCAPE, control_of, keys_of, with_alt
from modules.chat.terminal.paste import Pasted, pasted, typed
from modules.chat.terminal.terminal_reports import Report, report_of, string_report_of

# Seconds of silence after which what has begun will not go on. An Up arrow's ESC was seen 80 ms ahead of its rest.
SOON, LATE, BURST = 0.15, 1.0, 0.05
LONG_CHARS = 200  # in one read that nobody types
MAX_SEQUENCE, MAX_STRING = 128, 4096  # bytes; longer ones are no keys, and no answers to what is asked here

ESC, PASTE_END = 0x1B, b"\x1b[201~"
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")
_LINES = re.compile(r"[\r\n][^\r\n]")
# CSI M is X10's mouse with three bytes behind it, CSI [ the Linux console's function keys.
_WHOLE = re.compile(rb"\x1b{1,2}(?:\[(?:\[[A-Z]|M[\x20-\xff]{3}|(?![\[M])[0-?]*[ -/]*[@-~])|O[0-9;]*[ @-~])")
_BEGUN = re.compile(rb"\x1b{1,2}(?:\[(?:\[|M[\x20-\xff]{0,2}|[0-?]*[ -/]*)|O[0-9;]*|)")
_STRING_END = re.compile(rb"[\x00-\x1f\x7f]")


def _unheard(report: Report) -> None:
    """Nobody asked."""


class KeyParser:
    """Bytes in, as they are read; prompt_toolkit's key presses out. `on_report` gets what the terminal reports."""

    def __init__(self, on_report: Callable[[Report], None] = _unheard, encoding: str = "utf-8") -> None:
        self._on_report = on_report
        self._encoding = encoding
        self._decoder = getincrementaldecoder(encoding)("replace")
        self._keys: list[KeyPress] = []
        self._begun = b""  # the beginning of a sequence, or of a paste's end mark
        self._string: bytearray | None = None  # an OSC, DCS, APC, PM or SOS so far, from the character that says which
        self._paste: list[bytes] | None = None
        self._burst: list[str] | None = None  # text that came faster than anybody types

    def feed(self, data: bytes) -> list[KeyPress]:
        """One whole read, all that was there; the keys that are certain by now."""
        if self._paste is not None and _stops(data, self._encoding):  # its end mark is lost (pi#9119)
            self._end_paste()
        if self._begun:
            data, self._begun = self._begun + data, b""
        at = 0
        while at < len(data):
            if self._paste is not None:
                at = self._in_paste(data, at, self._paste)
            elif self._string is not None:
                at = self._in_string(data, at, self._string)
            elif data[at] == ESC:
                self._settle()
                at = self._sequence(data, at)
            else:
                at = self._plain(data, at)
        return self._taken()

    def flush(self) -> list[KeyPress]:
        """`patience` has passed with nothing to read: the keys that this makes certain."""
        if self._paste is not None:
            self._end_paste()
        begun, self._begun = self._begun, b""
        if self._string is not None:
            string, self._string = self._string, None
            begun = b"\x1b" + bytes(string) if len(string) == 1 else b""
        self._settle()
        if begun[:2] == b"\x1b\x1b":
            self._keys += LONE_ESCAPE
            begun = begun[1:]
        if len(begun) == 2 and begun[1] < 0x80:  # Alt and a character that also begins sequences
            self._keys += with_alt(KeyPress(chr(begun[1])))
        elif begun and (len(begun) == 1 or begun[1] >= 0x80):
            self._keys += LONE_ESCAPE
        elif begun:
            self._keys += keys_of(begun.decode("latin-1"))  # what rxvt sends has no proper end
        return self._taken()

    @property
    def patience(self) -> float | None:
        """Seconds of silence after which to call `flush`; None where nothing is open."""
        if self._paste is not None or (self._string is not None and len(self._string) > 1):
            return LATE
        if self._begun:
            return LATE if len(self._begun.lstrip(b"\x1b")) > 1 else SOON
        if self._string is not None or self._decoder.getstate()[0]:
            return SOON
        return BURST if self._burst is not None else None

    def _taken(self) -> list[KeyPress]:
        keys, self._keys = self._keys, []
        return keys

    def _settle(self) -> None:
        """Text has ended, for something else comes: a cut character is none, and what came in a burst is a paste."""
        if rest := self._decoder.decode(b"", True):
            self._type(rest)
        self._decoder.reset()
        if self._burst is None:
            return
        text, self._burst = "".join(self._burst).replace("\r\n", "\r"), None
        self._keys.append(Pasted(text.removesuffix("\r").replace("\r", "\n")))
        if text.endswith("\r"):
            self._keys.append(ENTER)

    def _plain(self, data: bytes, at: int) -> int:
        if match := _TEXT.match(data, at):
            self._type(typed(self._decoder.decode(match[0])))
            return match.end()
        self._settle()
        self._keys += control_of(data[at])
        return at + 1

    def _type(self, text: str) -> None:
        if self._burst is None and text[:1] in ("\r", "\n"):  # Enter for what stood there, and more typed behind it
            rest = text.lstrip("\r\n")
            for char in text[: len(text) - len(rest)].replace("\r\n", "\r"):
                self._keys += control_of(ord(char))
            text = rest
        if self._burst is None and (len(text) > LONG_CHARS or _LINES.search(text)):
            self._burst = []
        if self._burst is not None:
            self._burst.append(text)
            return
        for char in text.replace("\r\n", "\r"):
            self._keys += [KeyPress(char)] if char >= " " else control_of(ord(char))

    def _sequence(self, data: bytes, at: int) -> int:
        """What begins with an ESC; where it ends."""
        if match := _WHOLE.match(data, at):
            if len(match[0]) <= MAX_SEQUENCE:
                self._act(match[0].decode("latin-1"))
            return match.end()
        match = _BEGUN.match(data, at)
        assert match is not None
        if match.end() == len(data) and len(match[0]) <= MAX_SEQUENCE:
            self._begun = match[0]
            return len(data)
        if (len(match[0]) > 2 and match[0][:2] != b"\x1b\x1b") or len(match[0]) > 3:
            return match.end()  # a sequence that something else broke into
        if data[at + 1] == ESC:
            self._keys += LONE_ESCAPE
            return at + 1
        if data[at + 1] in b"]PX^_":
            self._string = bytearray(data[at + 1 : at + 2])
            return at + 2
        return self._alt(data, at)

    def _alt(self, data: bytes, at: int) -> int:
        """An ESC and one character behind it, which is a key with Alt."""
        if data[at + 1] < 0x20 or data[at + 1] == 0x7F:
            self._keys += keys_of(f"\x1b{chr(data[at + 1])}") or with_alt(control_of(data[at + 1])[0])
            return at + 2
        decoder = getincrementaldecoder(self._encoding)()
        for here in range(at + 1, len(data)):
            try:
                char = decoder.decode(data[here : here + 1])
            except UnicodeDecodeError:
                self._keys += LONE_ESCAPE
                return at + 1
            if char:
                self._keys += with_alt(KeyPress(char)) if typed(char) == char else []
                return here + 1
        self._begun = data[at:]
        return len(data)

    def _act(self, sequence: str) -> None:
        twice = sequence.startswith("\x1b\x1b")
        sequence = sequence[twice:]
        keys = keys_of(sequence)
        if twice and len(keys) == 1 and keys[0].key not in (Keys.BracketedPaste, Keys.CPRResponse):
            self._keys += with_alt(keys[0])  # as iTerm2 and PuTTY send Alt and an arrow
            return
        self._keys += LONE_ESCAPE if twice else []
        if sequence == "\x1b[200~":
            self._paste = []
        elif report := report_of(sequence):
            self._on_report(report)
        else:
            self._keys += keys

    def _in_paste(self, data: bytes, at: int, paste: list[bytes]) -> int:
        end = data.find(PASTE_END, at)
        if end >= 0:
            paste.append(data[at:end])
            self._end_paste()
            return end + len(PASTE_END)
        kept = next((n for n in range(5, 0, -1) if data.endswith(PASTE_END[:n])), 0)
        kept = min(kept, len(data) - at)
        paste.append(data[at : len(data) - kept])
        self._begun = data[len(data) - kept :]
        return len(data)

    def _end_paste(self) -> None:
        text, self._paste = b"".join((*(self._paste or ()), self._begun)), None
        self._begun = b""
        self._keys.append(pasted(text, self._encoding))

    def _in_string(self, data: bytes, at: int, string: bytearray) -> int:
        """What is between an OSC and its end. A control character that ends none breaks into it, such as Ctrl+C."""
        match = _STRING_END.search(data, at)
        end = match.start() if match else len(data)
        string += data[at : min(end, at + MAX_STRING - len(string))]
        if end == len(data):
            return end
        if data[end] == ESC and end + 1 == len(data):
            self._begun = b"\x1b"
            return end + 1
        self._string = None
        if data[end] != 0x07 and data[end : end + 2] != b"\x1b\\":
            return end
        if report := string_report_of(string.decode("utf-8", "replace")):
            self._on_report(report)
        return end + (1 if data[end] == 0x07 else 2)


def _stops(data: bytes, encoding: str) -> bool:
    """Whether a read holds nothing but Ctrl+C or Ctrl+D, however the terminal sends them."""
    if len(data) > MAX_SEQUENCE or data[:1] not in (b"\x03", b"\x04", b"\x1b") or data[:6] == PASTE_END:
        return False
    keys = KeyParser(encoding=encoding).feed(data)
    return bool(keys) and all(key.key in (Keys.ControlC, Keys.ControlD) for key in keys)
