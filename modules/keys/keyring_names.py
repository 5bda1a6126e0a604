"""Which keys were put into the system's keyring, by their variables: known without asking it, which takes a while."""

import time
from collections.abc import Mapping
from pathlib import Path

from modules.own_files import in_turn, read_bytes, replace_private, stamp

FILE = "keyring.json"
MOST_BYTES = 64 * 1024


class KeyringNames:
    """A small file of names, each with when its key was put there, in nanoseconds; no key is in it.

    It is read again when another run has changed it. One that cannot be read names none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._names: Mapping[str, int] = {}

    def all(self) -> Mapping[str, int]:
        """Each variable, with when its key was put into the keyring."""
        if (now := stamp(self._path)) != self._stamp:
            self._stamp, self._names = now, self._read() if now else {}
        return self._names

    def add(self, variable: str) -> None:
        """Raises OSError."""
        with in_turn(self._path):
            self._write({**self.all(), variable: time.time_ns()})

    def remove(self, variable: str) -> None:
        """Raises OSError."""
        with in_turn(self._path):
            self._write({name: when for name, when in self.all().items() if name != variable})

    def _read(self) -> Mapping[str, int]:
        import json  # where there is a file

        try:
            found = json.loads(read_bytes(self._path, MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        pairs = found.items() if isinstance(found, dict) else ()
        return {name: when for name, when in pairs if type(when) is int}

    def _write(self, names: Mapping[str, int]) -> None:
        import json

        replace_private(self._path, json.dumps(names, indent=1).encode() + b"\n")
