"""Files in, conversations out, one at a time: whatever is wrong with a file is counted, and the next one read."""

import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

from modules.llm.history import says_something
from modules.own_files import opened
from modules.session.importing import llm_logs
from modules.session.importing.archive import BROKEN, Archive, Folder
from modules.session.importing.files import SQLITE, ZIP, head_of, listed
from modules.session.importing.formats import OWN, recognised
from modules.session.importing.imported import ImportedConversation, Missed
from modules.session.importing.json_stream import json_values
from modules.session.importing.reader import Beside
from modules.session.importing.text_stream import text_of

UNKNOWN = "files in which no conversation was recognised"


class Found(Struct):
    """A conversation, and what people call the format that it was in; of one of ours, its JSON as it is in `own`."""

    format: str
    conversation: ImportedConversation
    own: Any = None


class Importer:
    """Reads paths. `failed` names what could not be read at all."""

    def __init__(self, missed: Missed) -> None:
        self.failed: list[tuple[Path, str]] = []
        self._missed = missed
        self._done = 0
        self._file_now: IO[bytes] | None = None

    @property
    def bytes_read(self) -> int:
        """How far the reading has come, of the sizes of all files."""
        return self._done + (self._file_now.tell() if self._file_now is not None else 0)

    def conversations(self, path: Path) -> Iterator[Found]:
        """The conversations of a file, or of those in a folder."""
        is_folder = path.is_dir()
        for file in listed(path, self._missed):
            try:
                yield from self._file(file, is_folder)
            except sqlite3.Error as error:
                self.failed.append((file, f"it cannot be read as a database: {error}"))
            except BROKEN as error:
                self.failed.append((file, f"the archive is damaged: {error}"))
            except OSError as error:
                self.failed.append((file, error.strerror or str(error)))

    def _file(self, path: Path, in_folder: bool) -> Iterator[Found]:
        head = head_of(path)
        if head.startswith(SQLITE):
            if llm_logs.is_logs(path):
                for conversation in llm_logs.read(path, self._missed):
                    yield Found(llm_logs.TITLE, conversation)
            else:
                self._unknown(path, in_folder)
            return
        with opened(path) as file:
            self._file_now = file
            try:
                if head.startswith(ZIP):
                    yield from self._archive(path, file)
                elif not (yield from self._json(file, Folder(path.parent))):
                    self._unknown(path, in_folder)
            finally:
                self._file_now = None
                self._done += path.stat().st_size

    def _unknown(self, path: Path, in_folder: bool) -> None:
        """Much of a folder is no conversation; but a file that was named was meant to be."""
        if in_folder:
            self._missed.count(UNKNOWN)
        else:
            self.failed.append((path, "no conversation was recognised in it"))

    def _archive(self, path: Path, file: IO[bytes]) -> Iterator[Found]:
        archive = Archive(file)
        any_known = False
        for name, member in archive.texts():
            try:
                with archive.open(member) as packed:
                    known = yield from self._json(packed, archive)
                    any_known = any_known or known
            except (OSError, *BROKEN) as error:
                why = getattr(error, "strerror", None) or str(error)
                self.failed.append((path / name, why))
                any_known = True
        if not any_known:
            self.failed.append((path, "no conversation was recognised in it"))

    def _json(self, file: IO[bytes], beside: Beside) -> Generator[Found, None, bool]:
        """The conversations in JSON; gives back whether its format was recognised."""
        unread = Missed()
        values = json_values(text_of(file, unread), unread)
        reader, values = recognised(values)
        if reader is OWN:
            for value in values:
                yield Found(reader.title, ImportedConversation(""), value)
        elif reader is not None:
            for conversation in reader.read(values, beside, self._missed):
                if any(says_something(one.message) for one in conversation.messages):
                    yield Found(reader.title, conversation)
                else:
                    self._missed.count("conversations in which nothing is said")
        for name, number in unread.counts.items() if reader is not None else ():
            self._missed.count(name, number)
        return reader is not None
