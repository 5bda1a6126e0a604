"""Roles: instructions that have a name, each a Markdown file in `roles/` of the config folder."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from modules.errors import FileProblem, UsageError
from modules.own_files import read_text
from modules.prompts.front_matter import front_matter
from modules.prompts.places import Place, markdown_files
from modules.prompts.prompt_shelf import name_of

MOST_BYTES = 256_000


class Role(Struct, frozen=True):
    """What a role is called, what it is for, and the instructions."""

    name: str
    description: str
    instructions: str


def roles(config_folder: Path) -> Iterator[Role]:
    """Every role that can be read, by name."""
    for name in _files(config_folder):
        try:
            yield role(config_folder, name)
        except (FileProblem, UsageError):
            continue


def role(config_folder: Path, name: str) -> Role:
    """The role of this name. Raises UsageError where there is none, and FileProblem where it cannot be read."""
    files = _files(config_folder)
    found = name if name in files else next((one for one in files if one.lower() == name.lower()), None)
    if found is None:
        near = difflib.get_close_matches(name.lower(), files, n=3, cutoff=0.5)
        hint = (
            f"Did you mean {' or '.join(near)}?" if near else f"Roles are Markdown files in {config_folder / 'roles'}."
        )
        raise UsageError(f'There is no role "{name}".', cure=hint)
    path = files[found]
    try:
        text = read_text(path, MOST_BYTES)
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.", cure="Correct that, or move it away.") from error
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path} is not UTF-8 text.", cure="Save it as UTF-8.") from error
    read = front_matter(path, text)
    if not read.body.strip():
        raise FileProblem(f"{path} says nothing.", cure="Write the instructions into it, below the front matter.")
    first = next((line.strip("# ") for line in read.body.splitlines() if line.strip("# ")), "")
    return Role(found, read.text("description") or first, read.body.strip())


def _files(config_folder: Path) -> dict[str, Path]:
    folder = config_folder / "roles"
    return {name_of(below): path for below, path in markdown_files(Place(folder, "parlance", str(folder)))}
