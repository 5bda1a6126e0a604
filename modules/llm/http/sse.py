"""Server-sent events: bytes as they come from the network, JSON values as they come out.

The SDKs' typed streams build a pydantic object per delta, lose events without an `event:` line and end a cut stream
without a word. So the SDKs send the request and read the status; the body is read here, for all of them alike.
"""

import json
from typing import Any

import msgspec

from modules.errors import ProtocolError

MAX_EVENT = 8 * 1024 * 1024
DEEPEST = 200  # levels of an event: whatever it becomes part of is walked through by every reader and writer
TOO_LARGE = "A single event of the answer grew past 8 MB."
MAX_BODY = 32 * 1024 * 1024
BODY_TOO_LARGE, ASK_FOR_LESS = "The answer grew past 32 MB.", "Ask for less at once, or use another model."
DONE = b"[DONE]"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TYPED = b'\ndata: {"type":'
NEWLINE = ord("\n")

decode_fast = msgspec.json.Decoder().decode
NOT_DECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what it raises


class Named(bytes):
    """The data of an event that had an `event:` line."""

    name = ""


class SseParser:
    """Bytes in, the data of each finished event out. Any line ends; comments and retry hints are skipped.

    `close` gives what had no end.
    """

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._size = 0
        self._total = 0
        self._after_return = False
        self._mark = BYTE_ORDER_MARK

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of every event that this chunk completes.

        Raises ProtocolError where an event or the body grows past what any answer needs.
        """
        self._total += len(chunk)
        if self._total > MAX_BODY:
            raise ProtocolError(BODY_TOO_LARGE, cure=ASK_FOR_LESS)
        if self._after_return or b"\r" in chunk:
            chunk = self._unix_lines(chunk)
        if not chunk:
            return []
        pending = self._pending
        # A blank line ends an event; it may lie across two chunks. Until then nothing is joined or looked at again.
        ended = b"\n\n" in chunk or (chunk[0] == NEWLINE and bool(pending) and pending[-1][-1] == NEWLINE)
        pending.append(chunk)
        self._size += len(chunk)
        if not ended:
            if self._size > MAX_EVENT:
                raise ProtocolError(TOO_LARGE, cure="Use another model.")
            return []
        text = b"".join(pending)
        if self._mark:
            text, self._mark = text.removeprefix(self._mark), b""
        *events, rest = text.split(b"\n\n")
        self._pending, self._size = [rest] if rest else [], len(rest)
        return [data for event in events if (data := data_of(event))]

    def close(self) -> list[bytes]:
        """The body has ended: what is left of it, which may be half an event."""
        rest, self._pending = b"".join(self._pending).strip(), []
        return [data] if rest and (data := data_of(rest)) else []

    def _unix_lines(self, chunk: bytes) -> bytes:
        # A return at the end of a chunk is a line end already; a line feed that follows belongs to it.
        if not chunk:
            return chunk
        if self._after_return and chunk[0] == NEWLINE:
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def data_of(event: bytes) -> bytes:
    """The data of one event, from its lines; b"" where it has none."""
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    # The way of nearly every event of two dialects: a name says nothing new where the data begins with its type.
    if event.count(b"\n") == 1 and (at := event.find(TYPED)) > 0 and not event.startswith(b"event: error"):
        return event[at + 7 :]
    name, lines = b"", []
    for line in event.split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            name = line[6:]
        elif line.startswith(b"error:"):  # llama-server before 2026, and what was built on it
            name, lines = b"error", [*lines, line[6:].lstrip()]
        elif line[:1] in (b"{", b"["):  # some servers forget the word
            lines.append(line)
    data = lines[0] if len(lines) == 1 else b"\n".join(lines)
    if name and data:
        data = Named(data)
        data.name = name.strip().decode(errors="replace")
    return data


def values(data: bytes) -> list[Any]:
    """The JSON values of one event: one as a rule; several where a server forgot to keep its events apart.

    Raises ProtocolError for what is not JSON.
    """
    try:
        return [decode(data)]
    except ProtocolError:
        if len(lines := data.split(b"\n")) < 2:
            raise
        return [decode(line) for line in lines if line.strip() not in (b"", DONE)]


def is_json(data: bytes) -> bool:
    """Whether these bytes are one JSON value, or begin like a field of an event."""
    if data.startswith((b"data:", b"event:")):
        return True
    try:
        decode(data)
    except ProtocolError:
        return False
    return True


def decode(data: bytes) -> Any:
    """The JSON value of one event.

    A half of a surrogate pair is legal in JSON and arrives when a server cuts an emoji between two deltas; the fast
    decoder refuses it, the standard one keeps it. Raises ProtocolError for what is not JSON.
    """
    try:
        value = decode_fast(data)
    except NOT_DECODED:
        value = _decoded_slowly(data)
    if len(data) > 2 * DEEPEST and data.count(b"{") + data.count(b"[") > DEEPEST and _is_deep(value):
        raise ProtocolError("The stream holds something that is nested too deeply.", cure="Ask again.")
    return value


def _decoded_slowly(data: bytes) -> Any:
    try:
        return json.loads(data, parse_constant=lambda name: None)
    except (ValueError, RecursionError) as error:
        words = " ".join(data[:300].decode(errors="replace").split())
        raise ProtocolError(f'The stream holds something that is not JSON: "{words}".', cure="Ask again.") from error


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        inner = (item for one in level for item in (one.values() if isinstance(one, dict) else one))
        level = [item for item in inner if isinstance(item, dict | list)]
    return bool(level)
