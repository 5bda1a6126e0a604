"""Lines that begin with `!`: a command for the shell, which the person typed; with `!!` its output is attached."""

import re

from msgspec import Struct

# A letter or digit has to be in it, and "!=" or "!!!" before a word is no command but a way to write.
_LINE = re.compile(r"(!{1,2})(?![!=])\s*(.*\w.*)")
_ALONE = re.compile(r"!{1,2}\s*")


class ShellLine(Struct, frozen=True):
    """A command as it was typed, "" where there is none; its output is `kept` for the next message, or not."""

    command: str
    kept: bool


def parse_shell(line: str) -> ShellLine | None:
    """The command in a line; None for a message, such as one of several lines, or with a blank before the `!`."""
    line = line.rstrip()
    if _ALONE.fullmatch(line):
        return ShellLine("", line == "!!")
    found = _LINE.fullmatch(line)
    return ShellLine(found[2], found[1] == "!!") if found else None


def begins_as_one(text: str) -> bool:
    """Whether the first of several lines would be a command if it stood alone."""
    first, _, rest = text.strip("\n").partition("\n")
    return bool(rest) and _LINE.fullmatch(first.rstrip()) is not None
