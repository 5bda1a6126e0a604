"""Pictures that tools and models give: rows of the screen where they can be drawn, and files where they cannot."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from modules.chat.pictures.ways import USUAL_CELL, Way, placed
from modules.daemon_thread import in_thread
from modules.errors import FileProblem
from modules.llm.parts import Content, Image
from modules.tools.media.media import media_type_of
from modules.tools.media.pictures import size_of, within

INDENT = 2  # columns, as for all that a call has come to
ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}


class Canvas(Struct, frozen=True):
    """A screen as far as pictures go: the way to draw on it, "" for none, its columns and rows, a cell's pixels."""

    way: Way = ""
    size: tuple[int, int] = (80, 24)
    cell: tuple[int, int] = USUAL_CELL
    dark: bool = True
    true_color: bool = False


class ShownPictures:
    """What is written for the pictures of a result. They are made ready first, which takes a moment, in a thread.

    `keep` puts the bytes of a picture into a file of that name and gives its path, None where that cannot be done.
    """

    def __init__(self, canvas: Callable[[], Canvas], keep: Callable[[str, bytes], Path | None]) -> None:
        self._canvas = canvas
        self._keep = keep
        self._ready: dict[str, list[str]] = {}

    async def prepare(self, id: str, parts: Iterable[Content]) -> None:
        """Have the pictures among these parts ready: those of a result by the id of its call."""
        if pictures := [part for part in parts if isinstance(part, Image)]:
            canvas = self._canvas()
            self._ready[id] = await in_thread(self._made, id=id, pictures=pictures, canvas=canvas)

    async def prepare_made(self, picture: Image) -> None:
        """Have a picture ready that a model made."""
        await self.prepare(_id_of(picture), (picture,))

    def take_made(self, picture: Image) -> list[str]:
        return self.take(_id_of(picture))

    def take(self, id: str) -> list[str]:
        """Whole rows for each picture, drawn, or a line that says where it is, which is not clean yet."""
        return self._ready.pop(id, [])

    def _made(self, id: str, pictures: list[Image], canvas: Canvas) -> list[str]:
        return [self._one(f"{id}-{at}", picture, canvas) for at, picture in enumerate(pictures, 1)]

    def _one(self, name: str, picture: Image, canvas: Canvas) -> str:
        data = base64.b64decode(picture.base64)
        try:
            size = size_of(data, picture.media_type, "The picture")
            if drawn := _drawn(data, picture.media_type, size, canvas):
                return drawn
            pixels = f" {size[0]}×{size[1]}"
        except FileProblem:
            pixels = ""
        name, data = _file_of(picture, name, data)
        path = self._keep(name, data)
        return f"[picture{pixels} saved: {path}]" if path is not None else f"[picture{pixels}, which cannot be saved]"


def _id_of(picture: Image) -> str:
    """A name for a picture that a model made: the same whenever it is shown."""
    return f"picture_{hashlib.sha256(picture.base64.encode()).hexdigest()[:16]}"


def _file_of(picture: Image, name: str, data: bytes) -> tuple[str, bytes]:
    """The name and the bytes of its file: those that came, where a picture had to be made smaller to be sent on."""
    original = base64.b64decode(picture.original) if picture.original else b""
    if ending := ENDINGS.get(media_type_of(original[:64])):
        return name + ending, original
    return name + ENDINGS.get(picture.media_type, ".bin"), data


def _drawn(data: bytes, media_type: str, size: tuple[int, int], canvas: Canvas) -> str:
    """The picture as whole rows; "" where nothing is drawn."""
    if not canvas.way:
        return ""
    from modules.chat.pictures import encoding  # with the first picture that is drawn

    place = placed(size, canvas.size, canvas.cell, INDENT)
    image = within(data, media_type, (place.width, place.height))
    match canvas.way:
        case "kitty":
            return encoding.at_its_place(encoding.kitty(image, place), place, INDENT)
        case "iterm2":
            return encoding.at_its_place(encoding.iterm2(image, place), place, INDENT)
        case "sixel":
            return encoding.at_its_place(encoding.sixel(image), place, INDENT)
        case "blocks":
            return encoding.blocks(image, place, INDENT, dark=canvas.dark, true_color=canvas.true_color)
