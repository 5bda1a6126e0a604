"""Which of all characters each rule lets through, spells out or drops, in the words of the one table."""

import re
import sys
import unicodedata
from collections import Counter

import pytest

from modules.session.turns.kept_answer import BLANKS
from modules.text import invisible
from modules.text.hidden_messages import ROW, visible
from modules.text.plain_words import hides, plain
from modules.text.sanitize import UNSAFE, clean
from modules.text.unambiguous import SPACE, exact

# Of the 900,000 that mean nothing, or what two people agree on, one in sixty stands for the rest.
ALL = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if code % 61 == 0 or code >> 16 == 0xE or unicodedata.category(chr(code)) not in ("Cn", "Co")
]
NOT_GROUPS = {
    "TAG_LETTERS",
    "FLAG",
    "END_OF_FLAG",
    "SPACES_OF_NO_WIDTH",
    "BEYOND_FFFF",
    "BASIC_SELECTORS",
}  # parts or unions of groups
GROUPS: dict[str, set[str]] = {
    name: set(re.findall(f"[{group}]", "".join(ALL)))
    for name, group in vars(invisible).items()
    if name.isupper() and name not in NOT_GROUPS
}
CATEGORIES: dict[str, set[str]] = {}
for each in ALL:
    CATEGORIES.setdefault(unicodedata.category(each), set()).add(each)
SPELLED, DROPPED, REPLACED, PICTURE = "spelled out", "dropped", "replaced", "shown as its picture"


def of(*names: str) -> set[str]:
    return set().union(*(GROUPS[name] for name in names))


def in_categories(*names: str) -> set[str]:
    return set().union(*(found for name, found in CATEGORIES.items() if name.startswith(names)))


def becomes(char: str, text: str) -> str:
    """What a rule did to a character: one of the four words, or "kept"."""
    match text:
        case _ if text == char:
            return "kept"
        case "":
            return DROPPED
        case "\ufffd":
            return REPLACED
        case _ if text == f"\\u{{{ord(char):x}}}":
            return SPELLED
    assert ord(text) == (0x2421 if char == "\x7f" else 0x2400 + ord(char))
    return PICTURE


def sorted_out(rule: dict[str, str]) -> dict[str, set[str]]:
    """The characters by what became of them, without those that were kept."""
    found: dict[str, set[str]] = {}
    for char, text in rule.items():
        if (what := becomes(char, text)) != "kept":
            found.setdefault(what, set()).add(char)
    return found


def test_no_character_is_in_two_groups_and_each_group_has_some() -> None:
    counted = Counter(char for group in GROUPS.values() for char in group)
    assert set(counted.values()) == {1}
    assert all(GROUPS.values())
    assert set(re.findall(f"[{invisible.TAG_LETTERS}{invisible.END_OF_FLAG}]", "".join(ALL))) < GROUPS["TAGS"]


def test_what_is_unsafe_on_the_screen_is_all_of_the_table_but_the_blank_of_braille() -> None:
    assert {char for char in ALL if UNSAFE.match(char)} == of(*GROUPS) - of("BRAILLE_BLANK")


def test_the_screen_draws_controls_drops_spelling_and_spells_out_the_rest() -> None:
    pictures = {char for char in of("CONTROLS") if char <= "\x7f"}
    spelling = of(
        *("SOFT_HYPHEN", "NON_JOINER", "FORMULA_SIGNS", "GRAPHEME_JOINER", "DIRECTION_MARKS", "KHMER_VOWELS"),
        *("MONGOLIAN_SELECTORS", "ZERO_WIDTH_BREAKS", "JOINER", "SCRIPT_FORMATS", "SELECTORS"),
    )
    spelled = of(
        *("LINE_SEPARATORS", "DIRECTION_CONTROLS", "HANGUL_FILLERS", "HIEROGLYPH_BLANKS", "ANNOTATIONS", "TAGS")
    ) | (of("CONTROLS") - pictures)
    assert sorted_out({char: clean(char) for char in ALL}) == {
        PICTURE: pictures,
        DROPPED: spelling,
        REPLACED: of("SURROGATES"),
        SPELLED: spelled,
    }


def test_in_a_latin_word_the_screen_drops_only_breaks_that_words_have() -> None:
    dropped = {char for char in of(*GROUPS) if clean(f"a{char}b") == "ab"}
    assert dropped == of("SOFT_HYPHEN", "NON_JOINER", "FORMULA_SIGNS")


def test_where_a_person_decides_only_letters_signs_and_punctuation_are_let_through() -> None:
    drawn = (
        in_categories("L", "N", "P", "S") - of("HANGUL_FILLERS", "BRAILLE_BLANK") - set(map(chr, range(0x2400, 0x2440)))
    )
    pictures = set(map(chr, [*range(0x20), 0x7F]))
    assert exact(" ") == SPACE
    assert sorted_out({char: exact(char) for char in ALL if char != " "}) == {
        PICTURE: pictures,
        SPELLED: set(ALL) - drawn - pictures - {" "},
    }
    accents = {char for char in in_categories("M") if exact(f"\u0915{char}") == f"\u0915{char}"}
    assert accents.isdisjoint(of(*GROUPS))


def test_words_of_a_server_lose_what_cannot_be_seen_and_keep_every_other_character() -> None:
    hidden = in_categories("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") - {"\n", "\t"}
    blank = of(
        *("GRAPHEME_JOINER", "HANGUL_FILLERS", "KHMER_VOWELS", "BRAILLE_BLANK", "SELECTORS", "MONGOLIAN_SELECTORS"),
        "TAGS",
    )
    assert sorted_out({char: plain(char) for char in ALL}) == {DROPPED: hidden | blank}
    assert {char for char in ALL if hides(char)} == hidden | blank | {"\n", "\t"}


def test_a_model_is_given_no_tags_and_no_row_of_invisible_characters_but_single_ones() -> None:
    note = "\n[{} invisible characters were removed]"
    assert {char for char in ALL if visible(char) == note.format(1)} == of("TAGS")
    assert {char for char in ALL if visible(char) != char} == of("TAGS") | {"\0"}
    assert {char for char in ALL if visible(char * ROW) == note.format(ROW)} == of(
        *("SOFT_HYPHEN", "GRAPHEME_JOINER", "DIRECTION_MARKS", "DIRECTION_CONTROLS", "MONGOLIAN_SELECTORS", "TAGS"),
        *("ZERO_WIDTH_BREAKS", "NON_JOINER", "JOINER", "FORMULA_SIGNS", "SELECTORS"),
    )
    assert all(visible(char * (ROW - 1)) == char * (ROW - 1) for char in of("SELECTORS", "DIRECTION_CONTROLS"))


@pytest.mark.parametrize("blank", BLANKS)
def test_an_answer_of_blanks_alone_is_one_that_says_nothing(blank: str) -> None:
    assert blank.isspace() or blank in of("ZERO_WIDTH_BREAKS", "NON_JOINER", "JOINER")
