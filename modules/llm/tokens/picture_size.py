"""How large a picture is, read from the head of its file, of which no more is decoded."""

import base64
import binascii
import struct

HEAD_CHARS = 64  # of base64: enough for all but JPEG
JPEG_CHARS = 400_000  # before its size a JPEG may hold a profile and a thumbnail, in pieces of 64 kB
PNG, GIF, RIFF, JPEG = b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"\xff\xd8"
SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a frame's head
ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}  # markers without a length


def picture_size(encoded: str) -> tuple[int, int] | None:
    """Width and height, in pixels, of a PNG, JPEG, GIF or WebP in base64; None where it is none of these."""
    head = _decoded(encoded, HEAD_CHARS)
    try:
        if head.startswith(PNG):
            return _some(*struct.unpack_from(">II", head, 16))
        if head.startswith(GIF):
            return _some(*struct.unpack_from("<HH", head, 6))
        if head.startswith(RIFF) and head[8:12] == b"WEBP":
            return _webp(head)
        if head.startswith(JPEG):
            return _jpeg(_decoded(encoded, JPEG_CHARS))
    except struct.error:  # it ends before its size
        pass
    return None


def _decoded(encoded: str, chars: int) -> bytes:
    piece = encoded[:chars]
    try:
        return base64.b64decode(piece[: len(piece) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _webp(head: bytes) -> tuple[int, int] | None:
    """The three kinds: lossy, lossless, extended (developers.google.com/speed/webp/docs/riff_container)."""
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return _some(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", head, 21)
            return _some((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            low, high = struct.unpack_from("<II", head + b"\0\0", 24)
            return _some((low & 0xFFFFFF) + 1, (low >> 24 | (high & 0xFFFF) << 8) + 1)
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while True:
        if data[at : at + 1] != b"\xff":
            return None
        marker = data[at + 1] if at + 1 < len(data) else 0xD9
        at += 2 if marker != 0xFF else 1
        if marker in ALONE or marker == 0xFF:
            continue
        if marker in SIZES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return _some(width, height)
        (length,) = struct.unpack_from(">H", data, at)
        at += length


def _some(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if width and height else None
