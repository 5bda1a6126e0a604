"""Lines of JSON: bytes as they come from the network, one JSON value a line as they come out (ndjson.org)."""

import re

from modules.errors import ProtocolError
from modules.llm.http import sse

# What a server says of such a body: Ollama the first, Spring and others one of the rest.
DECLARED = re.compile(r"ndjson|jsonl|json-lines|stream\+json", re.I)


class JsonLines:
    """Bytes in, each finished line out, blank lines and pings apart. A value over many lines is given by `close`."""

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._size = 0
        self._total = 0
        self._begun = False  # a line was a value by itself
        self._one_value = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes.

        Raises ProtocolError where a line or the body grows past what any answer needs.
        """
        self._total += len(chunk)
        self._size += len(chunk)
        if self._total > sse.MAX_BODY:
            raise ProtocolError(sse.BODY_TOO_LARGE, cure=sse.ASK_FOR_LESS)
        if self._size > sse.MAX_EVENT:
            raise ProtocolError(sse.TOO_LARGE, cure="Use another model.")
        self._pending.append(chunk)
        if b"\n" not in chunk or self._one_value:
            return []
        whole, _, rest = b"".join(self._pending).rpartition(b"\n")
        lines = [line for piece in whole.split(b"\n") if (line := _stripped(piece))]
        if lines and not self._begun:
            self._begun = sse.is_json(lines[0])
            self._one_value = not self._begun
        if self._one_value:
            return []
        self._pending, self._size = [rest] if rest else [], len(rest)
        return [data for line in lines if (data := sse.data_of(line))]

    def close(self) -> list[bytes]:
        """The body has ended: what is left of it, which may be half a line."""
        rest, self._pending = _stripped(b"".join(self._pending)), []
        return [b"\n".join(rest.splitlines())] if rest else []  # JSON takes returns as it takes line feeds


def _stripped(piece: bytes) -> bytes:
    """A line without the mark of its encoding, and without what stands around it; b"" for a ping."""
    line = piece.strip().removeprefix(sse.BYTE_ORDER_MARK)
    return b"" if line[:1] == b":" else line
