"""Pictures that a model makes where there is no chat: saved, since no pipe takes them beside words."""

from pathlib import Path

from modules.chat.headless.outcome import Outcome
from modules.chat.pictures.shown_pictures import Canvas, ShownPictures
from modules.llm.events import PictureMade
from modules.llm.parts import Image
from modules.tools.result_files import ResultFiles


async def keep_picture(made: PictureMade, folder: Path | None, output: Outcome) -> None:
    """Save the picture in this folder, None for none, and take note of where it is."""
    paths: list[Path | None] = []

    def keep(name: str, data: bytes) -> Path | None:
        paths.append(ResultFiles(folder).keep(name, data) if folder is not None else None)
        return paths[-1]

    picture = Image(made.media_type, made.base64)
    pictures = ShownPictures(Canvas, keep)
    await pictures.prepare_made(picture)
    for words in pictures.take_made(picture):
        output.add_picture(made.media_type, paths[-1] if paths else None, words)
