"""The wire messages of a ledger, as the JSON that they are sent as: encoded once, packed, and shared by requests."""

import re
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

from modules.llm.conversion.wire_json import WireList, decoded, encoded
from modules.llm.message import WireEntry
from modules.llm.parts import Wire

BLOCK_BYTES = 64_000  # of JSON, which unpacks in a quarter of a millisecond
PICTURE_BYTES = 4096  # from which on an entry may be held as the value it is: its picture is the one of the message
SAMPLE_BYTES = 256
LEVEL = 1  # the sixth takes four times as long and saves a sixth
_ENCODED = re.compile(rb"[\w+/=-]+")


class Block:
    """Entries that are whole: their JSON with commas between, packed, or one value. Blocks are shared, never changed.

    `size` is the number of bytes, and `ends` are where each of the entries ends.
    """

    __slots__ = ("_held", "ends", "size")

    def __init__(self, held: bytes | Wire, ends: "array[int]") -> None:
        self.ends = ends
        self.size = ends[-1]
        self._held = zlib.compress(held, LEVEL) if isinstance(held, bytes) else held

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def text(self) -> bytes:
        """The JSON, as it is sent."""
        held = self._held
        return zlib.decompress(held, bufsize=self.size) if isinstance(held, bytes) else encoded(held)

    def wires(self) -> Iterator[Wire]:
        """The entries as values, which are not to be changed."""
        held = self._held
        if isinstance(held, dict):
            yield held
        else:
            for text in self.texts():
                yield decoded(text)

    def texts(self) -> list[bytes]:
        """The JSON of each entry."""
        text, starts = self.text, [0, *(end + 1 for end in self.ends)]
        return [text[start:end] for start, end in zip(starts, self.ends, strict=False)]

    def one(self, at: int) -> Wire:
        """One entry as a value."""
        held = self._held
        if isinstance(held, dict):
            return held
        wire: Wire = decoded(self.text[self.ends[at - 1] + 1 if at else 0 : self.ends[at]])
        return wire


class WireLog(Sequence[WireEntry]):
    """Entries that are only added. A copy shares what is in blocks, and costs the same however much that is.

    `covers` holds for each entry the position in the history after the last message in it.
    """

    def __init__(self, entries: Iterable[WireEntry] = ()) -> None:
        self.covers = array("q")
        self._blocks: list[Block] = []
        self._first = array("q")  # the number of the entry that each block begins with
        self._tail: list[bytes] = []
        self._tail_size = 0
        self._sums: dict[Callable[[Wire], int], tuple[int, int]] = {}
        self.extend(entries)

    def append(self, entry: WireEntry) -> None:
        """Add an entry, whose value is not to change any more. Raises what the encoder raises for what is no JSON."""
        self._add(encoded(entry.wire), entry.covers_until, entry.wire)

    def extend(self, entries: Iterable[WireEntry]) -> None:
        for entry in entries:
            self.append(entry)

    def _add(self, text: bytes, covers_until: int, wire: Wire | None = None) -> None:
        if _holds_picture(text):
            self._close()
            self._put(Block(decoded(text) if wire is None else wire, array("q", [len(text)])))
            self.covers.append(covers_until)
            return
        self._tail.append(text)
        self._tail_size += len(text)
        self.covers.append(covers_until)
        if self._tail_size > BLOCK_BYTES:
            self._close()

    def _close(self) -> None:
        if self._tail:
            ends, end = array("q"), -1
            for text in self._tail:
                end += 1 + len(text)
                ends.append(end)
            tail, self._tail, self._tail_size = self._tail, [], 0
            self._put(Block(b",".join(tail), ends), len(self.covers) - len(tail))

    def _put(self, block: Block, first: int | None = None) -> None:
        self._blocks.append(block)
        self._first.append(len(self.covers) if first is None else first)

    def copy(self, until: int | None = None) -> "WireLog":
        """The first entries, `until` so many of them; to go on from, which leaves this one as it is."""
        until = len(self) if until is None else min(until, len(self))
        other = WireLog()
        if until == len(self):
            other.covers, other._blocks, other._first = self.covers[:], self._blocks[:], self._first[:]
            other._tail, other._tail_size, other._sums = self._tail[:], self._tail_size, self._sums.copy()
            return other
        whole = bisect_right(self._first, until) - 1  # the blocks before this one are whole
        in_tail = until - (len(self) - len(self._tail))
        if in_tail >= 0:
            whole, rest = len(self._blocks), self._tail[:in_tail]
        else:
            rest = self._blocks[whole].texts()[: until - self._first[whole]] if until > self._first[whole] else []
        other._blocks, other._first = self._blocks[:whole], self._first[:whole]
        other._tail, other._tail_size = rest, sum(map(len, rest))
        other.covers = self.covers[:until]
        other._sums = {measure: known for measure, known in self._sums.items() if known[0] <= until}
        return other

    def same_as(self, other: "WireLog") -> int:
        """With how many equal entries both begin."""
        same = 0
        for one, two in zip(self._blocks, other._blocks, strict=False):
            if one is not two:
                break
            same += len(one)
        for mine, theirs in zip(self._texts(same), other._texts(same), strict=False):
            if mine != theirs:
                break
            same += 1
        if self.covers[:same] == other.covers[:same]:
            return same
        return next(at for at, (one, two) in enumerate(zip(self.covers, other.covers, strict=False)) if one != two)

    def _texts(self, since: int) -> Iterator[bytes]:
        """The JSON of each entry, from the first of a block on."""
        at = 0
        for block in self._blocks:
            if at >= since:
                yield from block.texts()
            at += len(block)
        yield from self._tail[max(0, since - at) :]

    @property
    def size(self) -> int:
        """How many bytes of JSON they are, without the commas between blocks."""
        return sum(block.size for block in self._blocks) + self._tail_size

    def total(self, measure: Callable[[Wire], int]) -> int:
        """The sum of a measure over all; each entry is measured once, and again in no copy that is made later."""
        done, total = self._sums.get(measure, (0, 0))
        total += sum(map(measure, self.wires(done)))
        self._sums[measure] = len(self), total
        return total

    def wires(self, since: int = 0) -> Iterator[Wire]:
        """The values from number `since` on, which are not to be changed."""
        at = 0
        for block in self._blocks:
            if at + len(block) > since:
                for number, wire in enumerate(block.wires(), at):
                    if number >= since:
                        yield wire
            at += len(block)
        for text in self._tail[max(0, since - at) :]:
            yield decoded(text)

    def listed(self, head: Sequence[Wire], since: int = 0) -> WireList:
        """The JSON list of those in `head`, then all from number `since` on, in pieces."""
        pieces: list[bytes | Block] = [*map(encoded, head)]
        at = 0
        for block in self._blocks:
            if at >= since:
                pieces.append(block)
            elif at + len(block) > since:
                pieces.append(b",".join(block.texts()[since - at :]))
            at += len(block)
        if tail := self._tail[max(0, since - at) :]:
            pieces.append(b",".join(tail))
        return WireList(pieces)

    @overload
    def __getitem__(self, key: int) -> WireEntry: ...

    @overload
    def __getitem__(self, key: slice) -> list[WireEntry]: ...

    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return [*self][key]
        at = range(len(self))[key]
        in_tail = at - (len(self) - len(self._tail))
        if in_tail >= 0:
            return WireEntry(decoded(self._tail[in_tail]), self.covers[at])
        block = bisect_right(self._first, at) - 1
        return WireEntry(self._blocks[block].one(at - self._first[block]), self.covers[at])

    def __len__(self) -> int:
        return len(self.covers)

    def __iter__(self) -> Iterator[WireEntry]:
        return map(WireEntry, self.wires(), self.covers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it grows, and none is ever a key


def _holds_picture(text: bytes) -> bool:
    """Whether much of this JSON is what no packing makes shorter, such as base64; three samples are enough."""
    size = len(text)
    return size > PICTURE_BYTES and any(
        _ENCODED.fullmatch(text, at, at + SAMPLE_BYTES) for at in (size // 4, size // 2, 3 * size // 4)
    )
