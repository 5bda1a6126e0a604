"""A text in a file of the person's: asked before another is replaced or a key is written, whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path

from modules.chat.command import ChatContext
from modules.daemon_thread import in_thread
from modules.errors import FileProblem


async def may_be_put(chat: ChatContext, path: Path) -> bool:
    """Whether the person wants a file there, in the place of another where there is one."""
    return not os.path.lexists(path) or await chat.confirm(f"{path} exists already. Replace it?")


async def may_hold(chat: ChatContext, keys: Sequence[str]) -> bool:
    """Whether the person wants a file that holds these keys, if there are any."""
    return not keys or await chat.confirm(f"The file would hold {' and '.join(keys)}. Write it all the same?")


async def written(chat: ChatContext, path: Path, text: str, *, over: bool) -> str:
    """Write it, and say what was done; `over` is whether the person was asked about the file that is there.

    Raises FileProblem where that cannot be.
    """
    await in_thread(_write, path=path, text=text, umask=chat.config.umask, over=over)
    return f"Written to {path.absolute()}: {_size(text)}."


def _write(path: Path, text: str, umask: int, *, over: bool) -> None:
    """Write it, whole or not at all. Raises FileProblem where that cannot be."""
    from modules.session.export.new_file import write_whole

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


def _size(text: str) -> str:
    size = len(text.encode(errors="replace"))
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1000:,.0f} kB"
