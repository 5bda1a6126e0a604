"""JSON is read as it comes: the values are those of the whole, and what is broken costs only itself."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.session.importing import json_stream
from modules.session.importing.imported import Missed
from modules.session.importing.json_stream import json_values
from modules.session.importing.text_stream import text_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def pieces(text: str, cuts: list[int]) -> Iterator[str]:
    start = 0
    for cut in sorted({cut % (len(text) + 1) for cut in cuts}):
        if cut > start:
            yield text[start:cut]
            start = cut
    yield text[start:]


def values(text: str, cuts: list[int], largest: int = 10**6) -> tuple[list[Any], dict[str, int]]:
    missed = Missed()
    return list(json_values(pieces(text, cuts), missed, largest)), dict(missed.counts)


@given(st.lists(JSON, max_size=6), st.lists(st.integers(0, 10**6), max_size=12), st.sampled_from([None, 1]))
def test_the_elements_of_an_array_are_those_of_the_whole(whole: list[Any], cuts: list[int], indent: int | None) -> None:
    text = json.dumps(whole, indent=indent, ensure_ascii=False)
    assert values(text, cuts) == (whole, {})


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON), min_size=1, max_size=5), st.lists(st.integers(0, 10**6)))
def test_lines_are_read_one_by_one(lines: list[Any], cuts: list[int]) -> None:
    assert values("\n".join(map(json.dumps, lines)), cuts) == (lines, {})


@given(st.dictionaries(st.text(max_size=5), JSON), st.lists(st.integers(0, 10**6)))
def test_one_object_over_many_lines_is_one_value(value: Any, cuts: list[int]) -> None:
    assert values(json.dumps(value, indent=2), cuts) == ([value], {})


@given(st.lists(JSON, min_size=1, max_size=4), st.integers(0, 10**6), st.lists(st.integers(0, 10**6)), st.text())
def test_whatever_is_in_a_file_reading_it_ends_and_what_is_missing_is_counted(
    whole: list[Any], place: int, cuts: list[int], noise: str
) -> None:
    text = json.dumps(whole)
    place %= len(text) + 1
    found, missed = values(text[:place] + noise + text[place:], cuts)
    assert found == whole or missed or noise
    found, missed = values(text[:place], cuts)
    assert place in (0, len(text)) or found == whole[: len(found)] or missed


@given(st.lists(st.dictionaries(st.text(max_size=3), JSON), max_size=4), st.lists(st.integers(0, 10**6)))
def test_a_broken_element_costs_only_itself(good: list[Any], cuts: list[int]) -> None:
    broken = ['{"a": [1,}', '{"a" 1}', '{"a": "\n", "b": tru}', "[1, 2, }"]
    text = ", ".join(f"{json.dumps(one)}, {broken[at % 4]}" for at, one in enumerate(good))
    found, missed = values(f"[{text}]", cuts)
    assert found[: len(good)] == good or (missed and all(one in found for one in good))
    assert sum(missed.values()) >= len(good)


@pytest.mark.parametrize("cut", [1, 7, 64, 10**6])
def test_a_value_that_is_too_large_is_passed_over_without_being_held(cut: int) -> None:
    text = json.dumps([{"a": 1}, {"text": 'x\\"]}' * 300, "more": [[[]]]}, {"b": 2}])
    found, missed = values(text, list(range(0, len(text), cut)), largest=200)
    if cut < len(text):
        assert found == [{"a": 1}, {"b": 2}]
        assert missed == {json_stream.TOO_LARGE: 1}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 50_000 + "]" * 50_000])
def test_what_is_nested_beyond_reason_is_counted(text: str) -> None:
    found, missed = values(text, [17, 1000])
    assert not found
    assert missed


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_may_be_in_any_encoding_of_unicode(encoding: str) -> None:
    whole = [{"role": "user", "content": "Grüße, 世界 😀"}, {"a": 1}]
    missed = Missed()
    data = json.dumps(whole, ensure_ascii=False).encode(encoding)
    assert list(json_values(text_of(io.BytesIO(data), missed), missed)) == whole
    assert not missed.counts


def test_bytes_that_are_no_text_are_replaced_and_counted() -> None:
    missed = Missed()
    found = list(json_values(text_of(io.BytesIO(b'[{"a": "x\xff\xfey"}, {"b": 2}]'), missed), missed))
    assert found == [{"a": "x\ufffd\ufffdy"}, {"b": 2}]
    assert missed.counts == {"bytes that are no text": 1}
