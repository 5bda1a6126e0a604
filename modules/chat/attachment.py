"""A file from this machine as a part of a message: pictures, PDF, and text."""

import base64
import mimetypes
import os
import re
import stat
from pathlib import Path

from modules.errors import FileProblem
from modules.llm.parts import File, Image
from modules.tools.media import IMAGES, media_type_of

MAX_BYTES = 20 * 1024 * 1024


def load(name: str) -> Image | File:
    """The file as a part. What it is, is read from its first bytes; its name only helps with text.

    Raises FileProblem where it cannot be read, is not a regular file, is over 20 MB, or is of no kind a model takes.
    """
    path = _meant(name)
    data = _read(path)
    kind = _kind(path, data)
    encoded = base64.b64encode(data).decode("ascii")
    if kind in IMAGES:
        return Image(kind, encoded, path.name)
    return File(kind, encoded, path.name)


def _meant(name: str) -> Path:
    """The file that is there by this name: as it stands, without blanks or quotes around it, or as a shell writes it.

    Blanks at the ends of a name get lost where it is typed, so one file that differs in nothing else is meant as well.
    """
    bare = name.strip()
    plain = bare.strip("\"'")
    for one in (name, bare, plain, re.sub(r"\\(.)", r"\1", bare)):
        if one and os.path.lexists(path := Path(one).expanduser()):
            return path
    path = Path(plain).expanduser()
    try:
        alike = [found for found in os.listdir(path.parent) if found.strip() == path.name.strip()]
    except OSError:
        alike = []
    return path.parent / alike[0] if path.name and len(alike) == 1 else path


def _read(path: Path) -> bytes:
    try:
        # Non-blocking, so that a named pipe is refused and not waited for.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise FileProblem(f"{path} is not a file.", cure="Attach a picture, a PDF or a text file.")
            if about.st_size > MAX_BYTES:
                raise FileProblem(f"{path} is larger than 20 MB.", cure="No provider takes more; make it smaller.")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.", cure=_cure(error)) from error
    if not data:
        raise FileProblem(f"{path} is empty.", cure="Attach a file that holds something.")
    return data


def _cure(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"Paths are read from {Path.cwd()}; Tab completes them."
    if isinstance(error, PermissionError):
        return "Ask its owner for the right to read it, or copy it to a place of your own."
    return "Copy it to another place, and attach the copy."


def _kind(path: Path, data: bytes) -> str:
    if kind := media_type_of(data):
        return kind
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        guess = mimetypes.guess_type(path.name)[0] or "unknown"
        raise FileProblem(
            f"{path.name} is of a kind that no model takes ({guess}).",
            cure="PNG, JPEG, GIF, WebP, PDF and text can be attached.",
        ) from None
    return "text/plain"
