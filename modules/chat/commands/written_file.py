"""A text in a file of the person's: asked before another is replaced or a key is written, whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path

from modules.chat.command import ChatContext
from modules.daemon_thread import in_thread


async def may_be_put(chat: ChatContext, path: Path) -> bool:
    """Whether the person wants a file there, in the place of another where there is one."""
    return not os.path.lexists(path) or bool(await chat.confirm(f"{path} exists already. Replace it?"))


async def may_hold(chat: ChatContext, keys: Sequence[str]) -> bool:
    """Whether the person wants a file that holds these keys, if there are any."""
    return not keys or bool(await chat.confirm(f"The file would hold {' and '.join(keys)}. Write it all the same?"))


async def written(chat: ChatContext, path: Path, text: str, *, over: bool) -> str:
    """Write it, and say what was done; `over` is whether the person was asked about the file that is there.

    Raises FileProblem where that cannot be.
    """
    from modules.session.export.new_file import written as put  # where there is something to write

    await in_thread(put, path=path, text=text, umask=chat.config.umask, over=over)
    return f"Written to {path.absolute()}: {_size(text)}."


def _size(text: str) -> str:
    size = len(text.encode(errors="replace"))
    return f"{size:,} bytes" if size < 10_000 else f"{size / 1000:,.0f} kB"
