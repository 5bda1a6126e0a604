"""The clipboard: through the desktop's own program where there is a desktop, else through tmux or the terminal."""

import shutil
import subprocess

from msgspec import Struct

from modules.chat.command import ChatContext
from modules.chat.output.screen import MAX_OSC52_CHARACTERS
from modules.chat.terminal.whereabouts import is_far
from modules.config import Config
from modules.daemon_thread import in_thread
from modules.errors import UsageError

LONGEST_BYTES = MAX_OSC52_CHARACTERS * 3 // 4  # that a terminal is asked to take
PATIENCE_SECONDS = 3.0  # for a program: wl-copy waits for a focus that may never come


class Program(Struct, frozen=True):
    """A program that takes text on standard input; `needs` is the variable that says its desktop is there."""

    argv: tuple[str, ...]
    needs: str = ""
    encoding: str = "utf-8"
    mark: bytes = b""
    locale: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        return ("env", f"LC_ALL={self.locale}", *self.argv) if self.locale else self.argv


PROGRAMS = (
    Program(("wl-copy",), "WAYLAND_DISPLAY"),
    Program(("xclip", "-selection", "clipboard"), "DISPLAY"),
    Program(("xsel", "--input", "--clipboard"), "DISPLAY"),
    # It takes its input for MacRoman where the locale names no encoding.
    Program(("pbcopy",), locale="en_US.UTF-8"),
    # It takes what is not UTF-16 for the console's code page, and guesses without a mark: microsoft/WSL#11047, #3716.
    Program(("clip.exe",), encoding="utf-16-le", mark=b"\xff\xfe"),
)
IN_TMUX = "tmux has it too: its prefix and ] paste it."


async def copy_text(chat: ChatContext, text: str, what: str = "The answer") -> str:
    """Copy, and say in a sentence what is known of it. Raises UsageError where there is no way.

    From another machine the desktop's programs would fill the wrong clipboard, so there only the terminal is asked. A
    terminal does not say whether it has done so.
    """
    outcome: str | None = await in_thread(_with_program, config=chat.config, text=text)
    if outcome is not None:
        return outcome
    through = "tmux" if chat.config.get("TMUX") else "screen" if chat.config.get("STY") else ""
    if chat.screen.to_clipboard(text, through):
        return f"Asked the terminal to copy {len(text)} characters; not every terminal does."
    if len(text.encode(errors="replace")) > LONGEST_BYTES:
        raise UsageError(
            f"{what} is too long to be copied through the terminal.",
            cure="/export writes it to a file, or copy a part of it.",
        )
    raise UsageError(
        "There is no way to the clipboard here.", cure="Install wl-copy, xclip or xsel, or use a terminal with OSC 52."
    )


def _with_program(config: Config, text: str) -> str | None:
    if not is_far(config):
        for one in PROGRAMS:
            there = (not one.needs or config.get(one.needs)) and shutil.which(one.argv[0])
            if there and _piped(one.command, one.mark + text.encode(one.encoding, "replace")):
                return f"Copied {len(text)} characters with {one.argv[0]}."
    if not config.get("TMUX"):
        return None
    data = text.encode(errors="replace")
    # As tmux comes, it takes no clipboard from the programs in it (set-clipboard external), but from its own command.
    if _piped(("tmux", "load-buffer", "-w", "-"), data):
        return f"Asked the terminal, through tmux, to copy {len(text)} characters. {IN_TMUX}"
    _piped(("tmux", "load-buffer", "-"), data)  # before 3.2 there is no -w, and what passes tmux needs no leave
    return None


def _piped(argv: tuple[str, ...], data: bytes) -> bool:
    """Whether the program took it. It may stay to serve the clipboard, so it is no part of our terminal's session."""
    try:
        done = subprocess.run(
            argv,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
