"""A line of a .env file, set or taken out: every other line stays as it is, byte for byte."""

import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from modules.errors import ConfigError
from modules.own_files import in_turn, read_bytes, replace_private

if TYPE_CHECKING:
    from dotenv.parser import Binding

MOST_BYTES = 64 * 1024
MARK = "\ufeff"  # with which some editors begin a file
# A line of the common form, with a remark behind its value that can be kept.
LINE = re.compile(
    r"""(?P<before>\s*)(?P<export>(?:export[^\S\r\n]+)?)[\w.]+[^\S\r\n]*=[^\S\r\n]*
    (?:'[^'\r\n]*'|"[^"\r\n]*"|[^\r\n#'"]*?)(?P<remark>(?:[^\S\r\n]+\#[^\r\n]*)?)[^\S\r\n]*(?P<end>\r?\n|\r|)""",
    re.X,
)


def set_in(path: Path, variable: str, value: str) -> None:
    """Let the file say this from now on, for this user alone to read. Raises OSError, ConfigError."""
    _change(path, lambda text: with_value(text, variable, value))


def remove_from(path: Path, variable: str) -> None:
    """Let the file say nothing of it any more. Raises OSError, ConfigError."""
    _change(path, lambda text: without(text, variable))


def _change(path: Path, change: Callable[[str], str]) -> None:
    with in_turn(path):
        _change_alone(path, change)


def _change_alone(path: Path, change: Callable[[str], str]) -> None:
    try:
        before = read_bytes(path, MOST_BYTES).decode()
    except FileNotFoundError:
        before = ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.", cure="Save it as UTF-8.") from error
    try:
        after = change(before)
    except ConfigError as error:
        raise ConfigError(f"{path} stays as it is. {error.message}", cure=error.cure) from error
    if after != before:
        replace_private(path, after.encode())


def with_value(text: str, variable: str, value: str) -> str:
    """The text with this value, where the variable stood last, or else at the end. Raises ConfigError for no .env."""
    mark, pieces = _pieces(text)
    own = [at for at, piece in enumerate(pieces) if piece.key == variable]
    if own:
        lines = [
            _replaced(piece.original.string, variable, value) if at == own[-1] else _blank_before(piece)
            if at in own else piece.original.string
            for at, piece in enumerate(pieces)
        ]  # fmt: skip
        return mark + "".join(lines)
    end = "\r\n" if "\r\n" in text else "\n"
    body = text.removeprefix(MARK)
    between = end if body and not body.endswith(("\n", "\r")) else ""
    return f"{mark}{body}{between}{variable}={value}{end}"


def without(text: str, variable: str) -> str:
    """The text without the lines of this variable. Raises ConfigError for no .env."""
    mark, pieces = _pieces(text)
    return mark + "".join(_blank_before(piece) if piece.key == variable else piece.original.string for piece in pieces)


def _pieces(text: str) -> "tuple[str, list[Binding]]":
    """The mark at the beginning, and what stands between the ends of lines, in pieces that make up the whole text."""
    from dotenv.parser import parse_stream  # only where there is a file to write

    body = text.removeprefix(MARK)
    pieces = list(parse_stream(StringIO(body)))
    if wrong := next((piece for piece in pieces if piece.error), None):
        problem = f"Line {wrong.original.line} of it is not NAME=value."
        raise ConfigError(problem, cure="Look at the quotes, or put # before a remark.")
    return text[: len(text) - len(body)], pieces


def _blank_before(piece: "Binding") -> str:
    """What the parser takes for a part of a line: the blank lines before it."""
    return "".join(_blank_lines(piece.original.string))


def _blank_lines(written: str) -> Iterator[str]:
    for line in written.splitlines(keepends=True):
        if line.strip():
            return
        yield line


def _replaced(written: str, variable: str, value: str) -> str:
    found = LINE.fullmatch(written)
    if found is None:  # a value of several lines
        end = re.search(r"(\r?\n|\r|)\Z", written)
        return f"{''.join(_blank_lines(written))}{variable}={value}{end[1] if end else ''}"
    return f"{found['before']}{found['export']}{variable}={value}{found['remark']}{found['end']}"
