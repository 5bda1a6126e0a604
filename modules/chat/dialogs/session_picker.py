"""The picker of conversations: what each is, what was said in it, and the keys that open, rename and delete one."""

from collections.abc import Callable, Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples

from modules.chat.dialogs.list_frame import Frame
from modules.chat.dialogs.list_line import Line, fill, fitting, in_lines
from modules.chat.dialogs.list_picker import ListPicker
from modules.chat.dialogs.session_rows import Said, SessionRows
from modules.chat.output.layout import cut
from modules.chat.start.startup import short_folder
from modules.chat.wording import ago
from modules.chat.wording.phrases import count, dollars
from modules.session.storage.listing import Details, Entry
from modules.session.storage.saved_conversations import SHORT_CHARS
from modules.session.storage.store import Store
from modules.text.sanitize import clean

LEAST_TITLE = 30  # columns, or half of the room there is
COLUMNS = (ago.LONGEST, 24, len("1,000 turns"), len("cost unknown"))  # when, models, turns, cost
GONE = "deleted by another program"
QUOTED_CHARS = 40  # of a title in a question


class SessionPicker(ListPicker[Entry, str]):
    """The conversations; it comes to the id of the one to open. `delete` is called with the id of one to delete."""

    label = "Conversation: "
    cancel_keys = "escape c-c"
    keys_line = ("Enter opens", "Esc leaves", "Ctrl+D deletes", "Ctrl+R renames", "PgUp and PgDn turn the page")

    def __init__(
        self,
        store: Store,
        entries: Sequence[Entry],
        current: str,
        size: Callable[[], tuple[int, int]],
        said: Said,
        typed: str = "",
    ) -> None:
        self._store = store
        self._current = current
        self._sessions = SessionRows(store, entries, said, self._more_is_known)
        self.delete: Callable[[Entry], None] = lambda entry: None
        self.rename: Callable[[Entry, str], None] = lambda entry, title: None
        super().__init__(Frame(size, lines_below=4, beside=True), typed)

    @property
    def total(self) -> int:
        return len(self._sessions.all)

    def narrow(self, typed: str) -> None:
        self.rows, self.at = self._sessions.narrowed(typed), 0
        self._explain()

    def stop(self) -> None:
        """Nothing is read any more."""
        self._sessions.stop()

    def remove(self, id: str) -> None:
        """Show a conversation no more: it is deleted."""
        self._sessions.remove(id)
        self.narrow_again()

    def call(self, entry: Entry, title: str) -> None:
        """Show a conversation by its new title."""
        self._sessions.call(entry, title)
        self.narrow_again()

    def index_came_on(self, progress: str) -> None:
        """More of what was said can be found now."""
        self.progress = progress
        self._sessions.search_again()
        self.narrow_again()

    def say(self, text: str) -> None:
        """Say something in the place of the keys, until the next is pressed."""
        self.notice = text
        self.draw()

    # What is shown.

    def line(self, row: Entry) -> Line:
        title, shown = fitting(COLUMNS, self.frame.columns, min(LEAST_TITLE, self.frame.columns // 2))
        text = fill(clean(row.title), title)
        for cell, width in zip(self._cells(row)[:shown], COLUMNS, strict=False):
            text += "  " + fill(clean(cell), width)
        is_current = row.id == self._current
        return Line([("", text.rstrip())], self._mark(row), "class:current" if is_current else "")

    def _cells(self, row: Entry) -> Sequence[str]:
        details = self._sessions.details(row.id)
        if details is None:
            return (ago.ago(row.updated),)
        if not details.messages:
            return ago.ago(row.updated), GONE
        models = ", ".join(name.partition(":")[2] or name for name in details.models)
        cost = "" if details.cost == 0 else dollars(details.cost)
        return ago.ago(row.updated), models, count(details.turns, "turn"), cost

    def _mark(self, row: Entry) -> str:
        if row.id == self._current:
            return "•"
        return "◦" if self._store.is_open_elsewhere(row.id) else " "

    def about(self, row: Entry, columns: int, lines: int) -> list[StyleAndTextTuples]:
        self._sessions.want_details([row.id, *(one.id for one in self.visible)])
        details = self._sessions.details(row.id)
        facts = self._facts(row, details)
        shown: list[StyleAndTextTuples] = [
            [("class:quiet", cut(fact, columns))] for fact in facts[: max(1, lines // 4)]
        ]
        if details is None or lines <= len(shown):
            return shown[:lines]
        first = in_lines(details.first_words, columns - 2, max(1, (lines - len(shown)) // 2))
        shown += [[("class:label", "> " if at == 0 else "  "), *line] for at, line in enumerate(first)]
        if details.last_words.strip() != details.first_words.strip():
            shown += in_lines(details.last_words, columns, lines - len(shown), last=True)
        return shown[:lines]

    def _facts(self, row: Entry, details: Details | None) -> list[str]:
        """What else there is to know: in one line, and where there is more room in further ones."""
        is_open = row.id != self._current and self._store.is_open_elsewhere(row.id)
        parts = [
            "open here" if row.id == self._current else "open in another window" if is_open else "",
            short_folder(row.folder),
            "asked with -p" if row.one_shot else "",
            f"begun {ago.ago(row.created)}" if row.created else "",
            row.id[:SHORT_CHARS],
        ]
        more = [", ".join(details.models)] if details is not None and details.models else []
        return [clean(" · ".join(filter(None, parts))), *map(clean, more)]

    def _explain(self) -> None:
        self.hint = ""
        if not self._sessions.all:
            self.hint = "There are no conversations yet."
        elif self._sessions.is_searching:
            self.hint = "" if self.rows else "Looking at what was said …"
        elif not self.rows:
            self.hint = "No conversation has these words."

    def _more_is_known(self) -> None:
        if self._sessions.trouble:
            self.notice = self._sessions.trouble
        at, chosen = self.at, self.selected
        self.narrow_again()
        if chosen is not None and self.rows[at : at + 1] != [chosen]:
            self.at = next((at for at, row in enumerate(self.rows) if row.id == chosen.id), self.at)

    # What the keys do.

    def bind(self, on: Callable[[str, Callable[[], object]], None]) -> None:
        on("c-d", self._ask_to_delete)
        on("c-r", self._ask_for_title)

    def choose(self, row: Entry) -> None:
        self.close(row.id)

    def _ask_to_delete(self) -> None:
        row = self.selected
        if row is None:
            return
        if row.id == self._current:
            self.notice = "This one is open here. /new begins another; then it can be deleted."
            return
        title = cut(clean(row.title), min(QUOTED_CHARS, self.frame.width // 2))

        def answered(text: str) -> None:
            if text.strip().lower() in ("y", "yes"):
                self.delete(row)

        self.ask(f'Delete "{title}" for good? y/N ', "", answered)

    def _ask_for_title(self) -> None:
        if (row := self.selected) is not None:
            self.ask(
                "Title: ", row.title if row.is_named else "", lambda text: self.rename(row, " ".join(text.split()))
            )
