"""The keyboard byte by byte: what each terminal sends for a key, pastes, and bytes that nobody should send."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from modules.chat.terminal.key_parser import BURST, LATE, LONG_CHARS, SOON, KeyParser
from modules.chat.terminal.paste import Pasted
from modules.chat.terminal.terminal_reports import Attributes, Colour, Focus, KeyboardFlags, Mode, Report, TerminalName
from modules.config import ROOT

FLUSH = None  # in place of bytes: that silence has lasted
ESC, PASTE, END = "escape", b"\x1b[200~", b"\x1b[201~"


def pressed(*reads: bytes | None, heard: list[Report] | None = None) -> list[str]:
    """The names of the keys in these reads; a paste is its text in angle brackets."""
    parser = KeyParser((heard if heard is not None else []).append)
    return names(key for read in reads for key in (parser.flush() if read is FLUSH else parser.feed(read)))


def names(keys: Iterable[KeyPress]) -> list[str]:
    return [name(key) for key in keys if not mark(key)]


def name(key: KeyPress) -> str:
    if key.key is Keys.BracketedPaste:
        return f"<{key.data}>"
    return key.key.value if isinstance(key.key, Keys) else key.key


def mark(key: KeyPress) -> bool:
    """Whether this is what tells prompt_toolkit not to wait for a second key."""
    return key.data == "_Flush"


def table() -> Iterator[Any]:
    text = (ROOT / "docs/terminal.md").read_text().partition("<!-- keys -->")[2].partition("<!-- /keys -->")[0]
    for line in text.strip().splitlines()[2:]:
        key, sent, by, read_as, does = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        data = sent.strip("`").replace("\\|", "|").replace(" ESC", "ESC").replace("ESC ", "ESC").replace(" ^", "^")
        data = re.sub(r"\^(.)", lambda match: chr(ord(match[1]) ^ 0x40), data.replace("ESC", "\x1b"))
        yield pytest.param(data.encode(), read_as.strip("`").split(), does, id=f"{key} of {by.split(',')[0]}")


ROWS = list(table())


@pytest.mark.parametrize(("data", "keys", "does"), ROWS)
def test_a_key_of_the_table_is_read_as_it_says(data: bytes, keys: list[str], does: str) -> None:
    heard: list[Report] = []
    whole, cut = pressed(data, FLUSH, heard=heard), pressed(*(data[at : at + 1] for at in range(len(data))), FLUSH)
    assert whole == cut == keys
    assert bool(heard) == (does == "heard")
    assert pressed(b"a" + data, b"b", FLUSH) == ["a", *keys, "b"] or data == b"\x1b"


def test_what_a_terminal_reports_is_told_as_values() -> None:
    heard: list[Report] = []
    late = b"\x1b[?62;22c\x1b]11;rgb:0000/8080/ffff\x07\x1bP>|tmux 3.4\x1b\\\x1b[?5u\x1b[?2026;2$y\x1b[I\x1b[O"
    assert pressed(b"ab" + late + b"c", heard=heard) == ["a", "b", "c"]
    assert heard == [
        Attributes((62, 22)),
        Colour(11, 0.0, 0x8080 / 0xFFFF, 1.0),
        TerminalName("tmux 3.4"),
        KeyboardFlags(5),
        Mode(2026, 2),
        Focus(True),
        Focus(False),
    ]


def test_where_the_cursor_is_goes_to_prompt_toolkit_which_asked() -> None:
    assert pressed(b"\x1b[12;40R") == [Keys.CPRResponse.value]


def test_an_escape_is_itself_only_where_nothing_comes_behind_it() -> None:
    assert pressed(b"\x1b") == []
    assert pressed(b"\x1b", FLUSH, b"/abc") == [ESC, *"/abc"]
    assert pressed(b"\x1b", b"[A") == pressed(b"\x1b[A") == ["up"]
    assert pressed(b"\x1b", b"y") == [ESC, "y"]
    assert pressed(b"\x1b\x1b", FLUSH) == [ESC, ESC]
    lone, alt = KeyParser(), KeyParser()
    assert [mark(key) for key in lone.feed(b"\x1b") + lone.flush()] == [False, True]
    assert [mark(key) for key in alt.feed(b"\x1by")] == [False, False]


@pytest.mark.parametrize(
    ("begun", "patience"),
    [
        *((b"\x1b", SOON), (b"\x1b[", SOON), (b"\xc3", SOON), (b"\x1b[1;", LATE), (b"\x1b]11;", LATE), (PASTE, LATE)),
        *((b"a\rb\r", BURST), (b"a", None), (b"a\r", None), (b"\x1b[A", None)),
    ],
)
def test_only_what_has_begun_asks_to_be_told_of_silence(begun: bytes, patience: float | None) -> None:
    parser = KeyParser()
    parser.feed(begun)
    assert parser.patience == patience
    parser.flush()
    assert parser.patience is None
    assert names(parser.feed(b"x")) == ["x"]


@pytest.mark.parametrize(
    "begun",
    [
        *(b"\x1b", b"\x1b\x1b", b"\x1b[", b"\x1bO", b"\x1b[1;5", b"\x1b[M ", b"\x1b[[", b"\x1b]11;rgb", b"\x1bP"),
        *(b"\xf0\x9f", b"\x1b\xc3", PASTE, PASTE + b"abc\x1b[20", b"a\rb"),
    ],
)
@pytest.mark.parametrize("key", [b"\x03", b"\x1b[99;5u", b"\x04"])
def test_ctrl_c_and_ctrl_d_act_whatever_had_begun(begun: bytes, key: bytes) -> None:
    assert pressed(begun, key, FLUSH)[-1] == ("c-d" if key == b"\x04" else "c-c")


def test_keys_pressed_before_anybody_read_them_are_as_they_were_typed() -> None:
    assert pressed(b"hello\r") == [*"hello", "c-m"]
    assert pressed(b"/mo\tx\x1b[D\x1b[Dy\r") == ["/", "m", "o", "c-i", "x", "left", "left", "y", "c-m"]
    assert pressed(b"\r\r\r") == ["c-m"] * 3
    assert pressed("né日🙂\r".encode()) == [*"né日🙂", "c-m"]
    assert pressed(b"next\x1b\rtwo") == [*"next", "c-j", *"two"]


def test_several_lines_in_one_read_are_a_paste_and_only_its_last_enter_sends() -> None:
    assert pressed(b"def f():\r\treturn 1\rend\r") == []
    assert pressed(b"def f():\r\treturn 1\rend\r", FLUSH) == ["<def f():\n\treturn 1\nend>", "c-m"]
    assert pressed(b"a\rb\r", b"c", FLUSH) == ["<a\nb\nc>"]
    assert pressed(b"a\rb", b"c\r", b"d\r", FLUSH, b"e\r") == ["<a\nbc\nd>", "c-m", "e", "c-m"]
    assert pressed(b"a\r\nb\r", b"\nc\n", FLUSH) == ["<a\nb\nc\n>"]
    assert pressed(b"\ra\rb\r", FLUSH) == ["c-m", "<a\nb>", "c-m"], "an Enter for what stood there before"


def test_a_sequence_in_such_a_paste_stays_a_key() -> None:
    assert pressed(b"a\rb\x1b[Ac\x03") == ["<a\nb>", "up", "c", "c-c"]
    assert pressed(b"a\rb\r\x1b[A") == ["<a\nb>", "c-m", "up"]


def test_more_than_anybody_types_at_once_is_a_paste() -> None:
    long = "é" * (LONG_CHARS + 1)
    assert pressed(long.encode(), b"\r", FLUSH) == [f"<{long}>", "c-m"]
    assert pressed(b"x" * LONG_CHARS) == ["x"] * LONG_CHARS


@pytest.mark.parametrize("step", range(1, 12))
def test_a_paste_is_one_key_wherever_its_bytes_are_cut(step: int) -> None:
    data = b"a" + PASTE + "x\r\ny\rz\t\x1b[20🙂".encode() + PASTE + b"q" + END + b"b" + END + b"c\r"
    cut = (data[at : at + step] for at in range(0, len(data), step))
    assert pressed(*cut) == ["a", "<x\ny\nz\t[20🙂q>", "b", "c", "c-m"]


def test_what_no_model_needs_is_taken_out_of_a_paste_and_counted() -> None:
    parser = KeyParser()
    inside = b"bell\x07 \x1b[31mred\x1b[0m \x1b]0;title\x07\x1b(B del\x7f nul\x00 \xc2\x85 \x1b]8;; no end \xef\xb7\x90"
    (paste,) = parser.feed(PASTE + inside + END)
    assert isinstance(paste, Pasted)
    assert paste.data == "bell red  del nul  ]8;; no end \ufffd"
    assert paste.removed == 9
    (paste,) = parser.feed(PASTE + "plain\n\ttext é 日".encode() + END)
    assert isinstance(paste, Pasted)
    assert (paste.data, paste.removed) == ("plain\n\ttext é 日", 0)


def test_a_paste_whose_end_is_lost_ends_in_silence_and_keys_work_again() -> None:
    assert pressed(PASTE + b"abc", FLUSH, b"x\r", END, b"y") == ["<abc>", "x", "c-m", "y"]


def test_a_terminal_that_is_not_utf_8_is_read_in_its_own_encoding() -> None:
    parser = KeyParser(encoding="latin-1")
    assert names(parser.feed(b"\xe9" + PASTE + b"\xe8" + END + b"\x1b\xe0")) == ["é", "<è>", ESC, "à"]


# Where a read ends, matters for a lone Escape and for lines without marks around them, and for nothing else.
SEQUENCES = [row.values[0] for row in ROWS if row.values[0] not in (b"\x1b", b"\r", b"\n")]
PIECES = st.one_of(
    st.sampled_from(SEQUENCES),
    st.sampled_from([PASTE + b"a\r\nb\x1b[m" + END, PASTE + END, END, b"\x1b\r", b"\x1b[12;40R", b"\x1bb"]),
    st.binary(max_size=8).map(lambda data: data.translate(None, b"\x03\x04\r\n")),
    st.text(max_size=4).map(lambda text: text.encode(errors="replace").translate(None, b"\x03\x04\r\n")),
)


@given(st.lists(PIECES, max_size=20).map(b"".join), st.lists(st.integers(0, 200), max_size=20))
def test_where_the_reads_are_cut_does_not_matter(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reads = [data[start:end] for start, end in pairwise(places)]
    assert pressed(*reads, FLUSH) == pressed(data, FLUSH)


BEGINNINGS = st.sampled_from([PASTE, b"\x1b", b"\x1b]", b"\x1b[1;", b"\r", b"\n", b"a\rb\r", b"\x03"])
ANYTHING = st.one_of(PIECES, BEGINNINGS, st.binary(max_size=30), st.none())


@given(st.lists(ANYTHING, max_size=30))
def test_no_bytes_are_an_error_and_the_keyboard_works_after_any(reads: list[bytes | None]) -> None:
    parser = KeyParser()
    for read in reads:
        for key in parser.flush() if read is None else parser.feed(read):
            assert isinstance(key.key, Keys) or key.key.isprintable() or not key.key.isascii()
            key.data.encode()
            assert key.key is not Keys.BracketedPaste or not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", key.data)
        assert (parser.patience is None) or parser.patience <= LATE
    parser.flush()
    assert parser.patience is None
    assert names(parser.feed(b"x\r")) == ["x", "c-m"]


def work(data: bytes, size: int) -> int:
    """The characters touched while this is read in pieces: of each call into C, the longest text at hand."""
    total = 0

    def count(frame: FrameType, event: str, called: Any) -> None:
        nonlocal total
        if event == "c_call" and frame.f_code.co_filename.endswith(("key_parser.py", "paste.py", "codecs.py")):
            texts = (*frame.f_locals.values(), getattr(called, "__self__", None))
            total += max((len(text) for text in texts if isinstance(text, bytes | bytearray | str)), default=1)

    parser = KeyParser()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    sys.setprofile(count)
    try:
        for piece in pieces:
            parser.feed(piece)
        parser.flush()
    finally:
        sys.setprofile(None)
    return total


@pytest.mark.parametrize("size", [25, 4096, 1 << 20])
@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        *((PASTE, b"a line of text\r\n", END), (PASTE, b"\x1b[20\x1b]\x1bP", END), (b"", b"line\r\tof text", b"")),
        *((b"\x1b]", b"no end of it", b""), (b"\x1b[", b"1;", b"m"), (PASTE, b"no end", b"")),
    ],
)
def test_a_paste_takes_work_by_its_length_and_no_more(before: bytes, repeated: bytes, after: bytes, size: int) -> None:
    small, large = (work(before + repeated * count + after, size) for count in (3_000, 12_000))
    assert large < 5 * small
