"""What to type at the shell to start this program again: as it was started, and so that it works there."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from modules.config import Config

NAME = "parlance"


def this_program() -> str:
    """The words that start the program that runs."""
    return own_name(sys.argv[0], sys.executable, in_uv=bool(Config().get("UV_RUN_RECURSION_DEPTH")))


def as_started(text: str) -> str:
    """The text with the commands of the doctor as this program was started, so that they work as they stand."""
    return re.sub(rf"\b{NAME} (doctor|plugins)\b", lambda found: f"{this_program()} {found[1]}", text)


def own_name(
    started: str,
    executable: str,
    *,
    in_uv: bool,
    which: Callable[[str], str | None] = shutil.which,
) -> str:
    """The words of a command line; `started` is the path that the program was started by, `executable` the Python.

    `in_uv` is whether "uv run" did so: the PATH is not the one of the person's shell then.
    """
    path = Path(started)
    if path.suffix != ".py":
        if in_uv:
            return f"uv run {path.name}"
        return NAME if path.stem == NAME and _same(which(NAME), started) else shlex.quote(started)
    script = f"-m {path.parent.name}" if path.name == "__main__.py" else shlex.quote(started)
    if in_uv:
        return f"uv run {script}" if script[0] != "-" else f"uv run python {script}"
    python = next((name for name in ("python", "python3") if _same(which(name), executable)), shlex.quote(executable))
    return f"{python} {script}"


def _same(found: str | None, meant: str) -> bool:
    """Whether both are one file in one folder: Pythons of two environments may be links to the same."""
    if not found:
        return False
    one, other = Path(os.path.abspath(found)), Path(os.path.abspath(meant))
    try:
        return one == other or (one.parent.resolve() == other.parent.resolve() and one.resolve() == other.resolve())
    except OSError:
        return False
