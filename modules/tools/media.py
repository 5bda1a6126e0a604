"""Pictures and PDF as parts: what they are is read from their first bytes, whatever a name or a header says.

A provider refuses a request for a picture that is none, or is too large, and with it every later one.
"""

import base64

from modules.llm.parts import File, Image

LARGEST_IMAGE = 5_000_000 * 3 // 4  # bytes; in base64 that is the 5 MB which providers take
LARGEST_PDF = 15_000_000
PDF = "application/pdf"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", PDF),
)


def media_type_of(start: bytes) -> str:
    """The media type of a picture or a PDF that begins like this; "" for everything else."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if start.startswith(signature)), "")


def largest(media_type: str) -> int:
    """How many bytes of it a provider takes."""
    return LARGEST_PDF if media_type == PDF else LARGEST_IMAGE


def media_part(data: bytes, name: str) -> Image | File | None:
    """The picture or PDF as a part; None for anything else, and for what is larger than providers take."""
    media_type = media_type_of(data)
    if not media_type or len(data) > largest(media_type):
        return None
    return (File if media_type == PDF else Image)(media_type, base64.b64encode(data).decode("ascii"), name)
