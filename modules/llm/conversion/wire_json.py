"""JSON values on their way out: encoded once, or copied, so that nobody can change what is kept."""

import json
from collections.abc import Callable
from typing import Any

import msgspec

_CAN_CHANGE = frozenset({dict, list, tuple})


class WireList:
    """Wire messages that stand in a request's body until that is encoded; nobody can reach into them before."""

    def __init__(self, wires: Callable[[], list[Any]]) -> None:
        self._wires = wires

    @staticmethod
    def opened(value: Any) -> Any:
        """The messages, for the encoder."""
        if isinstance(value, WireList):
            return value._wires()
        raise TypeError(f"no JSON: {type(value).__name__}")


_encode = msgspec.json.Encoder(enc_hook=WireList.opened).encode


def encoded(value: Any) -> bytes:
    """The value as JSON."""
    try:
        return _encode(value)
    except UnicodeEncodeError:  # half a character, in what a provider said; the standard encoder escapes it
        return json.dumps(value, separators=(",", ":"), default=WireList.opened).encode()


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
