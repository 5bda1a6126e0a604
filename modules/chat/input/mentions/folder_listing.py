"""A folder as text: the files in it by their names and sizes, as git knows them, and no more than can be read."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from modules.errors import FileProblem
from modules.tools.files.encodings import as_size
from modules.tools.files.search.folder_names import MOST, names_in

MOST_ROWS = 1_000


def listing(folder: Path, environment: Mapping[str, str]) -> str:
    """What is in the folder, a row for each; deeper folders by how much is in them. Raises FileProblem."""
    try:
        os.listdir(folder)
        names = names_in(folder, environment)
    except OSError as error:
        cure = "Ask its owner for the right to read it."
        raise FileProblem(f"{folder} cannot be read: {error.strerror}.", cure=cure) from error
    files = [name for name in names if not name.endswith("/")]
    more = " or more" if len(files) >= MOST else ""
    head = f"[folder {folder.name or folder}: {len(files)}{more} files, but what git ignores or may be secret]"
    return "\n".join((head, *_rows(folder, files))) + "\n"


def _rows(folder: Path, files: Sequence[str]) -> list[str]:
    """As deep as there is room for; the top is always there, as far as that goes."""
    deepest = max((name.count("/") for name in files), default=0)
    rows: list[str] = []
    for depth in range(deepest + 1):
        shallow = [name for name in files if name.count("/") <= depth]
        below = Counter("/".join(name.split("/")[: depth + 1]) for name in files if name.count("/") > depth)
        if rows and len(shallow) + len(below) > MOST_ROWS:
            break
        counted = dict.fromkeys(shallow, "") | {f"{name}/": f"  {many} files" for name, many in below.items()}
        rows = [name + told for name, told in sorted(counted.items())]
    left = len(rows) - MOST_ROWS
    rows = [row if "/  " in row else row + _size(folder / row) for row in rows[:MOST_ROWS]]
    return [*rows, f"[{left} more rows left out]"] if left > 0 else rows


def _size(path: Path) -> str:
    with suppress(OSError):
        return f"  {as_size(path.lstat().st_size)}"
    return ""
