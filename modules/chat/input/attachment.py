"""A file from this machine as a part of a message: pictures, PDF, and text."""

import base64
import errno
import mimetypes
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from modules.chat.input.encoding_detection import read_text
from modules.chat.input.typed_paths import existing
from modules.daemon_thread import in_thread
from modules.errors import FileProblem
from modules.llm.parts import Attached, File
from modules.tools.media import media

MOST_TEXT_BYTES = 20_000_000
TAKEN = "PNG, JPEG, GIF, WebP, HEIC, AVIF, BMP, TIFF, PDF and text can be attached."
# Kinds of files that are no text, by the beginnings of their media types; those of text have many names.
NOT_TAKEN = ("audio/", "video/", "font/", "application/zip", "application/x-", "application/vnd.", "application/msword")


class Attachment(Struct, frozen=True):
    """A part for the next message; `note` says what was done to the file, "" where it goes as it came."""

    part: Attached
    note: str = ""

    @property
    def said(self) -> str:
        """The note with the name of the file, as a sentence; "" where there is none."""
        return f"{self.part.name}: {self.note}." if self.note else ""


def load(name: str, environment: Mapping[str, str] | None = None) -> Attachment:
    """The file as a part; of a folder, the list of what is in it, for which git gets the `environment`.

    What it is, is read from its first bytes; its name only helps with text.

    Raises FileProblem where it cannot be read, is not a regular file, is too large, damaged, or of no kind a model
    takes. A large picture takes a second.
    """
    path = _meant(name)
    if os.path.isdir(path):
        from modules.chat.input.mentions.folder_listing import listing  # hardly anyone attaches a folder

        folder = Path(os.path.abspath(path))  # "." has no name
        text = listing(folder, environment or {}).encode(errors="replace")
        return Attachment(_text_file(text, f"{folder.name}/"))
    data = _read(path)
    if found := media.media_of(data, path.name):
        return Attachment(found.part, found.note)
    return _text(path, data)


async def load_text(name: str, environment: Mapping[str, str]) -> Attachment:
    """The text of the file, for models that read no PDF. Raises FileProblem as `load` does, and for a picture."""
    path: Path = await in_thread(_meant, name=name)
    data: bytes = await in_thread(_read, path=path)
    kind = media.media_type_of(data)
    if kind == media.PDF:
        return await text_of(data, path.name, environment)
    if kind:
        raise FileProblem(f"{path.name} is a picture and has no text.", cure="Attach it as it is.")
    text: Attachment = await in_thread(_text, path=path, data=data)
    return text


async def text_of(data: bytes, name: str, environment: Mapping[str, str]) -> Attachment:
    """The text of a PDF, page by page. Raises FileProblem where it has none that could be read."""
    from modules.tools.media.documents import text_of  # only where it is wanted

    extract = await text_of(data, name, environment)
    return Attachment(
        _text_file(extract.text.encode(errors="replace"), name), f"{extract.note}; no pictures, no layout"
    )


def _text_file(data: bytes, name: str) -> File:
    return File("text/plain", base64.b64encode(data).decode("ascii"), name)


def _meant(name: str) -> Path:
    """The file of this name, or the path that there is none of."""
    return existing(name) or Path(os.path.expanduser(name.strip().strip("\"'")))


def _read(path: Path) -> bytes:
    try:
        # Non-blocking, so that a named pipe is refused and not waited for.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileProblem(f"{path} is not a file.", cure="Attach a picture, a PDF or a text file.")
            start = file.read(64)
            kind = media.media_type_of(start)
            most = media.largest(kind) if kind else MOST_TEXT_BYTES
            data = start + file.read(most)
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.", cure=_cure(error)) from error
    if not data:
        raise FileProblem(f"{path} is empty.", cure="Attach a file that holds something.")
    if len(data) > most:
        raise FileProblem(
            f"{path} is larger than {most // 1_000_000} MB.", cure="Attach a part of it, or a smaller copy."
        )
    return data


def _cure(error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "Name a file in it."
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return f"Paths are read from {Path.cwd()}."
    if isinstance(error, PermissionError):
        return "Ask its owner for the right to read it, or copy it to a place of your own."
    return "Copy it to another place, and attach the copy."


def _text(path: Path, data: bytes) -> Attachment:
    """Text in whatever encoding its bytes say, or look like, as the UTF-8 that models read."""
    read = read_text(data)
    if read is None:
        raise FileProblem(f"{path.name} {_no_text(path.name)}.", cure=TAKEN)
    part = _text_file(read.text.encode(errors="replace"), path.name)
    if read.encoding.startswith("utf-8"):
        return Attachment(part)
    doubt = "" if read.sure else ", as far as can be told; saved as UTF-8 it is sure"
    return Attachment(part, f"its text is read as {read.encoding}{doubt}")


def _no_text(name: str) -> str:
    """What is wrong with a file that is neither text nor begins as anything else that is taken."""
    guess = mimetypes.guess_type(name)[0] or ""
    if guess in media.TYPES:
        return f"does not begin as its name says ({guess}): it is damaged, or something else"
    if guess.startswith(NOT_TAKEN):
        return f"is of a kind that no model takes ({guess})"
    return "holds bytes that no text has"
