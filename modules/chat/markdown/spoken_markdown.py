"""A Markdown answer said in words while it arrives: whole sentences and lines, tables as sentences, code announced.

What Claude Code's screen reader mode and gdcloud's do (code.claude.com/docs/en/accessibility): no frames, no signs of
Markdown, each row of a table as "Heading: value". Nothing that was said is taken back or said again.
"""

import re
from collections.abc import Callable

from modules.chat.markdown.inline import Cut, inline
from modules.chat.markdown.table import split_row, starts_table
from modules.chat.wording.spoken_words import ended, in_words, row_in_words
from modules.text.sanitize import clean

_FENCE = re.compile(r"\s*(`{3,}|~{3,})[ \t]*([^\s`{,]*)[^`]*")
_HEADING = re.compile(r"\s{0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_RULE = re.compile(r"\s{0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_SETEXT = re.compile(r"\s{0,3}(=+|-+)[ \t]*")
_ITEM = re.compile(r"(\s*)([-+*]|\d{1,9}[.)])[ \t]+(?:\[([ xX])\][ \t]+)?")
_QUOTE = re.compile(r"(?: {0,3}> ?)+")
# The end of a sentence: not that of an abbreviation, which a small letter follows, or of the number of an item.
_END = re.compile(r"[.!?…。！？][\"'”’)\]*_`]*(?=\s+[^\sa-z])")
_LEAST_CHARS = 12
# The beginning of a line that may yet become something else than text; a line with a bar may be one of a table.
_UNDECIDED = re.compile(r"\s*(?:[-+*_=]+\s*|\d{0,9}[.)]?\s*|\[.?\]?\s*|[-+*]\s+\[?.?\]?\s*|[#>`~$\\].*)", re.DOTALL)
_TASKS = {" ": "To do: ", "x": "Done: ", "X": "Done: "}


class SpokenMarkdown:
    """Says an answer line by line to `say`, which takes clean lines without their ends."""

    def __init__(self, say: Callable[[str], None], number: Callable[[int], int] = lambda nth: 0) -> None:
        self._say = say
        self._number = number  # of a block of code, the first being 1; 0 for none
        self._blocks = 0
        self._arrived: list[str] = []
        self._line = ""  # the source line that has no end yet
        self._held = ""  # what was read of a paragraph and not said yet
        self._mark = ""  # before the first sentence of an item
        self._within = False  # the beginning of the line is in the paragraph already
        self._fence = ""  # the mark that ends the code; four blanks for code that is only set in
        self._head: list[str] = []  # of the table that is being read
        self._quoted = self._listed = False
        self._blank = True

    def feed(self, text: str) -> None:
        """Take more of the answer; nothing is said."""
        self._arrived.append(text)

    def draw(self) -> None:
        """Say what is a whole sentence or line by now."""
        *lines, self._line = (self._line + "".join(self._arrived)).split("\n")
        self._arrived = []
        for line in lines:
            self._end_line(line)
        if self._within:
            self._held, self._line = self._held + self._line, ""
        elif self._line and not self._is_undecided():
            self._text(self._line)
            self._within, self._line = True, ""
        self._sentences()

    def finish(self) -> None:
        """Say all the rest."""
        self.draw()
        if self._line:
            self._end_line(self._line)
        self._line = ""
        self._end_blocks()
        if self._fence:
            self._end_code()

    # Lines

    def _is_undecided(self) -> bool:
        """Whether the beginning of a line may yet become something else than running text."""
        if self._fence or self._head or self._quoted or "|" in self._line:
            return True
        is_code = self._blank and not self._listed and self._line.startswith((" ", "\t"))
        return is_code or _UNDECIDED.fullmatch(self._line) is not None

    def _end_line(self, line: str) -> None:
        line = line.rstrip("\r")
        if self._within:
            self._within = False
            self._held += line
        elif self._fence:
            self._code(line)
        else:
            self._whole(line)

    def _whole(self, line: str) -> None:
        """A line that stands in no code."""
        if quote := _QUOTE.match(line):
            if not self._quoted:
                self._end_blocks()
                self._say("Quote:")
            self._quoted, line = True, line[quote.end() :]
        if not line.strip():
            self._end_blocks(quote=bool(quote))
            self._blank = True
            return
        if self._head and "|" in line:
            self._say(row_in_words([_plain(cell) for cell in split_row(line)], self._head))
        elif fence := _FENCE.fullmatch(line):
            self._end_blocks(quote=True)
            self._fence = fence[1]
            self._begin_code(clean(fence[2]))
        elif heading := _HEADING.fullmatch(line):
            self._end_blocks(quote=True)
            self._entitle(len(heading[1]), heading[2])
        elif self._turns(line):
            pass
        elif _RULE.fullmatch(line):
            self._end_blocks(quote=True)
        elif self._blank and not self._listed and line.startswith(("    ", "\t")):
            self._fence = "    "
            self._say("Code:")
            self._code(line)
        else:
            self._end_table()
            self._text(line)
        self._blank = False

    def _turns(self, line: str) -> bool:
        """Whether this line made a heading or a table of the one before it."""
        if self._held and "\n" not in self._held and starts_table(self._held, line):
            self._head, self._held = [_plain(cell) for cell in split_row(self._held)], ""
            self._say("Table:")
            return True
        if self._held and (setext := _SETEXT.fullmatch(line)):
            held, self._held = self._held, ""
            self._entitle(1 if setext[1][0] == "=" else 2, held)
            return True
        return False

    def _text(self, line: str) -> None:
        """A line of running text, or the beginning of one."""
        if item := _ITEM.match(line):
            self._end_blocks(quote=True)
            task = _TASKS.get(item[3] or "", "")
            number = f"{item[2]} " if item[2][0].isdigit() else ""
            self._mark = f"{number}{task}" or "- "
            self._listed, line = True, line[item.end() :]
        elif self._blank and not line.startswith((" ", "\t")):
            self._listed = False
        self._blank = False
        self._held += ("\n" if self._held else "") + (line if self._held else line.lstrip(" \t"))

    def _code(self, line: str) -> None:
        if self._fence == "    ":
            if line.strip() and not line.startswith(("    ", "\t")):
                self._end_code()
                self._whole(line)
                return
            self._say(clean(line.removeprefix("    ")))
        elif (bare := line.strip()) and set(bare) == {self._fence[0]} and len(bare) >= len(self._fence):
            self._end_code()
        else:
            self._say(clean(line))

    def _entitle(self, level: int, text: str) -> None:
        self._say(f"Heading {level}: {ended(_plain(text))}")

    def _begin_code(self, language: str) -> None:
        self._blocks += 1
        number = self._number(self._blocks)
        self._say(", ".join(filter(None, [f"Code {number}" if number else "Code", language])) + ":")

    # What comes to an end

    def _end_code(self) -> None:
        self._fence = ""
        self._say("End of code.")

    def _end_blocks(self, *, quote: bool = False) -> None:
        """Paragraphs and tables end here; a quote too, unless it goes on."""
        self._sentences()
        if self._held.strip() or self._mark:
            self._speak(self._held)
        self._held = ""
        self._end_table()
        if self._quoted and not quote:
            self._quoted = False
            self._say("End of quote.")

    def _end_table(self) -> None:
        if self._head:
            self._head = []
            self._say("End of table.")

    # Sentences

    def _sentences(self) -> None:
        """Say the whole sentences that are held: up to an end where no emphasis, code or link is open."""
        begin = 0
        for found in _END.finditer(self._held):
            piece = self._held[begin : found.end()]
            if len(piece.strip()) >= _LEAST_CHARS and not Cut(piece).open:
                self._speak(piece)
                begin = found.end()
        self._held = self._held[begin:].lstrip() if begin else self._held

    def _speak(self, source: str) -> None:
        mark, self._mark = self._mark, ""
        if text := _plain(source):
            self._say(mark + text)
        elif mark:
            self._say(mark.rstrip())


def _plain(source: str) -> str:
    """Inline Markdown as plain words in one line."""
    return in_words(" ".join("".join(text for text, _ in inline(source.strip())).split()))
