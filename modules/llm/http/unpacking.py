"""What a server packs although it was asked not to: unpacked here in small pieces, since the libraries unfold
whatever came in one go, a thousand times its size. And of an error's body, no more than anybody reads.
"""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType
from typing import Any

from modules.errors import ProtocolError

PIECE_BYTES = 64 * 1024
LONGEST_ERROR_BYTES = 1024 * 1024
WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
CURE = "Ask again."


def bounded(http: ModuleType) -> Callable[[Any], Awaitable[None]]:
    """A response hook for a client of `http`. Raises ProtocolError for a body that nobody here can unpack."""
    # A library takes only streams of its own kind.
    kind = type("Unpacked", (Unpacked, http.AsyncByteStream), {})

    async def look(response: Any) -> None:
        packed = response.headers.get("content-encoding", "identity").strip().lower() or "identity"
        failed = response.status_code >= 300
        known = packed == "identity" or packed in WINDOWS
        if not known and not failed:
            await response.aclose()
            raise ProtocolError(f'The answer came packed as "{packed[:40]}", which was not asked for.', cure=CURE)
        if packed != "identity" or failed:
            response.headers.pop("content-encoding", None)
            most = None if not failed else LONGEST_ERROR_BYTES if known else 0  # the status of a failure says enough
            response.stream = kind(response.stream, WINDOWS.get(packed), most)

    return look


class Unpacked:
    """A body in pieces of PIECE_BYTES bytes at most, unpacked with this window; it ends after `most` bytes."""

    def __init__(self, body: Any, window: int | None, most: int | None) -> None:
        self._body = body
        self._window = window
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._most == 0:
            return
        size = 0
        async for piece in self._body if self._window is None else self._unpacked(self._window):
            yield piece
            size += len(piece)
            if self._most is not None and size >= self._most:
                return

    async def aclose(self) -> None:
        await self._body.aclose()

    async def _unpacked(self, window: int) -> AsyncIterator[bytes]:
        unpacker = zlib.decompressobj(window)
        first = True
        async for packed in self._body:
            while packed:
                try:
                    piece = unpacker.decompress(packed, PIECE_BYTES)
                except zlib.error as error:
                    if not first or window != WINDOWS["deflate"]:
                        raise ProtocolError("The answer came packed, and damaged.", cure=CURE) from error
                    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # "deflate" is sent with and without its frame
                    first = False
                    continue
                first = False
                packed = unpacker.unconsumed_tail
                if piece:
                    yield piece
