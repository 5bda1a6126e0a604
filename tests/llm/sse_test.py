"""Server-sent events, however they are cut and spelled."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.errors import ProtocolError
from modules.llm.http import sse
from modules.llm.http.sse import SseParser


def fed(*chunks: bytes) -> list[bytes]:
    parser = SseParser()
    return [data for chunk in chunks for data in parser.feed(chunk)]


SPELLINGS: dict[str, tuple[bytes, list[bytes]]] = {
    "plain": (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
    "named": (b"event: x\ndata: one\n\n", [b"one"]),
    "no blank after the colon": (b"data:one\n\n", [b"one"]),
    "two blanks after the colon": (b"data:  one\n\n", [b" one"]),
    "several lines": (b"data: {\ndata: }\n\n", [b"{\n}"]),
    "comments": (b": ping\n\n:\n\ndata: one\n: in between\n\n", [b"one"]),
    "ids and retries": (b"id: 7\nretry: 10\ndata: one\nid: 8\n\n", [b"one"]),
    "events without data": (b"event: ping\n\ndata: one\n\n", [b"one"]),
    "fields that begin like data": (b"database: no\ndata: one\n\n", [b"one"]),
    "line feeds after returns": (b"event: x\r\ndata: one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
    "returns alone": (b"event: x\rdata: one\r\rdata: two\r\r", [b"one", b"two"]),
    "all line ends": (b"data: one\n\r\ndata: two\r\n\rdata: three\r\n\n", [b"one", b"two", b"three"]),
    "many blank lines": (b"\n\n\r\n\ndata: one\n\n\n\n\ndata: two\n\n", [b"one", b"two"]),
    "a mark at the start": (b"\xef\xbb\xbfdata: one\n\n", [b"one"]),
    "a mark before a name": (b"\xef\xbb\xbfevent: x\ndata: one\n\n", [b"one"]),
    "an event that was never ended": (b"data: one\n\ndata: tw", [b"one"]),
    "an event without its blank line": (b"data: one\n\ndata: two\n", [b"one"]),
    "the end marker": (b"data: [DONE]\n\n", [b"[DONE]"]),
    "wide letters": ("data: 漢字🎉\u2028\u0085é\n\n".encode(), ["漢字🎉\u2028\u0085é".encode()]),
}


@pytest.mark.parametrize(("stream", "expected"), SPELLINGS.values(), ids=[name.replace(" ", "-") for name in SPELLINGS])
def test_every_spelling_means_the_same_however_it_is_cut(stream: bytes, expected: list[bytes]) -> None:
    assert fed(stream) == expected
    assert fed(*(stream[i : i + 1] for i in range(len(stream)))) == expected
    for cut in range(len(stream)):
        assert fed(stream[:cut], stream[cut:]) == expected
    assert fed(*(part for i in range(len(stream)) for part in (stream[i : i + 1], b""))) == expected


@given(
    st.lists(st.sampled_from([b"data: a", b"data:b", b": c", b"\n", b"\r", b"\r\n", b"\n\n", b"x", b"data"])), st.data()
)
@settings(max_examples=200, deadline=None)
def test_where_a_stream_is_cut_changes_nothing(pieces: list[bytes], draw: st.DataObject) -> None:
    stream = b"".join(pieces)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert fed(*parts) == fed(stream)


def test_an_event_is_there_with_its_last_byte() -> None:
    parser = SseParser()
    assert parser.feed(b"data: one\r\r") == [b"one"]
    assert parser.feed(b"data: two\r\n\r\n") == [b"two"]
    assert parser.feed(b"data: three\n\n") == [b"three"]


def drown(parser: SseParser, chunk: bytes) -> None:
    for _ in range(600):
        parser.feed(chunk)


@pytest.mark.parametrize("chunk", [b"x" * 65536, b"data: " + b"x" * 65530, b"data: x\n" * 8192, b": x\n" * 16384])
def test_an_event_without_end_is_refused_soon(chunk: bytes) -> None:
    parser = SseParser()
    start = time.process_time()
    with pytest.raises(ProtocolError, match="8 MB"):
        drown(parser, chunk)
    assert time.process_time() - start < 1


def test_an_answer_without_end_is_refused() -> None:
    parser = SseParser()
    chunk = b"data: " + b"x" * 65000 + b"\n\n"
    with pytest.raises(ProtocolError, match="32 MB"):
        drown(parser, chunk)


def test_many_small_pieces_of_a_large_event_cost_no_more_than_they_must() -> None:
    parser = SseParser()
    start = time.process_time()
    for _ in range(100_000):
        assert parser.feed(b"data: some line of a long event\n") == []
    assert len(parser.feed(b"\n")) == 1
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":1.0,"b":[null,true]}', {"a": 1.0, "b": [None, True]}),
        (b'{"a":"\\ud83c\\udf89"}', {"a": "🎉"}),
        (b'{"a":"\\ud83c"}', {"a": "\ud83c"}),
        (b"null", None),
        (b"[1]", [1]),
    ],
)
def test_json_is_read_with_halves_of_characters_in_it(data: bytes, value: object) -> None:
    assert sse.decode(data) == value


@pytest.mark.parametrize("data", [b"", b"{", b"nope", b'{"a":"\xff"}', b"[" * 100_000, b"9" * 5000, b'{"a":1}{"b":2}'])
def test_what_is_not_json_is_one_of_our_errors(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        sse.decode(data)


def test_keys_keep_their_order_and_numbers_their_kind() -> None:
    text = b'{"z":1.0,"a":1,"m":{"y":1e3,"b":-0.0}}'
    assert json.dumps(sse.decode(text)) == json.dumps(json.loads(text))
