"""Rows read from a database's pages one by one, without its header, its schema or its trees: for files that lost those.

A leaf of a table says so in its first byte, and holds its rows whole but for what is too long for a page; that stands
in a chain of further pages. sqlite.org/fileformat2.html, 1.6 and 2.1.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LEAF = 13
HEADER = 100  # bytes of the first page that belong to the file
SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}  # bytes of a value, by its serial type
DEFAULT_PAGE = 4096
LONGEST = 1_000_000_000

Row = tuple[Any, ...]


def page_size_of(head: bytes) -> int:
    """What the file's header says, or what is usual where it says nothing that can be."""
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else DEFAULT_PAGE


def rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row of each table's leaf with its rowid; text and blobs are bytes. What makes no sense is passed over."""
    with path.open("rb") as file:
        size = page_size_of(file.read(HEADER))
        pages = path.stat().st_size // size

        def page(number: int) -> bytes:
            if not 0 < number <= pages:
                raise ValueError(number)
            file.seek((number - 1) * size)
            return file.read(size)

        for number in range(1, pages + 1):
            content = page(number)
            start = HEADER if number == 1 else 0
            if content[start] != LEAF:
                continue
            cells = int.from_bytes(content[start + 3 : start + 5], "big")
            for at in range(start + 8, min(start + 8 + 2 * cells, size - 1), 2):
                try:
                    yield _cell(content, int.from_bytes(content[at : at + 2], "big"), page)
                except (ValueError, IndexError, struct.error):
                    continue


def _cell(content: bytes, at: int, page: Any) -> tuple[int, Row]:
    length, at = _varint(content, at)
    rowid, at = _varint(content, at)
    if length > LONGEST:
        raise ValueError(length)
    usable = len(content)
    local = length
    if length > usable - 35:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = least if local > usable - 35 else local
    payload = content[at : at + local]
    if len(payload) < local:
        raise ValueError(length)
    if local < length:
        payload += _overflow(int.from_bytes(content[at + local : at + local + 4], "big"), length - local, page)
    return rowid, _record(payload)


def _overflow(number: int, left: int, page: Any) -> bytes:
    pieces = []
    while left > 0:
        content = page(number)
        pieces.append(content[4 : 4 + left])
        left -= len(pieces[-1])
        number = int.from_bytes(content[:4], "big")
    return b"".join(pieces)


def _record(payload: bytes) -> Row:
    header, at = _varint(payload, 0)
    if not 0 < header <= len(payload):
        raise ValueError(header)
    types = []
    while at < header:
        kind, at = _varint(payload, at)
        types.append(kind)
    values = []
    at = header
    for kind in types:
        if kind in (10, 11):
            raise ValueError(kind)
        size = SIZES[kind] if kind < 10 else (kind - 12) // 2
        piece = payload[at : at + size]
        if len(piece) < size:
            raise ValueError(kind)
        values.append(_value(kind, piece))
        at += size
    return tuple(values)


def _value(kind: int, piece: bytes) -> Any:
    if kind == 0:
        return None
    if kind == 7:
        return struct.unpack(">d", piece)[0]
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(piece, "big", signed=True) if kind < 7 else piece


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(9):
        byte = content[at]
        at += 1
        if count == 8:
            return (value << 8) | byte, at
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            break
    return value, at
