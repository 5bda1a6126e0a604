"""Real pictures and PDF files, made for a test, and what a server was sent of them."""

import base64
import io
import random
from collections.abc import Iterator
from typing import Any

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject

from tests.wire.server import Request


def picture(width: int, height: int, form: str = "PNG", mode: str = "RGB", **how: Any) -> bytes:
    """One of a single colour, which packs well."""
    return encoded(Image.new(mode, (width, height), 90), form, **how)


def noise(width: int, height: int, form: str = "PNG", **how: Any) -> bytes:
    """One that does not pack at all."""
    pixels = random.Random(7).randbytes(width * height * 3)
    return encoded(Image.frombytes("RGB", (width, height), pixels), form, **how)


def encoded(image: Image.Image, form: str, **how: Any) -> bytes:
    if form == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def pdf(*pages: str, password: str = "") -> bytes:
    """A PDF with these words on its pages; a page without any is blank."""
    writer = PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    for words in pages:
        page = writer.add_blank_page(300, 300)
        if words:
            fonts = DictionaryObject({NameObject("/F1"): named})
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
            content = StreamObject()
            content.set_data(f"BT /F1 12 Tf 20 200 Td ({words}) Tj ET".encode())
            page[NameObject("/Contents")] = writer._add_object(content.flate_encode())
    if password:
        writer.encrypt(password, algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def sent(request: Request) -> list[tuple[str, Image.Image, int]]:
    """Each picture in a request: the type that it is said to be, the picture decoded, and its length in base64."""
    return [(kind, decoded(data), len(data)) for kind, data in _pictures(request.body)]


def decoded(data: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    return image


def _pictures(value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case {"type": "base64", "media_type": str(kind), "data": str(data)} if kind.startswith("image/"):
            yield kind, data
        case str() if value.startswith("data:image/"):
            kind, _, data = value.removeprefix("data:").partition(";base64,")
            yield kind, data
        case dict():
            for inner in value.values():
                yield from _pictures(inner)
        case list():
            for inner in value:
                yield from _pictures(inner)
