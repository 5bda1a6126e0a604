"""The standard streams as they come: in any encoding, closed, full, or with nobody at the other end."""

import asyncio
import codecs
import contextlib
import io
import os
import sys
import threading
from typing import TextIO

WAIT_SECONDS = 1.0  # of silence after which it is said what is waited for
PIECE_BYTES = 1 << 20
# What stands for a sign of ours where the encoding has none: as wide as it, so that lines and tables stay straight.
ALIKE = str.maketrans("·•…→←↑↓─━│┃✓✗–—‑‘’“”«»×\xa0⏎", "-*.><^v--||+x---''\"\"<>x <")
LIKE = "parlance-alike"


def set_up() -> None:
    """Let every stream take any text, for good: what its encoding lacks is written by another sign, or spelled out.

    A terminal and a pipe get the encoding that was asked for. ASCII that nobody asked for, as of a service manager that
    starts programs with no locale at all (PEP 538), is none: a pipe gets UTF-8 then, which holds the whole answer.
    """
    codecs.register_error(LIKE, _alike)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # started with it closed, as some services do: what goes there goes nowhere
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8", errors="replace"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            unasked = _is_ascii(stream) and stream.errors == "surrogateescape"  # as Python has it without a locale
            if unasked and not at_terminal(stream):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
            else:
                exact = name == "stdout" and not at_terminal(stream)
                stream.reconfigure(errors="backslashreplace" if exact else LIKE)
    if isinstance(sys.stdin, io.TextIOWrapper) and _is_ascii(sys.stdin):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # the same, and more


def at_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at the other end."""
    with contextlib.suppress(ValueError):  # closed
        return stream is not None and stream.isatty()
    return False


def holds_all(stream: TextIO) -> bool:
    """Whether the stream's encoding has every character."""
    return codecs.lookup(stream.encoding or "ascii").name.startswith("utf")


class Diagnostics(io.TextIOBase):
    """Standard error for what is not worth an answer: where nobody takes it, it goes nowhere."""

    def write(self, text: str) -> int:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            let_go(sys.stderr)
        return len(text)

    def fileno(self) -> int:
        return sys.stderr.fileno()


def diagnose(line: str) -> None:
    """A line on standard error, of which no failure comes."""
    Diagnostics().write(f"{line}\n")


def let_go(stream: TextIO) -> None:
    """What could not be written once must not be tried, and complained about, again when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


async def piped_in(most: int) -> bytes:
    """All that comes through standard input, or one byte more than `most`; says so where it has to wait.

    Read in a thread of its own that nobody waits for: Ctrl+C ends the program and not only this. Raises OSError.
    """
    loop = asyncio.get_running_loop()
    whole: asyncio.Future[bytes] = loop.create_future()

    def settle(data: bytes | OSError) -> None:
        if whole.done():
            return
        if isinstance(data, OSError):
            whole.set_exception(data)
        else:
            whole.set_result(data)

    def listen() -> None:
        data: bytes | OSError
        try:
            data = _read_all(sys.stdin.fileno(), most)
        except OSError as error:
            data = error
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(settle, data)

    threading.Thread(target=listen, daemon=True).start()
    await asyncio.wait([whole], timeout=WAIT_SECONDS)
    if not whole.done():
        diagnose("parlance: Reading standard input to its end. </dev/null after the command leaves it out.")
    return await whole


def decoded(data: bytes) -> tuple[str, str]:
    """The text of these bytes, and its encoding where that is not UTF-8, "" where it is. Raises ValueError for none."""
    if b"\0" not in data:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("utf-8-sig"), ""
    from modules.tools.files.encodings import encoding_of  # where nothing else says what it is

    if not (encoding := encoding_of(data, whole=True)):
        raise ValueError("no text")
    asked = "" if b"\0" in data or not isinstance(sys.stdin, io.TextIOWrapper) else sys.stdin.encoding
    for name in filter(None, (asked, encoding)):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return data.decode(name), name
    raise ValueError("no text")


def recovered(text: str) -> str:
    """The text without lone surrogates: bytes of another encoding, which Python keeps so in arguments and keys."""
    try:
        text.encode()
    except UnicodeEncodeError:
        with contextlib.suppress(ValueError):
            return decoded(text.encode("utf-8", "surrogateescape"))[0]
        return text.encode("utf-8", "replace").decode()
    return text


def _read_all(handle: int, most: int) -> bytes:
    pieces: list[bytes] = []
    left = most + 1
    while left > 0 and (piece := os.read(handle, min(left, PIECE_BYTES))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _is_ascii(stream: TextIO) -> bool:
    return codecs.lookup(stream.encoding or "ascii").name == "ascii"


def _alike(error: UnicodeError) -> tuple[str | bytes, int]:
    """Signs like those that the encoding lacks; the others as `backslashreplace` spells them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_sign, error.object[error.start : error.end])), error.end


def _sign(char: str) -> str:
    alike = char.translate(ALIKE)
    return alike if alike != char else char.encode("ascii", "backslashreplace").decode()
