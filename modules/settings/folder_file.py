"""The settings that lie in a folder: only those that may stand there, and never what has to do with keys or rights."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from modules.errors import ConfigError
from modules.own_files import read_bytes
from modules.settings.declarations import FOLDER_FILE
from modules.settings.mistake import Mistake
from modules.settings.reading import parse
from modules.settings.table import all_settings

KIND = "settings"  # in FolderTrust
LARGEST_BYTES = 64_000


class FolderSettings(Struct, frozen=True):
    """A folder's file: exactly what is in it, the values that may hold, and the names of those that never do.

    `trouble` says why nothing of it can be read.
    """

    path: Path
    content: bytes
    values: dict[str, Any] = {}
    left_out: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    trouble: str = ""


def of_folder(folder: Path) -> FolderSettings | None:
    """What lies in that folder; None where there is nothing."""
    path = folder / FOLDER_FILE
    try:
        content = read_bytes(path, LARGEST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        return FolderSettings(path, b"", trouble=f"{path} cannot be read: {error.strerror}.")
    try:
        reading = parse(content.decode("utf-8-sig").replace("\r\n", "\n"), str(path))
    except UnicodeDecodeError:
        return FolderSettings(path, content, trouble=f"{path} cannot be read: it is not UTF-8 text.")
    except ConfigError as error:
        return FolderSettings(path, content, trouble=error.message)
    known = all_settings()
    values = {name: value for name, value in reading.values.items() if known[name].in_folder}
    left_out = tuple(name for name in reading.values if not known[name].in_folder)
    return FolderSettings(path, content, values, left_out, reading.mistakes)
