"""Block structure, one source line at a time: quotes, lists and notes that contain text, as CommonMark has them.

Markdown's block structure can be read line by line, and never needs to be read twice. That is what makes a
long answer cost no more per line than a short one, inside one huge block too. What would need the future is
decided on sight: a list is loose where a blank line stands, and a link definition is shown, not collected.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable

from modules.chat.markdown.containers import (
    ITEM,
    NOTE,
    QUOTE,
    Container,
    before_text,
    dedent,
    descend,
    indent,
    item,
    note,
    shared_by,
    untab,
    untab_mark,
)
from modules.chat.markdown.leaves import Fence, Formula, Indented, Leaf, Paragraph, piece_size, rule
from modules.chat.markdown.table import Table, starts_table
from modules.chat.markdown.wrap import PLAIN, Row, row_cells, styled, wrap

_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-+)[ \t]*")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_HEADING_END = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)")
_DEEPEST = 24  # deeper quotes and lists are text
_LONGEST_CODE_CHARS = 1_000_000  # of a line of code that is written as one
_SEEN_CHARS = 4_000  # of it that are looked at while it comes
_ROOM = 12  # columns of text that quotes and lists leave in any case

_BOLD, _TITLE = styled("heading", bold=True), styled("heading", bold=True, underline=True)


class Blocks:
    """Takes source lines, leaves finished rows in `rows`. A copy of it can look ahead.

    `number` gives the number that the nth block of code in this text has, 0 for none.
    """

    def __init__(self, width: int, prose_width: int = 0, number: Callable[[int], int] = lambda nth: 0) -> None:
        self.width = width
        self.prose_width = prose_width  # running text is no wider, with what stands before it; 0: as wide as the screen
        self.rows: list[Row] = []
        self.stack: list[Container] = []
        self.leaf: Leaf | None = None
        self.fences = 0  # blocks of code in fences so far
        self._number = number
        self._drawn: list[Container] | None = None  # where the last rows stood
        self._marked = 0  # containers whose marker is on the screen
        self._fresh = True  # the leaf has no row yet
        self._blank = False

    def copy(self) -> Blocks:
        twin = copy.copy(self)
        twin.rows, twin.stack = [], self.stack.copy()
        twin.leaf = self.leaf.copy() if self.leaf else None
        return twin

    def longest(self, line: str) -> int:
        """How much of a line that has no end yet may wait for it."""
        if isinstance(self.leaf, Fence | Indented):
            return _LONGEST_CODE_CHARS
        if isinstance(self.leaf, Table) or line.lstrip(" >").startswith("|"):
            return 4000
        return piece_size(self.width)

    def recent(self, line: str) -> str:
        """As much of a line that has no end yet as is worth looking at: of code its beginning, and what is seen."""
        if isinstance(self.leaf, Fence | Indented) and len(line) > _SEEN_CHARS:
            return line[:60] + line[-_SEEN_CHARS:]
        return line

    def line(self, text: str) -> None:
        """A source line, or the beginning of a long one; the rest then goes to `more`."""
        depth, written = descend(self.stack, text.rstrip("\r"))
        if isinstance(self.leaf, Fence) and depth == len(self.stack):
            self._fenced(self.leaf, written)
            return
        if isinstance(self.leaf, Formula) and depth == len(self.stack) and written.strip():
            self._give(written)
            return
        rest, opened = self._open(untab(written), depth)
        if not rest.strip():
            self._empty(opened or depth)
        elif not opened and depth < len(self.stack) and self._is_lazy(rest):
            self._give(rest.lstrip(" "))
        else:
            if not opened:
                self._pop(depth)
            self._text(rest, rest if opened else written)

    def more(self, text: str) -> None:
        """A further part of the line that was begun last."""
        if self.leaf is None:
            self._start(Paragraph())
        if self.leaf is not None:
            self._emit(self.leaf.extend(text, self._room()))

    def line_end(self) -> None:
        """The line is complete: a heading ends with it, and a formula may."""
        match self.leaf:
            case Paragraph(style=style) if style is not PLAIN:
                self._end_leaf()
            case Formula(closed=True):
                self._end_leaf()

    def end(self) -> None:
        self._pop(0)
        self._end_leaf()

    def preview(self) -> list[Row]:
        """The rows of what is still open. Only a copy may be asked."""
        if isinstance(self.leaf, Paragraph | Fence):
            self._emit(self.leaf.preview(self._room()))
        elif self.leaf is not None:
            self._emit(self.leaf.end(self._room()))
        return self.rows

    # Containers

    def _open(self, rest: str, depth: int) -> tuple[str, int]:
        """Open the containers that the line begins; with them, the new depth (0: none was opened)."""
        opened = 0
        before = self.stack[depth] if depth < len(self.stack) else None
        while len(self.stack) < _DEEPEST or depth < len(self.stack):
            marked = untab_mark(rest)
            quote, listed = QUOTE.match(rest), ITEM.match(marked)
            if quote:
                container, rest = Container(), untab(rest[quote.end() :])
            elif listed and not _RULE.fullmatch(rest) and (opened or self._may_begin(listed, marked, depth)):
                container, rest = item(listed, marked, before)
            elif noted := NOTE.match(rest):
                container, rest = note(noted, rest)
            else:
                break
            if not opened:
                self._pop(depth)
                self._end_leaf()
            self.stack.append(container)
            opened, before = len(self.stack), None
        return rest, opened

    def _may_begin(self, item: re.Match[str], rest: str, depth: int) -> bool:
        """A list may break off a paragraph only with a text, and a number only with 1."""
        if not isinstance(self.leaf, Paragraph) or depth < len(self.stack):
            return True
        return bool(rest[item.end() :].strip()) and item[3] in (None, "1")

    def _pop(self, depth: int) -> None:
        if depth < len(self.stack):
            self._end_leaf()
            if self._marked < len(self.stack):  # an item without a text
                self._fresh = True
                self._emit([[]])
            del self.stack[depth:]
            self._marked = min(self._marked, depth)

    # Leaves

    def _empty(self, depth: int) -> None:
        if isinstance(self.leaf, Indented) and depth == len(self.stack):
            self._give("")
            return
        quotes = [index for index in range(depth, len(self.stack)) if not self.stack[index].indent]
        self._end_leaf()
        if quotes:
            self._pop(quotes[0])
        self._blank = True

    def _is_lazy(self, rest: str) -> bool:
        """Whether a line that left its containers still goes on with their paragraph."""
        if not isinstance(self.leaf, Paragraph):
            return False
        return not (_HEADING.match(rest) or _FENCE.match(rest) or _RULE.fullmatch(rest))

    def _fenced(self, fence: Fence, rest: str) -> None:
        if fence.closes(rest):
            self._end_leaf()
        else:
            self._give(rest)

    def _text(self, rest: str, written: str) -> None:
        """A line that belongs to the innermost container; the tabs of code stay as they were `written`."""
        leaf = self.leaf
        if indent(rest) >= 4 and not isinstance(leaf, Paragraph | Table):
            if not isinstance(leaf, Indented):
                self._start(Indented())
            self._give(dedent(written, 4))
        elif isinstance(leaf, Paragraph) and self._turns(leaf, rest):
            return
        elif _RULE.fullmatch(rest):
            self._start(None)
            self._emit(rule(self._room()))
        elif heading := _HEADING.match(rest):
            self._start(Paragraph())
            self._entitle(len(heading[1]))
            self._give(_HEADING_END.sub("", rest[heading.end() :]))
        elif Formula.begins.match(rest):
            self._start(Formula())
            self._give(rest)
        elif fence := _FENCE.match(rest):
            self.fences += 1
            self._start(Fence(fence[2], len(fence[1]), fence[3], self._number(self.fences)))
        else:
            if not isinstance(leaf, Paragraph | Table):
                self._start(Paragraph())
            self._give(rest.lstrip(" "))

    def _turns(self, leaf: Paragraph, rest: str) -> bool:
        """Whether this line makes a heading or a table of the paragraph before it."""
        setext = _SETEXT.fullmatch(rest)
        head = leaf.last_line()
        if setext and not leaf.begun:
            self._entitle(1 if setext[1] else 2)
            self._end_leaf()
        elif starts_table(head, rest):
            leaf.drop_last_line()
            if not leaf.source and not leaf.begun:
                self.leaf = None
            self._start(Table(head, rest))
        else:
            return False
        return True

    def _entitle(self, level: int) -> None:
        """Make a heading of the paragraph: a title is underlined, and and the signs below it give the level."""
        if isinstance(self.leaf, Paragraph):
            self.leaf.style = _TITLE if level == 1 else _BOLD
            self.leaf.row = [] if level == 1 else [("#" * level + " ", _BOLD)]

    def _start(self, leaf: Leaf | None) -> None:
        self._end_leaf()
        self.leaf, self._fresh = leaf, True

    def _give(self, text: str) -> None:
        if self.leaf is not None:
            self._emit(self.leaf.add(text, self._room()))

    def _end_leaf(self) -> None:
        if self.leaf is not None:
            rows = self.leaf.end(self._room())
            self.leaf = None
            self._emit(rows)

    # Rows

    def _emit(self, rows: list[Row]) -> None:
        """Write rows of the leaf, with what its containers put before them."""
        if not rows:
            return
        if self._fresh:
            self._gap()
        first, rest = before_text(self.stack, self._marked), before_text(self.stack)
        self._marked = len(self.stack)
        if first and row_cells(first) > self.width - min(_ROOM, self.width):
            marker = first[-1:] if first != rest else []
            rows = [*wrap([*marker, *rows[0]], self.width, whole=True), *rows[1:]]
            first = rest = []
        for index, row in enumerate(rows):
            self.rows.append([*(rest if index else first), *row])
        self._drawn, self._fresh, self._blank = self.stack.copy(), False, False

    def _gap(self) -> None:
        """A blank row between blocks; inside a list only where the source has one."""
        if self._drawn is None:
            return
        shared = shared_by(self._drawn, self.stack)
        in_item = shared > 0 and self.stack[shared - 1].indent > 0
        siblings = shared < min(len(self._drawn), len(self.stack)) and (
            self.stack[shared].list is not None and self.stack[shared].list is self._drawn[shared].list
        )
        if self._blank or not (in_item or siblings):
            bars = before_text(self.stack[:shared])
            while bars and not bars[-1][0].strip():
                bars.pop()
            self.rows.append(bars)

    def _room(self) -> int:
        width, taken = self.width, row_cells(before_text(self.stack))
        if self.prose_width and not isinstance(self.leaf, Table | Fence | Indented):
            width = min(width, self.prose_width)
        return width if taken > width - min(_ROOM, width) else width - taken
