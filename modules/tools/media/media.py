"""Pictures and PDF as parts: what they are is read from their first bytes, whatever a name or a header says.

A provider refuses a request for a picture that is none, or is too large, and with it every later one. So each is
checked when it comes in, wherever it comes from.
"""

import base64
import binascii

from msgspec import Struct

from modules.errors import FileProblem
from modules.llm.parts import Attached, Content, File, Image, Text
from modules.tools.media import pictures

LARGEST_PICTURE_BYTES = 50_000_000  # of a file; what is sent of it is within picture_limits
LARGEST_PDF = 20_000_000  # in base64 that is below the 32 MB that a request may have
PDF = "application/pdf"
TYPES = (PDF, *pictures.DECODERS)

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"%PDF-", PDF),
)
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BMP = (12, 40, 52, 56, 64, 108, 124)  # how long the second header of a bitmap can be


class Media(Struct, frozen=True):
    """A picture or PDF that can be sent; `note` says what was done to the file, "" where it goes as it came."""

    part: Attached
    note: str = ""


def media_type_of(start: bytes) -> str:
    """The media type of a picture or a PDF that begins like this; "" for everything else."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp":
        brands = start[8:40]  # the first is what it is, the others what else may read it; some AVIF say so only there
        return "image/avif" if b"avif" in brands else "image/heic" if brands[:4] in _HEIC else ""
    if start[:2] == b"BM":  # two letters are no signature: words may begin so
        return "image/bmp" if int.from_bytes(start[14:18], "little") in _BMP else ""
    return next((kind for signature, kind in _SIGNATURES if start.startswith(signature)), "")


def largest(media_type: str) -> int:
    """How many bytes a file of it may have."""
    return LARGEST_PDF if media_type == PDF else LARGEST_PICTURE_BYTES


def media_of(data: bytes, name: str) -> Media | None:
    """The picture or PDF, ready to be sent to any target; None for anything else. Takes a second for a large picture.

    Raises FileProblem for a picture that is damaged, and for what is too large.
    """
    media_type = media_type_of(data)
    if not media_type:
        return None
    title = name or ("The PDF" if media_type == PDF else "The picture")
    if len(data) > (most := largest(media_type)):
        raise FileProblem(f"{title} is larger than {most // 1_000_000} MB.", cure="Make it smaller first.")
    if media_type == PDF:
        return Media(File(PDF, _encoded(data), name))
    picture = pictures.fitted(data, media_type, title)
    original = "" if picture.data is data else _encoded(data)
    return Media(Image(picture.media_type, _encoded(picture.data), name, original), picture.note)


def media_in(encoded: str, media_type: str, name: str) -> tuple[Content, ...]:
    """What someone gives in base64 and calls `media_type`, as parts: with a note of what was done to it, or a note
    in its place that says why it is left out."""
    label = f"{media_type} {name}".strip()
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return (Text(f"[{label}, left out: it is not base64]"),)
    try:
        media = media_of(data, name)
    except FileProblem as problem:
        return (Text(f"[{label}, left out: {problem.message.rstrip('.')}]"),)
    if media is None:
        return (Text(f"[{label}, {len(data)} bytes, left out: it is no picture and no PDF]"),)
    return (Text(f"[{media.note}]"), media.part) if media.note else (media.part,)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
