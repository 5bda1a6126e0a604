"""What a login has left: a private file with the tokens, for one URL and no other."""

import os
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modules.config import private_file
from modules.own_files import read_bytes

EARLY_SECONDS = 30.0  # before its end from which on a token is renewed


class Kept(Struct, frozen=True):
    """`tokens`, `client`, `server` and `resource` are as the SDK writes them; `expires` is a time, 0 for never."""

    url: str = ""
    tokens: dict[str, Any] = {}
    expires: float = 0.0
    client: dict[str, Any] = {}
    server: dict[str, Any] = {}
    resource: dict[str, Any] = {}


class LoginFile:
    """The file of one server."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def holds(self, url: str) -> bool:
        """Whether there was a login for this URL: tokens go to no other."""
        return bool(self.read(url).tokens)

    def read(self, url: str) -> Kept:
        """What is kept for this URL; nothing where there is none, or none that can be read."""
        try:
            kept = msgspec.json.decode(read_bytes(self._path), type=Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Kept(url)
        return kept if kept.url == url else Kept(url)

    def renew(self, url: str, tokens: dict[str, Any]) -> None:
        """Keep other tokens, from now on."""
        lasting = tokens.get("expires_in")
        expires = time.time() + lasting - EARLY_SECONDS if isinstance(lasting, int) else 0.0
        self.write(replace(self.read(url), tokens=tokens, expires=expires))

    def write(self, kept: Kept) -> None:
        """Write the file whole or not at all. Raises OSError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_suffix(f".{os.getpid()}.new")
        with open(temporary, "wb", opener=private_file) as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept), indent=1))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def remove(self) -> bool:
        """Forget the login; whether there was one."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True
