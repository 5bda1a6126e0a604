"""Which troubles of servers the person has seen: each is shown once, and again when the entry has changed or worked."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from modules.mcp.configuration.server_config import ServerConfig
from modules.mcp.server import Server
from modules.own_files import keep_found, read_bytes

MOST = 500  # troubles that are remembered


class ReportedTroubles:
    """A private file of digests. Without a path, where nobody sees more than this one run, everything is new."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._digests = self._read()

    def of_file(self, file: Path, troubles: Iterable[str]) -> list[str]:
        """Those of these troubles with the file, as it is now, that the person has not seen yet."""
        try:
            held = read_bytes(file)
        except OSError:
            held = b""
        return [text for text in troubles if self._is_new(held + text.encode(errors="replace"))]

    def of_servers(self, servers: Iterable[Server], cure: Callable[[Server], str]) -> Iterator[str]:
        """The troubles of servers that the person has not seen yet, with their cures; they count as seen then."""
        for server in servers:
            texts, server.unsaid = server.unsaid, []
            for text in texts:
                if self._is_new(_about(server.entry)):
                    yield f"{text} {cure(server)}".rstrip()

    def forget(self, entry: ServerConfig) -> None:
        """It works: should it fail again, that is news."""
        if self._digests.pop(_digest(_about(entry)), None):
            self._write()

    def _is_new(self, about: bytes) -> bool:
        digest = _digest(about)
        if self._path is None or digest not in self._digests:
            self._digests[digest] = True
            self._write()
            return True
        return False

    def _read(self) -> dict[str, bool]:
        if self._path is not None:
            with suppress(OSError, msgspec.DecodeError):
                return dict.fromkeys(msgspec.json.decode(read_bytes(self._path), type=list[str]), True)
        return {}

    def _write(self) -> None:
        if self._path is not None:  # what cannot be written is shown once more
            keep_found(self._path, msgspec.json.encode(list(self._digests)[-MOST:]))


def _about(entry: ServerConfig) -> bytes:
    return msgspec.json.encode(entry)


def _digest(about: bytes) -> str:
    return hashlib.sha256(about).hexdigest()
