"""Which key a control sequence is, whichever terminal sent it: as it was in 1978, with xterm's modifiers, or CSI u.

Read: https://invisible-island.net/xterm/modified-keys.html, https://sw.kovidgoyal.net/kitty/keyboard-protocol/ and
https://www.leonerd.org.uk/hacks/fixterms/.
"""

import re

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.key_binding.key_processor import _Flush
from prompt_toolkit.keys import Keys

SHIFT, ALT, CTRL, SUPER, HYPER, META = 1, 2, 4, 8, 16, 32  # beyond these, Caps Lock and Num Lock
RELEASE = 3  # a kind of event: a key that was let go

ENTER = KeyPress(Keys.ControlM, "\r")
NEW_LINE = KeyPress(Keys.ControlJ, "\n")
ESCAPE = KeyPress(Keys.Escape, "\x1b")
# prompt_toolkit waits for a second key after an Escape. Its own mark ends the wait, and what comes next stands alone.
LONE_ESCAPE = [ESCAPE, _Flush]

_CURSOR = re.compile(r"\x1b\[\d+;\d+R")
_OTHER_KEY = re.compile(r"\x1b\[27;(\d+);(\d+)~")
_CODED = re.compile(r"\x1b\[(\d+)(?::(\d*))?(?::(\d*))?(?:;(\d*)(?::(\d*))?(?:;[\d:]*)?)?u")
_MODIFIED = re.compile(r"\x1b(?:\[(\d+);(\d+)(?::(\d+))?(?:;[\d:]*)?|O(?:1;)?(\d+))([A-Z~])")
_RXVT = re.compile(r"\x1b\[(\d+)([$^@])")
_RXVT_MODIFIERS = {"$": SHIFT, "^": CTRL, "@": CTRL | SHIFT}
_RXVT_ARROW = re.compile(r"\x1b([O\[])([a-d])")

# What kitty numbers from its private range; F13 and above go on from 57376.
_KEYPAD_TEXT = dict(zip(range(57399, 57417), "0123456789./*-+\r=,", strict=True))
_KEYPAD_NAMES = ("left", "right", "up", "down", "pageup", "pagedown", "home", "end", "insert", "delete")
_FUNCTIONAL = dict(zip(range(57417, 57427), map(Keys, _KEYPAD_NAMES), strict=True))
_FUNCTIONAL |= {57376 + n: Keys(f"f{13 + n}") for n in range(12)}
# The keypad in application mode, which another program may have left on.
_KEYPAD_SS3 = {"\x1bO" + final: char for final, char in zip("jklmnopqrstuvwxyX ", "*+,-./0123456789= ", strict=True)}

_CONTROL = {" ": "c-@", "@": "c-@", "\\": "c-\\", "]": "c-]", "^": "c-^", "_": "c-_", "/": "c-_"}
_CONTROL |= {digit: f"c-{digit}" for digit in "0123456789"}
_SHIFTED = {"-": "_", "2": "@", "6": "^", "/": "?"}  # of an American keyboard, where the terminal does not say


def keys_of(sequence: str) -> list[KeyPress]:
    """The key presses that a whole CSI or SS3 sequence stands for; none where nobody knows it."""
    if _CURSOR.fullmatch(sequence):  # prompt_toolkit's own question; it takes the answer out of the keys
        return [KeyPress(Keys.CPRResponse, sequence)]
    if match := _OTHER_KEY.fullmatch(sequence):
        return _coded(int(match[2]), _modifiers(match[1]), sequence)
    if match := _MODIFIED.fullmatch(sequence):
        number, modifiers, event, old, final = match.groups()
        base = ANSI_SEQUENCES.get(f"\x1b[{number}~" if final == "~" else f"\x1b[{final}")
        base = base or ANSI_SEQUENCES.get(f"\x1bO{final}")
        if isinstance(base, Keys):
            return [] if event == str(RELEASE) else _named(base, _modifiers(modifiers or old), sequence)
    known = ANSI_SEQUENCES.get(sequence)
    if known is not None:
        return _pressed(known, sequence)
    if match := _CODED.fullmatch(sequence):
        code, shifted, base_key, modifiers, event = match.groups()
        if event == str(RELEASE):
            return []
        return _coded(int(code), _modifiers(modifiers), sequence, _char(shifted), _char(base_key))
    return _of_old(sequence)


def control_of(byte: int) -> list[KeyPress]:
    """The key of a C0 control character or DEL."""
    return _pressed(ANSI_SEQUENCES[chr(byte)], chr(byte))


def with_alt(key: KeyPress) -> list[KeyPress]:
    """A key held with Alt, which prompt_toolkit knows as Escape before it."""
    if key.key in (Keys.ControlM, Keys.ControlJ):
        return [NEW_LINE]
    if key.key in (Keys.ControlC, Keys.ControlD):  # these always act, whatever came before them
        return [*LONE_ESCAPE, key]
    return [ESCAPE, key]


def _of_old(sequence: str) -> list[KeyPress]:
    """Sequences of rxvt, and of a keypad in application mode."""
    if char := _KEYPAD_SS3.get(sequence):
        return [KeyPress(char, char)]
    if sequence == "\x1bOM":  # Konsole's Shift+Enter; a keypad's Enter only in a mode that nobody here asks for
        return [NEW_LINE]
    if match := _RXVT_ARROW.fullmatch(sequence):
        base = ANSI_SEQUENCES[f"\x1b[{match[2].upper()}"]
        return _named(Keys(base), CTRL if match[1] == "O" else SHIFT, sequence)
    if match := _RXVT.fullmatch(sequence):
        known = ANSI_SEQUENCES.get(f"\x1b[{match[1]}~")
        if isinstance(known, Keys):
            return _named(known, _RXVT_MODIFIERS[match[2]], sequence)
    return []


def _modifiers(number: str | None) -> int:
    return max(int(number or 1) - 1, 0)


def _char(number: str | None) -> str:
    code = int(number or 0)
    return chr(code) if 0x20 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""


def _pressed(known: Keys | tuple[Keys, ...], sequence: str) -> list[KeyPress]:
    keys = known if isinstance(known, tuple) else (known,)
    return [KeyPress(key, sequence if at == 0 else "") for at, key in enumerate(keys) if key is not Keys.Ignore]


def _named(key: Keys, modifiers: int, sequence: str) -> list[KeyPress]:
    """A key that has a name, with what is held beside it; what prompt_toolkit has no name for is left out."""
    if key.value.startswith("<"):  # the mark of a paste, and other names that are no keys
        return []
    name, shift, ctrl = key.value, modifiers & SHIFT, modifiers & CTRL
    if shift and re.fullmatch(r"f\d|f1[0-2]", name):  # as terminfo counts: Shift+F1 is F13
        name, shift = f"f{int(name[1:]) + 12}", 0
    wanted = [("c-" if ctrl else "") + ("s-" if shift else "") + name, ("c-" if ctrl else "") + name, name]
    press = KeyPress(next(Keys(one) for one in wanted if one in _NAMES), sequence)
    # Beyond Alt, xterm has Meta where kitty has Super; iTerm2 sends it for Option (prompt-toolkit#483).
    return with_alt(press) if modifiers & (ALT | SUPER | META) else [press]


_NAMES = frozenset(key.value for key in Keys)


def _coded(code: int, modifiers: int, sequence: str, shifted: str = "", base: str = "") -> list[KeyPress]:
    """A key by its code point or by a number of kitty's; `shifted` and `base` (its Latin key) where they came too."""
    if modifiers & (SUPER | HYPER):  # a shortcut of the desktop's, and no text
        return []
    char = _KEYPAD_TEXT.get(code) or _char(str(code)) or (chr(code) if code in (8, 9, 13, 27, 32, 127) else "")
    if code in _FUNCTIONAL:
        return _named(_FUNCTIONAL[code], modifiers, sequence)
    if not char or (0xE000 <= code <= 0xF8FF and code not in _KEYPAD_TEXT):  # media keys, and modifiers by themselves
        return []
    if char in "\x08\t\r\x1b\x7f":
        return _special(char, modifiers & (SHIFT | ALT | CTRL | META), sequence)
    if modifiers & CTRL:
        press = _with_control(char, bool(modifiers & SHIFT), shifted, base, sequence)
    else:
        text = (shifted or char.upper()) if modifiers & SHIFT else char
        press = [KeyPress(text, text)] if len(text) == 1 and text.isprintable() else []
    return with_alt(press[0]) if len(press) == 1 and modifiers & (ALT | META) else press


def _special(char: str, modifiers: int, sequence: str) -> list[KeyPress]:
    """Enter, Escape, Tab and Backspace, which only CSI u reports with modifiers."""
    if char == "\r":
        return [NEW_LINE if modifiers else ENTER]
    if char == "\x1b":
        return LONE_ESCAPE if modifiers & ~SHIFT == 0 else []
    if char == "\t":
        press = KeyPress(Keys.BackTab if modifiers & SHIFT else Keys.Tab, sequence)
        return with_alt(press) if modifiers & (ALT | META) else [press]
    press = KeyPress(Keys.Backspace, sequence)
    return [ESCAPE, press] if modifiers & ~SHIFT else [press]  # deletes a word


def _with_control(char: str, shift: bool, shifted: str, base: str, sequence: str) -> list[KeyPress]:
    """Ctrl and a key. A keyboard that is not Latin has its letters where `base` says, and Ctrl+C works there too."""
    for one in (char.lower(), base.lower()):
        if len(one) == 1 and "a" <= one <= "z":
            # Ctrl+Shift+C copies. A terminal that tells it apart means that it is not Ctrl+C.
            return [] if shift else [KeyPress(Keys(f"c-{one}"), chr(ord(one) - 96))]
    if char == "[":
        return [] if shift else LONE_ESCAPE
    if shift:
        char = shifted or _SHIFTED.get(char, char)
    name = _CONTROL.get(char)
    return [KeyPress(Keys(name), sequence)] if name else []
