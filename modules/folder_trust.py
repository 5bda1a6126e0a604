"""What lies in a folder is believed only after a person has seen it: each answer, and the content it was given for."""

import hashlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from modules.errors import FileProblem
from modules.own_files import in_turn, read_bytes, write_whole


class _Answer(Struct, frozen=True):
    """`sha256` is that of exactly the content that was shown, in hex."""

    folder: str
    kind: str
    sha256: str
    answer: bool


class _File(Struct, frozen=True):
    version: int = 1
    answers: tuple[_Answer, ...] = ()


class FolderTrust:
    """The answers of a person, kept in a private file over runs; a file that cannot be read holds none.

    A folder is known by its real path. Several programs may share the file: it is read anew for each question.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unwritten: dict[tuple[str, str], _Answer | None] = {}  # they hold in this run although a disk is full

    def answer(self, folder: Path, kind: str, content: bytes) -> bool | None:
        """What was said of exactly this content; None where nobody was asked, or of something else."""
        known = self._known().get((_name(folder), kind))
        return known.answer if known is not None and known.sha256 == _sha256(content) else None

    def remember(self, folder: Path, kind: str, content: bytes, answer: bool) -> None:
        """Keep an answer in the place of the one before. Raises FileProblem; it holds for this run all the same."""
        self._keep(_name(folder), kind, _Answer(_name(folder), kind, _sha256(content), answer))

    def forget(self, folder: Path, kind: str) -> None:
        """Ask anew the next time. Raises FileProblem; it holds for this run all the same."""
        self._keep(_name(folder), kind, None)

    def _known(self) -> dict[tuple[str, str], _Answer]:
        try:
            kept = msgspec.json.decode(read_bytes(self._file), type=_File).answers
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            kept = ()
        known = {(one.folder, one.kind): one for one in kept} | self._unwritten
        return {place: one for place, one in known.items() if one is not None}

    def _keep(self, folder: str, kind: str, answer: _Answer | None) -> None:
        self._unwritten[folder, kind] = answer
        try:
            with in_turn(self._file):
                write_whole(self._file, msgspec.json.encode(_File(answers=tuple(self._known().values()))))
        except OSError as error:
            problem = f"{self._file} cannot be written, so the answer holds for this run only: {error.strerror}."
            raise FileProblem(problem, cure="Make room, or mend the permissions of its folder.") from error
        self._unwritten.clear()


def _name(folder: Path) -> str:
    """The real path as text, a different one for each folder, also where its name is not UTF-8."""
    return os.fsencode(os.path.realpath(folder)).replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
