"""JSON values out of a text as it is read: the elements of one array, lines of JSON, or values one after the other.

A file of a gigabyte is never held: at any moment there is one value, and what was read ahead.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from modules.session.importing.imported import Missed
from modules.session.importing.text_stream import LONGEST_LINE_CHARS, lines_of

LARGEST_VALUE_CHARS = LONGEST_LINE_CHARS  # of one conversation; what is larger is passed over
DEEPEST = 1_000_000  # brackets that are counted before a text is given up
NOT_JSON, TOO_DEEP = "parts of a file that are no JSON", "values that are nested too deeply"
CUT_SHORT, TOO_LARGE = "files that are cut short", "values that are too large"
_BETWEEN = re.compile(r"[\s,\ufeff]*")
_SCALAR = re.compile(r'[^\s,\[\]{}"]+')
_BRACKET = re.compile(r'["\[\]{}]')
_WORDS = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)  # the inside of a string
_ENDS = frozenset(" \t\r\n,]}")
_OPENS = {"}": ord("{"), "]": ord("[")}
_decoder = json.JSONDecoder()


def json_values(chunks: Iterator[str], missed: Missed, largest: int = LARGEST_VALUE_CHARS) -> Iterator[Any]:
    """The values of a text in whichever of the three forms it has. What is broken is counted, and the rest read."""
    first = next((chunk for chunk in chunks if chunk.strip("\ufeff \t\r\n")), "")
    line = first.strip("\ufeff \t\r\n").partition("\n")[0]
    chunks = itertools.chain((first,), chunks)
    if line.startswith("{") and _is_json(line):
        return json_lines(chunks, missed, largest)
    return _Values(chunks, missed, largest).read()


def json_lines(chunks: Iterator[str], missed: Missed, largest: int = LARGEST_VALUE_CHARS) -> Iterator[Any]:
    """The value of each line."""
    for line in lines_of(chunks, missed, largest):
        try:
            yield _decoder.decode(line.strip("\ufeff \t\r"))
        except ValueError:
            missed.count("lines that are no JSON")
        except RecursionError:
            missed.count(TOO_DEEP)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


class _Extent:
    """Where a value ends, found without reading it: brackets and strings are counted, from piece to piece."""

    def __init__(self) -> None:
        self._open = bytearray()
        self._quoted = False
        self._escaped = False
        self._begun = False
        self.is_scalar = False

    def go_on(self, text: str, at: int) -> tuple[int, bool]:
        """The place up to which `text` from `at` on belongs to the value, and whether the value ends there."""
        if self.is_scalar or not (self._begun or text[at] in '"[{'):
            found = _SCALAR.match(text, at)
            end = found.end() if found else at + (not self.is_scalar)  # a bracket that closes nothing is passed over
            self.is_scalar = True
            return end, end < len(text) or found is None
        while at < len(text):
            if self._quoted:
                at = self._string(text, at)
                if at < len(text) and not self._open:
                    return at, True
                continue
            bracket = _BRACKET.search(text, at)
            if bracket is None:
                return len(text), False
            at = bracket.end()
            self._take(bracket[0])
            if not self._open and not self._quoted:
                return at, True
        return at, self._begun and not self._open and not self._quoted

    def _string(self, text: str, at: int) -> int:
        """The place behind the string that goes on here, or the end of the piece."""
        if self._escaped:
            at, self._escaped = at + 1, False
        found = _WORDS.match(text, at)
        at = found.end() if found else at
        if at < len(text) and text[at] == "\\":  # the last character of the piece
            self._escaped = True
            return len(text)
        if at < len(text):
            self._quoted = False
            return at + 1
        return at

    def _take(self, char: str) -> None:
        self._begun = True
        if char == '"':
            self._quoted = True
        elif char in "[{":
            self._open.append(ord(char))
            if len(self._open) > DEEPEST:
                raise RecursionError(TOO_DEEP)
        else:  # one that closes an outer bracket closes those in it, too: a fault ends with the value that it is in
            place = self._open.rfind(_OPENS[char])
            del self._open[max(place, 0) :]


class _Values:
    """The values of a text, one by one, with one bound for all of them."""

    def __init__(self, chunks: Iterable[str], missed: Missed, largest: int) -> None:
        self._chunks = iter(chunks)
        self._missed = missed
        self._largest = largest
        self._text = ""
        self._at = 0
        self._is_cut = False

    def read(self) -> Iterator[Any]:
        in_array = self._next_char() == "["
        self._at += in_array
        while char := self._next_char():
            if in_array and char == "]":
                return
            try:
                yield from self._value()
            except RecursionError:
                self._missed.count(TOO_DEEP)
                return
        if in_array and not self._is_cut:
            self._missed.count(CUT_SHORT)

    def _next_char(self) -> str:
        """The next character that is no blank and no comma, "" at the end."""
        while True:
            found = _BETWEEN.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        self._text, self._at = next(self._chunks, ""), 0
        return bool(self._text)

    def _value(self) -> Iterator[Any]:
        try:
            value, end = _decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            pass  # it may go on in the next piece
        else:
            # A number may go on in the next piece, too, and one of its kind ends before the point.
            if not isinstance(value, int | float) or self._text[end : end + 1] in _ENDS:
                self._at = end
                yield value
                return
        if text := self._text_of_value():
            try:
                yield _decoder.decode(text)
            except ValueError:
                self._missed.count(NOT_JSON)
            except RecursionError:
                self._missed.count(TOO_DEEP)

    def _text_of_value(self) -> str:
        """The text of the value that begins here, "" for one that is passed over."""
        extent, pieces, length, is_whole = _Extent(), [""], 0, False
        while not is_whole:
            end, is_whole = extent.go_on(self._text, self._at)
            length += end - self._at
            if length <= self._largest:
                pieces.append(self._text[self._at : end])
            else:
                pieces = []
            self._at = end
            if not is_whole and not self._more():
                if not extent.is_scalar:
                    self._missed.count(CUT_SHORT)
                    self._is_cut = True
                    return ""
                is_whole = True
        if length > self._largest:
            self._missed.count(TOO_LARGE)
        return "".join(pieces)
