"""The clipboard: through the desktop's own program where there is a desktop, else through the terminal."""

import shutil
import subprocess

from modules.chat.command import ChatContext
from modules.errors import UsageError

# The variable that says the desktop is there ("" for none needed), and the program that takes text on standard input.
PROGRAMS = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--input", "--clipboard")),
    ("", ("pbcopy",)),
    ("", ("clip.exe",)),
)


def copy_text(chat: ChatContext, text: str) -> str:
    """Copy, and say which way it went. Raises UsageError where there is no way.

    Over SSH the desktop's programs would fill the wrong clipboard, so there only the terminal is asked.
    """
    if not chat.config.get("SSH_TTY"):
        for variable, argv in PROGRAMS:
            if (not variable or chat.config.get(variable)) and shutil.which(argv[0]) and _piped(argv, text):
                return f"with {argv[0]}"
    if chat.screen.to_clipboard(text):
        return "through the terminal"
    raise UsageError(
        "There is no way to the clipboard here.", cure="Install wl-copy, xclip or xsel, or use a terminal with OSC 52."
    )


def _piped(argv: tuple[str, ...], text: str) -> bool:
    try:
        done = subprocess.run(
            argv, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=3, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
