"""What is in the clipboard, read by the desktop's own program: a picture, else text. The terminal is never asked.

A terminal that answers OSC 52 hands the clipboard to whoever asks, so most refuse it or ask the person first.
"""

import base64
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from modules.chat.terminal.whereabouts import is_far
from modules.config import Config
from modules.errors import UsageError

PATIENCE_SECONDS = 5.0  # for one program: the window that holds the clipboard may be gone or busy
MOST_BYTES = 50_000_000  # of a picture; what is sent of it is within picture_limits
# What is asked for, the first that is there. The last is what a Mac or a browser may offer alone.
KINDS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff")
WORDS = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING", "TEXT")

# Windows, also from WSL: base64, for a console changes line ends and letters. GetImage needs a single-threaded
# apartment (learn.microsoft.com, System.Windows.Forms.Clipboard).
_POWERSHELL = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "$i=[Windows.Forms.Clipboard]::GetImage();"
    "if($i){$m=New-Object IO.MemoryStream;$i.Save($m,[Drawing.Imaging.ImageFormat]::Png);"
    "'image '+[Convert]::ToBase64String($m.ToArray())}"
    "else{'text '+[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([Windows.Forms.Clipboard]::GetText()))}"
)
_MAC_PICTURE = ("osascript", "-e", "get the clipboard as «class PNGf»")  # prints «data PNGf8950…»
_HEX = re.compile(rb"PNGf([0-9A-Fa-f]+)")


class Clipboard(Struct, frozen=True):
    """What it holds: `picture` is the bytes of a picture file, `text` is text; both empty where it is empty."""

    picture: bytes = b""
    text: str = ""


class _Failed(Exception):
    """A program did not give what it was asked for, for a reason in words."""


def read_clipboard(config: Config) -> Clipboard:
    """The clipboard of this machine. Raises UsageError where there is no way to it. To be run in a thread."""
    get = config.get
    forwarded = get("DISPLAY").startswith("localhost:")  # X11 forwarding shows the clipboard that the person sees
    if is_far(config) and not forwarded:
        raise UsageError(
            "This runs over SSH, and the clipboard is on the machine that you sit at.",
            cure="Copy the picture here with scp, and /attach it.",
        )
    try:
        for names, there, read in _WAYS:
            if there(config) and all(map(shutil.which, names)):
                return read()
    except _Failed as failed:
        cure = "Copy it again, or save it as a file and /attach that."
        raise UsageError(f"The clipboard cannot be read: {failed}.", cure=cure) from failed
    problem, cure = _missing(config)
    raise UsageError(problem, cure=cure)


def _missing(config: Config) -> tuple[str, str]:
    if config.get("WAYLAND_DISPLAY"):
        return "Reading the clipboard needs wl-paste.", "Install the package wl-clipboard."
    if config.get("DISPLAY"):
        return "Reading the clipboard needs xclip.", "Install the package xclip."
    return "There is no clipboard here: neither Wayland nor X11.", "Save the picture as a file, and /attach it."


def _wayland() -> Clipboard:
    return _by_types(_lines(_output("wl-paste", "--list-types")), lambda kind: ("wl-paste", "--no-newline", "-t", kind))


def _x11() -> Clipboard:
    x = ("xclip", "-selection", "clipboard", "-o", "-t")
    return _by_types(_lines(_output(*x, "TARGETS")), lambda kind: (*x, kind))


def _x11_text() -> Clipboard:
    return Clipboard(text=_words(_output("xsel", "--output", "--clipboard")))


def _by_types(kinds: list[str], command: Callable[[str], tuple[str, ...]]) -> Clipboard:
    for kind in KINDS:
        if kind in kinds:
            return Clipboard(picture=_output(*command(kind)))
    for kind in WORDS:
        if kind in kinds:
            return Clipboard(text=_words(_output(*command(kind))))
    return Clipboard()


def _mac() -> Clipboard:
    if shutil.which("pngpaste"):
        with suppress(_Failed):
            if picture := _output("pngpaste", "-"):
                return Clipboard(picture=picture)
    elif shutil.which("osascript"):
        with suppress(_Failed):
            if found := _HEX.search(_output(*_MAC_PICTURE, most=2 * MOST_BYTES + 100)):
                return Clipboard(picture=bytes.fromhex(found[1].decode("ascii")))
    return Clipboard(text=_words(_output("pbpaste")))


def _windows() -> Clipboard:
    command = ("powershell.exe", "-NoProfile", "-NonInteractive", "-STA", "-Command", _POWERSHELL)
    kind, _, data = _output(*command, most=2 * MOST_BYTES).strip().partition(b" ")
    try:
        whole = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise _Failed("powershell.exe gave something else") from error
    return Clipboard(picture=whole) if kind == b"image" else Clipboard(text=_words(whole))


_WAYS: tuple[tuple[tuple[str, ...], Callable[[Config], object], Callable[[], Clipboard]], ...] = (
    (("wl-paste",), lambda config: config.get("WAYLAND_DISPLAY"), _wayland),
    (("xclip",), lambda config: config.get("DISPLAY"), _x11),
    (("xsel",), lambda config: config.get("DISPLAY"), _x11_text),
    (("pbpaste",), lambda config: True, _mac),
    (("powershell.exe",), lambda config: True, _windows),
)


def _output(*command: str, most: int = MOST_BYTES) -> bytes:
    """What the program writes, in the time and within the size that there is."""
    name = command[0]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise _Failed(f"{name} cannot be started: {error.strerror}") from error
    late = threading.Event()

    def give_up() -> None:
        late.set()
        _end(process)

    timer = threading.Timer(PATIENCE_SECONDS, give_up)
    timer.daemon = True
    timer.start()
    try:
        with process:
            assert process.stdout is not None
            data = process.stdout.read(most + 1)
            if len(data) > most:
                _end(process)
    finally:
        timer.cancel()
        _end(process)
    if late.is_set():
        raise _Failed(f"{name} did not answer within {PATIENCE_SECONDS:g} seconds")
    if len(data) > most:
        raise _Failed(f"it holds more than {most // 1_000_000} MB")
    if process.returncode and not data:
        return b""  # so they say that it is empty, or that it holds nothing of this kind
    return data


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        if process.returncode is None:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


def _lines(data: bytes) -> list[str]:
    return data.decode(errors="replace").split("\n")


def _words(data: bytes) -> str:
    return data.decode(errors="replace").replace("\r\n", "\n")
