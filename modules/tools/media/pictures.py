"""Pictures as every target takes them: decoded to their end, made smaller or of another format only where they must be.

Pillow is imported here, by the first picture and not before: a start has no time for it.
"""

import io
import threading
import warnings
from typing import TYPE_CHECKING

from msgspec import Struct

from modules.errors import FileProblem
from modules.extras import how_to_install
from modules.tools.media.picture_limits import JPEG, LARGEST_BYTES, PIXELS, PNG, SIDE, TYPES

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 100_000_000  # of a picture that is made smaller: 10,000 x 10,000 take 400 MB of memory for a moment
QUALITIES = (85, 70, 50)

# The decoder for each type, so that nothing is decoded by one that its first bytes do not ask for.
DECODERS = {
    PNG: "PNG",
    JPEG: "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/x-icon": "ICO",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}
_GRAYS = ("I;16", "I;16B", "I;16L", "I")
_one_at_a_time = threading.Lock()  # eight tools may return pictures at once, and memory is one


class Picture(Struct, frozen=True):
    """A picture that any target takes; `note` says what was done to it, "" for one that came so."""

    media_type: str
    data: bytes
    note: str = ""


def fitted(data: bytes, media_type: str, name: str) -> Picture:
    """The picture within the limits of every known target.

    Raises FileProblem for what cannot be decoded to its end, has too many pixels, or has no decoder here.
    """
    with _one_at_a_time:
        try:
            return _fitted(data, media_type, name)
        except FileProblem:
            raise
        except Exception as error:  # a damaged file makes a decoder raise anything at all
            raise _refusal(error, name) from error


def size_of(data: bytes, media_type: str, name: str) -> tuple[int, int]:
    """Width and height in pixels. Raises FileProblem as `fitted` does."""
    try:
        width, height = _opened(data, media_type, name).size
    except Exception as error:
        raise _refusal(error, name) from error
    return width, height


def within(data: bytes, media_type: str, most: tuple[int, int]) -> "Image":
    """The picture as grey, RGB or RGBA, no larger than these pixels. Raises FileProblem as `fitted` does."""
    with _one_at_a_time:
        try:
            image = _opened(data, media_type, "The picture")
            image.draft(None, (2 * most[0], 2 * most[1]))
            image.load()
            image = _plain(image)
            image.thumbnail(most)
            image.info.clear()
        except Exception as error:  # a damaged file makes a decoder raise anything at all
            raise _refusal(error, "The picture") from error
    return image


def _refusal(error: Exception, name: str) -> FileProblem:
    """The words for the person."""
    if isinstance(error, FileProblem):
        return error
    if isinstance(error, ImportError):
        cure = "Install it with: python -m pip install pillow."
        return FileProblem(f"{name} cannot be looked at: Pillow is not installed.", cure=cure)
    from PIL import Image

    if isinstance(error, Image.DecompressionBombError):
        pixels = f"{MOST_PIXELS // 1_000_000} million pixels"
        return FileProblem(f"{name} has more than {pixels}.", cure="Make it smaller first.")
    if isinstance(error, MemoryError):
        return FileProblem(f"There is not enough memory to read {name}.", cure="Make it smaller first.")
    return FileProblem(
        f"{name} is damaged or cut short: it cannot be read to its end.",
        cure="Save or download it once more, and open it to see that it is whole.",
    )


def _fitted(data: bytes, media_type: str, name: str) -> Picture:
    image = _opened(data, media_type, name)
    width, height = image.size
    if media_type == PNG:
        _opened(data, media_type, name).verify()  # its checksums, which decoding does not look at
    fits = max(image.size) <= SIDE and width * height <= PIXELS and len(data) <= LARGEST_BYTES
    if fits and media_type in TYPES and image.mode != "CMYK":
        image.load()
        return Picture(media_type, data)
    before = f"{width} x {height} px {DECODERS[media_type]}"
    if getattr(image, "is_animated", False):
        before = f"the first frame of a {before}"
    kind, sent, (width, height) = _encoded(_scaled(image), lossy=media_type in (JPEG, "image/heic", "image/avif"))
    return Picture(kind, sent, f"{before}, sent as a {DECODERS[kind]} of {width} x {height} px")


def _opened(data: bytes, media_type: str, name: str) -> "Image":
    from PIL import Image, features

    # Pillow refuses what has twice as many, by its header; of what has fewer it only warns, and that on our terminal.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    warnings.filterwarnings("ignore", module=r"PIL\.")
    if media_type == "image/heic":
        _register_heic(name)
    elif media_type == "image/avif" and not features.check("avif"):
        raise FileProblem(f"{name} is AVIF, which cannot be read here.", cure="Save it as PNG or JPEG.")
    return Image.open(io.BytesIO(data), formats=(DECODERS[media_type],))


def _register_heic(name: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise FileProblem(
            f"{name} is HEIC, and what reads that is not installed.",
            cure=f"{how_to_install('heic')} Or save the picture as JPEG.",
        ) from error
    register_heif_opener()


def _scaled(image: "Image") -> "Image":
    """The picture within the sides, upright, as grey or RGB, with transparency only where some of it shows through."""
    from PIL import ImageOps

    image.draft(None, (2 * SIDE, 2 * SIDE))  # a JPEG is decoded at a fraction of its size where that will do
    image.load()
    if image.mode in ("1", "P", "PA") or image.mode in _GRAYS:  # these have no shades that could be averaged
        image = _plain(image)
    image.thumbnail((SIDE, SIDE))
    ImageOps.exif_transpose(image, in_place=True)
    image = _plain(image)
    if image.mode == "RGBA":
        lowest, _ = image.getchannel("A").getextrema()
        return image.convert("RGB") if lowest == 255 else image
    return image


def _plain(image: "Image") -> "Image":
    if image.mode in _GRAYS:
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")  # of 16 bits, the upper eight
    if image.mode in ("L", "RGB", "RGBA"):
        if "transparency" in image.info:
            return image.convert("RGBA")
        return image
    if image.mode in ("1", "F"):
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _encoded(image: "Image", *, lossy: bool) -> tuple[str, bytes, tuple[int, int]]:
    """Media type, bytes and size: PNG where that keeps it sharp and small, else JPEG, and smaller until it fits."""
    from PIL import Image

    clear = image.mode == "RGBA"
    if clear or not lossy:
        data = _saved(image, "PNG")
        if len(data) <= LARGEST_BYTES:
            return PNG, data, image.size
    if clear:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    while True:
        for quality in QUALITIES:
            data = _saved(image, "JPEG", quality=quality)
            if len(data) <= LARGEST_BYTES:
                return JPEG, data, image.size
        image = image.reduce(2)


def _saved(image: "Image", form: str, **how: int) -> bytes:
    file = io.BytesIO()
    image.info.clear()  # where and with which camera it was taken is nobody's business
    image.save(file, form, **how)
    return file.getvalue()
