"""JSON from servers on this machine, by the standard library alone: no proxy, no redirect, little time, little data."""

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

Ask = Callable[[str, Any], Any]  # a URL, and what is posted there or None; to what is answered, None for nothing of use
PATIENCE_SECONDS = 1.0  # for the next bytes: what is on this machine answers at once, or is busy
MOST_BYTES = 2_000_000
PIECE = 65_536


class Loopback:
    """Asks for so many seconds in all; after that everything is answered with None."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def ask(self, url: str, body: Any) -> Any:
        """What a server answers in JSON with status 200; None for anything else, or not on this machine."""
        parts = urlsplit(url)
        left = self._end - time.monotonic()
        if parts.scheme != "http" or left <= 0:
            return None
        line = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=min(PATIENCE_SECONDS, left))
        try:
            line.connect()
            if not ip_address(line.sock.getpeername()[0].partition("%")[0]).is_loopback:
                return None
            sent = None if body is None else msgspec.json.encode(body)
            kind = {} if body is None else {"Content-Type": "application/json"}
            line.request("GET" if body is None else "POST", parts.path or "/", sent, kind)
            return self._answer(line)
        except (OSError, HTTPException, ValueError, msgspec.MsgspecError, RecursionError):
            return None
        finally:
            line.close()

    def _answer(self, line: HTTPConnection) -> Any:
        response = line.getresponse()
        if response.status != 200:
            return None
        data = bytearray()
        while piece := response.read1(PIECE):
            data += piece
            if len(data) > MOST_BYTES or time.monotonic() > self._end:
                return None
        return msgspec.json.decode(bytes(data))
