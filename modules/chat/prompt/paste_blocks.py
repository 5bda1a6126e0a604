"""Large pastes in the line: one character each, shown as "[pasted 12,000 lines]" and whole when it is sent.

The line stays short, so that a key costs the same after a paste of megabytes, and one Backspace deletes the block. The
characters are noncharacters: nobody interchanges them, and those that come from outside are replaced.
"""

import re
from bisect import bisect_right
from itertools import accumulate

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from modules.chat.terminal.paste import NONCHARACTERS, interchanged
from modules.text.sanitize import UNSAFE, clean_at

MANY_LINES, MANY_CHARS = 40, 8_000  # what is more than this is a block

MOST_LINES_SHOWN, MOST_SHOWN = 200, 20_000  # of what was sent, in lines and characters, that is shown whole

_BLOCK = re.compile(f"[{NONCHARACTERS}]")
_SPECIAL = re.compile(f"{_BLOCK.pattern}|[^\\x00-\\x7f](?<={UNSAFE.pattern})")


class PasteBlocks:
    """What the blocks in the line stand for, for as long as they may be in it."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def folded(self, text: str) -> str:
        """Text from outside as it goes into the line: one character where it is large, else the text.

        When all 66 characters are taken, a large text stands in the line as it is.
        """
        text = interchanged(text)
        if not is_large(text):
            return text
        for char in NONCHARACTERS:
            if self._texts.setdefault(char, text) == text:
                return char
        return text

    def unfolded(self, line: str) -> str:
        """The line with every block as the text that it stands for; a block that was forgotten is U+FFFD."""
        return line if line.isascii() else _BLOCK.sub(lambda match: self._texts.get(match[0], "\ufffd"), line)

    def shown(self, line: str) -> str:
        """The line as it stands above when it was sent: whole, but for blocks that nobody scrolls through."""
        whole = self.unfolded(line)
        few = len(whole) <= MOST_SHOWN and _lines(whole) <= MOST_LINES_SHOWN
        return whole if few else self.labelled(line)

    def labelled(self, line: str) -> str:
        """The line with every block as it is shown while it is edited."""
        return line if line.isascii() else _BLOCK.sub(lambda match: self.label(match[0]), line)

    def keep(self, *lines: str) -> None:
        """Forget the blocks that are in none of these: the line, and what waits to be sent.

        To be called when the line was emptied with all that could be undone in it, for a character is used again.
        """
        used = {char for line in lines for char in _BLOCK.findall(line)}
        self._texts = {char: text for char, text in self._texts.items() if char in used}

    def label(self, char: str) -> str:
        """How a block is shown, such as "[pasted 12,000 lines]"."""
        text = self._texts.get(char, "\ufffd")
        lines = _lines(text)
        return f"[pasted {lines:,} lines]" if lines > 1 else f"[pasted {len(text):,} characters]"


def is_large(text: str) -> bool:
    """Whether a text is so long that it is a block in the line."""
    return len(text) > MANY_CHARS or _lines(text) > MANY_LINES


def _lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))


class ShownLine(Processor):
    """Shows blocks by their labels, and characters that reorder or hide text by their numbers, as foreign text is."""

    def __init__(self, blocks: PasteBlocks) -> None:
        self._blocks = blocks

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        fragments: StyleAndTextTuples = []
        widths: list[int] = []  # of each character of the line, as it is shown
        for style, text, *handler in transformation_input.fragments:
            if text.isascii():
                fragments.append((style, text, *handler))  # type: ignore[arg-type]  # a handler is there or is not
                widths += [1] * len(text)
                continue
            at = 0
            for match in _SPECIAL.finditer(text):
                shown, special = self._shown(text, match.start())
                plain = text[at : match.start()]
                fragments += [(style, plain), (f"{style} {special}", shown)]
                widths += [1] * len(plain) + [len(shown)]
                at = match.end()
            fragments.append((style, text[at:]))
            widths += [1] * (len(text) - at)
        if all(width == 1 for width in widths):
            return Transformation(transformation_input.fragments)
        starts = [0, *accumulate(widths)]
        last = len(starts) - 1

        def to_display(at: int) -> int:
            return starts[at] if at <= last else starts[last] + at - last

        def to_source(at: int) -> int:
            return bisect_right(starts, at) - 1 if at < starts[last] else last + at - starts[last]

        return Transformation(fragments, to_display, to_source)

    def _shown(self, text: str, at: int) -> tuple[str, str]:
        """A character of a text as it is shown, and the class of its style."""
        if _BLOCK.match(text, at):
            return self._blocks.label(text[at]), "class:paste-block"
        return clean_at(text, at), "class:unsafe"
