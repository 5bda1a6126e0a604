"""The folder that is worked in and those above it, up to the root of its repository: what is its own."""

import os
from pathlib import Path

INSTRUCTIONS = ("AGENTS.md", "CLAUDE.md", "GEMINI.md")


def up_to_root(folder: Path) -> list[Path]:
    """The folder and those above it, up to the root of its repository; the folder alone where it is in none."""
    folders: list[Path] = []
    for one in (folder, *folder.parents):
        folders.append(one)
        if os.path.lexists(one / ".git"):
            return folders
    return [folder]


def inside(path: Path, root: Path) -> bool:
    """Whether the path leads to something in that folder, links followed."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    except (OSError, ValueError):
        return False


def has_instructions(folder: Path) -> bool:
    """Whether there is a file that tells models something; nothing of it is read."""
    return any(os.path.lexists(one / name) for one in up_to_root(folder) for name in INSTRUCTIONS)
