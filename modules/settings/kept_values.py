"""settings.toml as the parser gave it last time: a start loads no parser of TOML until the file has changed."""

import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from modules.own_files import keep_found, read_bytes

# A file may be changed twice within one tick of the clock that its stamp is taken from, and look the same after both:
# one that is younger than this is parsed again (git calls such an entry of its index racy).
YOUNG_NS = 2_000_000_000

Stamp = tuple[int, ...]  # as own_files.stamp gives it: when it was written comes first, when it was changed last


class _Kept(Struct, frozen=True):
    file: str
    stamp: Stamp
    values: dict[str, Any]


def kept_values(keeper: Path, file: Path, stamp: Stamp) -> dict[str, Any] | None:
    """What that version of the file says; None where it has to be parsed."""
    try:
        kept = msgspec.msgpack.decode(read_bytes(keeper), type=_Kept)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return kept.values if (kept.file, kept.stamp) == (str(file), stamp) else None


def keep_values(keeper: Path, file: Path, stamp: Stamp, values: dict[str, Any]) -> None:
    """Keep what this version of the file says for the next start; what cannot be kept is parsed again."""
    if not stamp or time.time_ns() - max(stamp[0], stamp[-1]) < YOUNG_NS:
        return
    try:
        data = msgspec.msgpack.encode(_Kept(str(file), stamp, values))
    except (OverflowError, TypeError, UnicodeEncodeError, RecursionError):
        return
    keep_found(keeper, data)
