"""Conversations kept as they happen: the journal that a conversation writes to, and the way back to an earlier one.

Nothing is opened, and SQLite is not even loaded, before there is something to write or to read.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modules.errors import FileProblem, UsageError
from modules.llm.catalogue.learned_facts import LearnedFacts
from modules.llm.ledger.ledger import Ledger
from modules.llm.message import Message
from modules.llm.models import Model, ModelRegistry
from modules.session.conversation import Conversation
from modules.session.counting.prices import Spent
from modules.session.node import Node
from modules.session.storage.location import LEAVING_SECONDS, Locks, refuse_newer
from modules.session.storage.saved_conversations import SavedConversations

if TYPE_CHECKING:
    from modules.session.storage.removal import Forget, Removed
    from modules.session.storage.statements import Change
    from modules.session.storage.writer import Writer

FREE, STEP = 30.0, 0.1  # seconds for which another program is waited for at the end, and between two looks
LONGEST_UPDATE_SECONDS = 600.0
TRIES = 3  # a file may be lost while it is written again
FILE = "conversations.db"


class Store(SavedConversations):
    """The conversations in one file.

    A conversation is written whole when it says its first message, and by its changes from then on. One that another
    program has open goes on as a copy.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known: set[str] = set()
        self._lost = 0
        self._slow = False
        self._current: Conversation | None = None
        self._unwritable: str | None = None
        self._writer: Writer | None = None
        self._locks = Locks(path.with_suffix(".lock"))

    # The journal.

    def said(self, conversation: Conversation, node: Node) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.said(conversation, node))

    def moved(self, conversation: Conversation) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.moved(conversation))

    def growing(self, conversation: Conversation, message: Message) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.growing(conversation, message))

    def paid(self, conversation: Conversation, spent: Spent) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.paid(conversation, spent))

    def described(self, conversation: Conversation) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.described(conversation))

    def declared(self, conversation: Conversation) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.declared(conversation))

    def viewed(self, conversation: Conversation) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.viewed(conversation))

    def sent(self, conversation: Conversation, key: str, ledger: Ledger) -> None:
        if self._is_known(conversation):
            from modules.session.storage import statements

            self._put(statements.sent(conversation, key, ledger))

    async def settled(self) -> None:
        """Wait until everything so far is on the disk, or has been tried in vain; then `trouble` says why.

        Nothing is lost by not waiting longer than a moment: what is not written is in memory, and is tried again.
        """
        for _ in range(TRIES):
            if self._writer is None:
                return
            if not await self._writer.reached():
                if not self._slow:
                    self._slow = True
                    self._news.append(f"{self.path} takes long; what is said is written when it can be.")
                return
            if not self._put_lost_again():
                return

    @property
    def trouble(self) -> str | None:
        """Why nothing is saved at present."""
        return self._writer.trouble if self._writer else self._unwritable

    @property
    def held(self) -> bool:
        """Whether another program has the file, and what is to be written waits for that."""
        return self._writer is not None and self._writer.held

    async def end(self, say: Callable[[str], object]) -> None:
        """Close, when no other program has the file any more; what is said then is said by `say`.

        Cancelled, as by Ctrl+C, it is closed at once, and `news` says what is not on the disk.
        """
        try:
            await self._updated(say)
            if self.held:
                say(f"Another program has {self.path}; what was said last waits for it. Ctrl+C leaves without that.")
            left = FREE
            while self.held and left > 0:
                await asyncio.sleep(STEP)
                left -= STEP
        finally:
            self.close(0.0 if self.held else LEAVING_SECONDS)

    async def _updated(self, say: Callable[[str], object]) -> None:
        """Wait while the file of an earlier release is updated, which takes seconds where it is large."""
        said, since = False, time.monotonic()
        while self._writer is not None and not await self._writer.reached() and self._locks.is_updating:
            if not said:
                said = True
                say(f"{self.path} is updated from an earlier release, which is waited for. Ctrl+C leaves without that.")
            if time.monotonic() - since > LONGEST_UPDATE_SECONDS:
                break

    def close(self, patience: float = LEAVING_SECONDS) -> bool:
        """Write what is left; whether all of it is on the disk. Another program that has it is waited for that long."""
        done = True
        if self._writer is not None:
            written = threading.Event()
            self._writer.put(written.set)
            done = written.wait(LEAVING_SECONDS)
            if done:
                self._put_lost_again()
                done = self._writer.close(patience)
            self._unwritable, self._writer = self._writer.trouble, None
            if not done and self._unwritable is None:  # else it is known
                self._news.append("What was said last is not saved: the file is in use, or its disk takes long.")
        self._locks.close()
        return done

    # The way back.

    def check(self) -> None:
        """Look at the place before anything is said; cheap. Raises ConfigError where a newer release has written."""
        refuse_newer(self.path)
        place = self.path
        while not place.exists() and place != place.parent:
            place = place.parent
        if not os.access(place, os.W_OK) or (place != self.path and not place.is_dir()):
            self._unwritable = f"{place} cannot be written"
            self._news.append(f"Nothing is saved: {self._unwritable}.")

    def load(self, id: str, models: ModelRegistry, start: Model, learned: LearnedFacts | None = None) -> Conversation:
        """The conversation, which goes on being kept here; what a person should know of it is in `news`.

        `start` answers where its own model is gone. Raises UsageError where there is none of that id, FileProblem
        where the file cannot be read.
        """
        from modules.session.storage import conversation_loader

        with self._reading() as (connection, older):
            loaded = conversation_loader.read(connection, id, models, start, learned or LearnedFacts())
        if loaded is None:
            raise UsageError(f"There is no conversation {id}.", cure="-c continues the last one.")
        conversation = loaded.conversation
        self._news += loaded.notes
        if older:
            self._locks.is_alone()  # asked while this program itself is in no conversation
        if self._locks.take(id):
            self._known.add(id)
        else:
            conversation.id = Conversation(conversation.model).id
            conversation.source = ""  # which only one can be: what is imported again goes to the other
            self._news.append("This conversation is open in another window; it goes on here as a copy.")
        conversation.journal = self
        if loaded.cut is not None:
            conversation.append(loaded.cut)
        if older and self._unwritable is None:
            from modules.session.storage import statements

            self._put(statements.nothing(id))
        return conversation

    def leave(self, conversation: Conversation) -> None:
        """Let other programs have a conversation that goes on here no more, once what was said in it is written."""
        id = conversation.id
        self._known.discard(id)
        if self._writer is not None:
            self._writer.put(lambda: self._locks.give_back(id))
        else:
            self._locks.give_back(id)

    def rename(self, id: str, title: str) -> None:
        """Give a conversation that is not open a title; "" takes it away. Which was used last stays as it was.

        Raises UsageError where another program has it open, which would write its own title over this one.
        """
        if self.is_open_elsewhere(id):
            raise UsageError(
                "This conversation is open in another window.", cure="/title there gives it another title."
            )
        from modules.session.storage import statements

        self._put(statements.renamed(id, title))

    def is_open_elsewhere(self, id: str) -> bool:
        """Whether another program has this conversation open; cheap. False where that cannot be known."""
        return self._locks.is_taken_elsewhere(id)

    def remove(self, ids: Sequence[str], forget: "Forget | None" = None) -> "Removed":
        """Delete conversations for good; not the one that is spoken here. Blocks for as long as that takes.

        Raises UsageError for that one, FileProblem where the file cannot be written.
        """
        from modules.session.storage import database, removal

        if self._current is not None and self._current.id in ids:
            raise UsageError("This conversation is the one that is open here.", cure="/new begins another one first.")
        try:
            removed = removal.remove(self.path, ids, self._locks, forget)
        except (database.Error, OSError) as error:
            problem = f"Nothing was deleted: {database.reason(error)}."
            raise FileProblem(problem, cure="Try again, or let parlance doctor look at the file.") from error
        self._known.difference_update(removed.ids)
        return removed

    def _is_known(self, conversation: Conversation) -> bool:
        """Whether a change is enough. Where it is not, the whole conversation is written, if anything was said."""
        self._current = conversation
        if self._writer is not None and self._writer.lost != self._lost:
            self._lost = self._writer.lost
            self._known.clear()
        if conversation.id in self._known:
            return True
        if conversation.nodes:
            from modules.session.storage import statements

            self._known.add(conversation.id)
            self._put(statements.everything(conversation))
        return False

    def _put_lost_again(self) -> bool:
        if self._writer is None or self._writer.lost == self._lost or self._current is None:
            return False
        self._is_known(self._current)
        return True

    def _put(self, change: "Change") -> None:
        if self._writer is None:
            from modules.session.storage.writer import Writer

            self._writer = Writer(self.path, self._locks, self._news.append, self._unwritable)
        self._writer.put(change)
