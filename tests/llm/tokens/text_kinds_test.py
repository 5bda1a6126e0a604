"""What a text is made of: every character is counted, and what two texts hold adds up."""

from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.llm.tokens.text_kinds import KINDS, counted

PAIRS = {"fours", "camel", "mixed", "digit_pairs", "numbers", "indents", "marks_after_words", "words"}


def kinds(text: str) -> dict[str, int]:
    return {kind: count for kind, count in zip(KINDS, counted(text), strict=True) if count}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("Hello", {"words": 1, "fours": 1, "capitals": 1}),
        ("a b", {"words": 2, "spaces": 1}),
        ("1234", {"digits": 4, "digit_pairs": 2}),
        ("x, 7", {"words": 1, "marks": 1, "marks_after_words": 1, "spaces": 1, "digits": 1, "numbers": 1}),
        ("\tif", {"tabs": 1, "words": 1}),
        ("\n  a", {"lines": 1, "indents": 1, "spaces": 2, "words": 1}),
        ("aB9", {"words": 1, "capitals": 1, "camel": 1, "mixed": 1, "digits": 1}),
        ("é", {"words": 1, "accents": 1}),
        ("мир", {"cyrillic": 3}),
        ("γη", {"greek": 2}),
        ("שלום", {"semitic": 4}),
        ("नम", {"indic": 2}),
        ("中文", {"han": 2}),
        ("かな。", {"kana": 3}),
        ("한글", {"hangul": 2}),
        ("—", {"symbols": 1}),
        ("！", {"wide": 1}),
        ("🎉", {"emoji": 1}),
        ("\ud83d", {"marks": 1}),  # half a character, which no encoder takes
    ],
)
def test_each_kind_is_counted(text: str, found: dict[str, int]) -> None:
    assert kinds(text) == found


@given(st.text(max_size=80), st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_the_kinds_of_two_texts_add_up_but_for_what_stands_where_they_meet(one: str, other: str) -> None:
    apart, joined = map(add, counted(one), counted(other)), counted(one + other)
    for kind, sum_of_both, together in zip(KINDS, apart, joined, strict=True):
        assert abs(sum_of_both - together) <= (2 if kind in PAIRS else 0), kind
