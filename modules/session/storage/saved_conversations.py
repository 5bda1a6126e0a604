"""The conversations in a file, to be found and looked at: nothing is written, and SQLite waits until it is needed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modules.errors import FileProblem, UsageError

if TYPE_CHECKING:
    from sqlite3 import Connection

    from modules.llm.models import Model, ModelRegistry
    from modules.session.conversation import Conversation
    from modules.session.spending import Spending
    from modules.session.storage.listing import Details, Entry

SHORT_CHARS = 8  # of an id that are enough for a person


class SavedConversations:
    """The conversations in one file; `news` says what a person should know of it, each notice once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._news: list[str] = []

    def news(self) -> list[str]:
        """Notices about saving that the person has not seen yet; each is given once."""
        notices = []
        while self._news:
            notices.append(self._news.pop(0))
        return notices

    def add_news(self, text: str) -> None:
        """Add a notice for the person."""
        self._news.append(text)

    def latest(self, folder: str | None = None, *, one_shots: bool = True) -> str | None:
        """The conversation that was used last, of those that say something; with a folder, of those spoken there.

        Of one that an earlier release saved the folder is not known; it counts where no other was spoken there.
        """
        from modules.session.storage import conversation_loader

        try:
            with self._reading() as (connection, _):
                return conversation_loader.latest(connection, folder, one_shots=one_shots)
        except FileProblem as error:
            self._news.append(error.message)
            return None

    def entries(self, folder: str | None = None, *, one_shots: bool = False) -> "list[Entry]":
        """The conversations as a list shows them, the one used last first; with a folder, those last spoken there.

        Raises FileProblem where the file cannot be read.
        """
        from modules.session.storage import listing

        with self._reading() as (connection, _):
            return list(listing.entries(connection, folder=folder, one_shots=one_shots))

    def details(self, id: str) -> "Details":
        """More of one conversation, without opening it. Raises FileProblem where the file cannot be read."""
        from modules.session.storage import listing

        with self._reading() as (connection, _):
            return listing.details(connection, id)

    def spendings(self, since: float = 0.0) -> "list[Spending]":
        """What every request took, in all conversations, from a moment on. Raises FileProblem for a damaged file."""
        from modules.session.storage import listing

        with self._reading() as (connection, _):
            return list(listing.spendings(connection, since))

    def read(self, id: str, models: "ModelRegistry", start: "Model") -> "Conversation":
        """The conversation to be looked at: nothing that happens to it is kept, and no other program is in its way.

        `start` stands in for its own model where that is gone. Raises UsageError where there is none of that id,
        FileProblem where the file cannot be read.
        """
        from modules.llm.catalogue.learned_facts import LearnedFacts
        from modules.session.storage import conversation_loader

        with self._reading() as (connection, _):
            loaded = conversation_loader.read(connection, id, models, start, LearnedFacts())
        if loaded is None:
            raise UsageError(f"There is no conversation {id}.", cure="-c continues the last one.")
        if loaded.cut is not None:
            loaded.conversation.append(loaded.cut)
        return loaded.conversation

    def find(self, prefix: str) -> str:
        """The one conversation whose id begins so. Raises UsageError where there is none, or more than one."""
        if not prefix.strip():
            raise UsageError("An id is missing.", cure="-c continues the last conversation.")
        found = self.ids(prefix)
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(f'No conversation\'s id begins with "{prefix}".', cure="-c continues the last one.")
        several = " or ".join(id[: max(SHORT_CHARS, len(prefix) + 2)] for id in found[:3])
        raise UsageError(f'"{prefix}" could be {several}.', cure="Give more of it.")

    def ids(self, prefix: str = "") -> list[str]:
        """The conversations whose ids begin so, the one used last first."""
        from modules.session.storage import conversation_loader

        with self._reading() as (connection, _):
            return conversation_loader.ids(connection, prefix.strip().lower())

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple["Connection", bool]]:
        """The file, open, and whether an earlier release wrote it.

        Raises FileProblem where it cannot be read, after a damaged one was moved out of the way.
        """
        from modules.session.storage import database

        try:
            connection, is_older = database.open_to_read(self.path)
            try:
                yield connection, is_older
            except database.Error as error:
                if database.is_damage(error):
                    raise database.Damaged(database.set_aside(self.path, connection)) from error
                raise
            finally:
                connection.close()
        except database.Damaged as error:
            raise FileProblem(str(error)) from error
        except (database.Error, OSError) as error:
            problem = f"{self.path} cannot be read: {database.reason(error)}."
            raise FileProblem(problem, cure="Check its permissions, or start without -c.") from error
