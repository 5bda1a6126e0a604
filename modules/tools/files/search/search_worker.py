"""Listing and searching, in a process of its own: a pattern that never ends is ended with it, and nothing waits.

The request and the answers are JSON; an answer says what it is, and a text. Names, patterns and rules come from
anywhere; this process reads, and that is all it does.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modules.tools.files.access.safe_open import folder_of
from modules.tools.files.access.secret_names import is_secret
from modules.tools.files.encodings import as_size
from modules.tools.files.search.globs import Glob
from modules.tools.files.search.matchers import LARGEST_BYTES, Matcher, PythonMatcher, Ripgrep
from modules.tools.files.search.walk import Walk, WalkedFile

ROOM_BYTES = 40_000  # of lines, below what a result may have

Kind = Literal["line", "note", "failure", "end"]


@dataclass(frozen=True)
class Request:
    """What to look for. Without a `pattern` files are listed. `secrets` is whether to go where such may be.

    `file` is set to search that one in `root`. `shown` goes before all paths. `rg` is the path of ripgrep, or "".
    """

    root: str
    base: str
    shown: str
    guarded: list[str]
    secrets: bool
    glob: str
    everything: bool
    limit: int
    file: str = ""
    pattern: str = ""
    ignore_case: bool = False
    around: int = 0
    rg: str = ""


def search(request: bytes) -> Iterator[bytes]:
    """What is found, as it is found, and an "end" that says that this was all."""
    for answer in _found(Request(**json.loads(request))):
        yield json.dumps(answer).encode()


def _found(request: Request) -> Iterator[tuple[Kind, str]]:
    try:
        yield from _searched(request) if request.pattern else _listed(request)
    except FileNotFoundError:
        yield "failure", f"There is no {request.shown.rstrip('/') or request.root}."
    except OSError as error:
        where, reason = request.shown.rstrip("/") or request.root, (error.strerror or str(error)).lower()
        yield "failure", f"{where} cannot be looked through: {reason}."
    except ValueError as error:
        yield "failure", str(error)
    yield "end", ""


def _listed(request: Request) -> Iterator[tuple[Kind, str]]:
    glob = Glob(request.glob)
    walk = _walk(request, glob)
    count, shown, room = 0, 0, ROOM_BYTES
    for entry in walk.entries():
        if not glob.matches(entry.names) or (entry.is_folder and glob.deep):
            continue
        count += 1
        line = request.shown + _line(entry)
        room -= len(line.encode(errors="replace")) + 1
        if count <= request.limit and room > 0:
            shown = count
            yield "line", line
    if count and count > shown:
        yield "note", f"the first {shown} of {count}: narrow the pattern for the others"
    if not count:
        yield "note", "nothing matches"
    yield from _passed_over(walk)


def _line(entry: WalkedFile) -> str:
    path = entry.path if entry.path.isprintable() else ascii(entry.path)
    if entry.is_folder:
        return f"{path}/"
    if entry.is_link:
        return f"{path} -> {ascii(os.readlink(entry.names[-1], dir_fd=entry.folder))[1:-1]}"
    return f"{path}  {as_size(entry.about.st_size)}" if entry.is_file else f"{path}  (no regular file)"


def _searched(request: Request) -> Iterator[tuple[Kind, str]]:
    glob = Glob(request.glob if "/" in request.glob else f"**/{request.glob or '*'}")
    walk = _walk(request, glob)
    files = _Files(request, glob)
    wanted = PythonMatcher(request.pattern, request.ignore_case, request.around, request.limit)
    ripgrep = Ripgrep(request.rg, wanted)
    matcher: Matcher = ripgrep if request.rg and ripgrep.takes_it() else wanted
    room, left, full = ROOM_BYTES, request.limit, False
    with closing(matcher.found(files.of(walk.entries()))) as every:
        for found in every:
            for line, matches in found.shown_lines(request.shown):
                room -= len(line.encode(errors="replace")) + 1
                if full := left < matches or room < 0:
                    break
                left -= matches
                yield "line", line
            if full:
                break
    if full:
        yield (
            "note",
            f"stopped after {_counted(request.limit - left, 'matching line')}: narrow the search for the others",
        )
    elif left == request.limit:
        yield "note", f"no match in {_counted(files.searched, 'file')}"
    yield from files.left_out()
    yield from () if request.file else _passed_over(walk)


class _Files:
    """The files that are to be searched, and how many of those that fit are not."""

    def __init__(self, request: Request, glob: Glob) -> None:
        self._request = request
        self._glob = glob
        self.searched = 0
        self._large = 0
        self._secret = 0

    def of(self, entries: Iterable[WalkedFile]) -> Iterator[WalkedFile]:
        if self._request.file:
            with folder_of(Path(self._request.root, self._request.file)) as folder:
                names = (self._request.file,)
                yield from self._fit(
                    [WalkedFile(names, folder, os.stat(names[0], dir_fd=folder, follow_symlinks=False))]
                )
        else:
            yield from self._fit(entry for entry in entries if self._glob.matches(entry.names))

    def _fit(self, entries: Iterable[WalkedFile]) -> Iterator[WalkedFile]:
        for entry in entries:
            if not entry.is_file:
                continue
            if not self._request.secrets and is_secret(entry.names[-1:]):
                self._secret += 1
            elif entry.about.st_size > LARGEST_BYTES:
                self._large += 1
            else:
                self.searched += 1
                yield entry

    def left_out(self) -> Iterator[tuple[Kind, str]]:
        if self._secret:
            yield (
                "note",
                f"{_counted(self._secret, 'file')} with possible secrets not searched: read_file asks for them",
            )
        if self._large:
            yield "note", f"{_counted(self._large, 'file')} above {as_size(LARGEST_BYTES)} not searched"


def _walk(request: Request, glob: Glob) -> Walk:
    return Walk(
        Path(request.root),
        Path(request.base),
        hidden=request.everything or glob.hidden,
        ignored=request.everything,
        secrets=request.secrets,
        guarded=[Path(one) for one in request.guarded],
        enters=glob.reaches,
    )


def _passed_over(walk: Walk) -> Iterator[tuple[Kind, str]]:
    if walk.passed:
        yield "note", f"{walk.passed} hidden or ignored left out: all=true shows them"
    if walk.unread:
        yield "note", f"{_counted(walk.unread, 'folder')} not entered: private, too deep, or not allowed"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
