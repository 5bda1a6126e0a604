"""The blocks of code in a text, found as they are drawn and without drawing: what is numbered there is counted here."""

from typing import NamedTuple

from modules.chat.markdown.blocks import Blocks
from modules.chat.markdown.leaves import Fence, Formula, Leaf, Paragraph
from modules.chat.markdown.wrap import Row


class CodeBlock(NamedTuple):
    """A block in a fence: the language that it names, "" for none, and its lines without the fence."""

    language: str
    text: str


def code_blocks(text: str) -> list[CodeBlock]:
    """The blocks of code in an answer, in their order; those that only four spaces mark are drawn without a head."""
    if "```" not in text and "~~~" not in text:
        return []
    reader = _Reader()
    for line in text.split("\n"):
        reader.line(line)
        reader.line_end()
    reader.end()
    return reader.found


class _Reader(Blocks):
    """Reads the structure alone: prose is not laid out, and code has no colours."""

    def __init__(self) -> None:
        super().__init__(80)
        self.found: list[CodeBlock] = []
        self._code: list[str] = []

    def _give(self, text: str) -> None:
        match self.leaf:
            case Fence():
                self._code.append(self.leaf.taken(text))
            case Paragraph():  # what becomes of it is decided by its last line
                self.leaf.source, self.leaf.line_at = text, 0
            case Formula():
                self.leaf.add(text, self.width)

    def _start(self, leaf: Leaf | None) -> None:
        super()._start(leaf)
        self._code = []

    def _end_leaf(self) -> None:
        if isinstance(self.leaf, Fence):
            self.found.append(CodeBlock(self.leaf.language, "\n".join(self._code)))
        self.leaf = None

    def _emit(self, rows: list[Row]) -> None:
        """Nothing is drawn."""
