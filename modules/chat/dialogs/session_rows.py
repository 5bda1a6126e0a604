"""The conversations of a list: which of them fit what was typed, and what is known of those that are looked at."""

import unicodedata
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from modules.chat.dialogs.late_answer import LateAnswer
from modules.session.storage.listing import UNTITLED, Details, Entry
from modules.session.storage.saved_conversations import SavedConversations

Said = Callable[[str], Sequence[str]]  # words, to the ids of the conversations in which they were said


class SessionRows:
    """The rows, the one used last first. `changed` is called when more is known than was.

    By titles they are narrowed at once, by what was said as soon as `said` answers: those come below the others, so
    that nothing moves away from the pointer. `trouble` is why something could not be read.
    """

    def __init__(
        self, saved: SavedConversations, entries: Sequence[Entry], said: Said, changed: Callable[[], None]
    ) -> None:
        self.all = list(entries)
        self.trouble = ""
        self._folded: list[str] | None = None
        self._details: dict[str, Details] = {}
        self._changed = changed
        self._said_for, self._said = "", frozenset[str]()
        self._wanted = ""
        self._searching = LateAnswer(said, self._take_said, lambda _, error: self._take_trouble(error))
        self._reading = LateAnswer(saved.details, self._take_details, self._give_up_details)
        self._unread: Sequence[str] = ()
        self._given_up: set[str] = set()
        self._nameless: set[str] = set()  # whose first words are to stand for a title when they are read

    def narrowed(self, typed: str) -> list[Entry]:
        """Those that fit, and what was said is asked for."""
        self._wanted = typed.strip()
        words = fold(typed).split()
        if not words:
            return self.all
        if self._folded is None:
            self._folded = [fold(entry.title) for entry in self.all]
        fitting = [
            entry for entry, title in zip(self.all, self._folded, strict=True) if all(word in title for word in words)
        ]
        if self._said_for != self._wanted:
            self._searching.ask(self._wanted)
            return fitting
        there = {entry.id for entry in fitting}
        return [*fitting, *(entry for entry in self.all if entry.id in self._said and entry.id not in there)]

    @property
    def is_searching(self) -> bool:
        """Whether what was said may still add some."""
        return bool(self._wanted) and self._said_for != self._wanted and self._searching.is_busy

    def search_again(self) -> None:
        """Ask once more for what was said, which may be more by now; what is known stays until then."""
        if self._wanted:
            self._searching.ask(self._wanted)

    def details(self, id: str) -> Details | None:
        """What is known of one; None where it is not read yet."""
        return self._details.get(id)

    def want_details(self, ids: Sequence[str]) -> None:
        """Have these read, the first of them first, and no others."""
        self._unread = [id for id in ids if id not in self._details and id not in self._given_up]
        if self._unread and not self._reading.is_busy:
            self._reading.ask(self._unread[0])

    def call(self, entry: Entry, title: str) -> None:
        """Show a conversation by another title; "" for its first words."""
        details = self._details.get(entry.id)
        name = title or (details.first_words if details else "") or entry.title
        if not title and details is None:
            self._nameless.add(entry.id)
        self._put(entry, [replace(entry, title=name, is_named=bool(title))])

    def remove(self, id: str) -> None:
        """Show a conversation no more."""
        for entry in [one for one in self.all if one.id == id]:
            self._put(entry, [])

    def stop(self) -> None:
        """Nothing is read any more."""
        self._searching.stop()
        self._reading.stop()

    def _put(self, entry: Entry, instead: list[Entry]) -> None:
        at = self.all.index(entry)
        self.all = [*self.all[:at], *instead, *self.all[at + 1 :]]
        self._folded = None

    def _take_said(self, typed: str, ids: Sequence[str]) -> None:
        if typed == self._wanted:
            self._said_for, self._said = typed, frozenset(ids)
            self._changed()

    def _take_details(self, id: str, details: Details) -> None:
        self._details[id] = details
        if id in self._nameless:
            self._nameless.discard(id)
            for entry in [one for one in self.all if one.id == id and not one.is_named]:
                self._put(entry, [replace(entry, title=details.first_words or UNTITLED)])
        self._changed()
        self._read_next(id)

    def _give_up_details(self, id: str, error: Exception) -> None:
        self._given_up.add(id)
        self._take_trouble(error)
        self._read_next(id)

    def _read_next(self, read: str) -> None:
        self._unread = [id for id in self._unread if id != read]
        if self._unread:
            self._reading.ask(self._unread[0])

    def _take_trouble(self, error: Exception) -> None:
        self.trouble = str(error)
        self._changed()


def fold(text: str) -> str:
    """The text as it is compared: without regard to case and accents."""
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return text.casefold()
