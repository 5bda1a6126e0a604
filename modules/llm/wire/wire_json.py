"""JSON values on their way out: encoded once, or copied, so that nobody can change what is kept."""

import json
from typing import Any

import msgspec
from msgspec import Raw

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_CAN_CHANGE = frozenset({dict, list, tuple})


def encoded(value: Any) -> Raw:
    """The value as JSON; `Raw` values in it go in as they are."""
    try:
        return Raw(_encode(value))
    except UnicodeEncodeError:  # half a character, in what a provider said; the standard encoder escapes it
        return Raw(json.dumps(value, ensure_ascii=True, separators=(",", ":"), default=decoded).encode())


def copied(value: Any) -> Any:
    """The same JSON value, sharing nothing that can be changed."""
    if isinstance(value, dict):
        return {key: copied(inner) if type(inner) in _CAN_CHANGE else inner for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [copied(inner) if type(inner) in _CAN_CHANGE else inner for inner in value]
    return value


def decoded(text: Raw) -> Any:
    """The value again, new at each call."""
    try:
        return _decode(text)
    except msgspec.DecodeError:  # an escaped half of a character, or a number beyond what a float holds
        return json.loads(bytes(text))
