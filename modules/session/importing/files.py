"""From paths to files: folders are looked through without following links, and a file is told by its first bytes."""

import os
from collections.abc import Iterator
from pathlib import Path

from modules.own_files import opened
from modules.session.importing.imported import Missed

MOST_FILES, DEEPEST = 100_000, 12
SQLITE, ZIP = b"SQLite format 3\0", b"PK\x03\x04"
# What may hold conversations in a folder; a file that is named itself may be called anything.
SUFFIXES = (".json", ".jsonl", ".db", ".zip")


def listed(path: Path, missed: Missed) -> Iterator[Path]:
    """The files to look at: the one that is meant, or those in a folder, in the order of their names."""
    if not path.is_dir():
        yield path
        return
    left = MOST_FILES
    for folder, folders, names in os.walk(path):
        folders.sort()
        inner = Path(folder)
        links = [name for name in folders if (inner / name).is_symlink()]
        if len(inner.relative_to(path).parts) >= DEEPEST:
            missed.count("folders that are too deep", len(folders))
            folders.clear()
        if links:
            missed.count("links, which are not followed", len(links))
        for name in sorted(names):
            if not name.endswith(SUFFIXES):
                continue
            if (inner / name).is_symlink():
                missed.count("links, which are not followed")
                continue
            left -= 1
            if left < 0:
                missed.count(f"files beyond {MOST_FILES:,} of one folder")
                return
            yield inner / name


def head_of(path: Path, size: int = 16) -> bytes:
    """The first bytes. Raises OSError for what is no file, or may not be read."""
    with opened(path) as file:
        return file.read(size)
