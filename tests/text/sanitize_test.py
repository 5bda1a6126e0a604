"""What a model, tool or file says cannot act on the terminal, nor hide from the reader."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.text.sanitize import clean, clean_at
from modules.text.unambiguous import exact
from tests.harness.home import Home
from tests.wire import Answer, Text

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


def flag(region: str) -> str:
    return "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"


SPELLED = {  # in a proper place, and what is drawn of it
    "Khmer between words": ("ភាសា\u200bខ្មែរ \u200bA", "ភាសាខ្មែរ A"),
    "Thai, one token of a stream": ("\u200b", ""),
    "Lao before a number": ("ລາວ\u200b5", "ລາວ5"),
    "Burmese with a joined break": ("မြန်\u2060မာ\u200b", "မြန်မာ"),
    "Hebrew with a mark after a bracket": ("שלום (C++)\u200f!", "שלום (C++)!"),
    "Arabic with marks of both directions": ("نص\u200f\u200e ABC\u061c", "نص ABC"),
    "Persian": ("می\u200cخواهم", "می\u200cخواهم"),
    "a Persian joiner at the end of a word": ("۱۳۹۹ ه\u200d.", "۱۳۹۹ ه\u200d."),
    "Uyghur in old shapes": ("\ufe8f\u200c\ufe8f", "\ufe8f\u200c\ufe8f"),
    "Bengali": ("র\u200d্যা", "র\u200d্যা"),
    "Mongolian with a selector": ("ᠮᠣᠩ\u180bᠭᠣ\u180eᠯ", "ᠮᠣᠩᠭᠣᠯ"),
    "Japanese names": ("葛\U000e0100城と葛\ufe00飾、。\ufe01", "葛城と葛飾、。"),
    "emoji as text": ("▶\ufe0e ☺\ufe0e", "▶ ☺"),
    "half a keycap": ("1\ufe0f.", "1."),
    "emoji and a break": ("❤\ufe0f\u200bខ", "❤\ufe0fខ"),
    "flags": (" ".join(map(flag, ("gbeng", "gbsct", "gbwls"))), " ".join(map(flag, ("gbeng", "gbsct", "gbwls")))),
    "soft hyphens": ("Silben\u00adtren\u00adnung, \u00ad", "Silbentrennung, "),
    "German without a ligature": ("Auf\u200clage", "Auflage"),
    "a formula": ("f\u2061(x) = 2\u2062x", "f(x) = 2x"),
    "a mark of the byte order": ("\ufeff#include", "#include"),
    "a name that calls nobody": ("@\u200bname", "@name"),
}
HIDDEN = {  # out of place, or more than spelling needs
    "in a Latin word": "pass\u200bword",
    "a direction mark in a number": "10\u200e0",
    "selectors after letters": "a\ufe01b",
    "a message in spaces of no width": "រ\u200b\u200c\u200c\u200bរ",
    "a message in selectors": "葛" + "".join(map(chr, range(0xE0100, 0xE010A))),
    "a message in a flag": flag("obey"),
    "a flag without an end": flag("gbeng")[:-1],
    "letters beside a flag": flag("gbeng") + "\U000e0061",
    "an override in Hebrew": "שלום\u202eabc",
    "isolates in Arabic": "نص\u2067abc\u2069",
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
    ],
)
def test_honest_text_passes_untouched_and_uncopied(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "drawn"), SPELLED.values(), ids=SPELLED)
def test_invisible_spelling_is_drawn_or_goes_and_is_never_spelled_out(text: str, drawn: str) -> None:
    assert clean(text) == drawn


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_hidden_text_is_spelled_out_character_by_character(text: str) -> None:
    assert "\\u{" in clean(text)
    left = clean(text).replace(flag("gbeng"), "")
    assert not set(left) & {char for char in text if unicodedata.category(char) in INVISIBLE or char >= "\U000e0000"}


@pytest.mark.parametrize("text", [*(text for text, _ in SPELLED.values()), *HIDDEN.values()])
def test_nothing_invisible_goes_or_is_drawn_where_a_person_decides(text: str) -> None:
    spelled = exact(text)
    for char in text:
        if unicodedata.category(char) in INVISIBLE or unicodedata.name(char, "").startswith(("VARIATION", "TAG ")):
            assert char not in spelled
            assert f"\\u{{{ord(char):x}}}" in spelled


@given(
    st.text(
        st.sampled_from("aא日👨❤1ក\u200b\u200c\u200d\u200f\ufe0f\u202e\u00ad\U000e0061\U0001f3f4\u20e3"), max_size=12
    )
)
def test_a_character_comes_out_alone_as_it_does_in_its_text(text: str) -> None:
    assert clean(text) == "".join(char if clean(char) == char else clean_at(text, at) for at, char in enumerate(text))
    assert clean(clean(text)) == clean(text)


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


def test_an_answer_and_reasoning_that_come_letter_by_letter_are_spelled_as_they_are_meant(home: Home) -> None:
    text = f"ភាសា\u200bខ្មែរ 葛\U000e0100城 {flag('gbsct')} می\u200cخواهم Silben\u00adtrennung \u202ekcatta"
    home.ollama.answer(Answer(Text(deltas=[*"<think>", *text, *"</think>", *text]), pace=0.02))
    terminal = home.open("-m", "ollama:qwen", columns=120).prompt()
    terminal.enter("/reasoning show").prompt().enter("Go").sees("Silbentrennung").prompt()
    # What is there for good; a flag that still comes is not whole.
    assert terminal.raw.count(clean(text).encode() + b"\n") + terminal.raw.count(clean(text).encode() + b"\r\n") == 2
    assert "\u202e".encode() not in terminal.raw
    assert terminal.leave() == 0


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_no_control_character_survives_in_any_company(text: str) -> None:
    for char in clean(text):
        assert char in "\n\t" or char in SPELLING or unicodedata.category(char) not in INVISIBLE
