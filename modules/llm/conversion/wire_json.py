"""JSON values on their way out: encoded once, or copied, so that nobody can change what is kept."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

_CAN_CHANGE = frozenset({dict, list, tuple})


class Encoded(Protocol):
    """JSON that is made when it is wanted; `size` is the number of its bytes."""

    size: int

    @property
    def text(self) -> bytes: ...


class WireList:
    """Wire messages that stand in a request's body, encoded already; nobody can reach into them.

    Each of the pieces holds one or more, with commas between them.
    """

    def __init__(self, pieces: Sequence[bytes | Encoded]) -> None:
        self._pieces = pieces

    @property
    def size(self) -> int:
        """How many bytes the list has, its brackets included."""
        commas = max(0, len(self._pieces) - 1)
        return 2 + commas + sum(len(one) if isinstance(one, bytes) else one.size for one in self._pieces)

    def texts(self) -> Iterator[bytes]:
        """The JSON of the list, piece by piece."""
        before = b"["
        for one in self._pieces:
            yield before + (one if isinstance(one, bytes) else one.text)
            before = b","
        yield b"]" if self._pieces else b"[]"

    @staticmethod
    def opened(value: Any) -> Any:
        """The messages, for the encoder."""
        if isinstance(value, WireList):
            return msgspec.Raw(b"".join(value.texts()))
        raise TypeError(f"no JSON: {type(value).__name__}")


_encode = msgspec.json.Encoder(enc_hook=WireList.opened).encode


class WireBody:
    """The JSON of a request's body: `size` bytes, made in pieces that are small, for as often as it is sent."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._parts: list[bytes | WireList] = []
        text = b"{"
        for at, (name, value) in enumerate(body.items()):
            text += (b"," if at else b"") + encoded(name) + b":"
            if isinstance(value, WireList):
                self._parts += [text, value]
                text = b""
            else:
                text += encoded(value)
        self._parts.append(text + b"}")
        self.size = sum(len(one) if isinstance(one, bytes) else one.size for one in self._parts)

    @property
    def text(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        for one in self._parts:
            if isinstance(one, bytes):
                yield one
            else:
                yield from one.texts()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, for an HTTP client: each is made when the one before it has gone out."""
        for piece in self._pieces():
            yield piece


def encoded(value: Any) -> bytes:
    """The value as JSON."""
    try:
        return _encode(value)
    except UnicodeEncodeError:  # half a character, in what a provider said; the standard encoder escapes it
        return json.dumps(value, separators=(",", ":")).encode()


def decoded(text: bytes) -> Any:
    """The value of this JSON, new at each call."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # an escaped half of a character, or a number beyond what a float holds
        return json.loads(text)


def copied(value: Any) -> Any:
    """The same JSON value, sharing nothing that can be changed."""
    if isinstance(value, dict):
        return {key: copied(inner) if type(inner) in _CAN_CHANGE else inner for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [copied(inner) if type(inner) in _CAN_CHANGE else inner for inner in value]
    return value
