"""The instructions of a conversation in their three parts: a person's own, the folder's, and which skills there are.

They are one text, which every model is given alike, is saved with the conversation and never rewritten: so what was
sent stays as it was sent. The parts are found again by the marks that they are told between.
"""

import re

from msgspec import Struct

_BEGINNING = re.compile(r"(?:\A|\n\n)(?=<folder-instructions file=\"|<skills>\n)")
_PARTS = re.compile(
    r"(<folder-instructions file=\"[^\"\n]*\">\n.*\n</folder-instructions>)?(?:\n\n)?(<skills>\n.*\n</skills>)?", re.S
)
_FILE = re.compile(r"<folder-instructions file=\"([^\"\n]*)\">")


class Told(Struct, frozen=True):
    """`own` is what the person has set; `folder` and `skills` are told between their marks, "" where they are not."""

    own: str = ""
    folder: str = ""
    skills: str = ""

    @property
    def text(self) -> str:
        """All of it, as models read it."""
        return "\n\n".join(filter(None, (self.own, self.folder, self.skills)))

    @property
    def file(self) -> str:
        """The name of the folder's file that is told; "" for none."""
        found = _FILE.match(self.folder)
        return found[1] if found else ""

    @property
    def folder_text(self) -> str:
        """What the folder's file says, without the marks."""
        return "\n".join(self.folder.split("\n")[1:-1])

    @property
    def skill_count(self) -> int:
        return sum(line.startswith("- ") for line in self.skills.splitlines())


def told_in(instructions: str) -> Told:
    """The parts of instructions that were put together here."""
    if instructions.endswith(("</folder-instructions>", "</skills>")):
        for beginning in _BEGINNING.finditer(instructions):
            if found := _PARTS.fullmatch(instructions, beginning.end()):
                return Told(instructions[: beginning.start()], found[1] or "", found[2] or "")
    return Told(instructions)


def folder_part(file: str, text: str) -> str:
    """The instructions of a folder between their marks."""
    return f'<folder-instructions file="{file}">\n{text.strip()}\n</folder-instructions>'
