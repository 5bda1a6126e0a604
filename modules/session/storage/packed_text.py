"""The forms in which a JSON text stands in a column: as it is, or compressed against what it repeats.

The first byte says which. JSON begins with none of these numbers, so a text without one is as it was written, by this
release or an earlier one. A form is read for good; what is written in another way gets another number.

Form 1: the number, the CRC-32 of the text in four bytes, and the text as raw deflate. Its dictionary is the last
`WINDOW` bytes of FRAME_1 and whatever texts the column's documentation names. A dictionary that is not the one it was
written with gives no text at all: the sum is wrong.
"""

import zlib

from modules.session.storage.frame_words import FRAME_1

PACKED = 1
WINDOW = 32_000  # of the 32,768 bytes that deflate looks back, in the case of other libraries a little less
LEVEL = 3  # the sixth takes a third longer and saves two percent
REPEATING = 1  # the level where nearly all of the text stands in its dictionary
RAW = -15  # no header: the form's own sum is checked
SUM = slice(1, 5)
AFTER = 5


_newest: dict[bytes, bytes] = {}  # texts just packed: what follows a message is packed against it at once
NEWEST = 8


def packed(text: bytes, *repeated: bytes) -> bytes:
    """The text in form 1; `repeated` are texts that it has much in common with, which are needed to read it."""
    compress = zlib.compressobj(REPEATING if repeated else LEVEL, zlib.DEFLATED, RAW, zdict=_dictionary(repeated))
    written = compress.compress(text) + compress.flush()
    return bytes((PACKED,)) + zlib.crc32(text).to_bytes(4, "big") + written


def just_packed(stored: bytes, text: bytes) -> None:
    """Remember for a moment what this was packed from."""
    if len(_newest) >= NEWEST:
        _newest.clear()
    _newest[stored] = text


def unpacked(stored: bytes, *repeated: bytes) -> bytes:
    """The text in whatever form it stands. Raises ValueError for what was never written so."""
    if not is_packed(stored):
        return stored
    if (known := _newest.get(stored)) is not None:
        return known
    expand = zlib.decompressobj(RAW, zdict=_dictionary(repeated))
    try:
        text = expand.decompress(stored[AFTER:])
    except zlib.error as error:
        raise ValueError(f"not deflated: {error}") from error
    if not expand.eof or zlib.crc32(text) != int.from_bytes(stored[SUM], "big"):
        raise ValueError("its sum is wrong")
    return text


def is_packed(stored: bytes) -> bool:
    """Whether this is form 1. Raises ValueError for a form of a later release."""
    first = stored[0] if stored else 0
    if 1 < first < ord("\t"):
        raise ValueError(f"form {first} is not known")
    return first == PACKED


def squeezed(data: bytes) -> bytes:
    """A long string's bytes for a row of its own, as raw deflate and nothing else."""
    compress = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    return compress.compress(data) + compress.flush()


def expanded(data: bytes) -> bytes:
    """The bytes that `squeezed` was given. Raises ValueError for others."""
    try:
        return zlib.decompress(data, RAW)
    except zlib.error as error:
        raise ValueError(f"not deflated: {error}") from error


def _dictionary(repeated: tuple[bytes, ...]) -> bytes:
    return b"".join((FRAME_1, *repeated))[-WINDOW:] if repeated else FRAME_1
