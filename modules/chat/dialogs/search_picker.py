"""What a search has found, as a list: who said it, when and where, with the words that were looked for."""

from collections.abc import Callable, Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from modules.chat.dialogs.index_filling import IndexFilling
from modules.chat.dialogs.late_answer import LateAnswer
from modules.chat.dialogs.list_frame import Frame
from modules.chat.dialogs.list_line import Line, fitted
from modules.chat.dialogs.list_picker import ListPicker
from modules.chat.wording.ago import ago
from modules.errors import ParlanceError
from modules.session.search.search import Found, Hit, Search
from modules.text.sanitize import clean

MOST = 100  # results that are asked for; more words find what is not among them
MOST_LINES = 16
EXAMPLES = 'Type words. "in quotes" as they stand, -without, model: role: since: in:title narrow it.'


class SearchPicker(ListPicker[Hit, Hit]):
    """The results, found anew as one types."""

    label = "Search: "
    placeholder = "type words"
    keys_line = ("Enter opens it there", "Esc leaves", "Up and Down move", "PgUp and PgDn turn the page")

    def __init__(self, search: Search, size: Callable[[], tuple[int, int]], typed: str) -> None:
        self._found: Found | None = None
        self._finding = LateAnswer(lambda words: search.find(words, MOST), self._take, self._fail)
        self._filling = IndexFilling(lambda: search, self._more_is_indexed)
        super().__init__(Frame(size, lines_each=2, most_lines=MOST_LINES, lines_below=0), typed)
        self._filling.start()

    def stop(self) -> None:
        """Nothing is looked for any more."""
        self._finding.stop()
        self._filling.stop()

    @property
    def total(self) -> int:
        return MOST  # what comes with the next key is not known

    def narrow(self, typed: str) -> None:
        self.hint = ""
        if typed.strip():
            self._finding.ask(typed.strip())  # until it answers, what was found before stays where it is
        else:
            self.rows, self.at, self.hint = (), 0, EXAMPLES

    def _take(self, typed: str, found: Found) -> None:
        if typed != self.typed.strip():
            return
        again = self._found is not None and self.rows == self._found.hits == found.hits
        self._found, self.rows = found, found.hits
        self.at = self.at if again else 0
        self.hint = (
            "" if found.hits else "Nothing was found." if self._filling.is_over else "Nothing was found so far …"
        )
        self.draw()

    def _fail(self, typed: str, error: Exception) -> None:
        if typed == self.typed.strip():
            self.rows, self.at, self.hint = (), 0, str(error)
            if isinstance(error, ParlanceError) and error.cure:
                self.hint = f"{error.message} {error.cure}"
            self.draw()

    def _more_is_indexed(self) -> None:
        self.progress = self._filling.progress
        if typed := self.typed.strip():
            self._finding.ask(typed)
        self.draw()

    def line(self, row: Hit) -> Line:
        columns = self.frame.columns
        text = clean(" · ".join(filter(None, (*said_by(row), " ".join(row.title.split())))))
        return Line(fitted([("", text)], columns), below=snippet(row, columns))

    def choose(self, row: Hit) -> None:
        self.close(row)


def said_by(hit: Hit) -> Sequence[str]:
    """Who said it, and when."""
    who = {"user": "you", "tool": "a tool", "system": "instructions", "title": "title"}.get(hit.role, "")
    return who or hit.model or "a model", ago(hit.when)


def snippet(hit: Hit, columns: int) -> StyleAndTextTuples:
    """What was said, with the words marked, the first of them on the screen; clean."""
    text, marks = hit.snippet, hit.marks
    first = marks[0][0] if marks else 0
    before = clean(text[:first])
    if get_cwidth(before) > columns // 2:
        before = "…" + before[-max(1, columns // 4) :]
    pieces: StyleAndTextTuples = [("class:quiet", before)]
    at = first
    for start, end in marks:
        pieces += [("class:quiet", clean(text[at:start])), ("class:found", clean(text[start:end]))]
        at = end
    return fitted([piece for piece in (*pieces, ("class:quiet", clean(text[at:]))) if piece[1]], columns)
