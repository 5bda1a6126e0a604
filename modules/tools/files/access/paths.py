"""From a path that a model gave to the one place it means, and why a person should be asked about it."""

import errno
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from modules.errors import ToolFailed
from modules.tools.files.access.secret_names import is_secret
from modules.tools.tool import Plan, ToolContext

WHEN_READING = "outside this folder, and for secrets"  # what `plan_to_read` comes to, for the list of tools

# The kernel's view of running programs: their memory, their environment, other ways to every file.
_KERNEL = (Path("/proc"), Path("/sys"), Path("/dev"))

LOST = "\ufffd"
# What `ascii` writes for letters that are not to be printed.
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|[nrt\\'])")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'"}


class Place(Struct, frozen=True):
    """Where a path leads. `real` is absolute and has no link in it; only this is opened.

    `shown` is the same for people and models: inside the working folder it is relative to that. `reasons` say what is
    unusual about it, in words that go on from "reads NAME, "; none of them inside the working folder. A `sensitive`
    place is one that no permission for a tool as a whole is meant to cover.
    """

    real: Path
    shown: str
    reasons: tuple[str, ...] = ()
    outside: bool = False
    sensitive: bool = False

    def asks(self, verb: str) -> str:
        """The question about this place, such as "reads /etc/hosts, outside the working folder"."""
        return f"{verb} {', '.join((self.shown, *self.reasons))}"


def place_of(path: str, context: ToolContext) -> Place:
    """Follow a path as the system would, links and all, from the working folder. Nothing needs to be there.

    Raises ToolFailed for a path that cannot be one.
    """
    if os.name == "nt":  # it can neither open a file from an open folder nor refuse to follow a link
        raise ToolFailed("The tools for files do not work on Windows.")
    if not path.strip() or "\0" in path:
        raise ToolFailed(f"{path!r} is not a path.")
    try:
        given = Path(as_named(_from_home(path, context), context.folder))
        real = Path(os.path.realpath(context.folder / given))
        folder = Path(os.path.realpath(context.folder))
        guarded = any(_holds(one, real) for one in context.guarded)
    except (OSError, ValueError) as error:
        raise ToolFailed(f"{path!r} cannot be followed: {said(error)}.") from error
    outside = not real.is_relative_to(folder)
    shown = str(real) if outside else str(real.relative_to(folder))
    secret = is_secret(given.parts[-1:]) or is_secret(real.parts if outside else real.relative_to(folder).parts)
    kernel = any(real.is_relative_to(one) for one in _KERNEL)
    reasons = {
        "outside the working folder": outside,
        f'which "{path}" leads to': outside and Path(os.path.abspath(context.folder / given)) != real,
        "where secrets may be": secret or kernel,
        "among the files of this program": guarded,
    }
    unusual = tuple(reason for reason, holds in reasons.items() if holds)
    return Place(real, printable(shown), unusual, outside, secret or kernel or guarded)


def plan_to_read(place: Place, do: Callable[[ToolContext], Awaitable[Any]]) -> Plan:
    """The plan to read a place, which asks where anything is unusual about it."""
    asks = place.asks("reads") if place.reasons else ""
    return Plan(do, asks, line=str(place.real) if place.sensitive else "", apart=place.sensitive)


def printable(path: str) -> str:
    """The path on one line, whatever is in it."""
    return path if path.isprintable() else ascii(path)


def as_named(path: str, folder: Path) -> str:
    """The path that is meant: one that is there, or else one that is there when what `printable` wrote is read back.

    A name that is not UTF-8 comes back from a model as it was shown, with or without the quotes, or with a mark in
    the place of the letters that JSON could not say.
    """
    if os.path.lexists(folder / path):
        return path
    for meant in (_unescaped(path), _with_its_letters(path, folder)):
        if os.path.lexists(folder / meant):
            return meant
    meant = _unescaped(path)  # of a file that is still to be made, the folder may have such a name
    there = [os.path.lexists((folder / one).parent) for one in (path, meant)]
    return meant if there == [False, True] else path


def _unescaped(path: str) -> str:
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        path = path[1:-1]
    return _ESCAPE.sub(lambda found: chr(int(found[1][1:], 16)) if found[1][1:] else _PLAIN[found[1]], path)


def _with_its_letters(path: str, folder: Path) -> str:
    """The one name in that folder that a mark stands for a part of; the path itself where there is none, or two."""
    above, _, name = path.rpartition("/")
    if LOST not in name:
        return path
    try:
        names = os.listdir(folder / above)
    except OSError:
        return path
    fit = [one for one in names if not one.isascii() and os.fsencode(one).decode(errors="replace") == name]
    return path[: len(path) - len(name)] + fit[0] if len(fit) == 1 else path


def said(error: OSError | ValueError) -> str:
    """What the system has against a path, for a model."""
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "a part of the path is a link that leads in circles or was put there just now, or is not a folder"
    return (error.strerror or str(error)).lower()


def _from_home(path: str, context: ToolContext) -> str:
    home = context.environment.get("HOME", "")
    return home + path[1:] if home and (path == "~" or path.startswith("~/")) else path


def _holds(folder: Path, real: Path) -> bool:
    """Whether the place is in that folder, by any name: some systems do not tell "A" from "a"."""
    if real.is_relative_to(os.path.realpath(folder)):
        return True
    try:
        that = os.stat(folder)
    except OSError:
        return False
    return any(_same(that, one) for one in (real, *real.parents))


def _same(that: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(that, os.stat(path))
    except OSError:
        return False
