"""Two answers as one text: nothing lost, the changes marked, an end to the work."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from modules.chat.looks.themes import Themes
from modules.chat.output.word_diff import difference, differences

DARK = Themes(lambda: ("dark", "auto"), None, lambda name: "").current
texts = st.lists(st.sampled_from(["the", "fox", "漢字", ",", " ", "\n", "  ", "x" * 30, "[-", "é"]), max_size=40).map(
    "".join
)


def _squeezed(text: str) -> str:
    return "".join(text.split())


@given(texts, texts)
def test_both_texts_are_there_whole(before: str, now: str) -> None:
    pieces = list(differences(before, now))
    assert _squeezed("".join(text for change, text in pieces if change != "added")) == _squeezed(before)
    assert "".join(text for change, text in pieces if change != "removed") == now


@given(texts)
def test_equal_texts_have_no_marks(text: str) -> None:
    assert {change for change, _ in differences(text, text)} <= {"same"}


def test_phrases_are_marked_as_one() -> None:
    shown = difference("I like the red house.", "I like a blue car.", 80, None)
    assert shown == "I like [-the red house-]{+a blue car+}.\n"


@given(texts, texts, st.integers(4, 40))
def test_no_row_is_wider_than_the_screen(before: str, now: str, columns: int) -> None:
    shown = difference(before, now, columns, DARK)
    rows = re.sub(r"\x1b\[[\d;]*m", "", shown).split("\n")
    assert all(get_cwidth(row) <= columns for row in rows)


def test_styles_tell_what_is_gone_without_colour() -> None:
    shown = difference("old", "new", 80, DARK)
    assert "\x1b[9mold" in shown
    assert "\x1b[4mnew" in shown


def test_hostile_words_do_nothing_to_the_terminal() -> None:
    assert "\x1b]0;" not in difference("\x1b]0;owned\x07", "fine", 80, None)


@pytest.mark.parametrize("words", [["a", "b"], [str(n) for n in range(100)], ["a\n"], ["x" * 9]])
def test_long_texts_cost_little(words: list[str]) -> None:
    before = " ".join(words[(n * n) % len(words)] for n in range(200_000))
    now = " ".join(words[(n * n + n) % len(words)] for n in range(200_000))
    began = time.process_time()
    difference(before, now, 80, None)
    assert time.process_time() - began < 15
