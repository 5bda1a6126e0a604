"""Server-sent events: bytes as they come from the network, JSON values as they come out.

The SDKs' typed streams build a pydantic object per delta, lose events without an `event:` line and end a cut stream
without a word. So the SDKs send the request and read the status; the body is read here, for all of them alike.
"""

import json
from typing import Any

import msgspec

from modules.errors import ProtocolError

MAX_EVENT = 8 * 1024 * 1024
MAX_BODY = 32 * 1024 * 1024
DONE = b"[DONE]"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEWLINE = ord("\n")

_decode = msgspec.json.Decoder().decode


class SseParser:
    """Bytes in, the data of each finished event out. Any line ends; comments, names and retry hints are skipped."""

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
            raise ProtocolError("The answer grew past 32 MB.", cure="Ask for less at once, or use another model.")
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
                raise ProtocolError("A single event of the answer grew past 8 MB.", cure="Use another model.")
            return []
        text = b"".join(pending)
        if self._mark:
            text, self._mark = text.removeprefix(self._mark), b""
        *events, rest = text.split(b"\n\n")
        self._pending, self._size = [rest] if rest else [], len(rest)
        return [data for event in events if (data := _data(event))]

    def _unix_lines(self, chunk: bytes) -> bytes:
        # A return at the end of a chunk is a line end already; a line feed that follows belongs to it.
        if not chunk:
            return chunk
        if self._after_return and chunk[0] == NEWLINE:
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _data(event: bytes) -> bytes:
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return lines[0] if len(lines) == 1 else b"\n".join(lines)


def decode(data: bytes) -> Any:
    """The JSON value of one event.

    A half of a surrogate pair is legal in JSON and arrives when a server cuts an emoji between two deltas; the fast
    decoder refuses it, the standard one keeps it. Raises ProtocolError for what is not JSON.
    """
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("The stream holds something that is not JSON.", cure="/retry asks again.") from error


class Surrogates:
    """Joins the halves of characters that were cut between two deltas; a half that stays alone becomes U+FFFD.

    `lossy` tells whether one did, or will.
    """

    def __init__(self) -> None:
        self._held = ""
        self._lost = False

    @property
    def lossy(self) -> bool:
        return self._lost or bool(self._held)

    def join(self, text: str) -> str:
        if not self._held and text.isascii():
            return text
        text, self._held = self._held + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        mended = whole(text)
        self._lost = self._lost or mended.count("\ufffd") != text.count("\ufffd")
        return mended


def whole(text: str) -> str:
    """The text with surrogate pairs joined and lone halves replaced: what can be sent, stored and printed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def whole_json(value: Any) -> Any:
    """A JSON value, `whole` throughout."""
    match value:
        case str():
            return whole(value)
        case list():
            return [whole_json(item) for item in value]
        case dict():
            return {whole(key): whole_json(item) for key, item in value.items()}
        case _:
            return value
