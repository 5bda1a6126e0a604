"""What the program does beside talking, `parlance NAME ...`: the names, what each is for, and where it is."""

import importlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from modules.config import PACKAGE, Config

Run = Callable[[Sequence[str], Config], int]  # the words behind the name, to the exit code


class Subcommand(NamedTuple):
    """`module` has a function `run`; it stands in the folder `subcommands`, and is loaded when it is used."""

    module: str
    summary: str


SUBCOMMANDS = {
    "sessions": Subcommand("sessions", "lists the conversations"),
    "search": Subcommand("search", "finds what was said"),
    "show": Subcommand("show", "prints a conversation"),
    "import": Subcommand("import_", "takes conversations of other programs"),
    "usage": Subcommand("usage", "sums up what they took"),
    "keys": Subcommand("keys", "lists the API keys, and where each comes from"),
    "plugins": Subcommand("plugins", "lists what installed packages bring"),
    "completion": Subcommand("completion", "prints what Tab completes, for bash, zsh, fish or PowerShell"),
    "doctor": Subcommand("doctor", "says what is missing or wrong, and how to mend it"),
}


def find(words: Sequence[str]) -> Run | None:
    """What runs a command line that begins with the name of a subcommand; None for any other."""
    if not words or words[0] not in SUBCOMMANDS:
        return None
    run: Run = importlib.import_module(f"{PACKAGE}.chat.subcommands.{SUBCOMMANDS[words[0]].module}").run
    return run
