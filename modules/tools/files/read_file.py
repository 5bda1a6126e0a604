"""The tool that reads a file: text by pages of lines, pictures and PDF as what they are."""

import codecs
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from modules.daemon_thread import in_thread
from modules.errors import FileProblem, ToolFailed
from modules.llm.parts import Text
from modules.tools.files.access.paths import WHEN_READING, Place, place_of, plan_to_read, said
from modules.tools.files.access.safe_open import open_file
from modules.tools.files.encodings import SAMPLE_BYTES, as_size, encoding_of
from modules.tools.media.media import largest, media_of, media_type_of
from modules.tools.tool import Output, Plan, ToolContext, tool

LINES = 2_000  # of a page, unless asked otherwise
PAGE_BYTES = 40_000  # of a page, below what a result may have
LONGEST_CHARS = 2_000  # of a line
COUNTED_BYTES = 500_000_000  # that are gone through to count the lines


@tool(effect="read", when=WHEN_READING)
def read_file(path: str, context: ToolContext, offset: int = 1, limit: int = LINES) -> Plan:
    """Read a text file by pages of lines, or see an image or PDF.

    Args:
        path: relative to the working folder, or absolute
        offset: first line, from 1
        limit: most lines
    """
    place = place_of(path, context)
    if offset < 1 or limit < 1:
        raise ToolFailed("offset and limit begin at 1.")

    async def do(context: ToolContext) -> Any:
        return await in_thread(_read, place=place, offset=offset, limit=limit)

    return plan_to_read(place, do)


def _read(place: Place, offset: int, limit: int) -> Output:
    try:
        with open(open_file(place.real), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(SAMPLE_BYTES)
            if kind := media_type_of(start):
                return _media(place, kind, start, size, file)
            encoding = encoding_of(start, whole=len(start) < SAMPLE_BYTES)
            if not encoding:
                raise ToolFailed(f"{place.shown} is a binary file ({as_size(size)}), which cannot be read as text.")
            page = _page(_pieces(start, file, encoding), offset, limit)
            return Output((Text(_headed(place, page, encoding, to_the_end=not file.read(1))),))
    except FileNotFoundError as error:
        raise ToolFailed(f"There is no {place.shown}.") from error
    except OSError as error:
        raise ToolFailed(f"{place.shown} cannot be read: {said(error)}.") from error


def _media(place: Place, kind: str, start: bytes, size: int, file: BinaryIO) -> Output:
    data = start + file.read(max(0, largest(kind) + 1 - len(start)))
    try:
        media = media_of(data, place.real.name)
    except FileProblem as problem:
        raise ToolFailed(f"{place.shown} ({kind}, {as_size(max(size, len(data)))}): {problem.message}") from problem
    if media is None:  # the file is another by now
        raise ToolFailed(f"{place.shown} has changed while it was read.")
    note = f"; {media.note}" if media.note else ""
    return Output((Text(f"[{place.shown}: {kind}, {as_size(len(data))}{note}]"), media.part))


class _Page:
    """The lines from `offset` up to `until`, or fewer where they are long. `total` is how many lines went by."""

    def __init__(self, offset: int, limit: int) -> None:
        self.offset = offset
        self.until = offset + limit
        self.lines: list[str] = []
        self.total = 0
        self.crlf = False
        self._room = PAGE_BYTES

    def take(self, lines: list[str], dropped: int = 0) -> None:
        """The next lines of the file; of the last one, that many characters are missing here."""
        first = self.total + 1
        self.total += len(lines)
        for line in lines[max(0, self.offset - first) : max(0, self.until - first)]:
            if not dropped and line.endswith("\r"):
                self.crlf, line = True, line[:-1]
            if (more := len(line) + dropped - LONGEST_CHARS) > 0:
                line = f"{line[:LONGEST_CHARS]}[… {more} more characters]"
            self.lines.append(line)
            self._room -= len(line.encode(errors="replace")) + 1
            if self._room <= 0:
                self.until = self.offset + len(self.lines)
                break


def _page(pieces: Iterator[str], offset: int, limit: int) -> _Page:
    page = _Page(offset, limit)
    begun, dropped = "", 0  # of the line that a piece ends in, no more than is shown
    for piece in pieces:
        head, *lines = piece.split("\n")
        dropped += max(0, len(begun) + len(head) - 2 * LONGEST_CHARS)
        begun = (begun + head)[: 2 * LONGEST_CHARS]
        if lines:
            page.take([begun], dropped)
            begun, dropped = lines.pop(), 0
            page.take(lines)
    if begun:
        page.take([begun], dropped)
    return page


def _pieces(start: bytes, file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    data = start
    while data:
        yield decoder.decode(data)
        data = file.read(SAMPLE_BYTES) if file.tell() < COUNTED_BYTES else b""
    yield decoder.decode(b"", final=True)


def _headed(place: Place, page: _Page, encoding: str, *, to_the_end: bool) -> str:
    if not page.total:
        return f"[{place.shown} is empty]"
    if not page.lines:
        raise ToolFailed(f"{place.shown} has only {page.total} lines.")
    last = page.offset + len(page.lines) - 1
    notes = [f"{place.shown}: lines {page.offset}-{last} of {'' if to_the_end else 'more than '}{page.total}"]
    if encoding != "utf-8":
        notes.append(encoding)
    if page.crlf:
        notes.append("lines end with CRLF")
    more = f"\n[go on with offset={last + 1}]" if last < page.total else ""
    return f"[{', '.join(notes)}]\n" + "\n".join(page.lines) + more
