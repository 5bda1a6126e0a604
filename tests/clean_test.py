"""What a model, tool or file says cannot act on the terminal, nor hide from the reader."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.chat.clean import clean

ATTACKS = {
    "OSC 52 clipboard write": "\x1b]52;c;ZXZpbA==\x07",
    "OSC 8 false link": "\x1b]8;;https://evil\x1b\\bank\x1b]8;;\x1b\\",
    "OSC 0 title": "\x1b]0;root@host\x07",
    "CSI erase": "\x1b[2J\x1b[1;1Hok",
    "DECRQSS": '\x1bP$q"p\x1b\\',
    "CSI as one C1 character": "\x9b31m",
    "OSC as one C1 character": "\x9d0;title\x9c",
    "RIS": "\x1bc",
    "backspace overwrite": "rm -rf /\b\b\b\b\b\b\b\bls      ",
    "return overwrite": "evil\rgood",
    "unterminated OSC": "\x1b]0;",
    "DEL and NUL": "\x7f\x00",
    "bidi override": "abc\u202etxt.exe",
    "bidi isolate": "\u2066a\u2069",
    "zero width": "pass\u200bword\ufeff",
    "tag characters": "hi\U000e0049\U000e0047",
    "variation selector smuggling": "a\ufe00\ufe0f\U000e0101",
    "emoji with a train of selectors": "\U0001f600\ufe0e\ufe01\U000e0102",
    "lone surrogate": "a\ud800b",
    "line separator": "a\u2028b\u2029",
    "filler": "a\u3164\u115f\uffa0",
    "joiner between letters": "a\u200db\u200cc",
}
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
PREFIXES = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"  # visible signs
SPELLING = {*"\u200c\u200d", *PREFIXES}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_dangerous_is_left_of_an_attack(attack: str) -> None:
    left = clean(attack)
    assert {unicodedata.category(char) for char in left}.isdisjoint(INVISIBLE)
    assert not any("\ufe00" <= char <= "\ufe0f" or char >= "\U000e0000" for char in left)
    left.encode()


@pytest.mark.parametrize(
    "text",
    [
        "plain text\n\twith a tab",
        "naïve café e\u0301 \u0915\u094d\u200d\u0937",
        "שלום עולם",
        "می\u200cخواهم",
        "日本語 한국어",
        "👨\u200d👩\u200d👧 ❤\ufe0f 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3 👍🏽 🇩🇪",
        "a\u00a0b",
        "葛\U000e0100城 辻\U000e0101 \ufa19\ufe00",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f win",
    ],
)
def test_honest_text_passes_untouched_and_uncopied(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ខ្ញុំ\u200bចូលចិត្ត", "ខ្ញុំចូលចិត្ត"),
        ("ภาษา\u200bไทย \u200bดี", "ภาษาไทย ดี"),
        ("שלום\u200f! C++\u200e ועוד", "שלום! C++ ועוד"),
        ("co\u00adop", "coop"),
        ("㊙\ufe0e ™\ufe0e", "㊙ ™"),
    ],
    ids=["Khmer", "Thai", "Hebrew", "soft hyphen", "text style"],
)
def test_what_only_helps_to_lay_text_out_goes_without_a_sign(text: str, seen: str) -> None:
    assert clean(text) == seen


@pytest.mark.parametrize(
    "hidden",
    [
        "pass\u200bword", "evil\u200e.exe", "葛\U000e0100\U000e0101\U000e0102",
        "\U0001f3f4\U000e0068\U000e0069\U000e007f", "hi \U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u202eמילים\u202c", "\u2066שלום\u2069",
    ],
)  # fmt: skip
def test_what_hides_or_reorders_is_spelled_out_also_in_those_scripts(hidden: str) -> None:
    assert "\\u{" in clean(hidden)


def test_what_is_removed_stays_visible() -> None:
    assert clean("\x1b[2J\x7f") == "␛[2J␡"
    assert clean("\u202e\x9b") == "\\u{202e}\\u{9b}"
    assert clean("\ud800") == "\ufffd"


def test_clean_text_is_returned_as_the_same_object() -> None:
    text = "x" * 100_000
    assert clean(text) is text


def test_every_character_of_unicode_comes_out_harmless() -> None:
    for code in range(sys.maxunicode + 1):
        left = clean(chr(code))
        if left == chr(code) and left not in "\n\t":
            assert unicodedata.category(left) not in INVISIBLE or left in SPELLING, hex(code)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_no_control_character_survives_in_any_company(text: str) -> None:
    for char in clean(text):
        assert char in "\n\t" or char in SPELLING or unicodedata.category(char) not in INVISIBLE
