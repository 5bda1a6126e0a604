"""The instructions of a conversation are one text, and its parts are found again in it."""

from hypothesis import given
from hypothesis import strategies as st

from modules.prompts.told import Told, folder_part, told_in

PIECES = ("a", " ", "\n", "\n\n", "<", ">", "<skills>\n", "\n</skills>", "</folder-instructions>", "- x: y")
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
SKILLS = "<skills>\nThere are skills.\n- one: does it\n- two: does that\n</skills>"


@given(st.text("ab \n<>", max_size=40), TEXT, st.booleans(), st.booleans())
def test_the_parts_are_found_again(own: str, said: str, with_file: bool, with_skills: bool) -> None:
    told = Told(own.strip(), folder_part("AGENTS.md", said) if with_file else "", SKILLS if with_skills else "")
    found = told_in(told.text)
    assert found.text == told.text
    assert found.own == told.own


@given(TEXT)
def test_instructions_of_anybody_stay_what_they_are(text: str) -> None:
    assert told_in(text).text == text


def test_what_is_told_is_named_and_counted() -> None:
    told = told_in(Told("Be brief.", folder_part("CLAUDE.md", "Use tabs."), SKILLS).text)
    assert (told.own, told.file, told.folder_text, told.skill_count) == ("Be brief.", "CLAUDE.md", "Use tabs.", 2)
    assert told_in("Be brief.") == Told("Be brief.")
