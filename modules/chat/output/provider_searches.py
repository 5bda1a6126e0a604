"""What a provider searches by itself, on the screen: a line for each search, marks in the text, pages at the end."""

from modules.chat.looks.theme import colored
from modules.chat.markdown.links import target
from modules.chat.output.layout import cut
from modules.chat.output.screen import TerminalScreen
from modules.chat.output.tool_lines import DONE, FAILED, FOLDED, INDENT
from modules.chat.wording.phrases import count
from modules.llm.citations import Footnote, Footnotes
from modules.llm.events import Cited, ProviderSearch
from modules.llm.web_searches import KIND
from modules.text.sanitize import clean

LEAST_OF_URL = 24  # columns, below which its row is not shared


class ProviderSearches:
    """The searches of one turn, and the pages that its answers name."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen
        # Markdown has marks of footnotes: what is drawn is "[1]", whatever comes after it.
        self.footnotes = Footnotes("[{}]" if screen.plain else "[^{}]")
        self._noted = 0  # of the pages, stand below the answer already

    def mark(self, cited: Cited) -> str:
        """What stands behind the words that name a page."""
        return self.footnotes.mark(cited.url, cited.title)

    def end(self, search: ProviderSearch) -> None:
        """The line of a search that has ended, and the first pages that it has found."""
        screen, columns = self._screen, self._screen.size()[0]
        sources = search.sources or ()
        mark = FAILED if search.failed else DONE
        ending = clean(search.failed) or (count(len(sources), "page") if sources else "")
        head = f"{mark} {KIND}"
        room = columns - len(head) - len(ending) - 5
        line = cut("  ".join(filter(None, (head, cut(clean(search.query), max(0, room)), ending))), columns - 1)
        if not screen.plain:
            line = colored(mark, "error" if search.failed else "done", screen.theme) + line.removeprefix(mark)
        screen.write(line + "\n")
        left = len(sources) - FOLDED
        shown = sources if left == 1 else sources[:FOLDED]
        for page in shown:
            screen.write(screen.dim(cut(f"{INDENT}{clean(page.title or page.url)}", columns - 1)) + "\n")
        if left > 1:
            screen.write(screen.dim(f"{INDENT}… {left} more pages") + "\n")

    def close(self) -> None:
        """Write the pages that the answers name, a row each, once."""
        notes, self._noted = self.footnotes.since(self._noted), len(self.footnotes)
        if notes:
            self._screen.write("\n" + "".join(footnote_row(note, self._screen) for note in notes))


def footnote_row(note: Footnote, screen: TerminalScreen) -> str:
    """A page that is named, with its URL in sight: whole, or a link that leads there where the terminal has links."""
    columns = screen.size()[0]
    head, url = clean(f"[{note.number}] {note.title}".rstrip()), clean(note.url)
    link = target(note.url) if screen.links else None
    if link is None:
        return screen.dim(f"{head} {url}") + "\n"
    room = columns - 1 - len(head) - 1
    if room < min(LEAST_OF_URL, len(url)):
        head = cut(head, max(8, columns - LEAST_OF_URL - 2))
        room = columns - 1 - len(head) - 1
    shown = screen.dim(f"{head} {cut(url, max(1, room))}")
    return f"\x1b]8;;{link}\x1b\\{shown}\x1b]8;;\x1b\\\n"
