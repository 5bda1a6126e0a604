"""Installed packages that bring something of their own, found by the entry points that they declare.

Looking through all packages takes some ten milliseconds, so what was found is kept in one small file, for as long as
the folders that packages are installed in have not changed. See packaging.python.org, "Entry points specification".
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from modules.config import ROOT, VERSION
from modules.own_files import keep_found, read_bytes

Group = Literal["commands", "tools", "providers", "themes"]
GROUPS: tuple[Group, ...] = get_args(Group)
PREFIX = "parlance."  # of the names of the groups


class Plugin(Struct, frozen=True):
    """One thing that a package brings. `value` is where it stands, as in "package.module:name"."""

    group: Group
    name: str
    value: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


class _Found(Struct, frozen=True):
    stamp: str
    plugins: tuple[Plugin, ...]


class Plugins:
    """The plugins of this installation; `file` is where they are remembered."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._plugins: tuple[Plugin, ...] | None = None

    def all(self) -> tuple[Plugin, ...]:
        """Every one of them, by group, package and name."""
        if self._plugins is None:
            folders = _folders()
            stamp = f"{VERSION} {sys.version_info[:2]} " + " ".join(map(_stamp, folders))
            known = self._known()
            if known is None or known.stamp != stamp:
                known = _Found(stamp, _search(folders))
                self._keep(known)
            self._plugins = known.plugins
        return self._plugins

    def of(self, group: Group) -> tuple[Plugin, ...]:
        """Those of one group."""
        return tuple(one for one in self.all() if one.group == group)

    def _known(self) -> _Found | None:
        try:
            return msgspec.json.decode(read_bytes(self._file), type=_Found)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None

    def _keep(self, found: _Found) -> None:
        keep_found(self._file, msgspec.json.encode(found))


def _folders() -> list[str]:
    """Where packages are installed: the way of imports, but for Python's own library and this checkout."""
    standard = os.path.dirname(os.__file__)
    own = {os.path.realpath(path) for path in (ROOT, standard, os.path.join(standard, "lib-dynload"))}
    return [path for path in dict.fromkeys(sys.path) if os.path.isabs(path) and os.path.realpath(path) not in own]


def _stamp(folder: str) -> str:
    """What changes when a package is installed into the folder, or taken out of it."""
    try:
        about = os.stat(folder)
    except OSError:
        return f"{folder} -"
    return f"{folder} {about.st_mtime_ns}"


def _search(folders: list[str]) -> tuple[Plugin, ...]:
    from importlib.metadata import distributions  # only where something has changed

    found: dict[tuple[str, str, str], Plugin] = {}
    for one in distributions(path=folders):
        with suppress(Exception):  # another package's files, damaged in whatever way
            package, version = str(one.metadata["Name"]), one.version
            for entry in one.entry_points:
                group = entry.group.removeprefix(PREFIX)
                if entry.group.startswith(PREFIX) and group in GROUPS:
                    plugin = Plugin(group, entry.name, entry.value, package, version)
                    found.setdefault((group, package, entry.name), plugin)  # the first on the way is the one imported
    return tuple(found[key] for key in sorted(found))
