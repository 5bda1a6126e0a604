"""What a folder tells models: the nearest AGENTS.md, or what other programs call it, up to the root of the repository.

The nearest file counts, as agents.md says; of several in one folder the first of INSTRUCTIONS, since the others are
mostly links to it or copies. A file that leads out of the repository by a link is not the folder's own, and is passed
over.
"""

from pathlib import Path

from msgspec import Struct

from modules.own_files import opened
from modules.prompts.repository import INSTRUCTIONS, inside, up_to_root
from modules.prompts.told import folder_part
from modules.text.hidden_messages import visible

MOST_BYTES = 32_768  # that are told, as codex does (its project_doc_max_bytes)
LARGEST_BYTES = 4_000_000  # that are looked at


class FolderInstructions(Struct, frozen=True):
    """The file, the folder that it is believed for, its bytes as far as they are told, and how many it has."""

    path: Path
    root: Path
    content: bytes
    size: int

    @property
    def kind(self) -> str:
        """What the answer of a person is kept under: another file in the same folder is another question."""
        return f"instructions {self.path.name}"

    @property
    def text(self) -> str:
        """What is told: nothing that nobody would see, and where it was cut says so."""
        text = visible(self.content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")).strip()
        return f"{text}\n[cut here: {self.size - len(self.content)} more bytes]" if self.is_cut else text

    @property
    def is_cut(self) -> bool:
        return self.size > len(self.content)

    @property
    def part(self) -> str:
        """The same as it stands among the instructions of a conversation."""
        return folder_part(self.path.name, self.text)


def folder_instructions(folder: Path) -> FolderInstructions | None:
    """The instructions that hold in this folder; None where there are none that can be read."""
    folders = up_to_root(folder)
    for one in folders:
        for name in INSTRUCTIONS:
            if found := _read(one / name, folders[-1]):
                return found
    return None


def _read(path: Path, root: Path) -> FolderInstructions | None:
    try:
        with opened(path) as file:
            data = file.read(LARGEST_BYTES)
    except OSError:
        return None
    if not data.strip() or not inside(path, root):
        return None
    told = data if len(data) <= MOST_BYTES else data[: data.rfind(b"\n", 0, MOST_BYTES) + 1 or MOST_BYTES]
    return FolderInstructions(path, path.parent, told, len(data))
