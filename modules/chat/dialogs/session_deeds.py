"""What the picker of conversations does with one besides opening it: rename it, delete it, look at what was said."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modules.chat.dialogs.index_filling import IndexFilling
from modules.chat.dialogs.session_picker import SessionPicker
from modules.daemon_thread import in_thread
from modules.errors import ParlanceError
from modules.session.conversation import Conversation
from modules.session.message_tree import LONGEST_TITLE_CHARS
from modules.session.storage.listing import Entry
from modules.session.storage.store import Store

if TYPE_CHECKING:
    from modules.session.search.search import Search
    from modules.session.storage.removal import Removed

MOST_FOUND = 200  # conversations that words are looked for in; more words find the others


class SessionDeeds:
    """Serves one picker; `current` is the conversation that is open here. `search` is asked for in threads only."""

    def __init__(self, store: Store, search: "Callable[[], Search]", current: Conversation) -> None:
        self._store, self._search, self._current = store, search, current
        self._panel: SessionPicker | None = None
        self._filling: IndexFilling | None = None
        self._deleting: asyncio.Task[None] | None = None

    def serve(self, panel: SessionPicker) -> None:
        """Do what its keys ask for."""
        self._panel = panel
        panel.delete, panel.rename = self._delete, self._rename
        self._filling = IndexFilling(self._search, self._told)
        self._filling.start()

    def stop(self) -> None:
        """Nothing is read any more; what is being deleted is deleted."""
        if self._filling is not None:
            self._filling.stop()

    def said(self, typed: str) -> Sequence[str]:
        """The conversations in which these words were said; blocks for a moment."""
        return tuple(dict.fromkeys(hit.conversation for hit in self._search().find(typed, MOST_FOUND).hits))

    def _told(self) -> None:
        if self._panel is not None and self._filling is not None:
            self._panel.index_came_on(self._filling.progress)

    def _rename(self, entry: Entry, text: str) -> None:
        title = text[:LONGEST_TITLE_CHARS]
        panel = self._panel
        if panel is None:
            return
        try:
            if entry.id == self._current.id:
                self._current.call(title)
            else:
                self._store.rename(entry.id, title)
        except ParlanceError as error:
            panel.say(str(error))
            return
        panel.call(entry, title)

    def _delete(self, entry: Entry) -> None:
        self._deleting = asyncio.ensure_future(self._deleted(entry))

    async def _deleted(self, entry: Entry) -> None:
        panel = self._panel
        if panel is None:
            return
        panel.say("Deleting …")
        try:
            removed: Removed = await in_thread(lambda: self._store.remove([entry.id], self._search().forget))
        except ParlanceError as error:
            panel.say(str(error))
            return
        if removed.open_elsewhere:
            panel.say("It is open in another window, and stays. Close it there first.")
            return
        panel.remove(entry.id)
        copies = ", ".join(copy.name for copy in removed.copies)
        panel.say(f"Deleted. An older copy of the file still holds it: {copies}." if copies else "Deleted.")
