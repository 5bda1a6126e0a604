"""Half a character never goes on: two halves become one, and a lone one is replaced."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.text.surrogates import Surrogates, whole, whole_json


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        (["a", "b"], "ab"),
        (["\ud83c", "\udf89"], "🎉"),
        (["x\ud83c", "\udf89y"], "x🎉y"),
        (["\ud83c", "", "\udf89"], "🎉"),
        (["\ud83c", "y"], "\ufffdy"),
        (["\udf89"], "\ufffd"),
        (["\ud83c\ud83c", "\udf89"], "\ufffd🎉"),
        (["🎉", "漢"], "🎉漢"),
    ],
)
def test_halves_are_joined_and_lone_ones_replaced(deltas: list[str], expected: str) -> None:
    joiner = Surrogates()
    assert "".join(joiner.join(delta) for delta in deltas) == expected


@given(st.text(alphabet=st.characters(exclude_categories=())), st.data())
@settings(max_examples=200, deadline=None)
def test_what_comes_out_can_always_be_encoded(text: str, draw: st.DataObject) -> None:
    cut = draw.draw(st.integers(0, len(text)))
    joiner = Surrogates()
    assert (joiner.join(text[:cut]) + joiner.join(text[cut:])).encode() is not None
    assert whole(text).encode() is not None
    sound = "".join(letter for letter in text if not "\ud800" <= letter <= "\udfff")
    assert whole(sound) == sound


def test_a_whole_value_is_cleaned_throughout() -> None:
    value = {"\ud83c\udf89": ["\ud83c", {"x": "ok\udf89"}], "n": 1.0, "t": None}
    assert whole_json(value) == {"🎉": ["\ufffd", {"x": "ok\ufffd"}], "n": 1.0, "t": None}
