"""A file's bytes as text, piece by piece: in UTF-8, UTF-16 or UTF-32, with or without a mark; and its lines."""

import codecs
from collections.abc import Iterator
from typing import IO

from modules.session.importing.imported import Missed

CHUNK_BYTES = 1 << 20
LONGEST_LINE_CHARS = 100_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """The encoding of a JSON text that begins like this: by its mark, else by where its first zeros are (RFC 4627)."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    match [byte == 0 for byte in head[:4]]:
        case [True, True, True, False]:
            return "utf-32-be"
        case [False, True, True, True]:
            return "utf-32-le"
        case [True, False, *_]:
            return "utf-16-be"
        case [False, True, *_]:
            return "utf-16-le"
    return "utf-8"


def text_of(file: IO[bytes], missed: Missed) -> Iterator[str]:
    """The text of a file. Bytes that are none are replaced, and counted by the pieces that hold them."""
    data = file.read(CHUNK_BYTES)
    encoding = encoding_of(data)
    decoder = codecs.getincrementaldecoder(encoding)()
    while data:
        state = decoder.getstate()
        try:
            text = decoder.decode(data)
        except UnicodeDecodeError:
            missed.count("bytes that are no text")
            decoder = codecs.getincrementaldecoder(encoding)("replace")
            decoder.setstate(state)
            text = decoder.decode(data)
        if text:
            yield text
        data = file.read(CHUNK_BYTES)


def lines_of(chunks: Iterator[str], missed: Missed, longest: int = LONGEST_LINE_CHARS) -> Iterator[str]:
    """The lines of a text, without their ends and without those that are blank or longer than `longest`."""
    pieces: list[str] = []
    length = 0
    for chunk in chunks:
        first, *more = chunk.split("\n")
        for at, piece in enumerate((first, *more)):
            if at:
                yield from _line(pieces, length, missed, longest)
                pieces, length = [], 0
            length += len(piece)
            if length <= longest:
                pieces.append(piece)
            else:
                pieces = []
    yield from _line(pieces, length, missed, longest)


def _line(pieces: list[str], length: int, missed: Missed, longest: int) -> Iterator[str]:
    if length > longest:
        missed.count("lines that are too long")
        return
    line = "".join(pieces).strip()
    if line:
        yield line
