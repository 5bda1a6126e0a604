"""Commands that find an earlier conversation: in a list of them, or by what was said."""

import contextlib
import string
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modules.chat.command import Ask, ChatContext, command
from modules.daemon_thread import in_thread
from modules.errors import UsageError
from modules.session.storage.saved_conversations import SHORT_CHARS

if TYPE_CHECKING:
    from modules.session.search.search import Search
    from modules.session.storage.listing import Entry
    from modules.session.storage.store import Store

HERE, ALL = "--here", "--all"
PRINTED = 20  # where no list can be shown
LEAST_ID = 6  # characters of an id that are one, and not a word, where a list can be shown
SEARCHING_SECONDS = 10.0  # for which an index is filled before a search that only prints


def options(chat: ChatContext, args: str) -> Iterator[tuple[str, str]]:
    yield from ((HERE, "only those of this folder"), (ALL, "also single questions, asked with -p"))


@command("/sessions [--here] [words]", aliases=("resume",), complete=options)
async def sessions(chat: ChatContext, args: str) -> Ask | None:
    """Go on with another conversation.

    Typing narrows the list by words in titles and in what was said, Enter opens, Ctrl+D deletes for good, Ctrl+R
    renames. "--here" shows those of this folder, "--all" also single questions that were asked with -p. With an id, or
    its beginning, that conversation is opened at once.
    """
    words = args.split()
    here, everything = HERE in words, ALL in words
    typed = " ".join(word for word in words if word not in (HERE, ALL))
    store = _store(chat)
    if (id := await _id_in(chat, store, typed)) is not None:
        await _open(chat, id)
        return None
    if chat.conversation.journal is not None:
        await chat.conversation.journal.settled()  # what was said last is in the list
    folder = chat.conversation.folder if here else None
    entries: Sequence[Entry] = await in_thread(lambda: store.entries(folder, one_shots=everything))
    if chat.config.spoken and chat.answer is not None and entries:
        if (picked := await _by_number(chat, entries, typed)) is not None and picked != chat.conversation.id:
            await _open(chat, picked)
    elif chat.ask is None:
        _print(chat, entries, typed)
    elif (chosen := await _picked(chat, store, entries, typed)) is not None and chosen != chat.conversation.id:
        await _open(chat, chosen)
    return None


@command("/search [words]", aliases=("find",))
async def search(chat: ChatContext, args: str) -> Ask | None:
    """Find what was said, in all conversations.

    Typing changes what is looked for; Enter opens the conversation there. "In quotes" means these words in a row, -word
    what must not be there; role:user, model:NAME, since:2024-05 and in:title narrow it.
    """
    store = _store(chat)
    if chat.conversation.journal is not None:
        await chat.conversation.journal.settled()
    if chat.ask is None:
        await _print_found(chat, store, args)
        return None
    from modules.chat.dialogs.search_picker import SearchPicker

    panel = SearchPicker(search_of(store), chat.screen.size, args)
    hit = None
    with contextlib.suppress(EOFError):  # the terminal is gone; the line will notice
        try:
            hit = await chat.ask(panel)
        finally:
            panel.stop()
    if hit is not None:
        await _open(chat, hit.conversation, hit.message)
    return None


def search_of(store: "Store") -> "Search":
    """The search through the conversations of a store; its index lies beside them."""
    from modules.session.search.search import FILE, Search

    return Search(store.path, store.path.with_name(FILE))


def _store(chat: ChatContext) -> "Store":
    if chat.store is None:
        raise UsageError("Nothing is saved in this chat (--no-save).", cure="Start another one to open a conversation.")
    return chat.store


async def _id_in(chat: ChatContext, store: "Store", typed: str) -> str | None:
    """The conversation whose id was typed; None for words, and for nothing."""
    is_id = bool(typed) and set(typed.lower()) <= set(string.hexdigits)
    if not is_id or (chat.ask is not None and len(typed) < LEAST_ID):
        return None
    found: Sequence[str] = await in_thread(lambda: store.ids(typed))
    return found[0] if len(found) == 1 else None


async def _picked(chat: ChatContext, store: "Store", entries: Sequence["Entry"], typed: str) -> str | None:
    from modules.chat.dialogs.session_deeds import SessionDeeds
    from modules.chat.dialogs.session_picker import SessionPicker

    assert chat.ask is not None
    deeds = SessionDeeds(store, lambda: search_of(store), chat.conversation)
    panel = SessionPicker(store, entries, chat.conversation.id, chat.screen.size, deeds.said, typed)
    deeds.serve(panel)
    try:
        chosen: str | None = await chat.ask(panel)
        return chosen
    except EOFError:  # the terminal is gone; the line will notice
        return None
    finally:
        panel.stop()
        deeds.stop()


async def _by_number(chat: ChatContext, entries: Sequence["Entry"], typed: str) -> str | None:
    """The conversation that is chosen from numbered lines, where no list can be shown."""
    from modules.chat.dialogs.numbered_list import choose
    from modules.chat.dialogs.session_rows import fold
    from modules.chat.wording.ago import ago

    def matching(words: str) -> Sequence["Entry"]:
        wanted = fold(words or typed).split()
        return [entry for entry in entries if all(word in fold(entry.title) for word in wanted)]

    with contextlib.suppress(EOFError):
        entry = await choose(chat, matching, lambda one: f"{one.title}, {ago(one.updated)}, {one.id[:SHORT_CHARS]}")
        return None if entry is None else entry.id
    return None


def _print(chat: ChatContext, entries: Sequence["Entry"], typed: str) -> None:
    """The table, where no list can be shown."""
    from modules.chat.dialogs.session_rows import fold
    from modules.chat.wording.ago import ago

    words = fold(typed).split()
    fitting = [entry for entry in entries if all(word in fold(entry.title) for word in words)]
    if not fitting:
        chat.screen.say("No title has these words. /search finds what was said." if words else "There are none yet.")
        return
    rows = [(entry.id[:SHORT_CHARS], ago(entry.updated), entry.title) for entry in fitting[:PRINTED]]
    chat.screen.table(rows, ("id", "when", "title"))
    more = f" {len(fitting) - PRINTED:,} more are not shown: /sessions WORDS." if len(fitting) > PRINTED else ""
    chat.screen.say(f"/sessions ID opens one; the beginning of an id is enough.{more}")


async def _print_found(chat: ChatContext, store: "Store", typed: str) -> None:
    from modules.chat.dialogs.search_picker import said_by

    if not typed.strip():
        raise UsageError("There are no words to look for.", cure="/search WORDS finds what was said.")
    looking = search_of(store)
    await in_thread(lambda: looking.catch_up(seconds=SEARCHING_SECONDS))
    found = await in_thread(lambda: looking.find(typed, PRINTED))
    for hit in found.hits:
        chat.screen.show(" · ".join(filter(None, (hit.conversation[:SHORT_CHARS], *said_by(hit), hit.title))))
        chat.screen.show(f"   {hit.snippet}")
    part = f" {found.indexed:,} of {found.total:,} messages are indexed." if found.indexed < found.total else ""
    end = "/sessions ID opens one." if found.hits else "Nothing was found."
    chat.screen.say(f"{end}{part}")


async def _open(chat: ChatContext, id: str, message: int = 0) -> None:
    from modules.chat.opening import open_conversation  # the first prompt need not wait for it

    await open_conversation(chat, id, message)
