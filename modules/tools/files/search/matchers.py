"""Finding a pattern in files: with ripgrep, or without it, and what comes out is the same."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from modules.tools.files.access.safe_open import open_file_at
from modules.tools.files.encodings import SAMPLE_BYTES, encoding_of
from modules.tools.files.search.walk import WalkedFile

LARGEST_BYTES = 20_000_000  # of a file that is searched
WIDEST_CHARS = 300  # of a line that are shown
FIRST = 100  # open files that the first ripgrep is given: a common pattern has enough matches in few files
GROWTH = 4  # and each ripgrep gets so many times as many as the one before, since starting one is what takes long
HELD = 2_000  # at most
FEWEST = 10  # where the system allows next to none
SPARE = 150  # descriptors for all else: the folders on the way, ripgrep's own, what Python holds

_OPEN = "/dev/fd/"
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]()]")

Line = tuple[int, str, int]  # number, text, and where in it the match begins: -1 for a line around one


@dataclass(frozen=True)
class FileMatches:
    """The lines of one file that match, and those around them, in their order."""

    path: str
    lines: list[Line]

    def shown_lines(self, above: str) -> Iterator[tuple[str, bool]]:
        """The lines as they are shown, after one with the path; which of them match is told with each."""
        yield above + (self.path if self.path.isprintable() else ascii(self.path)), False
        before = self.lines[0][0] - 1
        for number, text, at in self.lines:
            if number != before + 1 and any(start < 0 for _, _, start in self.lines):
                yield "--", False
            yield f"{number}{'-' if at < 0 else ':'} {_cut(text, max(at, 0))}", at >= 0
            before = number


class Matcher(Protocol):
    """Finds one pattern in files."""

    def found(self, files: Iterable[WalkedFile]) -> Generator[FileMatches, None, None]:
        """The files that match, in their order."""


class PythonMatcher:
    """Python's regular expressions. `found` raises ValueError for a pattern that is none."""

    def __init__(self, pattern: str, ignore_case: bool, around: int, most: int) -> None:
        self.pattern = pattern
        self.ignore_case = ignore_case
        self.around = around
        self.most = most
        # Words with "|" between are looked for in a file as a whole first, which most files end with.
        self._literals = [] if ignore_case or _SPECIAL.search(pattern) else pattern.split("|")

    def found(self, files: Iterable[WalkedFile]) -> Generator[FileMatches, None, None]:
        try:
            pattern = re.compile(self.pattern, re.IGNORECASE if self.ignore_case else 0)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"The pattern is not a regular expression: {error}.") from error
        for entry in files:
            if lines := self._lines(pattern, entry):
                yield FileMatches(entry.path, lines)

    def _lines(self, pattern: re.Pattern[str], entry: WalkedFile) -> list[Line]:
        try:
            with open(open_file_at(entry.folder, entry.names[-1]), "rb") as file:
                data = file.read(LARGEST_BYTES)
        except OSError:
            return []
        encoding = encoding_of(data[:SAMPLE_BYTES], whole=len(data) <= SAMPLE_BYTES)
        if not encoding or (b"\0" in data and not encoding.startswith("utf-")):
            return []
        text = data.decode(encoding, errors="replace").removesuffix("\n")
        if self._literals and not any(one in text for one in self._literals):
            return []
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        every = ((at, match.start()) for at, line in enumerate(lines) if (match := pattern.search(line)))
        return self._with_those_around(lines, dict(islice(every, self.most + 1)))

    def _with_those_around(self, lines: list[str], matches: dict[int, int]) -> list[Line]:
        near = {at + step for at in matches for step in range(-self.around, self.around + 1)}
        return [(at + 1, lines[at], matches.get(at, -1)) for at in sorted(near) if 0 <= at < len(lines)]


class Ripgrep:
    """ripgrep, told every file and every setting: its own rules and configuration count for nothing.

    They are open already: by its path, a file could have become a link to elsewhere when ripgrep comes to it.
    """

    def __init__(self, program: str, wanted: PythonMatcher) -> None:
        self._command = [program, "--no-config", "--json", "--no-messages", "--crlf", "--no-mmap"]
        self._command += [f"--max-count={wanted.most + 1}", f"--context={wanted.around}", "--no-ignore", "--hidden"]
        self._command += ["--ignore-case" if wanted.ignore_case else "--case-sensitive", "-e", wanted.pattern, "--"]

    def takes_it(self) -> bool:
        """Whether the pattern is one for ripgrep, which knows less and more than Python does."""
        with self._run(["/dev/null"]) as probe:
            return probe.wait() in (0, 1)

    def found(self, files: Iterable[WalkedFile]) -> Generator[FileMatches, None, None]:
        for batch in _batches(files):
            found = dict(self._batch(list(batch)))
            yield from (FileMatches(path, found[name]) for name, path in batch.items() if name in found)

    def _batch(self, names: list[str]) -> Iterator[tuple[str, list[Line]]]:
        lines: list[Line] = []
        with self._run(names) as running:
            for event in map(json.loads, running.stdout or ()):
                match event:
                    case {"type": "match" | "context", "data": data}:
                        lines.append(_line(data))
                    case {"type": "end", "data": {"path": path, "binary_offset": None}}:
                        yield _text(path).decode(), lines
                        lines = []
                    case {"type": "end"}:  # of a binary file
                        lines = []

    def _run(self, paths: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._command, *paths],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[_descriptor(path) for path in paths if path.startswith(_OPEN)],
        )


def _batches(files: Iterable[WalkedFile]) -> Iterator[dict[str, str]]:
    """The files by the names of their descriptors, with their paths; open until the next ones are asked for."""
    batch: dict[str, str] = {}
    most = _held()
    size = min(FIRST, most)
    try:
        for entry in files:
            with suppress(OSError):
                batch[f"{_OPEN}{open_file_at(entry.folder, entry.names[-1])}"] = entry.path
            if len(batch) >= size:
                yield batch
                _close(batch)
                size = min(size * GROWTH, most)
        if batch:
            yield batch
    finally:
        _close(batch)


def _held() -> int:
    """How many files may be open for one ripgrep. The system's limit is raised for that, where it may be."""
    import resource  # not on Windows, where nothing is searched

    wanted = HELD + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return HELD
    raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):
        raised = soft
    return max(FEWEST, raised - SPARE)


def _close(batch: dict[str, str]) -> None:
    for name in batch:
        os.close(_descriptor(name))
    batch.clear()


def _descriptor(name: str) -> int:
    return int(name.removeprefix(_OPEN))


def _line(data: dict[str, Any]) -> Line:
    whole = _text(data["lines"])
    text = whole.decode(errors="replace").removesuffix("\n").removesuffix("\r")
    starts = [match["start"] for match in data["submatches"]]
    return data["line_number"], text, len(whole[: starts[0]].decode(errors="replace")) if starts else -1


def _text(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else base64.b64decode(value["bytes"])


def _cut(text: str, at: int) -> str:
    """A long line around its match."""
    if len(text) <= WIDEST_CHARS:
        return text
    begin = max(0, min(at - WIDEST_CHARS // 3, len(text) - WIDEST_CHARS))
    return (
        f"{'…' if begin else ''}{text[begin : begin + WIDEST_CHARS]}{'…' if begin + WIDEST_CHARS < len(text) else ''}"
    )
