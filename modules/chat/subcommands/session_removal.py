"""`parlance sessions --prune` and `--delete`: conversations that go for good, after a question that shows them."""

import contextlib
import re
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from modules.chat.program_name import this_program
from modules.chat.terminal import streams
from modules.chat.wording.phrases import count
from modules.config import Config
from modules.errors import FileProblem, UsageError
from modules.session.search.search import FILE as INDEX
from modules.session.search.search import Search
from modules.session.storage import database, pruning
from modules.session.storage.location import refuse_newer
from modules.session.storage.pruning import Prunable
from modules.session.storage.saved_conversations import SHORT_CHARS
from modules.session.storage.store import FILE, Store
from modules.text.sanitize import clean

SHOWN = 20  # conversations by name in the question
DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
BYTES = {"kb": 1e3, "mb": 1e6, "gb": 1e9}


def age(text: str) -> float:
    """Seconds in an age such as 90d, 8w, 6m or 1y. Raises ValueError for anything else."""
    found = re.fullmatch(r"(\d{1,5})([dwmy])", text.strip().lower())
    if found is None:
        raise ValueError(text)
    return int(found[1]) * DAYS[found[2]] * 86_400.0


def size(text: str) -> int:
    """Bytes in a size such as 500MB or 2GB. Raises ValueError for anything else."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([kmg]b)", text.strip().lower())
    if found is None:
        raise ValueError(text)
    return int(float(found[1]) * BYTES[found[2]])


def prune(config: Config, older_than: float | None, down_to: int | None, *, yes: bool) -> int:
    """Delete what is old, or as much as makes the file that small. Returns the exit code."""
    if older_than is None and down_to is None:
        raise UsageError(
            "It is not said what may go.", cure="--older-than 1y takes what was last used before that, --down-to 500MB."
        )
    path = config.data_folder / FILE
    with _open(path) as connection:
        before = None if older_than is None else time.time() - older_than
        planned = pruning.plan(connection, used_before=before, bytes_kept=down_to)
    return _remove(path, planned.conversations, yes=yes)


def delete(config: Config, wanted: Sequence[str], *, yes: bool) -> int:
    """Delete those whose ids begin so. Returns the exit code. Raises UsageError for an id that is not there."""
    path = config.data_folder / FILE
    store = Store(path)
    ids = {store.find(one) for one in wanted}
    with _open(path) as connection:
        found = pruning.plan(connection, used_before=float("inf")).conversations
    return _remove(path, [one for one in found if one.id in ids], yes=yes)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    refuse_newer(path)
    try:
        connection, _ = database.open_to_read(path)
        with contextlib.closing(connection):
            yield connection
    except (database.Error, OSError) as error:
        raise FileProblem(f"{path} cannot be read: {database.reason(error)}.", cure=_doctor()) from error


def _doctor() -> str:
    return f"{this_program()} doctor looks at it."


def _remove(path: Path, found: Sequence[Prunable], *, yes: bool) -> int:
    if not found:
        _say("There is nothing to delete.")
        return 0
    for one in found[:SHOWN]:
        when = datetime.fromtimestamp(one.updated).strftime("%Y-%m-%d")
        _say("\t".join((one.id[:SHORT_CHARS], when, one.title or "(no words)")))
    if len(found) > SHOWN:
        _say(f"… and {len(found) - SHOWN:,} more")
    what = f"{count(len(found), 'conversation')}, about {sum(one.size for one in found) / 1e6:,.1f} MB"
    if not yes and not _agreed(f"Delete {what} for good? y/N "):
        _say("Nothing was deleted.")
        return 1
    store = Store(path)
    try:
        removed = store.remove([one.id for one in found], Search(path, path.with_name(INDEX)).forget)
    finally:
        store.close()
    _say(f"Deleted {count(len(removed.ids), 'conversation')}; the file is {removed.freed_bytes / 1e6:,.1f} MB shorter.")
    for id in removed.open_elsewhere:
        _say(f"{id[:SHORT_CHARS]} is open in another window, and stays.")
    if removed.in_log:
        _say("Another program was reading: the words stay in the log beside the file until that one has ended.")
    for copy in removed.copies:
        _say(f"An older copy still holds what was in it then: {copy}")
    return 1 if removed.open_elsewhere else 0


def _agreed(question: str) -> bool:
    """Whether the person says yes. Raises UsageError where there is nobody to ask."""
    if not streams.at_terminal(sys.stdin) or not streams.at_terminal(sys.stdout):
        raise UsageError("Nobody is there to ask.", cure="--yes deletes without a question.")
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _say(text: str) -> None:
    sys.stdout.write(clean(text) + "\n")
    sys.stdout.flush()
