"""A file that is there whole or not at all, beside whatever stood in its place until then."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from modules.errors import FileProblem
from modules.own_files import refuse_other

PRIVATE = 0o600


def write_whole(path: Path, text: str, *, umask: int, over: bool) -> None:
    """Write a text in UTF-8 under this name; `over` says that a file of that name may be replaced.

    A new file gets the mode that `umask` leaves, -1 for one of this user alone; one that is replaced keeps its own.
    Raises FileExistsError where there is a file that may not be replaced, and OSError.
    """
    place = Path(os.path.realpath(path))  # through a link, which stays one
    mode = PRIVATE if umask < 0 else 0o666 & ~umask
    with contextlib.suppress(FileNotFoundError):
        about = place.stat()
        refuse_other(place, about.st_mode)
        if not over:
            raise FileExistsError(f"{path} exists already")
        mode = stat.S_IMODE(about.st_mode)
    beside = place.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        _put(beside, place, over=over)
    finally:
        beside.unlink(missing_ok=True)


def written(path: Path, text: str, *, umask: int, over: bool) -> None:
    """The same for a person: raises FileProblem, with a cure, where it cannot be."""
    try:
        write_whole(path, text, umask=umask, over=over)
    except FileExistsError as error:
        raise FileProblem(f"{path} is there by now.", cure="Try it again, or give another name.") from error
    except FileNotFoundError as error:
        folder = Path(os.path.realpath(path)).parent  # a link's own folder is there
        raise FileProblem(f"There is no folder {folder}.", cure="Make it, or give another.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise FileProblem(f"{path} cannot be written: {why}.", cure="Give a file in a folder that is yours.") from error


def _put(beside: Path, place: Path, *, over: bool) -> None:
    if not over:
        try:  # a link is never made over a file that came meanwhile
            os.link(beside, place)
            return
        except FileExistsError:
            raise
        except OSError:
            pass  # not every file system has hard links
    os.replace(beside, place)
